/* SPDX-License-Identifier: MIT */
/* Records from the wire as lines of a master file. Private to src/dns. */
#pragma once

#include <ldns/ldns.h>

#include "basic/buffer.h"

/* One line, "owner TTL IN TYPE rdata" with tabs between, in a form that ddns_zone_check() reads as the very same record, or
 * refuses if no name server could load it. Room that can't be got shows in the buffer. */
void dns_text_append(DdnsBuffer *b, const ldns_rr *rr);
