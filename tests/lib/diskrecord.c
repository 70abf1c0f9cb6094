/* SPDX-License-Identifier: MIT */
/* Writes down what programs do to files, put before them by LD_PRELOAD, so that a test can tell what a disk holds when the power
 * goes (disk.py). DDNS_TEST_DISK is the record's path and, behind colons, the directories that it is about. Changes are recorded
 * behind the call; syncs and answers before it, syncs behind it too. Of all that is started so, only programs of ours and named are
 * recorded. */
/* else open() and open64() would be one symbol */
#undef _FILE_OFFSET_BITS
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PUBLIC   __attribute__((visibility("default")))
#define ROOTS    8
#define ANSWERED "error=0"

typedef enum Kind {
        WRITE,    /* inode, offset, data */
        TRUNCATE, /* inode, offset: the new size */
        CREATE,   /* inode, directory, data: the name */
        MKDIR,    /* the same */
        LINK,     /* the same */
        REMOVE,   /* directory, data: the name */
        RENAME,   /* inode: the old directory, directory: the new one; data: both names, NUL between */
        SYNC,     /* inode, offset: a number that its end has, too */
        SYNC_ALL, /* the same, of the file system that this is on */
        SYNCED,   /* offset: the number of what has ended well */
        ANSWER,   /* data: the address to which an acknowledgement is about to go */
} Kind;

/* Layout: disk.py. */
typedef struct Record {
        uint32_t kind, size;
        uint64_t inode, directory, offset;
} Record;

static int record_fd = -1;
static char *roots[ROOTS];

__attribute__((constructor)) static void open_record(void) {
        const char *setting = getenv("DDNS_TEST_DISK");
        const char *program = program_invocation_short_name;
        static char paths[PATH_MAX];
        char *next = paths;

        if (!setting || (strncmp(program, "ddns", 4) != 0 && strcmp(program, "named") != 0))
                return;
        (void) snprintf(paths, sizeof paths, "%s", setting);
        char *path = strsep(&next, ":");
        for (size_t i = 0; next && i < ROOTS; i++)
                roots[i] = strsep(&next, ":");
        record_fd = (int) syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CLOEXEC);
        if (record_fd < 0)
                abort();
}

/* In one piece, behind what others recorded. A record that has a hole proves nothing. */
static void add(Kind kind, uint64_t inode, uint64_t directory, uint64_t offset, const void *data,
                size_t size) {
        Record r = { kind, (uint32_t) size, inode, directory, offset };
        struct iovec parts[] = { { &r, sizeof r }, { (void *) data, size } };
        int before = errno;

        if (syscall(SYS_writev, record_fd, parts, 2) != (long) (sizeof r + size))
                abort();
        errno = before;
}

/* Changes of names and their records come in the same order: else a name that is removed and made anew at once, as SQLite's log is,
 * may be gone for good in the record. */
static void lock_names(bool lock) {
        static pthread_mutex_t threads = PTHREAD_MUTEX_INITIALIZER;
        int before = errno;

        if (record_fd < 0)
                return;
        if (lock)
                (void) pthread_mutex_lock(&threads);
        if (flock(record_fd, lock ? LOCK_EX : LOCK_UN) < 0)
                abort();
        if (!lock)
                (void) pthread_mutex_unlock(&threads);
        errno = before;
}

static bool is_below_roots(const char *path) {
        for (size_t i = 0; i < ROOTS && roots[i]; i++) {
                size_t n = strlen(roots[i]);

                if (strncmp(path, roots[i], n) == 0 && (path[n] == '/' || path[n] == '\0'))
                        return true;
        }
        return false;
}

/* Whether it is a file or a directory that is recorded. */
static bool find(int fd, struct stat *ret) {
        char link[64], path[PATH_MAX];

        if (record_fd < 0 || fd < 0)
                return false;
        (void) snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        long n = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
        if (n <= 0)
                return false;
        path[n] = '\0';
        return is_below_roots(path) && fstat(fd, ret) == 0;
}

