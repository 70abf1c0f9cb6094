/* SPDX-License-Identifier: MIT */
/* ddnsctl check. */
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/clock.h"
#include "ctl-fixture.h"
#include "ctl/listing.h"
#include "store/reconcile.h"
#include "test.h"

/* A sign of life of the configured master. */
static void hear_of_master(Fixture *f, uint64_t ago_usec) {
        DdnsChange contact = { .kind = DDNS_CHANGE_CONTACT, .master = "da1", .client = "192.0.2.1" };

        assert_int_equal(ddns_store_accept(f->store, &contact, 1, ddns_now_usec() - ago_usec), 0);
}

static int set_up_delivered(void **state) {
        (void) set_up_pushed(state);
        hear_of_master(*state, 0);
        deliver(*state, "files", NULL, 1);
        deliver(*state, "asked", NULL, 1);
        return 0;
}

/* A plugin's output: one line, one '|'. */
static void check(Fixture *f, int status, const char *begin) {
        assert_int_equal(run(f, "check", NULL), status);
        assert_true(has(f->out, begin));
        assert_ptr_equal(strchr(f->out, '\n'), f->out + strlen(f->out) - 1);
        assert_string_equal(f->err, "");
        if (status < 3)
                assert_ptr_equal(strchr(f->out, '|'), strrchr(f->out, '|'));
}

static void a_node_that_is_well_is_ok(void **state) {
        Fixture *f = *state;

        check(f, 0,
              "DDNS OK - zones: 1, backends: 2 | zones=1 backends_down=0 waiting=0 deferred=0 dead=0"
              " oldest=0s;300;1800\n");
        push(f, "second.org"); /* what waits for a moment is no news */
        check(f, 0, "DDNS OK - zones: 2, backends: 2 | zones=2 backends_down=0 waiting=2");
}

static void a_zone_that_failed_is_a_warning_at_its_first_try(void **state) {
        Fixture *f = *state;

        push(f, "second.org");
        deliver(f, "asked", "refused", 1);
        check(f, 1, "DDNS WARNING - 1 zone failed on asked, to be tried again | ");
}

static void a_zone_that_was_given_up_is_critical(void **state) {
        Fixture *f = *state;

        push(f, "second.org");
        deliver(f, "asked", "refused", 0);
        check(f, 2, "DDNS CRITICAL - 1 zone given up on asked | ");
}

static void fail_backend(Fixture *f, const char *error, uint64_t ago_sec) {
        static const uint64_t backoff[] = { 90 * USEC_PER_SEC };
        const DdnsSchedule schedule = { backoff, 1 };
        uint64_t due;

        assert_int_equal(ddns_store_backend_failed(f->store, "files", error,
                                                   ddns_now_usec() - ago_sec * USEC_PER_SEC, &schedule,
                                                   &due),
                         0);
}

static void check_ages(Fixture *f, int status, const char *one, const char *two, const char *part) {
        assert_int_equal(run(f, "check", one, two, NULL), status);
        assert_true(has(f->out, part));
}

static void a_backend_that_is_down_gets_worse_with_time(void **state) {
        Fixture *f = *state;

        fail_backend(f, "first line\nof | two", 10);
        check(f, 0, "DDNS OK - files is down for 10s: first line/of / two | ");
        assert_int_equal(run(f, "check", "--warning=5", NULL), 1);
        assert_true(has(f->out, "DDNS WARNING - files is down"));
        assert_true(has(f->out, "oldest=0s;5;1800"));
        assert_int_equal(run(f, "check", "--critical=5", NULL), 2);
}

static void a_wrong_command_line_is_unknown(void **state) {
        Fixture *f = *state;

        assert_int_equal(run(f, "check", "--critical=x", NULL), 3);
        assert_true(has(f->err, "--critical=x: not a number of seconds"));
        assert_true(has(f->out, "DDNS UNKNOWN - "));
        assert_int_equal(run(f, "check", "--dead", NULL), 3);
        assert_int_equal(run(f, "check", "operand", NULL), 3);
        assert_int_equal(run(f, "--no-such", "check", NULL), 3);
        assert_int_equal(run(f, "--no-such", "status", NULL), 2);
        check_ages(f, 3, "--warning=6", "--critical=5",
                   "DDNS UNKNOWN - --warning is more than --critical");
}

static void a_default_age_gives_way_to_what_was_said(void **state) {
        check_ages(*state, 0, "--critical=5", NULL, "oldest=0s;5;5");
        check_ages(*state, 0, "--warning=5000", NULL, "oldest=0s;5000;5000");
}

static void a_zone_that_waits_for_long_is_told_with_its_backend(void **state) {
        Fixture *f = *state;

        push(f, "second.org");
        deliver(f, "files", NULL, 1);
        assert_int_equal(run(f, "check", "--warning=0", NULL), 1);
        assert_true(has(f->out, "DDNS WARNING - asked is 0s behind | "));
}

