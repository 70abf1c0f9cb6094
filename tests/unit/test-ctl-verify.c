/* SPDX-License-Identifier: MIT */
/* ddnsctl verify on zone files that somebody changed, and on a name server that says something else. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "basic/clock.h"
#include "basic/file.h"
#include "ctl-fixture.h"
#include "ctl/listing.h"
#include "deliver/backend.h"
#include "test.h"

static const char two_backends[] = "state: {database: %1$s/ddns.db, wake: %1$s/wake}\n"
                                   "backends:\n"
                                   "  - {name: files, type: zone-files, zone-dir: %1$s/zones}\n"
                                   "  - {name: asked, type: zone-files, zone-dir: %1$s/asked}\n";

/* Brings all that is due to the directory of `backend`, as ddns-retry does. */
static size_t bring(Fixture *f, const char *backend, const char *directory) {
        static const uint64_t backoff[] = { 90 * USEC_PER_SEC };
        const DdnsSchedule schedule = { backoff, 1 };
        ddns_cleanup(ddns_batch_done) DdnsBatch batch = DDNS_BATCH_NULL;
        DdnsBackendConfig config = { .name = (char *) backend, .type = DDNS_BACKEND_ZONE_FILES };
        DdnsMessage message = DDNS_MESSAGE_NULL;
        DdnsResult results[600];
        DdnsTask tasks[600];
        DdnsBackend *b;
        char path[160];

        (void) snprintf(path, sizeof path, "%s/%s", f->directory, directory);
        (void) mkdir(path, 0755);
        config.zone_dir = path;
        assert_int_equal(ddns_store_take_batch(f->store, backend, ddns_now_usec(), ARRAY_SIZE(tasks),
                                               &batch),
                         0);
        for (size_t i = 0; i < batch.n; i++) {
                const DdnsDelivery *d = &batch.deliveries[i];

                tasks[i] = (DdnsTask){ .zone = d->zone,
                                       .generation = d->generation,
                                       .delete = d->delete,
                                       .content = d->content,
                                       .size = d->size,
                                       .serial = d->serial };
                results[i] = (DdnsResult){ .zone = d->zone, .generation = d->generation };
        }
        assert_int_equal(ddns_backend_zone_files.new(&config, &b, &message), 0);
        assert_int_equal(ddns_backend_zone_files.apply(b, tasks, batch.n, &message), 0);
        ddns_backend_zone_files.free(b);
        assert_int_equal(ddns_store_record(f->store, backend, results, batch.n, ddns_now_usec(),
                                           &schedule),
                         0);
        return batch.n;
}

static int set_up_files(void **state) {
        (void) set_up(state);
        write_config(*state, two_backends);
        return 0;
}

static void bring_both(Fixture *f) {
        (void) bring(f, "files", "zones");
        (void) bring(f, "asked", "asked");
}

static void when_all_is_well_nothing_is_listed(void **state) {
        Fixture *f = *state;

        push(f, "a.test");
        push(f, "b.test");
        bring_both(f);
        assert_int_equal(run(f, "verify", NULL), 0);
        assert_string_equal(f->out, "Zones compared: 4, differ: 0, left over: 0, foreign: 0.\n");
        assert_string_equal(f->err, "");
        assert_int_equal(run(f, "verify", "--json", NULL), 0);
        assert_string_equal(f->out, "[]\n");
        assert_int_equal(run(f, "verify", "b.test", NULL), 0);
        assert_true(has(f->out, "b.test  files    good     -\n"));
        assert_true(has(f->out, "b.test  asked    good     -\n"));
}

