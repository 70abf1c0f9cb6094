/* SPDX-License-Identifier: MIT */
/* ddnsctl reconcile, restore, and what status says of passes; the pass itself is a stand-in. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/clock.h"
#include "ctl-fixture.h"
#include "ctl/listing.h"
#include "ctl/progress.h"
#include "test.h"

static const char config[] =
                "state:\n"
                "  database: %1$s/ddns.db\n"
                "  wake: %1$s/wake\n"
                "backends:\n"
                "  - {name: files, type: zone-files, zone-dir: %1$s/zones}\n"
                "reconcile:\n"
                "  masters:\n"
                "    - {name: da1, servername: one.test, url: 'https://192.0.2.1:2222', username: admin,\n"
                "       password-file: da1.login, axfr: {address: 192.0.2.1, key-file: da1.tsig}}\n"
                "    - {name: da2, servername: two.test, url: 'https://192.0.2.2:2222', username: admin,\n"
                "       password-file: %1$s/da2.login}\n";

static int set_up_masters(void **state) {
        (void) set_up(state);
        write_config(*state, config);
        return 0;
}

/* ---- the pass in our place --------------------------------------------------------------------------------------- */

static DdnsPassOptions seen; /* of the last pass */
static char seen_secrets[3][128];

static int find_nothing(const DdnsConfig *c, const DdnsPassOptions *options, DdnsPass *ret,
                        DdnsMessage *message) {
        const DdnsReconcileMaster *m = c->reconcile.masters;
        const char *const secrets[] = { m[0].password_file, m[0].axfr.key_file, m[1].password_file };

        seen = *options;
        for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
                (void) snprintf(seen_secrets[i], sizeof seen_secrets[i], "%s", secrets[i]);
        *ret = (DdnsPass){ .started_usec = ddns_now_usec() - 1500 * USEC_PER_MSEC,
                           .ended_usec = ddns_now_usec(),
                           .dry_run = options->dry_run,
                           .masters = 2 };
        return 0;
}

/* da1 lists a zone that we lack and lacks two of ours; da2 is silent. */
static int find_much(const DdnsConfig *c, const DdnsPassOptions *options, DdnsPass *ret,
                     DdnsMessage *message) {
        DdnsListedMaster da1 = { .name = "da1" }, da2 = { .name = "da2" };
        DdnsMasterTally tallies[] = { { .owned = 20, .orphans = 11, .braked = DDNS_BRAKED_MANY },
                                      { 0 } };
        DdnsListedMaster masters[] = { da1, da2 };
        DdnsDecisions all = { .masters = tallies,
                              .first_master = masters,
                              .brake = { .percent = 5, .zones = 10 } };
        const DdnsDecision decisions[] = {
                { .kind = DDNS_DECISION_BRAKE, .zone = "a.test", .owner = &masters[0] },
                { .kind = DDNS_DECISION_FETCH, .zone = "b.test", .from = &masters[0] },
                { .kind = DDNS_DECISION_WAIT,
                  .zone = "c.test",
                  .owner = &masters[0],
                  .from = &masters[1] },
        };

        (void) find_nothing(c, options, ret, message);
        options->listed(&c->reconcile.masters[0], 0, NULL, 9, options->userdata);
        options->listed(&c->reconcile.masters[1], -ETIMEDOUT, "silent for 30s", 0, options->userdata);
        options->progress("fetching", 1, 2, options->userdata);
        for (size_t i = 0; i < ARRAY_SIZE(decisions); i++)
                options->decided(&all, &decisions[i], options->userdata);
        ret->unreachable = 1;
        ret->braked = 1;
        return 0;
}

static int be_at_work(const DdnsConfig *c, const DdnsPassOptions *options, DdnsPass *ret,
                      DdnsMessage *message) {
        return ddns_fail(message, -EBUSY, "locked");
}

static int lose_the_disk(const DdnsConfig *c, const DdnsPassOptions *options, DdnsPass *ret,
                         DdnsMessage *message) {
        return ddns_fail(message, -EIO, "the disk is gone");
}

static int end_early(const DdnsConfig *c, const DdnsPassOptions *options, DdnsPass *ret,
                     DdnsMessage *message) {
        (void) find_nothing(c, options, ret, message);
        ret->failed = true;
        (void) snprintf(ret->error, sizeof ret->error, "told to stop");
        return 0;
}

/* ---- reconcile --------------------------------------------------------------------------------------------------- */

