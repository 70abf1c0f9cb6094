/* SPDX-License-Identifier: MIT */
/* Lanes of fake name servers over a log of the test's own. */
#pragma once

#include "deliver/lane.h"
#include "fake.h"
#include "store/store.h"

/* What must happen does so much sooner; only a failure takes that long. */
#define PATIENCE_USEC (20 * USEC_PER_SEC)

#define SERVED_USEC (600 * USEC_PER_MSEC)

typedef struct Fixture {
        char directory[64], path[96];
        DdnsConfig config;
        DdnsBackendConfig backends[2];
        Fake fakes[2];
        DdnsLane *lanes[2];
        DdnsStore *store;
        uint32_t serial;
} Fixture;

#define WAIT_FOR(condition)                                                                \
        do {                                                                               \
                uint64_t _end = ddns_monotonic_usec() + PATIENCE_USEC;                     \
                while (!(condition)) {                                                     \
                        if (ddns_monotonic_usec() > _end)                                  \
                                fail_msg("line %d: never came: %s", __LINE__, #condition); \
                        (void) usleep(1000);                                               \
                }                                                                          \
        } while (0)

typedef struct Row {
        const char *backend;
        DdnsDeliveryState state;
        unsigned tries;
        char error[256], warning[256];
} Row;

void set_backoff(Fixture *f, uint64_t first_ms, uint64_t second_ms);
int set_up(void **state);
int set_up_two(void **state);
void start_as(Fixture *f, size_t i, const DdnsBackendOps *ops);
void start(Fixture *f, size_t i);
void stop(Fixture *f, size_t i);
int tear_down(void **state);
void accept_change_at(Fixture *f, const char *zone, uint32_t serial, bool delete, bool urgent,
                      uint64_t now_usec);
void accept_change(Fixture *f, const char *zone, uint32_t serial, bool delete, bool urgent);
/* Into the log; nobody is woken. */
void push(Fixture *f, const char *zone, uint32_t serial);
void wake(Fixture *f);
DdnsLaneState lane_state(Fixture *f, size_t i);
bool is_idle(Fixture *f);
Row row_of(Fixture *f, const char *zone);
bool is_delivered(Fixture *f, const char *zone);
unsigned failures(Fixture *f);
