/* SPDX-License-Identifier: MIT */
/* The threads: each job is done once, commits are shared, and nothing is left behind. */
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "basic/clock.h"
#include "receiver/pipeline.h"
#include "test.h"

#define JOBS       200
#define SUBMITTERS 4

typedef struct Job {
        DdnsJob job; /* first */
        atomic_uint done;
        char query[96];
} Job;

typedef struct Fixture {
        char directory[64], database[96], wake[96];
        DdnsConfig config;
        DdnsMaster master;
        DdnsService service;
        DdnsPipeline *pipeline;
        Job jobs[JOBS];
} Fixture;

static atomic_uint n_done;

static void done(DdnsJob *job) {
        atomic_fetch_add(&((Job *) job)->done, 1);
        atomic_fetch_add(&n_done, 1);
}

static void make_save(Fixture *f, size_t i) {
        Job *j = &f->jobs[i];

        (void) snprintf(j->query, sizeof j->query, "action=rawsave&domain=z%zu.test", i);
        j->job.kind = DDNS_JOB_HANDLE;
        j->job.exchange = (DdnsExchange){ .method = "POST",
                                          .path = "/CMD_API_DNS_ADMIN",
                                          .query = j->query,
                                          .master = &f->master,
                                          .client = "192.0.2.1" };
        ddns_buffer_append_text(&j->job.exchange.body,
                                "@ 60 IN SOA ns.a.example. h.a.example. 1 1 1 1 1\n"
                                "@ 60 IN NS ns.a.example.\n");
}

static void open_pipeline(Fixture *f, uint64_t busy_usec) {
        DdnsPipelineOptions options = {
                .database = f->database,
                .store = { .busy_usec = busy_usec, .history = 3, .rejected = 10 },
                .wake = f->wake,
                .workers = 2,
                .done = done
        };
        DdnsMessage message;

        if (ddns_pipeline_new(&f->service, NULL, &options, &f->pipeline, &message) < 0)
                fail_msg("%s", message.text);
}

static int set_up(void **state) {
        static char name[] = "da1";
        Fixture *f = calloc(1, sizeof *f);

        assert_non_null(f);
        strcpy(f->directory, "/tmp/ddns-test-XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        (void) snprintf(f->database, sizeof f->database, "%s/ddns.db", f->directory);
        (void) snprintf(f->wake, sizeof f->wake, "%s/wake", f->directory);
        f->master.name = name;
        f->config.receiver.masters = &f->master;
        f->config.receiver.n_masters = 1;
        f->config.receiver.max_records = 100;
        ddns_service_init(&f->service, &f->config);
        for (size_t i = 0; i < JOBS; i++)
                make_save(f, i);
        atomic_store(&n_done, 0);
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        static const char *const suffixes[] = { "", "-wal", "-shm" };
        Fixture *f = *state;
        char path[128];

        (void) ddns_pipeline_free(f->pipeline);
        for (size_t i = 0; i < JOBS; i++)
                ddns_exchange_done(&f->jobs[i].job.exchange);
        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                (void) snprintf(path, sizeof path, "%s%s", f->database, suffixes[i]);
                (void) unlink(path);
        }
        (void) rmdir(f->directory);
        free(f);
        return 0;
}

static void wait_for(unsigned n) {
        uint64_t end = ddns_monotonic_usec() + 60 * USEC_PER_SEC;

        while (atomic_load(&n_done) < n) {
                assert_true(ddns_monotonic_usec() < end);
                (void) nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
        }
}

static void all_are(Fixture *f, size_t from, unsigned status) {
        for (size_t i = from; i < JOBS; i++) {
                assert_int_equal(f->jobs[i].done, 1);
                assert_int_equal(f->jobs[i].job.exchange.status, status);
        }
}

