/* SPDX-License-Identifier: MIT */
/* A configuration with two masters, "one" (server1.test) and "two" (server2.test), a database, and passes over it. */
#pragma once

#include "config/config.h"
#include "master.h"
#include "reconcile/pass.h"
#include "store/store.h"
#include "test.h"

typedef struct Fixture {
        char directory[64];
        DdnsConfig config;
        Master masters[2];
        DdnsPassOptions options;
} Fixture;

int set_up(void **state);
int tear_down(void **state);

DdnsStore *open_store(const Fixture *f);
/* Pushes a zone by `hostname` (NULL: not said); returns its generation. */
uint64_t push(const Fixture *f, const char *zone, uint32_t serial, const char *hostname);
uint64_t push_at(const Fixture *f, const char *zone, uint32_t serial, const char *hostname,
                 uint64_t usec);
void remove_zone(const Fixture *f, const char *zone);

/* A pass by f->options, which must not fail. */
DdnsPass pass(Fixture *f);

bool is_held(const Fixture *f, const char *zone);
DdnsZoneRow row_of(const Fixture *f, const char *zone);
