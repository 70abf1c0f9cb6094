/* SPDX-License-Identifier: MIT */
/* From request to answer, with a real database: what is looked up, kept, refused, and said. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "receiver/service.h"
#include "store/reconcile.h"
#include "test.h"

#define SOA "@ 60 IN SOA ns.other.test. h.other.test. %u 1 1 1 1\n"
#define NS  "@ 60 IN NS ns.other.test.\n"
#define NOW UINT64_C(1800000000000000)

typedef struct Fixture {
        char directory[64], path[96];
        DdnsConfig config;
        DdnsMaster masters[2];
        DdnsService service;
        DdnsStore *store;
        unsigned commits; /* of the last request: 0 or 1 */
} Fixture;

static int set_up(void **state) {
        static char names[2][4] = { "da1", "da2" }, hostname[] = "ns1.test";
        static const DdnsStoreOptions options = { .busy_usec = 100000, .history = 3, .rejected = 10 };
        Fixture *f = calloc(1, sizeof *f);

        assert_non_null(f);
        strcpy(f->directory, "/tmp/ddns-test-XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        (void) snprintf(f->path, sizeof f->path, "%s/ddns.db", f->directory);
        for (size_t i = 0; i < 2; i++)
                f->masters[i] = (DdnsMaster){ .name = names[i] };
        f->config.receiver.masters = f->masters;
        f->config.receiver.n_masters = 2;
        f->config.receiver.hostname = hostname;
        f->config.receiver.max_records = 100;
        f->config.receiver.parent_check = DDNS_PARENT_CHECK_OWNER;
        ddns_service_init(&f->service, &f->config);
        assert_int_equal(ddns_store_open(f->path, &options, &f->store, NULL), 0);
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        static const char *const suffixes[] = { "", "-wal", "-shm" };
        Fixture *f = *state;
        char path[128];

        (void) ddns_store_free(f->store);
        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                (void) snprintf(path, sizeof path, "%s%s", f->path, suffixes[i]);
                (void) unlink(path);
        }
        (void) rmdir(f->directory);
        free(f);
        return 0;
}

static DdnsExchange exchange(Fixture *f, const char *method, const char *path, const char *query,
                             const char *body) {
        DdnsExchange x = { .method = method,
                           .path = path,
                           .query = query,
                           .master = &f->masters[0],
                           .client = "192.0.2.1" };

        ddns_buffer_append_text(&x.body, body);
        return x;
}

/* Handles it as the pipeline does; `error`: what the commit gives, 0: what it really gives. */
static void run(Fixture *f, DdnsExchange *x, int error) {
        f->commits = 0;
        if (ddns_service_handle(&f->service, f->store, x) <= 0)
                return;
        f->commits = 1;
        if (error == 0)
                error = ddns_store_accept(f->store, x->changes, x->n_changes, NOW);
        ddns_service_finish(&f->service, x, error, "what the store says");
}

static void expect(const DdnsExchange *x, unsigned status, const char *answer) {
        if (x->status != status || strcmp(x->answer.data, answer) != 0)
                fail_msg("%u %s is expected, not %u %s", status, answer, x->status, x->answer.data);
}

static void ask(Fixture *f, const char *method, const char *path, const char *query, const char *body,
                unsigned status, const char *answer) {
        DdnsExchange x = exchange(f, method, path, query, body);

        run(f, &x, 0);
        expect(&x, status, answer);
        assert_string_equal(x.content_type, "text/plain");
        ddns_exchange_done(&x);
}

static void admin(Fixture *f, const char *query, const char *body, unsigned status, const char *answer) {
        ask(f, "POST", "/CMD_API_DNS_ADMIN", query, body, status, answer);
}

/* A save of `zone` with that serial; `more`: fields of the query, each with its '&'. */
static void save(Fixture *f, const char *zone, unsigned serial, const char *more) {
        char query[256], body[256];

        (void) snprintf(query, sizeof query, "action=rawsave&domain=%s%s", zone, more);
        (void) snprintf(body, sizeof body, SOA NS, serial);
        admin(f, query, body, 200, "error=0");
}

static DdnsZoneRow row_of(Fixture *f, const char *zone) {
        DdnsZoneRow row;

        assert_int_equal(ddns_store_get_zone(f->store, zone, &row, NULL), 0);
        return row;
}

static int keep_rejected(const DdnsRejectedRow *row, void *userdata) {
        char *text = userdata;
        size_t n = strlen(text);

        (void) snprintf(text + n, 2048 - n, "%s %s: %s\n", row->master, row->zone, row->reason);
        return 0;
}

static const char *rejected(Fixture *f) {
        static char text[2048];

        text[0] = '\0';
        assert_int_equal(ddns_store_each_rejected(f->store, keep_rejected, text), 0);
        return text;
}

