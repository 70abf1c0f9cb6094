/* SPDX-License-Identifier: MIT */
/* What is said about a certificate that can't be used; those that can be are the suite tls' matter. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "basic/clock.h"
#include "receiver/certificate.h"
#include "test.h"

typedef struct Fixture {
        char directory[64], chain[96], key[96];
        DdnsConfig config;
} Fixture;

static int set_up(void **state) {
        Fixture *f = calloc(1, sizeof *f);

        assert_non_null(f);
        strcpy(f->directory, "/tmp/ddns-test-XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        (void) snprintf(f->chain, sizeof f->chain, "%s/tls.crt", f->directory);
        (void) snprintf(f->key, sizeof f->key, "%s/tls.key", f->directory);
        f->config.receiver.tls.certificate = f->chain;
        f->config.receiver.tls.key = f->key;
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        Fixture *f = *state;

        (void) unlink(f->chain);
        (void) unlink(f->key);
        (void) rmdir(f->directory);
        free(f);
        return 0;
}

static void put(const char *path, const char *text) {
        FILE *file = fopen(path, "w");

        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static void fails(Fixture *f, int error) {
        ddns_cleanup(ddns_certificate_done) DdnsCertificate c = DDNS_CERTIFICATE_NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;

        assert_int_equal(ddns_certificate_load(&f->config, 1, &c, &message), error);
        assert_null(c.chain);
        assert_null(c.key);
        assert_non_null(strstr(message.text, "systemctl reload ddns"));
        assert_null(strstr(message.text, "SECRET"));
}

static void neither_file_there_is_no_tls_wanted(void **state) {
        fails(*state, -ENOENT);
        assert_true(ddns_certificate_is_absent(&((Fixture *) *state)->config));
}

static void one_file_alone_is_a_mistake(void **state) {
        Fixture *f = *state;

        put(f->key, "SECRET");
        fails(f, -ENOENT);
        assert_false(ddns_certificate_is_absent(&f->config));
}

static void what_is_no_certificate_is_told_without_its_text(void **state) {
        static const char *const texts[] = {
                "", "SECRET", "-----BEGIN CERTIFICATE-----\nSECRET\n-----END CERTIFICATE-----\n"
        };
        Fixture *f = *state;

        put(f->key, "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n");
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                put(f->chain, texts[i]);
                fails(f, -EBADMSG);
        }
}

#define DAY  (86400 * USEC_PER_SEC)
#define HOUR (3600 * USEC_PER_SEC)
#define END  UINT64_C(1800000000000000) /* 2027-01-15 08:00:00 UTC */

/* What is said at `now`; "" for nothing. */
static const char *warning(uint64_t now, uint64_t *warned) {
        static char name[] = "tls.crt", chain[] = "a chain";
        static DdnsMessage message;
        const DdnsConfig config = { .receiver.tls.certificate = name };
        const DdnsCertificate c = { .chain = chain, .expires_usec = END };

        message = DDNS_MESSAGE_NULL;
        if (!ddns_certificate_warning(&config, &c, now, warned, &message))
                assert_string_equal(message.text, "");
        return message.text;
}

static void its_end_is_told_from_two_weeks_before_with_file_and_date(void **state) {
        uint64_t warned = 0;
        (void) state;

        assert_string_equal(warning(END - 14 * DAY - 1, &warned), "");
        assert_string_equal(warning(END - 14 * DAY, &warned),
                            "the TLS certificate tls.crt expires on 2027-01-15 08:00:00 UTC, in 14 "
                            "days: renew it");
        warned = 0;
        assert_string_equal(
                        warning(END, &warned),
                        "the TLS certificate tls.crt has expired on 2027-01-15 08:00:00 UTC: renew it");
}

static void it_is_bad_two_days_before_its_end(void **state) {
        static char name[] = "tls.crt";
        const DdnsConfig config = { .receiver.tls.certificate = name };
        DdnsMessage message;
        (void) state;

        assert_int_equal(ddns_certificate_grade(&config, END, END - 14 * DAY - 1, &message),
                         DDNS_CERTIFICATE_GOOD);
        assert_int_equal(ddns_certificate_grade(&config, END, END - 2 * DAY - 1, &message),
                         DDNS_CERTIFICATE_ENDS);
        assert_int_equal(ddns_certificate_grade(&config, END, END - 2 * DAY, &message),
                         DDNS_CERTIFICATE_BAD);
        assert_int_equal(ddns_certificate_grade(&config, END, END + DAY, &message),
                         DDNS_CERTIFICATE_BAD);
}

static void its_end_is_told_once_a_day(void **state) {
        uint64_t warned = 0;
        unsigned said = 0;
        (void) state;

        for (uint64_t now = END - 20 * DAY; now < END + 7 * DAY; now += HOUR)
                said += *warning(now, &warned) != '\0';
        assert_int_equal(said, 14 + 7);
        assert_string_not_equal(warning(END - DAY, &warned), ""); /* the clock was put back */
        assert_string_equal(warning(END - DAY + HOUR, &warned), "");
}

static void without_a_certificate_nothing_is_told(void **state) {
        const DdnsCertificate none = DDNS_CERTIFICATE_NULL;
        const DdnsConfig config = { 0 };
        uint64_t warned = 0;
        (void) state;

        assert_false(ddns_certificate_warning(&config, &none, END, &warned, NULL));
        assert_int_equal(warned, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(neither_file_there_is_no_tls_wanted, set_up, tear_down),
                cmocka_unit_test_setup_teardown(one_file_alone_is_a_mistake, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_is_no_certificate_is_told_without_its_text, set_up,
                                                tear_down),
                cmocka_unit_test(its_end_is_told_from_two_weeks_before_with_file_and_date),
                cmocka_unit_test(it_is_bad_two_days_before_its_end),
                cmocka_unit_test(its_end_is_told_once_a_day),
                cmocka_unit_test(without_a_certificate_nothing_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
