/* SPDX-License-Identifier: MIT */
/* The BIND backend: the flow of a batch through zone files, control commands and proofs. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "basic/clock.h"
#include "basic/crash-point.h"
#include "deliver/bind.h"
#include "dns/soa.h"

/* How long the survey waits for a name server that says nothing; then the files on disk must do as a hint. */
#define SURVEY_USEC (1 * USEC_PER_SEC)

#define PAUSE_MAX_USEC (100 * USEC_PER_MSEC)

static void close_files(DdnsBackend *b) {
        b->dir = ddns_zonedir_free(b->dir);
        b->include = ddns_bind_include_free(b->include);
}

static void bind_free(DdnsBackend *b) {
        (void) ddns_rndc_free(b->rndc);
        close_files(b);
        ddns_hmac_key_done(&b->key);
        ddns_names_done(&b->listed.names);
        free(b->in_view);
        free(b);
}
DDNS_DEFINE_CLEANUP(DdnsBackend *, bind_free)

/* What is put into named's configuration in quotes, or into a command as a word. */
static int check_words(const DdnsBackendConfig *config, DdnsMessage *message) {
        for (const char *c = config->zone_dir; *c; c++)
                if (*c == '"' || *c == '\\' || iscntrl((unsigned char) *c))
                        return ddns_fail(message, -EINVAL,
                                         "zone-dir: quotes, backslashes and control characters are "
                                         "not allowed");
        if (config->include_file && config->include_file[0] != '/')
                return ddns_fail(message, -EINVAL, "include-file: an absolute path is wanted");
        for (const char *c = config->view ? config->view : ""; *c; c++)
                if (!isalnum((unsigned char) *c) && !strchr("-_.", *c))
                        return ddns_fail(message, -EINVAL,
                                         "view: letters, digits, '-', '_' and '.' are allowed");
        return 0;
}

static int bind_new(const DdnsBackendConfig *config, DdnsBackend **ret, DdnsMessage *message) {
        ddns_cleanup(bind_freep) DdnsBackend *b = calloc(1, sizeof *b);

        if (!b)
                return ddns_fail(message, -ENOMEM, "out of memory");
        b->config = config;
        int r = check_words(config, message);
        if (r < 0)
                return r;
        if (ddns_sockaddr_parse(config->control.address, (uint16_t) config->control.port, &b->control) <
            0)
                return ddns_fail(message, -EINVAL, "control.address: %s is no IP address",
                                 config->control.address);
        /* With the class: without it version.bind and the like are also found among named's own of class CH. */
        if (asprintf(&b->in_view, " IN%s%s", config->view ? " " : "", config->view ? config->view : "") <
            0) {
                b->in_view = NULL;
                return ddns_fail(message, -ENOMEM, "out of memory");
        }
        *ret = TAKE_PTR(b);
        return 0;
}

/* Over one connection it is one named, as no connection outlives the process at its other end. `status` is asked once over each: named
 * counts all of its zones for it. */
static int bind_incarnation(DdnsBackend *b, DdnsMessage *ret, DdnsMessage *message) {
        DdnsRndcReply reply;
        int r = 0;

        if (b->boot_time.text[0])
                r = ddns_bind_command(b, &reply, message, "null");
        if (r >= 0 && !b->boot_time.text[0]) {
                r = ddns_bind_command(b, &reply, message, "status");
                const char *line = r >= 0 ? strstr(reply.text, "boot time: ") : NULL;
                (void) ddns_fail(&b->boot_time, 0, "%.*s", line ? (int) strcspn(line, "\n") : 0,
                                 line ? line : "");
        }
        *ret = b->boot_time;
        return r;
}

/* ---- survey: which zones does named have, and with which serial? ------------------------------------------------- */

static int survey_by_soa(const DdnsBackend *b, DdnsBindPlan *plans, size_t n, DdnsSoaQuestion *questions,
                         DdnsMessage *message) {
        uint64_t timeout = b->config->served_timeout_usec < SURVEY_USEC ? b->config->served_timeout_usec
                                                                        : SURVEY_USEC;

        for (size_t i = 0; i < n; i++)
                questions[i] = (DdnsSoaQuestion){ .zone = plans[i].task->zone,
                                                  .state = DDNS_SOA_SILENT };
        if (b->config->n_nameservers == 0)
                return 0;
        int r = ddns_soa_ask(&b->config->nameservers[0], questions, n, timeout);
        return r < 0 ? ddns_fail(message, r, "asking the name server: %s", strerror(-r)) : 0;
}

/* What can be put back if named refuses the change. */
static int keep_file(DdnsBackend *b, DdnsBindPlan *p, const DdnsSoaQuestion *q, DdnsMessage *message) {
        const char *zone = p->task->zone;

        /* Also of one that can't be loaded: perhaps only the file's owner is wrong. */
        if (q->state == DDNS_SOA_ABSENT || ddns_zonedir_keep(b->dir, zone) == 0 ||
            q->state != DDNS_SOA_SERVED)
                return 0;
        int r = ddns_bind_zonestatus(b, zone, &p->before, message);
        if (r >= 0 && p->before.loaded)
                ddns_zonedir_keep_loaded(b->dir, zone, p->before.loaded_sec);
        return r;
}

