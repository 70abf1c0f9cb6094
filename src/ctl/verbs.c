/* SPDX-License-Identifier: MIT */
/* The tables of verbs and options. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ctl/verbs.h"

#define SECONDS_MAX 999999
#define DAYS_MAX    9999

#define LOOK   DDNS_VERBS_LOOK
#define CHANGE DDNS_VERBS_CHANGE
#define CHECK  DDNS_VERBS_CHECK
#define TOOLS  DDNS_VERBS_TOOLS

#define JSON       DDNS_CTL_JSON
#define LIST       (DDNS_CTL_JSON | DDNS_CTL_NO_LEGEND)
#define PAGED_JSON (JSON | DDNS_CTL_NO_PAGER)
#define PAGED_LIST (LIST | DDNS_CTL_NO_PAGER)
#define CHOOSE     (DDNS_CTL_BACKEND | DDNS_CTL_DEAD)
#define PASS       (DDNS_CTL_DRY_RUN | DDNS_CTL_CONFIRM)
#define WAIT       (DDNS_CTL_BACKEND | DDNS_CTL_TIMEOUT)
#define IMPORT     (DDNS_CTL_DRY_RUN | DDNS_CTL_FORCE | DDNS_CTL_UNDELETE)
#define REGISTER                                                                                    \
        (DDNS_CTL_ADDRESS | DDNS_CTL_PORT | DDNS_CTL_TLS | DDNS_CTL_USER | DDNS_CTL_PASSWORD_FILE | \
         DDNS_CTL_TIMEOUT)
#define LIMITS (DDNS_CTL_WARNING | DDNS_CTL_CRITICAL | DDNS_CTL_SILENT)

/* clang-format off */
const DdnsVerbRow ddns_verbs[] = {
        { LOOK, "status", "", 0, 0, DDNS_NEEDS_STORE, PAGED_LIST, ddns_verb_status,
          "state of zones, backends and masters" },
        { LOOK, "zones", "[PATTERN]", 0, 1, DDNS_NEEDS_STORE, PAGED_LIST, ddns_verb_zones,
          "list zones, all or those that match a glob" },
        { LOOK, "show", "ZONE", 1, 1, DDNS_NEEDS_STORE, PAGED_LIST, ddns_verb_show,
          "all about a zone, and its state on each backend" },
        { LOOK, "cat", "ZONE", 1, 1, DDNS_NEEDS_STORE, PAGED_JSON, ddns_verb_cat,
          "print a zone's canonical text" },
        { LOOK, "history", "ZONE", 1, 1, DDNS_NEEDS_STORE, PAGED_LIST, ddns_verb_history,
          "the versions that are kept of a zone" },
        { LOOK, "diff", "ZONE [OLD [NEW]]", 1, 3, DDNS_NEEDS_STORE, PAGED_JSON, ddns_verb_diff,
          "records that differ between two versions" },
        { LOOK, "queue", "", 0, 0, DDNS_NEEDS_STORE, PAGED_LIST | CHOOSE, ddns_verb_queue,
          "list what is not delivered yet" },
        { LOOK, "backends", "", 0, 0, DDNS_NEEDS_STORE, PAGED_LIST, ddns_verb_backends,
          "all about the state of each backend" },
        { LOOK, "masters", "", 0, 0, DDNS_NEEDS_STORE, PAGED_LIST, ddns_verb_masters,
          "who pushes, and who is asked for zones" },
        { LOOK, "rejected", "", 0, 0, DDNS_NEEDS_STORE, PAGED_LIST, ddns_verb_rejected,
          "list pushes that were refused, and why" },
        { LOOK, "top", "", 0, 0, DDNS_NEEDS_STORE, LIST | DDNS_CTL_INTERVAL | DDNS_CTL_ITERATIONS, ddns_verb_top,
          "watch pushes, deliveries and what waits" },
        { CHANGE, "push", "ZONE FILE", 2, 2, DDNS_NEEDS_STORE, JSON | DDNS_CTL_URGENT, ddns_verb_push,
          "check, store, deliver a zone file (-: stdin)" },
        { CHANGE, "delete", "ZONE...", 1, SIZE_MAX, DDNS_NEEDS_STORE, JSON, ddns_verb_delete,
          "delete zones, whoever owns them" },
        { CHANGE, "restore", "ZONE...", 1, SIZE_MAX, DDNS_NEEDS_STORE, JSON, ddns_verb_restore,
          "bring deleted zones back" },
        { CHANGE, "rollback", "ZONE GENERATION", 2, 2, DDNS_NEEDS_STORE, JSON, ddns_verb_rollback,
          "make an older version the newest" },
        { CHANGE, "retry", "[ZONE...]", 0, SIZE_MAX, DDNS_NEEDS_STORE, JSON | CHOOSE, ddns_verb_retry,
          "deliver now what failed or waits for its next try" },
        { CHANGE, "resync", "BACKEND", 1, 1, DDNS_NEEDS_STORE, JSON, ddns_verb_resync,
          "deliver every zone to a backend again" },
        { CHANGE, "reconcile", "", 0, 0, DDNS_NEEDS_STORE, LIST | PASS, ddns_verb_reconcile,
          "ask the masters, put right what differs" },
        { CHANGE, "register", "MASTER", 1, 1, DDNS_NEEDS_STORE, JSON | REGISTER, ddns_verb_register,
          "enter this node at a DirectAdmin server" },
        { CHECK, "check", "", 0, 0, DDNS_NEEDS_NOTHING, JSON | LIMITS, ddns_verb_check,
          "say in a line if all is well (Nagios, Icinga)" },
        { CHECK, "check-zone", "ZONE FILE", 2, 2, DDNS_NEEDS_LIMITS, JSON | DDNS_CTL_PRINT, ddns_verb_check_zone,
          "say whether a zone file would be accepted" },
        { CHECK, "check-config", "", 0, 0, DDNS_NEEDS_NOTHING, JSON, ddns_verb_check_config,
          "check the configuration" },
        { CHECK, "check-backend", "BACKEND", 1, 1, DDNS_NEEDS_CONFIG, LIST, ddns_verb_check_backend,
          "say what a backend lacks to take deliveries" },
        { CHECK, "verify", "[ZONE...]", 0, SIZE_MAX, DDNS_NEEDS_STORE, LIST | DDNS_CTL_BACKEND, ddns_verb_verify,
          "compare what backends have and serve" },
        { TOOLS, "wait", "ZONE", 1, 1, DDNS_NEEDS_STORE, JSON | WAIT, ddns_verb_wait,
          "return when a zone is served everywhere" },
        { TOOLS, "backup", "FILE", 1, 1, DDNS_NEEDS_STORE, JSON, ddns_verb_backup,
          "copy the database while all goes on" },
        { TOOLS, "export", "[FILE]", 0, 1, DDNS_NEEDS_STORE, JSON, ddns_verb_export,
          "write all zones with their owners to a tar" },
        { TOOLS, "import", "FILE", 1, 1, DDNS_NEEDS_STORE, LIST | IMPORT, ddns_verb_import,
          "take zones of an export, or of directdnsonly" },
        { TOOLS, "passwd", "", 0, 0, DDNS_NEEDS_NOTHING, JSON, ddns_verb_passwd,
          "read a password, print its hash" },
};