static sqlite3 *open_database(Fixture *f, const char *sql) {
        sqlite3 *db;

        assert_int_equal(sqlite3_open(f->database, &db), SQLITE_OK);
        assert_int_equal(sqlite3_busy_timeout(db, 60000), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        return db;
}

static int count(Fixture *f, const char *sql) {
        sqlite3 *db = open_database(f, "SELECT 1");
        sqlite3_stmt *stmt;

        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
        int n = sqlite3_column_int(stmt, 0);
        (void) sqlite3_finalize(stmt);
        (void) sqlite3_close(db);
        return n;
}

typedef struct Submitter {
        Fixture *f;
        size_t first;
        pthread_t id;
} Submitter;

static void *submit_every(void *userdata) {
        Submitter *s = userdata;

        for (size_t i = s->first; i < JOBS; i += SUBMITTERS)
                ddns_pipeline_submit(s->f->pipeline, &s->f->jobs[i].job);
        return NULL;
}

static void jobs_of_many_threads_are_done_once_each(void **state) {
        Fixture *f = *state;
        Submitter submitters[SUBMITTERS];

        open_pipeline(f, 60 * USEC_PER_SEC);
        for (size_t i = 0; i < SUBMITTERS; i++) {
                submitters[i] = (Submitter){ f, i, 0 };
                assert_int_equal(pthread_create(&submitters[i].id, NULL, submit_every, &submitters[i]),
                                 0);
        }
        for (size_t i = 0; i < SUBMITTERS; i++)
                assert_int_equal(pthread_join(submitters[i].id, NULL), 0);
        wait_for(JOBS);
        f->pipeline = ddns_pipeline_free(f->pipeline);
        all_are(f, 0, 200);
        assert_int_equal(count(f, "SELECT count(*) FROM zone"), JOBS);
        assert_int_equal(f->service.pushes, JOBS);
}

/* What is committed together has one time of acceptance. */
static void pushes_that_wait_share_a_commit(void **state) {
        Fixture *f = *state;

        open_pipeline(f, 60 * USEC_PER_SEC);
        sqlite3 *lock = open_database(f, "BEGIN IMMEDIATE");
        for (size_t i = 1; i < JOBS; i++)
                ddns_pipeline_submit(f->pipeline, &f->jobs[i].job);
        f->jobs[0].job.exchange.path =
                        "/nothing"; /* commits nothing: when it is done, its forerunners wait */
        ddns_pipeline_submit(f->pipeline, &f->jobs[0].job);
        wait_for(1);
        assert_int_equal(sqlite3_close(lock), SQLITE_OK);

        wait_for(JOBS);
        all_are(f, 1, 200);
        assert_int_equal(count(f, "SELECT count(*) FROM version"), JOBS - 1);
        assert_true(count(f, "SELECT count(DISTINCT at_usec) FROM version") < JOBS / 10);
}

static void a_locked_database_is_503_for_the_whole_group(void **state) {
        Fixture *f = *state;

        open_pipeline(f, 50 * USEC_PER_MSEC);
        sqlite3 *lock = open_database(f, "BEGIN IMMEDIATE");
        for (size_t i = 0; i < JOBS; i++)
                ddns_pipeline_submit(f->pipeline, &f->jobs[i].job);
        wait_for(JOBS);
        assert_int_equal(sqlite3_close(lock), SQLITE_OK);
        all_are(f, 0, 503);
        assert_int_equal(count(f, "SELECT count(*) FROM zone"), 0);
        assert_false(ddns_pipeline_is_broken(f->pipeline)); /* that passes by itself */
        assert_int_equal(f->service.pushes, 0);
}

static void ending_waits_for_all_that_was_submitted(void **state) {
        Fixture *f = *state;

        open_pipeline(f, 60 * USEC_PER_SEC);
        for (size_t i = 0; i < JOBS; i++)
                ddns_pipeline_submit(f->pipeline, &f->jobs[i].job);
        f->pipeline = ddns_pipeline_free(f->pipeline);
        all_are(f, 0, 200);
        assert_int_equal(count(f, "SELECT count(*) FROM zone"), JOBS);
}

static void a_bad_database_fails_at_once(void **state) {
        Fixture *f = *state;
        DdnsPipelineOptions options = { .database = "/nonexistent/ddns.db", .workers = 2, .done = done };
        DdnsMessage message = DDNS_MESSAGE_NULL;

        assert_int_equal(ddns_pipeline_new(&f->service, NULL, &options, &f->pipeline, &message),
                         -ENOENT);
        assert_non_null(strstr(message.text, "/nonexistent/ddns.db"));
        assert_null(f->pipeline);
        assert_null(ddns_pipeline_free(NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(jobs_of_many_threads_are_done_once_each),
                TEST(pushes_that_wait_share_a_commit),
                TEST(a_locked_database_is_503_for_the_whole_group),
                TEST(ending_waits_for_all_that_was_submitted),
                TEST(a_bad_database_fails_at_once),
        };

        return cmocka_run_group_tests_name("pipeline", tests, NULL, NULL);
}
