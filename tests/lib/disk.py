# SPDX-License-Identifier: MIT
"""What a disk may hold when the power goes: programs run with diskrecord.c before them, and their record is played up to any
moment. What was synced by then is there. Of everything else each write was done, or not, or in part of its sectors; each change
of a directory was done or not, most often in order.

Nothing is taken for granted that a file system need not promise: a sync of a file says nothing of its name. Each of the
directories that it is about may be a file system of its own."""

import json
import mmap
import os
import struct

SECTOR = 512

(WRITE, TRUNCATE, CREATE, MKDIR, LINK, REMOVE, RENAME, SYNC, SYNC_ALL, SYNCED, ANSWER, MARK) = range(12)

_RECORD = struct.Struct("=IIQQQ")


class Recorder:
    """`library`: what the build made of diskrecord.c; `path`: the record, which is made; `roots`: directories that it is about,
    whose files count as synced now."""

    def __init__(self, library, path, roots):
        self.path, self.roots = path, [os.path.realpath(root) for root in roots]
        self.environment = {"LD_PRELOAD": library, "DDNS_TEST_DISK": ":".join([path, *self.roots])}
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        self.before = [_read_directory(root) for root in self.roots]

    def mark(self, **what):
        """Puts a note between what programs do. Thread-safe."""
        data = json.dumps(what).encode()
        os.writev(self._file, [_RECORD.pack(MARK, len(data), 0, 0, 0), data])

    def close(self):
        os.close(self._file)


class File:
    """`root`: number of the directory that it is in; `synced`: what the disk has for sure; `pending`: writes and truncations
    behind that."""

    def __init__(self, root, synced=b""):
        self.root = root
        self.synced = bytearray(synced)
        self.pending = []  # (position in the record, kind, offset, data)

    @staticmethod
    def _apply(content, kind, offset, data):
        if kind == TRUNCATE:
            if offset < len(content):
                del content[offset:]
            else:
                content.extend(bytes(offset - len(content)))
            return
        if offset > len(content):
            content.extend(bytes(offset - len(content)))
        content[offset:offset + len(data)] = data

    def sync(self, before):
        for position, *change in self.pending:
            if position < before:
                self._apply(self.synced, *change)
        self.pending = [change for change in self.pending if change[0] >= before]

    def _tear(self, content, offset, data, rng):
        """Some of its sectors; of the others the disk has what was there, or nothing yet."""
        at = offset
        while at < offset + len(data):
            end = min(at - at % SECTOR + SECTOR, offset + len(data))
            if rng.random() < 0.5:
                self._apply(content, WRITE, at, data[at - offset:end - offset])
            at = end

    def image(self, rng):
        """One of the contents that the disk may have."""
        content = bytearray(self.synced)
        mode = rng.choice(("all", "none", "prefix", "any", "torn"))
        keep = len(self.pending) if mode == "all" else rng.randint(0, len(self.pending)) if mode == "prefix" else 0
        for i, (_, kind, offset, data) in enumerate(self.pending):
            if i < keep or (mode in ("any", "torn") and rng.random() < 0.5):
                self._apply(content, kind, offset, data)
            elif mode == "torn" and kind == WRITE:
                self._tear(content, offset, data, rng)
        return content


class Directory:
    """Names as programs see them; what the disk has is Disk's."""

    def __init__(self, root):
        self.root = root
        self.names = {}   # as of now
        self.synced = {}  # as the disk has them for sure


class _Change:
    """Of directories: names that become something else, all or none of them."""

    def __init__(self, position, entries):
        self.position, self.entries = position, entries  # (directory, name, node or None)

    def apply(self, read):
        for directory, name, node in self.entries:
            if node is None:
                read(directory).pop(name, None)
            else:
                read(directory)[name] = node


def _read_directory(path):
    entries = {}
    for entry in os.scandir(path):
        if entry.is_dir():
            entries[entry.name] = (entry.inode(), None, _read_directory(entry.path))
        elif entry.is_file():
            with open(entry.path, "rb") as f:
                entries[entry.name] = (entry.inode(), f.read(), None)
    return os.stat(path).st_ino, None, entries


