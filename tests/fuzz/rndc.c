/* SPDX-License-Identifier: MIT */
/* An answer of BIND's control channel: as it came, and with a right signature, since nothing behind a wrong one is read. */
#include "fuzz.h"
#include "rndc/rndc-message.c" /* for its encoder of the part that is signed */

static void check(const DdnsHmacKey *key, const uint8_t *data, size_t size) {
        DdnsRndcAnswer a;

        if (ddns_rndc_message_decode(key, data, size, &a) < 0)
                return;
        must(strlen(a.nonce) <= DDNS_RNDC_NONCE_MAX);
        must(!a.text.data || (a.text.data >= data && a.text.data + a.text.size <= data + size));
        must(!a.error.data || (a.error.data >= data && a.error.data + a.error.size <= data + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const DdnsHmacKey key = {
                .name = "k", .algorithm = DDNS_HMAC_SHA256, .secret = "0123456789abcdef", .size = 16
        };
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL, proof_entry = DDNS_BUFFER_NULL;
        Proof proof;

        check(&key, data, size);
        must(make_proof(&key, data, size, &proof) >= 0);
        put_entry(&proof_entry, proof.name, TYPE_BINARY, proof.value, proof.size);
        put_u32(&b, VERSION);
        put_entry(&b, "_auth", TYPE_TABLE, proof_entry.data, proof_entry.size);
        ddns_buffer_append(&b, data, size);
        must(ddns_buffer_status(&b) >= 0);
        check(&key, (const uint8_t *) b.data, b.size);
        return 0;
}