static void a_backend_that_ddns_retry_never_met_is_a_warning(void **state) {
        Fixture *f = *state;

        write_config(f,
                     "state: {database: %1$s/ddns.db, wake: %1$s/wake}\n"
                     "receiver: {masters: [{name: da1, username: ddns, password-file: %1$s/da1.hash}]}\n"
                     "backends:\n"
                     "  - {name: files, type: zone-files, zone-dir: %1$s/zones}\n"
                     "  - {name: asked, type: zone-files, zone-dir: %1$s/asked}\n"
                     "  - {name: new, type: zone-files, zone-dir: %1$s/new}\n");
        check(f, 1,
              "DDNS WARNING - new gets nothing: ddns-retry was not started since it was configured | "
              "zones=1 backends_down=0 waiting=1");
        assert_int_equal(run(f, "delete", "example.org", NULL), 0);
        deliver(f, "files", NULL, 1);
        deliver(f, "asked", NULL, 1);
        check(f, 0, "DDNS OK - zones: 0, backends: 3 | ");
}

static void the_brake_and_failed_passes_are_told_the_worst_first(void **state) {
        const DdnsPass pass = { .started_usec = 1,
                                .ended_usec = 2,
                                .failed = true,
                                .braked = 40,
                                .error = "the disk is full" };
        Fixture *f = *state;

        assert_int_equal(ddns_store_add_pass(f->store, &pass), 0);
        check(f, 2,
              "DDNS CRITICAL - the brake holds back 40 deletes; the last pass failed: the disk is full | ");
}

static void masters_that_give_no_list_are_told(void **state) {
        DdnsMasterHealth health = {
                .failures = 1, .since_usec = 1, .due_usec = 2, .error = "no route to host"
        };
        Fixture *f = *state;

        write_config(f,
                     "state:\n  database: %1$s/ddns.db\n  wake: %1$s/wake\n"
                     "backends:\n  - {name: files, type: zone-files, zone-dir: %1$s/zones}\n"
                     "reconcile:\n  masters:\n"
                     "    - {name: da1, servername: one.test, url: 'https://192.0.2.1:2222', username: admin,\n"
                     "       password-file: da1.login}\n");
        assert_int_equal(ddns_store_set_master_health(f->store, "da1", &health), 0);
        check(f, 1, "DDNS WARNING - da1 gives no list: no route to host | ");
        health.refused = true;
        assert_int_equal(ddns_store_set_master_health(f->store, "da1", &health), 0);
        check(f, 2, "DDNS CRITICAL - da1 gives no list");
}

static void a_master_that_is_silent_is_told(void **state) {
        Fixture *f = *state;

        hear_of_master(f, 7 * USEC_PER_DAY - USEC_PER_SEC * 60);
        check(f, 0, "DDNS OK - ");
        assert_int_equal(run(f, "check", "--silent=6", NULL), 1);
        assert_true(has(f->out, "DDNS WARNING - nothing came from da1 for 6d | "));
        hear_of_master(f, 8 * USEC_PER_DAY);
        check(f, 1, "DDNS WARNING - nothing came from da1 for 8d | ");
        assert_int_equal(run(f, "check", "--silent=0", NULL), 0);
}

static void a_master_that_never_came_is_told(void **state) {
        check(*state, 1, "DDNS WARNING - nothing came from da1 so far | ");
}

/* One PEM text into a file of the receiver's credentials. */
static void put_credential(const Fixture *f, const char *name, const gnutls_datum_t *pem) {
        char file[64];

        (void) snprintf(file, sizeof file, "credentials/receiver/%s", name);
        write_file(f, file, (const char *) pem->data);
}

/* A certificate that ends in so many days, and its key, where ddns.service takes them from. */
static void put_certificate(const Fixture *f, int days) {
        gnutls_datum_t pem = { 0 };
        gnutls_x509_privkey_t key;
        gnutls_x509_crt_t certificate;
        char path[160];

        (void) snprintf(path, sizeof path, "%s/credentials", f->directory);
        (void) mkdir(path, 0700);
        (void) snprintf(path, sizeof path, "%s/credentials/receiver", f->directory);
        (void) mkdir(path, 0700);

        assert_int_equal(gnutls_x509_privkey_init(&key), 0);
        assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
        assert_int_equal(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                                      GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
                                                      0),
                         0);
        assert_int_equal(gnutls_x509_crt_set_version(certificate, 3), 0);
        assert_int_equal(gnutls_x509_crt_set_serial(certificate, "\1", 1), 0);
        assert_int_equal(gnutls_x509_crt_set_dn(certificate, "CN=ns.test", NULL), 0);
        assert_int_equal(gnutls_x509_crt_set_activation_time(certificate, time(NULL) - 30 * 86400), 0);
        assert_int_equal(
                        gnutls_x509_crt_set_expiration_time(certificate, time(NULL) + days * 86400 + 60),
                        0);
        assert_int_equal(gnutls_x509_crt_set_key(certificate, key), 0);
        assert_int_equal(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0), 0);

        assert_int_equal(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &pem), 0);
        put_credential(f, "tls.crt", &pem);
        gnutls_free(pem.data);
        assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem), 0);
        put_credential(f, "tls.key", &pem);
        gnutls_free(pem.data);
        gnutls_x509_crt_deinit(certificate);
        gnutls_x509_privkey_deinit(key);
}

