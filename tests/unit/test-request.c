/* SPDX-License-Identifier: MIT */
/* What a request means: requests E1 to E11, and the order of decisions. */
#include <stdio.h>
#include <string.h>

#include "receiver/request.h"
#include "store/store.h"
#include "test.h"

#define ADMIN "/CMD_API_DNS_ADMIN"

/* Keeps an exact copy of the body, so that a sanitizer sees each step beyond its end. */
typedef struct Parsed {
        DdnsRequest request;
        char *body;
} Parsed;

static void parsed_done(Parsed *p) {
        ddns_request_done(&p->request);
        free(p->body);
}
#define PARSED ddns_cleanup(parsed_done) Parsed

static Parsed parse_bytes(const char *method, const char *path, const char *query, const char *body,
                          size_t size) {
        Parsed p = { .body = malloc(size > 0 ? size : 1) };

        assert_non_null(p.body);
        memcpy(p.body, body, size);
        assert_int_equal(ddns_request_parse(method, path, query, p.body, size, &p.request), 0);
        return p;
}

static Parsed parse(const char *method, const char *path, const char *query, const char *body) {
        return parse_bytes(method, path, query, body, strlen(body));
}

static void is_bad(const char *method, const char *path, const char *query, const char *body,
                   unsigned status, const char *reason) {
        PARSED p = parse(method, path, query, body);

        if (p.request.command != DDNS_COMMAND_BAD)
                fail_msg("%s %s?%s with \"%s\" is understood", method, path, query, body);
        assert_int_equal(p.request.status, status);
        if (!strstr(p.request.message.text, reason))
                fail_msg("\"%s\" lacks \"%s\"", p.request.message.text, reason);
}

static void every_request_of_the_table_has_its_command(void **state) {
        static const struct {
                const char *method, *path, *query, *body;
                DdnsCommand command;
        } cases[] = {
                { "GET", "/CMD_API_LOGIN_TEST", "", "", DDNS_COMMAND_LOGIN_TEST },
                { "GET", ADMIN, "action=exists&domain=a.test", "", DDNS_COMMAND_EXISTS },
                { "HEAD", ADMIN, "action=exists&domain=a.test", "", DDNS_COMMAND_EXISTS },
                { "POST", ADMIN, "action=exists&domain=a.test", "", DDNS_COMMAND_EXISTS },
                { "POST", ADMIN, "", "action=exists&domain=a.test", DDNS_COMMAND_EXISTS },
                { "POST", ADMIN, "action=rawsave&domain=a.test&named_reload=yes&username=u&hostname=h",
                  "$TTL 1\n", DDNS_COMMAND_SAVE },
                { "POST", ADMIN, "", "action=rawsave&domain=a.test&zone_file=%24TTL+1",
                  DDNS_COMMAND_SAVE },
                { "POST", ADMIN, "", "action=delete&cluster=yes&hostname=h&select0=a.test",
                  DDNS_COMMAND_DELETE },
                { "POST", ADMIN, "", "action=delete&select0=a.test&select1=b.test",
                  DDNS_COMMAND_DELETE },
                { "POST", ADMIN, "action=delete&select0=a.test", "", DDNS_COMMAND_DELETE },
                { "POST", ADMIN, "", "", DDNS_COMMAND_NOTHING },
                { "GET", ADMIN, "", "", DDNS_COMMAND_NOTHING },
                { "GET", "/CMD_API_USER_EXISTS", "user=u", "", DDNS_COMMAND_USER_EXISTS },
                { "GET", "/CMD_API_POP", "action=list", "", DDNS_COMMAND_NOT_SUPPORTED },
                { "POST", "/CMD_EMAIL_POP", "", "a=b", DDNS_COMMAND_NOT_SUPPORTED },
                { "GET", "/status", "", "", DDNS_COMMAND_STATUS },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                PARSED p = parse(cases[i].method, cases[i].path, cases[i].query, cases[i].body);

                if (p.request.command != cases[i].command)
                        fail_msg("%s %s?%s: command %d: %s", cases[i].method, cases[i].path,
                                 cases[i].query, p.request.command, p.request.message.text);
        }
}

