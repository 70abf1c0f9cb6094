/* SPDX-License-Identifier: MIT */
/* What a scrape says, by a parser of its own for Prometheus' text format, and what one that can't be answered gets. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "metrics/metrics.h"
#include "receiver/scrape.h"
#include "store-fixture.h"

#define SERIES_MAX 256

/* A name that only a configuration of somebody else's making could have. */
static const char hostile[] = "a\"b\\c\nd{e=\"f\"} 1\xc3\xbc";
#define HOSTILE_ESCAPED "a\\\"b\\\\c\\nd{e=\\\"f\\\"} 1??"

static char former[] = "former", da1[] = "da1", da2[] = "da2", listed[] = "listed";
static DdnsMaster masters[] = { { .name = da1 }, { .name = da2 } };
static DdnsReconcileMaster asked[] = { { .name = listed } };
static const DdnsConfig config = { .receiver.masters = masters,
                                   .receiver.n_masters = 2,
                                   .reconcile.masters = asked,
                                   .reconcile.n_masters = 1 };

/* ---- the parser ---- */

typedef struct Family {
        const char *name; /* not terminated */
        size_t size;
        char type[16];
} Family;

typedef struct Text {
        char *data;
        const char *series[SERIES_MAX]; /* 'name{labels} value\n…' */
        size_t n;
} Text;

static void text_done(Text *t) {
        free(t->data);
}

static bool ends(const Family *f, const char *suffix) {
        size_t size = strlen(suffix);

        return f->size > size && memcmp(f->name + f->size - size, suffix, size) == 0;
}

/* Prometheus' "Metric and label naming": a prefix, base units, `_total` for what only grows. */
static void check_name(const Family *f) {
        bool counter = strcmp(f->type, "counter") == 0;

        assert_memory_equal(f->name, "ddns_", 5);
        for (size_t i = 0; i < f->size; i++)
                assert_true(islower(f->name[i]) || f->name[i] == '_');
        if (counter != ends(f, "_total"))
                fail_msg("a %s has the name %.*s", f->type, (int) f->size, f->name);
        for (const char *const *bad = (const char *const[]){ "_usec", "_ms", "_kib", "_count", "_sum",
                                                             "_bucket", NULL };
             *bad; bad++)
                assert_false(ends(f, *bad));
        assert_true(counter || strcmp(f->type, "gauge") == 0 || strcmp(f->type, "histogram") == 0);
}

/* "# HELP" and "# TYPE"; what follows belongs to it. */
static const char *read_head(const char *p, Family *ret) {
        const char *name = p + strlen("# HELP ");

        assert_memory_equal(p, "# HELP ", strlen("# HELP "));
        ret->name = name;
        ret->size = strcspn(name, " \n");
        p = strchr(name, '\n');
        assert_non_null(p);
        assert_true(p > name + ret->size + 1 && p[-1] == '.'); /* a sentence */
        assert_memory_equal(p + 1, "# TYPE ", strlen("# TYPE "));
        p += 1 + strlen("# TYPE ");
        assert_memory_equal(p, name, ret->size + 1);
        assert_int_equal(sscanf(p + ret->size, " %15[a-z]\n", ret->type), 1);
        check_name(ret);
        return strchr(p, '\n') + 1;
}

/* Behind '{': name="value", with no other escapes than those of the format. Ends behind '}'. */
static const char *read_labels(const char *p) {
        static const char *const known[] = { "backend", "master", "state", "result", "cause",
                                             "code",    "socket", "le",    "version" };

        do {
                size_t size = strcspn(p, "="), i = 0;

                while (i < ARRAY_SIZE(known) &&
                       (strlen(known[i]) != size || memcmp(known[i], p, size) != 0))
                        i++;
                if (i == ARRAY_SIZE(known))
                        fail_msg("the label %.*s", (int) size, p);
                p += size;
                assert_memory_equal(p, "=\"", 2);
                for (p += 2; *p != '"'; p++) {
                        assert_true(*p >= ' ' && (unsigned char) *p < 0x7f);
                        if (*p == '\\')
                                assert_non_null(memchr("\\\"n", *++p, 3));
                }
        } while (*++p == ',' && p++);
        assert_int_equal(*p, '}');
        return p + 1;
}

