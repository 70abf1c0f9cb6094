/* SPDX-License-Identifier: MIT */
/* The verb diff: records that one version of a zone has and another has not. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/verb.h"

/* One of the two versions, its canonical text cut into sorted lines. */
typedef struct Side {
        DdnsZoneRow row;
        char *text; /* NULL: a delete, or nothing before the first */
        char **lines;
        size_t n;
} Side;

static void side_done(Side *s) {
        free(s->text);
        free(s->lines);
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static int cut(Side *s) {
        size_t n = 0;

        for (const char *p = s->text; p && (p = strchr(p, '\n')); p++)
                n++;
        s->lines = calloc(n + 1, sizeof s->lines[0]);
        if (!s->lines)
                return -ENOMEM;
        for (char *p = s->text, *end; p && (end = strchr(p, '\n')); p = end + 1) {
                *end = '\0';
                s->lines[s->n++] = p;
        }
        qsort(s->lines, s->n, sizeof s->lines[0], compare);
        return 0;
}

/* The versions that are meant when not both are named: the newest two, or the named one and the newest. */
typedef struct Newest {
        uint64_t generations[2];
        size_t n;
} Newest;

static int add_newest(const DdnsZoneRow *row, void *userdata) {
        Newest *w = userdata;

        w->generations[w->n++] = row->generation;
        return w->n == ARRAY_SIZE(w->generations);
}

static int choose(DdnsCtl *c, const char *zone, char *operands[], size_t n, uint64_t ret[2]) {
        Newest newest = { 0 };

        int r = ddns_store_each_version(c->store, zone, add_newest, &newest);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);
        if (newest.n == 0)
                return ddns_ctl_fail(c, "%s: unknown zone", zone);
        ret[0] = newest.generations[1];
        ret[1] = newest.generations[0];
        for (size_t i = 0; i < n; i++)
                if (ddns_ctl_parse_generation(c, operands[i], &ret[i]) != EXIT_SUCCESS)
                        return EXIT_FAILURE;
        return EXIT_SUCCESS;
}

/* Generation 0: there is nothing before the only version. */
static int load(DdnsCtl *c, const char *zone, uint64_t generation, Side *ret) {
        int r = generation == 0 ? 0
                                : ddns_store_get_version(c->store, zone, generation, &ret->row,
                                                         &ret->text);

        if (r == -ENOENT)
                return ddns_ctl_fail(c, "%s: history has no generation %" PRIu64, zone, generation);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);
        return cut(ret) < 0 ? ddns_ctl_no_memory(c) : EXIT_SUCCESS;
}

/* Walks both sides in the order of their lines; `each` gets what only one has. */
static int walk(const Side *from, const Side *to,
                int (*each)(char sign, const char *line, void *userdata), void *userdata) {
        for (size_t i = 0, j = 0; i < from->n || j < to->n;) {
                int order = i == from->n ? 1 : j == to->n ? -1 : strcmp(from->lines[i], to->lines[j]);
                int r = 0;

                if (order < 0)
                        r = each('-', from->lines[i], userdata);
                else if (order > 0)
                        r = each('+', to->lines[j], userdata);
                if (r < 0)
                        return r;
                i += order <= 0;
                j += order >= 0;
        }
        return 0;
}

typedef struct Output {
        DdnsCtl *ctl;
        json_t *removed, *added;
        size_t n;
} Output;

static int print_line(char sign, const char *line, void *userdata) {
        Output *o = userdata;
        bool color = o->ctl->color;

        (void) fprintf(o->ctl->out, "%s%c%s%s\n",
                       !color        ? ""
                       : sign == '-' ? "\033[31m"
                                     : "\033[32m",
                       sign, line, color ? "\033[0m" : "");
        o->n++;
        return 0;
}

static int collect_line(char sign, const char *line, void *userdata) {
        Output *o = userdata;

        return json_array_append_new(sign == '-' ? o->removed : o->added, ddns_json_text(line)) < 0
                               ? -ENOMEM
                               : 0;
}

static int print_json(DdnsCtl *c, const char *zone, const Side *from, const Side *to) {
        ddns_cleanup(ddns_json_decrefp) json_t *removed = json_array(), *added = json_array();
        Output o = { .ctl = c, .removed = removed, .added = added };

        if (walk(from, to, collect_line, &o) < 0)
                return ddns_ctl_no_memory(c);
        return ddns_ctl_print_json(c, json_pack("{s:s, s:I, s:I, s:O, s:O}", "zone", zone, "from",
                                                (json_int_t) from->row.generation, "to",
                                                (json_int_t) to->row.generation, "removed", removed,
                                                "added", added));
}

static void print_head(DdnsCtl *c, const char *sign, const Side *s) {
        if (s->row.generation == 0)
                (void) fprintf(c->out, "%s nothing before it is kept\n", sign);
        else if (s->row.deleted)
                (void) fprintf(c->out, "%s generation %" PRIu64 ", deleted\n", sign, s->row.generation);
        else
                (void) fprintf(c->out, "%s generation %" PRIu64 ", serial %" PRIu32 "\n", sign,
                               s->row.generation, s->row.serial);
}

int ddns_verb_diff(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(side_done) Side from = { 0 };
        ddns_cleanup(side_done) Side to = { 0 };
        char name[DDNS_ZONE_NAME_MAX + 1];
        uint64_t generations[2];
        Output o = { .ctl = c };

        if (ddns_ctl_parse_zone(c, operands[0], name) != EXIT_SUCCESS ||
            choose(c, name, operands + 1, n - 1, generations) != EXIT_SUCCESS ||
            /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): choose() has set them */
            load(c, name, generations[0], &from) != EXIT_SUCCESS ||
            load(c, name, generations[1], &to) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        if (c->options & DDNS_CTL_JSON)
                return print_json(c, name, &from, &to);
        print_head(c, "---", &from);
        print_head(c, "+++", &to);
        (void) walk(&from, &to, print_line, &o);
        if (o.n == 0)
                (void) fputs("No record differs.\n", c->out);
        return EXIT_SUCCESS;
}
