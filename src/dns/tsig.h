/* SPDX-License-Identifier: MIT */
/* TSIG (RFC 8945) over one question and the messages of its answer. Private to src/dns.
 *
 * Not by ldns: it verifies one message alone, while a signature covers all messages since the one before it (5.3.1), and it
 * looks neither at the time nor at the error field. */
#pragma once

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <ldns/ldns.h>
#include <stdbool.h>

#include "basic/buffer.h"
#include "basic/hmac-key.h"
#include "basic/message.h"

typedef struct DnsTsig {
        gnutls_hmac_hd_t hmac; /* has seen the last MAC and every message since */
        size_t mac_size;       /* of the algorithm */
        ldns_rdf *name;        /* of the key, lower case */
        ldns_rdf *algorithm;
        bool answered;       /* a signed message came */
        unsigned n_unsigned; /* messages since then */
} DnsTsig;

/* -EKEYREJECTED: the key can't be used; -ENOMEM. Also after a failure `t` needs dns_tsig_done(). */
int dns_tsig_open(DnsTsig *t, const DdnsHmacKey *key, DdnsMessage *message);

/* Signs a whole message at the end of `b`, which begins at `start`. -ENOMEM. */
int dns_tsig_sign(DnsTsig *t, DdnsBuffer *b, size_t start);

/* Takes the next message of the answer (at least a header). `rr`, which begins at `at`, is its TSIG record, or NULL.
 * -EKEYREJECTED: it is not from the owner of the key, or needed a signature. */
int dns_tsig_check(DnsTsig *t, const uint8_t *data, size_t size, const ldns_rr *rr, size_t at,
                   DdnsMessage *message);

/* The last message was signed: all up to it is authentic. */
bool dns_tsig_is_complete(const DnsTsig *t);

void dns_tsig_done(DnsTsig *t);
