/* SPDX-License-Identifier: MIT */
/* The list of connections. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "basic/address.h"
#include "basic/clock.h"
#include "receiver/connection.h"

struct DdnsConnection {
        int fd;
        bool has_site, doomed, cut; /* doomed: its site has too many, it goes when its grace is over */
        uint8_t site[16];
        DdnsConnectionState state;
        DdnsStanding standing;
        uint64_t began_usec, since_usec; /* since: it is in that state */
        DdnsConnection *newer, *older;
};

static DdnsConnection *find(struct MHD_Connection *mhd) {
        const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

        return info ? info->socket_context : NULL;
}

/* The daemon finds the end of it, and closes it. */
static void cut(DdnsConnection *c) {
        if (c->fd >= 0)
                (void) shutdown(c->fd, SHUT_RDWR);
        c->cut = true;
}

static DdnsConnection *add(DdnsConnections *all, struct MHD_Connection *mhd) {
        const union MHD_ConnectionInfo *info;
        DdnsConnection *c = calloc(1, sizeof *c);

        if (!c)
                return NULL; /* has no deadline then but the one of every byte */
        *c = (DdnsConnection){ .fd = -1,
                               .state = DDNS_CONNECTION_RECEIVING,
                               .began_usec = all->last_activity_usec,
                               .since_usec = all->last_activity_usec,
                               .older = all->newest };
        info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info)
                c->fd = info->connect_fd;
        info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        c->has_site = info && ddns_address_site(info->client_addr, c->site);
        *(c->older ? &c->older->newer : &all->oldest) = c;
        all->newest = c;
        return c;
}

static void drop(DdnsConnections *all, DdnsConnection *c) {
        *(c->newer ? &c->newer->older : &all->newest) = c->older;
        *(c->older ? &c->older->newer : &all->oldest) = c->newer;
        all->n_looked_at -= c->standing == DDNS_STANDING_LOOKED_AT;
        free(c);
}

static bool is_same_site(const DdnsConnection *a, const DdnsConnection *b) {
        return a->has_site && b->has_site && memcmp(a->site, b->site, sizeof a->site) == 0;
}

/* Whoever opens one connection after the other from the address that a master has too (his customers can, where they may run
 * programs) loses them first, and the master's push is not the one that is refused. For a moment there may be more of them, so
 * that what is accepted in one go can say who it is, but never so many that other addresses have no room. */
static void keep_share(const DdnsConnections *all, const DdnsConnection *new) {
        unsigned n = 0, n_doomed = 0,
                 most = all->max / 2 > all->max_of_site ? all->max / 2 : all->max_of_site;
        DdnsConnection *stranger = NULL, *undoomed = NULL;

        for (DdnsConnection *c = all->oldest; c; c = c->newer) {
                if (c->cut || !is_same_site(c, new))
                        continue;
                n++;
                n_doomed += c->doomed;
                if (c->standing != DDNS_STANDING_STRANGER)
                        continue;
                if (!stranger)
                        stranger = c;
                if (!undoomed && !c->doomed)
                        undoomed = c;
        }
        if (n - n_doomed > all->max_of_site && undoomed)
                undoomed->doomed = true;
        if (n > most && stranger)
                cut(stranger);
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
                if (*context && all->max_of_site > 0)
                        keep_share(all, *context);
                return;
        }
        all->n--;
        ddns_metrics_count(all->metrics, all->open, (uint64_t) -1);
        if (*context)
                drop(all, *context);
        *context = NULL;
}

void ddns_connection_set_state(struct MHD_Connection *mhd, DdnsConnectionState state) {
        DdnsConnection *c = find(mhd);

        if (c) {
                c->state = state;
                c->since_usec = ddns_monotonic_usec();
        }
}

void ddns_connection_set_standing(DdnsConnections *all, struct MHD_Connection *mhd,
                                  DdnsStanding standing) {
        DdnsConnection *c = find(mhd);

        if (!c)
                return;
        all->n_looked_at -= c->standing == DDNS_STANDING_LOOKED_AT;
        all->n_looked_at += standing == DDNS_STANDING_LOOKED_AT;
        c->standing = standing;
}

bool ddns_connection_is_cut(struct MHD_Connection *mhd) {
        const DdnsConnection *c = find(mhd);

        return c && c->cut;
}

unsigned ddns_connections_looked_at(const DdnsConnections *all, struct MHD_Connection *mhd) {
        const DdnsConnection *one = find(mhd);
        unsigned n = 0;

        for (const DdnsConnection *c = all->newest; one && c; c = c->older)
                n += c->standing == DDNS_STANDING_LOOKED_AT && is_same_site(c, one);
        return n;
}

/* Not more of them than are needed for a while, so that others have all the time that there is. */
uint64_t ddns_connections_make_room(DdnsConnections *all, uint64_t now_monotonic_usec) {
        bool is_full = all->max > 0 && all->n >= all->max;
        unsigned needed = is_full ? all->max / 16 + 1 : 0, gone = 0;
        uint64_t wait_usec = UINT64_MAX;

        for (DdnsConnection *c = all->oldest; c; c = c->newer) {
                uint64_t age = now_monotonic_usec - c->began_usec;

                if (c->cut) /* it is suspended while its password is looked at, and stays */
                        gone += c->standing != DDNS_STANDING_LOOKED_AT;
                if (c->cut || c->standing != DDNS_STANDING_STRANGER || (gone >= needed && !c->doomed))
                        continue;
                if (age < all->grace_usec)
                        return wait_usec < all->grace_usec - age ? wait_usec : all->grace_usec - age;
                cut(c);
                gone++;
                wait_usec = 0; /* the daemon looks at no answer that is held back before it is told to */
        }
        return wait_usec;
}

void ddns_connections_sweep(DdnsConnections *all, uint64_t now_monotonic_usec, uint64_t timeout_usec,
                            uint64_t delay_usec, bool leaving) {
        for (DdnsConnection *c = all->newest; c; c = c->older) {
                bool late = (all->answers_too || c->state != DDNS_CONNECTION_ANSWERING) &&
                            now_monotonic_usec - c->since_usec > timeout_usec;
                bool strange = all->max > 0 && c->standing == DDNS_STANDING_STRANGER &&
                               now_monotonic_usec - c->began_usec > timeout_usec + delay_usec;

                if (late || strange || (leaving && c->state == DDNS_CONNECTION_KEPT))
                        cut(c);
        }
}