static void everything_else_is_not_found(void **state) {
        static const char *const paths[] = {
                "/",        "",         "/CMD_API_DNS_ADMIN/",   "/cmd_api_dns_admin",
                "/status/", "/CMD_API", "/CMD_API_DNS_ADMIN%00", "*"
        };

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
                is_bad("GET", paths[i], "action=exists&domain=a.test", "", 404, "Unknown command");
}

static void only_get_head_and_post_are_methods(void **state) {
        static const char *const methods[] = { "PUT", "DELETE", "OPTIONS", "get", "post", "" };

        for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
                is_bad(methods[i], ADMIN, "action=rawsave&domain=a.test", "x", 405, "GET and POST");
}

static void a_change_needs_post(void **state) {
        is_bad("GET", ADMIN, "action=rawsave&domain=a.test", "$TTL 1\n", 400, "POST");
        is_bad("HEAD", ADMIN, "action=delete&select0=a.test", "", 400, "POST");
        is_bad("GET", ADMIN, "", "action=delete&select0=a.test", 400, "no action"); /* no body is read */
}

static void a_raw_save_takes_all_its_fields_from_the_query(void **state) {
        PARSED p = parse("POST", ADMIN,
                         "action=rawsave&domain=Example.TEST.&named_reload=yes&username=bob&hostname="
                         "server1.test",
                         "\n\n$TTL 3600\n");
        const DdnsRequest *r = &p.request;

        assert_int_equal(r->n_zones, 1);
        assert_string_equal(r->zones[0], "example.test");
        assert_string_equal(r->hostname, "server1.test");
        assert_string_equal(r->username, "bob");
        assert_true(r->urgent);
        assert_int_equal(r->zone_size, 12);
        assert_memory_equal(r->zone_text, "\n\n$TTL 3600\n", 12);
}

static void the_body_of_a_raw_save_is_opaque(void **state) {
        static const char *const bodies[] = {
                "action=delete&select0=other.test&domain=other.test&hostname=evil&named_reload=yes",
                "zone_file=x",
                "a=%",
                "<html>",
                "x",
        };

        for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
                PARSED p = parse("POST", ADMIN, "action=rawsave&domain=a.test", bodies[i]);

                assert_int_equal(p.request.command, DDNS_COMMAND_SAVE);
                assert_string_equal(p.request.zones[0], "a.test");
                assert_null(p.request.hostname);
                assert_false(p.request.urgent);
                assert_int_equal(p.request.zone_size, strlen(bodies[i]));
                assert_memory_equal(p.request.zone_text, bodies[i], strlen(bodies[i]));
        }

        PARSED p = parse_bytes("POST", ADMIN, "action=rawsave&domain=a.test", "a\0b", 3);
        assert_int_equal(p.request.zone_size, 3);
}

static void a_form_carries_a_zone_in_zone_file(void **state) {
        PARSED p = parse("POST", ADMIN, "",
                         "action=rawsave&domain=a.test&zone_file=%24TTL+1%0A%40+IN+TXT+%22a%26b%22%00");

        assert_int_equal(p.request.zone_size, 22);
        assert_memory_equal(p.request.zone_text, "$TTL 1\n@ IN TXT \"a&b\"\0", 22);
}

static void an_empty_zone_is_refused(void **state) {
        is_bad("POST", ADMIN, "action=rawsave&domain=a.test", "", 400, "empty");
        is_bad("POST", ADMIN, "action=rawsave&domain=a.test&zone_file=x", "", 400, "empty");
        is_bad("POST", ADMIN, "", "action=rawsave&domain=a.test", 400, "empty");
        is_bad("POST", ADMIN, "", "action=rawsave&domain=a.test&zone_file=", 400, "empty");
}

static void the_query_string_rules_over_the_body(void **state) {
        PARSED p = parse("POST", ADMIN, "action=exists&domain=a.test&hostname=h1",
                         "action=delete&domain=b.test&hostname=h2&username=u2");

        assert_int_equal(p.request.command, DDNS_COMMAND_EXISTS);
        assert_int_equal(p.request.n_zones, 1);
        assert_string_equal(p.request.zones[0], "a.test");
        assert_string_equal(p.request.hostname, "h1");
        assert_string_equal(p.request.username, "u2");
}

static void fields_may_stand_in_both(void **state) {
        PARSED p = parse("POST", ADMIN, "domain=a.test", "action=exists&check_for_parent_domain=true");

        assert_int_equal(p.request.command, DDNS_COMMAND_EXISTS);
        assert_string_equal(p.request.zones[0], "a.test");
        assert_true(p.request.check_parent);
}

