/* SPDX-License-Identifier: MIT */
/* The table of verbs: dispatch, operand counts, options allowed, and their list in --help. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "basic/options.h"
#include "ctl/ctl.h"
#include "ctl/verb.h"

#define EXIT_USAGE    2
#define TIMEOUT_USEC  (60 * USEC_PER_SEC)
#define WARNING_USEC  (300 * USEC_PER_SEC)
#define CRITICAL_USEC (1800 * USEC_PER_SEC)

typedef enum Needs {
        NEEDS_NOTHING,
        NEEDS_CONFIG,
        NEEDS_LIMITS, /* the configuration, or its defaults if this machine has none */
        NEEDS_STORE,  /* the configuration and the database */
} Needs;

/* clang-format off */
#define LIST   (DDNS_CTL_JSON | DDNS_CTL_NO_LEGEND)
#define CHOOSE (DDNS_CTL_BACKEND | DDNS_CTL_DEAD)
#define PASS   (DDNS_CTL_DRY_RUN | DDNS_CTL_CONFIRM)
#define WAIT   (DDNS_CTL_BACKEND | DDNS_CTL_TIMEOUT)
#define AGES   (DDNS_CTL_WARNING | DDNS_CTL_CRITICAL)

static const struct {
        const char *name, *operands;
        size_t min, max; /* operands */
        Needs needs;
        unsigned options;
        DdnsVerb *run;
        const char *help;
} verbs[] = {
        { "status",       "",          0, 0,        NEEDS_STORE,   LIST,                            ddns_verb_status,
          "state of zones, backends and masters" },
        { "zones",        "[PATTERN]", 0, 1,        NEEDS_STORE,   LIST,                            ddns_verb_zones,
          "list zones, all or those that match a glob" },
        { "show",         "ZONE",      1, 1,        NEEDS_STORE,   LIST,                            ddns_verb_show,
          "all about a zone, and its state on each backend" },
        { "cat",          "ZONE",      1, 1,        NEEDS_STORE,   0,                               ddns_verb_cat,
          "print a zone's canonical text" },
        { "history",      "ZONE",      1, 1,        NEEDS_STORE,   LIST,                            ddns_verb_history,
          "the versions that are kept of a zone" },
        { "diff",         "ZONE [OLD [NEW]]", 1, 3, NEEDS_STORE,   DDNS_CTL_JSON,                   ddns_verb_diff,
          "records that differ between two versions" },
        { "queue",        "",          0, 0,        NEEDS_STORE,   LIST | CHOOSE,                   ddns_verb_queue,
          "list what is not delivered yet" },
        { "backends",     "",          0, 0,        NEEDS_STORE,   LIST,                            ddns_verb_backends,
          "all about the state of each backend" },
        { "masters",      "",          0, 0,        NEEDS_STORE,   LIST,                            ddns_verb_masters,
          "who pushes, and who is asked for zones" },
        { "rejected",     "",          0, 0,        NEEDS_STORE,   LIST,                            ddns_verb_rejected,
          "list pushes that were refused, and why" },
        { "push",         "ZONE FILE", 2, 2,        NEEDS_STORE,   DDNS_CTL_JSON | DDNS_CTL_URGENT, ddns_verb_push,
          "check, store, deliver a zone file (-: stdin)" },
        { "delete",       "ZONE...",   1, SIZE_MAX, NEEDS_STORE,   DDNS_CTL_JSON,                   ddns_verb_delete,
          "delete zones, whoever owns them" },
        { "restore",      "ZONE...",   1, SIZE_MAX, NEEDS_STORE,   DDNS_CTL_JSON,                   ddns_verb_restore,
          "bring deleted zones back" },
        { "rollback",     "ZONE GENERATION", 2, 2,  NEEDS_STORE,   DDNS_CTL_JSON,                   ddns_verb_rollback,
          "make an older version the newest" },
        { "retry",        "[ZONE...]", 0, SIZE_MAX, NEEDS_STORE,   DDNS_CTL_JSON | CHOOSE,          ddns_verb_retry,
          "deliver now what failed or waits for its next try" },
        { "resync",       "BACKEND",   1, 1,        NEEDS_STORE,   DDNS_CTL_JSON,                   ddns_verb_resync,
          "deliver every zone to a backend again" },
        { "reconcile",    "",          0, 0,        NEEDS_STORE,   LIST | PASS,                     ddns_verb_reconcile,
          "ask the masters, put right what differs" },
        { "verify",       "[ZONE...]", 0, SIZE_MAX, NEEDS_STORE,   LIST | DDNS_CTL_BACKEND,         ddns_verb_verify,
          "compare what backends have and serve" },
        { "wait",         "ZONE",      1, 1,        NEEDS_STORE,   DDNS_CTL_JSON | WAIT,            ddns_verb_wait,
          "return when a zone is served everywhere" },
        { "backup",       "FILE",      1, 1,        NEEDS_STORE,   0,                               ddns_verb_backup,
          "copy the database while all goes on" },
        { "check",        "",          0, 0,        NEEDS_NOTHING, AGES,                            ddns_verb_check,
          "say in a line if all is well (Nagios, Icinga)" },
        { "check-zone",   "ZONE FILE", 2, 2,        NEEDS_LIMITS,  DDNS_CTL_JSON | DDNS_CTL_PRINT,  ddns_verb_check_zone,
          "say whether a zone file would be accepted" },
        { "check-config", "",          0, 0,        NEEDS_NOTHING, DDNS_CTL_JSON,                   ddns_verb_check_config,
          "check the configuration" },
        { "check-backend", "BACKEND",  1, 1,        NEEDS_CONFIG,  LIST,                            ddns_verb_check_backend,
          "say what a backend lacks to take deliveries" },
        { "passwd",       "",          0, 0,        NEEDS_NOTHING, 0,                               ddns_verb_passwd,
          "read a password, print its hash" },
};
/* clang-format on */