static const char *read_sample(const char *p, const Family *f) {
        static const char *const of_histogram[] = { "_bucket{", "_sum ", "_count " };
        char *end;

        assert_memory_equal(p, f->name, f->size);
        p += f->size;
        if (strcmp(f->type, "histogram") == 0) {
                size_t i = 0;

                while (i < ARRAY_SIZE(of_histogram) &&
                       strncmp(p, of_histogram[i], strlen(of_histogram[i])) != 0)
                        i++;
                assert_true(i < ARRAY_SIZE(of_histogram));
                p += strcspn(p, "{ ");
        }
        if (*p == '{')
                p = read_labels(p + 1);
        assert_int_equal(*p, ' ');
        (void) strtod(p + 1, &end);
        assert_true(end > p + 1);
        assert_int_equal(*end, '\n');
        return end + 1;
}

static void parse(Text *t) {
        Family family = { 0 };

        for (const char *p = t->data; *p;) {
                if (*p == '#') {
                        p = read_head(p, &family);
                        for (size_t i = 0; i < t->n; i++) /* all of a family is in one place */
                                if (strncmp(t->series[i], family.name, family.size) == 0)
                                        assert_null(strchr(" {", t->series[i][family.size]));
                        continue;
                }
                const char *end = read_sample(p, &family);
                size_t size = (size_t) ((const char *) memrchr(p, ' ', (size_t) (end - p)) - p);

                for (size_t i = 0; i < t->n; i++) /* each series once */
                        assert_int_not_equal(strncmp(t->series[i], p, size + 1), 0);
                assert_true(t->n < SERIES_MAX);
                t->series[t->n++] = p;
                p = end;
        }
}

static Text scrape_of(DdnsStore *store, const DdnsMetricsProcess *process) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        Text t = { 0 };

        assert_int_equal(ddns_metrics_write(store, &config, process, &b), 0);
        t.data = ddns_buffer_take(&b, NULL);
        parse(&t);
        return t;
}

static double value(const Text *t, const char *series) {
        for (size_t i = 0; i < t->n; i++)
                if (strncmp(t->series[i], series, strlen(series)) == 0 &&
                    t->series[i][strlen(series)] == ' ')
                        return strtod(t->series[i] + strlen(series), NULL);
        fail_msg("no %s in\n%s", series, t->data);
        return 0;
}

static bool has(const Text *t, const char *text) {
        return strstr(t->data, text) != NULL;
}

/* ---- what is in it ---- */

static void everything_is_wellformed_and_named_as_prometheus_wants_it(void **state) {
        Fixture *f = *state;
        DdnsMetricsProcess process = { .started_usec = T0, .certificate_expires_usec = T0 };
        ddns_cleanup(text_done) Text nothing = scrape_of(f->store, NULL);

        (void) push(f, "a.test", 1);
        (void) deliver(f, "one", NULL);
        ddns_cleanup(text_done) Text all = scrape_of(f->store, &process);
        assert_true(all.n > nothing.n + 30);
        assert_true(value(&all, "ddns_build_info{version=\"" DDNS_VERSION "\"}") == 1);
}

