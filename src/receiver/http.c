/* SPDX-License-Identifier: MIT */
/* The daemon of libmicrohttpd, and what is through with the pipeline. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "basic/clock.h"
#include "receiver/headers.h"
#include "receiver/login.h"

/* Rounds of libmicrohttpd at a time, before the loop looks at timers and signals again. */
#define RUNS_MAX 16

/* When there is no room for more connections, strangers have so long to log in. What waited in the backlog has mostly sent its
 * request already; a TLS handshake takes two round trips. 1,000 idle connections are gone through within a second. */
#define GRACE_USEC     (100 * USEC_PER_MSEC)
#define GRACE_TLS_USEC (250 * USEC_PER_MSEC)

/* Connections to the metrics socket at a time. */
#define SCRAPES_MAX 8u

/* libmicrohttpd without a thread of its own is deaf to other threads, so finished jobs wait for the loop in a list. */
void ddns_http_done(DdnsJob *job) {
        DdnsHttp *h = ((DdnsTransaction *) job)->http;
        uint64_t one = 1;

        (void) pthread_mutex_lock(&h->lock);
        job->next = h->done;
        h->done = job;
        (void) pthread_mutex_unlock(&h->lock);
        /* Now, else the loop would wake up and wait for the lock next. The counter can't run over, so this does not block. */
        if (write(h->done_fd, &one, sizeof one) < 0)
                assert(errno == EAGAIN);
}

static void resume_done(DdnsHttp *h) {
        uint64_t ignored;

        if (read(h->done_fd, &ignored, sizeof ignored) < 0)
                return; /* nothing was written */
        (void) pthread_mutex_lock(&h->lock);
        DdnsJob *job = TAKE_PTR(h->done);
        (void) pthread_mutex_unlock(&h->lock);

        for (DdnsJob *next; job; job = next) {
                next = job->next;
                MHD_resume_connection(((DdnsTransaction *) job)->mhd);
        }
}

/* Before it leaves, the program waits for requests that have begun, not for clients that may never send another. */
void ddns_http_sweep(DdnsHttp *h, uint64_t now_monotonic_usec) {
        const DdnsConfig *config = h->config;

        ddns_connections_sweep(&h->connections, now_monotonic_usec,
                               config->receiver.request_timeout_usec, config->receiver.login_delay_usec,
                               h->quiesced);
}

/* Older versions than 1.2 are not for public use any more (RFC 8996); the rest is GnuTLS' choice. */
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

static struct MHD_Daemon *start_daemon(DdnsHttp *h, int fd, const DdnsCertificate *certificate) {
        const DdnsConfig *config = h->config;
        bool metrics = h->kind == DDNS_HTTP_METRICS;
        struct MHD_OptionItem tls[] = {
                { MHD_OPTION_HTTPS_MEM_CERT, 0, certificate ? certificate->chain : NULL },
                { MHD_OPTION_HTTPS_MEM_KEY, 0, certificate ? certificate->key : NULL },
                { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *) PRIORITIES },
                { MHD_OPTION_END, 0, NULL },
        };

        /* TURBO: whoever connects has mostly sent the request already, so it is read before epoll is asked. Not with TLS, where who
         * speaks something else would be cut before the alert. */
        return MHD_start_daemon(
                        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
                                        (certificate ? MHD_USE_TLS : MHD_USE_TURBO),
                        0, NULL, NULL, ddns_transaction_handle, h, MHD_OPTION_LISTEN_SOCKET, fd,
                        MHD_OPTION_CONNECTION_LIMIT, metrics ? SCRAPES_MAX : h->shared->max_connections,
                        MHD_OPTION_CONNECTION_TIMEOUT,
                        (unsigned) ((config->receiver.request_timeout_usec + USEC_PER_SEC - 1) /
                                    USEC_PER_SEC),
                        /* headers, what it keeps about them, and some room for pieces of the body. From 32 KiB on, which the
                         * default does not pass, it maps each connection's memory anew, and that shows. */
                        MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                        (size_t) config->receiver.max_header_kib * 1024 * 3 / 2 + 8192,
                        MHD_OPTION_STRICT_FOR_CLIENT, ddns_headers_strictness(),
                        MHD_OPTION_URI_LOG_CALLBACK, ddns_transaction_begin, h,
                        MHD_OPTION_NOTIFY_COMPLETED, ddns_transaction_end, h,
                        MHD_OPTION_NOTIFY_CONNECTION, ddns_connections_note, &h->connections,
                        MHD_OPTION_ARRAY, certificate ? tls : &tls[3], MHD_OPTION_END);
}