static void simple_requests_have_their_answers(void **state) {
        Fixture *f = *state;

        ask(f, "GET", "/CMD_API_LOGIN_TEST", "", "", 200, "error=0&text=Login%20OK");
        ask(f, "GET", "/CMD_API_USER_EXISTS", "user=u", "", 200, "error=0&exists=0");
        ask(f, "GET", "/CMD_API_POP", "", "", 200, "error=1&text=Not%20supported");
        ask(f, "GET", "/nothing", "", "", 404, "error=1&text=Unknown%20command");
        ask(f, "PUT", "/CMD_API_DNS_ADMIN", "", "", 405,
            "error=1&text=only%20GET%20and%20POST%20are%20understood");
        admin(f, "", "", 200, "error=0&text=OK");
}

static void a_saved_zone_exists_until_it_is_deleted(void **state) {
        Fixture *f = *state;

        admin(f, "action=exists&domain=a.test", "", 200, "error=0&exists=0");
        save(f, "A.test.", 5, "&hostname=s1.test&username=bob&named_reload=yes");
        admin(f, "action=exists&domain=a.test", "", 200,
              "error=0&exists=1&details=Domain%20exists%20on%20ns1.test");
        DdnsZoneRow row = row_of(f, "a.test");
        assert_int_equal(row.serial, 5);
        assert_true(row.urgent);
        assert_string_equal(row.hostname, "s1.test");
        assert_string_equal(row.username, "bob");
        assert_string_equal(row.master, "da1");
        assert_string_equal(row.client, "192.0.2.1");

        admin(f, "", "action=delete&hostname=s1.test&select0=a.test", 200, "error=0");
        admin(f, "action=exists&domain=a.test", "", 200, "error=0&exists=0");
        assert_int_equal(f->service.pushes, 2);
}

static void the_same_again_is_no_new_generation(void **state) {
        Fixture *f = *state;

        save(f, "a.test", 5, "");
        uint64_t generation = row_of(f, "a.test").generation;
        save(f, "a.test", 5, "");
        assert_int_equal(row_of(f, "a.test").generation, generation);
        save(f, "a.test", 4, ""); /* a lower serial is a change like any other */
        assert_int_equal(row_of(f, "a.test").serial, 4);
        assert_true(row_of(f, "a.test").generation > generation);
}

static void a_refused_zone_is_noted_and_the_old_one_stays(void **state) {
        Fixture *f = *state;
        DdnsExchange x = exchange(f, "POST", "/CMD_API_DNS_ADMIN", "action=rawsave&domain=a.test",
                                  "<html>");

        save(f, "a.test", 5, "");
        run(f, &x, 0);
        assert_int_equal(x.status, 400);
        assert_int_equal(strncmp(x.answer.data, "error=1&text=", 13), 0);
        ddns_exchange_done(&x);
        assert_int_equal(row_of(f, "a.test").serial, 5);
        assert_non_null(strstr(rejected(f), "da1 a.test: "));
        assert_int_equal(f->service.refused, 1);

        x = exchange(f, "POST", "/CMD_API_DNS_ADMIN", "action=rawsave&domain=a.test", "<html>");
        run(f, &x, -EAGAIN); /* that it can't be noted does not change the answer */
        assert_int_equal(x.status, 400);
        ddns_exchange_done(&x);
}

static void a_question_that_is_not_understood_is_not_kept(void **state) {
        Fixture *f = *state;

        admin(f, "action=exists&domain=half%20ty%ffped", "", 400,
              "error=1&text=half%20ty%3Fped%3A%20the%20zone%20name%20has%20a%20%27%20%27%3B%20letters%2C%20digits%2C"
              "%20%27-%27%20and%20%27_%27%20are%20allowed");
        assert_string_equal(rejected(f), "");
}

static void a_request_that_is_not_understood_changes_nothing(void **state) {
        Fixture *f = *state;

        save(f, "a.test", 1, "");
        save(f, "b.test", 1, "");
        admin(f, "", "action=delete&select0=a.test&select1=b..test", 400,
              "error=1&text=b..test%3A%20the%20zone%20name%20has%20an%20empty%20label");
        assert_false(row_of(f, "a.test").deleted);
        assert_string_equal(rejected(f), "da1 : b..test: the zone name has an empty label\n");
        admin(f, "", "action=rawsave&select0=a.test&select1=b.test&zone_file=x", 400,
              "error=1&text=exists%20and%20rawsave%20are%20about%20one%20domain%20at%20a%20time");
        assert_int_equal(row_of(f, "a.test").serial, 1);
}

