/* SPDX-License-Identifier: MIT */
/* All lanes and the loop around them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "basic/clock.h"
#include "deliver/lane.h"
#include "deliver/retry.h"
#include "report/report.h"
#include "store/options.h"

#define TICK_MS 1000
/* A retry that is due this soon is waited for; ddns-retry.timer brings later ones. */
#define NEAR_USEC (60 * USEC_PER_SEC)

typedef struct Retry {
        const DdnsConfig *config;
        DdnsStore *store;
        DdnsStoreBackend *wanted; /* as many as are configured */
        DdnsLane **lanes;
        size_t n;
        int lock_fd, wake_fd, signal_fd;
        uint64_t deliveries; /* tries of all lanes so far */
        uint64_t active_usec; /* monotonic: the last of them, or the last wake-up; 0: none since the start */
        uint64_t show_usec; /* monotonic: when the status is looked at again; each time it costs a count of the log */
        bool spent; /* a store is: leave, and start anew */
        char shown[256];
} Retry;

static int no_memory(void) {
        ddns_report(DDNS_EVENT_ERROR, NULL, "out of memory");
        return -ENOMEM;
}

/* Two at a time would bring an older content behind a newer one. The lock goes with the process, however it ends. */
static int take_lock(Retry *r) {
        ddns_cleanup(ddns_freep) char *path = NULL;

        if (asprintf(&path, "%s.retry-lock", r->config->state.database) < 0) {
                path = NULL;
                return no_memory();
        }
        r->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
        if (r->lock_fd < 0) {
                int error = -errno;
                ddns_report(DDNS_EVENT_ERROR, NULL, "%s: %m", path);
                return error == -ENOENT ? -ENOTDIR : error;
        }
        if (flock(r->lock_fd, LOCK_EX | LOCK_NB) < 0) {
                ddns_report(DDNS_EVENT_NOTICE, NULL, "%s: another ddns-retry is at work", path);
                return -EBUSY;
        }
        return 0;
}

static int open_store(Retry *r) {
        DdnsStoreOptions options = ddns_store_options(r->config);
        DdnsMessage message;
        int k = ddns_store_open(r->config->state.database, &options, &r->store, &message);

        if (k < 0)
                ddns_report(DDNS_EVENT_STORE_FAILED, NULL, "%s", message.text);
        return k == -ENOENT ? -ENOTDIR : k;
}

/* Where a backend delivers to. Whatever makes it another place must stand in here: another text starts from cursor 0. */
static char *describe_target(const DdnsBackendConfig *c) {
        const char *type = ddns_backend_type_to_string(c->type);
        char *text = NULL;
        int n = -1;

        switch (c->type) {
        case DDNS_BACKEND_BIND:
                n = asprintf(&text, "%s %s control=%s@%" PRIu32 " registration=%s view=%s", type,
                             c->zone_dir, c->control.address, c->control.port,
                             c->registration == DDNS_REGISTRATION_INCLUDE ? "include" : "addzone",
                             c->view ? c->view : "");
                break;
        case DDNS_BACKEND_COREDNS_MYSQL:
        case DDNS_BACKEND_POWERDNS_MYSQL:
                n = asprintf(&text, "%s %s@%" PRIu32 " database=%s zones=%s records=%s", type,
                             c->mysql.socket ? c->mysql.socket : c->mysql.host, c->mysql.port,
                             c->mysql.database, c->tables.zones, c->tables.records);
                break;
        default:
                n = asprintf(&text, "%s %s", type, c->zone_dir);
        }
        return n < 0 ? NULL : text;
}

static const DdnsStoreBackend *find_wanted(const Retry *r, const char *name) {
        for (size_t i = 0; i < r->config->n_backends; i++)
                if (strcmp(r->wanted[i].name, name) == 0)
                        return &r->wanted[i];
        return NULL;
}

/* An entry that is taken out for a while is forgotten all the same. */
static int report_gone(const DdnsBackendRow *row, void *userdata) {
        const DdnsStoreBackend *wanted = find_wanted(userdata, row->name);
        DdnsReportFields fields = { .backend = row->name };

        if (!wanted)
                ddns_report(DDNS_EVENT_BACKEND_FORGOTTEN, &fields,
                            "%s is not in the configuration any more and forgotten; changes that it did not get: %" PRIu64
                            ". Zones that are deleted from now on stay in it until it comes back",
                            row->name, row->pending + row->deferred + row->dead);
        else if (strcmp(wanted->target, row->target) != 0)
                ddns_report(DDNS_EVENT_NOTICE, &fields,
                            "%s delivers to another place now (%s instead of %s): it starts anew and gets all zones. What the old place has "
                            "stays there",
                            row->name, wanted->target, row->target);
        return 0;
}

