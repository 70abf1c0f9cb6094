/* SPDX-License-Identifier: MIT */
/* Pushes zones with one changed address each, and asks two databases until both show it.
 *
 * Standard input: base64 of USERNAME:PASSWORD, and the databases' password. Standard output: for each change, the seconds
 * until the push was acknowledged, and until both databases have shown it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "basic/clock.h"
#include "database.h"

#define SERVERS    2
#define PAUSE_NSEC (200 * 1000) /* between two questions: what a figure may be too high by */
#define SHOWN_USEC (60 * USEC_PER_SEC)

static void wait_shown(MYSQL_STMT *select, const char *zone_id, const char *address) {
        uint64_t deadline = ddns_monotonic_usec() + SHOWN_USEC;
        MYSQL_BIND binds[] = { bench_text(zone_id, strlen(zone_id)),
                               bench_text(address, strlen(address)) };

        while (!bench_finds(select, binds)) {
                if (ddns_monotonic_usec() > deadline)
                        bench_fail("%s is not shown for zone %s", address, zone_id);
                (void) clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ .tv_nsec = PAUSE_NSEC },
                                       NULL);
        }
}

static void change(const BenchMaster *master, MYSQL *servers[SERVERS], MYSQL_STMT *selects[SERVERS],
                   uint32_t i, uint32_t serial) {
        char zone[BENCH_NAME_MAX], dotted[BENCH_NAME_MAX + 1], body[BENCH_ZONE_MAX], address[16];
        char ids[SERVERS][24];
        uint8_t www = (uint8_t) (11 + serial % 200);

        bench_name(zone, i, BENCH_PARENT);
        bench_name(dotted, i, BENCH_PARENT ".");
        for (int k = 0; k < SERVERS; k++)
                (void) snprintf(ids[k], sizeof ids[k], "%" PRIu64,
                                bench_select_id(servers[k], "SELECT id FROM zones WHERE zone_name = ?",
                                                dotted));
        (void) snprintf(address, sizeof address, "192.0.2.%u", www);
        size_t size = bench_zone_of_15(body, zone, serial, www);

        uint64_t start = ddns_monotonic_usec();
        bench_push(master, zone, body, size);
        double acknowledged = bench_seconds_since(start);
        for (int k = 0; k < SERVERS; k++)
                wait_shown(selects[k], ids[k], address);
        (void) printf("%.6f\n%.6f\n", acknowledged, bench_seconds_since(start));
}

int main(int argc, char *argv[]) {
        MYSQL *servers[SERVERS];
        MYSQL_STMT *selects[SERVERS];
        BenchMaster master;
        char password[256];

        if (argc != 7)
                bench_fail("Usage: bench-mysql-change PORT MYSQL-PORT MYSQL-PORT DATABASE CHANGES SERIAL");
        bench_secret(master.authorization, sizeof master.authorization);
        bench_secret(password, sizeof password);
        master.receiver = bench_loopback(argv[1]);
        for (int k = 0; k < SERVERS; k++) {
                servers[k] = bench_connect(argv[2 + k], argv[4], password, true);
                selects[k] = bench_prepare(servers[k], "SELECT id FROM records WHERE zone_id = ? AND "
                                                       "hostname = 'www' AND type = 'A' AND data = ?");
        }
        uint32_t n = bench_number(argv[5], 1, 1000000), serial = bench_number(argv[6], 1, INT32_MAX);

        for (uint32_t i = 0; i < n; i++)
                change(&master, servers, selects, i, serial);
        for (int k = 0; k < SERVERS; k++) {
                (void) mysql_stmt_close(selects[k]);
                mysql_close(servers[k]);
        }
        return EXIT_SUCCESS;
}
