/* SPDX-License-Identifier: MIT */
/* A pass as a service: signals, and what the service manager is told. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#include "basic/cleanup.h"
#include "reconcile/pass.h"
#include "reconcile/reconcile.h"
#include "report/report.h"

static volatile int stop;

static void ask_to_stop(int signal) {
        (void) signal;
        stop = 1;
}

static void catch_signals(void) {
        struct sigaction action = { .sa_handler = ask_to_stop };

        (void) sigaction(SIGTERM, &action, NULL);
        (void) sigaction(SIGINT, &action, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
}

static void show_progress(const char *what, uint64_t done, uint64_t of, void *userdata) {
        (void) userdata;
        (void) sd_notifyf(false, "STATUS=%s: %" PRIu64 " of %" PRIu64, what, done, of);
}

int ddns_reconcile_run(const DdnsConfig *config) {
        const DdnsPassOptions options = { .heal = true, .progress = show_progress, .stop = &stop };
        DdnsMessage message = DDNS_MESSAGE_NULL;
        DdnsPass pass;

        catch_signals();
        (void) sd_notify(false, "READY=1");
        int r = ddns_pass_run(config, &options, &pass, &message);
        if (r >= 0)
                ddns_pass_describe(&pass, &message); /* stays as the last word */
        else if (r == -EBUSY)
                ddns_report(DDNS_EVENT_NOTICE, NULL, "%s", message.text);
        else
                ddns_report(r == -EINVAL ? DDNS_EVENT_CONFIG_BAD : DDNS_EVENT_STORE_FAILED, NULL,
                            "the pass failed: %s", message.text);
        (void) sd_notifyf(false, "STATUS=%s\nSTOPPING=1", message.text);
        if (r == -EBUSY)
                return 0;
        return r == -EINVAL ? -ENOENT : r == -ENOENT ? -ENOTDIR : r;
}