static int describe_backends(Retry *r) {
        r->wanted = calloc(r->config->n_backends > 0 ? r->config->n_backends : 1, sizeof *r->wanted);
        if (!r->wanted)
                return no_memory();
        for (size_t i = 0; i < r->config->n_backends; i++) {
                r->wanted[i].name = r->config->backends[i].name;
                r->wanted[i].target = describe_target(&r->config->backends[i]);
                if (!r->wanted[i].target)
                        return no_memory();
        }
        return 0;
}

static int set_backends(Retry *r) {
        int k = describe_backends(r);

        if (k < 0)
                return k;
        k = ddns_store_each_backend(r->store, report_gone, r);
        if (k >= 0)
                k = ddns_store_set_backends(r->store, r->wanted, r->config->n_backends);
        if (k < 0)
                ddns_report(DDNS_EVENT_STORE_FAILED, NULL, "%s", ddns_store_error(r->store));
        return k;
}

static int start_lanes(Retry *r) {
        DdnsMessage message;
        int k;

        r->lanes = calloc(r->config->n_backends > 0 ? r->config->n_backends : 1, sizeof *r->lanes);
        if (!r->lanes)
                return no_memory();
        for (; r->n < r->config->n_backends; r->n++) {
                const DdnsBackendConfig *c = &r->config->backends[r->n];
                DdnsReportFields fields = { .backend = c->name };

                k = ddns_lane_new(r->config, c, ddns_backend_ops(c->type), &r->lanes[r->n], &message);
                if (k >= 0)
                        k = ddns_lane_start(r->lanes[r->n], &message);
                if (k < 0) {
                        r->lanes[r->n] = ddns_lane_free(r->lanes[r->n]);
                        ddns_report(DDNS_EVENT_ERROR, &fields, "%s: %s", c->name, message.text);
                        return k;
                }
        }
        return 0;
}

static int open_events(Retry *r) {
        sigset_t signals;
        int n = sd_listen_fds(true);

        for (int i = 0; i < n && r->wake_fd < 0; i++)
                if (sd_is_socket(SD_LISTEN_FDS_START + i, AF_UNIX, SOCK_DGRAM, -1) > 0)
                        r->wake_fd = SD_LISTEN_FDS_START + i;
        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &signals, NULL); /* before the lanes' threads are made */
        r->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
        if (r->signal_fd >= 0)
                return 0;
        r->signal_fd = -errno;
        ddns_report(DDNS_EVENT_ERROR, NULL, "signals: %s", strerror(-r->signal_fd));
        return r->signal_fd;
}

static void drain_wake_ups(Retry *r) {
        char ignored[64];
        bool any = false;

        while (recv(r->wake_fd, ignored, sizeof ignored, MSG_DONTWAIT) >= 0)
                any = true;
        if (any)
                r->active_usec = ddns_monotonic_usec();
        for (size_t i = 0; any && i < r->n; i++)
                ddns_lane_wake(r->lanes[i]);
}

/* All lanes idle, and nothing due soon. */
static bool is_idle(Retry *r) {
        uint64_t now = ddns_now_usec(), deliveries = 0;
        bool idle = true;

        for (size_t i = 0; i < r->n; i++) {
                DdnsLaneState state;

                ddns_lane_state(r->lanes[i], &state);
                deliveries += state.delivered + state.failed;
                r->spent = r->spent || state.spent;
                if (!state.idle || (state.due_usec != UINT64_MAX && state.due_usec < now + NEAR_USEC))
                        idle = false;
        }
        if (deliveries > r->deliveries)
                r->active_usec = ddns_monotonic_usec();
        r->deliveries = deliveries;
        return idle;
}

typedef struct Backlog {
        uint64_t zones;
        char worst[128];
        uint64_t worst_zones;
} Backlog;

static int add_backlog(const DdnsBackendRow *row, void *userdata) {
        uint64_t zones = row->pending + row->written + row->deferred + row->dead;
        Backlog *b = userdata;

        b->zones += zones;
        if (zones > b->worst_zones) {
                b->worst_zones = zones;
                (void) snprintf(b->worst, sizeof b->worst, "%" PRIu64 " on %s%s", zones, row->name,
                                row->failures > 0 ? " (down)" : "");
        }
        return 0;
}