static void no_zone_is_named(void **state) {
        static const char *const backends[] = { "one", "two" };
        Fixture *f = *state;
        char zone[32];

        for (unsigned i = 0; i < 20; i++) {
                (void) snprintf(zone, sizeof zone, "zone%u.test", i);
                (void) push(f, zone, i);
        }
        ddns_cleanup(text_done) Text before = scrape_of(f->store, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(backends); i++)
                (void) deliver(f, backends[i], "zone3.test");
        DdnsChange refused = { .kind = DDNS_CHANGE_REJECT,
                               .zone = "refused.test",
                               .reason = "line 1",
                               .master = "da1",
                               .client = "192.0.2.1" };
        assert_int_equal(ddns_store_accept(f->store, &refused, 1, f->now), 0);
        ddns_cleanup(text_done) Text after = scrape_of(f->store, NULL);
        assert_false(has(&after, ".test"));
        assert_true(value(&after, "ddns_zones") == 20);
        assert_true(value(&after, "ddns_master_pushes_total{master=\"da1\",result=\"refused\"}") == 1);
        /* as many series as before, but for the times that are known now */
        assert_in_range(after.n, before.n, before.n + 4);
}

static void names_are_escaped(void **state) {
        Fixture *f = *state;
        const DdnsStoreBackend backend = { hostile, "there" };

        assert_int_equal(ddns_store_set_backends(f->store, &backend, 1), 0);
        ddns_cleanup(text_done) Text t = scrape_of(f->store, NULL);
        assert_true(value(&t, "ddns_backend_up{backend=\"" HOSTILE_ESCAPED "\"}") == 1);
        assert_true(value(&t, "ddns_backend_changes{backend=\"" HOSTILE_ESCAPED "\",state=\"dead\"}") ==
                    0);
}

static void what_never_happened_has_no_time(void **state) {
        Fixture *f = *state;
        DdnsMetricsProcess process = { 0 };
        ddns_cleanup(text_done) Text before = scrape_of(f->store, &process);

        assert_false(has(&before, "\nddns_backend_last_success_timestamp_seconds{"));
        assert_false(has(&before, "\nddns_receiver_certificate_expiry_timestamp_seconds "));
        assert_false(has(&before, "\nddns_reconcile_orphans "));
        (void) push(f, "a.test", 1);
        (void) deliver(f, "one", NULL);
        process.certificate_expires_usec = T0 + 1;
        ddns_cleanup(text_done) Text after = scrape_of(f->store, &process);
        assert_true(value(&after, "ddns_backend_last_success_timestamp_seconds{backend=\"one\"}") >=
                    (double) T0 / USEC_PER_SEC);
        assert_false(has(&after, "\nddns_backend_last_success_timestamp_seconds{backend=\"two\"}"));
        assert_true(has(&after, "\nddns_receiver_certificate_expiry_timestamp_seconds "
                                "1800000000.000001\n"));
}

static void a_zone_is_in_one_state_on_each_backend(void **state) {
        static const char *const states[] = { "delivered", "pending", "written", "deferred", "dead" };
        Fixture *f = *state;
        char series[96];

        (void) push(f, "good.test", 1);
        (void) push(f, "bad.test", 1);
        for (unsigned tries = 0; tries < ARRAY_SIZE(backoff) + 1; tries++) {
                double sum = 0;

                (void) deliver(f, "one", "bad.test");
                ddns_cleanup(text_done) Text t = scrape_of(f->store, NULL);
                for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
                        (void) snprintf(series, sizeof series,
                                        "ddns_backend_changes{backend=\"one\",state=\"%s\"}", states[i]);
                        sum += value(&t, series);
                }
                assert_true(sum == 2);
                f->now += UINT64_C(86400) * USEC_PER_SEC;
        }
        ddns_cleanup(text_done) Text t = scrape_of(f->store, NULL);
        assert_true(value(&t, "ddns_backend_changes{backend=\"one\",state=\"dead\"}") == 1);
        assert_true(value(&t, "ddns_backend_changes{backend=\"one\",state=\"delivered\"}") == 1);
        assert_true(value(&t, "ddns_backend_changes{backend=\"two\",state=\"pending\"}") == 2);
        assert_true(value(&t, "ddns_backend_deliveries_total{backend=\"one\",result=\"failure\"}") >= 5);
}

