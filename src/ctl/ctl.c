/* SPDX-License-Identifier: MIT */
/* One command line: options, the choice of the verb, and what it needs. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "basic/options.h"
#include "ctl/ctl.h"
#include "ctl/pager.h"
#include "ctl/screen.h"
#include "ctl/verbs.h"

#define EXIT_USAGE    2
#define EXIT_UNKNOWN  3 /* of check */
#define TIMEOUT_USEC  (60 * USEC_PER_SEC)
#define INTERVAL_USEC (2 * USEC_PER_SEC)
#define WARNING_USEC  (300 * USEC_PER_SEC)
#define CRITICAL_USEC (1800 * USEC_PER_SEC)
#define SILENT_DAYS   7

static int handle_option(const DdnsOption *option, const char *value, void *userdata) {
        size_t i = 0;

        while (strcmp(ddns_ctl_options[i].option.name, option->name) != 0)
                i++;
        return ddns_ctl_set_option(userdata, i, value);
}

/* A plugin's caller takes 2 for CRITICAL, and sees standard output only. */
static int wrong(DdnsCtl *c, const DdnsVerbRow *verb) {
        if (!verb || verb->run != ddns_verb_check)
                return EXIT_USAGE;
        (void) fprintf(c->out, "DDNS UNKNOWN - the command line is wrong\n");
        return EXIT_UNKNOWN;
}

static int usage(DdnsCtl *c, const DdnsVerbRow *verb) {
        (void) fprintf(c->err, "Usage: ddnsctl [OPTION...] %s %s\nTry 'ddnsctl --help'.\n",
                       verb ? verb->name : "VERB", verb ? verb->operands : "[OPERAND...]");
        return wrong(c, verb);
}

/* The verb of a command line that could not be parsed. */
static const DdnsVerbRow *guess_verb(int argc, char *argv[]) {
        const DdnsVerbRow *verb = NULL;

        for (int i = 1; i < argc && !verb; i++)
                verb = ddns_verb_find(argv[i]);
        return verb;
}

static int prepare(DdnsCtl *c, DdnsVerbNeeds needs) {
        int status = needs == DDNS_NEEDS_NOTHING ? EXIT_SUCCESS
                                                 : ddns_ctl_load_config(c, needs == DDNS_NEEDS_LIMITS);

        if (status == EXIT_SUCCESS && needs == DDNS_NEEDS_STORE)
                status = ddns_ctl_open_store(c);
        return status;
}

static int run_paged(DdnsCtl *c, const DdnsVerbRow *verb, char *operands[], size_t n) {
        DdnsPager pager = DDNS_PAGER_NULL;
        FILE *out = c->out;

        ddns_pager_start(&pager, out);
        if (pager.f)
                c->out = pager.f;
        int status = verb->run(c, operands, n);
        c->out = out;
        int r = ddns_pager_end(&pager);
        return r < 0 ? ddns_ctl_fail(c, "pager: %s", strerror(-r)) : status;
}

static int dispatch(DdnsCtl *c, char *words[], size_t n) {
        if (n == 0)
                return usage(c, NULL);
        const DdnsVerbRow *verb = ddns_verb_find(words[0]);
        if (!verb)
                ddns_ctl_say(c, "unknown verb '%s'", words[0]);
        if (!verb || n - 1 < verb->min || n - 1 > verb->max)
                return usage(c, verb);
        for (size_t i = 0; i < ddns_n_ctl_options; i++)
                if (c->options & ~verb->options & ~DDNS_CTL_NO_PAGER & (1u << i)) {
                        ddns_ctl_say(c, "'%s' has no option --%s", verb->name,
                                     ddns_ctl_options[i].option.name);
                        return usage(c, verb);
                }

        int status = prepare(c, verb->needs);
        if (status != EXIT_SUCCESS)
                return status;
        return verb->options & ~c->options & DDNS_CTL_NO_PAGER ? run_paged(c, verb, words + 1, n - 1)
                                                               : verb->run(c, words + 1, n - 1);
}

static bool may_color(FILE *f) {
        const char *no_color = getenv("NO_COLOR");

        return ddns_screen_obeys(f) && !(no_color && *no_color);
}

/* Output that got lost is a failure. A reader that closed the pipe knows it, so that is not worth a text. */
static int flush(DdnsCtl *c, int status) {
        errno = 0;
        if (fflush(c->out) == 0 && !ferror(c->out))
                return status;
        if (errno != EPIPE && !c->reader_gone)
                ddns_ctl_say(c, "cannot write the output: %s",
                             errno ? strerror(errno) : "an earlier write failed");
        return status == EXIT_SUCCESS ? EXIT_FAILURE : status;
}

int ddns_ctl_main(int argc, char *argv[], const DdnsCtlStreams *streams) {
        ddns_cleanup(ddns_ctl_release) DdnsCtl c = {
                .in = streams->in,
                .out = streams->out,
                .err = streams->err,
                .color = may_color(streams->out),
                .timeout_usec = TIMEOUT_USEC,
                .interval_usec = INTERVAL_USEC,
                .warning_usec = WARNING_USEC,
                .critical_usec = CRITICAL_USEC,
                .silent_days = SILENT_DAYS,
                .now_usec = ddns_now_usec(),
        };
        DdnsOption options[32];
        const DdnsProgram program = {
                .name = "ddnsctl",
                .synopsis = "[OPTION...] VERB [OPERAND...]",
                .summary = "Shows and changes what ddns holds and where it is served.",
                .options = options,
                .n_options = ddns_n_ctl_options,
                .print_more = ddns_verbs_print,
        };
        int first = 0;

        assert(ddns_n_ctl_options <= ARRAY_SIZE(options));
        for (size_t i = 0; i < ddns_n_ctl_options; i++)
                options[i] = ddns_ctl_options[i].option;
        int r = ddns_options_parse(&program, argc, argv, handle_option, &c, &c.config_path, &first);
        if (r < 0)
                return flush(&c, wrong(&c, guess_verb(argc, argv)));
        return flush(&c, r == 0 ? EXIT_SUCCESS : dispatch(&c, argv + first, (size_t) (argc - first)));
}
