/* SPDX-License-Identifier: MIT */
/* Shared secrets of BIND's control channel and of TSIG, in files as rndc-confgen(8) and tsig-keygen(8) write them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "basic/cleanup.h"
#include "basic/message.h"

#define DDNS_HMAC_NAME_MAX   253
#define DDNS_HMAC_SECRET_MAX 512 /* octets; rndc-confgen makes at most 64 */
#define DDNS_HMAC_DIGEST_MAX 64

/* Numbers as on the control channel's wire (hsha); MD5 has a form of its own there. */
typedef enum DdnsHmacAlgorithm {
        DDNS_HMAC_MD5 = 157,
        DDNS_HMAC_SHA1 = 161,
        DDNS_HMAC_SHA224 = 162,
        DDNS_HMAC_SHA256 = 163,
        DDNS_HMAC_SHA384 = 164,
        DDNS_HMAC_SHA512 = 165,
} DdnsHmacAlgorithm;

typedef struct DdnsHmacKey {
        char name[DDNS_HMAC_NAME_MAX + 1]; /* as it was written */
        DdnsHmacAlgorithm algorithm;
        uint8_t secret[DDNS_HMAC_SECRET_MAX];
        size_t size;
} DdnsHmacKey;

/* Reads the first `key "NAME" { algorithm hmac-…; secret "BASE64"; };` of a text; what follows it is not looked at.
 * 0; -EBADMSG with the line in `message`, which never holds a part of the secret. */
int ddns_hmac_key_parse(const char *text, DdnsHmacKey *ret, DdnsMessage *message);

/* The same from the file ddns_secret_path(name). Also the errno of reading it. */
int ddns_hmac_key_read(const char *name, DdnsHmacKey *ret, DdnsMessage *message);

/* HMAC of `data`; `ret` has room for every algorithm, the digest's size is returned. -EIO if GnuTLS refuses. */
int ddns_hmac_key_sign(const DdnsHmacKey *key, const void *data, size_t size,
                       uint8_t ret[DDNS_HMAC_DIGEST_MAX]);

/* GnuTLS' number of its algorithm (gnutls_mac_algorithm_t), for signing in pieces. */
int ddns_hmac_key_mac(const DdnsHmacKey *key);

/* Wipes the secret. */
void ddns_hmac_key_done(DdnsHmacKey *key);
