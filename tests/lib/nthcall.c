/* SPDX-License-Identifier: MIT */
/* Lets the Nth call of a kind fail, put before a program by LD_PRELOAD. What fails is in the file named by DDNS_TEST_NTHCALL, which
 * the test and the program share (nthcall.py), so that a program is told while it runs. Only programs of ours listen. */
/* else open() and open64() would be one symbol */
#undef _FILE_OFFSET_BITS
/* which distributions build with, and which puts functions of its own in their place */
#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PUBLIC         __attribute__((visibility("default")))
#define DESCRIPTORS    4096
#define SHORT_TRANSFER (-1)

enum {
        MEMORY = 1 << 0,
        OPEN = 1 << 1,
        READ = 1 << 2,
        WRITE = 1 << 3,
        SYNC = 1 << 4,
        TRUNCATE = 1 << 5,
        RENAME = 1 << 6,
        UNLINK = 1 << 7,
        SEND = 1 << 8,
        ACCEPT = 1 << 9,
        SOCKET = 1 << 10,
        LDNS_MEMORY = 1 << 11, /* what libldns asks for itself: it crashes where others do not */
};

/* Layout: nthcall.py. The test writes the upper part, and `kinds` last; the program writes the lower part. */
typedef struct Control {
        _Atomic uint32_t kinds; /* that are counted; 0: off */
        int32_t error;          /* errno, or SHORT_TRANSFER */
        uint32_t sticky;        /* all behind the Nth fail as well */
        uint32_t reserved;
        int64_t nth;

        _Atomic int64_t seen;         /* calls of these kinds */
        _Atomic int64_t hits;         /* those that failed */
        _Atomic int64_t synced_again; /* descriptors that were synced after a sync of them had failed */
        char where[200];              /* who made the first call that failed, or synced again */
} Control;

static Control *control;
static _Atomic bool sync_failed[DESCRIPTORS];
static uintptr_t ldns_begin, ldns_end;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

static int find_ldns(struct dl_phdr_info *info, size_t size, void *userdata) {
        (void) size;
        (void) userdata;

        for (int i = 0; strstr(info->dlpi_name, "/libldns.so") && i < info->dlpi_phnum; i++)
                if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X)) {
                        ldns_begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
                        ldns_end = ldns_begin + info->dlpi_phdr[i].p_memsz;
                }
        return 0;
}

__attribute__((constructor)) static void open_control(void) {
        const char *path = getenv("DDNS_TEST_NTHCALL");

        if (!path || strncmp(program_invocation_short_name, "ddns", 4) != 0)
                return;
        int fd = (int) syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
        if (fd < 0)
                return;
        void *p = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        (void) dl_iterate_phdr(find_ldns, NULL);
        control = p == MAP_FAILED ? NULL : p;
        (void) syscall(SYS_close, fd);
}

static void note_caller(const void *caller) {
        Dl_info info;

        if (dladdr(caller, &info) != 0 && info.dli_fname)
                (void) snprintf(control->where, sizeof control->where, "%s+0x%zx", info.dli_fname,
                                (size_t) ((const char *) caller - (const char *) info.dli_fbase));
}

/* Whether this call is one to fail; errno is set then. */
static bool fails(uint32_t kind, const void *caller) {
        if (!control || !(atomic_load(&control->kinds) & kind))
                return false;
        int64_t n = atomic_fetch_add(&control->seen, 1) + 1;
        if (n < control->nth || (n > control->nth && !control->sticky))
                return false;
        if (atomic_fetch_add(&control->hits, 1) == 0)
                note_caller(caller);
        errno = control->error;
        return true;
}

#define FAILS(kind) fails(kind, __builtin_return_address(0))

/* Pipes, sockets and eventfds have failures of their own. */
static bool is_file(int fd) {
        struct stat st;

        return control && atomic_load(&control->kinds) != 0 && fstat(fd, &st) == 0 &&
               S_ISREG(st.st_mode);
}

/* How much of a transfer takes place: all of it, half, or nothing (-1). */
static ssize_t part(size_t size, bool failing) {
        return !failing ? (ssize_t) size : control->error == SHORT_TRANSFER ? (ssize_t) (size / 2) : -1;
}

static bool memory_fails(const void *caller) {
        bool is_ldns = (uintptr_t) caller >= ldns_begin && (uintptr_t) caller < ldns_end;

        return fails(is_ldns ? LDNS_MEMORY : MEMORY, caller);
}

#define MEMORY_FAILS() memory_fails(__builtin_return_address(0))

PUBLIC void *malloc(size_t size) {
        return MEMORY_FAILS() ? NULL : __libc_malloc(size);
}

PUBLIC void *calloc(size_t n, size_t size) {
        return MEMORY_FAILS() ? NULL : __libc_calloc(n, size);
}

PUBLIC void *realloc(void *p, size_t size) {
        return MEMORY_FAILS() ? NULL : __libc_realloc(p, size);
}

