/* SPDX-License-Identifier: MIT */
/* Zone files as they are against what they should be. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/buffer.h"
#include "deliver/zonedir-internal.h"

#define MODE 0640 /* of ddns_atomic_file_create() */

/* A file that is shown to an operator is not read further than that. */
#define SHOWN_MAX (64u << 20)

/* What concerns this one file, and is mended by another one in its place; anything else (I/O error, no descriptors) would hit
 * the next one as well. */
static bool is_about_one_file(int error) {
        return error == ENOENT || error == ELOOP || error == EACCES || error == EPERM ||
               error == ENXIO || error == ENODEV || error == EISDIR;
}

static int differs(DdnsMessage *why, const char *what) {
        return ddns_fail(why, -EBADMSG, "%s", what);
}

/* Opens the file of a zone. -EBADMSG: there is no such, `why` says what there is. */
static int open_file(const DdnsZoneDir *d, const char *zone, int *ret, struct stat *ret_st,
                     DdnsMessage *why, DdnsMessage *message) {
        DdnsZoneFileName name;

        if (ddns_zonedir_file_name(zone, &name, why) < 0)
                return -EBADMSG;
        ddns_cleanup(ddns_closep) int fd = openat(
                        d->fd, name.text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0 && !is_about_one_file(errno))
                return ddns_zonedir_fail(d, -errno, message);
        if (fd < 0 && errno == ENOENT)
                return differs(why, "no such file");
        if (fd < 0 && errno == ELOOP)
                return differs(why, "a symbolic link stands in the file's place");
        if (fd < 0)
                return ddns_fail(why, -EBADMSG, "the file can not be read: %s", strerror(errno));
        if (fstat(fd, ret_st) < 0)
                return ddns_zonedir_fail(d, -errno, message);
        if (!S_ISREG(ret_st->st_mode))
                return differs(why, "no regular file stands in the file's place");
        *ret = TAKE_FD(fd);
        return 0;
}

/* 1: the first `size` octets of the file are these; 0: they are not. */
static int has_prefix(int fd, const char *data, size_t size) {
        char buffer[16 * 1024];

        while (size > 0) {
                ssize_t k = read(fd, buffer, size < sizeof buffer ? size : sizeof buffer);
                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0 || memcmp(buffer, data, (size_t) k) != 0)
                        return 0;
                data += k;
                size -= (size_t) k;
        }
        return 1;
}

static int compare_content(int fd, const struct stat *st, const DdnsTask *task, DdnsMessage *why) {
        /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): -errno is negative, so fstat() has set it */
        uint64_t size = (uint64_t) st->st_size;
        int same = size > task->size ? 0 : has_prefix(fd, task->content, (size_t) size);

        if (same < 0) /* a bad block: another file has others */
                return ddns_fail(why, -EBADMSG, "the file can not be read: %s", strerror(-same));
        if (same && size == task->size)
                return 0;
        if (same)
                return ddns_fail(why, -EBADMSG, "truncated: %llu of %zu octets",
                                 (unsigned long long) size, task->size);
        if (size == task->size)
                return differs(why, "altered");
        return ddns_fail(why, -EBADMSG, "altered: %llu octets instead of %zu", (unsigned long long) size,
                         task->size);
}

/* Files belong to who writes them, which is also whose the directory is, and in a setgid directory to the directory's group.
 * An operator who looks may be somebody else. */
static int compare_status(const struct stat *dir, const struct stat *st, DdnsMessage *why) {
        /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): -errno is negative, so fstat() has set it */
        if ((st->st_mode & 07777) != MODE)
                return ddns_fail(why, -EBADMSG, "mode %04o instead of %04o",
                                 (unsigned) st->st_mode & 07777, MODE);
        if (st->st_uid != dir->st_uid && st->st_uid != geteuid())
                return ddns_fail(why, -EBADMSG, "owned by user %u instead of %u", (unsigned) st->st_uid,
                                 (unsigned) dir->st_uid);
        if ((dir->st_mode & S_ISGID) && st->st_gid != dir->st_gid)
                return ddns_fail(why, -EBADMSG, "owned by group %u instead of %u", (unsigned) st->st_gid,
                                 (unsigned) dir->st_gid);
        return 0;
}

