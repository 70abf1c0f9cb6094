/* SPDX-License-Identifier: MIT */
/* The skeleton of a daemon's main. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program/program.h"
#include "report/report.h"

typedef struct Arguments {
        bool debug, check;
} Arguments;

static int set_argument(const DdnsOption *option, const char *value, void *userdata) {
        Arguments *a = userdata;
        (void) value;

        *(strcmp(option->name, "check") == 0 ? &a->check : &a->debug) = true;
        return 0;
}

static void report_errors(char *errors) {
        char *rest = errors;

        for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
                if (*line)
                        ddns_report(DDNS_EVENT_CONFIG_BAD, NULL, "%s", line);
}

int ddns_program_run(const char *name, const char *summary, int argc, char *argv[],
                     int (*run)(const DdnsConfig *config), int (*check)(const DdnsConfig *config)) {
        static const DdnsOption options[] = {
                { 0, "debug", NULL, "report more" },
                { 0, "check", NULL, "only say whether it could run" },
        };
        const DdnsProgram program = { .name = name,
                                      .synopsis = "[OPTION…]",
                                      .summary = summary,
                                      .options = options,
                                      .n_options = check ? 2 : 1 };
        ddns_cleanup(ddns_config_done) DdnsConfig config = DDNS_CONFIG_NULL;
        ddns_cleanup(ddns_freep) char *errors = NULL;
        const char *path = DDNS_CONFIG_DEFAULT;
        Arguments arguments = { 0 };
        int first, r;

        r = ddns_options_parse(&program, argc, argv, set_argument, &arguments, &path, &first);
        if (r <= 0)
                return r < 0 ? 2 : EXIT_SUCCESS;
        if (first < argc) {
                (void) fprintf(stderr, "%s: takes no operands; try '%s --help'\n", name, name);
                return 2;
        }

        ddns_report_open(name, arguments.debug);
        r = ddns_config_load(path, &config, &errors);
        if (r < 0 && !errors)
                ddns_report(DDNS_EVENT_ERROR, NULL, "%s: %s", path, strerror(-r));
        else if (r < 0)
                report_errors(errors);
        if (r < 0)
                return r == -ENOMEM ? EXIT_FAILURE : DDNS_EXIT_CONFIG;
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): without `check` there is no --check */
        r = (arguments.check ? check : run)(&config);
        if (r == -ENOTCONN)
                return 2;
        return r == -ENOENT ? DDNS_EXIT_CONFIG : r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
