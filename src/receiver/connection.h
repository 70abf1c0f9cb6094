/* SPDX-License-Identifier: MIT */
/* TCP connections and their deadlines: libmicrohttpd's own time-out starts anew with every byte that drips in, so it is not one.
 * Private to the HTTP side; all of it belongs to the event loop's thread. */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "metrics/metrics.h"

typedef struct DdnsConnection DdnsConnection;

typedef enum DdnsConnectionState {
        DDNS_CONNECTION_RECEIVING,
        DDNS_CONNECTION_ANSWERING,
        DDNS_CONNECTION_KEPT, /* answered, the next request has not begun */
} DdnsConnectionState;

typedef struct DdnsConnections {
        DdnsConnection *first;
        unsigned n;
        uint64_t last_activity_usec; /* monotonic: last beginning or end of a connection */
        bool answers_too;            /* have a deadline */
        DdnsMetricsProcess *metrics;
        DdnsMetricsCounter accepted, open; /* which of them count these connections */
} DdnsConnections;

/* For MHD_OPTION_NOTIFY_CONNECTION; `cls` is the DdnsConnections. */
void ddns_connections_note(void *cls, struct MHD_Connection *mhd, void **context,
                           enum MHD_ConnectionNotificationCode code);

void ddns_connection_set_state(struct MHD_Connection *mhd, DdnsConnectionState state);

/* Cuts those that take longer than `timeout_usec` to send a request (or with `answers_too` to take the answer), and if `leaving` also those that are only kept. */
void ddns_connections_sweep(DdnsConnections *c, uint64_t now_monotonic_usec, uint64_t timeout_usec,
                            bool leaving);