int ddns_http_new(DdnsHttpShared *shared, int fd, DdnsHttpKind kind, const DdnsCertificate *certificate,
                  DdnsHttp **ret, DdnsMessage *message) {
        ddns_cleanup(ddns_http_freep) DdnsHttp *h = calloc(1, sizeof *h);

        if (!h)
                return ddns_fail(message, -ENOMEM, "out of memory");
        h->shared = shared;
        h->config = shared->config;
        h->kind = kind;
        h->connections = (DdnsConnections){
                .max = kind == DDNS_HTTP_METRICS ? 0 : shared->max_connections,
                .max_of_site = kind == DDNS_HTTP_METRICS
                                               ? 0
                                               : shared->config->receiver.max_connections_per_address,
                .grace_usec = kind == DDNS_HTTP_TLS ? GRACE_TLS_USEC : GRACE_USEC,
                .last_activity_usec = ddns_monotonic_usec(),
                .answers_too = kind == DDNS_HTTP_METRICS,
                .metrics = shared->metrics,
                .accepted = DDNS_METRICS_ACCEPTED_PLAIN + kind,
                .open = DDNS_METRICS_OPEN_PLAIN + kind,
        };
        (void) pthread_mutex_init(&h->lock, NULL);
        h->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (h->done_fd < 0)
                return ddns_fail(message, -errno, "eventfd: %m");
        h->daemon = start_daemon(h, fd, certificate);
        if (!h->daemon)
                return ddns_fail(message, -EIO, "libmicrohttpd does not start on descriptor %d", fd);
        *ret = TAKE_PTR(h);
        return 0;
}

DdnsHttp *ddns_http_free(DdnsHttp *h) {
        if (!h)
                return NULL;
        if (h->daemon) {
                /* else stopping would shut the inherited socket down, and systemd's .socket fail */
                ddns_http_quiesce(h);
                MHD_stop_daemon(h->daemon);
        }
        ddns_closep(&h->done_fd);
        (void) pthread_mutex_destroy(&h->lock);
        free(h);
        return NULL;
}

void ddns_http_set_pipeline(DdnsHttp *h, DdnsPipeline *pipeline) {
        h->pipeline = pipeline;
}

int ddns_http_fd(DdnsHttp *h) {
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);

        return info ? info->epoll_fd : -EIO;
}

int ddns_http_done_fd(DdnsHttp *h) {
        return h->done_fd;
}

int ddns_http_run(DdnsHttp *h, uint64_t *ret_timeout_usec) {
        MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
        enum MHD_Result has_timeout = MHD_YES;
        bool again = true;

        resume_done(h);
        ddns_login_resume(h);
        /* A time-out of 0 means that it has more to do at once, as closing what it has answered. After an end it looks at
         * clients that waited for room, and only when it is run again. */
        for (unsigned i = 0; i < RUNS_MAX && again; i++) {
                unsigned n = h->connections.n;

                if (MHD_run(h->daemon) != MHD_YES)
                        return -EIO;
                has_timeout = MHD_get_timeout(h->daemon, &timeout_ms);
                again = (has_timeout == MHD_YES && timeout_ms == 0) || h->connections.n < n;
        }
        *ret_timeout_usec = again ? 0 : has_timeout == MHD_YES ? timeout_ms * USEC_PER_MSEC : UINT64_MAX;
        if (!h->quiesced) {
                uint64_t wait = ddns_connections_make_room(&h->connections, ddns_monotonic_usec());

                if (wait < *ret_timeout_usec)
                        *ret_timeout_usec = wait;
        }
        uint64_t wait = ddns_login_wait_usec(h);
        if (wait < *ret_timeout_usec)
                *ret_timeout_usec = wait;
        return 0;
}

void ddns_http_quiesce(DdnsHttp *h) {
        if (!h->quiesced)
                (void) MHD_quiesce_daemon(h->daemon);
        h->quiesced = true;
}

DdnsHttpKind ddns_http_kind(const DdnsHttp *h) {
        return h->kind;
}

unsigned ddns_http_connections(const DdnsHttp *h) {
        return h->connections.n;
}

uint64_t ddns_http_last_activity(const DdnsHttp *h) {
        return h->connections.last_activity_usec;
}
