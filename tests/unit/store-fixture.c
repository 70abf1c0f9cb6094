/* SPDX-License-Identifier: MIT */
/* A store with two backends for the tests of src/store, and what pushes and deliveries do to it. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store-fixture.h"

const uint64_t backoff[5] = { 30 * USEC_PER_SEC, 120 * USEC_PER_SEC, 300 * USEC_PER_SEC,
                              900 * USEC_PER_SEC, 1800 * USEC_PER_SEC };
const DdnsSchedule schedule = { backoff, ARRAY_SIZE(backoff) };
const DdnsStoreOptions store_options = { .busy_usec = 100 * USEC_PER_MSEC, .history = 3, .rejected = 5 };

int set_up(void **state) {
        static const DdnsStoreBackend backends[] = { { "one", "a" }, { "two", "b" } };
        Fixture *f = calloc(1, sizeof *f);

        strcpy(f->directory, "/tmp/ddns-test-XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        (void) snprintf(f->path, sizeof f->path, "%s/ddns.db", f->directory);
        f->now = T0;
        assert_int_equal(ddns_store_open(f->path, &store_options, &f->store, NULL), 0);
        assert_int_equal(ddns_store_set_backends(f->store, backends, 2), 0);
        *state = f;
        return 0;
}

int tear_down(void **state) {
        static const char *const suffixes[] = { "", "-wal", "-shm" };
        Fixture *f = *state;

        (void) ddns_store_free(f->store);
        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                char path[128];

                (void) snprintf(path, sizeof path, "%s%s", f->path, suffixes[i]);
                (void) unlink(path);
        }
        (void) rmdir(f->directory);
        free(f);
        return 0;
}

DdnsChange push_as(Fixture *f, const char *zone, uint32_t serial, const char *hostname, bool urgent) {
        char content[64];
        uint8_t digest[DDNS_DIGEST_SIZE];
        int n = snprintf(content, sizeof content, "%s %u\n", zone, serial);
        assert_int_equal(ddns_digest(content, (size_t) n, digest), 0);
        DdnsChange c = { .kind = DDNS_CHANGE_SAVE,
                         .zone = zone,
                         .content = content,
                         .size = (size_t) n,
                         .digest = digest,
                         .serial = serial,
                         .urgent = urgent,
                         .hostname = hostname,
                         .master = "da1",
                         .client = "192.0.2.1" };

        assert_int_equal(ddns_store_accept(f->store, &c, 1, f->now), 0);
        return c;
}

uint64_t push(Fixture *f, const char *zone, uint32_t serial) {
        return push_as(f, zone, serial, "server1", false).generation;
}

DdnsChange delete_as(Fixture *f, const char *zone, const char *hostname) {
        DdnsChange c = { .kind = DDNS_CHANGE_DELETE,
                         .zone = zone,
                         .hostname = hostname,
                         .master = "da1",
                         .client = "192.0.2.1" };

        assert_int_equal(ddns_store_accept(f->store, &c, 1, f->now), 0);
        return c;
}

DdnsBatch take(Fixture *f, const char *backend, size_t max) {
        DdnsBatch b = DDNS_BATCH_NULL;

        assert_int_equal(ddns_store_take_batch(f->store, backend, f->now, max, &b), 0);
        return b;
}

void record(Fixture *f, const char *backend, const DdnsBatch *b, const char *failing,
            const char *error) {
        DdnsResult results[32] = { 0 };

        assert_true(b->n <= ARRAY_SIZE(results));
        for (size_t i = 0; i < b->n; i++)
                results[i] = (DdnsResult){
                        .zone = b->deliveries[i].zone,
                        .generation = b->deliveries[i].generation,
                        .error = failing && strcmp(failing, b->deliveries[i].zone) == 0 ? error : NULL
                };
        assert_int_equal(ddns_store_record(f->store, backend, results, b->n, f->now, &schedule), 0);
}

size_t deliver(Fixture *f, const char *backend, const char *failing) {
        ddns_cleanup(ddns_batch_done) DdnsBatch b = take(f, backend, 32);

        record(f, backend, &b, failing, "no");
        return b.n;
}

static int copy_backend(const DdnsBackendRow *row, void *userdata) {
        DdnsBackendRow *wanted = userdata;

        if (strcmp(row->name, wanted->name) != 0)
                return 0;
        *wanted = *row;
        wanted->error = NULL;
        return 1;
}

DdnsBackendRow backend(Fixture *f, const char *name) {
        DdnsBackendRow row = { .name = name };

        assert_int_equal(ddns_store_each_backend(f->store, copy_backend, &row), 1);
        return row;
}

static int copy_state(const DdnsZoneState *row, void *userdata) {
        DdnsZoneState *wanted = userdata;

        if (strcmp(row->backend, wanted->backend) != 0)
                return 0;
        *wanted = *row;
        return 1;
}

DdnsDeliveryState state_of(Fixture *f, const char *zone, const char *name) {
        DdnsZoneState row = { .backend = name };

        assert_int_equal(ddns_store_each_state(f->store, zone, copy_state, &row), 1);
        return row.state;
}

typedef struct Held {
        DdnsHeldRow rows[HELD_MAX];
        size_t n;
} Held;

static int add_held(const DdnsHeldRow *row, void *userdata) {
        Held *h = userdata;

        assert_true(h->n < ARRAY_SIZE(h->rows));
        h->rows[h->n++] = *row;
        return 0;
}

size_t all_held(Fixture *f, DdnsHeldRow ret[HELD_MAX]) {
        Held h = { 0 };

        assert_int_equal(ddns_store_each_held(f->store, f->now, add_held, &h), 0);
        memcpy(ret, h.rows, sizeof h.rows);
        return h.n;
}

DdnsHeldRow held(Fixture *f, const char *zone) {
        DdnsHeldRow rows[HELD_MAX];
        size_t n = all_held(f, rows);

        for (size_t i = 0; i < n; i++)
                if (strcmp(rows[i].zone, zone) == 0)
                        return rows[i];
        fail_msg("%s is not among what is held", zone);
        return rows[0];
}

void run_sql(Fixture *f, const char *sql) {
        sqlite3 *db;
        char *error = NULL;

        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
                fail_msg("%s: %s", sql, error);
        (void) sqlite3_close(db);
}