static void the_end_of_the_certificate_comes_nearer(void **state) {
        Fixture *f = *state;

        put_certificate(f, 15);
        check(f, 0, "DDNS OK - zones: 1");
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_false(strstr(f->err, "receiver.tls"));

        put_certificate(f, 13);
        check(f, 1, "DDNS WARNING - the TLS certificate /tmp/");
        assert_true(has(f->out, " UTC, in 13 days: renew it | "));
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_true(has(f->err, "warning: receiver.tls: the TLS certificate /tmp/"));
        assert_true(has(f->err, " UTC, in 13 days: renew it\n"));

        put_certificate(f, 1);
        check(f, 2, "DDNS CRITICAL - the TLS certificate /tmp/");
        assert_true(has(f->out, " UTC, in 1 days: renew it | "));
        put_certificate(f, -3);
        check(f, 2, "DDNS CRITICAL - no TLS with certificate ");
        assert_true(has(f->out, "it has expired; put the chain into /tmp/"));
}

static void a_certificate_of_no_use_is_critical(void **state) {
        Fixture *f = *state;

        put_certificate(f, 100);
        write_file(f, "credentials/receiver/tls.key", "SECRET");
        check(f, 2, "DDNS CRITICAL - no TLS with certificate ");
        assert_false(strstr(f->out, "SECRET"));
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_true(has(f->err, "warning: receiver.tls: no TLS with certificate "));
}

static void what_can_not_be_read_is_unknown_with_its_reason(void **state) {
        Fixture *f = *state;

        write_config(f, "backends: 7\n");
        check(f, 3, "DDNS UNKNOWN - ");
        assert_true(has(f->out, "ddns.yaml:1:11: backends"));
        assert_int_equal(unlink(f->config), 0);
        check(f, 3, "DDNS UNKNOWN - ");
        assert_true(has(f->out, "No such file"));
}

static void json_has_each_finding_with_its_level(void **state) {
        Fixture *f = *state;

        push(f, "second.org");
        deliver(f, "asked", "refused", 0);
        assert_int_equal(run(f, "check", "--json", NULL), 2);
        ddns_cleanup(ddns_json_decrefp) json_t *j = parse(f->out);
        const json_t *finding = json_array_get(json_object_get(j, "findings"), 0);
        assert_string_equal(text_of(j, "state"), "CRITICAL");
        assert_int_equal(number_of(j, "status"), 2);
        assert_int_equal(number_of(j, "zones"), 2);
        assert_int_equal(number_of(j, "dead"), 1);
        assert_string_equal(text_of(finding, "level"), "CRITICAL");
        assert_string_equal(text_of(finding, "text"), "1 zone given up on asked");
}

static void json_of_what_can_not_be_read_is_unknown(void **state) {
        Fixture *f = *state;

        assert_int_equal(run(f, "check", "--json", NULL), 3);
        ddns_cleanup(ddns_json_decrefp) json_t *j = parse(f->out);
        const json_t *finding = json_array_get(json_object_get(j, "findings"), 0);
        assert_string_equal(text_of(j, "state"), "UNKNOWN");
        assert_true(has(text_of(finding, "text"), "ddns.db"));
}

static void a_database_that_is_not_there_is_unknown(void **state) {
        check(*state, 3, "DDNS UNKNOWN - ");
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, set_up_delivered, tear_down)
        const struct CMUnitTest tests[] = {
                T(a_node_that_is_well_is_ok),
                T(a_zone_that_failed_is_a_warning_at_its_first_try),
                T(a_zone_that_was_given_up_is_critical),
                T(a_backend_that_is_down_gets_worse_with_time),
                T(a_wrong_command_line_is_unknown),
                T(a_default_age_gives_way_to_what_was_said),
                T(a_zone_that_waits_for_long_is_told_with_its_backend),
                T(a_backend_that_ddns_retry_never_met_is_a_warning),
                T(the_brake_and_failed_passes_are_told_the_worst_first),
                T(masters_that_give_no_list_are_told),
                T(a_master_that_is_silent_is_told),
                cmocka_unit_test_setup_teardown(a_master_that_never_came_is_told, set_up_pushed,
                                                tear_down),
                T(the_end_of_the_certificate_comes_nearer),
                T(a_certificate_of_no_use_is_critical),
                T(what_can_not_be_read_is_unknown_with_its_reason),
                T(json_has_each_finding_with_its_level),
                cmocka_unit_test_setup_teardown(json_of_what_can_not_be_read_is_unknown, set_up_bare,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_database_that_is_not_there_is_unknown, set_up_bare,
                                                tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