class Disk:
    """Plays a record. `deaf`: function of a SYNC's (disk, inode), or of a SYNC_ALL's (disk, None), that says whether the disk
    ignores it."""

    def __init__(self, recorder, deaf=lambda disk, inode: False):
        self._nodes = {}        # by inodes, which are used anew
        self._directories = []  # all that there ever were: the disk may not know that one is gone
        self._changes = []
        self._syncs = {}
        self._deaf = deaf
        self.roots = [self._adopt(i, *before) for i, before in enumerate(recorder.before)]

    def _adopt(self, root, inode, content, entries):
        node = File(root, content) if entries is None else self._new_directory(root)
        self._nodes[inode] = node
        for name, entry in (entries or {}).items():
            node.names[name] = node.synced[name] = self._adopt(root, *entry)
        return node

    def _new_directory(self, root):
        self._directories.append(Directory(root))
        return self._directories[-1]

    # ---- playing

    def name_of(self, inode):
        """A name that the file has now; for who decides whether a sync is ignored."""
        node = self._nodes.get(inode)
        if isinstance(node, Directory):
            return "."
        for directory in self._directories:
            for name, other in directory.names.items():
                if other is node:
                    return name
        return ""

    def file(self, inode):
        return self._nodes[inode]

    def _change(self, position, *entries):
        change = _Change(position, entries)
        change.apply(lambda directory: directory.names)
        self._changes.append(change)

    def _create(self, position, inode, directory, name, make):
        """Two programs that open a new file at the same time both say that they made it."""
        parent = self._nodes[directory]
        if inode in self._nodes and parent.names.get(name) is self._nodes[inode]:
            return
        self._nodes[inode] = make(parent.root)
        self._change(position, (parent, name, self._nodes[inode]))

    def _rename(self, position, source, destination, names):
        old, new = names.split("\0")
        source, destination = self._nodes[source], self._nodes[destination]
        if source.names[old] is not destination.names.get(new):
            self._change(position, (source, old, None), (destination, new, source.names[old]))

    def _sync_directories(self, directories, before):
        """What is one change is so on the disk, too: directories that it has in common are synced together."""
        wanted = set(directories)
        while True:
            more = {entry[0] for change in self._changes if change.position < before
                    for entry in change.entries if wanted & {e[0] for e in change.entries}}
            if more <= wanted:
                break
            wanted |= more
        rest = []
        for change in self._changes:
            if change.position < before and any(entry[0] in wanted for entry in change.entries):
                change.apply(lambda directory: directory.synced)
            else:
                rest.append(change)
        self._changes = rest

    def _end_sync(self, number):
        begun = self._syncs.pop(number, None)
        if begun is None:
            return
        before, node, whole = begun
        if whole:
            for other in self._nodes.values():
                if isinstance(other, File) and other.root == node.root:
                    other.sync(before)
            self._sync_directories([directory for directory in self._directories if directory.root == node.root], before)
        elif isinstance(node, File):
            node.sync(before)
        else:
            self._sync_directories([node], before)

    def play(self, position, kind, inode, directory, offset, data):
        if kind in (WRITE, TRUNCATE):
            self._nodes[inode].pending.append((position, kind, offset, data))
        elif kind in (CREATE, MKDIR):
            self._create(position, inode, directory, data.decode(), File if kind == CREATE else self._new_directory)
        elif kind == LINK:
            self._change(position, (self._nodes[directory], data.decode(), self._nodes[inode]))
        elif kind == REMOVE:
            self._change(position, (self._nodes[directory], data.decode(), None))
        elif kind == RENAME:
            self._rename(position, inode, directory, data.decode())
        elif kind in (SYNC, SYNC_ALL):
            if not self._deaf(self, inode if kind == SYNC else None):
                self._syncs[offset] = (position, self._nodes[inode], kind == SYNC_ALL)
        elif kind == SYNCED:
            self._end_sync(offset)

    # ---- the power goes

    def _kept_changes(self, rng):
        if rng.random() < 0.7:
            return self._changes[:rng.randint(0, len(self._changes))]
        return [change for change in self._changes if rng.random() < 0.5]

    def image(self, rng):
        """One of the trees that the disk may have: for each root names to contents, or to such a tree."""
        names = {directory: dict(directory.synced) for directory in self._directories}
        for change in self._kept_changes(rng):
            change.apply(lambda directory: names[directory])
        contents = {}

        def content(node):
            if node not in contents:
                contents[node] = node.image(rng)
            return contents[node]

        def tree(directory):
            return {name: tree(node) if isinstance(node, Directory) else content(node) for name, node in names[directory].items()}
        return [tree(root) for root in self.roots]


def records(path):
    """All of a record: (position, kind, inode, directory, offset, data)."""
    result = []
    with open(path, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
        at = 0
        while at < len(m):
            kind, size, inode, directory, offset = _RECORD.unpack_from(m, at)
            at += _RECORD.size
            result.append((len(result), kind, inode, directory, offset, m[at:at + size]))
            at += size
    return result


def write_tree(path, tree):
    """Makes a directory of it; names of memory that is shared are left out, since no disk has them."""
    os.makedirs(path, exist_ok=True)
    for name, content in tree.items():
        if isinstance(content, dict):
            write_tree(os.path.join(path, name), content)
        elif not name.endswith("-shm"):
            with open(os.path.join(path, name), "wb") as f:
                f.write(content)