static int inspect_one(const DdnsZoneDir *d, const struct stat *dir, DdnsTask *task,
                       DdnsMessage *message) {
        ddns_cleanup(ddns_closep) int fd = -EBADF;
        struct stat st;

        int r = open_file(d, task->zone, &fd, &st, &task->message, message);
        if (r >= 0)
                r = compare_content(fd, &st, task, &task->message);
        if (r >= 0)
                r = compare_status(dir, &st, &task->message);
        if (r != -EBADMSG)
                return r;
        task->state = DDNS_TASK_FAILED;
        return 0;
}

int ddns_zonedir_inspect(const DdnsZoneDir *d, DdnsTask *tasks, size_t n, DdnsMessage *message) {
        struct stat dir;
        int r = 0;

        if (fstat(d->fd, &dir) < 0)
                return ddns_zonedir_fail(d, -errno, message);
        for (size_t i = 0; i < n && r >= 0; i++)
                if (tasks[i].state == DDNS_TASK_PENDING && !tasks[i].delete)
                        r = inspect_one(d, &dir, &tasks[i], message);
        return r;
}

/* ---- line by line ---- */

typedef struct Lines {
        char *text; /* lines end with NUL */
        const char **items;
        size_t n;
} Lines;

static void lines_done(Lines *l) {
        free(l->text);
        free(l->items);
}

static int compare_lines(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* Takes `text`, of `size` octets and a NUL. Sorted, since a file may have been altered in its order too. */
static int split(Lines *l, char *text, size_t size) {
        size_t n = 1;

        l->text = text;
        for (size_t i = 0; i < size; i++) {
                n += text[i] == '\n';
                if ((unsigned char) text[i] < 0x20 && text[i] != '\n' && text[i] != '\t')
                        text[i] = '?';
        }
        l->items = calloc(n, sizeof *l->items);
        if (!l->items)
                return -ENOMEM;
        for (char *p = text; p < text + size;) {
                char *end = strchrnul(p, '\n');

                *end = '\0';
                l->items[l->n++] = p;
                p = end + 1;
        }
        qsort(l->items, l->n, sizeof *l->items, compare_lines);
        return 0;
}

static int read_file(const DdnsZoneDir *d, const char *zone, Lines *ret, DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        ddns_cleanup(ddns_closep) int fd = -EBADF;
        DdnsMessage why = DDNS_MESSAGE_NULL;
        struct stat st;
        char chunk[16 * 1024];
        ssize_t k;

        int r = open_file(d, zone, &fd, &st, &why, message);
        if (r == -EBADMSG && strcmp(why.text, "no such file") == 0)
                return 0;
        if (r < 0)
                return r == -EBADMSG ? ddns_fail(message, r, "%s: %s", zone, why.text) : r;
        while ((k = read(fd, chunk, sizeof chunk)) > 0 && b.size < SHOWN_MAX)
                ddns_buffer_append(&b, chunk, (size_t) k);
        if (k < 0)
                return ddns_zonedir_fail(d, -errno, message);
        size_t size = b.size;
        char *text = ddns_buffer_take(&b, &size);
        return !text || split(ret, text, size) < 0 ? ddns_fail(message, -ENOMEM, "out of memory") : 0;
}

int ddns_zonedir_diff(const DdnsZoneDir *d, const DdnsTask *task, DdnsLineHandler *line, void *userdata,
                      DdnsMessage *message) {
        ddns_cleanup(lines_done) Lines wanted = { 0 }, there = { 0 };
        char *copy = strndup(task->content, task->size);
        size_t w = 0, t = 0;

        if (!copy || split(&wanted, copy, strlen(copy)) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");
        int r = read_file(d, task->zone, &there, message);
        while (r == 0 && (w < wanted.n || t < there.n)) {
                int c = w == wanted.n ? 1 : t == there.n ? -1 : strcmp(wanted.items[w], there.items[t]);

                if (c < 0)
                        r = line('+', wanted.items[w], userdata);
                if (c > 0)
                        r = line('-', there.items[t], userdata);
                w += c <= 0;
                t += c >= 0;
        }
        return r;
}