static void several_deletes_are_one_commit(void **state) {
        Fixture *f = *state;

        save(f, "a.test", 1, "&hostname=s1");
        save(f, "b.test", 1, "&hostname=s2");
        save(f, "c.test", 1, "");
        admin(f, "",
              "action=delete&hostname=s1&select0=a.test&select1=b.test&select2=c.test&select3=no.test",
              200, "error=0");
        assert_true(row_of(f, "a.test").deleted);
        assert_false(row_of(f, "b.test").deleted); /* of another owner: a conflict */
        assert_true(row_of(f, "c.test").deleted);
        assert_string_equal(rejected(f), "da1 b.test: delete by s1, but the owner is s2\n");
}

static void a_delete_without_hostname_is_obeyed_by_setting(void **state) {
        Fixture *f = *state;

        save(f, "a.test", 1, "&hostname=s1");
        admin(f, "", "action=delete&select0=a.test", 200, "error=0");
        assert_false(row_of(f, "a.test").deleted);
        f->config.receiver.delete_without_hostname = true;
        admin(f, "", "action=delete&select0=a.test", 200, "error=0");
        assert_true(row_of(f, "a.test").deleted);
}

static void a_parent_is_answered_by_setting(void **state) {
        static const struct {
                DdnsParentCheck check;
                const char *zone, *more, *answer;
        } cases[] = {
                { DDNS_PARENT_CHECK_OFF, "x.owned.test", "true", "error=0&exists=0" },
                { DDNS_PARENT_CHECK_EXISTS, "x.owned.test", "true",
                  "error=0&exists=2&details=Parent%20domain%20owned.test%20exists%20on%20ns1.test" },
                { DDNS_PARENT_CHECK_OWNER, "x.owned.test", "true",
                  "error=0&exists=3&hostname=s1.test&username=bob" },
                { DDNS_PARENT_CHECK_OWNER, "y.x.owned.test", "true",
                  "error=0&exists=3&hostname=s1.test&username=bob" },
                { DDNS_PARENT_CHECK_OWNER, "x.nobody.test", "true", "error=0&exists=0" },
                { DDNS_PARENT_CHECK_EXISTS, "x.nobody.test", "true",
                  "error=0&exists=2&details=Parent%20domain%20nobody.test%20exists%20on%20ns1.test" },
                { DDNS_PARENT_CHECK_OWNER, "x.gone.test", "true", "error=0&exists=0" },
                { DDNS_PARENT_CHECK_OWNER, "xowned.test", "true", "error=0&exists=0" },
                { DDNS_PARENT_CHECK_OWNER, "x.owned.test", "no", "error=0&exists=0" },
                { DDNS_PARENT_CHECK_OWNER, "owned.test", "true",
                  "error=0&exists=1&details=Domain%20exists%20on%20ns1.test" },
        };
        Fixture *f = *state;

        save(f, "owned.test", 1, "&hostname=s1.test&username=bob");
        save(f, "nobody.test", 1, "&hostname=s1.test");
        save(f, "gone.test", 1, "&hostname=s1.test&username=bob");
        admin(f, "", "action=delete&hostname=s1.test&select0=gone.test", 200, "error=0");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char query[256];

                f->config.receiver.parent_check = cases[i].check;
                (void) snprintf(query, sizeof query,
                                "action=exists&domain=%s&check_for_parent_domain=%s", cases[i].zone,
                                cases[i].more);
                admin(f, query, "", 200, cases[i].answer);
        }
}

static void what_can_not_be_stored_is_503_with_its_reason(void **state) {
        static const struct {
                int error;
                const char *answer;
        } cases[] = {
                { -ENOSPC,
                  "error=1&text=the%20disk%20is%20full%2C%20nothing%20was%20stored%3B%20send%20it%20again%20later" },
                { -EAGAIN,
                  "error=1&text=the%20database%20is%20locked%2C%20nothing%20was%20stored%3B%20send%20it%20again%20later" },
                { -ENOMEM,
                  "error=1&text=out%20of%20memory%2C%20nothing%20was%20stored%3B%20send%20it%20again%20later" },
                { -EIO,
                  "error=1&text=the%20database%20can%20not%20be%20written%2C%20nothing%20was%20stored%3B%20send%20it%20again%20later" },
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char body[256];
                (void) snprintf(body, sizeof body, SOA NS, 1U);
                DdnsExchange x = exchange(f, "POST", "/CMD_API_DNS_ADMIN",
                                          "action=rawsave&domain=a.test", body);

                run(f, &x, cases[i].error);
                expect(&x, 503, cases[i].answer);
                ddns_exchange_done(&x);
        }
        assert_int_equal(f->service.pushes, 0);
}

