/* SPDX-License-Identifier: MIT */
/* TCP connections, their deadlines, and who has to go when there is no room: libmicrohttpd's own time-out starts anew with every
 * byte that drips in, so it is not one, and its own limits let those who came first keep those out who have a password.
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

typedef enum DdnsStanding {
        DDNS_STANDING_STRANGER,
        DDNS_STANDING_LOOKED_AT, /* its password is */
        DDNS_STANDING_MASTER,    /* has logged in: never has to go for others */
} DdnsStanding;

typedef struct DdnsConnections {
        DdnsConnection *newest, *oldest;
        unsigned n, n_looked_at;
        unsigned max; /* the daemon accepts no more then; 0: nobody logs in, and nobody has to go */
        unsigned max_of_site;        /* of one address, see ddns_address_site(); 0: no limit */
        uint64_t grace_usec;         /* what a stranger has at least to log in */
        uint64_t last_activity_usec; /* monotonic: last beginning or end of a connection */
        bool answers_too;            /* have a deadline */
        DdnsMetricsProcess *metrics;
        DdnsMetricsCounter accepted, open; /* which of them count these connections */
} DdnsConnections;

/* For MHD_OPTION_NOTIFY_CONNECTION; `cls` is the DdnsConnections. Beyond its site's share a new connection dooms the oldest of a
 * stranger from there, which may be itself. */
void ddns_connections_note(void *cls, struct MHD_Connection *mhd, void **context,
                           enum MHD_ConnectionNotificationCode code);

void ddns_connection_set_state(struct MHD_Connection *mhd, DdnsConnectionState state);
void ddns_connection_set_standing(DdnsConnections *all, struct MHD_Connection *mhd,
                                  DdnsStanding standing);
/* It was cut in here, so nobody waits for its answer. */
bool ddns_connection_is_cut(struct MHD_Connection *mhd);

/* How many connections from the site of this one have passwords that are being looked at. */
unsigned ddns_connections_looked_at(const DdnsConnections *all, struct MHD_Connection *mhd);

/* Cuts strangers who have had their time, if there is no room or they are doomed. Returns after which time to call again:
 * UINT64_MAX: when something happens. */
uint64_t ddns_connections_make_room(DdnsConnections *all, uint64_t now_monotonic_usec);

/* Cuts those that take longer than `timeout_usec` to send a request (or with `answers_too` to take the answer), and if `leaving`
 * also those that are only kept. Whatever he asks meanwhile, a stranger has that time and `delay_usec`, the longest that an
 * answer is held back, for all of it, where one has to log in. */
void ddns_connections_sweep(DdnsConnections *all, uint64_t now_monotonic_usec, uint64_t timeout_usec,
                            uint64_t delay_usec, bool leaving);
