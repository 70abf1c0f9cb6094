/* SPDX-License-Identifier: MIT */
/* Tar archives of regular files, as POSIX.1-2001 (pax) has them: all that an export needs, and nothing that an archive from
 * outside could do harm with. Nothing is ever unpacked to disk: names are only compared.
 *
 * Written: ustar headers, and a pax header before each name of more than 100 bytes; mode 0600, owner 0.
 * Read: that, and what GNU tar and bsdtar write of such files. Links, devices, sparse files, sizes in binary, absolute names, "..",
 * wrong checksums, an archive that is cut off or goes on behind its end are errors.
 *
 * Errors: 0 or a negative errno. -EBADMSG: no archive, or one that is refused; -ENOMEM; else that of reading or writing.
 * `message` says where. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "basic/buffer.h"
#include "basic/message.h"

#define DDNS_TAR_NAME_MAX 1024

/* Errors of writing stay in `f`, too. */
int ddns_tar_write(FILE *f, const char *name, const void *data, size_t size, uint64_t changed_sec);
int ddns_tar_write_end(FILE *f);

typedef struct DdnsTarReader {
        FILE *f;         /* at the archive's first byte */
        uint64_t offset; /* in the archive, for messages */
        uint64_t left;   /* of the entry that was read last, what pads it included */
} DdnsTarReader;

typedef struct DdnsTarEntry {
        char name[DDNS_TAR_NAME_MAX +
                  1]; /* relative, without "./" in front and "/" behind, printable ASCII */
        bool directory;
        uint64_t size;
} DdnsTarEntry;

/* The next entry: 1. 0: that was the last, and nothing but zeros follows. */
int ddns_tar_next(DdnsTarReader *t, DdnsTarEntry *ret, DdnsMessage *message);

/* Replaces `ret` by the data of the entry that came last; without it they are skipped. `max`: what is longer is -EBADMSG. */
int ddns_tar_read(DdnsTarReader *t, const DdnsTarEntry *entry, uint64_t max, DdnsBuffer *ret,
                  DdnsMessage *message);