/* The same of the directory of `path`, and the name there. */
static bool find_parent(int dirfd, const char *path, struct stat *ret, char name[NAME_MAX + 1]) {
        char copy[PATH_MAX];

        if (record_fd < 0)
                return false;
        (void) snprintf(copy, sizeof copy, "%s", path);
        (void) snprintf(name, NAME_MAX + 1, "%s", basename(copy));
        (void) snprintf(copy, sizeof copy, "%s", path);
        int fd = (int) syscall(SYS_openat, dirfd, dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
        bool found = find(fd, ret);
        if (fd >= 0)
                (void) syscall(SYS_close, fd);
        return found;
}

static void note_entry(Kind kind, int dirfd, const char *path, uint64_t inode) {
        char name[NAME_MAX + 1];
        struct stat directory;

        if (find_parent(dirfd, path, &directory, name))
                add(kind, inode, directory.st_ino, 0, name, strlen(name));
}

static int do_open(int dirfd, const char *path, int flags, mode_t mode) {
        struct stat st;
        bool makes = record_fd >= 0 && (flags & O_CREAT);
        if (makes)
                lock_names(true);
        bool is_new = makes && fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0;

        int fd = (int) syscall(SYS_openat, dirfd, path, flags, mode);
        if (fd >= 0 && is_new && find(fd, &st))
                note_entry(CREATE, dirfd, path, st.st_ino);
        else if (fd >= 0 && (flags & O_TRUNC) && find(fd, &st))
                add(TRUNCATE, st.st_ino, 0, 0, NULL, 0);
        if (makes)
                lock_names(false);
        return fd;
}

#define DEFINE_OPEN(name, dirfd, ...)                                                          \
        PUBLIC int name(__VA_ARGS__ const char *path, int flags, ...) {                        \
                va_list arguments;                                                             \
                                                                                               \
                va_start(arguments, flags);                                                    \
                mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0; \
                va_end(arguments);                                                             \
                return do_open(dirfd, path, flags, mode);                                      \
        }

#define COMMA ,
DEFINE_OPEN(open, AT_FDCWD, )
DEFINE_OPEN(open64, AT_FDCWD, )
DEFINE_OPEN(openat, at, int at COMMA)
DEFINE_OPEN(openat64, at, int at COMMA)

/* ---- contents ---- */

static uint64_t new_sync(void) {
        static atomic_uint_fast32_t count;

        return (uint64_t) getpid() << 32 | (uint32_t) atomic_fetch_add(&count, 1);
}

static void note_write(int fd, const void *data, ssize_t n, off_t at) {
        struct stat st;

        if (n <= 0 || !find(fd, &st))
                return;
        add(WRITE, st.st_ino, 0, (uint64_t) at, data, (size_t) n);
        if (fcntl(fd, F_GETFL) & O_DSYNC) {
                uint64_t sync = new_sync();

                add(SYNC, st.st_ino, 0, sync, NULL, 0);
                add(SYNCED, 0, 0, sync, NULL, 0);
        }
}

/* An acknowledgement, if it is one. */
static void note_answer(int fd, const struct iovec *parts, size_t n) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;

        for (size_t i = 0; record_fd >= 0 && i < n; i++)
                if (memmem(parts[i].iov_base, parts[i].iov_len, ANSWERED, strlen(ANSWERED)) &&
                    getpeername(fd, (struct sockaddr *) &peer, &size) == 0 && peer.sin_family == AF_INET)
                        add(ANSWER, 0, 0, 0, &peer.sin_addr, sizeof peer.sin_addr);
}

PUBLIC ssize_t write(int fd, const void *data, size_t size) {
        note_answer(fd, &(struct iovec){ (void *) data, size }, 1);
        ssize_t n = syscall(SYS_write, fd, data, size);
        if (n > 0 && record_fd >= 0)
                note_write(fd, data, n, lseek(fd, 0, SEEK_CUR) - n);
        return n;
}

#define DEFINE_PWRITE(name)                                                    \
        PUBLIC ssize_t name(int fd, const void *data, size_t size, off_t at) { \
                ssize_t n = syscall(SYS_pwrite64, fd, data, size, at);         \
                note_write(fd, data, n, at);                                   \
                return n;                                                      \
        }

DEFINE_PWRITE(pwrite)
DEFINE_PWRITE(pwrite64)

#define DEFINE_FTRUNCATE(name)                                                 \
        PUBLIC int name(int fd, off_t size) {                                  \
                struct stat st;                                                \
                int r = (int) syscall(SYS_ftruncate, fd, size);                \
                if (r == 0 && find(fd, &st))                                   \
                        add(TRUNCATE, st.st_ino, 0, (uint64_t) size, NULL, 0); \
                return r;                                                      \
        }

