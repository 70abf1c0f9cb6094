/* SPDX-License-Identifier: MIT */
/* The headers of a request, and whether they mean the same to everybody who reads them: a proxy in front must never see the body,
 * and so the next request, end elsewhere than it does here (RFC 9112, sections 3.2, 5 and 6.3). Private to the HTTP side. */
#pragma once

#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

typedef struct DdnsHeaders {
        const char *authorization; /* NULL: there is none; valid as long as the request */
        size_t size;               /* of all of them, with the request line */
        uint64_t length;           /* octets of the body, as announced; 0 if it comes in chunks */
} DdnsHeaders;

/* For MHD_OPTION_STRICT_FOR_CLIENT. */
int ddns_headers_strictness(void);

/* In one pass. `method` and `version`: as libmicrohttpd gives them to its handler; NULL: it did not come so far. Returns NULL, or why the
 * request can be read in more ways than one, or in none. */
const char *ddns_headers_read(struct MHD_Connection *mhd, const char *method, const char *version,
                              DdnsHeaders *ret);
