/* SPDX-License-Identifier: MIT */
/* A name server that does as a test tells it: a backend that takes zones, and DNS on loopback that shows what it took. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "deliver/backend.h"

#define FAKE_ZONES_MAX 512

typedef struct Fake {
        DdnsBackendConfig *config; /* whose backend this is */
        DdnsSockaddr address;      /* where it answers queries */

        pthread_mutex_t lock; /* over what follows; fake_set() takes it */
        const char *incarnation;
        bool down;          /* fails as a whole, before anything is done */
        bool hang;          /* apply does not return before it is false again */
        bool silent;        /* no answer to queries */
        bool without_aa;    /* its answers are not authoritative */
        const char *poison; /* this zone fails */
        const char *warned; /* this zone is taken with a warning */
        const char *stale;  /* this zone is taken, but never shown */
        unsigned stale_for; /* … by so many queries, then it is; 0: for ever */

        const char *unloaded; /* this zone it could not load (SERVFAIL), until it is applied again */
        const char *altered;  /* of this zone it has something else, until it is applied again */
        const char *inspect_fails; /* why it can't be looked at */
        bool inspect_hangs;        /* inspect does not return before it is false again */

        unsigned applies, probes, inspections;
        bool inspecting;
        bool hanging;
        char order[8192]; /* "ZONE@SERIAL " for each task that was applied; "-ZONE " for deletes */
        char ends[8192];  /* "=ZONE " for each save that ended as served, "!ZONE " as not */
        struct {
                char zone[64];
                uint32_t serial;
                uint32_t hidden; /* taken, but not shown yet; 0: none */
        } zones[FAKE_ZONES_MAX];
        size_t n;

        int fd, stop;
        pthread_t thread;
} Fake;

/* Its operations; which of the fakes is meant says the configuration that they are given. */
extern const DdnsBackendOps fake_ops;
/* A database: name servers apart, which do not set AA and keep what was deleted. */
extern const DdnsBackendOps fake_database_ops;

void fake_start(Fake *f, DdnsBackendConfig *config);
void fake_stop(Fake *f);

#define fake_set(f, member, value)                       \
        do {                                             \
                (void) pthread_mutex_lock(&(f)->lock);   \
                (f)->member = (value);                   \
                (void) pthread_mutex_unlock(&(f)->lock); \
        } while (0)

#define fake_get(f, member)                                   \
        ({                                                    \
                (void) pthread_mutex_lock(&(f)->lock);        \
                __typeof__((f)->member) _value = (f)->member; \
                (void) pthread_mutex_unlock(&(f)->lock);      \
                _value;                                       \
        })

/* The serial that it shows; -1: none. */
int64_t fake_serial(Fake *f, const char *zone);
/* Shows a zone, as if it had been told to. */
void fake_show(Fake *f, const char *zone, uint32_t serial);
/* Loses a zone, as if it had never had it. */
void fake_lose(Fake *f, const char *zone);
/* How often `text` stands in `order`. */
unsigned fake_count(Fake *f, const char *text);