static void a_pass_by_hand_asks_everybody_and_changes_what_it_may(void **state) {
        Fixture *f = *state;

        fake_pass = find_nothing;
        assert_int_equal(run(f, "reconcile", NULL), 0);
        assert_false(seen.dry_run);
        assert_false(seen.confirmed);
        assert_true(seen.heal);
        assert_true(seen.by_hand);
        assert_non_null(seen.stop);
        assert_int_equal(*seen.stop, 0);
        assert_true(has(f->out, "Took:  1.5s\n"));
        assert_null(strstr(f->out, "--confirm"));
        assert_null(strstr(f->out, "dry run."));
        assert_string_equal(f->err, "");
}

static void a_dry_run_and_a_confirmation_are_passed_on(void **state) {
        Fixture *f = *state;

        fake_pass = find_nothing;
        assert_int_equal(run(f, "reconcile", "--dry-run", NULL), 0);
        assert_true(seen.dry_run);
        assert_false(seen.confirmed);
        assert_true(has(f->out, "\nNothing was changed: this was a dry run.\n"));
        assert_int_equal(run(f, "reconcile", "--confirm", NULL), 0);
        assert_false(seen.dry_run);
        assert_true(seen.confirmed);
}

static void secrets_of_masters_are_looked_up_beside_the_configuration(void **state) {
        char wanted[160];
        Fixture *f = *state;

        fake_pass = find_nothing;
        assert_int_equal(run(f, "reconcile", NULL), 0);
        (void) snprintf(wanted, sizeof wanted, "%s/credentials/reconcile/da1.login", f->directory);
        assert_string_equal(seen_secrets[0], wanted);
        (void) snprintf(wanted, sizeof wanted, "%s/credentials/reconcile/da1.tsig", f->directory);
        assert_string_equal(seen_secrets[1], wanted);
        (void) snprintf(wanted, sizeof wanted, "%s/da2.login", f->directory);
        assert_string_equal(seen_secrets[2], wanted);
}

static void decisions_stand_in_a_table_with_their_reasons_below(void **state) {
        Fixture *f = *state;

        fake_pass = find_much;
        assert_int_equal(run(f, "reconcile", NULL), 1); /* a master failed */
        assert_true(has(f->out, "da1     one.test    listed      9\n"));
        assert_true(has(f->out, "da2     two.test    failed      0\n"));
        assert_true(has(f->out, "\nda2: silent for 30s\n"));
        assert_true(has(f->out, "a.test  brake     da1    -\n"));
        assert_true(has(f->out, "b.test  fetch     -      da1\n"));
        assert_true(has(f->out, "c.test  wait      da1    da2\n"));
        assert_true(has(f->out, "\na.test: kept by the brake: da1 lacks 11 of its 20 zones"));
        assert_true(has(f->out, "\nc.test: da1 lacks it for the first time, and it is listed by da2\n"));
        assert_null(strstr(f->out, "b.test: "));
        assert_true(has(f->out, "\n1 zone was kept. If it is right that they go: ddnsctl reconcile "
                                "--confirm\n"));
        assert_string_equal(f->err, ""); /* no progress where no terminal is */
}

static void a_pass_in_json_is_one_document(void **state) {
        Fixture *f = *state;

        fake_pass = find_much;
        assert_int_equal(run(f, "reconcile", "--json", NULL), 1);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        json_t *master = json_array_get(json_object_get(document, "masters"), 1);
        assert_string_equal(text_of(master, "state"), "failed");
        assert_string_equal(text_of(master, "error"), "silent for 30s");
        json_t *decisions = json_object_get(document, "decisions");
        assert_int_equal(json_array_size(decisions), 3);
        json_t *fetch = json_array_get(decisions, 1);
        assert_string_equal(text_of(fetch, "zone"), "b.test");
        assert_string_equal(text_of(fetch, "decision"), "fetch");
        assert_true(json_is_null(json_object_get(fetch, "owner")));
        assert_string_equal(text_of(fetch, "from"), "da1");
        assert_string_equal(text_of(fetch, "reason"), "da1 lists it, and it is not here");
        json_t *pass = json_object_get(document, "pass");
        assert_int_equal(number_of(pass, "braked"), 1);
        assert_int_equal(number_of(pass, "unreachable"), 1);
        assert_true(number_of(pass, "duration_usec") >= 1500000);
}

static void a_pass_that_could_not_end_is_a_failure(void **state) {
        Fixture *f = *state;

        fake_pass = be_at_work;
        assert_int_equal(run(f, "reconcile", NULL), 1);
        assert_string_equal(f->err, "ddnsctl: another pass is at work: try again when it has ended\n");
        fake_pass = lose_the_disk;
        assert_int_equal(run(f, "reconcile", NULL), 1);
        assert_string_equal(f->err, "ddnsctl: the disk is gone\n");
        fake_pass = end_early;
        assert_int_equal(run(f, "reconcile", NULL), 1);
        assert_true(has(f->out, "Error:  told to stop\n"));
}

