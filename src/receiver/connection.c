/* SPDX-License-Identifier: MIT */
/* The list of connections. */
#include <stdlib.h>
#include <sys/socket.h>

#include "basic/clock.h"
#include "receiver/connection.h"

struct DdnsConnection {
        int fd;
        DdnsConnectionState state;
        uint64_t since_usec; /* it is in that state */
        DdnsConnection *previous, *next;
};

static DdnsConnection *add(DdnsConnections *all, struct MHD_Connection *mhd) {
        const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        DdnsConnection *c = calloc(1, sizeof *c);

        if (!c)
                return NULL; /* has no deadline then but the one of every byte */
        *c = (DdnsConnection){ .fd = info ? info->connect_fd : -1,
                               .state = DDNS_CONNECTION_RECEIVING,
                               .since_usec = all->last_activity_usec,
                               .next = all->first };
        if (c->next)
                c->next->previous = c;
        all->first = c;
        return c;
}

static void drop(DdnsConnections *all, DdnsConnection *c) {
        if (c->previous)
                c->previous->next = c->next;
        else
                all->first = c->next;
        if (c->next)
                c->next->previous = c->previous;
        free(c);
}

void ddns_connections_note(void *cls, struct MHD_Connection *mhd, void **context,
                           enum MHD_ConnectionNotificationCode code) {
        DdnsConnections *all = cls;

        all->last_activity_usec = ddns_monotonic_usec();
        if (code == MHD_CONNECTION_NOTIFY_STARTED) {
                all->n++;
                ddns_metrics_count(all->metrics, all->accepted, 1);
                ddns_metrics_count(all->metrics, all->open, 1);
                *context = add(all, mhd);
                return;
        }
        all->n--;
        ddns_metrics_count(all->metrics, all->open, (uint64_t) -1);
        if (*context)
                drop(all, *context);
        *context = NULL;
}

void ddns_connection_set_state(struct MHD_Connection *mhd, DdnsConnectionState state) {
        const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        DdnsConnection *c = info ? info->socket_context : NULL;

        if (c) {
                c->state = state;
                c->since_usec = ddns_monotonic_usec();
        }
}

void ddns_connections_sweep(DdnsConnections *all, uint64_t now_monotonic_usec, uint64_t timeout_usec,
                            bool leaving) {
        for (DdnsConnection *c = all->first; c; c = c->next) {
                bool late = (all->answers_too || c->state != DDNS_CONNECTION_ANSWERING) &&
                            now_monotonic_usec - c->since_usec > timeout_usec;

                if (c->fd >= 0 && (late || (leaving && c->state == DDNS_CONNECTION_KEPT)))
                        (void) shutdown(c->fd, SHUT_RDWR);
        }
}