static void masters_are_those_of_today(void **state) {
        Fixture *f = *state;
        DdnsChange change = { .kind = DDNS_CHANGE_CONTACT, .master = former, .client = "192.0.2.1" };

        assert_int_equal(ddns_store_accept(f->store, &change, 1, f->now), 0);
        (void) push(f, "a.test", 1);
        ddns_cleanup(text_done) Text t = scrape_of(f->store, NULL);
        assert_false(has(&t, former));
        assert_true(value(&t, "ddns_master_pushes_total{master=\"da1\",result=\"accepted\"}") == 1);
        assert_true(value(&t, "ddns_master_pushes_total{master=\"da2\",result=\"accepted\"}") == 0);
        assert_true(value(&t, "ddns_master_zones{master=\"da1\"}") == 1);
        assert_true(value(&t, "ddns_listing_up{master=\"listed\"}") == 0);
}

static void durations_fall_into_the_bucket_that_ends_with_them(void **state) {
        static const char family[] = "ddns_receiver_request_duration_seconds";
        static const struct {
                uint64_t usec;
                const char *first; /* bucket that counts it */
        } durations[] = { { 0, "0.0025" },     { 2500, "0.0025" },    { 2501, "0.005" },
                          { 1000000, "1" },    { 1000001, "5" },      { 5000000, "5" },
                          { 5000001, "+Inf" }, { 3600000000, "+Inf" } };
        Fixture *f = *state;
        DdnsMetricsProcess process = { 0 };
        char series[96];

        for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
                (void) snprintf(series, sizeof series, "%s_bucket{le=\"%s\"}", family,
                                durations[i].first);
                ddns_cleanup(text_done) Text before = scrape_of(f->store, &process);
                ddns_metrics_time(&process, durations[i].usec);
                ddns_cleanup(text_done) Text after = scrape_of(f->store, &process);
                double last = 0;
                bool reached = false;

                for (size_t k = 0; k < after.n; k++) { /* from that one on each has one more */
                        if (strncmp(after.series[k], "ddns_receiver_request_duration_seconds_bucket",
                                    strlen(family) + 7) != 0)
                                continue;
                        size_t size = (size_t) (strchr(after.series[k], ' ') - after.series[k]);
                        double now = strtod(after.series[k] + size, NULL);

                        reached = reached || strncmp(after.series[k], series, size) == 0;
                        assert_true(now == strtod(before.series[k] + size, NULL) + (reached ? 1 : 0));
                        assert_true(now >= last);
                        last = now;
                }
                assert_true(reached);
        }
        ddns_cleanup(text_done) Text t = scrape_of(f->store, &process);
        assert_true(has(&t, "\nddns_receiver_request_duration_seconds_count 8\n"));
        assert_true(has(&t, "\nddns_receiver_request_duration_seconds_sum 3612.005003\n"));
}

static void what_goes_up_and_down_never_goes_below_zero(void **state) {
        Fixture *f = *state;
        DdnsMetricsProcess process = { 0 };

        ddns_metrics_count(&process, DDNS_METRICS_OPEN_METRICS, 1);
        ddns_metrics_count(&process, DDNS_METRICS_OPEN_METRICS, (uint64_t) -1);
        ddns_cleanup(text_done) Text t = scrape_of(f->store, &process);
        assert_true(value(&t, "ddns_receiver_connections{socket=\"metrics\"}") == 0);
}

/* ---- who asks ---- */

static void ask(Fixture *f, const char *method, const char *path, unsigned status, const char *text) {
        DdnsService service = { .config = &config };
        DdnsExchange x = { .method = method, .path = path, .query = "", .client = "127.0.0.1" };

        if (ddns_scrape_judge(&x))
                ddns_scrape_handle(&service, f->store, &x);
        if (x.status != status || (text && strcmp(x.answer.data, text) != 0))
                fail_msg("%s %s: %u %s", method, path, x.status, x.answer.data);
        assert_string_equal(x.content_type, status == 200 ? "text/plain; version=0.0.4; charset=utf-8"
                                                          : "text/plain; charset=utf-8");
        ddns_exchange_done(&x);
}

