/* SPDX-License-Identifier: MIT */
/* The shared secret of BIND's control channel, in files as rndc-confgen(8) writes them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "basic/cleanup.h"
#include "basic/message.h"

#define DDNS_RNDC_SECRET_MAX 512 /* octets; rndc-confgen makes at most 64 */
#define DDNS_RNDC_DIGEST_MAX 64

/* Numbers as on the wire (hsha); MD5 has a form of its own there. */
typedef enum DdnsRndcAlgorithm {
        DDNS_RNDC_MD5 = 157,
        DDNS_RNDC_SHA1 = 161,
        DDNS_RNDC_SHA224 = 162,
        DDNS_RNDC_SHA256 = 163,
        DDNS_RNDC_SHA384 = 164,
        DDNS_RNDC_SHA512 = 165,
} DdnsRndcAlgorithm;

typedef struct DdnsRndcKey {
        DdnsRndcAlgorithm algorithm;
        uint8_t secret[DDNS_RNDC_SECRET_MAX];
        size_t size;
} DdnsRndcKey;

/* Reads the first `key "NAME" { algorithm hmac-…; secret "BASE64"; };` of a text; what follows it is not looked at.
 * 0; -EBADMSG with the line in `message`, which never holds a part of the secret. */
int ddns_rndc_key_parse(const char *text, DdnsRndcKey *ret, DdnsMessage *message);

/* The same from the file ddns_secret_path(name). Also the errno of reading it. */
int ddns_rndc_key_read(const char *name, DdnsRndcKey *ret, DdnsMessage *message);

/* HMAC of `data`; `ret` has room for every algorithm, the digest's size is returned. -EIO if GnuTLS refuses. */
int ddns_rndc_key_sign(const DdnsRndcKey *key, const void *data, size_t size,
                       uint8_t ret[DDNS_RNDC_DIGEST_MAX]);

/* Wipes the secret. */
void ddns_rndc_key_done(DdnsRndcKey *key);
