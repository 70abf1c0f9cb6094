/* SPDX-License-Identifier: MIT */
/* SHA-256, the identity of a zone's content. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define DDNS_DIGEST_SIZE 32

/* -EIO if the cryptographic library refuses. */
int ddns_digest(const void *data, size_t size, uint8_t ret[DDNS_DIGEST_SIZE]);
void ddns_digest_format(const uint8_t digest[DDNS_DIGEST_SIZE], char ret[2 * DDNS_DIGEST_SIZE + 1]);