static void zones_of_the_query_are_not_mixed_with_those_of_the_body(void **state) {
        PARSED p = parse("POST", ADMIN, "action=delete&select0=a.test", "select0=b.test&select1=c.test");

        assert_int_equal(p.request.n_zones, 1);
        assert_string_equal(p.request.zones[0], "a.test");
}

static void all_selected_zones_are_deleted(void **state) {
        PARSED p = parse("POST", ADMIN, "",
                         "action=delete&select0=A.test&select1=b.test.&hostname=h&select2=a.TEST");

        assert_int_equal(p.request.n_zones, 2);
        assert_string_equal(p.request.zones[0], "a.test");
        assert_string_equal(p.request.zones[1], "b.test");
}

/* What a page of check boxes sends: the numbers of those that are ticked. */
static void selected_zones_need_no_running_numbers(void **state) {
        PARSED p = parse("POST", ADMIN, "",
                         "action=delete&select3=a.test&select17=b.test&select3=c.test&selected=no.test"
                         "&select=no.test&select1x=no.test");

        assert_int_equal(p.request.n_zones, 3);
        assert_string_equal(p.request.zones[0], "a.test");
        assert_string_equal(p.request.zones[1], "b.test");
        assert_string_equal(p.request.zones[2], "c.test");
}

static void as_many_zones_as_fields_are_taken(void **state) {
        DdnsBuffer b = DDNS_BUFFER_NULL;

        ddns_buffer_append_text(&b, "action=delete");
        for (unsigned i = 0; i < DDNS_FORM_FIELDS_MAX - 1; i++)
                ddns_buffer_append_format(&b, "&select%u=z%u.test", i, i);
        PARSED p = parse("POST", ADMIN, "", b.data);
        assert_int_equal(p.request.n_zones, DDNS_FORM_FIELDS_MAX - 1);

        ddns_buffer_append_text(&b, "&select9999=one-more.test");
        is_bad("POST", ADMIN, "", b.data, 400, "too many fields");
        ddns_buffer_done(&b);
}

static void domain_comes_before_select(void **state) {
        PARSED p = parse("POST", ADMIN, "", "action=delete&select0=b.test&domain=a.test");

        assert_int_equal(p.request.n_zones, 1);
        assert_string_equal(p.request.zones[0], "a.test");
}

static void what_is_about_one_zone_takes_no_second(void **state) {
        static const char *const forms[] = {
                "action=rawsave&zone_file=x&select0=a.test&select1=b.test",
                "action=rawsave&zone_file=x&domain=a.test&domain=b.test",
                "action=exists&select0=a.test&select1=b.test",
        };

        for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
                is_bad("POST", ADMIN, "", forms[i], 400, "one domain");

        PARSED p = parse("POST", ADMIN, "action=exists&domain=a.test&domain=A.test.", "");
        assert_int_equal(p.request.command, DDNS_COMMAND_EXISTS);
}

static void one_bad_name_among_several_spoils_all(void **state) {
        is_bad("POST", ADMIN, "", "action=delete&select0=a.test&select1=etc%2Fpasswd&select2=b.test",
               400, "'/'");
        is_bad("POST", ADMIN, "", "action=delete&select0=a.test&select1=", 400, "empty");
        is_bad("GET", ADMIN, "action=exists&domain=a%00.test", "", 400, "0x00");

        PARSED p = parse("POST", ADMIN, "", "action=delete&select0=a.test&select1=b%0Atest");
        assert_int_equal(p.request.n_zones, 0); /* the refusal is not about a.test */
}

static void a_zone_must_be_named(void **state) {
        is_bad("GET", ADMIN, "action=exists", "", 400, "no domain");
        is_bad("POST", ADMIN, "", "action=delete&hostname=h", 400, "no domain");
        is_bad("POST", ADMIN, "action=rawsave&named_reload=yes", "$TTL 1", 400, "no domain");
        is_bad("GET", ADMIN, "action=exists&domain=", "", 400, "empty");
}