const DdnsCtlOption ddns_ctl_options[] = {
        { { 0, "json", NULL, "print JSON instead of tables" }, 0, 0, 0 },
        { { 0, "no-legend", NULL, "tables without header and last line" }, 0, 0, 0 },
        { { 0, "backend", "NAME", "queue, retry, verify, wait: only this backend" },
          DDNS_ARGUMENT_TEXT, 0, offsetof(DdnsCtl, backend) },
        { { 0, "dead", NULL, "queue, retry: only deliveries that were given up" }, 0, 0, 0 },
        { { 0, "urgent", NULL, "push: deliver before other zones" }, 0, 0, 0 },
        { { 0, "print", NULL, "check-zone: print the canonical text" }, 0, 0, 0 },
        { { 0, "dry-run", NULL, "reconcile, import: only tell what would be done" }, 0, 0, 0 },
        { { 0, "confirm", NULL, "reconcile: delete also what the brake holds back" }, 0, 0, 0 },
        { { 0, "timeout", "SECONDS", "wait, register: how long (default: 60)" },
          DDNS_ARGUMENT_SECONDS, SECONDS_MAX, offsetof(DdnsCtl, timeout_usec) },
        { { 0, "warning", "SECONDS", "check: behind for that long (default: 300)" },
          DDNS_ARGUMENT_SECONDS, SECONDS_MAX, offsetof(DdnsCtl, warning_usec) },
        { { 0, "critical", "SECONDS", "check: behind for that long (default: 1800)" },
          DDNS_ARGUMENT_SECONDS, SECONDS_MAX, offsetof(DdnsCtl, critical_usec) },
        { { 0, "force", NULL, "import: replace also what is newer here" }, 0, 0, 0 },
        { { 0, "undelete", NULL, "import: bring back what was deleted here" }, 0, 0, 0 },
        { { 0, "address", "IP", "register: where the server reaches this node" },
          DDNS_ARGUMENT_TEXT, 0, offsetof(DdnsCtl, address) },
        { { 0, "port", "PORT", "register: likewise (default: 2222, with --tls 2224)" },
          DDNS_ARGUMENT_NUMBER, 65535, offsetof(DdnsCtl, port) },
        { { 0, "tls", NULL, "register: it shall push over TLS" }, 0, 0, 0 },
        { { 0, "user", "NAME", "register: who it shall push as" },
          DDNS_ARGUMENT_TEXT, 0, offsetof(DdnsCtl, user) },
        { { 0, "password-file", "FILE", "register: that user's password (else: stdin)" },
          DDNS_ARGUMENT_TEXT, 0, offsetof(DdnsCtl, password_file) },
        { { 0, "interval", "SECONDS", "top: between two looks (default: 2)" },
          DDNS_ARGUMENT_SECONDS, SECONDS_MAX, offsetof(DdnsCtl, interval_usec) },
        { { 'n', "iterations", "N", "top: end after so many looks" },
          DDNS_ARGUMENT_NUMBER, SECONDS_MAX, offsetof(DdnsCtl, iterations) },
        { { 0, "no-pager", NULL, "print long output without a pager" }, 0, 0, 0 },
        { { 0, "silent", "DAYS", "check: warn of a master silent so long (default: 7)" },
          DDNS_ARGUMENT_NUMBER, DAYS_MAX, offsetof(DdnsCtl, silent_days) },
};
/* clang-format on */