/* In the order of the DDNS_CTL_ bits. */
/* clang-format off */
static const DdnsOption options[] = {
        { 0, "json",      NULL,   "print JSON instead of tables" },
        { 0, "no-legend", NULL,   "tables without header and last line" },
        { 0, "backend",   "NAME", "queue, retry, verify, wait: only this backend" },
        { 0, "dead",      NULL,   "queue, retry: only deliveries that were given up" },
        { 0, "urgent",    NULL,   "push: deliver before other zones" },
        { 0, "print",     NULL,   "check-zone: print the canonical text" },
        { 0, "dry-run",   NULL,   "reconcile: only tell what would be done" },
        { 0, "confirm",   NULL,   "reconcile: delete also what the brake holds back" },
        { 0, "timeout",   "SECONDS", "wait: give up after that long (default: 60)" },
        { 0, "warning",   "SECONDS", "check: behind for that long (default: 300)" },
        { 0, "critical",  "SECONDS", "check: behind for that long (default: 1800)" },
};
/* clang-format on */

static void print_verbs(void) {
        printf("\nVerbs:\n");
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
                int n = printf("  %s %s", verbs[i].name, verbs[i].operands);
                printf("%*s%s\n", n < 27 ? 27 - n : 1, "", verbs[i].help);
        }
}

static const DdnsProgram program = {
        .name = "ddnsctl",
        .synopsis = "[OPTION...] VERB [OPERAND...]",
        .summary = "Shows and changes what ddns holds and where it is served.",
        .options = options,
        .n_options = ARRAY_SIZE(options),
        .print_more = print_verbs,
};

static int parse_seconds(DdnsCtl *c, const char *option, const char *value, uint64_t *ret_usec) {
        unsigned seconds;
        char rest;

        if (!isdigit((unsigned char) value[0]) || strlen(value) > 6 ||
            sscanf(value, "%u%c", &seconds, &rest) != 1) {
                ddns_ctl_say(c, "--%s=%s: not a number of seconds from 0 to 999999", option, value);
                return -EINVAL;
        }
        *ret_usec = seconds * USEC_PER_SEC;
        return 0;
}

static int handle_option(const DdnsOption *option, const char *value, void *userdata) {
        DdnsCtl *c = userdata;
        unsigned bit = 1u << (option - options);

        c->options |= bit;
        switch (bit) {
        case DDNS_CTL_BACKEND:
                c->backend = value;
                return 0;
        case DDNS_CTL_TIMEOUT:
                return parse_seconds(c, option->name, value, &c->timeout_usec);
        case DDNS_CTL_WARNING:
                return parse_seconds(c, option->name, value, &c->warning_usec);
        case DDNS_CTL_CRITICAL:
                return parse_seconds(c, option->name, value, &c->critical_usec);
        default:
                return 0;
        }
}

static int usage(DdnsCtl *c, const char *verb, const char *operands) {
        (void) fprintf(c->err, "Usage: ddnsctl [OPTION...] %s %s\nTry 'ddnsctl --help'.\n", verb,
                       operands);
        return EXIT_USAGE;
}

static int prepare(DdnsCtl *c, Needs needs) {
        int status = needs == NEEDS_NOTHING ? EXIT_SUCCESS
                                            : ddns_ctl_load_config(c, needs == NEEDS_LIMITS);

        if (status == EXIT_SUCCESS && needs == NEEDS_STORE)
                status = ddns_ctl_open_store(c);
        return status;
}

static int dispatch(DdnsCtl *c, char *words[], size_t n) {
        size_t v = 0;

        if (n == 0)
                return usage(c, "VERB", "[OPERAND...]");
        while (v < ARRAY_SIZE(verbs) && strcmp(verbs[v].name, words[0]) != 0)
                v++;
        if (v == ARRAY_SIZE(verbs)) {
                ddns_ctl_say(c, "unknown verb '%s'", words[0]);
                return usage(c, "VERB", "[OPERAND...]");
        }
        if (n - 1 < verbs[v].min || n - 1 > verbs[v].max)
                return usage(c, verbs[v].name, verbs[v].operands);
        for (size_t i = 0; i < ARRAY_SIZE(options); i++)
                if (c->options & ~verbs[v].options & (1u << i)) {
                        ddns_ctl_say(c, "'%s' has no option --%s", verbs[v].name, options[i].name);
                        return usage(c, verbs[v].name, verbs[v].operands);
                }

        int status = prepare(c, verbs[v].needs);
        return status == EXIT_SUCCESS ? verbs[v].run(c, words + 1, n - 1) : status;
}

static bool may_color(FILE *f) {
        const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

        return isatty(fileno(f)) && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}

/* Output that got lost is a failure. A reader that closed the pipe knows it, so that is not worth a text. */
static int flush(DdnsCtl *c, int status) {
        errno = 0;
        if (fflush(c->out) == 0 && !ferror(c->out))
                return status;
        if (errno != EPIPE)
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
                .warning_usec = WARNING_USEC,
                .critical_usec = CRITICAL_USEC,
                .now_usec = ddns_now_usec(),
        };
        int first = 0;

        int r = ddns_options_parse(&program, argc, argv, handle_option, &c, &c.config_path, &first);
        if (r < 0)
                return EXIT_USAGE;
        return flush(&c, r == 0 ? EXIT_SUCCESS : dispatch(&c, argv + first, (size_t) (argc - first)));
}
