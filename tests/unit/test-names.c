/* SPDX-License-Identifier: MIT */
/* The way of a zone's name from the wire to files, commands and configurations: nothing comes through that means anything there. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/domain.h"
#include "deliver/bind.h"
#include "deliver/zonedir-internal.h"
#include "name-maker.h"
#include "receiver/request.h"
#include "test.h"

/* DDNS_NAMES=N makes more of them, DDNS_NAMES_SEED=N others. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NAMES 100000
#else
#define NAMES 1000000
#endif

static uint64_t setting(const char *name, uint64_t otherwise) {
        const char *text = getenv(name);

        return text ? strtoull(text, NULL, 0) : otherwise;
}

static void fail_name(const MadeName *n, const char *what) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer shown = DDNS_BUFFER_NULL;

        for (size_t i = 0; i < n->size; i++)
                ddns_buffer_append_format(&shown, isgraph((unsigned char) n->text[i]) ? "%c" : "<%02x>",
                                          (unsigned char) n->text[i]);
        fail_msg("%s: \"%s\" (%zu octets): %s", n->kind, shown.data ? shown.data : "", n->size, what);
}

#define holds(name, condition)                       \
        do                                           \
                if (!(condition))                    \
                        fail_name(name, #condition); \
        while (0)

/* What is taken, and as what, said a second time and in another way. */
static bool is_good(const MadeName *n, char ret[DDNS_ZONE_NAME_MAX + 1]) {
        size_t size = n->size > 0 && n->text[n->size - 1] == '.' ? n->size - 1 : n->size;
        const char *p = ret;

        if (size > DDNS_ZONE_NAME_MAX)
                return false;
        for (size_t i = 0; i < size; i++)
                ret[i] = (char) tolower((unsigned char) n->text[i]);
        ret[size] = '\0';
        for (;;) {
                size_t label = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789-_");

                if (label == 0 || label > 63)
                        return false;
                p += label;
                if (*p == '\0')
                        return p == ret + size; /* no NUL in the middle */
                if (*p++ != '.')
                        return false;
        }
}

/* ---- requests ---- */

/* A value of a form, each octet as it is or escaped. */
static void append_value(NameMaker *m, DdnsBuffer *b, const MadeName *n) {
        for (size_t i = 0; i < n->size; i++) {
                char c = n->text[i];

                if (c == '\0' || strchr("&%+", c) || name_maker_below(m, 4) == 0)
                        ddns_buffer_append_format(b, name_maker_below(m, 2) == 0 ? "%%%02x" : "%%%02X",
                                                  (unsigned char) c);
                else
                        ddns_buffer_append_byte(b, c == ' ' ? '+' : c);
        }
}

static const struct {
        DdnsCommand command;
        bool in_query;
        const char *before, *behind;
} ways[] = {
        { DDNS_COMMAND_SAVE, true, "action=rawsave&domain=", "&named_reload=yes" },
        { DDNS_COMMAND_SAVE, false, "action=rawsave&zone_file=x&domain=", "" },
        { DDNS_COMMAND_DELETE, false, "action=delete&cluster=yes&select0=", "&x=y" },
        { DDNS_COMMAND_EXISTS, true, "action=exists&domain=", "" },
};

/* As a master would send it. The name that was taken out of it; "" if it was refused. */
static void pass_request(NameMaker *m, const MadeName *n, char ret[DDNS_ZONE_NAME_MAX + 1]) {
        static DdnsBuffer text;
        ddns_cleanup(ddns_request_done) DdnsRequest r = DDNS_REQUEST_NULL;
        size_t way = name_maker_below(m, ARRAY_SIZE(ways));

        ddns_buffer_reset(&text);
        ddns_buffer_append_text(&text, ways[way].before);
        append_value(m, &text, n);
        ddns_buffer_append_text(&text, ways[way].behind);
        assert_int_equal(ddns_buffer_status(&text), 0);
        const char *body = ways[way].in_query ? "x" : text.data;
        assert_int_equal(ddns_request_parse("POST", "/CMD_API_DNS_ADMIN",
                                            ways[way].in_query ? text.data : "", body, strlen(body), &r),
                         0);

        ret[0] = '\0';
        if (r.command != DDNS_COMMAND_BAD) {
                holds(n, r.command == ways[way].command && r.n_zones == 1);
                strcpy(ret, r.zones[0]);
                return;
        }
        holds(n, r.status == 400 && r.n_zones == 0 && r.message.text[0]);
        for (const char *p = r.message.text; *p; p++)
                holds(n, *p >= ' ' && *p <= '~'); /* it becomes a line of the journal and of listings */
}

/* ---- files ---- */

