/* SPDX-License-Identifier: MIT */
/* What one core can do for pushes when nothing comes between: the zone check and commits of groups, one after the other, with
 * neither HTTP nor threads.
 *
 * Standard output: seconds for all rows. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "bench.h"
#include "store/store.h"
#include "zone/zone.h"

#define GROUP_MAX 1024

static DdnsStore *open_store(const char *path) {
        static const DdnsStoreOptions options = { .busy_usec = USEC_PER_SEC,
                                                  .history = 10,
                                                  .rejected = 10 };
        DdnsStore *s = NULL;
        DdnsMessage message;

        if (ddns_store_open(path, &options, &s, &message) < 0)
                bench_fail("%s", message.text);
        return s;
}

/* Zone `i` of the run as a change; `zone` and `name` keep what it points to. */
static DdnsChange check(uint32_t i, uint32_t n_zones, char name[BENCH_NAME_MAX], DdnsZone *zone) {
        static const DdnsZoneLimits limits = { .max_records = 1000 };
        char body[BENCH_ZONE_MAX];
        DdnsMessage message;

        bench_name(name, i % n_zones, BENCH_PARENT);
        size_t size = bench_zone(body, name, 1 + i / n_zones);
        if (ddns_zone_check(name, body, size, &limits, zone, &message) < 0)
                bench_fail("%s: %s", name, message.text);
        return (DdnsChange){ .kind = DDNS_CHANGE_SAVE,
                             .zone = name,
                             .content = zone->text,
                             .size = zone->size,
                             .digest = zone->digest,
                             .serial = zone->serial,
                             .hostname = "server1.example.com",
                             .master = "da1",
                             .client = "192.0.2.1" };
}

int main(int argc, char *argv[]) {
        static DdnsChange changes[GROUP_MAX];
        static DdnsZone zones[GROUP_MAX];
        static char names[GROUP_MAX][BENCH_NAME_MAX];

        if (argc != 5)
                bench_fail("Usage: bench-one-core FILE PUSHES ZONES PUSHES-A-COMMIT");
        uint32_t n = bench_number(argv[2], 1, 10000000), n_zones = bench_number(argv[3], 1, 1000000);
        uint32_t each = bench_number(argv[4], 1, GROUP_MAX);
        DdnsStore *s = open_store(argv[1]);
        (void) mallopt(M_TRIM_THRESHOLD, BENCH_TRIM_THRESHOLD);

        uint64_t start = ddns_monotonic_usec();
        for (uint32_t i = 0; i < n;) {
                uint32_t k = 0;

                for (; k < each && i < n; k++, i++)
                        changes[k] = check(i, n_zones, names[k], &zones[k]);
                if (ddns_store_accept(s, changes, k, ddns_now_usec()) < 0)
                        bench_fail("%s", ddns_store_error(s));
                while (k > 0)
                        ddns_zone_done(&zones[--k]);
        }
        (void) printf("%.6f\n", bench_seconds_since(start));
        (void) ddns_store_free(s);
        return EXIT_SUCCESS;
}
