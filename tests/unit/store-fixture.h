/* SPDX-License-Identifier: MIT */
/* A store with two backends for the tests of src/store, and what pushes and deliveries do to it. */
#pragma once

#include "basic/clock.h"
#include "store/reconcile.h"
#include "test.h"

#define T0 UINT64_C(1800000000000000)

extern const uint64_t backoff[5];
extern const DdnsSchedule schedule;
extern const DdnsStoreOptions store_options;

typedef struct Fixture {
        char directory[64], path[96];
        DdnsStore *store; /* with the backends "one" and "two" */
        uint64_t now;     /* T0 at first */
} Fixture;

int set_up(void **state);
int tear_down(void **state);

/* A push of content that says its own serial, as "da1" does it. */
DdnsChange push_as(Fixture *f, const char *zone, uint32_t serial, const char *hostname, bool urgent);
/* By "server1"; returns the generation. */
uint64_t push(Fixture *f, const char *zone, uint32_t serial);
DdnsChange delete_as(Fixture *f, const char *zone, const char *hostname);

DdnsBatch take(Fixture *f, const char *backend, size_t max);
/* All of a batch was delivered, but for `failing` (may be NULL), which fails with `error`. */
void record(Fixture *f, const char *backend, const DdnsBatch *b, const char *failing, const char *error);
/* Takes and records all there is; `failing` fails. Returns how many were taken. */
size_t deliver(Fixture *f, const char *backend, const char *failing);

DdnsBackendRow backend(Fixture *f, const char *name);
DdnsDeliveryState state_of(Fixture *f, const char *zone, const char *name);

#define HELD_MAX 16
size_t all_held(Fixture *f, DdnsHeldRow ret[HELD_MAX]);
DdnsHeldRow held(Fixture *f, const char *zone);

/* Behind the store's back. */
void run_sql(Fixture *f, const char *sql);