/* The last gate, for whatever somebody brought there. `canonical`: what it is as a zone's name; "" if it is none. */
static void check_file(const MadeName *n, const char *given, const char *canonical) {
        size_t size = strlen(canonical);
        DdnsZoneFileName file;

        int r = ddns_zonedir_file_name(given, &file, NULL);
        if (r < 0) {
                holds(n, size == 0 ? r == -EINVAL
                                   : r == -ENAMETOOLONG && size + strlen(".db.jnl") > NAME_MAX);
                return;
        }
        /* Just the name and the ending: one file for each name, and another one for each. */
        holds(n, size > 0 && strncmp(file.text, canonical, size) == 0 &&
                                 strcmp(file.text + size, ".db") == 0);
        holds(n, strlen(file.text) + strlen(".jnl") <= NAME_MAX && file.text[0] != '.' &&
                                 !strchr(file.text, '/'));
}

/* As a string in C, which ends at a NUL. */
static void check_unchecked(const MadeName *n) {
        MadeName cut = *n;
        char canonical[DDNS_ZONE_NAME_MAX + 1];

        cut.size = strlen(n->text);
        check_file(n, n->text, is_good(&cut, canonical) ? canonical : "");
}

/* ---- BIND's configuration ---- */

typedef struct Token {
        char kind; /* 'w' word, 'q' quoted, 's' special, 0 the end, '!' garbled */
        char text[512];
} Token;

static const char *skip_blanks(const char *p) {
        for (;;) {
                p += strspn(p, " \t\r\n");
                if (*p == '#' || strncmp(p, "//", 2) == 0)
                        p += strcspn(p, "\n");
                else if (strncmp(p, "/*", 2) == 0) {
                        p = strstr(p + 2, "*/");
                        if (!p)
                                return "";
                        p += 2;
                } else
                        return p;
        }
}

/* As named reads it. */
static const char *next_token(const char *p, Token *ret) {
        size_t size = 0;

        p = skip_blanks(p);
        if (*p == '"') {
                ret->kind = 'q';
                for (p++; *p != '"' && ret->kind == 'q'; p++) {
                        if (*p == '\\')
                                p++;
                        if (*p == '\0' || *p == '\n' || size + 1 == sizeof ret->text)
                                ret->kind = '!';
                        else
                                ret->text[size++] = *p;
                }
                p++;
        } else if (*p && strchr("{};", *p)) {
                ret->kind = 's';
                ret->text[size++] = *p++;
        } else {
                ret->kind = *p ? 'w' : '\0';
                while (*p && !strchr(" \t\r\n{};\"", *p) && ret->kind == 'w') {
                        if (size + 1 == sizeof ret->text)
                                ret->kind = '!';
                        else
                                ret->text[size++] = *p++;
                }
        }
        ret->text[size] = '\0';
        return p;
}

/* `expected`: of each token its kind and its text; NULL ends it. */
static void check_tokens(const MadeName *n, const char *text, const char *const expected[]) {
        Token token = { 0 };

        for (size_t i = 0; expected[i]; i++) {
                text = next_token(text, &token);
                if (token.kind != expected[i][0] || strcmp(token.text, expected[i] + 1) != 0)
                        fail_name(n, token.text);
        }
        (void) next_token(text, &token);
        holds(n, token.kind == '\0');
}

static void check_statement(const MadeName *n, const char *zone, const char *directory) {
        static DdnsBuffer text;
        DdnsBackendConfig config = { .zone_dir = (char *) directory };
        char quoted[DDNS_ZONE_NAME_MAX + 2], path[512];

        (void) snprintf(quoted, sizeof quoted, "q%s", zone);
        (void) snprintf(path, sizeof path, "q%s/%s.db", directory, zone);
        ddns_buffer_reset(&text);
        ddns_buffer_append_text(&text, "zone ");
        ddns_bind_append_zone(&text, &config, zone, "");
        holds(n, !strchr(text.data, '\n')); /* the include file has a line for each */
        check_tokens(n, text.data,
                     (const char *[]){ "wzone", quoted, "s{", "wtype", "wprimary", "s;", "wfile", path,
                                       "s;", "wcheck-names", "wignore", "s;", "s}", "s;", NULL });

        ddns_buffer_reset(&text);
        ddns_bind_append_zone(&text, &config, zone, " IN outside");
        check_tokens(n, text.data,
                     (const char *[]){ quoted, "wIN", "woutside", "s{", "wtype", "wprimary", "s;",
                                       "wfile", path, "s;", "wcheck-names", "wignore", "s;", "s}", "s;",
                                       NULL });
}

