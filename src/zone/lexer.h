/* SPDX-License-Identifier: MIT */
/* Master file syntax (RFC 1035, 5.1; quirks as BIND 9.18 has them): text to entries of tokens. Private to src/zone.
 *
 * Why not ldns' reader: it cuts lines at 10 KiB, takes quotes for part of a name, forgets which TTL was written and which
 * was meant, and counts lines wrongly behind parentheses. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "basic/message.h"

typedef struct ZoneToken {
        const char *text; /* as written, without the quotes, with its escapes; points into the input */
        size_t size;
        bool quoted;
} ZoneToken;

/* One record or directive, however many lines it spans. */
typedef struct ZoneEntry {
        unsigned line; /* where it begins, from 1 */
        bool blank_owner;
        ZoneToken *tokens;
        size_t n;
        size_t allocated;
} ZoneEntry;

typedef struct ZoneLexer {
        const char *p;
        const char *end;
        unsigned line;
} ZoneLexer;

/* The next entry into `e`, whose memory is used again. 1; 0 at the end; -EBADMSG with line and reason; -ENOMEM. */
int zone_lexer_next(ZoneLexer *l, ZoneEntry *e, DdnsMessage *message);

void zone_entry_done(ZoneEntry *e);

/* The octets that a token means (\X and \DDD decoded) into `ret` of `max` octets; -EBADMSG: a bad escape, -EFBIG: longer. */
int zone_token_decode(const ZoneToken *t, unsigned char *ret, size_t max, size_t *ret_size);

bool zone_token_is(const ZoneToken *t, const char *word); /* unquoted, whatever case */