static void nothing_but_reading_the_metrics_is_answered(void **state) {
        static const char *const paths[] = { "/",         "/metrics/",          "/metrics/x",
                                             "/METRICS",  "//metrics",          "*",
                                             "",          "/CMD_API_DNS_ADMIN", "/status",
                                             "/%6detrics" };
        static const char *const methods[] = { "POST", "PUT", "DELETE", "OPTIONS", "get", "" };

        ask(*state, "GET", "/metrics", 200, NULL);
        ask(*state, "HEAD", "/metrics", 200, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
                ask(*state, "GET", paths[i], 404, "There is only /metrics here.\n");
        for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
                ask(*state, methods[i], "/metrics", 405, "The metrics can only be read.\n");
}

static void a_writer_is_not_waited_for(void **state) {
        Fixture *f = *state;
        sqlite3 *writer;

        (void) push(f, "a.test", 1);
        assert_int_equal(sqlite3_open(f->path, &writer), SQLITE_OK);
        assert_int_equal(sqlite3_exec(writer, "BEGIN IMMEDIATE; DELETE FROM zone", NULL, NULL, NULL),
                         SQLITE_OK);
        ddns_cleanup(text_done) Text t = scrape_of(f->store, NULL); /* else it would be -EAGAIN */
        assert_true(value(&t, "ddns_zones") == 1);
        assert_int_equal(sqlite3_close(writer), SQLITE_OK);
}

/* Behind the page that opening it has read. */
static void spoil(const Fixture *f) {
        static const char junk[64 * 1024] = { 'x' };
        int fd = open(f->path, O_WRONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, junk, sizeof junk, 4096), sizeof junk);
        (void) close(fd);
}

static void a_damaged_database_is_503_and_no_half_of_an_answer(void **state) {
        static const char text[] = "The database can not be read; the journal has the details.\n";
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        f->store = ddns_store_free(f->store); /* all of it is in the file itself then */
        assert_int_equal(ddns_store_open(f->path, &store_options, &f->store, NULL), 0);
        spoil(f);
        ask(f, "GET", "/metrics", 503, text);
        assert_true(ddns_store_is_spent(f->store));
        ask(f, "GET", "/metrics", 503, text);
}

static int read_error; /* of the next reading, in the place of what it gives */

int __real_ddns_store_at_once(DdnsStore *s, int (*read)(DdnsStore *s, void *userdata), void *userdata);
int __wrap_ddns_store_at_once(DdnsStore *s, int (*read)(DdnsStore *s, void *userdata), void *userdata);
int __wrap_ddns_store_at_once(DdnsStore *s, int (*read)(DdnsStore *s, void *userdata), void *userdata) {
        int r = read_error < 0 ? read_error : __real_ddns_store_at_once(s, read, userdata);

        read_error = 0;
        return r;
}

static void want_of_memory_is_not_blamed_on_the_database(void **state) {
        read_error = -ENOMEM;
        ask(*state, "GET", "/metrics", 503, "Out of memory; ask again later.\n");
        ask(*state, "GET", "/metrics", 200, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(everything_is_wellformed_and_named_as_prometheus_wants_it),
                TEST(no_zone_is_named),
                TEST(names_are_escaped),
                TEST(what_never_happened_has_no_time),
                TEST(a_zone_is_in_one_state_on_each_backend),
                TEST(masters_are_those_of_today),
                TEST(durations_fall_into_the_bucket_that_ends_with_them),
                TEST(what_goes_up_and_down_never_goes_below_zero),
                TEST(nothing_but_reading_the_metrics_is_answered),
                TEST(a_writer_is_not_waited_for),
                TEST(want_of_memory_is_not_blamed_on_the_database),
                TEST(a_damaged_database_is_503_and_no_half_of_an_answer),
        };

        return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