static void check_command(const MadeName *n, const char *zone) {
        static DdnsBuffer text;
        char absolute[DDNS_ZONE_NAME_MAX + 3];

        (void) snprintf(absolute, sizeof absolute, "w%s.", zone);
        ddns_buffer_reset(&text);
        ddns_bind_append_command(&text, "reload", zone, " IN outside");
        check_tokens(n, text.data, (const char *[]){ "wreload", absolute, "wIN", "woutside", NULL });
}

/* What is written without a thought of quoting: a string in JSON, a word in a line. */
static void check_text(const MadeName *n, const char *zone) {
        char quoted[DDNS_ZONE_NAME_MAX + 3];
        json_t *value = json_string(zone);
        char *text = json_dumps(value, JSON_ENCODE_ANY);

        (void) snprintf(quoted, sizeof quoted, "\"%s\"", zone);
        holds(n, text && strcmp(text, quoted) == 0);
        free(text);
        json_decref(value);
}

static void a_name_that_is_taken_means_nothing_but_itself(void **state) {
        NameMaker m = { .state = setting("DDNS_NAMES_SEED", 1) };
        uint64_t count = setting("DDNS_NAMES", NAMES), taken = 0;

        for (uint64_t i = 0; i < count; i++) {
                char expected[DDNS_ZONE_NAME_MAX + 1], zone[DDNS_ZONE_NAME_MAX + 1];
                MadeName n;

                name_maker_next(&m, &n);
                if (!is_good(&n, expected))
                        expected[0] = '\0';
                pass_request(&m, &n, zone);
                holds(&n, strcmp(zone, expected) == 0);
                check_unchecked(&n);
                if (!zone[0])
                        continue;
                taken++;
                check_file(&n, zone, zone);
                check_statement(&n, zone, "/var/lib/bind/ddns");
                check_statement(&n, zone, "/srv/{a};b #c//d/*e");
                check_command(&n, zone);
                check_text(&n, zone);
        }
        /* enough of both to mean something */
        assert_in_range(taken, count / 4, count * 3 / 4);
}

/* ---- a directory ---- */

#define FILES 500

static int is_among(const char *zone, void *userdata) {
        const DdnsNames *names = userdata;

        if (!ddns_names_have(names, zone))
                fail_msg("%s was never written", zone);
        return 0;
}

static size_t count_entries(const char *path) {
        DIR *dir = opendir(path);
        size_t n = 0;

        assert_non_null(dir);
        while (readdir(dir))
                n++;
        (void) closedir(dir);
        return n - 2;
}

/* All files of names that were taken lie side by side, and are told as these names again. */
static void each_name_has_a_file_of_its_own_in_the_directory(void **state) {
        char above[] = "/tmp/ddns-test-names-XXXXXX", path[64];
        NameMaker m = { .state = setting("DDNS_NAMES_SEED", 1) };
        DdnsMessage message = DDNS_MESSAGE_NULL;
        DdnsTask tasks[FILES] = { 0 };
        DdnsNames names = { 0 };
        DdnsZoneDir *d;

        assert_non_null(mkdtemp(above));
        (void) snprintf(path, sizeof path, "%s/zones", above);
        assert_int_equal(mkdir(path, 0700), 0);
        while (names.n < FILES) {
                char zone[DDNS_ZONE_NAME_MAX + 1];
                MadeName n;

                name_maker_next(&m, &n);
                if (is_good(&n, zone) && strlen(zone) + strlen(".db.jnl") <= NAME_MAX) {
                        assert_int_equal(ddns_names_add(&names, zone), 0);
                        if (names.n == FILES)
                                ddns_names_sort(&names);
                }
        }
        for (size_t i = 0; i < FILES; i++)
                tasks[i] = (DdnsTask){ .zone = names.items[i], .content = "x", .size = 1 };

        assert_int_equal(ddns_zonedir_open(path, &d, &message), 0);
        assert_int_equal(ddns_zonedir_write(d, tasks, FILES, &message), 0);
        assert_int_equal(count_entries(path), FILES);
        assert_int_equal(count_entries(above), 1);
        assert_int_equal(ddns_zonedir_each(d, is_among, &names, &message), 0);
        for (size_t i = 0; i < FILES; i++) {
                assert_int_equal(tasks[i].state, DDNS_TASK_PENDING);
                tasks[i].delete = true;
        }
        assert_int_equal(ddns_zonedir_remove(d, tasks, FILES, &message), 0);
        (void) ddns_zonedir_free(d);
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(rmdir(above), 0);
        ddns_names_done(&names);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_name_that_is_taken_means_nothing_but_itself),
                cmocka_unit_test(each_name_has_a_file_of_its_own_in_the_directory),
        };

        return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