static int survey_one(DdnsBackend *b, DdnsBindPlan *p, const DdnsSoaQuestion *q, DdnsMessage *message) {
        bool silent = q->state == DDNS_SOA_SILENT;
        bool same = q->state == DDNS_SOA_SERVED && q->serial == p->task->serial;

        int r = keep_file(b, p, q, message);
        if (r < 0)
                return r;
        p->known = q->state == DDNS_SOA_SERVED || q->state == DDNS_SOA_FAILED;
        bool has_file = ddns_zonedir_has(b->dir, p->task->zone);
        bool elsewhere = q->state == DDNS_SOA_SERVED && !has_file;
        if (!same && !elsewhere && !(silent && has_file))
                return 0;

        r = ddns_bind_zonestatus(b, p->task->zone, &p->before, message);
        if (r < 0)
                return r;
        p->known = p->before.known;
        p->same_serial = p->before.loaded && p->before.serial == p->task->serial;
        return 0;
}

static int survey(DdnsBackend *b, DdnsBindPlan *plans, size_t n, DdnsMessage *message) {
        ddns_cleanup(ddns_freep) DdnsSoaQuestion *questions = calloc(n, sizeof *questions);

        if (!questions)
                return ddns_fail(message, -ENOMEM, "out of memory");
        int r = survey_by_soa(b, plans, n, questions, message);
        for (size_t i = 0; i < n && r >= 0; i++)
                if (ddns_bind_is_save(plans + i))
                        r = survey_one(b, plans + i, questions + i, message);
        return r;
}

/* ---- deletes ----------------------------------------------------------------------------------------------------- */

/* Only what came by addzone. Of its own configuration named would drop a zone until its next start, and `delzone` of one of its
 * automatic empty zones, 10.in-addr.arpa say, ends 9.18 with a failed assertion, as often as it is tried. */
static int delete_zone(DdnsBackend *b, DdnsTask *task, DdnsMessage *message) {
        DdnsBindStatus status;
        DdnsRndcReply reply;

        int r = ddns_bind_zonestatus(b, task->zone, &status, message);
        if (r < 0 || !status.known)
                return r;
        if (!status.added)
                return ddns_bind_not_ours(task, &status);
        r = ddns_bind_zone_command(b, "delzone", task->zone, &reply, message);
        if (r >= 0 && reply.result != 0 && !ddns_bind_is_unknown_zone(&reply))
                (void) ddns_bind_refused(task, "delzone", &reply);
        return r;
}

static int delete_zones(DdnsBackend *b, DdnsBindPlan *plans, size_t n, DdnsMessage *message) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                if (ddns_bind_is_delete(plans + i))
                        r = delete_zone(b, plans[i].task, message);
        return r;
}

/* `delzone` answers before the zone is gone; a zone added anew meanwhile would be found, and then go with the old one. */
static int wait_until_gone(DdnsBackend *b, DdnsTask *task, uint64_t deadline, DdnsMessage *message) {
        for (uint64_t pause = USEC_PER_MSEC;;
             pause = pause * 2 < PAUSE_MAX_USEC ? pause * 2 : PAUSE_MAX_USEC) {
                struct timespec ts = { .tv_nsec = (long) (pause * 1000) };
                DdnsBindStatus status;

                int r = ddns_bind_zonestatus(b, task->zone, &status, message);
                if (r < 0 || !status.known)
                        return r;
                if (ddns_monotonic_usec() >= deadline) {
                        task->state = DDNS_TASK_FAILED;
                        return ddns_fail(&task->message, 0, "named still has the zone after delzone");
                }
                (void) clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
        }
}

static int apply_deletes(DdnsBackend *b, DdnsBindPlan *plans, size_t n, DdnsMessage *message) {
        int r = delete_zones(b, plans, n, message);
        if (r < 0)
                return r;

        uint64_t deadline = ddns_monotonic_usec() + b->config->control.timeout_usec;
        for (size_t i = 0; i < n; i++)
                if (ddns_bind_is_delete(plans + i)) {
                        r = wait_until_gone(b, plans[i].task, deadline, message);
                        if (r < 0)
                                return r;
                }
        return 0;
}

/* A `reconfig` without a zone of ours gives the name back to the automatic empty zone whose place it took, which is served. */
static int look_at_deleted(DdnsBackend *b, DdnsBindPlan *plans, size_t n, DdnsMessage *message) {
        DdnsBindStatus status;
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                if (ddns_bind_is_delete(plans + i)) {
                        r = ddns_bind_zonestatus(b, plans[i].task->zone, &status, message);
                        plans[i].task->unasked = r >= 0 && status.empty;
                }
        return r;
}

static int include_all(DdnsBackend *b, DdnsBindPlan *plans, size_t n, DdnsMessage *message) {
        int r = ddns_bind_include_sync(b, plans, n, message);

        return r < 0 ? r : look_at_deleted(b, plans, n, message);
}

