/* SPDX-License-Identifier: MIT */
/* The messages of a zone transfer, each behind its length, to a question without a signature and with one. What is taken is text that
 * the zone check can read, whatever it thinks of it; where a signature is wanted nothing is. */
#include "dns/axfr.c" /* for what takes a message */
#include "fuzz.h"
#include "zone/zone.h"

static const DdnsHmacKey key = {
        .name = "k", .algorithm = DDNS_HMAC_SHA256, .secret = "0123456789abcdef", .size = 16
};

static void check(const uint8_t *data, size_t size, bool is_signed) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer text = DDNS_BUFFER_NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;
        Transfer t = { .stream = DNS_STREAM_NULL,
                       .max_size = 1024 * 1024,
                       .id = 0x1234,
                       .is_signed = is_signed,
                       .text = &text,
                       .message = &message };
        int r = 0;

        t.zone = ldns_dname_new_frm_str("example.test");
        must(t.zone);
        must(!is_signed || dns_tsig_open(&t.tsig, &key, &message) == 0);
        for (bool is_first = true; r >= 0 && !t.ended && size >= 2 + HEADER_SIZE; is_first = false) {
                size_t length = read_u16(data);
                uint8_t *copy;

                if (length < HEADER_SIZE || length > size - 2)
                        break;
                copy = malloc(length);
                must(copy);
                memcpy(copy, data + 2, length);
                memcpy(copy, &t.id,
                       sizeof t.id); /* of whoever asked, who compares it as it lies in memory */
                r = take_message(&t, &(Answer){ .data = copy, .size = length, .is_first = is_first });
                free(copy);
                must(r >= 0 || message.text[0]);
                must(r < 0 || !is_signed); /* nobody here has the key */
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
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        check(data, size, false);
        check(data, size, true);
        return 0;
}