DEFINE_FTRUNCATE(ftruncate)
DEFINE_FTRUNCATE(ftruncate64)

static int do_sync(long number, Kind kind, int fd) {
        struct stat st;

        if (!find(fd, &st))
                return (int) syscall(number, fd);
        uint64_t sync = new_sync();
        add(kind, st.st_ino, 0, sync, NULL, 0);
        int r = (int) syscall(number, fd);
        if (r == 0)
                add(SYNCED, 0, 0, sync, NULL, 0);
        return r;
}

PUBLIC int fsync(int fd) {
        return do_sync(SYS_fsync, SYNC, fd);
}

PUBLIC int fdatasync(int fd) {
        return do_sync(SYS_fdatasync, SYNC, fd);
}

PUBLIC int syncfs(int fd) {
        return do_sync(SYS_syncfs, SYNC_ALL, fd);
}

/* ---- names ---- */

static int do_mkdir(int dirfd, const char *path, mode_t mode) {
        struct stat st;

        lock_names(true);
        int r = (int) syscall(SYS_mkdirat, dirfd, path, mode);
        if (r == 0 && record_fd >= 0 && fstatat(dirfd, path, &st, 0) == 0)
                note_entry(MKDIR, dirfd, path, st.st_ino);
        lock_names(false);
        return r;
}

PUBLIC int mkdir(const char *path, mode_t mode) {
        return do_mkdir(AT_FDCWD, path, mode);
}

PUBLIC int mkdirat(int dirfd, const char *path, mode_t mode) {
        return do_mkdir(dirfd, path, mode);
}

static int do_unlink(int dirfd, const char *path, int flags) {
        lock_names(true);
        int r = (int) syscall(SYS_unlinkat, dirfd, path, flags);
        if (r == 0)
                note_entry(REMOVE, dirfd, path, 0);
        lock_names(false);
        return r;
}

PUBLIC int unlink(const char *path) {
        return do_unlink(AT_FDCWD, path, 0);
}

PUBLIC int unlinkat(int dirfd, const char *path, int flags) {
        return do_unlink(dirfd, path, flags);
}

PUBLIC int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
        struct stat st;

        lock_names(true);
        int r = (int) syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
        if (r == 0 && record_fd >= 0 && fstatat(to_dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
                note_entry(LINK, to_dir, to, st.st_ino);
        lock_names(false);
        return r;
}

PUBLIC int renameat(int from_dir, const char *from, int to_dir, const char *to) {
        char names[2 * (NAME_MAX + 1)];
        struct stat source, destination;

        lock_names(true);
        int r = (int) syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
        if (r == 0 && find_parent(from_dir, from, &source, names)) {
                size_t n = strlen(names) + 1;

                if (find_parent(to_dir, to, &destination, names + n))
                        add(RENAME, source.st_ino, destination.st_ino, 0, names, n + strlen(names + n));
        }
        lock_names(false);
        return r;
}

PUBLIC int rename(const char *from, const char *to) {
        return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

/* ---- answers ---- */

PUBLIC ssize_t send(int fd, const void *data, size_t size, int flags) {
        note_answer(fd, &(struct iovec){ (void *) data, size }, 1);
        return syscall(SYS_sendto, fd, data, size, flags, NULL, 0);
}

PUBLIC ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
        note_answer(fd, message->msg_iov, message->msg_iovlen);
        return syscall(SYS_sendmsg, fd, message, flags);
}

PUBLIC ssize_t writev(int fd, const struct iovec *parts, int n) {
        note_answer(fd, parts, (size_t) n);
        ssize_t written = syscall(SYS_writev, fd, parts, n);
        off_t at = written > 0 && record_fd >= 0 ? lseek(fd, 0, SEEK_CUR) - written : 0;
        for (ssize_t i = 0, left = written; left > 0; left -= (ssize_t) parts[i++].iov_len) {
                ssize_t size = left < (ssize_t) parts[i].iov_len ? left : (ssize_t) parts[i].iov_len;

                note_write(fd, parts[i].iov_base, size, at + written - left);
        }
        return written;
}