/* ---- the flow ---------------------------------------------------------------------------------------------------- */

static bool uses_include(const DdnsBackend *b) {
        return b->config->registration == DDNS_REGISTRATION_INCLUDE;
}

static int apply_plans(DdnsBackend *b, DdnsBindPlan *plans, DdnsTask *tasks, size_t n,
                       DdnsMessage *message) {
        int r = survey(b, plans, n, message);
        DDNS_CRASH_POINT("surveyed");
        if (r >= 0)
                r = ddns_zonedir_write(b->dir, tasks, n, message);
        if (r >= 0)
                r = uses_include(b) ? include_all(b, plans, n, message)
                                    : apply_deletes(b, plans, n, message);
        if (r >= 0)
                r = ddns_zonedir_remove(b->dir, tasks, n, message);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++)
                if (ddns_bind_is_delete(plans + i))
                        tasks[i].state = DDNS_TASK_WRITTEN;
        return ddns_bind_load(b, plans, n, message);
}

static int open_files(DdnsBackend *b, DdnsMessage *message) {
        int r = 0;

        if (b->dir && !ddns_zonedir_is_there(b->dir))
                close_files(b);
        if (!b->dir)
                r = ddns_zonedir_open(b->config->zone_dir, &b->dir, message);
        if (r >= 0 && uses_include(b) && !b->include)
                r = ddns_bind_include_open(b, message);
        return r;
}

/* ---- roll-back --------------------------------------------------------------------------------------------------- */

/* The zone's registration and file, as a delete takes them away. */
static int take_away(DdnsBackend *b, const char *zone, DdnsMessage *message) {
        DdnsTask task = { .zone = zone, .delete = true };
        DdnsBindPlan plan = { .task = &task };

        return apply_plans(b, &plan, &task, 1, message);
}

/* After named refused what the file has now. It still serves what it had, if it had anything, unless it was started anew. */
static int roll_back(DdnsBackend *b, const char *zone, DdnsMessage *message) {
        DdnsBindStatus status;
        DdnsRndcReply reply;

        int kept = ddns_zonedir_put_back(b->dir, zone);
        if (kept < 0)
                return ddns_fail(message, kept, "putting %s.db back: %s", zone, strerror(-kept));
        int r = ddns_bind_zonestatus(b, zone, &status, message);
        if (r < 0)
                return r;
        if (kept && status.known && !status.loaded)
                return ddns_bind_zone_command(b, "reload", zone, &reply, message);
        if (!kept && status.loaded && ddns_bind_is_elsewhere(b, zone, &status))
                ddns_zonedir_discard(b->dir, zone);
        return kept || status.loaded ? 0 : take_away(b, zone, message);
}

static int bind_settle(DdnsBackend *b, const char *zone, bool served, DdnsMessage *message) {
        int r = open_files(b, message);

        DDNS_CRASH_POINT("settle-before");
        if (r >= 0 && served)
                ddns_zonedir_forget(b->dir, zone);
        else if (r >= 0)
                r = roll_back(b, zone, message);
        DDNS_CRASH_POINT("settle-after");
        if (r < 0)
                close_files(b);
        return r;
}

/* `r`: how the batch went; if named is away, the files at least are put back. */
static int roll_back_failed(DdnsBackend *b, const DdnsTask *tasks, size_t n, int r,
                            DdnsMessage *message) {
        for (size_t i = 0; i < n; i++) {
                if (tasks[i].state != DDNS_TASK_FAILED || tasks[i].delete)
                        continue;
                if (r >= 0)
                        r = roll_back(b, tasks[i].zone, message);
                else
                        (void) ddns_zonedir_put_back(b->dir, tasks[i].zone);
        }
        return r;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static int bind_apply(DdnsBackend *b, DdnsTask *tasks, size_t n, DdnsMessage *message) {
        if (n == 0)
                return 0;
        int r = ddns_bind_connect(b, message); /* before anything is written */
        if (r >= 0)
                r = open_files(b, message);
        if (r < 0)
                return r;

        ddns_cleanup(ddns_freep) DdnsBindPlan *plans = calloc(n, sizeof *plans);
        if (!plans)
                return ddns_fail(message, -ENOMEM, "out of memory");
        for (size_t i = 0; i < n; i++)
                plans[i].task = tasks + i;
        b->reconfigured = false;
        r = apply_plans(b, plans, tasks, n, message);
        r = roll_back_failed(b, tasks, n, r, message);
        if (r < 0)
                close_files(b); /* the directory may be another one when it is put right */
        return r;
}

const DdnsBackendOps ddns_backend_bind = {
        .new = bind_new,
        .incarnation = bind_incarnation,
        .apply = bind_apply,
        .settle = bind_settle,
        .check = ddns_bind_check,
        .inspect = ddns_bind_inspect,
        .diff = ddns_bind_diff,
        .list = ddns_bind_list,
        .free = bind_free,
};
