/* SPDX-License-Identifier: MIT */
/* Which kind of file it is. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/archive-internal.h"
#include "archive/tar-internal.h"

#define SPOOL_MAX (UINT64_C(64) << 30)

/* What comes through a pipe is read twice all the same. */
static int spool(FILE *input, FILE **ret, DdnsMessage *message) {
        const char *directory = getenv("TMPDIR");
        char bytes[65536];
        uint64_t size = 0;
        size_t n;

        int fd = open(directory && *directory ? directory : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC,
                      0600);
        FILE *f = fd >= 0 ? fdopen(fd, "r+") : NULL;
        if (!f) {
                int error = errno;

                ddns_closep(&fd);
                return ddns_fail(message, -error, "no temporary file: %s", strerror(error));
        }
        errno = 0;
        while ((n = fread(bytes, 1, sizeof bytes, input)) > 0 && size <= SPOOL_MAX &&
               fwrite(bytes, 1, n, f) == n)
                size += n;
        if (ferror(input) || n > 0 || fflush(f) != 0 || fseeko(f, 0, SEEK_SET) < 0) {
                int error = size > SPOOL_MAX ? EFBIG : errno > 0 ? errno : EIO;

                (void) fclose(f);
                return ddns_fail(message, -error, "can't be copied to a temporary file: %s",
                                 strerror(error));
        }
        *ret = f;
        return 0;
}

/* `*ret_spooled`: it is a copy, and who opened `path` once more would wait for what has been read. */
static int open_file(const char *path, FILE *input, FILE **ret, bool *ret_spooled,
                     DdnsMessage *message) {
        struct stat st;

        *ret_spooled = true;
        if (strcmp(path, "-") == 0)
                return spool(input, ret, message);
        FILE *f = fopen(path, "re");
        if (!f)
                return ddns_fail(message, -errno, "%m");
        if (fstat(fileno(f), &st) < 0 || S_ISREG(st.st_mode)) {
                *ret = f;
                *ret_spooled = false;
                return 0;
        }
        int r = S_ISDIR(st.st_mode) ? ddns_fail(message, -EISDIR, "is a directory")
                                    : spool(f, ret, message);
        (void) fclose(f);
        return r;
}

static int open_kind(DdnsArchive *a, const char *path, bool spooled, DdnsMessage *message) {
        char magic[TAR_BLOCK] = "";

        size_t n = fread(magic, 1, sizeof magic, a->f);
        if (ferror(a->f) || fseeko(a->f, 0, SEEK_SET) < 0)
                return ddns_fail(message, -EIO, "can't be read");
        if (n == 0)
                return ddns_fail(message, -EBADMSG, "is empty");
        if (memcmp(magic, "SQLite format 3", 16) == 0)
                return spooled ? ddns_fail(message, -EBADMSG,
                                           "is a database: name the file, it is not read from a "
                                           "pipe")
                               : archive_open_directdnsonly(a, path, message);
        if (memcmp(magic, "\x1f\x8b", 2) == 0 || memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0 ||
            memcmp(magic,
                   "\xfd"
                   "7zXZ",
                   5) == 0)
                return ddns_fail(message, -EBADMSG,
                                 "is compressed: unpack it, as in 'zcat FILE | ddnsctl import -'");
        if (n < sizeof magic || memcmp(((TarHeader *) magic)->magic, "ustar", 5) != 0)
                return ddns_fail(message, -EBADMSG, "is neither a tar archive nor a database of SQLite");
        return archive_open_export(a, message);
}

int ddns_archive_open(const char *path, FILE *input, DdnsArchive **ret, DdnsMessage *message) {
        ddns_cleanup(ddns_archive_freep) DdnsArchive *a = calloc(1, sizeof *a);

        if (!a)
                return ddns_fail(message, -ENOMEM, "out of memory");
        bool spooled;
        int r = open_file(path, input, &a->f, &spooled, message);
        if (r >= 0)
                r = open_kind(a, path, spooled, message);
        if (r >= 0)
                *ret = TAKE_PTR(a);
        return r;
}

DdnsArchive *ddns_archive_free(DdnsArchive *a) {
        if (!a)
                return NULL;
        if (a->f)
                (void) fclose(a->f);
        json_decref(a->manifest);
        (void) sqlite3_close(a->db);
        free(a);
        return NULL;
}

const char *ddns_archive_format(const DdnsArchive *a) {
        return a->db ? "directdnsonly" : "export";
}

uint64_t ddns_archive_count(const DdnsArchive *a) {
        return a->n;
}

int ddns_archive_each(DdnsArchive *a, int (*each)(const DdnsArchived *zone, void *userdata),
                      void *userdata, DdnsMessage *message) {
        return a->db ? archive_each_directdnsonly(a, each, userdata, message)
                     : archive_each_export(a, each, userdata, message);
}