static void without_masters_there_is_nobody_to_ask(void **state) {
        Fixture *f = *state;

        write_config(f, "state: {database: %1$s/ddns.db}\n");
        fake_pass = lose_the_disk;
        assert_int_equal(run(f, "reconcile", NULL), 1);
        assert_string_equal(f->err, "ddnsctl: no master is configured in reconcile.masters\n");
}

static void check_config_warns_of_what_no_master_can_be_asked_with(void **state) {
        char path[160];
        Fixture *f = *state;

        (void) unsetenv("CREDENTIALS_DIRECTORY");
        write_file(f, "da2.login", "secret\n");
        (void) snprintf(path, sizeof path, "%s/da2.login", f->directory);
        assert_int_equal(chmod(path, 0644), 0);
        assert_int_equal(chmod(f->directory, 0755), 0);
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_true(has(f->err, "warning: reconcile master da1: password-file: "));
        assert_true(has(f->err, "/credentials/reconcile/da1.login: No such file or directory\n"));
        assert_true(has(f->err, "/credentials/reconcile/da1.tsig: No such file or directory\n"));
        assert_true(has(f->err, "reconcile master da2: password-file: "));
        assert_true(has(f->err, " is readable by everybody: chmod 600 "));
        assert_null(strstr(f->err, "in clear"));

        write_config(f, "reconcile: {masters: [{name: x, servername: x, url: 'http://x', username: u,\n"
                        "  password-file: /dev/null, tls: {ca: /home/ca.pem}}]}\n");
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_true(has(f->err, "reconcile master x: tls means nothing for a url with http\n"));
        assert_true(has(f->err,
                        "reconcile master x: the password crosses the network in clear: use https\n"));
        assert_true(has(f->err, "/home/ca.pem: ddns-reconcile.service sees nothing below /home/"));
}

static void progress_says_how_far_it_is(void **state) {
        char line[DDNS_PROGRESS_MAX];

        ddns_progress_format("fetching", 0, 0, line);
        assert_string_equal(line, "fetching: 0");
        ddns_progress_format("fetching", 5, 10, line);
        assert_string_equal(line, "fetching [##########..........]  50% 5/10");
        ddns_progress_format("fetching", 11, 10, line);
        assert_string_equal(line, "fetching [####################] 100% 10/10");
        ddns_progress_format("a\033[31m", 1, 3, line);
        assert_true(has(line, "a\\x1b[31m [#######.............]  33% 1/3"));
}

/* ---- status ------------------------------------------------------------------------------------------------------ */