static void owners_are_printable_and_bounded(void **state) {
        char query[400], longest[DDNS_OWNER_MAX + 2];

        memset(longest, 'h', sizeof longest - 1);
        longest[sizeof longest - 1] = '\0';
        for (size_t i = 0; i < 2; i++) {
                const char *name = i ? "username" : "hostname";

                (void) snprintf(query, sizeof query, "action=exists&domain=a.test&%s=%s", name, longest);
                is_bad("GET", ADMIN, query, "", 400, "255");
                query[strlen(query) - 1] = '\0';
                PARSED p = parse("GET", ADMIN, query, "");
                assert_int_equal(p.request.command, DDNS_COMMAND_EXISTS);
                assert_int_equal(strlen(i ? p.request.username : p.request.hostname), 255);
        }
        is_bad("GET", ADMIN, "action=exists&domain=a.test&hostname=a%0ab", "", 400, "printable");
        is_bad("GET", ADMIN, "action=exists&domain=a.test&username=a+b", "", 400, "printable");
        is_bad("GET", ADMIN, "action=exists&domain=a.test&username=a%00", "", 400, "printable");
        is_bad("GET", ADMIN, "action=exists&domain=a.test&username=%1b[31m", "", 400, "printable");

        PARSED refused = parse("POST", ADMIN, "action=rawsave&domain=a.test&hostname=a+b", "$TTL 1\n");
        assert_int_equal(refused.request.n_zones, 1);
        assert_string_equal(refused.request.zones[0], "a.test");

        PARSED p = parse("GET", ADMIN, "action=exists&domain=a.test&hostname=&username=", "");
        assert_null(p.request.hostname); /* empty is not said */
        assert_null(p.request.username);
}

static void values_of_keywords_have_no_case(void **state) {
        PARSED p = parse("POST", ADMIN, "action=RawSave&domain=a.test&named_reload=YES", "x");

        assert_int_equal(p.request.command, DDNS_COMMAND_SAVE);
        assert_true(p.request.urgent);
}

static void unknown_actions_are_refused(void **state) {
        static const char *const queries[] = {
                "action=&domain=a.test",         "action&domain=a.test",
                "action=save&domain=a.test",     "action=rawsave%00&domain=a.test",
                "action=delete+&select0=a.test", "action=nosuch",
                "action=exists%26&domain=a.test"
        };

        for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
                is_bad("POST", ADMIN, queries[i], "action=exists&domain=a.test", 400, "unknown action");
}

static void a_body_that_is_not_understood_is_never_ok(void **state) {
        static const char *const bodies[] = { "$TTL 1\n", "{}", "\n", "a=b", "domain=a.test", "<html>" };

        for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
                is_bad("POST", ADMIN, "", bodies[i], 400, "no action");
        is_bad("POST", ADMIN, "", "action=exists&domain=%", 400, "escape");
        is_bad("POST", ADMIN, "action=exists&domain=%zz", "", 400, "escape");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_request_of_the_table_has_its_command),
                cmocka_unit_test(everything_else_is_not_found),
                cmocka_unit_test(only_get_head_and_post_are_methods),
                cmocka_unit_test(a_change_needs_post),
                cmocka_unit_test(a_raw_save_takes_all_its_fields_from_the_query),
                cmocka_unit_test(the_body_of_a_raw_save_is_opaque),
                cmocka_unit_test(a_form_carries_a_zone_in_zone_file),
                cmocka_unit_test(an_empty_zone_is_refused),
                cmocka_unit_test(the_query_string_rules_over_the_body),
                cmocka_unit_test(fields_may_stand_in_both),
                cmocka_unit_test(zones_of_the_query_are_not_mixed_with_those_of_the_body),
                cmocka_unit_test(all_selected_zones_are_deleted),
                cmocka_unit_test(selected_zones_need_no_running_numbers),
                cmocka_unit_test(as_many_zones_as_fields_are_taken),
                cmocka_unit_test(domain_comes_before_select),
                cmocka_unit_test(what_is_about_one_zone_takes_no_second),
                cmocka_unit_test(one_bad_name_among_several_spoils_all),
                cmocka_unit_test(a_zone_must_be_named),
                cmocka_unit_test(owners_are_printable_and_bounded),
                cmocka_unit_test(values_of_keywords_have_no_case),
                cmocka_unit_test(unknown_actions_are_refused),
                cmocka_unit_test(a_body_that_is_not_understood_is_never_ok),
        };

        return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
