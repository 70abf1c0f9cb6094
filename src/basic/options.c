/* SPDX-License-Identifier: MIT */
/* Option tables over getopt_long(3). */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "basic/cleanup.h"
#include "basic/options.h"

#define OPTIONS_MAX 40

static const DdnsOption common[] = {
        { 0, "config", "FILE", "configuration, not /etc/ddns/ddns.yaml" },
        { 'h', "help", NULL, "print this text" },
        { 0, "version", NULL, "print the version" },
};

enum { COMMON_CONFIG, COMMON_HELP, COMMON_VERSION };

/* What getopt_long() returns for table entry `i`: beyond every letter. */
#define CODE_BASE 256

static void print_option(const DdnsOption *o) {
        char left[64];
        int n = o->letter ? snprintf(left, sizeof left, "-%c, --%s", o->letter, o->name)
                          : snprintf(left, sizeof left, "    --%s", o->name);

        if (o->argument && n > 0 && (size_t) n < sizeof left)
                (void) snprintf(left + n, sizeof left - (size_t) n, "=%s", o->argument);
        printf("  %-24s %s\n", left, o->help);
}

static void print_help(const DdnsProgram *p) {
        printf("Usage: %s %s\n\n%s\n\nOptions:\n", p->name, p->synopsis, p->summary);
        for (size_t i = 0; i < p->n_options; i++)
                print_option(&p->options[i]);
        for (size_t i = 0; i < ARRAY_SIZE(common); i++)
                print_option(&common[i]);
        if (p->print_more)
                p->print_more();
}

int ddns_options_parse(const DdnsProgram *program, int argc, char *argv[],
                       int (*handle)(const DdnsOption *option, const char *value, void *userdata),
                       void *userdata, const char **config, int *ret_first) {
        struct option longs[OPTIONS_MAX + 1] = { 0 };
        const DdnsOption *table[OPTIONS_MAX];
        char letters[2 * OPTIONS_MAX + 1];
        size_t n = 0, l = 0;

        for (size_t i = 0; i < ARRAY_SIZE(common); i++)
                table[n++] = &common[i];
        for (size_t i = 0; i < program->n_options && n < OPTIONS_MAX; i++)
                table[n++] = &program->options[i];
        for (size_t i = 0; i < n; i++) {
                longs[i] = (struct option){ table[i]->name,
                                            table[i]->argument ? required_argument : no_argument, NULL,
                                            CODE_BASE + (int) i };
                if (table[i]->letter) {
                        letters[l++] = table[i]->letter;
                        if (table[i]->argument)
                                letters[l++] = ':';
                }
        }
        letters[l] = '\0';

        int c;
        optind = 0; /* glibc: start anew, also for a second call in one process */
        while ((c = getopt_long(argc, argv, letters, longs, NULL)) >= 0) {
                size_t i = 0;

                if (c == '?') {
                        (void) fprintf(stderr, "Try '%s --help'.\n", program->name);
                        return -EINVAL;
                }
                if (c >= CODE_BASE)
                        i = (size_t) (c - CODE_BASE);
                else
                        while (i < n && table[i]->letter != c)
                                i++;

                if (i == COMMON_CONFIG)
                        *config = optarg;
                else if (i == COMMON_HELP) {
                        print_help(program);
                        return 0;
                } else if (i == COMMON_VERSION) {
                        printf("%s %s\n", program->name, DDNS_VERSION);
                        return 0;
                        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): getopt_long() gives only letters of the table */
                } else if (handle(table[i], optarg, userdata) < 0)
                        return -EINVAL;
        }

        *ret_first = optind;
        return 1;
}
