/* SPDX-License-Identifier: MIT */
/* ddnsctl wait and backup. */
#include <errno.h>
#include <glob.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/clock.h"
#include "ctl-fixture.h"
#include "ctl/listing.h"
#include "test.h"

/* ---- wait -------------------------------------------------------------------------------------------------------- */

static void what_is_everywhere_is_not_waited_for(void **state) {
        Fixture *f = *state;

        deliver(f, "files", NULL, 1);
        deliver(f, "asked", NULL, 1);
        assert_int_equal(run(f, "wait", "Example.ORG", "--timeout=0", NULL), 0);
        assert_string_equal(f->out, "example.org: generation 1 is everywhere.\n");
        assert_string_equal(f->err, "");
}

static void those_that_are_missing_are_named_when_time_is_over(void **state) {
        Fixture *f = *state;

        deliver(f, "files", NULL, 1);
        deliver(f, "asked", "192.0.2.53 does not answer", 1);
        assert_int_equal(run(f, "wait", "example.org", "--timeout=0", NULL), 75);
        assert_string_equal(f->out, "");
        assert_true(has(f->err, "asked: deferred: 192.0.2.53 does not answer"));
        assert_null(strstr(f->err, "files"));
        assert_int_equal(run(f, "wait", "example.org", "--timeout=0", "--backend=files", NULL), 0);

        assert_int_equal(run(f, "wait", "example.org", "--timeout=0", "--json", NULL), 75);
        ddns_cleanup(ddns_json_decrefp) json_t *answer = parse(f->out);
        assert_string_equal(text_of(answer, "outcome"), "timeout");
        assert_int_equal(json_array_size(json_object_get(answer, "backends")), 2);
}

static void a_backend_that_was_never_met_is_waited_for(void **state) {
        Fixture *f = *state;

        assert_int_equal(ddns_store_set_backends(f->store, both_backends, 1), 0);
        deliver(f, "files", NULL, 1);
        assert_int_equal(run(f, "wait", "example.org", "--timeout=0", NULL), 75);
        assert_true(has(f->err, "asked: pending"));
}

static void what_was_given_up_is_not_waited_for(void **state) {
        Fixture *f = *state;

        deliver(f, "files", NULL, 1);
        deliver(f, "asked", "refused", 0);
        const uint64_t before = ddns_monotonic_usec();
        assert_int_equal(run(f, "wait", "example.org", NULL), 1);
        assert_true(has(f->err, "asked: dead: refused"));
        assert_in_range(ddns_monotonic_usec() - before, 0, 30 * USEC_PER_SEC);
}

static void *deliver_later(void *userdata) {
        const char *const *path = userdata;
        const DdnsStoreOptions options = { .busy_usec = 10 * USEC_PER_SEC,
                                           .history = 2,
                                           .rejected = 10 };
        ddns_cleanup(ddns_store_freep) DdnsStore *s = NULL;
        const DdnsSchedule schedule = { NULL, 0 };
        DdnsMessage message = DDNS_MESSAGE_NULL;

        if (ddns_store_open(*path, &options, &s, &message) < 0)
                return (void *) "open";
        for (size_t i = 0; i < ARRAY_SIZE(both_backends); i++) {
                DdnsResult result = { .zone = "example.org", .generation = 1 };
                DdnsBatch batch = DDNS_BATCH_NULL;

                if (ddns_store_take_batch(s, both_backends[i].name, ddns_now_usec(), 8, &batch) < 0 ||
                    ddns_store_record(s, both_backends[i].name, &result, 1, ddns_now_usec(), &schedule) <
                                    0)
                        return (void *) "record";
                ddns_batch_done(&batch);
        }
        return NULL;
}

static void a_delivery_ends_the_wait(void **state) {
        Fixture *f = *state;
        const char *path = f->database;
        void *failed = NULL;
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, deliver_later, &path), 0);
        assert_int_equal(run(f, "wait", "example.org", NULL), 0);
        assert_int_equal(pthread_join(thread, &failed), 0);
        assert_null(failed);
}

static void a_delete_is_waited_for_too(void **state) {
        Fixture *f = *state;

        deliver(f, "files", NULL, 1);
        deliver(f, "asked", NULL, 1);
        assert_int_equal(run(f, "delete", "example.org", NULL), 0);
        assert_int_equal(run(f, "wait", "example.org", "--timeout=0", NULL), 75);
        deliver(f, "files", NULL, 1);
        deliver(f, "asked", NULL, 1);
        assert_int_equal(run(f, "wait", "example.org", "--timeout=0", NULL), 0);
}

static void nonsense_is_not_waited_for(void **state) {
        static const char *const timeouts[] = { "--timeout=x", "--timeout=", "--timeout=-1",
                                                "--timeout=1s", "--timeout=10000000" };
        Fixture *f = *state;

        assert_int_equal(run(f, "wait", "other.test", NULL), 1);
        assert_true(has(f->err, "other.test: unknown zone"));
        assert_int_equal(run(f, "wait", "example.org", "--backend=none", NULL), 1);
        assert_true(has(f->err, "'none' is no backend"));
        for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++)
                assert_int_equal(run(f, "wait", "example.org", timeouts[i], NULL), 2);
}

/* ---- backup ------------------------------------------------------------------------------------------------------ */

