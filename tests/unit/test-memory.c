/* SPDX-License-Identifier: MIT */
/* Memory runs out at each allocation in turn: a zone comes out whole, or not at all, and is never found bad for it. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deliver/coredns-rows.h"
#include "deliver/powerdns-rows.h"
#include "test.h"
#include "zone/zone.h"

#define PUBLIC __attribute__((visibility("default")))

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

static long countdown; /* 0: nothing fails; the one that makes it 0 does */

static bool fails(void) {
        if (countdown == 0 || --countdown > 0)
                return false;
        errno = ENOMEM;
        return true;
}

/* In the place of the C library's, for all libraries. */
PUBLIC void *malloc(size_t size) {
        return fails() ? NULL : __libc_malloc(size);
}

PUBLIC void *calloc(size_t n, size_t size) {
        return fails() ? NULL : __libc_calloc(n, size);
}

PUBLIC void *realloc(void *p, size_t size) {
        return fails() ? NULL : __libc_realloc(p, size);
}

/* What the last rows hash to, so that two outcomes can be compared without memory. */
static uint64_t mix(uint64_t sum, const char *data, size_t size) {
        for (size_t i = 0; i < size; i++)
                sum = (sum ^ (unsigned char) data[i]) * UINT64_C(0x100000001b3);
        return sum * 31 + size;
}

static uint64_t mix_rows(uint64_t sum, const DdnsSqlRows *rows) {
        for (size_t i = 0; i < rows->n; i++)
                for (size_t k = 0; k < DDNS_SQL_CELLS_MAX; k++)
                        if (rows->rows[i].cells[k].text)
                                sum = mix(sum, rows->rows[i].cells[k].text, rows->rows[i].cells[k].size);
        return sum;
}

static const char input[] =
                "$TTL 300\n@ SOA ns1 h 7 2 3 4 5\n@ NS ns1\n@ NS ns.host.example.\nns1 A 192.0.2.1\nns1 AAAA 2001:db8::1\n"
                "@ MX 10 mail\nmail A 192.0.2.2\n*.w CNAME mail\n@ TXT \"a b\" \"c;d\"\n_s._tcp SRV 1 2 3 mail\n"
                "@ CAA 0 issue \"ca.example\"\nt TYPE65400 \\# 2 abcd\n$ORIGIN sub.example.test.\na 60 A 192.0.2.3\n  A 192.0.2.4\n"
                "@ DS 1 8 2 e2d3c916f6deeac73294e8268fb5885044a833fc5459588f4a9184cfc41a5766\n@ NS ns1.example.test.\n"
                "outside.example.org. A 192.0.2.9\n";

typedef struct Outcome {
        int error;
        uint64_t sum;
} Outcome;

static Outcome check_zone(void) {
        const DdnsZoneLimits limits = { .max_records = 100 };
        DdnsZone zone = DDNS_ZONE_NULL;
        DdnsMessage message;
        Outcome o = { .error = ddns_zone_check("example.test", input, strlen(input), &limits, &zone,
                                               &message) };

        if (o.error >= 0)
                o.sum = mix(zone.n_dropped, zone.text, zone.size);
        return o;
}

static char *canonical;

static Outcome make_coredns_rows(void) {
        const DdnsCorednsLimits limits = { .hostname = 512, .type = 10, .data = 1024, .utf8 = true };
        DdnsSqlRows rows = DDNS_SQL_ROWS_NULL;
        DdnsMessage warning = DDNS_MESSAGE_NULL, message;
        Outcome o = { .error = ddns_coredns_rows("example.test", canonical, &limits, &rows, &warning,
                                                 &message) };

        if (o.error >= 0)
                o.sum = mix(mix_rows(1, &rows), warning.text, strlen(warning.text));
        return o;
}

static Outcome make_powerdns_rows(void) {
        const DdnsPowerdnsLimits limits = {
                .name = 255, .type = 10, .content = 64000, .ordername = 255
        };
        DdnsSqlRows rows = DDNS_SQL_ROWS_NULL, metadata = DDNS_SQL_ROWS_NULL;
        DdnsMessage warning = DDNS_MESSAGE_NULL, message;
        Outcome o = { .error = ddns_powerdns_rows("example.test", canonical, &limits, &rows, &metadata,
                                                  &warning, &message) };

        if (o.error >= 0)
                o.sum = mix(mix_rows(mix_rows(1, &rows), &metadata), warning.text, strlen(warning.text));
        return o;
}

enum { WHOLE, NOT_AT_ALL, BAD, UNTOUCHED };

/* In a process of its own: ldns may take it along. */
static int fail_nth(long n, Outcome (*work)(void), const Outcome *expected) {
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (pid == 0) {
                (void) close(STDERR_FILENO);
                (void) signal(SIGABRT, SIG_DFL); /* cmocka would go on with the next test */
                (void) signal(SIGSEGV, SIG_DFL);
                countdown = n;
                Outcome o = work();
                bool hit = countdown == 0;
                countdown = 0;
                bool whole = o.error >= 0 && o.sum == expected->sum;
                _exit(o.error == -ENOMEM ? NOT_AT_ALL : !whole ? BAD : hit ? WHOLE : UNTOUCHED);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : NOT_AT_ALL;
}

static void fail_each(Outcome (*work)(void)) {
        Outcome expected = work();
        long n = 1;

        assert_true(expected.error >= 0);
        for (int r; (r = fail_nth(n, work, &expected)) != UNTOUCHED; n++)
                if (r == BAD)
                        fail_msg("without allocation %ld something else comes out", n);
        assert_true(n > 10);
}

static void a_zone_is_checked_whole_or_not_at_all(void **state) {
        (void) state;
        fail_each(check_zone);
}

static void its_rows_come_whole_or_not_at_all(void **state) {
        (void) state;
        fail_each(make_coredns_rows);
        fail_each(make_powerdns_rows);
}

static int set_up(void **state) {
        const DdnsZoneLimits limits = { .max_records = 100 };
        DdnsZone zone = DDNS_ZONE_NULL;
        DdnsMessage message;
        (void) state;

        int r = ddns_zone_check("example.test", input, strlen(input), &limits, &zone, &message);
        if (r < 0)
                print_message("%s\n", message.text);
        canonical = zone.text;
        return r;
}

static int tear_down(void **state) {
        (void) state;
        free(canonical);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_zone_is_checked_whole_or_not_at_all),
                cmocka_unit_test(its_rows_come_whole_or_not_at_all),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
