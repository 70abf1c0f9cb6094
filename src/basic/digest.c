/* SPDX-License-Identifier: MIT */
/* SHA-256 by GnuTLS. */
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>

#include "basic/digest.h"

int ddns_digest(const void *data, size_t size, uint8_t ret[DDNS_DIGEST_SIZE]) {
        return gnutls_hash_fast(GNUTLS_DIG_SHA256, data, size, ret) == 0 ? 0 : -EIO;
}

void ddns_digest_format(const uint8_t digest[DDNS_DIGEST_SIZE], char ret[2 * DDNS_DIGEST_SIZE + 1]) {
        for (size_t i = 0; i < DDNS_DIGEST_SIZE; i++)
                (void) snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}