static void signs_of_life_are_written_down_now_and_then(void **state) {
        Fixture *f = *state;

        admin(f, "action=exists&domain=a.test", "", 200, "error=0&exists=0");
        assert_int_equal(f->commits, 1);
        admin(f, "action=exists&domain=a.tes", "", 200, "error=0&exists=0");
        assert_int_equal(f->commits, 0);

        DdnsExchange x = exchange(f, "GET", "/CMD_API_DNS_ADMIN", "action=exists&domain=a.te", "");
        x.master = &f->masters[1]; /* whose life the other one's does not prove */
        run(f, &x, 0);
        assert_int_equal(f->commits, 1);
        ddns_exchange_done(&x);
}

/* Somebody waits for it. */
static void each_login_test_is_written_down(void **state) {
        Fixture *f = *state;

        admin(f, "action=exists&domain=a.test", "", 200, "error=0&exists=0");
        for (size_t i = 0; i < 2; i++) {
                ask(f, "GET", "/CMD_API_LOGIN_TEST", "", "", 200, "error=0&text=Login%20OK");
                assert_int_equal(f->commits, 1);
        }
}

static void the_state_is_json_with_all_its_members(void **state) {
        static const char *const members[] = { "version", "hostname", "started_usec", "pushes",
                                               "refused", "zones",    "generation",   "backends",
                                               "masters", "last_pass" };
        static const DdnsStoreBackend backends[] = { { "one", "a" }, { "two", "b" } };
        Fixture *f = *state;

        assert_int_equal(ddns_store_set_backends(f->store, backends, 2), 0);
        save(f, "a.test", 1, "");
        DdnsExchange x = exchange(f, "GET", "/status", "", "");
        run(f, &x, 0);
        assert_int_equal(x.status, 200);
        assert_string_equal(x.content_type, "application/json");

        json_t *all = json_loadb(x.answer.data, x.answer.size, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(all);
        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
                if (!json_object_get(all, members[i]))
                        fail_msg("no member %s", members[i]);
        assert_int_equal(json_object_size(all), ARRAY_SIZE(members));
        assert_int_equal(json_integer_value(json_object_get(all, "zones")), 1);
        assert_int_equal(json_integer_value(json_object_get(all, "pushes")), 1);
        const json_t *one = json_array_get(json_object_get(all, "backends"), 0);
        assert_string_equal(json_string_value(json_object_get(one, "name")), "one");
        assert_true(json_is_true(json_object_get(one, "up")));
        assert_int_equal(json_integer_value(json_object_get(one, "pending")), 1);
        assert_true(json_is_null(json_object_get(one, "error")));
        const json_t *da1 = json_array_get(json_object_get(all, "masters"), 0);
        assert_string_equal(json_string_value(json_object_get(da1, "client")), "192.0.2.1");
        assert_int_equal(json_integer_value(json_object_get(da1, "accepted")), 1);
        assert_true(json_is_null(json_object_get(all, "last_pass")));
        json_decref(all);
        ddns_exchange_done(&x);
}

static void the_state_has_the_last_pass(void **state) {
        const DdnsPass pass = {
                .started_usec = 5, .ended_usec = 7, .masters = 2, .orphans = 3, .healed = 4
        };
        Fixture *f = *state;

        assert_int_equal(ddns_store_add_pass(f->store, &pass), 0);
        DdnsExchange x = exchange(f, "GET", "/status", "", "");
        run(f, &x, 0);
        json_t *all = json_loadb(x.answer.data, x.answer.size, JSON_REJECT_DUPLICATES, NULL);
        const json_t *last = json_object_get(all, "last_pass");
        assert_int_equal(json_integer_value(json_object_get(last, "ended_usec")), 7);
        assert_int_equal(json_integer_value(json_object_get(last, "orphans")), 3);
        assert_int_equal(json_integer_value(json_object_get(last, "healed")), 4);
        assert_true(json_is_false(json_object_get(last, "failed")));
        json_decref(all);
        ddns_exchange_done(&x);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(the_state_has_the_last_pass),
                TEST(simple_requests_have_their_answers),
                TEST(a_saved_zone_exists_until_it_is_deleted),
                TEST(the_same_again_is_no_new_generation),
                TEST(a_refused_zone_is_noted_and_the_old_one_stays),
                TEST(a_question_that_is_not_understood_is_not_kept),
                TEST(a_request_that_is_not_understood_changes_nothing),
                TEST(several_deletes_are_one_commit),
                TEST(a_delete_without_hostname_is_obeyed_by_setting),
                TEST(a_parent_is_answered_by_setting),
                TEST(what_can_not_be_stored_is_503_with_its_reason),
                TEST(signs_of_life_are_written_down_now_and_then),
                TEST(each_login_test_is_written_down),
                TEST(the_state_is_json_with_all_its_members),
        };

        return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
