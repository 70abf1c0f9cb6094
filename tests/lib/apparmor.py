# SPDX-License-Identifier: MIT
"""Which accesses a profile allows, as far as the rules of ours and of the abstractions they include go; and which accesses a trace
of strace has. Without a kernel that enforces profiles this is how they are held against the programs."""

import itertools
import os
import re
import subprocess
from typing import NamedTuple

RULE = re.compile(r"^(?:owner +)?(?P<path>[/@\"].*?)\"? +(?P<modes>[rwaxmlkiupUPC]+)$")


class Rule(NamedTuple):
    path: str
    modes: str
    pattern: re.Pattern


class Profile(NamedTuple):
    rules: list
    network: set  # (family, type)


def _pattern(path):
    """AppArmor's globs as a regular expression."""
    text, depth, i = "", 0, 0
    while i < len(path):
        character = path[i]
        if path.startswith("**", i):
            text, i = text + ".*", i + 1
        elif character == "*":
            text += "[^/]*"
        elif character == "?":
            text += "[^/]"
        elif character == "[":
            end = path.index("]", i)
            text, i = text + path[i:end + 1], end
        elif character == "{":
            text, depth = text + "(?:", depth + 1
        elif character == "}":
            text, depth = text + ")", depth - 1
        elif character == "," and depth:
            text += "|"
        else:
            text += re.escape(character)
        i += 1
    return re.compile(text)


def _expand(path, variables):
    """The path with every combination of values of its variables."""
    names = sorted(set(re.findall(r"@\{\w+\}", path)))
    for values in itertools.product(*(variables[name] for name in names)):
        expanded = path
        for name, value in zip(names, values):
            expanded = expanded.replace(name, value)
        yield from _expand(expanded, variables) if "@{" in expanded else [re.sub("/{2,}", "/", expanded)]


def profiles(path):
    """Name to Profile, as apparmor_parser reads the file with what it includes."""
    text = subprocess.run(["apparmor_parser", "--preprocess", "--skip-kernel-load", "--skip-cache", path], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=True).stdout
    variables, found, profile = {}, {}, None
    for line in (re.sub("#.*", "", line).strip().rstrip(",") for line in text.splitlines()):
        if match := re.match(r"(@\{\w+\}) *(\+?=) *(.*)", line):
            values = [value.strip('"') for value in match.group(3).split()]
            variables[match.group(1)] = variables.get(match.group(1), []) * (match.group(2) == "+=") + values
        elif match := re.match(r"profile (\S+) \S+ \{", line):
            profile = found[match.group(1)] = Profile([], set())
        elif profile and (match := re.match(r"network (\w+) (\w+)$", line)):
            profile.network.add(match.groups())
        elif profile and (match := RULE.match(line)):
            path = match.group("path").strip('"')
            profile.rules.extend(Rule(path, match.group("modes"), _pattern(each)) for each in _expand(path, variables))
    return found


def uncovered(profile, accesses):
    """Those (path, mode) that no rule allows, and the paths of rules that are used."""
    missing, used = set(), set()
    for path, mode in accesses:
        rules = [rule for rule in profile.rules if mode in rule.modes and rule.pattern.fullmatch(path)]
        used.update(rule.path for rule in rules)
        if not rules:
            missing.add((path, mode))
    return missing, used


def _is_directory(path, files):
    """To AppArmor a directory's name ends with a slash."""
    return any(other.startswith(path + "/") for other, _ in files)


def _opened(flags, path):
    if "O_PATH" in flags:
        return []
    modes = "r" if "O_RDONLY" in flags else "w" if "O_WRONLY" in flags else "rw"
    return [(path, mode) for mode in modes]


def accesses(lines):
    """What a trace of `strace -y` shows that succeeded: the set of (path, mode), and that of sockets (family, type)."""
    files, sockets = set(), set()
    families = {"AF_UNIX": "unix", "AF_INET": "inet", "AF_INET6": "inet6", "AF_NETLINK": "netlink"}
    for line in lines:
        match = re.match(r"(?:\d+ +)?(?P<call>\w+)\((?P<arguments>.*)\) += (?P<result>\S+)", line)
        if not match or match.group("result").startswith("-"):
            continue
        call, arguments = match.group("call"), match.group("arguments")
        quoted = [text for text in re.findall(r'"((?:[^"\\]|\\.)*)"', arguments) if text.startswith("/")]
        of_result = re.search(r"= \d+<(/[^>]*)>", line)
        if call in ("open", "openat", "creat") and of_result:
            files.update(_opened(arguments, of_result.group(1)))
            if "O_DIRECTORY" in arguments:
                files.add((of_result.group(1) + "/", "r"))
        elif call == "execve":  # the kernel reads and maps it within the profile that comes with it
            files.update((path, mode) for path in quoted[:1] for mode in "rm")
        elif call in ("rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "chmod", "truncate"):
            files.update((path, "w") for path in _absolute(arguments, quoted))
        elif call in ("link", "linkat"):
            files.update((path, "l") for path in _absolute(arguments, quoted)[-1:])
        elif call in ("readlink", "readlinkat"):
            files.update((path, "r") for path in quoted[:1])
        elif call in ("connect", "bind", "sendto", "sendmsg") and "sun_path" in arguments:
            files.update((path, "w") for path in re.findall(r'sun_path="(/[^"]+)"', arguments))
        elif call == "flock" or (call == "fcntl" and "_SETLK" in arguments):
            files.update((path, "k") for path in re.findall(r"^\d+<(/[^>]*)>", arguments))
        elif call == "mmap" and "PROT_EXEC" in arguments:
            files.update((path, "m") for path in re.findall(r", \d+<(/[^>]*)>", arguments))
        elif call == "socket":
            family, kind = re.match(r"(\w+), SOCK_(\w+)", arguments).groups()
            sockets.add((families[family], kind.lower()))
    return {(path + "/" * _is_directory(path, files), mode) for path, mode in files}, sockets


def _absolute(arguments, quoted):
    """Paths of a call, also those below a directory's descriptor: `5</var/lib/x>, "name"`."""
    below = [os.path.join(at, name) for at, name in re.findall(r'\d+<(/[^>]*)>, "([^"/][^"]*)"', arguments)]
    return below or quoted