const size_t ddns_n_verbs = ARRAY_SIZE(ddns_verbs);
const size_t ddns_n_ctl_options = ARRAY_SIZE(ddns_ctl_options);

const DdnsVerbRow *ddns_verb_find(const char *name) {
        for (size_t i = 0; i < ddns_n_verbs; i++)
                if (strcmp(ddns_verbs[i].name, name) == 0)
                        return &ddns_verbs[i];
        return NULL;
}

static int parse_number(DdnsCtl *c, const DdnsCtlOption *o, const char *value, uint64_t *ret) {
        uint64_t number;
        char rest;

        /* sscanf() alone takes signs and white space, and lets a number that is too large wrap around. */
        if (!isdigit((unsigned char) value[0]) || strlen(value) > 18 ||
            /* NOLINTNEXTLINE(cert-err34-c): at most 18 digits, so it fits */
            sscanf(value, "%" SCNu64 "%c", &number, &rest) != 1 || number > o->max) {
                ddns_ctl_say(c, "--%s=%s: not a number%s from 0 to %" PRIu64, o->option.name, value,
                             o->argument == DDNS_ARGUMENT_SECONDS ? " of seconds" : "", o->max);
                return -EINVAL;
        }
        *ret = number;
        return 0;
}

int ddns_ctl_set_option(DdnsCtl *c, size_t i, const char *value) {
        const DdnsCtlOption *o = &ddns_ctl_options[i];
        void *where = (char *) c + o->where;
        uint64_t number;
        int r;

        c->options |= 1u << i;
        switch (o->argument) {
        case DDNS_ARGUMENT_NONE:
                return 0;
        case DDNS_ARGUMENT_TEXT:
                *(const char **) where = value;
                return 0;
        case DDNS_ARGUMENT_NUMBER:
        case DDNS_ARGUMENT_SECONDS:
                r = parse_number(c, o, value, &number);
                if (r >= 0)
                        *(uint64_t *) where = number *
                                              (o->argument == DDNS_ARGUMENT_SECONDS ? USEC_PER_SEC : 1);
                return r;
        }
        return -EINVAL;
}

void ddns_verbs_print(void) {
        static const char *const groups[] = {
                [DDNS_VERBS_LOOK] = "Looking",
                [DDNS_VERBS_CHANGE] = "Changing",
                [DDNS_VERBS_CHECK] = "Checking",
                [DDNS_VERBS_TOOLS] = "Tools",
        };

        printf("\nVerbs:\n");
        for (DdnsVerbGroup g = 0; g < DDNS_VERBS_GROUPS; g++) {
                printf("\n%s:\n", groups[g]);
                for (size_t i = 0; i < ddns_n_verbs; i++) {
                        const DdnsVerbRow *v = &ddns_verbs[i];

                        if (v->group != g)
                                continue;
                        int n = printf("  %s %s", v->name, v->operands);
                        printf("%*s%s\n", n < 27 ? 27 - n : 1, "", v->help);
                }
        }
}