static int do_open(int dirfd, const char *path, int flags, va_list arguments) {
        bool makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;

        return (int) syscall(SYS_openat, dirfd, path, flags, makes ? va_arg(arguments, int) : 0);
}

#define DEFINE_OPEN(name, dirfd, ...)                                   \
        PUBLIC int name(__VA_ARGS__ const char *path, int flags, ...) { \
                va_list arguments;                                      \
                int fd = -1;                                            \
                                                                        \
                if (FAILS(OPEN))                                        \
                        return -1;                                      \
                va_start(arguments, flags);                             \
                fd = do_open(dirfd, path, flags, arguments);            \
                va_end(arguments);                                      \
                return fd;                                              \
        }

#define COMMA ,
DEFINE_OPEN(open, AT_FDCWD, )
DEFINE_OPEN(open64, AT_FDCWD, )
DEFINE_OPEN(openat, at, int at COMMA)
DEFINE_OPEN(openat64, at, int at COMMA)

PUBLIC int close(int fd) {
        if (fd >= 0 && fd < DESCRIPTORS)
                atomic_store(&sync_failed[fd], false);
        return (int) syscall(SYS_close, fd);
}

PUBLIC ssize_t read(int fd, void *to, size_t size) {
        ssize_t n = part(size, is_file(fd) && FAILS(READ));

        return n < 0 ? n : syscall(SYS_read, fd, to, (size_t) n);
}

PUBLIC ssize_t write(int fd, const void *from, size_t size) {
        ssize_t n = part(size, is_file(fd) && FAILS(WRITE));

        return n < 0 ? n : syscall(SYS_write, fd, from, (size_t) n);
}

#define DEFINE_POSITIONED(name, pointer, number, kind)                     \
        PUBLIC ssize_t name(int fd, pointer data, size_t size, off_t at) { \
                ssize_t n = part(size, is_file(fd) && FAILS(kind));        \
                                                                           \
                return n < 0 ? n : syscall(number, fd, data, n, at);       \
        }

DEFINE_POSITIONED(pread, void *, SYS_pread64, READ)
DEFINE_POSITIONED(pread64, void *, SYS_pread64, READ)
DEFINE_POSITIONED(pwrite, const void *, SYS_pwrite64, WRITE)
DEFINE_POSITIONED(pwrite64, const void *, SYS_pwrite64, WRITE)

/* What the kernel could not write it may have forgotten: that a later sync of the same descriptor succeeds means nothing. */
static int sync_descriptor(long number, int fd, bool failing, const void *caller) {
        bool known = fd >= 0 && fd < DESCRIPTORS;

        if (failing && known)
                atomic_store(&sync_failed[fd], true);
        if (failing)
                return -1;
        if (known && control && atomic_load(&sync_failed[fd])) {
                atomic_fetch_add(&control->synced_again, 1);
                note_caller(caller);
        }
        return (int) syscall(number, fd);
}

#define DEFINE_SYNC(name)                                                                           \
        PUBLIC int name(int fd) {                                                                   \
                bool failing = FAILS(SYNC);                                                         \
                                                                                                    \
                return sync_descriptor(SYS_##name, fd, failing,                                     \
                                       __builtin_extract_return_addr(__builtin_return_address(0))); \
        }

DEFINE_SYNC(fsync)
DEFINE_SYNC(fdatasync)
DEFINE_SYNC(syncfs)

PUBLIC int ftruncate(int fd, off_t size) {
        return FAILS(TRUNCATE) ? -1 : (int) syscall(SYS_ftruncate, fd, size);
}

PUBLIC int ftruncate64(int fd, off_t size) {
        return FAILS(TRUNCATE) ? -1 : (int) syscall(SYS_ftruncate, fd, size);
}

PUBLIC int rename(const char *from, const char *to) {
        return FAILS(RENAME) ? -1 : (int) syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

PUBLIC int renameat(int from_dir, const char *from, int to_dir, const char *to) {
        return FAILS(RENAME) ? -1 : (int) syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

PUBLIC int unlink(const char *path) {
        return FAILS(UNLINK) ? -1 : (int) syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

PUBLIC int unlinkat(int dirfd, const char *path, int flags) {
        return FAILS(UNLINK) ? -1 : (int) syscall(SYS_unlinkat, dirfd, path, flags);
}

PUBLIC ssize_t send(int fd, const void *data, size_t size, int flags) {
        return FAILS(SEND) ? -1 : syscall(SYS_sendto, fd, data, size, flags, NULL, 0);
}

PUBLIC ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
                      socklen_t length) {
        return FAILS(SEND) ? -1 : syscall(SYS_sendto, fd, data, size, flags, to, length);
}

PUBLIC ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
        return FAILS(SEND) ? -1 : syscall(SYS_sendmsg, fd, message, flags);
}

PUBLIC int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
        return FAILS(ACCEPT) ? -1 : (int) syscall(SYS_accept4, fd, address, length, flags);
}

PUBLIC int socket(int domain, int type, int protocol) {
        return FAILS(SOCKET) ? -1 : (int) syscall(SYS_socket, domain, type, protocol);
}
