/* SPDX-License-Identifier: MIT */
/* Reading of small files and secrets. */
#pragma once

#include <stddef.h>

#include "basic/message.h"

/* Reads a regular file of at most `max` bytes; the result is NUL-terminated and the caller's.
 * -EFBIG: longer; -EISDIR, -EINVAL: no regular file; else the errno of open or read. `message` names the file. */
int ddns_file_read(const char *path, size_t max, char **ret, size_t *ret_size, DdnsMessage *message);

/* Where a secret lives: an absolute path as it is, any other name below $CREDENTIALS_DIRECTORY (systemd.exec(5)),
 * where it may have "ddns_" before it.
 * -ENOENT if the name is relative and there is no such directory in the environment. */
int ddns_secret_path(const char *name, char **ret, DdnsMessage *message);

/* The first line of a secret, without its end of line; never put into `message`.
 * -EBADMSG: empty, or has a NUL. The caller wipes and frees it. */
int ddns_secret_read(const char *name, char **ret, DdnsMessage *message);