static void show_status(Retry *r) {
        Backlog b = { 0 };
        uint64_t delivered = 0;
        char text[sizeof r->shown];

        r->show_usec = ddns_monotonic_usec() + TICK_MS * USEC_PER_MSEC;
        for (size_t i = 0; i < r->n; i++) {
                DdnsLaneState state;

                ddns_lane_state(r->lanes[i], &state);
                delivered += state.delivered;
        }
        if (ddns_store_each_backend(r->store, add_backlog, &b) < 0)
                return;
        if (b.zones == 0)
                (void) snprintf(text, sizeof text, "%" PRIu64 " deliveries, nothing left to do",
                                delivered);
        else
                (void) snprintf(text, sizeof text,
                                "%" PRIu64 " deliveries, %" PRIu64 " to do, most of them %s", delivered,
                                b.zones, b.worst);
        if (strcmp(text, r->shown) == 0)
                return;
        strcpy(r->shown, text);
        (void) sd_notifyf(false, "STATUS=%s", text);
}

/* Lanes report what happened to theirs. */
static bool is_spent(Retry *r) {
        if (ddns_store_is_spent(r->store) && !r->spent) {
                ddns_report(DDNS_EVENT_STORE_FAILED, NULL, "%s", ddns_store_error(r->store));
                r->spent = true;
        }
        return r->spent;
}

/* Returns when there is nothing to do, SIGTERM came, or the database or its disk failed. */
static int loop(Retry *r) {
        uint64_t watchdog_usec = 0;

        (void) sd_watchdog_enabled(
                        false, &watchdog_usec); /* the tick is far below any time-out that makes sense */
        for (;;) {
                struct pollfd fds[] = { { .fd = r->signal_fd, .events = POLLIN },
                                        { .fd = r->wake_fd, .events = POLLIN } };

                if (poll(fds, ARRAY_SIZE(fds), TICK_MS) < 0 && errno != EINTR)
                        return -errno;
                if (fds[0].revents)
                        return 0;
                if (fds[1].revents & POLLIN)
                        drain_wake_ups(r);
                if (watchdog_usec > 0)
                        (void) sd_notify(false, "WATCHDOG=1");
                if (ddns_monotonic_usec() >= r->show_usec)
                        show_status(r);

                /* Started by the timer for nothing, it does not linger either. */
                if (is_idle(r) && (r->active_usec == 0 || ddns_monotonic_usec() - r->active_usec >=
                                                                          r->config->queue.linger_usec))
                        return 0;
                if (is_spent(r))
                        return -EIO;
        }
}

static void tidy_up(Retry *r) {
        uint64_t now = ddns_now_usec(), kept = r->config->state.deleted_usec;

        if (ddns_store_purge(r->store, now > kept ? now - kept : 0) < 0)
                ddns_report(DDNS_EVENT_WARNING, NULL, "tombstones could not be purged: %s",
                            ddns_store_error(r->store));
}

/* All are told before the first is waited for, so that those that hang do not add up. */
static void stop_lanes(Retry *r) {
        for (size_t i = 0; i < r->n; i++)
                ddns_lane_stop(r->lanes[i]);
        while (r->n > 0)
                (void) ddns_lane_free(r->lanes[--r->n]);
}

static void close_all(Retry *r) {
        stop_lanes(r);
        free(r->lanes);
        for (size_t i = 0; r->wanted && i < r->config->n_backends; i++)
                free((char *) r->wanted[i].target);
        free(r->wanted);
        (void) ddns_store_free(r->store);
        ddns_closep(&r->signal_fd);
        ddns_closep(&r->lock_fd);
}

int ddns_retry_run(const DdnsConfig *config) {
        ddns_cleanup(close_all) Retry r = {
                .config = config, .lock_fd = -EBADF, .wake_fd = -EBADF, .signal_fd = -EBADF
        };
        int k;

        k = open_events(&r);
        if (k >= 0)
                k = take_lock(&r);
        if (k >= 0)
                k = open_store(&r);
        if (k >= 0)
                k = set_backends(&r);
        if (k >= 0)
                k = start_lanes(&r);
        if (k < 0)
                return k;

        (void) sd_notify(false, "READY=1");
        ddns_report(DDNS_EVENT_STARTED, NULL, "delivering to %zu backends", r.n);
        k = loop(&r);
        show_status(&r); /* stays as the last word */
        (void) sd_notify(false, "STOPPING=1");
        stop_lanes(&r);
        if (k >= 0)
                tidy_up(&r);
        return k;
}
