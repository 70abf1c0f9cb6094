/* SPDX-License-Identifier: MIT */
/* ddnsctl through its library entry, on a database of its own: JSON shapes, exit codes, and what each verb does. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "basic/clock.h"
#include "config/config.h"
#include "ctl-fixture.h"
#include "ctl/ctl.h"
#include "ctl/listing.h"
#include "store/store.h"
#include "test.h"

/* ---- command line, configuration, database ----------------------------------------------------------------------- */

static void a_wrong_command_line_is_a_usage_error(void **state) {
        /* clang-format off */
        static const char *const lines[][4] = {
                { NULL },
                { "no-such-verb" },
                { "status", "operand" },
                { "zones", "a", "b" },
                { "show" },
                { "show", "a", "b" },
                { "push", "example.org" },
                { "delete" },
                { "check-zone", "example.org" },
                { "status", "--dead" },
                { "cat", "example.org", "--dead" },
                { "zones", "--backend=files" },
                { "delete", "example.org", "--urgent" },
                { "backends", "files" },
                { "resync" },
                { "resync", "files", "asked" },
                { "resync", "files", "--no-legend" },
                { "check-backend" },
                { "reconcile", "example.org" },
                { "reconcile", "--dead" },
                { "status", "--confirm" },
                { "verify", "--dry-run" },
                { "restore" },
        };
        /* clang-format on */
        Fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
                assert_int_equal(run(f, lines[i][0], lines[i][1], lines[i][2], NULL), 2);
                assert_true(has(f->err, "Usage: ddnsctl [OPTION...]"));
                assert_string_equal(f->out, "");
        }
}

static void a_bad_configuration_exits_with_78_and_all_its_lines(void **state) {
        /* clang-format off */
        static const char *const verbs[][3] = { { "status" }, { "check-config" }, { "check-zone", "example.org", "-" } };
        /* clang-format on */
        Fixture *f = *state;

        write_config(f, "no-such-key: 1\nqueue: {batch: -1}\n");
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
                assert_int_equal(run(f, verbs[i][0], verbs[i][1], verbs[i][2], NULL), DDNS_EXIT_CONFIG);
                assert_true(has(f->err, "ddns.yaml:1:"));
                assert_true(has(f->err, "ddns.yaml:2:"));
        }
        assert_int_equal(unlink(f->config), 0);
        assert_int_equal(run(f, "status", NULL), DDNS_EXIT_CONFIG);
        assert_true(has(f->err, "ddns.yaml: No such file or directory"));
}

static void a_missing_database_is_explained_and_not_made(void **state) {
        /* clang-format off */
        static const char *const lines[][3] = { { "status" },
                                                { "zones" },
                                                { "show", "example.org" },
                                                { "queue" },
                                                { "push", "example.org", "-" },
                                                { "delete", "example.org" },
                                                { "backends" },
                                                { "resync", "files" },
                                                { "retry" },
                                                { "verify" },
                                                { "reconcile" },
                                                { "restore", "example.org" } };
        /* clang-format on */
        Fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
                assert_int_equal(run(f, lines[i][0], lines[i][1], lines[i][2], NULL), 1);
                assert_true(has(f->err, "no database at "));
                assert_true(has(f->err, "systemctl enable --now ddns.socket"));
                assert_int_equal(access(f->database, F_OK), -1);
        }
}

static void a_file_that_is_no_database_is_left_alone(void **state) {
        Fixture *f = *state;

        write_file(f, "ddns.db",
                   "This is a text that is long enough to be taken for a database header, but is none.\n"
                   "This is a text that is long enough to be taken for a database header, but is "
                   "none.\n");
        assert_int_equal(run(f, "status", NULL), 1);
        assert_true(has(f->err, "ddns.db"));
}