static void a_file_that_differs_is_shown_line_by_line_and_left_as_it_is(void **state) {
        static const char altered[] = "a.test.\t3600\tIN\tNS\tns.evil.test.\n";
        ddns_cleanup(ddns_freep) char *after = NULL;
        char path[160];
        Fixture *f = *state;

        push(f, "a.test");
        push(f, "b.test");
        bring_both(f);
        write_file(f, "zones/a.test.db", altered);
        assert_int_equal(run(f, "verify", NULL), 1);
        assert_true(has(f->out, "a.test  files    differs  -\n"));
        assert_true(has(f->out, "\na.test on files: "));
        assert_null(strstr(f->out, "b.test"));
        assert_true(has(f->out, "\nZones compared: 4, differ: 1, left over: 0, foreign: 0.\n"));

        assert_int_equal(run(f, "verify", "a.test", NULL), 1);
        assert_true(has(f->out, "a.test  asked    good     -\n"));
        assert_true(has(f->out, "\na.test on files, as it should be (+) and as it is (-):\n"));
        assert_true(has(f->out, "\n+ a.test.\\t3600\\tIN\\tNS\\tns1.host.test.\n"));
        assert_true(has(f->out, "\n- a.test.\\t3600\\tIN\\tNS\\tns.evil.test.\n"));
        assert_int_equal(run(f, "verify", "--backend=asked", NULL), 0);

        (void) snprintf(path, sizeof path, "%s/zones/a.test.db", f->directory);
        assert_int_equal(ddns_file_read(path, 1024, &after, NULL, NULL), 0);
        assert_string_equal(after, altered);

        assert_int_equal(run(f, "verify", "a.test", "--json", NULL), 1);
        ddns_cleanup(ddns_json_decrefp) json_t *document = parse(f->out);
        json_t *row = json_array_get(document, 0);
        assert_string_equal(text_of(row, "backend"), "files");
        assert_string_equal(text_of(row, "content"), "differs");
        assert_true(has(text_of(row, "diff"), "- a.test."));
        assert_true(json_is_null(json_object_get(json_array_get(document, 1), "diff")));
}

static void what_is_not_ours_is_told_and_no_difference(void **state) {
        Fixture *f = *state;

        push(f, "a.test");
        bring_both(f);
        write_file(f, "zones/theirs.test.db", "x");
        assert_int_equal(run(f, "verify", NULL), 0);
        assert_true(has(f->out, "theirs.test  files    foreign  -\n"));
        assert_true(has(f->out, "foreign: 1.\n"));
}

static void a_deleted_zone_that_is_still_there_is_left_over(void **state) {
        Fixture *f = *state;

        push(f, "a.test");
        push(f, "b.test");
        bring_both(f);
        assert_int_equal(run(f, "delete", "a.test", NULL), 0);
        assert_int_equal(run(f, "verify", NULL), 0); /* the delete is still on its way */
        bring_both(f);
        assert_int_equal(run(f, "verify", NULL), 0);
        write_file(f, "zones/a.test.db", "back again");
        assert_int_equal(run(f, "verify", NULL), 1);
        assert_true(has(f->out, "a.test  files    left over  -\n"));
        assert_true(has(f->out, "left over: 1, foreign: 0.\n"));
        assert_int_equal(run(f, "verify", "a.test", NULL), 1);
        assert_true(has(f->err, "ddnsctl: a.test: the zone was deleted\n"));
}

static void what_can_not_be_looked_at_is_a_failure(void **state) {
        Fixture *f = *state;

        assert_int_equal(run(f, "verify", "unknown.test", NULL), 1);
        assert_true(has(f->err, "ddnsctl: unknown.test: unknown zone\n"));
        assert_int_equal(run(f, "verify", "../x", NULL), 1);
        assert_int_equal(run(f, "verify", "--backend=other", NULL), 1);
        assert_true(has(f->err, "no backend 'other' is configured"));
        push(f, "a.test");
        bring_both(f);
        write_config(f, "state: {database: %1$s/ddns.db}\n"
                        "backends: [{name: files, type: zone-files, zone-dir: %1$s/nowhere}]\n");
        assert_int_equal(run(f, "verify", NULL), 1);
        assert_true(has(f->err, "/nowhere"));
}

static void what_is_not_delivered_yet_is_no_difference(void **state) {
        Fixture *f = *state;

        push(f, "a.test");
        (void) bring(f, "asked", "asked");
        (void) bring(f, "files", "zones");
        push(f, "b.test");
        assert_int_equal(run(f, "verify", NULL), 0);
        assert_true(has(f->out, "Zones compared: 2, differ: 0"));
}

