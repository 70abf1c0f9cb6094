/* SPDX-License-Identifier: MIT */
/* Asking a DirectAdmin server which zones it has (DA: CMD_DNS_ADMIN, CMD_API_SHOW_ALL_DOMAINS, CMD_LOGIN).
 *
 * A listing is complete or it is a failure, never something in between: on its word zones are deleted. Whatever is odd (a
 * redirect, HTML, an error in any of DA's forms, JSON that does not parse, a page that fails or disagrees with the others, a
 * name that is none, a list without rows) is a failure that `message` calls what it is.
 *
 * Errors:
 *   -EACCES        it refuses the login, or the account is no administrator: to be left alone for a while, since DA blacklists
 *                  addresses
 *   -EKEYREJECTED  the certificate is not the one wanted
 *   -EPROTO        no TLS with it at all
 *   -ETIMEDOUT, -EHOSTUNREACH (also: its name is unknown), -ECONNREFUSED, -ECONNRESET (also: an answer that was cut off) and
 *                  other errnos of connecting
 *   -EBADMSG       an answer that is no listing, or a list that changed twice while it was read
 *   -EFBIG         more than the limits
 *   -EINVAL        the URL, the pin or the file of authorities can't be used
 *   -ENOMEM, and what ddns_secret_read() says of the password, with -EPERM for -EACCES; nothing has been sent then
 * `message` is made to stand after the master's name and a colon. It holds no secret, and what it quotes is printable ASCII.
 * Every wait is bounded, those of one listing together by `total_usec` and a second. Nothing in here logs. Thread-safe: each
 * call has connections of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/cleanup.h"
#include "basic/message.h"

/* Where a master is and how to log in. */
typedef struct DdnsDirectAdmin {
        const char *url; /* https://HOST:PORT, or http:// */
        const char *username;
        const char *password_file; /* see ddns_secret_path(); read anew for each listing */
        const char *ca;            /* file of authorities; NULL: the system's */
        const char *pin; /* SHA-256 of the server's public key, "sha256//BASE64", several with ';' between; NULL: none.
                                    * Without `ca` it alone decides, so the certificate may be self-signed, expired, and for
                                    * another name; with `ca` both must be right */
        uint64_t timeout_usec; /* for connecting, and without a byte; noticed within a second */
        uint64_t total_usec;   /* for the whole listing */
        uint32_t page_size;    /* zones asked for at a time */
        uint32_t max_zones;
        const volatile int
                        *stop; /* read atomically; non-zero: -ECANCELED within a second; NULL: never */
} DdnsDirectAdmin;

typedef struct DdnsListedZone {
        const char *name; /* checked; belongs to the listing */
} DdnsListedZone;

typedef struct DdnsDaListing {
        DdnsListedZone *zones; /* sorted by name, each once */
        size_t n;
        uint64_t began_usec; /* wall clock, before the first request: a zone accepted later is not missing */
        bool legacy; /* only hosted domains: shows what is there, but nothing may be deleted for what is not */
        char *storage;
} DdnsDaListing;

#define DDNS_DA_LISTING_NULL ((DdnsDaListing){ 0 })
void ddns_da_listing_done(DdnsDaListing *l);

/* Fills `*ret` on success only. A list of several pages is read twice, and what either reading has is listed: a zone that is
 * deleted while we read moves the first of the next page into the page before, which we have seen already. */
int ddns_da_list(const DdnsDirectAdmin *server, DdnsDaListing *ret, DdnsMessage *message);

/* `zone`: a checked name. */
bool ddns_da_listing_has(const DdnsDaListing *l, const char *zone);
