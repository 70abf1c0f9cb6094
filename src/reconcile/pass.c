/* SPDX-License-Identifier: MIT */
/* The order of a pass, what it holds, and what it leaves behind. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "basic/clock.h"
#include "basic/crash-point.h"
#include "basic/wake.h"
#include "reconcile/pass-internal.h"
#include "store/options.h"

bool pass_is_stopped(const Pass *p) {
        return p->options->stop && __atomic_load_n(p->options->stop, __ATOMIC_RELAXED);
}

int pass_fail_store(Pass *p, int error) {
        return ddns_fail(p->message, error, "%s", ddns_store_error(p->store));
}

/* ddns-retry.timer is the net below. */
void pass_wake(const Pass *p) {
        (void) ddns_wake(p->config->state.wake);
}

/* One pass at a time. Opened for reading: whoever made the file, the group may. The lock goes with the process. */
static int take_lock(Pass *p) {
        ddns_cleanup(ddns_freep) char *path = NULL;

        if (asprintf(&path, "%s.reconcile-lock", p->config->state.database) < 0) {
                path = NULL;
                return ddns_fail(p->message, -ENOMEM, "out of memory");
        }
        p->lock_fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (p->lock_fd < 0)
                return ddns_fail(p->message, -errno, "%s: %s", path, strerror(errno));
        if (flock(p->lock_fd, LOCK_EX | LOCK_NB) < 0)
                return ddns_fail(p->message, -EBUSY, "%s: another pass is at work", path);
        return 0;
}

static int open_all(Pass *p) {
        DdnsStoreOptions options = ddns_store_options(p->config);
        const DdnsConfig *c = p->config;

        int r = take_lock(p);
        if (r < 0)
                return r;
        p->n_masters = c->reconcile.n_masters;
        p->masters = calloc(p->n_masters + 1, sizeof *p->masters);
        p->listed = calloc(p->n_masters + 1, sizeof *p->listed);
        if (!p->masters || !p->listed)
                return ddns_fail(p->message, -ENOMEM, "out of memory");
        for (size_t i = 0; i < p->n_masters; i++) {
                p->masters[i].config = &c->reconcile.masters[i];
                p->masters[i].pass = p;
                p->listed[i] = (DdnsListedMaster){ .name = c->reconcile.masters[i].name,
                                                   .servername = c->reconcile.masters[i].servername };
        }
        return ddns_store_open(c->state.database, &options, &p->store, p->message);
}

static DdnsBrake make_brake(const Pass *p) {
        return (DdnsBrake){ .percent = p->config->reconcile.brake_percent,
                            .zones = p->config->reconcile.brake_zones,
                            .wait_for_all = p->config->reconcile.wait_for_all,
                            .released = p->options->confirmed };
}

/* Before anybody is asked: a configuration that no decision can be made with. */
static int check_masters(Pass *p) {
        ddns_cleanup(ddns_decisions_done) DdnsDecisions none = DDNS_DECISIONS_NULL;
        DdnsBrake brake = make_brake(p);

        return ddns_decide(NULL, 0, p->listed, p->n_masters, &brake, &none, p->message);
}

static int decide(Pass *p) {
        DdnsBrake brake = make_brake(p);

        int r = ddns_decide(p->held, p->n_held, p->listed, p->n_masters, &brake, &p->decisions,
                            p->message);
        return r == -EINVAL ? -EBADMSG : r; /* the names were checked: a list is not in order */
}

/* What the comparisons since the pass before have found, which lanes put right. */
static int count_healed(Pass *p) {
        DdnsPass before = { 0 };

        int r = ddns_store_get_pass(p->store, &before);
        if (r < 0 && r != -ENOENT)
                return pass_fail_store(p, r);
        for (size_t i = 0; i < p->config->n_backends; i++) {
                DdnsComparison c = { 0 };

                r = ddns_store_get_comparison(p->store, p->config->backends[i].name, &c);
                if (r < 0 && r != -ENOENT) /* ddns-retry has not met it yet */
                        return pass_fail_store(p, r);
                if (r >= 0 && c.ended_usec >= before.started_usec)
                        p->sum.healed += c.differed;
        }
        return 0;
}

static int heal(Pass *p) {
        if (!p->options->heal || p->is_dry)
                return 0;
        int r = ddns_store_ask_comparison(p->store, NULL, ddns_now_usec());
        if (r < 0)
                return pass_fail_store(p, r);
        pass_wake(p);
        return 0;
}

static int work(Pass *p) {
        static int (*const steps[])(Pass *
                                    p) = { count_healed,   pass_list,        pass_read_held, decide,
                                           pass_carry_out, pass_find_behind, pass_fetch,     heal };
        int r = check_masters(p);

        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(steps) && !pass_is_stopped(p); i++) {
                r = steps[i](p);
                DDNS_CRASH_POINT("pass-step");
        }
        return r;
}

static int sum_up(Pass *p, int error) {
        int r = 0;

        p->sum.ended_usec = ddns_now_usec();
        p->sum.failed = error < 0 || pass_is_stopped(p);
        if (p->sum.failed)
                (void) snprintf(p->sum.error, sizeof p->sum.error, "%.255s",
                                error < 0 ? p->message->text : "told to stop before it had ended");
        if (p->options->dry_run)
                return error;
        pass_tell_summary(p);
        r = ddns_store_add_pass(p->store, &p->sum);
        DDNS_CRASH_POINT("pass-kept");
        return error < 0 ? error : r < 0 ? pass_fail_store(p, r) : 0;
}

static void pass_done(Pass *p) {
        ddns_decisions_done(&p->decisions);
        for (size_t i = 0; p->masters && i < p->n_masters; i++) {
                ddns_da_listing_done(&p->masters[i].listing);
                free(p->masters[i].owned.items);
                free(p->masters[i].fetches.items);
        }
        free(p->masters);
        free(p->listed);
        free(p->held);
        free(p->names);
        (void) ddns_store_free(p->store);
        ddns_closep(&p->lock_fd);
}

int ddns_pass_run(const DdnsConfig *config, const DdnsPassOptions *options, DdnsPass *ret,
                  DdnsMessage *message) {
        DdnsMessage ignored;
        ddns_cleanup(pass_done) Pass p = {
                .config = config,
                .options = options,
                .message = message ? message : &ignored,
                .lock_fd = -EBADF,
                .is_dry = options->dry_run || config->reconcile.dry_run,
                .sum.started_usec = ddns_now_usec(),
        };

        p.sum.dry_run = p.is_dry;
        int r = open_all(&p);
        if (r < 0)
                return r;
        r = sum_up(&p, work(&p));
        if (r >= 0)
                *ret = p.sum;
        return r;
}