static void zones_beyond_the_first_page_are_compared_too(void **state) {
        static const char text[] = "x.test.\t3600\tIN\tNS\tns1.host.test.\n";
        enum { N = 1203 };
        Fixture *f = *state;
        uint8_t digest[DDNS_DIGEST_SIZE] = { 0 };

        for (unsigned i = 0; i < N; i++) {
                char zone[32];
                DdnsChange change = { .kind = DDNS_CHANGE_SAVE,
                                      .zone = zone,
                                      .content = text,
                                      .size = strlen(text),
                                      .digest = digest };

                (void) snprintf(zone, sizeof zone, "z%04u.test", i);
                assert_int_equal(ddns_store_accept(f->store, &change, 1, ddns_now_usec()), 0);
        }
        while (bring(f, "files", "zones") > 0)
                ;
        write_file(f, "zones/z1202.test.db", "altered");
        write_file(f, "zones/z0600.test.db", "altered");
        assert_int_equal(run(f, "verify", "--backend=files", "--no-legend", NULL), 1);
        assert_int_equal(strncmp(f->out, "z0600.test  files", 17), 0);
        assert_true(has(f->out, "\nz1202.test  files"));
        assert_int_equal(run(f, "verify", "--backend=files", NULL), 1);
        assert_true(has(f->out, "\nZones compared: 1203, differ: 2, "));
}

/* ---- what is served ---------------------------------------------------------------------------------------------- */

/* Answers each question with an SOA of this serial, until it is killed. */
static pid_t serve(uint32_t serial, unsigned *ret_port) {
        struct sockaddr_in address = { .sin_family = AF_INET };
        socklen_t length = sizeof address;
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof address), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *) &address, &length), 0);
        *ret_port = ntohs(address.sin_port);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child > 0) {
                (void) close(fd);
                return child;
        }
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
                /* name, SOA, IN, TTL, length; two root names, serial, four times 0 */
                uint8_t packet[1024], answer[] = { 0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0 };
                uint32_t numbers[5] = { htonl(serial) };
                struct sockaddr_in from;
                socklen_t from_length = sizeof from;
                ssize_t n = recvfrom(fd, packet, 512, 0, (struct sockaddr *) &from, &from_length);

                if (n < 12)
                        _exit(1);
                packet[2] = 0x84; /* an authoritative answer */
                packet[3] = 0;
                packet[7] = 1;
                memcpy(packet + n, answer, sizeof answer);
                memcpy(packet + n + sizeof answer, numbers, sizeof numbers);
                (void) sendto(fd, packet, (size_t) n + sizeof answer + sizeof numbers, 0,
                              (struct sockaddr *) &from, from_length);
        }
}

static void end(pid_t child) {
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
}

static void ask_at(Fixture *f, unsigned port) {
        char text[512];

        (void) snprintf(text, sizeof text,
                        "state: {database: %s/ddns.db}\nbackends:\n"
                        "- {name: asked, type: zone-files, zone-dir: %s/asked, nameserver: 127.0.0.1@%u}\n",
                        f->directory, f->directory, port);
        write_file(f, "ddns.yaml", text);
}

static void every_zone_is_asked_for_at_the_name_server(void **state) {
        Fixture *f = *state;
        unsigned port;

        push(f, "a.test");
        bring_both(f);

        pid_t right = serve(2026010100, &port);
        ask_at(f, port);
        assert_int_equal(run(f, "verify", NULL), 0);
        assert_int_equal(run(f, "verify", "a.test", NULL), 0);
        assert_true(has(f->out, "a.test  asked    good     yes\n"));
        end(right);

        pid_t older = serve(2026010099, &port);
        ask_at(f, port);
        assert_int_equal(run(f, "verify", NULL), 1);
        assert_true(has(f->out, "a.test  asked    good     no\n"));
        assert_true(has(f->out,
                        "a.test on asked: 127.0.0.1: serial 2026010099 instead of 2026010100\n"));
        end(older);

        ask_at(f, port); /* nobody is there any more */
        assert_int_equal(run(f, "verify", NULL), 1);
        assert_true(has(f->out, "a.test on asked: 127.0.0.1: no answer\n"));
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, set_up_files, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FILES(when_all_is_well_nothing_is_listed),
                WITH_FILES(a_file_that_differs_is_shown_line_by_line_and_left_as_it_is),
                WITH_FILES(what_is_not_ours_is_told_and_no_difference),
                WITH_FILES(a_deleted_zone_that_is_still_there_is_left_over),
                WITH_FILES(what_can_not_be_looked_at_is_a_failure),
                WITH_FILES(what_is_not_delivered_yet_is_no_difference),
                WITH_FILES(zones_beyond_the_first_page_are_compared_too),
                WITH_FILES(every_zone_is_asked_for_at_the_name_server),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