static void status_shows_the_last_pass_and_the_masters_it_asked(void **state) {
        const uint64_t now = ddns_now_usec();
        const DdnsPass pass = { .started_usec = now - 70 * USEC_PER_SEC,
                                .ended_usec = now - 60 * USEC_PER_SEC,
                                .failed = true,
                                .masters = 2,
                                .unreachable = 1,
                                .deleted = 7,
                                .error = "told to stop" };
        const DdnsMasterHealth refused = { .failures = 3,
                                           .refused = true,
                                           .since_usec = now - 7200 * USEC_PER_SEC,
                                           .due_usec = now + 7300 * USEC_PER_SEC,
                                           .error = "the login was refused" };
        Fixture *f = *state;

        assert_int_equal(run(f, "status", NULL), 0);
        assert_null(strstr(f->out, "LAST PASS"));
        assert_true(has(f->out, "da1    one.test    not asked"));

        assert_int_equal(ddns_store_add_pass(f->store, &pass), 0);
        assert_int_equal(ddns_store_set_master_health(f->store, "da1", &refused), 0);
        assert_int_equal(run(f, "status", NULL), 0);
        assert_true(has(f->out, "1min ago    10s "));
        assert_true(has(f->out, "\nthe pass ended early: told to stop\n"));
        assert_true(has(f->out, "da1    one.test    refused           3  2h ago  in 2h\n"));
        assert_true(has(f->out, "\nda1: the login was refused\n"));
        for (const char *line = f->out; *line; line += strcspn(line, "\n") + 1)
                assert_true(strcspn(line, "\n") <= 80);

        assert_int_equal(run(f, "status", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        assert_int_equal(number_of(json_object_get(document, "last_pass"), "deleted"), 7);
        json_t *master = json_array_get(json_object_get(document, "asked"), 0);
        assert_string_equal(text_of(master, "state"), "refused");
        assert_string_equal(text_of(master, "last_error"), "the login was refused");
        assert_true(json_is_true(json_object_get(master, "axfr")));
}

static void backends_tells_what_the_last_comparison_found(void **state) {
        const DdnsComparison found = { .ended_usec = ddns_now_usec() - 70 * USEC_PER_SEC,
                                       .compared = 100,
                                       .differed = 3,
                                       .foreign = 4,
                                       .error = "192.0.2.53 was silent" };
        Fixture *f = *state;

        assert_int_equal(run(f, "backends", NULL), 0);
        assert_null(strstr(f->out, "compared"));
        assert_int_equal(ddns_store_set_comparison(f->store, "files", &found), 0);
        assert_int_equal(run(f, "backends", NULL), 0);
        assert_true(has(f->out, "\nfiles: compared 1min ago: 3 of 100 zones differed, 4 are not ours; "
                                "192.0.2.53 was silent\n"));
        assert_int_equal(run(f, "backends", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        json_t *files = json_array_get(document, 1);
        assert_int_equal(number_of(files, "differed"), 3);
        assert_int_equal(number_of(files, "compared_zones"), 100);
        assert_string_equal(text_of(files, "compare_error"), "192.0.2.53 was silent");
}

/* ---- restore ----------------------------------------------------------------------------------------------------- */

static void give(Fixture *f, const char *zone, const char *owner) {
        ddns_cleanup(ddns_freep) char *content = NULL;
        DdnsZoneRow row;

        push(f, zone);
        assert_int_equal(ddns_store_get_zone(f->store, zone, &row, &content), 0);
        DdnsChange change = { .kind = DDNS_CHANGE_SAVE,
                              .zone = zone,
                              .content = content,
                              .size = strlen(content),
                              .digest = row.digest,
                              .serial = row.serial,
                              .hostname = owner,
                              .username = "joe" };
        assert_int_equal(ddns_store_accept(f->store, &change, 1, ddns_now_usec()), 0);
}

static void a_deleted_zone_comes_back_with_its_owner(void **state) {
        ddns_cleanup(ddns_freep) char *before = NULL;
        Fixture *f = *state;
        DdnsZoneRow row;

        give(f, "example.org", "one.test");
        assert_int_equal(run(f, "cat", "example.org", NULL), 0);
        before = strdup(f->out);
        assert_int_equal(run(f, "delete", "example.org", NULL), 0);
        ddns_cleanup(ddns_closep) int wake = listen_for_wake(f);
        assert_int_equal(run(f, "restore", "Example.ORG.", NULL), 0);
        assert_string_equal(f->out, "example.org: restored with serial 2026010100, generation 3.\n");
        assert_true(has(f->err, "hint: example.org belongs to one.test: if it is not there"));
        assert_true(was_woken(wake));

        assert_int_equal(run(f, "cat", "example.org", NULL), 0);
        assert_string_equal(f->out, before);
        assert_int_equal(ddns_store_get_zone(f->store, "example.org", &row, NULL), 0);
        assert_string_equal(row.hostname, "one.test");
        assert_string_equal(row.username, "joe");
        assert_string_equal(row.master, "ddnsctl");
}

static void what_is_there_or_was_never_there_is_not_restored(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;

        push(f, "here.test");
        push(f, "gone.test");
        assert_int_equal(run(f, "delete", "gone.test", NULL), 0);
        assert_int_equal(run(f, "restore", "here.test", "never.test", "gone.test", "--json", NULL), 1);
        assert_true(has(f->err, "ddnsctl: here.test: is not deleted\n"));
        assert_true(has(f->err, "ddnsctl: never.test: history has no version of it\n"));
        assert_null(strstr(f->err, "belongs to"));
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        assert_int_equal(json_array_size(document), 1);
        assert_string_equal(text_of(json_array_get(document, 0), "zone"), "gone.test");
        assert_int_equal(ddns_store_get_zone(f->store, "here.test", &row, NULL), 0);
        assert_int_equal(row.generation, 1);
}

#define WITH_MASTERS(test) cmocka_unit_test_setup_teardown(test, set_up_masters, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_MASTERS(a_pass_by_hand_asks_everybody_and_changes_what_it_may),
                WITH_MASTERS(a_dry_run_and_a_confirmation_are_passed_on),
                WITH_MASTERS(secrets_of_masters_are_looked_up_beside_the_configuration),
                WITH_MASTERS(decisions_stand_in_a_table_with_their_reasons_below),
                WITH_MASTERS(a_pass_in_json_is_one_document),
                WITH_MASTERS(a_pass_that_could_not_end_is_a_failure),
                WITH_MASTERS(without_masters_there_is_nobody_to_ask),
                WITH_MASTERS(check_config_warns_of_what_no_master_can_be_asked_with),
                cmocka_unit_test(progress_says_how_far_it_is),
                WITH_MASTERS(status_shows_the_last_pass_and_the_masters_it_asked),
                WITH_MASTERS(backends_tells_what_the_last_comparison_found),
                WITH_MASTERS(a_deleted_zone_comes_back_with_its_owner),
                WITH_MASTERS(what_is_there_or_was_never_there_is_not_restored),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
