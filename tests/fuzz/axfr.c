/* SPDX-License-Identifier: MIT */
/* The messages of a zone transfer, each behind its length. What is taken is text that the zone check can read, whatever it thinks of it. */
#include "dns/axfr.c" /* for what takes a message */
#include "fuzz.h"
#include "zone/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer text = DDNS_BUFFER_NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;
        Transfer t = { .stream = DNS_STREAM_NULL,
                       .max_size = 1024 * 1024,
                       .id = 0x1234,
                       .text = &text,
                       .message = &message };
        int r = 0;

        t.zone = ldns_dname_new_frm_str("example.test");
        must(t.zone);
        for (bool is_first = true; r >= 0 && !t.ended && size >= 2 + HEADER_SIZE; is_first = false) {
                size_t length = read_u16(data);
                uint8_t *copy;

                if (length < HEADER_SIZE || length > size - 2)
                        break;
                copy = malloc(length);
                must(copy);
                memcpy(copy, data + 2, length);
                memcpy(copy, &t.id, sizeof t.id); /* of whoever asked, who compares it as it lies in memory */
                r = take_message(&t, &(Answer){ .data = copy, .size = length, .is_first = is_first });
                free(copy);
                must(r >= 0 || message.text[0]);
                data += 2 + length;
                size -= 2 + length;
        }
        if (r >= 0 && t.ended) {
                static const DdnsZoneLimits limits = { .max_records = 10000 };
                ddns_cleanup(ddns_zone_done) DdnsZone zone = DDNS_ZONE_NULL;

                must(ddns_buffer_status(&text) >= 0);
                (void) ddns_zone_check("example.test", text.data, text.size, &limits, &zone, &message);
        }
        transfer_done(&t);
        return 0;
}
