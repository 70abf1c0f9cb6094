/* SPDX-License-Identifier: MIT */
/* The event loop: connections, signals, deadlines, idleness, watchdog, status. */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "basic/clock.h"
#include "receiver/loop.h"
#include "receiver/sockets.h"
#include "report/report.h"
#include "store/options.h"

#define TRIM_THRESHOLD (1024 * 1024)
#define WORKERS        3 /* one of them commits */
#define TICK_USEC      USEC_PER_SEC

typedef struct Loop {
        const DdnsConfig *config;
        DdnsService service;
        DdnsHttpShared shared;
        DdnsGuesses guesses;
        DdnsSockets sockets;
        DdnsPipeline *pipeline;
        sd_event_source *timers[DDNS_SOCKETS_MAX];
        sd_event *event;
        bool leaving;
        uint64_t leave_usec; /* monotonic: when to give up on connections that do not end */
        int result;
        uint64_t shown_pushes, shown_refused, trimmed_pushes;
} Loop;

static unsigned connections(const Loop *l) {
        unsigned n = 0;

        for (int i = 0; i < l->sockets.n; i++)
                n += ddns_http_connections(l->sockets.http[i]);
        return n;
}

/* While it leaves, pushes wait for the next process: none of them may wait for a scraper. */
static unsigned connections_of_masters(const Loop *l) {
        unsigned n = 0;

        for (int i = 0; i < l->sockets.n; i++)
                if (ddns_http_kind(l->sockets.http[i]) != DDNS_HTTP_METRICS)
                        n += ddns_http_connections(l->sockets.http[i]);
        return n;
}

/* Stops accepting; the loop goes on until the last connection has its answer. */
static void leave(Loop *l, int result, const char *why) {
        if (l->leaving)
                return;
        l->leaving = true;
        l->result = result;
        l->leave_usec = ddns_monotonic_usec() + l->config->receiver.request_timeout_usec +
                        2 * l->config->state.busy_usec;
        (void) sd_notifyf(false, "STOPPING=1\nSTATUS=%s", why);
        ddns_report(DDNS_EVENT_STOPPED, NULL, "%s", why);
        for (int i = 0; i < l->sockets.n; i++) {
                ddns_http_quiesce(l->sockets.http[i]);
                /* for what is held back, which need not wait any more */
                (void) sd_event_source_set_time_relative(l->timers[i], 0);
                (void) sd_event_source_set_enabled(l->timers[i], SD_EVENT_ONESHOT);
        }
}

static void leave_if_broken(Loop *l) {
        if (l->pipeline && ddns_pipeline_is_broken(l->pipeline))
                leave(l, -EIO, "the database or its disk failed: starting anew");
}

static void leave_if_done(Loop *l) {
        if (l->leaving && (connections_of_masters(l) == 0 || ddns_monotonic_usec() > l->leave_usec))
                (void) sd_event_exit(l->event, 0);
}

static int run_http(Loop *l, int i) {
        uint64_t timeout;
        int r = ddns_http_run(l->sockets.http[i], &timeout);

        if (r < 0) {
                leave(l, r, "libmicrohttpd failed");
                return 0;
        }
        if (timeout == UINT64_MAX)
                (void) sd_event_source_set_enabled(l->timers[i], SD_EVENT_OFF);
        else {
                (void) sd_event_source_set_time_relative(l->timers[i], timeout);
                (void) sd_event_source_set_enabled(l->timers[i], SD_EVENT_ONESHOT);
        }
        leave_if_broken(l);
        leave_if_done(l);
        return 0;
}

/* Which of the sockets an event source belongs to is its userdata's place in the array. */
typedef struct SocketRef {
        Loop *loop;
        int i;
} SocketRef;

static int on_http(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        const SocketRef *ref = userdata;
        (void) source;
        (void) fd;
        (void) revents;
        return run_http(ref->loop, ref->i);
}

static int on_http_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        const SocketRef *ref = userdata;
        (void) source;
        (void) usec;
        return run_http(ref->loop, ref->i);
}