/* Only root can become somebody else; anybody else is denied by the directory's mode alone. */
static void without_access_the_group_is_named(void **state) {
        Fixture *f = *state;

        assert_int_equal(chmod(f->database, 0600), 0);
        assert_int_equal(chmod(f->directory, 0711), 0);
        assert_int_equal(chmod(f->config, 0644), 0);
        if (geteuid() != 0)
                assert_int_equal(chmod(f->database, 0), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
                        _exit(100);
                int status = run(f, "status", NULL);
                _exit(status == 1 && strstr(f->err, "run as root or as a member of group ddns") ? 0
                                                                                                : 101);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

static void output_that_gets_lost_is_a_failure(void **state) {
        Fixture *f = *state;
        FILE *full = fopen("/dev/full", "we");

        assert_non_null(full);
        assert_int_equal(run_to(f, full, "zones", NULL), 1);
        assert_true(has(f->err, "cannot write the output: No space left on device"));
        (void) fclose(full);
}

static void a_reader_that_went_away_is_a_quiet_failure(void **state) {
        Fixture *f = *state;
        int fds[2];

        (void) signal(SIGPIPE, SIG_IGN);
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        (void) close(fds[0]);
        FILE *out = fdopen(fds[1], "w");
        assert_int_equal(run_to(f, out, "zones", NULL), 1);
        assert_string_equal(f->err, "");
        (void) fclose(out);
}

/* ---- pushing ----------------------------------------------------------------------------------------------------- */

static void a_push_is_stored_in_canonical_form_and_wakes(void **state) {
        Fixture *f = *state;
        ddns_cleanup(ddns_closep) int wake = listen_for_wake(f);

        f->input = ZONE;
        assert_int_equal(run(f, "push", "Example.ORG.", "-", NULL), 0);
        assert_string_equal(f->out, "example.org: saved, generation 1.\n");
        assert_string_equal(f->err, "");
        assert_true(was_woken(wake));

        assert_int_equal(run(f, "cat", "example.org", NULL), 0);
        assert_true(has(f->out, "example.org.\t3600\tIN\tNS\tns1.host.test.\n"));
        assert_true(has(f->out, "www.example.org.\t300\tIN\tA\t192.0.2.1\n"));

        assert_int_equal(run(f, "push", "example.org", "-", "--urgent", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        assert_string_equal(text_of(document, "zone"), "example.org");
        assert_string_equal(text_of(document, "outcome"), "unchanged");
        assert_int_equal(number_of(document, "generation"), 1);

        DdnsZoneRow row;
        assert_int_equal(ddns_store_get_zone(f->store, "example.org", &row, NULL), 0);
        assert_true(row.urgent);
        assert_string_equal(row.master, "ddnsctl");
        assert_string_equal(row.hostname, "");
}

static void a_push_from_a_file_without_a_listener_gives_a_hint(void **state) {
        char path[160];
        Fixture *f = *state;

        write_file(f, "zone.file", ZONE "www.elsewhere.test. 60 IN A 192.0.2.9\n");
        (void) snprintf(path, sizeof path, "%s/zone.file", f->directory);
        assert_int_equal(run(f, "push", "example.org", path, NULL), 0);
        assert_true(has(f->err, "warning: example.org: records left out: 1"));
        assert_true(has(f->err, "hint: could not wake ddns-retry"));
        assert_int_equal(run(f, "push", "example.org", f->directory, NULL), 1);
        assert_true(has(f->err, "Is a directory"));
        assert_int_equal(run(f, "push", "example.org", "/nowhere/zone", NULL), 1);
        assert_true(has(f->err, "/nowhere/zone: No such file or directory"));
}

static void a_refused_push_changes_nothing(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;

        f->input = "@ 3600 IN NS ns1.host.test.\n";
        assert_int_equal(run(f, "push", "example.org", "-", NULL), 1);
        assert_true(has(f->err, "example.org: refused: "));
        f->input = "";
        assert_int_equal(run(f, "push", "example.org", "-", NULL), 1);
        f->input = ZONE;
        assert_int_equal(run(f, "push", "../etc", "-", NULL), 1);
        assert_true(has(f->err, "'../etc' is no zone name: "));
        assert_int_equal(ddns_store_get_zone(f->store, "example.org", &row, NULL), -ENOENT);
}

static void a_file_beyond_the_limit_is_refused(void **state) {
        Fixture *f = *state;
        char big[1026] = "";

        write_config(f, "receiver: {max-body-kib: 1}\nstate: {database: %1$s/ddns.db}\n");
        memset(big, ';', 1025);
        f->input = big;
        assert_int_equal(run(f, "push", "example.org", "-", NULL), 1);
        assert_true(has(f->err, "longer than 1 KiB (receiver.max-body-kib)"));
        big[1024] = '\0';
        assert_int_equal(run(f, "push", "example.org", "-", NULL), 1);
        assert_true(has(f->err, "refused"));
}

static void a_delete_says_which_zones_are_unknown(void **state) {
        Fixture *f = *state;
        ddns_cleanup(ddns_closep) int wake = listen_for_wake(f);

        push(f, "a.test");
        push(f, "b.test");
        assert_int_equal(run(f, "delete", "a.test", "unknown.test", "b.test", NULL), 1);
        assert_string_equal(f->out, "a.test: deleted, generation 3.\nb.test: deleted, generation 4.\n");
        assert_string_equal(f->err, "ddnsctl: unknown.test: unknown zone\n");
        assert_true(was_woken(wake));

        assert_int_equal(run(f, "cat", "a.test", NULL), 1);
        assert_true(has(f->err, "a.test: the zone was deleted"));
        assert_int_equal(run(f, "delete", "--json", "a.test", NULL), 1);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        assert_string_equal(text_of(json_array_get(document, 0), "outcome"), "unknown");
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

static void zones_are_listed_by_pattern(void **state) {
        Fixture *f = *state;

        push(f, "a.example");
        push(f, "b.example");
        push(f, "c.test");
        assert_int_equal(run(f, "zones", NULL), 0);
        assert_true(has(f->out, "ZONE "));
        assert_true(has(f->out, "\n3 zones listed.\n"));
        assert_int_equal(run(f, "zones", "C*", NULL), 0);
        assert_true(has(f->out, "\n1 zone listed.\n"));
        assert_int_equal(run(f, "zones", "nothing*", NULL), 0);
        assert_string_equal(f->out, "0 zones listed.\n");
        assert_int_equal(run(f, "zones", "--no-legend", "*.example", NULL), 0);
        assert_int_equal(strncmp(f->out, "a.example ", 10), 0);
        assert_null(strstr(f->out, "listed"));

        assert_int_equal(run(f, "zones", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        assert_int_equal(json_array_size(document), 3);
        json_t *zone = json_array_get(document, 0);
        assert_string_equal(text_of(zone, "zone"), "a.example");
        assert_int_equal(number_of(zone, "serial"), 2026010100);
        assert_int_equal(number_of(zone, "generation"), 1);
        assert_true(number_of(zone, "changed_usec") > 0);
        assert_int_equal(strlen(text_of(zone, "changed")), strlen("2027-01-15T08:00:00.000042Z"));
        assert_int_equal(strlen(text_of(zone, "digest")), 64);
        assert_true(json_is_null(json_object_get(zone, "hostname")));
}

static void show_tells_the_state_on_each_backend(void **state) {
        Fixture *f = *state;

        assert_int_equal(run(f, "show", "example.org", NULL), 1);
        assert_true(has(f->err, "example.org: unknown zone"));
        push(f, "example.org");
        deliver(f, "asked", NULL, 1);
        deliver(f, "files", "refused: \033[31mbad", 1);
        assert_int_equal(run(f, "show", "example.org", NULL), 0);
        assert_true(has(f->out, "Zone:  example.org\n"));
        assert_true(has(f->out, "By:  ddnsctl\n"));
        assert_true(has(f->out, "asked    served"));
        assert_true(has(f->out, "files    deferred      1  in 1min\n"));
        assert_true(has(f->out, "\n\nfiles: refused: \\x1b[31mbad\n\n2 backends"));

        assert_int_equal(run(f, "show", "example.org", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        assert_true(json_is_false(json_object_get(document, "deleted")));
        json_t *backend = json_array_get(json_object_get(document, "backends"), 1);
        assert_string_equal(text_of(backend, "backend"), "files");
        assert_string_equal(text_of(backend, "state"), "deferred");
        assert_int_equal(number_of(backend, "tries"), 1);
        assert_true(number_of(backend, "due_usec") > 0);
        assert_string_equal(text_of(backend, "last_error"), "refused: \033[31mbad");
}

static void without_a_name_server_to_ask_a_delivery_is_written(void **state) {
        Fixture *f = *state;

        push(f, "example.org");
        deliver(f, "files", NULL, 1);
        assert_int_equal(run(f, "show", "example.org", NULL), 0);
        assert_true(has(f->out, "asked    pending"));
        assert_true(has(f->out, "files    written"));
}

static void the_queue_is_what_is_not_delivered(void **state) {
        Fixture *f = *state;

        push(f, "dead.test");
        deliver(f, "files", "no", 0);
        push(f, "new.test");
        assert_int_equal(run(f, "queue", NULL), 0);
        assert_true(has(f->out, "\n4 deliveries listed.\n3 pending, 0 written, 0 deferred, 1 dead.\n"));
        assert_int_equal(run(f, "queue", "--dead", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *dead = parse(f->out);
        assert_int_equal(json_array_size(dead), 1);
        json_t *row = json_array_get(dead, 0);
        assert_string_equal(text_of(row, "zone"), "dead.test");
        assert_string_equal(text_of(row, "backend"), "files");
        assert_string_equal(text_of(row, "change"), "save");
        assert_string_equal(text_of(row, "state"), "dead");
        assert_string_equal(text_of(row, "last_error"), "no");
        assert_true(json_is_null(json_object_get(row, "due_usec")));
        assert_true(number_of(row, "since_usec") > 0);
        assert_int_equal(run(f, "queue", "--backend=asked", "--no-legend", NULL), 0);
        assert_null(strstr(f->out, "files"));
        assert_non_null(strstr(f->out, "asked"));
}

/* Records all that is due on `backend` as `result` says. */
static void record(Fixture *f, const char *backend, DdnsResult result) {
        static const uint64_t backoff[] = { 90 * USEC_PER_SEC };
        const DdnsSchedule schedule = { backoff, 1 };
        ddns_cleanup(ddns_batch_done) DdnsBatch batch = DDNS_BATCH_NULL;

        assert_int_equal(ddns_store_take_batch(f->store, backend, ddns_now_usec(), 8, &batch), 0);
        for (size_t i = 0; i < batch.n; i++) {
                result.zone = batch.deliveries[i].zone;
                result.generation = batch.deliveries[i].generation;
                assert_int_equal(ddns_store_record(f->store, backend, &result, 1, ddns_now_usec(),
                                                   &schedule),
                                 0);
        }
}

static void what_is_written_and_not_served_yet_is_in_show_and_queue(void **state) {
        Fixture *f = *state;

        push(f, "example.org");
        record(f, "asked", (DdnsResult){ .written = true, .error = "no answer" });
        assert_int_equal(run(f, "show", "example.org", NULL), 0);
        assert_true(has(f->out, "asked    written      0  -\n"));
        assert_true(has(f->out, "\n\nasked: no answer\n\n"));
        assert_int_equal(run(f, "queue", NULL), 0);
        assert_true(has(f->out, "\n1 pending, 1 written, 0 deferred, 0 dead.\n"));
        assert_true(has(f->out, "\n\nexample.org on asked: no answer\n\n"));
        assert_int_equal(run(f, "queue", "--backend=asked", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        assert_int_equal(json_array_size(document), 1);
        assert_string_equal(text_of(json_array_get(document, 0), "state"), "written");
        assert_string_equal(text_of(json_array_get(document, 0), "last_error"), "no answer");
}

static void what_waits_for_a_backend_that_is_down_tells_why(void **state) {
        static const uint64_t backoff[] = { 120 * USEC_PER_SEC };
        const DdnsSchedule schedule = { backoff, 1 };
        Fixture *f = *state;
        uint64_t due, was_down;

        push(f, "example.org");
        assert_int_equal(ddns_store_backend_failed(f->store, "asked", "disk is gone", ddns_now_usec(),
                                                   &schedule, &due),
                         0);
        assert_int_equal(run(f, "show", "example.org", NULL), 0);
        assert_true(has(f->out, "asked    pending      0  in 1min\n"));
        assert_true(has(f->out, "files    pending      0  -\n\nasked: disk is gone\n\n"));
        push(f, "example.net");
        assert_int_equal(run(f, "queue", NULL), 0);
        assert_true(has(f->out, "-\n\nasked: disk is gone\n\n4 deliveries")); /* once for both zones */
        assert_int_equal(run(f, "queue", "--backend=asked", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        assert_string_equal(text_of(json_array_get(document, 0), "last_error"), "disk is gone");
        assert_int_equal(number_of(json_array_get(document, 0), "due_usec"), (json_int_t) due);

        assert_int_equal(ddns_store_backend_answered(f->store, "asked", ddns_now_usec(), &was_down), 0);
        record(f, "asked", (DdnsResult){ 0 });
        assert_int_equal(ddns_store_backend_failed(f->store, "asked", "disk is gone", ddns_now_usec(),
                                                   &schedule, &due),
                         0);
        assert_int_equal(run(f, "show", "example.org", NULL), 0);
        assert_null(strstr(f->out, "disk is gone")); /* it has nothing to do with this zone */
}

static void show_warns_of_what_a_backend_does_not_serve(void **state) {
        Fixture *f = *state;

        push(f, "example.org");
        record(f, "asked", (DdnsResult){ .warning = "left out: 2 RRSIG" });
        assert_int_equal(run(f, "show", "example.org", NULL), 0);
        assert_true(has(f->out, "\n\nasked: warning: left out: 2 RRSIG\n\n"));
        assert_int_equal(run(f, "show", "example.org", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        json_t *backends = json_object_get(document, "backends");
        assert_string_equal(text_of(json_array_get(backends, 0), "warning"), "left out: 2 RRSIG");
        assert_true(json_is_null(json_object_get(json_array_get(backends, 1), "warning")));
}

static void backends_tells_all_about_each(void **state) {
        static const uint64_t backoff[] = { 120 * USEC_PER_SEC };
        const DdnsSchedule schedule = { backoff, 1 };
        Fixture *f = *state;
        uint64_t due, was_down;

        push(f, "a.test");
        push(f, "b.test");
        assert_int_equal(ddns_store_backend_answered(f->store, "asked", ddns_now_usec(), &was_down), 0);
        record(f, "asked", (DdnsResult){ .delay_usec = 12500 });
        push(f, "c.test");
        record(f, "asked", (DdnsResult){ .written = true, .error = "192.0.2.53 answers no queries" });
        assert_int_equal(ddns_store_backend_failed(f->store, "files", "disk is gone", ddns_now_usec(),
                                                   &schedule, &due),
                         0);

        assert_int_equal(run(f, "backends", NULL), 0);
        assert_true(has(f->out, "BACKEND  STATE    PENDING"));
        assert_true(has(f->out, "WRITTEN  DEFERRED  DEAD"));
        assert_true(has(f->out, "  12ms "));
        assert_true(has(f->out,
                        "\nfiles    down 0s        3        0         0     0      0s      -       0\n"));
        assert_true(has(f->out, "\nfiles: disk is gone; next try in 1min\n"));
        assert_true(has(f->out, "\n2 backends listed.\n"));

        assert_int_equal(run(f, "backends", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        json_t *asked = json_array_get(document, 0), *files = json_array_get(document, 1);
        assert_string_equal(text_of(asked, "backend"), "asked");
        assert_string_equal(text_of(asked, "state"), "up");
        assert_int_equal(number_of(asked, "cursor"), 3);
        assert_int_equal(number_of(asked, "pending"), 0);
        assert_int_equal(number_of(asked, "written"), 1);
        assert_int_equal(number_of(asked, "delay_usec"), 12500);
        assert_string_equal(text_of(asked, "last_error"), "192.0.2.53 answers no queries");
        assert_string_equal(text_of(files, "state"), "down");
        assert_int_equal(number_of(files, "pending"), 3);
        assert_int_equal(number_of(files, "cursor"), 0);
        assert_int_equal(number_of(files, "due_usec"), (json_int_t) due);
        assert_true(number_of(files, "since_usec") > 0);
        assert_true(number_of(files, "oldest_usec") > 0);
        assert_true(json_is_null(json_object_get(files, "delay_usec")));

        /* status says less to people and the same to programs */
        assert_int_equal(run(f, "status", NULL), 0);
        assert_null(strstr(f->out, "CURSOR"));
        assert_true(has(f->out, "PENDING  WRITTEN  DEFERRED"));
        assert_true(has(f->out, "\nasked: 192.0.2.53 answers no queries\n"));
        assert_int_equal(run(f, "status", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *status = parse(f->out);
        assert_true(json_equal(json_object_get(status, "backends"), document));
}

static void a_resync_puts_every_zone_back_and_wakes(void **state) {
        Fixture *f = *state;
        ddns_cleanup(ddns_closep) int wake = listen_for_wake(f);

        push(f, "a.test");
        push(f, "b.test");
        deliver(f, "files", NULL, 1);
        deliver(f, "asked", NULL, 1);
        while (was_woken(wake))
                ;
        assert_int_equal(run(f, "resync", "files", NULL), 0);
        assert_string_equal(f->out, "files: 2 zones will be delivered again.\n");
        assert_true(was_woken(wake));
        assert_int_equal(run(f, "queue", NULL), 0);
        assert_true(has(f->out, "\n2 deliveries listed.\n2 pending, "));
        assert_null(strstr(f->out, "asked"));

        assert_int_equal(run(f, "resync", "asked", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        assert_string_equal(text_of(document, "backend"), "asked");
        assert_int_equal(number_of(document, "zones"), 2);

        assert_int_equal(run(f, "resync", "nobody", NULL), 1);
        assert_true(has(f->err, "no backend 'nobody' is configured"));
        assert_int_equal(ddns_store_set_backends(f->store, NULL, 0), 0);
        assert_int_equal(run(f, "resync", "files", NULL), 1);
        assert_true(has(f->err, "backend 'files' is new"));
}

static void retry_puts_back_what_failed(void **state) {
        Fixture *f = *state;
        ddns_cleanup(ddns_closep) int wake = listen_for_wake(f);

        push(f, "a.test");
        push(f, "b.test");
        deliver(f, "files", "no", 0);
        deliver(f, "asked", "not now", 1);
        while (was_woken(wake))
                ;
        assert_int_equal(run(f, "retry", "--dead", "a.test", NULL), 0);
        assert_string_equal(f->out, "1 delivery put back.\n");
        assert_true(was_woken(wake));
        assert_int_equal(run(f, "retry", "--backend=asked", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        assert_int_equal(number_of(document, "retried"), 2);
        assert_int_equal(run(f, "retry", "b.test", "unknown.test", NULL), 1);
        assert_true(has(f->err, "unknown.test: unknown zone"));
        assert_int_equal(run(f, "retry", "--backend=nobody", NULL), 1);
        assert_true(has(f->err, "no backend 'nobody' is configured"));

        assert_int_equal(run(f, "queue", "--dead", "--no-legend", NULL), 0);
        assert_string_equal(f->out, "");
}

static void retry_says_which_backends_are_tried_now(void **state) {
        static const uint64_t backoff[] = { 120 * USEC_PER_SEC };
        const DdnsSchedule schedule = { backoff, 1 };
        Fixture *f = *state;
        uint64_t due;

        assert_int_equal(ddns_store_backend_failed(f->store, "asked", "gone", ddns_now_usec(), &schedule,
                                                   &due),
                         0);
        assert_int_equal(run(f, "retry", NULL), 0);
        assert_string_equal(f->out, "0 deliveries put back.\n"); /* nothing waits for it */
        push(f, "a.test");
        assert_int_equal(run(f, "retry", "--backend=files", NULL), 0);
        assert_string_equal(f->out, "0 deliveries put back.\n");
        assert_int_equal(run(f, "retry", "--backend=asked", NULL), 0);
        assert_string_equal(f->out, "asked is down: its next try is due now, for 1 zone.\n");
        assert_int_equal(run(f, "retry", "a.test", NULL), 0);
        assert_string_equal(
                        f->out,
                        "2 deliveries put back.\nasked is down: its next try is due now, for 1 zone.\n");

        assert_int_equal(run(f, "retry", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        json_t *tried = json_object_get(document, "tried");
        assert_int_equal(json_array_size(tried), 1);
        assert_string_equal(json_string_value(json_array_get(tried, 0)), "asked");
}

/* A process that is ddns-retry at its first meeting with the backends, again and again. */
static pid_t meet_and_forget(const Fixture *f) {
        static const DdnsStoreOptions options = { .busy_usec = USEC_PER_SEC,
                                                  .history = 3,
                                                  .rejected = 5 };
        static const DdnsStoreBackend backends[] = { { "asked", "a" }, { "files", "f" } };
        pid_t pid = fork();
        DdnsStore *store;

        assert_true(pid >= 0);
        if (pid > 0)
                return pid;
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (ddns_store_open(f->database, &options, &store, NULL) < 0)
                _exit(1);
        while (ddns_store_set_backends(store, backends, 0) == 0 &&
               ddns_store_set_backends(store, backends, ARRAY_SIZE(backends)) == 0)
                ;
        _exit(1);
}

static void a_backend_is_listed_once_while_it_is_first_met(void **state) {
        Fixture *f = *state;

        push(f, "example.org");
        pid_t pid = meet_and_forget(f);
        for (size_t i = 0; i < 150; i++) {
                assert_int_equal(run(f, "backends", "--json", NULL), 0);
                ddns_cleanup(ddns_json_decrefp) json_t *backends = parse(f->out);
                assert_int_equal(json_array_size(backends), 2);
                assert_int_equal(run(f, "show", "example.org", "--json", NULL), 0);
                ddns_cleanup(ddns_json_decrefp) json_t *zone = parse(f->out);
                assert_int_equal(json_array_size(json_object_get(zone, "backends")), 2);
        }
        assert_int_equal(waitpid(pid, NULL, WNOHANG), 0); /* it was at it all the time */
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* As wide as it gets within reason. */
static void every_table_fits_80_columns(void **state) {
        static const char *const verbs[] = { "backends", "status", "queue", "show" };
        static const uint64_t backoff[] = { 1800 * USEC_PER_SEC };
        static const DdnsStoreBackend backends[] = { { "coredns-fra", "a" }, { "bind", "f" } };
        const DdnsSchedule schedule = { backoff, 1 };
        const uint64_t before = ddns_now_usec() - 3599 * USEC_PER_SEC;
        Fixture *f = *state;
        uint64_t due;

        push(f, "customer-shop.example.com");
        assert_int_equal(ddns_store_set_backends(f->store, backends, ARRAY_SIZE(backends)), 0);
        record(f, "coredns-fra", (DdnsResult){ .delay_usec = 850, .warning = "left out: 2 RRSIG" });
        push(f, "other-customer.example.com");
        deliver(f, "bind", "127.0.0.1@953: rndc: 'addzone' failed: no matching view in class: not found",
                1);
        assert_int_equal(ddns_store_backend_failed(
                                         f->store, "coredns-fra",
                                         "database 10.0.0.80:3306: Connection refused (error 2002)",
                                         before, &schedule, &due),
                         0);
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
                assert_int_equal(run(f, verbs[i], i == 3 ? "customer-shop.example.com" : NULL, NULL), 0);
                for (char *line = strtok(f->out, "\n"); line; line = strtok(NULL, "\n"))
                        if (strlen(line) > 80 && !strstr(line, ": ")) /* one of words may be longer */
                                fail_msg("%s: %zu columns: %s", verbs[i], strlen(line), line);
        }
}

static void status_shows_backends_masters_and_refusals(void **state) {
        static const uint64_t backoff[] = { 120 * USEC_PER_SEC };
        const DdnsSchedule schedule = { backoff, 1 };
        /* clang-format off */
        DdnsChange changes[] = {
                { .kind = DDNS_CHANGE_CONTACT, .master = "da1", .hostname = "server1.test", .client = "192.0.2.10" },
                { .kind = DDNS_CHANGE_REJECT, .zone = "bad.test", .master = "da1", .client = "192.0.2.10",
                  .reason = "line 12: no TTL" },
        };
        /* clang-format on */
        Fixture *f = *state;
        uint64_t due;

        push(f, "example.org");
        assert_int_equal(ddns_store_accept(f->store, changes, ARRAY_SIZE(changes), ddns_now_usec()), 0);
        assert_int_equal(ddns_store_backend_failed(f->store, "asked", "connection refused",
                                                   ddns_now_usec(), &schedule, &due),
                         0);
        assert_int_equal(run(f, "status", NULL), 0);
        assert_true(has(f->out, "Zones:  1\n"));
        assert_true(has(f->out, "Refused in 24h:  1\n"));
        assert_true(has(f->out, "\nasked: connection refused; next try in 1min\n"));
        assert_true(has(f->out, "server1.test"));
        assert_true(has(f->out, "\n\nbad.test: line 12: no TTL\n"));

        assert_int_equal(run(f, "status", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        assert_int_equal(number_of(document, "zones"), 1);
        assert_int_equal(number_of(document, "generation"), 1);
        assert_int_equal(number_of(document, "refused_recently"), 1);
        json_t *backend = json_array_get(json_object_get(document, "backends"), 0);
        assert_string_equal(text_of(backend, "backend"), "asked");
        assert_string_equal(text_of(backend, "state"), "down");
        assert_int_equal(number_of(backend, "pending"), 1);
        assert_int_equal(number_of(backend, "due_usec"), (json_int_t) due);
        assert_true(number_of(backend, "oldest_usec") > 0);
        assert_string_equal(text_of(backend, "last_error"), "connection refused");
        bool found = false;
        size_t i;
        json_t *master;
        json_array_foreach(json_object_get(document, "masters"), i,
                           master) if (strcmp(text_of(master, "master"), "da1") == 0) {
                assert_true(number_of(master, "contact_usec") > 0);
                assert_int_equal(number_of(master, "refused"), 1);
                found = true;
        }
        assert_true(found);
        assert_string_equal(text_of(json_object_get(document, "last_refused"), "zone"), "bad.test");
}

static void status_knows_of_backends_and_masters_that_never_showed_up(void **state) {
        Fixture *f = *state;

        push(f, "example.org");
        assert_int_equal(ddns_store_set_backends(f->store, NULL, 0), 0);
        assert_int_equal(run(f, "status", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        json_t *backends = json_object_get(document, "backends");
        assert_int_equal(json_array_size(backends), 2);
        assert_string_equal(text_of(json_array_get(backends, 0), "state"), "new");
        assert_int_equal(run(f, "backends", "--no-legend", NULL), 0);
        assert_int_equal(strncmp(f->out, "files  new  1 ", 14), 0);
        assert_int_equal(number_of(json_array_get(backends, 0), "pending"), 1);
        assert_true(json_is_null(json_object_get(document, "last_refused")));
        assert_int_equal(run(f, "show", "example.org", NULL), 0);
        assert_true(has(f->out, "files    pending"));
        assert_int_equal(run(f, "retry", "--backend=files", "example.org", NULL), 1);
        assert_true(has(f->err, "backend 'files' is new"));
        assert_int_equal(run(f, "status", "--no-legend", NULL), 0);
        assert_true(has(f->out, "da1 "));
        assert_null(strstr(f->out, "BACKEND"));
}

/* ---- checking ---------------------------------------------------------------------------------------------------- */

static void check_zone_gives_the_verdict(void **state) {
        Fixture *f = *state;

        f->input = ZONE;
        assert_int_equal(run(f, "check-zone", "example.org", "-", NULL), 0);
        assert_string_equal(f->out, "example.org: OK: serial 2026010100, 3 records.\n");
        assert_int_equal(run(f, "check-zone", "example.org", "-", "--print", NULL), 0);
        assert_true(has(f->out, "www.example.org.\t300\tIN\tA\t192.0.2.1\n"));
        assert_int_equal(run(f, "check-zone", "example.org", "-", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *good = parse(f->out);
        assert_true(json_is_true(json_object_get(good, "ok")));
        assert_int_equal(number_of(good, "records"), 3);
        assert_true(json_is_null(json_object_get(good, "text")));

        f->input = SOA "@ 3600 IN NS ns1.host.test.\nwww 300 IN A 999.0.2.1\n";
        assert_int_equal(run(f, "check-zone", "example.org", "-", NULL), 1);
        assert_true(has(f->err, "example.org: refused: line 3"));
        assert_int_equal(run(f, "check-zone", "example.org", "-", "--json", NULL), 1);
        ddns_cleanup(ddns_json_decrefp) json_t *bad = parse(f->out);
        assert_true(json_is_false(json_object_get(bad, "ok")));
        assert_true(has(text_of(bad, "reason"), "line 3"));
}

static void check_config_warns_of_what_will_not_work(void **state) {
        Fixture *f = *state;
        char path[160];

        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_true(has(f->out, "ddns.yaml: OK: masters: 1, backends: 2.\n"));
        assert_true(has(f->err, "warning: master da1: password-file: "));
        assert_true(has(f->err, "da1.hash: No such file or directory"));

        write_file(f, "da1.hash", "in clear\n");
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_true(has(f->err, "holds no crypt(5) hash"));
        assert_null(strstr(f->err, "in clear"));

        write_file(f, "da1.hash", "geheim\n"); /* what could be a hash of DES */
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_true(has(f->err, "this master can not log in"));

        write_file(f, "da1.hash",
                   "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7\n");
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_string_equal(f->err, "");

        (void) snprintf(path, sizeof path, "%s/da1.hash", f->directory);
        assert_int_equal(chmod(path, 0604), 0);
        assert_int_equal(chmod(f->directory, 0755), 0);
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_true(has(f->err, "warning: master da1: password-file: "));
        assert_true(has(f->err, "/da1.hash is readable by everybody: chmod 600 "));

        write_config(f, "{}\n");
        assert_int_equal(run(f, "check-config", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        assert_true(json_is_true(json_object_get(document, "ok")));
        assert_int_equal(json_array_size(json_object_get(document, "errors")), 0);
        assert_int_equal(json_array_size(json_object_get(document, "warnings")), 2);

        write_config(f, "a: 1\nb: 2\n");
        assert_int_equal(run(f, "check-config", "--json", NULL), DDNS_EXIT_CONFIG);
        ddns_cleanup(ddns_json_decrefp) json_t *bad = parse(f->out);
        assert_int_equal(json_array_size(json_object_get(bad, "errors")), 2);
}

static void a_credential_is_looked_up_beside_the_configuration(void **state) {
        Fixture *f = *state;

        (void) unsetenv("CREDENTIALS_DIRECTORY");
        write_config(f, "receiver: {masters: [{name: da1, username: ddns, password-file: da1.hash}]}\n");
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_true(has(f->err, "/credentials/receiver/da1.hash: No such file or directory"));
}

static void check_config_warns_of_databases_that_can_be_overheard(void **state) {
        static const struct {
                const char *keys;
                bool warns;
        } cases[] = {
                { "host: db.example.com", true },
                { "host: 192.0.2.80", true },
                { "host: '2001:db8::1', port: 3307", true },
                { "host: db.example.com, tls: {verify: yes}", false },
                { "host: db.example.com, tls: {verify: no}", false },
                { "host: db.example.com, tls: {ca: /dev/null}", false },
                { "host: localhost", false },
                { "host: 127.0.0.2", false },
                { "host: '::1'", false },
                { "socket: /run/mysqld/mysqld.sock", false },
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[512];

                (void) snprintf(text, sizeof text,
                                "receiver: {masters: [{name: m, username: u, password-file: /dev/null}]}\n"
                                "backends: [{name: d, type: coredns-mysql, database: d, username: u, %s}]\n",
                                cases[i].keys);
                write_file(f, "ddns.yaml", text);
                assert_int_equal(run(f, "check-config", NULL), 0);
                if (!!strstr(f->err, "warning: backend d: no tls, and ") != cases[i].warns)
                        fail_msg("'%s' gave:\n%s", cases[i].keys, f->err);
        }
}

static void check_config_warns_of_two_backends_in_one_database(void **state) {
        static const struct {
                const char *first, *second;
                bool warns;
        } cases[] = {
                { "host: db.example.com", "host: DB.example.com", true },
                { "host: db.example.com", "host: db.example.com, port: 3306", true },
                { "socket: /run/s", "socket: /run/s", true },
                { "host: db.example.com", "host: db2.example.com", false },
                { "host: db.example.com", "host: db.example.com, port: 3307", false },
                { "host: 127.0.0.1", "socket: /run/s", false },
                { "socket: /run/s", "socket: /run/t", false },
                { "socket: /run/s", "socket: /run/s, tables: {zones: z, records: r}", false },
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[512];

                (void) snprintf(text, sizeof text,
                                "backends: [{name: a, type: coredns-mysql, database: d, username: u, %s},\n"
                                "{name: b, type: coredns-mysql, database: d, username: u, %s}]\n",
                                cases[i].first, cases[i].second);
                write_file(f, "ddns.yaml", text);
                assert_int_equal(run(f, "check-config", NULL), 0);
                if (!!strstr(f->err, "warning: backends a and b write into the same tables") !=
                    cases[i].warns)
                        fail_msg("'%s' and '%s' gave:\n%s", cases[i].first, cases[i].second, f->err);
        }
}

static void check_config_warns_of_a_port_in_the_host(void **state) {
        Fixture *f = *state;

        write_config(f, "backends: [{name: d, type: powerdns-mysql, database: d, username: u, "
                        "host: 'db.example.com:3306'}]\n");
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_true(has(f->err, "backend d: host: db.example.com:3306 is no name and no address"));
        write_config(f,
                     "backends: [{name: d, type: powerdns-mysql, database: d, username: u, host: '::1'}]\n");
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_null(strstr(f->err, "no name and no address"));
}

static void check_config_warns_of_certificates_that_the_unit_can_not_see(void **state) {
        Fixture *f = *state;

        write_config(f, "backends: [{name: d, type: powerdns-mysql, database: d, username: u, "
                        "tls: {ca: /root/ca.pem, certificate: /etc/cert.pem, key: k}}]\n");
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_true(has(f->err, "tls.ca: /root/ca.pem: ddns-retry.service sees nothing below /root/"));
        assert_null(strstr(f->err, "/etc/cert.pem: ddns-retry.service"));
}

static void check_config_warns_of_secrets_of_databases(void **state) {
        char path[160];
        Fixture *f = *state;

        write_config(f,
                     "backends: [{name: d, type: powerdns-mysql, database: d, username: u, password-file: "
                     "%1$s/zone.file, tls: {ca: %1$s/ca, certificate: %1$s/cert, key: lost.key}}]\n");
        (void) unsetenv("CREDENTIALS_DIRECTORY");
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_true(has(f->err, "warning: backend d: password-file: /tmp/"));
        assert_true(has(f->err, "zone.file: No such file or directory\n"));
        assert_true(has(f->err, "/ca: No such file or directory\n"));
        assert_true(has(f->err, "/cert: No such file or directory\n"));
        assert_true(has(f->err, "warning: backend d: tls.key: "));
        assert_true(has(f->err, "/credentials/retry/lost.key: No such file or directory\n"));

        write_file(f, "zone.file", "in clear\n");
        (void) snprintf(path, sizeof path, "%s/zone.file", f->directory);
        assert_int_equal(chmod(path, 0604), 0);
        assert_int_equal(chmod(f->directory, 0755), 0);
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_true(has(f->err, "is readable by everybody: chmod 600 "));
        assert_null(strstr(f->err, "in clear"));
        assert_int_equal(chmod(f->directory, 0700), 0); /* as that of credentials */
        assert_int_equal(run(f, "check-config", NULL), 0);
        assert_null(strstr(f->err, "password-file"));
}

/* A port of loopback with somebody behind it who never says a word. */
static int bind_silent(unsigned *ret_port) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        socklen_t size = sizeof address;

        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, size), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *) &address, &size), 0);
        *ret_port = ntohs(address.sin_port);
        return fd;
}

/* Answers the first query that comes with REFUSED. */
static pid_t refuse_once(int fd) {
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
                struct sockaddr_in from;
                socklen_t size = sizeof from;
                uint8_t query[512];

                ssize_t n = recvfrom(fd, query, sizeof query, 0, (struct sockaddr *) &from, &size);
                if (n < 12)
                        _exit(1);
                query[2] |= 0x80;
                query[3] = 5;
                _exit(sendto(fd, query, (size_t) n, 0, (struct sockaddr *) &from, size) == n ? 0 : 1);
        }
        return child;
}

static void check_backend_asks_the_name_server_of_any_type(void **state) {
        char text[512];
        Fixture *f = *state;
        unsigned port;
        ddns_cleanup(ddns_closep) int fd = bind_silent(&port);

        assert_int_equal(run(f, "check-backend", "nobody", NULL), 1);
        assert_true(has(f->err, "no backend 'nobody' is configured"));
        assert_int_equal(run(f, "check-backend", "files", NULL), 1);
        assert_true(has(f->out, "/zones: No such file or directory\n"));
        assert_true(has(f->out, "\nOK: 0, warnings: 0, BAD: 1.\n"));

        (void) snprintf(text, sizeof text,
                        "backends: [{name: z, type: zone-files, zone-dir: %s, nameserver: 127.0.0.1@%u}]\n",
                        f->directory, port);
        write_file(f, "ddns.yaml", text);
        pid_t child = refuse_once(fd);
        assert_int_equal(run(f, "check-backend", "z", "--no-legend", NULL), 0);
        assert_true(has(f->out, "name server 127.0.0.1@"));
        assert_true(has(f->out, " answers\n"));
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);

        assert_int_equal(run(f, "check-backend", "z", "--json", NULL), 1);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        assert_string_equal(text_of(document, "backend"), "z");
        assert_string_equal(text_of(document, "type"), "zone-files");
        assert_true(json_is_false(json_object_get(document, "ok")));
        json_t *finding = json_array_get(json_object_get(document, "findings"), 1);
        assert_string_equal(text_of(finding, "finding"), "bad");
        assert_true(has(text_of(finding, "text"), "does not answer"));
}

static void check_backend_says_what_bind_lacks(void **state) {
        Fixture *f = *state;

        write_config(f,
                     "backends: [{name: b, type: bind, zone-dir: %1$s/none, control: {port: 1, key-file: k}}]\n");
        (void) unsetenv("CREDENTIALS_DIRECTORY");
        assert_int_equal(run(f, "check-backend", "b", NULL), 1);
        assert_true(has(f->out, "BAD      zone-dir "));
        assert_true(has(f->out, "/none: No such file or directory\n"));
        assert_true(has(f->out, "/credentials/retry/k: No such file or directory\n"));
        assert_true(has(f->out, "\nOK: 0, warnings: 0, BAD: 2.\n"));

        write_config(f,
                     "backends: [{name: b, type: bind, zone-dir: %1$s, control: {port: 1, key-file: %1$s/zone.file}}]\n");
        write_file(f, "zone.file",
                   "key \"k\" { algorithm hmac-sha256; secret \"aGVsbG8gd29ybGQ=\"; };\n");
        assert_int_equal(run(f, "check-backend", "b", NULL), 1);
        assert_true(has(f->out, "OK       zone-dir "));
        assert_true(has(f->out, "BAD      control channel 127.0.0.1@1: connection refused\n"));
}

static void check_backend_says_why_a_database_is_out_of_reach(void **state) {
        static const struct {
                const char *type, *password, *says;
        } cases[] = {
                { "coredns-mysql", "", "/none: No such file or directory" },
                { "powerdns-mysql", "", "/none: No such file or directory" },
                { "coredns-mysql", ", password-file: lost",
                  "/credentials/retry/lost: No such file or directory" },
                { "powerdns-mysql", ", password-file: /dev/null", "/dev/null" },
        };
        Fixture *f = *state;

        (void) unsetenv("CREDENTIALS_DIRECTORY");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[512];

                (void) snprintf(text, sizeof text,
                                "backends: [{name: d, type: %s, database: d, username: u, socket: %s/none%s}]\n",
                                cases[i].type, f->directory, cases[i].password);
                write_file(f, "ddns.yaml", text);
                assert_int_equal(run(f, "check-backend", "d", "--no-legend", NULL), 1);
                assert_true(has(f->out, "BAD  "));
                assert_true(has(f->out, cases[i].says));
        }
}

#define WITH_STORE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
#define BARE(t)       cmocka_unit_test_setup_teardown(t, set_up_bare, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                BARE(a_wrong_command_line_is_a_usage_error),
                BARE(a_bad_configuration_exits_with_78_and_all_its_lines),
                BARE(a_missing_database_is_explained_and_not_made),
                BARE(a_file_that_is_no_database_is_left_alone),
                WITH_STORE(without_access_the_group_is_named),
                WITH_STORE(output_that_gets_lost_is_a_failure),
                WITH_STORE(a_reader_that_went_away_is_a_quiet_failure),
                WITH_STORE(a_push_is_stored_in_canonical_form_and_wakes),
                WITH_STORE(a_push_from_a_file_without_a_listener_gives_a_hint),
                WITH_STORE(a_refused_push_changes_nothing),
                WITH_STORE(a_file_beyond_the_limit_is_refused),
                WITH_STORE(a_delete_says_which_zones_are_unknown),
                WITH_STORE(zones_are_listed_by_pattern),
                WITH_STORE(show_tells_the_state_on_each_backend),
                WITH_STORE(without_a_name_server_to_ask_a_delivery_is_written),
                WITH_STORE(the_queue_is_what_is_not_delivered),
                WITH_STORE(what_is_written_and_not_served_yet_is_in_show_and_queue),
                WITH_STORE(what_waits_for_a_backend_that_is_down_tells_why),
                WITH_STORE(show_warns_of_what_a_backend_does_not_serve),
                WITH_STORE(backends_tells_all_about_each),
                WITH_STORE(a_resync_puts_every_zone_back_and_wakes),
                WITH_STORE(retry_puts_back_what_failed),
                WITH_STORE(retry_says_which_backends_are_tried_now),
                WITH_STORE(a_backend_is_listed_once_while_it_is_first_met),
                WITH_STORE(every_table_fits_80_columns),
                WITH_STORE(status_shows_backends_masters_and_refusals),
                WITH_STORE(status_knows_of_backends_and_masters_that_never_showed_up),
                BARE(check_zone_gives_the_verdict),
                BARE(check_config_warns_of_what_will_not_work),
                BARE(a_credential_is_looked_up_beside_the_configuration),
                BARE(check_config_warns_of_databases_that_can_be_overheard),
                BARE(check_config_warns_of_secrets_of_databases),
                BARE(check_config_warns_of_two_backends_in_one_database),
                BARE(check_config_warns_of_a_port_in_the_host),
                BARE(check_config_warns_of_certificates_that_the_unit_can_not_see),
                BARE(check_backend_asks_the_name_server_of_any_type),
                BARE(check_backend_says_what_bind_lacks),
                BARE(check_backend_says_why_a_database_is_out_of_reach),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