static void a_backup_is_a_whole_database(void **state) {
        ddns_cleanup(ddns_freep) char *content = NULL;
        ddns_cleanup(ddns_store_freep) DdnsStore *s = NULL;
        const DdnsStoreOptions options = { .busy_usec = USEC_PER_SEC, .history = 2, .rejected = 10 };
        DdnsMessage message = DDNS_MESSAGE_NULL;
        Fixture *f = *state;
        char path[128], wal[140];
        struct stat st;
        DdnsZoneRow row;

        (void) snprintf(path, sizeof path, "%s/copy.db", f->directory);
        (void) snprintf(wal, sizeof wal, "%s-wal", path);
        assert_int_equal(run(f, "backup", path, NULL), 0);
        assert_true(has(f->out, "copy.db: written and checked.\n"));
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(st.st_nlink, 1);
        assert_int_equal(access(wal, F_OK), -1);

        /* What comes later is not in it. */
        push(f, "later.test");
        assert_int_equal(ddns_store_open(path, &options, &s, &message), 0);
        assert_int_equal(ddns_store_get_zone(s, "example.org", &row, &content), 0);
        assert_int_equal(row.generation, 1);
        assert_true(has(content, "www.example.org."));
        assert_int_equal(ddns_store_get_zone(s, "later.test", &row, NULL), -ENOENT);
}

/* Another process commits between the steps. */
typedef struct Meanwhile {
        DdnsStore *writer;
        unsigned n;
} Meanwhile;

static int write_meanwhile(uint64_t done, uint64_t of, void *userdata) {
        static const char content[] = "x";
        static const uint8_t digest[DDNS_DIGEST_SIZE];
        Meanwhile *m = userdata;
        char zone[32];

        (void) snprintf(zone, sizeof zone, "meanwhile-%u.test", m->n++);
        DdnsChange change = { .kind = DDNS_CHANGE_SAVE,
                              .zone = zone,
                              .content = content,
                              .size = 1,
                              .digest = digest,
                              .serial = 1 };
        assert_int_equal(ddns_store_accept(m->writer, &change, 1, ddns_now_usec()), 0);
        return 0;
}

static void a_backup_has_one_moment_whatever_is_written(void **state) {
        ddns_cleanup(ddns_store_freep) DdnsStore *copy = NULL, *writer = NULL;
        ddns_cleanup(ddns_freep) char *big = malloc(32 * 1024 * 1024);
        const DdnsStoreOptions options = { .busy_usec = USEC_PER_SEC, .history = 2, .rejected = 10 };
        static const uint8_t digest[DDNS_DIGEST_SIZE];
        DdnsMessage message = DDNS_MESSAGE_NULL;
        Fixture *f = *state;
        char path[128];
        DdnsStoreCounts before, after;

        memset(big, 'x', 32 * 1024 * 1024);
        DdnsChange change = { .kind = DDNS_CHANGE_SAVE,
                              .zone = "big.test",
                              .content = big,
                              .size = 32 * 1024 * 1024,
                              .digest = digest,
                              .serial = 1 };
        assert_int_equal(ddns_store_accept(f->store, &change, 1, ddns_now_usec()), 0);
        assert_int_equal(ddns_store_count(f->store, &before), 0);

        (void) snprintf(path, sizeof path, "%s/copy.db", f->directory);
        assert_int_equal(ddns_store_open(f->database, &options, &writer, &message), 0);
        Meanwhile m = { .writer = writer };
        assert_int_equal(ddns_store_backup(f->store, path, write_meanwhile, &m, &message), 0);
        assert_in_range(m.n, 2, 100);
        assert_int_equal(ddns_store_open(path, &options, &copy, &message), 0);
        assert_int_equal(ddns_store_count(copy, &after), 0);
        assert_int_equal(after.zones, before.zones);
        assert_int_equal(after.generation, before.generation);
        /* The store is good for writing again. */
        assert_int_equal(ddns_store_accept(f->store, &change, 1, ddns_now_usec()), 0);
}

static int give_up(uint64_t done, uint64_t of, void *userdata) {
        return -EINTR;
}

static void a_backup_that_is_interrupted_leaves_nothing(void **state) {
        DdnsMessage message = DDNS_MESSAGE_NULL;
        Fixture *f = *state;
        char path[128];
        glob_t found;

        (void) snprintf(path, sizeof path, "%s/copy.db", f->directory);
        assert_int_equal(ddns_store_backup(f->store, path, give_up, NULL, &message), -EINTR);
        (void) strcat(path, "*");
        assert_int_equal(glob(path, 0, NULL, &found), GLOB_NOMATCH);
}

static void a_backup_takes_no_place_of_a_file(void **state) {
        Fixture *f = *state;
        char path[128], text[8] = "";

        write_file(f, "copy.db", "mine");
        (void) snprintf(path, sizeof path, "%s/copy.db", f->directory);
        assert_int_equal(run(f, "backup", path, NULL), 1);
        assert_true(has(f->err, "copy.db: is there already"));
        FILE *file = fopen(path, "r");
        assert_non_null(fgets(text, sizeof text, file));
        (void) fclose(file);
        assert_string_equal(text, "mine");

        (void) snprintf(path, sizeof path, "%s/none/copy.db", f->directory);
        assert_int_equal(run(f, "backup", path, NULL), 1);
        assert_true(has(f->err, "No such file or directory"));
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, set_up_pushed, tear_down)
        const struct CMUnitTest tests[] = {
                T(what_is_everywhere_is_not_waited_for),
                T(those_that_are_missing_are_named_when_time_is_over),
                T(a_backend_that_was_never_met_is_waited_for),
                T(what_was_given_up_is_not_waited_for),
                T(a_delivery_ends_the_wait),
                T(a_delete_is_waited_for_too),
                T(nonsense_is_not_waited_for),
                T(a_backup_is_a_whole_database),
                T(a_backup_has_one_moment_whatever_is_written),
                T(a_backup_that_is_interrupted_leaves_nothing),
                T(a_backup_takes_no_place_of_a_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
