/* SPDX-License-Identifier: MIT */
/* The zone check: what comes out is text of whole printable lines, and a fixed point of the check. */
#include <string.h>

#include "fuzz.h"
#include "zone/zone.h"

static void check_text(const DdnsZone *z) {
        must(z->n_records > 0);
        must(strlen(z->text) == z->size && z->text[z->size - 1] == '\n');
        for (const char *p = z->text; *p; p++)
                must(*p == '\t' || *p == '\n' || (*p >= ' ' && *p < 0x7f));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const DdnsZoneLimits limits = { .max_records = 10000 };
        ddns_cleanup(ddns_zone_done) DdnsZone zone = DDNS_ZONE_NULL, again = DDNS_ZONE_NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;

        if (ddns_zone_check("example.test", (const char *) data, size, &limits, &zone, &message) < 0) {
                must(message.text[0]);
                return 0;
        }
        check_text(&zone);
        must(ddns_zone_check("example.test", zone.text, zone.size, &limits, &again, &message) >= 0);
        must(again.size == zone.size && memcmp(again.text, zone.text, zone.size) == 0);
        must(memcmp(again.digest, zone.digest, sizeof zone.digest) == 0);
        must(again.serial == zone.serial && again.n_records == zone.n_records && again.n_dropped == 0);
        return 0;
}
