/* SPDX-License-Identifier: MIT */
/* What is held, in memory: all of it at one point in time. */
#include <errno.h>
#include <string.h>

#include "basic/clock.h"
#include "reconcile/pass-internal.h"

/* Names as offsets into one text while it grows. Owners are few: each is kept once. */
typedef struct Reading {
        Pass *pass;
        uint64_t now_usec;
        DdnsBuffer names;
        size_t *owners;
        size_t n_owners;
} Reading;

static void reading_done(Reading *r) {
        ddns_buffer_done(&r->names);
        free(r->owners);
}

static size_t add_name(Reading *r, const char *name) {
        size_t at = r->names.size;

        ddns_buffer_append(&r->names, name, strlen(name) + 1);
        return at;
}

static int add_owner(Reading *r, const char *owner, size_t *ret) {
        for (size_t i = r->n_owners; i > 0; i--)
                if (strcmp(r->names.data + r->owners[i - 1], owner) == 0) {
                        *ret = r->owners[i - 1];
                        return 0;
                }
        size_t *owners = reallocarray(r->owners, r->n_owners + 1, sizeof *owners);
        if (!owners)
                return -ENOMEM;
        r->owners = owners;
        *ret = r->owners[r->n_owners++] = add_name(r, owner);
        return ddns_buffer_status(&r->names);
}

static int make_room(Pass *p) {
        size_t wanted = p->held_allocated > 0 ? p->held_allocated + p->held_allocated / 2 : 1024;
        DdnsHeldZone *held;

        if (p->n_held < p->held_allocated)
                return 0;
        held = reallocarray(p->held, wanted, sizeof *held);
        if (!held)
                return -ENOMEM;
        p->held = held;
        p->held_allocated = wanted;
        return 0;
}

static int add_row(const DdnsHeldRow *row, void *userdata) {
        Reading *r = userdata;
        Pass *p = r->pass;
        size_t owner;

        int k = make_room(p);
        if (k >= 0)
                k = add_owner(r, row->owner, &owner);
        if (k < 0)
                return k;
        p->held[p->n_held++] = (DdnsHeldZone){
                /* NOLINTNEXTLINE(performance-no-int-to-ptr): an offset until the names stay where they are */
                .name = (const char *) add_name(r, row->zone),
                /* NOLINTNEXTLINE(performance-no-int-to-ptr): as above */
                .owner = (const char *) owner,
                .generation = row->generation,
                .accepted_usec = row->accepted_usec,
                .missing = { .generation = row->missing_generation,
                             .elsewhere = row->missing_elsewhere },
                .is_young = row->missing_usec + p->config->reconcile.patience_usec > r->now_usec,
                .deleted = row->deleted,
        };
        p->sum.held += !row->deleted;
        return ddns_buffer_status(&r->names);
}

int pass_read_held(Pass *p) {
        ddns_cleanup(reading_done) Reading reading = { .pass = p, .now_usec = ddns_now_usec() };

        int r = ddns_store_each_held(p->store, reading.now_usec, add_row, &reading);
        if (r < 0)
                return r == -ENOMEM ? ddns_fail(p->message, r, "out of memory") : pass_fail_store(p, r);

        p->names = ddns_buffer_take(&reading.names, NULL);
        if (!p->names)
                return ddns_fail(p->message, -ENOMEM, "out of memory");
        for (size_t i = 0; i < p->n_held; i++) {
                p->held[i].name = p->names + (size_t) p->held[i].name;
                p->held[i].owner = p->names + (size_t) p->held[i].owner;
        }
        return 0;
}
