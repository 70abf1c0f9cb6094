/* SPDX-License-Identifier: MIT */
/* PowerDNS' control socket, as pdns_control(1) uses it: a connection for each command, a line, and an answer up to its end.
 *
 * Errors: -ETIMEDOUT, -EBADMSG (it answered, but not that it did what was asked), or that of the socket; `message` says which
 * socket and what was wrong. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "basic/message.h"

/* Is PowerDNS there? */
int ddns_powerdns_ping(const char *path, uint64_t timeout_usec, DdnsMessage *message);

/* Has it read the list of zones anew. */
int ddns_powerdns_rediscover(const char *path, uint64_t timeout_usec, DdnsMessage *message);

/* Has it forget what it keeps of `n` zones (checked names) and all names in them; of many, what it keeps of all zones. */
int ddns_powerdns_purge(const char *path, const char *const *zones, size_t n, uint64_t timeout_usec,
                        DdnsMessage *message);
