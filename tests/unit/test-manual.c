/* SPDX-License-Identifier: MIT */
/* ddnsctl(1) against the program: the same verbs with the same operands, and the same options. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "basic/file.h"
#include "ctl-fixture.h"
#include "test.h"

/* What --help prints; the caller's. */
static char *help(Fixture *f) {
        ddns_cleanup(ddns_closep) int saved = dup(STDOUT_FILENO);
        FILE *capture = tmpfile();
        char *text = calloc(1, 16384);

        (void) fflush(stdout);
        assert_true(dup2(fileno(capture), STDOUT_FILENO) >= 0);
        int status = run_to(f, stdout, "--help", NULL);
        (void) fflush(stdout);
        assert_true(dup2(saved, STDOUT_FILENO) >= 0);
        assert_int_equal(status, 0);
        rewind(capture);
        assert_in_range(fread(text, 1, 16383, capture), 100, 16000);
        (void) fclose(capture);
        return text;
}

/* The manual without scdoc's marks, but for the first of a line: "*verb* _ZONE_" is "*verb ZONE". The caller's. */
static char *manual(void) {
        ddns_cleanup(ddns_freep) char *text = NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;
        char *plain, *to;
        size_t size;

        assert_int_equal(ddns_file_read(MANUAL, 1024 * 1024, &text, &size, &message), 0);
        to = plain = calloc(1, size + 1);
        for (size_t i = 0; i < size; i++)
                if (!strchr("*_\\", text[i]) || (text[i] == '*' && i > 0 && text[i - 1] == '\n'))
                        *to++ = text[i];
        return plain;
}

/* Calls `each` for the head of each entry: a line without indentation between `begin` and `end`. */
static size_t each_head(char *text, const char *begin, const char *end,
                        void (*each)(const char *head, const char *other), const char *other) {
        char *from = strstr(text, begin), *saved = NULL;
        size_t n = 0;

        assert_non_null(from);
        from += strlen(begin);
        char *to = strstr(from, end);
        assert_non_null(to);
        *to = '\0';
        for (char *line = strtok_r(from, "\n", &saved); line; line = strtok_r(NULL, "\n", &saved)) {
                each(line, other);
                n++;
        }
        return n;
}

static void verb_is_in_manual(const char *line, const char *text) {
        char head[128], entry[160];

        if (strncmp(line, "  ", 2) != 0)
                return;
        (void) snprintf(head, sizeof head, "%.25s", line + 2);
        for (size_t n = strlen(head); n > 0 && head[n - 1] == ' '; n--)
                head[n - 1] = '\0';
        (void) snprintf(entry, sizeof entry, "\n*%s\n\t", head);
        if (!strstr(text, entry))
                fail_msg("ddnsctl(1) has no entry \"%s\"", head);
}

static void the_manual_has_every_verb_with_its_operands(void **state) {
        ddns_cleanup(ddns_freep) char *said = help(*state), *text = manual();

        assert_in_range(each_head(strcat(said, "\n$"), "Verbs:\n", "$", verb_is_in_manual, text), 15,
                        100);
}

/* The states of a zone are entries too. */
static void entry_is_a_verb(const char *line, const char *said) {
        static const char *const states[] = { "pending", "served", "written", "deferred", "dead" };
        char verb[64] = "", start[80];

        if (line[0] != '*')
                return;
        (void) sscanf(line + 1, "%63[a-z-]", verb);
        for (size_t i = 0; i < ARRAY_SIZE(states); i++)
                if (strcmp(states[i], verb) == 0)
                        return;
        (void) snprintf(start, sizeof start, "\n  %s ", verb);
        if (!strstr(said, start))
                fail_msg("ddnsctl has no verb \"%s\" (%s)", verb, line);
}

static void the_program_has_every_verb_of_the_manual(void **state) {
        ddns_cleanup(ddns_freep) char *said = help(*state), *text = manual();

        assert_in_range(each_head(text, "# VERBS\n", "\n# OPTIONS", entry_is_a_verb, said), 15, 1000);
}

static void option_is_in_manual(const char *line, const char *text) {
        char name[64], entry[80];

        const char *option = strstr(line, "--");
        if (line[0] != ' ' || !option || sscanf(option, "--%60[a-z-]", name) != 1)
                return;
        (void) snprintf(entry, sizeof entry, "--%s", name);
        const char *options = strstr(text, "\n# OPTIONS");
        for (const char *p = options; (p = strstr(p, entry)); p++)
                if (strchr("=\n", p[strlen(entry)]))
                        return;
        fail_msg("ddnsctl(1) has no option %s", entry);
}

static void the_manual_has_every_option(void **state) {
        ddns_cleanup(ddns_freep) char *said = help(*state), *text = manual();

        assert_in_range(each_head(said, "\n", "Verbs:\n", option_is_in_manual, text), 5, 100);
}

static void entry_is_an_option(const char *line, const char *said) {
        char name[64], option[72];
        const char *start = strstr(line, "--");

        if (line[0] != '*' || !start || sscanf(start, "--%60[a-z-]", name) != 1)
                return;
        (void) snprintf(option, sizeof option, "--%s", name);
        if (!strstr(said, option))
                fail_msg("ddnsctl has no option %s", option);
}

static void the_program_has_every_option_of_the_manual(void **state) {
        ddns_cleanup(ddns_freep) char *said = help(*state), *text = manual();

        assert_in_range(each_head(text, "\n# OPTIONS", "\n# JSON", entry_is_an_option, said), 10, 1000);
}

static void help_fits_80_columns(void **state) {
        ddns_cleanup(ddns_freep) char *said = help(*state);
        char *saved = NULL;

        for (char *line = strtok_r(said, "\n", &saved); line; line = strtok_r(NULL, "\n", &saved))
                assert_in_range(strlen(line), 0, 80);
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, set_up_bare, tear_down)
        const struct CMUnitTest tests[] = {
                T(the_manual_has_every_verb_with_its_operands),
                T(the_program_has_every_verb_of_the_manual),
                T(the_manual_has_every_option),
                T(the_program_has_every_option_of_the_manual),
                T(help_fits_80_columns),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
