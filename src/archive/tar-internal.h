/* SPDX-License-Identifier: MIT */
/* The block before each entry. Private to src/archive. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAR_BLOCK 512

typedef struct TarHeader {
        char name[100];
        char mode[8], uid[8], gid[8];
        char size[12], mtime[12];
        char checksum[8];
        char type;
        char link[100];
        char magic[6], version[2];
        char user[32], group[32];
        char major[8], minor[8];
        char prefix[155];
        char pad[12];
} TarHeader;
_Static_assert(sizeof(TarHeader) == TAR_BLOCK, "a header is a block");

/* The sum of all bytes, those of the checksum itself counted as spaces. */
static inline uint32_t tar_checksum(const TarHeader *h) {
        const unsigned char *bytes = (const unsigned char *) h;
        uint32_t sum = 0;

        for (size_t i = 0; i < sizeof *h; i++) {
                bool own = i >= offsetof(TarHeader, checksum) &&
                           i < offsetof(TarHeader, checksum) + sizeof h->checksum;
                sum += own ? ' ' : bytes[i];
        }
        return sum;
}
