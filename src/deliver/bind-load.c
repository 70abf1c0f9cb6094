/* SPDX-License-Identifier: MIT */
/* Making named load a changed zone file, and proving that it did when the serial is the same as before.
 *
 * `reload ZONE` loads nothing unless the file is younger than the load time, which is the file's own modification time at the
 * last load (or the time of that load, if the file was dated in the future). The answer comes before the load is done, and
 * says nothing about how it ends. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "basic/clock.h"
#include "deliver/bind.h"

#define PAUSE_MIN_USEC (1 * USEC_PER_MSEC)
#define PAUSE_MAX_USEC (250 * USEC_PER_MSEC)

/* named's clock for load times is the kernel's coarse one, late by up to a tick (10 ms with HZ=100). */
#define TICK_USEC (10 * USEC_PER_MSEC)

typedef enum Outcome {
        OUTCOME_DONE, /* taken, or the task has FAILED */
        OUTCOME_UNKNOWN,
        OUTCOME_EXISTS,
} Outcome;

static void pause_usec(uint64_t usec) {
        struct timespec ts = { .tv_sec = (time_t) (usec / USEC_PER_SEC),
                               .tv_nsec = (long) (usec % USEC_PER_SEC * 1000) };

        (void) clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

/* `command`: addzone or modzone. */
static int configure_zone(DdnsBackend *b, const char *command, DdnsTask *task, Outcome *ret,
                          DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer zone = DDNS_BUFFER_NULL;
        DdnsRndcReply reply;

        ddns_bind_append_zone(&zone, b->config, task->zone, b->in_view);
        if (ddns_buffer_status(&zone) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");
        int r = ddns_bind_command(b, &reply, message, "%s %s", command, zone.data);
        if (r < 0)
                return r;
        *ret = ddns_bind_is_existing_zone(&reply) ? OUTCOME_EXISTS : OUTCOME_DONE;
        return reply.result == 0 || *ret == OUTCOME_EXISTS ? 0
                                                           : ddns_bind_refused(task, command, &reply);
}

/* One `reload`. `*ret_unchanged`: named saw no reason to load the file. */
static int reload_once(DdnsBackend *b, DdnsTask *task, Outcome *ret, bool *ret_unchanged,
                       DdnsMessage *message) {
        DdnsRndcReply reply;

        int r = ddns_bind_zone_command(b, "reload", task->zone, &reply, message);
        if (r < 0)
                return r;
        *ret = ddns_bind_is_unknown_zone(&reply) ? OUTCOME_UNKNOWN : OUTCOME_DONE;
        *ret_unchanged = reply.result == 0 && strstr(reply.text, "up-to-date");
        if (reply.result == 0 && strstr(reply.text, "refresh queued")) {
                task->state = DDNS_TASK_FAILED;
                return ddns_fail(&task->message, 0,
                                 "named holds the zone as a secondary of another server");
        }
        return reply.result == 0 || *ret == OUTCOME_UNKNOWN ? 0
                                                            : ddns_bind_refused(task, "reload", &reply);
}

static int fail_unchanged(DdnsTask *task, const DdnsBindStatus *status) {
        task->state = DDNS_TASK_FAILED;
        return ddns_fail(&task->message, 0,
                         "named says that the zone is up to date; it loads it from %s",
                         status->file[0] ? status->file : "nowhere");
}

/* "up-to-date" for a file that we changed: the clock was set back, or it was loaded between write and rename. Then the file is
 * dated after the load; named takes the earlier of that and its own time for the next load time. */
static int reload(DdnsBackend *b, DdnsTask *task, Outcome *ret, DdnsMessage *message) {
        DdnsBindStatus status;
        bool unchanged;

        int r = reload_once(b, task, ret, &unchanged, message);
        if (r < 0 || !unchanged)
                return r;
        r = ddns_bind_zonestatus(b, task->zone, &status, message);
        if (r < 0)
                return r;
        r = ddns_zonedir_set_mtime(b->dir, task->zone, status.loaded_sec + 2);
        if (r < 0)
                return ddns_fail(message, r, "dating %s.db: %s", task->zone, strerror(-r));
        r = reload_once(b, task, ret, &unchanged, message);
        if (r < 0 || !unchanged)
                return r;
        return fail_unchanged(task, &status);
}

/* The load time is told in whole seconds, so a load within the second of the one before would look like none: the file is
 * dated in the next one, once that has come. */
static uint64_t next_second_usec(const DdnsBindPlan *p) {
        return ((uint64_t) p->before.loaded_sec + 1) * USEC_PER_SEC + TICK_USEC;
}

static int date_in_next_second(DdnsBackend *b, const DdnsBindPlan *p, DdnsMessage *message) {
        uint64_t next = next_second_usec(p), now = ddns_now_usec();

        /* Far ahead means that the clock was set back; then the load time will be another one anyway. */
        if (next > now && next - now <= 2 * USEC_PER_SEC)
                pause_usec(next - now);
        int r = ddns_zonedir_set_mtime(b->dir, p->task->zone, p->before.loaded_sec + 1);
        return r < 0 ? ddns_fail(message, r, "dating %s.db: %s", p->task->zone, strerror(-r)) : 0;
}

/* The load of a zone that is there: `reload`, or `modzone` if it was added when zone-dir was another directory. */
static int load_changed(DdnsBackend *b, DdnsBindPlan *p, Outcome *ret, DdnsMessage *message) {
        if (p->same_serial) {
                int r = date_in_next_second(b, p, message);
                if (r < 0)
                        return r;
        }
        if (p->before.added && ddns_bind_is_elsewhere(b, p->task->zone, &p->before)) {
                b->moved = true;
                return configure_zone(b, "modzone", p->task, ret, message);
        }
        return reload(b, p->task, ret, message);
}

/* named has the zone although the survey did not find it (REFUSED by an access list, or it can't answer at all). */
static int reload_found(DdnsBackend *b, DdnsBindPlan *p, Outcome *ret, DdnsMessage *message) {
        int r = ddns_bind_zonestatus(b, p->task->zone, &p->before, message);
        if (r < 0)
                return r;
        if (p->before.empty) /* of which `reload` says that all went well */
                return ddns_bind_not_ours(p->task, &p->before);
        p->same_serial = p->before.loaded && p->before.serial == p->task->serial;
        return load_changed(b, p, ret, message);
}

/* Registration by addzone: whatever the survey said, named's own answer counts. */
static int load_by_addzone(DdnsBackend *b, DdnsBindPlan *p, Outcome *ret, DdnsMessage *message) {
        int r;

        if (p->before.empty)
                return ddns_bind_not_ours(p->task, &p->before);
        if (p->known) {
                r = load_changed(b, p, ret, message);
                if (r < 0 || *ret != OUTCOME_UNKNOWN)
                        return r;
                p->same_serial = false; /* whatever served this serial is gone */
        }
        r = configure_zone(b, "addzone", p->task, ret, message);
        if (r < 0 || *ret != OUTCOME_EXISTS)
                return r;
        return reload_found(b, p, ret, message);
}

/* Registration by include file: a zone that is not there was lost, or the file is no part of named's configuration. */
static int load_by_include(DdnsBackend *b, DdnsBindPlan *p, Outcome *ret, DdnsMessage *message) {
        DdnsBindStatus status;
        DdnsRndcReply reply;
        int r;

        if (p->registered && !p->known) {
                r = ddns_bind_zonestatus(b, p->task->zone, &status, message);
                if (r >= 0)
                        *ret = status.known ? OUTCOME_DONE : OUTCOME_UNKNOWN;
                return r;
        }
        r = load_changed(b, p, ret, message);
        if (r < 0 || *ret != OUTCOME_UNKNOWN || b->reconfigured)
                return r;
        r = ddns_bind_command(b, &reply, message, "reconfig");
        if (r < 0)
                return r;
        b->reconfigured = true;
        p->same_serial = false;
        return reload_once(b, p->task, ret, &(bool){ false }, message);
}

static int load_one(DdnsBackend *b, DdnsBindPlan *p, DdnsMessage *message) {
        bool include = b->config->registration == DDNS_REGISTRATION_INCLUDE;
        Outcome outcome = OUTCOME_DONE;

        int r = include ? load_by_include(b, p, &outcome, message)
                        : load_by_addzone(b, p, &outcome, message);
        if (r < 0)
                return r;
        if (outcome == OUTCOME_UNKNOWN && p->task->state == DDNS_TASK_PENDING) {
                p->task->state = DDNS_TASK_FAILED;
                (void) ddns_fail(&p->task->message, 0, "named does not know the zone%s",
                                 include ? ": is the include file a part of its configuration?" : "");
        }
        /* With a name server to ask, a new serial is proven by the SOA query that follows every delivery. */
        if (p->task->state == DDNS_TASK_PENDING && !p->same_serial && b->config->n_nameservers > 0)
                p->task->state = DDNS_TASK_WRITTEN;
        return 0;
}

static bool is_proof(const DdnsBindPlan *p, const DdnsBindStatus *now) {
        if (!now->loaded)
                return false;
        return p->same_serial ? now->loaded_sec != p->before.loaded_sec : now->serial == p->task->serial;
}

static int fail_old_content(DdnsTask *task, const DdnsBindStatus *now) {
        DdnsMessage what;

        if (!now->loaded)
                (void) ddns_fail(&what, 0, "named did not load the zone");
        else if (now->serial != task->serial)
                (void) ddns_fail(&what, 0, "named kept serial %u instead of %u", now->serial,
                                 task->serial);
        else
                (void) ddns_fail(&what, 0, "named kept the old content of %s with the same serial",
                                 task->zone);
        task->state = DDNS_TASK_FAILED;
        return ddns_fail(&task->message, 0, "%.300s: see its log for why; it loads it from %.150s",
                         what.text, now->file[0] ? now->file : "nowhere");
}

/* Waits until named has loaded the file. */
static int prove(DdnsBackend *b, DdnsBindPlan *p, uint64_t deadline, DdnsMessage *message) {
        for (uint64_t pause = PAUSE_MIN_USEC;;
             pause = pause * 2 < PAUSE_MAX_USEC ? pause * 2 : PAUSE_MAX_USEC) {
                DdnsBindStatus now;

                int r = ddns_bind_zonestatus(b, p->task->zone, &now, message);
                if (r < 0)
                        return r;
                if (is_proof(p, &now)) {
                        p->task->state = DDNS_TASK_WRITTEN;
                        return 0;
                }
                if (ddns_monotonic_usec() >= deadline)
                        return fail_old_content(p->task, &now);
                pause_usec(pause);
                /* A reload that comes during another load of the zone is dropped. */
                if (pause == PAUSE_MAX_USEC) {
                        r = reload_once(b, p->task, &(Outcome){ 0 }, &(bool){ false }, message);
                        if (r < 0 || p->task->state != DDNS_TASK_PENDING)
                                return r;
                }
        }
}

int ddns_bind_load(DdnsBackend *b, DdnsBindPlan *plans, size_t n, DdnsMessage *message) {
        uint64_t now = ddns_now_usec();
        int r;

        b->moved = false;
        /* First those that need not wait for the next second. */
        for (unsigned late = 0; late <= 1; late++)
                for (size_t i = 0; i < n; i++) {
                        DdnsBindPlan *p = plans + i;

                        if (!ddns_bind_is_save(p) ||
                            (p->same_serial && next_second_usec(p) > now) != late || p->asked)
                                continue;
                        p->asked = true;
                        r = load_one(b, p, message);
                        if (r < 0)
                                return r;
                }

        if (b->moved) {
                DdnsRndcReply reply;

                /* named notes what modzone says, but goes by it only from here on */
                r = ddns_bind_command(b, &reply, message, "reconfig");
                if (r < 0)
                        return r;
        }

        uint64_t deadline = ddns_monotonic_usec() + b->config->served_timeout_usec;
        for (size_t i = 0; i < n; i++)
                if (ddns_bind_is_save(plans + i)) {
                        r = prove(b, plans + i, deadline, message);
                        if (r < 0)
                                return r;
                }
        return 0;
}
