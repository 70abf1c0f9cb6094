/* SPDX-License-Identifier: MIT */
/* Canonical text read back: the fields, and the rdata as it goes over the wire. */
#include <errno.h>
#include <string.h>

#include "test.h"
#include "zone/canonical.h"
#include "zone/zone.h"

#define HEAD "$TTL 1h\n@ SOA ns.host. h 7 1d 2h3m 4w 300\n@ NS ns.host.\n"

static const DdnsZoneLimits limits = { .max_records = 1000 };

/* The third record of a zone of HEAD and `record`. */
static DdnsRecord third(DdnsZone *zone, const char *record) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer text = DDNS_BUFFER_NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;
        DdnsRecord r = { 0 };

        ddns_buffer_append_text(&text, HEAD);
        ddns_buffer_append_text(&text, record);
        if (ddns_zone_check("example.test", text.data, text.size, &limits, zone, &message) < 0)
                fail_msg("%s: %s", record, message.text);
        const char *p = zone->text;
        for (int i = 0; i < 3; i++)
                assert_true(ddns_record_next(&p, &r));
        assert_false(ddns_record_next(&p, &r));
        assert_string_equal(p, "");
        return r;
}

static void assert_field(const char *field, size_t size, const char *want) {
        assert_int_equal(size, strlen(want));
        assert_memory_equal(field, want, size);
}

static void records_come_field_by_field(void **state) {
        ddns_cleanup(ddns_zone_done) DdnsZone zone = DDNS_ZONE_NULL;
        const DdnsRecord r = third(&zone, "B.a 60 TXT \"x\ty\" \"; (\"\n");

        assert_field(r.owner, r.owner_size, "b.a.example.test.");
        assert_field(r.ttl, r.ttl_size, "60");
        assert_field(r.type, r.type_size, "TXT");
        assert_field(r.rdata, r.rdata_size, "\"x\\009y\" \"; (\"");
        assert_true(ddns_record_is_type(&r, "TXT"));
        assert_false(ddns_record_is_type(&r, "TX"));
        assert_false(ddns_record_is_type(&r, "TXTT"));
        assert_int_equal(ddns_record_type_number(&r), 16);
}

static const struct {
        const char *record;
        uint16_t type;
        size_t size;
        const char *wire;
} wires[] = {
        { "a A 192.0.2.1", 1, 4, "\300\0\2\1" },
        { "a MX 10 Mail.X.", 15, 10, "\0\12\4mail\1x\0" },
        { "a TXT \"Aa(;)\\\"\" \"\" \"\\255\"", 16, 10, "\6Aa(;)\"\0\1\377" },
        { "a CAA 0 issue \"Ca\"", 257, 9, "\0\5issueCa" },
        { "a TYPE65534 \\# 3 0A0B0C", 65534, 3, "\12\13\14" },
        { "a TYPE65534 \\# 0", 65534, 0, "" },
        { "a A \\# 4 C0000201", 1, 4, "\300\0\2\1" },
        { "a SVCB 1 Foo. port=53", 64, 13, "\0\1\3foo\0\0\3\0\2\0\65" },
};

static void rdata_comes_as_on_the_wire_with_names_in_lower_case(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(wires); i++) {
                ddns_cleanup(ddns_zone_done) DdnsZone zone = DDNS_ZONE_NULL;
                ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
                const DdnsRecord r = third(&zone, wires[i].record);

                ddns_buffer_append_text(&b, "before");
                assert_int_equal(ddns_record_append_wire(&r, &b), 0);
                assert_int_equal(ddns_record_type_number(&r), wires[i].type);
                if (b.size != 6 + wires[i].size || memcmp(b.data + 6, wires[i].wire, wires[i].size) != 0)
                        fail_msg("%s has another rdata of %zu octets", wires[i].record, b.size - 6);
        }
}

static void what_is_no_canonical_text_has_no_wire_form(void **state) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        const DdnsRecord r = { .type = "A", .type_size = 1, .rdata = "x", .rdata_size = 1 };

        assert_int_equal(ddns_record_append_wire(&r, &b), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(records_come_field_by_field),
                cmocka_unit_test(rdata_comes_as_on_the_wire_with_names_in_lower_case),
                cmocka_unit_test(what_is_no_canonical_text_has_no_wire_form),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
