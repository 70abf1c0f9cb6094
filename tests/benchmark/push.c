/* SPDX-License-Identifier: MIT */
/* Pushes zones as a master does, one HTTP/1.0 connection each, as fast as they are answered.
 *
 * Standard input: base64 of USERNAME:PASSWORD. Standard output: with "all", the seconds until the last answer, and with a
 * name server also until it serves the last zone; with "fill" the same, with zones of 15 records; with "each", the seconds
 * from each push until it is served, or without a name server acknowledged, and then of all in the end. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "bench.h"

#define CONNECTIONS_MAX 256

static BenchMaster master;
static bool fill;
static uint32_t n_pushes, n_zones, first_serial;
static atomic_uint_fast32_t next_push;

static void push(const char *zone, uint32_t serial) {
        char body[BENCH_ZONE_MAX];

        size_t size = fill ? bench_zone_of_15(body, zone, serial, 10) : bench_zone(body, zone, serial);
        bench_push(&master, zone, body, size);
}

static void *run_connection(void *unused) {
        char zone[BENCH_NAME_MAX];
        uint32_t i;

        while ((i = (uint32_t) atomic_fetch_add(&next_push, 1)) < n_pushes) {
                bench_name(zone, i % n_zones, BENCH_PARENT);
                push(zone, first_serial + i / n_zones);
        }
        return unused;
}

static void wait_all_served(const DdnsSockaddr *nameserver) {
        char zone[BENCH_NAME_MAX];

        /* The last one first: while the others wait they must not be asked for. */
        for (uint32_t i = n_pushes; i-- > (n_pushes > n_zones ? n_pushes - n_zones : 0);) {
                bench_name(zone, i % n_zones, BENCH_PARENT);
                bench_wait_served(nameserver, zone, first_serial + i / n_zones);
        }
}

static void push_all(uint32_t n_connections, const DdnsSockaddr *nameserver) {
        pthread_t threads[CONNECTIONS_MAX];
        uint64_t start = ddns_monotonic_usec();

        for (uint32_t i = 0; i < n_connections; i++)
                if (pthread_create(threads + i, NULL, run_connection, NULL) != 0)
                        bench_fail("no more threads");
        for (uint32_t i = 0; i < n_connections; i++)
                (void) pthread_join(threads[i], NULL);
        (void) printf("%.6f\n", bench_seconds_since(start));
        if (nameserver) {
                wait_all_served(nameserver);
                (void) printf("%.6f\n", bench_seconds_since(start));
        }
}

static void push_each(const DdnsSockaddr *nameserver) {
        char zone[BENCH_NAME_MAX];
        uint64_t first = ddns_monotonic_usec();

        for (uint32_t i = 0; i < n_pushes; i++) {
                uint64_t start = ddns_monotonic_usec();

                bench_name(zone, i % n_zones, BENCH_PARENT);
                push(zone, first_serial + i / n_zones);
                if (nameserver)
                        bench_wait_served(nameserver, zone, first_serial + i / n_zones);
                (void) printf("%.6f\n", bench_seconds_since(start));
        }
        if (!nameserver)
                (void) printf("%.6f\n", bench_seconds_since(first));
}

int main(int argc, char *argv[]) {
        DdnsSockaddr nameserver;

        fill = argc > 1 && strcmp(argv[1], "fill") == 0;
        if (argc != 8 || (!fill && strcmp(argv[1], "all") != 0 && strcmp(argv[1], "each") != 0))
                bench_fail("Usage: bench-push all|fill|each PORT NAMESERVER-PORT|- CONNECTIONS PUSHES ZONES "
                           "SERIAL");
        bench_secret(master.authorization, sizeof master.authorization);

        bool ask = strcmp(argv[3], "-") != 0;
        master.receiver = bench_loopback(argv[2]);
        if (ask)
                nameserver = bench_loopback(argv[3]);
        uint32_t n_connections = bench_number(argv[4], 1, CONNECTIONS_MAX);
        n_pushes = bench_number(argv[5], 1, 10000000);
        n_zones = bench_number(argv[6], 1, 1000000);
        first_serial = bench_number(argv[7], 1, INT32_MAX);

        if (strcmp(argv[1], "each") != 0)
                push_all(n_connections, ask ? &nameserver : NULL);
        else
                push_each(ask ? &nameserver : NULL);
        return EXIT_SUCCESS;
}
