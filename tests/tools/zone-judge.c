/* SPDX-License-Identifier: MIT */
/* zone-judge: what the zone check makes of many zones. Standard input: for each zone a line "NAME SIZE", then that many octets.
 * Standard output: "ok SIZE" and the canonical text, or "no SIZE" and the reason, in the same order. A text that the check does
 * not give back unchanged ends it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zone/zone.h"

static void judge(const char *name, const char *data, size_t size) {
        static const DdnsZoneLimits limits = { .max_records = 100000 };
        ddns_cleanup(ddns_zone_done) DdnsZone zone = DDNS_ZONE_NULL, again = DDNS_ZONE_NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;

        if (ddns_zone_check(name, data, size, &limits, &zone, &message) < 0) {
                (void) printf("no %zu\n%s\n", strlen(message.text), message.text);
                return;
        }
        if (ddns_zone_check(name, zone.text, zone.size, &limits, &again, &message) < 0 ||
            strcmp(zone.text, again.text) != 0) {
                (void) fprintf(stderr, "%s: no fixed point: %s\n%s", name, message.text, zone.text);
                exit(EXIT_FAILURE);
        }
        (void) printf("ok %zu\n", zone.size);
        (void) fwrite(zone.text, 1, zone.size, stdout);
        (void) putchar('\n');
}

int main(void) {
        char name[256];
        size_t size;

        while (scanf("%255s %zu", name, &size) == 2 && getchar() == '\n') {
                char *data = malloc(size + 1);

                if (!data || fread(data, 1, size, stdin) != size)
                        return EXIT_FAILURE;
                judge(name, data, size);
                free(data);
        }
        return feof(stdin) && !ferror(stdin) && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
