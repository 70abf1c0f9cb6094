/* SPDX-License-Identifier: MIT */
/* Files that are replaced as a whole or not at all, whatever happens in between. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Creates the file `temp` (mode 0640; one that is left over is removed first) below `dirfd` and writes it. `sync`: its data
 * is on disk on return. On failure nothing is left behind and the negative errno says why; it is then to be done anew
 * with all of the data, since the kernel may have dropped what fsync(2) could not write. */
int ddns_atomic_file_create(int dirfd, const char *temp, const void *data, size_t size, bool sync);

/* Puts a file in the place of `name` by way of `temp`; on return it survives a power cut. Negative errno. */
int ddns_atomic_file_replace(int dirfd, const char *temp, const char *name, const void *data,
                             size_t size);