static void show_status(Loop *l) {
        uint64_t pushes = atomic_load(&l->service.pushes), refused = atomic_load(&l->service.refused);

        if (l->leaving || (pushes == l->shown_pushes && refused == l->shown_refused))
                return;
        l->shown_pushes = pushes;
        l->shown_refused = refused;
        (void) sd_notifyf(false, "STATUS=%" PRIu64 " pushes taken, %" PRIu64 " refused since the start",
                          pushes, refused);
}

static bool is_idle(const Loop *l, uint64_t now) {
        uint64_t limit = l->config->receiver.idle_timeout_usec;

        if (limit == 0 || connections(l) > 0)
                return false;
        for (int i = 0; i < l->sockets.n; i++)
                if (now - ddns_http_last_activity(l->sockets.http[i]) < limit)
                        return false;
        return true;
}

/* Once all is quiet, what the last storm took goes back to the kernel. */
static void trim(Loop *l) {
        uint64_t pushes = atomic_load(&l->service.pushes);

        if (pushes == l->trimmed_pushes || connections(l) > 0)
                return;
        l->trimmed_pushes = pushes;
        (void) malloc_trim(0);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        Loop *l = userdata;
        uint64_t now = ddns_monotonic_usec();
        (void) usec;

        for (int i = 0; i < l->sockets.n; i++)
                ddns_http_sweep(l->sockets.http[i], now);
        show_status(l);
        trim(l);
        ddns_sockets_warn_of_expiry(&l->sockets);
        leave_if_broken(l);
        if (is_idle(l, now))
                leave(l, 0, "idle: the next push starts me again");
        leave_if_done(l);
        (void) sd_event_source_set_time_relative(source, TICK_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        (void) source;
        leave(userdata, 0,
              info->ssi_signo == SIGHUP ? "reloading: the next push starts me with what is there now"
                                        : "stopped: answering what was begun");
        leave_if_done(userdata);
        return 0;
}

static int on_refused(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Loop *l = userdata;
        (void) revents;

        if (l->leaving) /* what waits is for the next process */
                return sd_event_source_set_enabled(source, SD_EVENT_OFF);
        ddns_refusal_run(&l->sockets.refusal, fd, ddns_monotonic_usec());
        return 0;
}

static int set_up_events(Loop *l, SocketRef refs[DDNS_SOCKETS_MAX]) {
        int r;

        r = sd_event_default(&l->event);
        if (r < 0)
                return r;
        for (int i = 0; i < l->sockets.n && r >= 0; i++) {
                refs[i] = (SocketRef){ l, i };
                r = sd_event_add_io(l->event, NULL, ddns_http_fd(l->sockets.http[i]), EPOLLIN, on_http,
                                    &refs[i]);
                if (r >= 0)
                        r = sd_event_add_io(l->event, NULL, ddns_http_done_fd(l->sockets.http[i]),
                                            EPOLLIN, on_http, &refs[i]);
                if (r >= 0)
                        r = sd_event_add_time_relative(l->event, &l->timers[i], CLOCK_MONOTONIC, 0, 1000,
                                                       on_http_timer, &refs[i]);
        }
        for (size_t i = 0; i < l->sockets.refusal.n && r >= 0; i++)
                r = sd_event_add_io(l->event, NULL, l->sockets.refusal.fds[i], EPOLLIN, on_refused, l);
        if (r >= 0)
                r = sd_event_add_signal(l->event, NULL, SIGTERM, on_signal, l);
        if (r >= 0)
                r = sd_event_add_signal(l->event, NULL, SIGINT, on_signal, l);
        if (r >= 0)
                r = sd_event_add_signal(l->event, NULL, SIGHUP, on_signal, l);
        if (r >= 0)
                r = sd_event_add_time_relative(l->event, NULL, CLOCK_MONOTONIC, TICK_USEC,
                                               TICK_USEC / 10, on_tick, l);
        return r < 0 ? r : sd_event_set_watchdog(l->event, true);
}

static void report_missing(const DdnsMaster *master, const char *why) {
        DdnsReportFields fields = { .master = master->name };

        ddns_report(DDNS_EVENT_CONFIG_BAD, &fields,
                    "master %s can not log in: %s. Make it with: ddnsctl passwd > "
                    "/etc/ddns/credentials/receiver/%s",
                    master->name, why, master->password_file);
}

static int load_credentials(Loop *l) {
        const DdnsConfig *config = l->config;
        int r = ddns_credentials_new(config->receiver.masters, config->receiver.n_masters,
                                     report_missing, &l->shared.credentials);

        if (r == -ENOENT)
                ddns_report(DDNS_EVENT_CONFIG_BAD, NULL,
                            "%s: no master under receiver.masters can log in", config->path);
        else if (r < 0)
                ddns_report(DDNS_EVENT_ERROR, NULL, "the masters' passwords: %s", strerror(-r));
        return r;
}

static int open_pipeline(Loop *l) {
        DdnsMessage message;
        DdnsPipelineOptions options = {
                .database = l->config->state.database,
                .store = ddns_store_options(l->config),
                .wake = l->config->state.wake,
                .workers = WORKERS,
                .metrics = l->sockets.metrics,
                .done = ddns_http_done,
        };
        int r = ddns_pipeline_new(&l->service, l->shared.credentials, &options, &l->pipeline, &message);

        if (r < 0) {
                ddns_report(DDNS_EVENT_STORE_FAILED, NULL, "%s", message.text);
                return r;
        }
        for (int i = 0; i < l->sockets.n; i++)
                ddns_http_set_pipeline(l->sockets.http[i], l->pipeline);
        return 0;
}

static void close_all(Loop *l) {
        l->pipeline = ddns_pipeline_free(l->pipeline); /* first: it may still resume connections */
        for (int i = 0; i < l->sockets.n; i++) {
                uint64_t timeout;

                ddns_http_set_pipeline(l->sockets.http[i], NULL);
                if (l->event)
                        (void) ddns_http_run(
                                        l->sockets.http[i],
                                        &timeout); /* libmicrohttpd wants nothing suspended when it stops */
                (void) sd_event_source_disable_unref(l->timers[i]);
                (void) ddns_http_free(l->sockets.http[i]);
        }
        (void) sd_event_unref(l->event);
        (void) ddns_credentials_free(l->shared.credentials);
        ddns_certificate_done(&l->sockets.certificate);
}

int ddns_receiver_run(const DdnsConfig *config) {
        Loop l = { .config = config, .shared.config = config };
        SocketRef refs[DDNS_SOCKETS_MAX];
        sigset_t signals;
        int r;

        /* The check of each zone takes some 100 KiB and gives them back. With the default of 128 KiB that goes back to the kernel
         * each time, and all threads stop for it. */
        (void) mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD);

        /* before the threads are made: signals are the loop's */
        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) sigaddset(&signals, SIGHUP);
        (void) sigprocmask(SIG_BLOCK, &signals, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
        (void) signal(SIGXFSZ, SIG_IGN); /* a limit on files is answered like a full disk */

        ddns_service_init(&l.service, config);
        l.shared.metrics = &l.service.metrics;
        l.shared.guesses = &l.guesses;
        l.sockets.shared = &l.shared;
        r = load_credentials(&l);
        if (r >= 0)
                r = ddns_sockets_open(&l.sockets);
        if (r >= 0)
                r = open_pipeline(&l);
        if (r >= 0) {
                r = set_up_events(&l, refs);
                if (r < 0)
                        ddns_report(DDNS_EVENT_ERROR, NULL, "the event loop: %s", strerror(-r));
        }
        if (r >= 0) {
                ddns_report(DDNS_EVENT_STARTED, NULL, "ready on %d sockets",
                            l.sockets.n + (int) l.sockets.refusal.n);
                (void) sd_notify(false, "READY=1\nSTATUS=waiting for pushes");
                r = sd_event_loop(l.event);
                if (r >= 0)
                        r = l.result;
        }
        close_all(&l);
        return r;
}

int ddns_receiver_check(const DdnsConfig *config) {
        ddns_cleanup(ddns_certificate_done) DdnsCertificate certificate = DDNS_CERTIFICATE_NULL;
        Loop l = { .config = config };
        DdnsMessage message;
        int r = load_credentials(&l);

        (void) ddns_credentials_free(l.shared.credentials);
        if (r < 0 || ddns_certificate_is_absent(config))
                return r;
        r = ddns_certificate_load(config, ddns_now_usec(), &certificate, &message);
        if (r < 0)
                ddns_report(DDNS_EVENT_CONFIG_BAD, NULL, "%s", message.text);
        return r;
}
