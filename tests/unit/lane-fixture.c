/* SPDX-License-Identifier: MIT */
/* Making and unmaking lanes, pushes, and what the log says. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "basic/clock.h"
#include "lane-fixture.h"
#include "test.h"

void set_backoff(Fixture *f, uint64_t first_ms, uint64_t second_ms) {
        f->config.queue.backoff_usec[0] = first_ms * USEC_PER_MSEC;
        f->config.queue.backoff_usec[1] = second_ms * USEC_PER_MSEC;
        f->config.queue.n_backoff = 2;
}

static void add_backend(Fixture *f, const char *name) {
        size_t i = f->config.n_backends++;
        DdnsBackendConfig *c = &f->backends[i];

        *c = (DdnsBackendConfig){ .name = (char *) name, .served_timeout_usec = SERVED_USEC };
        fake_start(&f->fakes[i], c);
        c->nameservers = &f->fakes[i].address;
        c->n_nameservers = 1;
}

static void open_store(Fixture *f) {
        DdnsStoreOptions options = { .busy_usec = 5 * USEC_PER_SEC, .history = 2, .rejected = 2 };
        DdnsStoreBackend backends[2] = { { 0 } };

        for (size_t i = 0; i < f->config.n_backends; i++)
                backends[i] = (DdnsStoreBackend){ .name = f->backends[i].name, .target = "fake" };
        assert_int_equal(ddns_store_open(f->path, &options, &f->store, NULL), 0);
        assert_int_equal(ddns_store_set_backends(f->store, backends, f->config.n_backends), 0);
}

static int set_up_lanes(void **state, size_t n) {
        static const char *const names[] = { "one", "two" };
        Fixture *f = calloc(1, sizeof *f);

        strcpy(f->directory, "/tmp/ddns-test-XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        (void) snprintf(f->path, sizeof f->path, "%s/ddns.db", f->directory);
        f->config = (DdnsConfig){ .backends = f->backends };
        f->config.state.database = f->path;
        f->config.state.busy_usec = 100 * USEC_PER_MSEC;
        f->config.state.history = 2;
        f->config.queue.batch = 10;
        set_backoff(f, 50, 100);
        for (size_t i = 0; i < n; i++)
                add_backend(f, names[i]);
        open_store(f);
        *state = f;
        return 0;
}

int set_up(void **state) {
        return set_up_lanes(state, 1);
}

int set_up_two(void **state) {
        return set_up_lanes(state, 2);
}

void start_as(Fixture *f, size_t i, const DdnsBackendOps *ops) {
        DdnsMessage message = DDNS_MESSAGE_NULL;

        assert_int_equal(ddns_lane_new(&f->config, &f->backends[i], ops, &f->lanes[i], &message), 0);
        assert_int_equal(ddns_lane_start(f->lanes[i], &message), 0);
}

void start(Fixture *f, size_t i) {
        start_as(f, i, &fake_ops);
}

void stop(Fixture *f, size_t i) {
        f->lanes[i] = ddns_lane_free(f->lanes[i]);
}

int tear_down(void **state) {
        static const char *const suffixes[] = { "", "-wal", "-shm" };
        Fixture *f = *state;

        for (size_t i = 0; i < f->config.n_backends; i++) {
                fake_set(&f->fakes[i], hang, false);
                stop(f, i);
                fake_stop(&f->fakes[i]);
        }
        (void) ddns_store_free(f->store);
        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                char path[128];

                (void) snprintf(path, sizeof path, "%s%s", f->path, suffixes[i]);
                (void) unlink(path);
        }
        assert_int_equal(rmdir(f->directory), 0);
        free(f);
        return 0;
}

void accept_change_at(Fixture *f, const char *zone, uint32_t serial, bool delete, bool urgent,
                      uint64_t now_usec) {
        char content[128];
        uint8_t digest[DDNS_DIGEST_SIZE];
        int n = snprintf(content, sizeof content, "%s %u %" PRIu64 "\n", zone, serial,
                         ddns_monotonic_usec());
        DdnsChange c = { .kind = delete ? DDNS_CHANGE_DELETE : DDNS_CHANGE_SAVE,
                         .zone = zone,
                         .urgent = urgent,
                         .master = "da1" };

        assert_int_equal(ddns_digest(content, (size_t) n, digest), 0);
        if (!delete) {
                c.content = content;
                c.size = (size_t) n;
                c.digest = digest;
                c.serial = serial;
        }
        assert_int_equal(ddns_store_accept(f->store, &c, 1, now_usec), 0);
}

void accept_change(Fixture *f, const char *zone, uint32_t serial, bool delete, bool urgent) {
        accept_change_at(f, zone, serial, delete, urgent, ddns_now_usec());
}

void push(Fixture *f, const char *zone, uint32_t serial) {
        accept_change(f, zone, serial, false, false);
}

void wake(Fixture *f) {
        for (size_t i = 0; i < f->config.n_backends; i++)
                if (f->lanes[i])
                        ddns_lane_wake(f->lanes[i]);
}

DdnsLaneState lane_state(Fixture *f, size_t i) {
        DdnsLaneState state;

        ddns_lane_state(f->lanes[i], &state);
        return state;
}

bool is_idle(Fixture *f) {
        return lane_state(f, 0).idle;
}

static int take_row(const DdnsZoneState *row, void *userdata) {
        Row *r = userdata;

        if (strcmp(row->backend, r->backend) != 0)
                return 0;
        r->state = row->state;
        r->tries = row->tries;
        (void) snprintf(r->error, sizeof r->error, "%s", row->error ? row->error : "");
        (void) snprintf(r->warning, sizeof r->warning, "%s", row->warning ? row->warning : "");
        return 0;
}

Row row_of(Fixture *f, const char *zone) {
        Row r = { .backend = "one" };

        assert_int_equal(ddns_store_each_state(f->store, zone, take_row, &r), 0);
        return r;
}

bool is_delivered(Fixture *f, const char *zone) {
        return row_of(f, zone).state == DDNS_DELIVERY_DELIVERED;
}

static int take_failures(const DdnsBackendRow *row, void *userdata) {
        if (strcmp(row->name, "one") == 0)
                *(unsigned *) userdata = row->failures;
        return 0;
}

unsigned failures(Fixture *f) {
        unsigned n = 0;

        assert_int_equal(ddns_store_each_backend(f->store, take_failures, &n), 0);
        return n;
}
