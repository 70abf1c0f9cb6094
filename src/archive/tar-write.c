/* SPDX-License-Identifier: MIT */
/* Writing of archives. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "archive/tar-internal.h"
#include "archive/tar.h"

#define SIZE_MAX_OCTAL ((UINT64_C(1) << 33) - 1)

static int put(FILE *f, const void *data, size_t size) {
        errno = 0;
        return fwrite(data, 1, size, f) == size ? 0 : errno > 0 ? -errno : -EIO;
}

static int write_entry(FILE *f, char type, const char *name, const void *data, size_t size,
                       uint64_t changed_sec) {
        static const char zeros[TAR_BLOCK];
        TarHeader h = { .mode = "0000600", .uid = "0000000", .gid = "0000000", .type = type };
        char sum[8];

        if (size > SIZE_MAX_OCTAL)
                return -EFBIG;
        /* A name of exactly 100 bytes has no NUL. */
        memcpy(h.name, name, strnlen(name, sizeof h.name));
        (void) snprintf(h.size, sizeof h.size, "%011zo", size);
        (void) snprintf(h.mtime, sizeof h.mtime, "%011" PRIo64, changed_sec & SIZE_MAX_OCTAL);
        memcpy(h.magic, "ustar", sizeof h.magic);
        memcpy(h.version, "00", sizeof h.version);
        (void) snprintf(sum, sizeof sum, "%06" PRIo32, tar_checksum(&h));
        memcpy(h.checksum, sum, sizeof sum);
        h.checksum[7] = ' ';

        int r = put(f, &h, sizeof h);
        if (r >= 0)
                r = put(f, data, size);
        return r < 0 ? r : put(f, zeros, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

/* "LENGTH path=NAME\n", where the length counts itself. */
static int write_long_name(FILE *f, const char *name, uint64_t changed_sec) {
        char record[DDNS_TAR_NAME_MAX + 32];
        size_t rest = strlen(" path=\n") + strlen(name), size = rest;

        if (strlen(name) > DDNS_TAR_NAME_MAX)
                return -ENAMETOOLONG;
        for (size_t before = 0; before != size;) {
                before = size;
                size = rest + (size_t) snprintf(NULL, 0, "%zu", size);
        }
        (void) snprintf(record, sizeof record, "%zu path=%s\n", size, name);
        return write_entry(f, 'x', "PaxHeaders/name", record, size, changed_sec);
}

int ddns_tar_write(FILE *f, const char *name, const void *data, size_t size, uint64_t changed_sec) {
        int r = 0;

        if (strlen(name) > sizeof((TarHeader *) NULL)->name)
                r = write_long_name(f, name, changed_sec);
        return r < 0 ? r : write_entry(f, '0', name, data, size, changed_sec);
}

int ddns_tar_write_end(FILE *f) {
        static const char zeros[2 * TAR_BLOCK];

        return put(f, zeros, sizeof zeros);
}
