/* SPDX-License-Identifier: MIT */
/* Listening sockets that can't be served: their connections are closed at once, so that clients try again later in place of
 * waiting. All of it belongs to the event loop's thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "basic/message.h"

#define DDNS_REFUSALS_MAX 8

typedef struct DdnsRefusal {
        int fds[DDNS_REFUSALS_MAX]; /* the service manager's: never closed or shut down here */
        size_t n;
        DdnsMessage why;
        uint64_t reported_usec; /* monotonic; 0: not yet */
} DdnsRefusal;

/* Makes `fd` non-blocking and takes it in. -ENOSPC: there are too many; or the error of fcntl(2). */
int ddns_refusal_add(DdnsRefusal *r, int fd);

/* Closes what waits on `fd`, and says why in the journal, once a minute at most. */
void ddns_refusal_run(DdnsRefusal *r, int fd, uint64_t now_monotonic_usec);
