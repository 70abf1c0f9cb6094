/* SPDX-License-Identifier: MIT */
/* Requests in, answers out. */
#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "basic/clock.h"
#include "receiver/connection.h"
#include "receiver/headers.h"
#include "receiver/http.h"
#include "receiver/scrape.h"
#include "report/report.h"

/* Rounds of libmicrohttpd at a time, before the loop looks at timers and signals again. */
#define RUNS_MAX 16

/* When there is no room for more connections, strangers have so long to log in. What waited in the backlog has mostly sent its
 * request already; a TLS handshake takes two round trips. 1,000 idle connections are gone through within a second. */
#define GRACE_USEC     (100 * USEC_PER_MSEC)
#define GRACE_TLS_USEC (250 * USEC_PER_MSEC)

/* Passwords that are looked at, a tenth of a second each, may take a quarter of the connections, or so many. */
#define LOOKED_AT_MIN 16u

/* Connections to the metrics socket at a time. */
#define SCRAPES_MAX 8u

/* Lines about requests that are unclear, a minute. */
#define UNCLEAR_MAX 100u

#define REALM "Basic realm=\"ddns\", charset=\"UTF-8\""

typedef struct Transaction Transaction;

struct DdnsHttp {
        DdnsHttpShared *shared;
        const DdnsConfig *config;
        DdnsHttpKind kind;
        DdnsPipeline *pipeline;
        struct MHD_Daemon *daemon;
        DdnsConnections connections;
        bool quiesced;
        Transaction *held;           /* answers to failed logins, held back */
        uint64_t unclear_since_usec; /* monotonic: of the minute in which `n_unclear` requests were */
        unsigned n_unclear;

        int done_fd; /* eventfd: `done` has jobs */
        pthread_mutex_t lock;
        DdnsJob *done;
};

/* One request on its way through. The job is first, so that one is the other. */
struct Transaction {
        DdnsJob job;
        DdnsHttp *http;
        struct MHD_Connection *mhd;
        char *target;        /* raw, cut at '?' */
        size_t reserved;     /* of shared->memory */
        uint64_t began_usec; /* monotonic */
        unsigned refusal;    /* HTTP status; 0: none */
        const char *refusal_text;
        bool started, judged, answered;
        bool replied; /* the library has our answer */

        DdnsGuesser *guesser; /* of one that is held back; may be NULL */
        uint64_t due_usec;    /* monotonic: when its answer goes out */
        Transaction *next_held;
};

/* libmicrohttpd without a thread of its own is deaf to other threads, so finished jobs wait for the loop in a list. */
void ddns_http_done(DdnsJob *job) {
        DdnsHttp *h = ((Transaction *) job)->http;
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
                MHD_resume_connection(((Transaction *) job)->mhd);
        }
}

/* Before it leaves, the program waits for requests that have begun, not for clients that may never send another. */
void ddns_http_sweep(DdnsHttp *h, uint64_t now_monotonic_usec) {
        const DdnsConfig *config = h->config;

        ddns_connections_sweep(&h->connections, now_monotonic_usec,
                               config->receiver.request_timeout_usec, config->receiver.login_delay_usec,
                               h->quiesced);
}

/* Those whose time has come, or all when the program leaves. */
static void resume_held(DdnsHttp *h) {
        bool all = h->quiesced || !h->pipeline;
        uint64_t now = ddns_monotonic_usec();

        for (Transaction **p = &h->held, *t; (t = *p);) {
                if (!all && t->due_usec > now && !ddns_connection_is_cut(t->mhd)) {
                        p = &t->next_held;
                        continue;
                }
                *p = t->next_held;
                if (t->guesser)
                        ddns_guesses_release(t->guesser);
                MHD_resume_connection(t->mhd);
        }
}

/* ---- one request ---- */

static void *begin(void *cls, const char *uri, struct MHD_Connection *mhd) {
        Transaction *t = calloc(1, sizeof *t);

        if (!t)
                return NULL;
        t->http = cls;
        t->mhd = mhd;
        t->began_usec = ddns_monotonic_usec();
        t->target = strdup(uri);
        if (!t->target) {
                free(t);
                return NULL;
        }

        char *query = strchr(t->target, '?');
        if (query)
                *query++ = '\0';
        t->job.exchange.path = t->target;
        t->job.exchange.query = query ? query : "";

        const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        if (info && info->client_addr->sa_family == AF_INET)
                memcpy(&t->job.address.in, info->client_addr, sizeof t->job.address.in);
        else if (info && info->client_addr->sa_family == AF_INET6)
                memcpy(&t->job.address.in6, info->client_addr, sizeof t->job.address.in6);
        ddns_address_format(&t->job.address.sa, t->job.exchange.client);
        ddns_connection_set_state(mhd, DDNS_CONNECTION_RECEIVING);
        if (t->http->pipeline)
                ddns_pipeline_begin(t->http->pipeline, &t->job);
        return t;
}

static void release_body(Transaction *t) {
        ddns_buffer_done(&t->job.exchange.body);
        t->http->shared->memory -= t->reserved;
        t->reserved = 0;
}

/* Of what has no meaning, or more than one. Strangers can make such lines without end: they must not crowd out others. */
static void report_unclear(Transaction *t, const char *why) {
        DdnsHttp *h = t->http;
        DdnsReportFields fields = { .client = t->job.exchange.client };

        if (t->began_usec - h->unclear_since_usec > 60 * USEC_PER_SEC) {
                h->unclear_since_usec = t->began_usec;
                h->n_unclear = 0;
        }
        if (h->n_unclear++ < UNCLEAR_MAX)
                ddns_report(DDNS_EVENT_PUSH_REFUSED, &fields, "a request from %s: refused, %s",
                            t->job.exchange.client, why);
}

/* The library answers by itself what it can't read. */
static void report_unread(Transaction *t) {
        DdnsHeaders headers;
        const char *why = t->started ? NULL : ddns_headers_read(t->mhd, NULL, NULL, &headers);

        report_unclear(t, why ? why : "it is no HTTP, or too long");
}

static void end(void *cls, struct MHD_Connection *mhd, void **context,
                enum MHD_RequestTerminationCode code) {
        Transaction *t = *context;
        (void) cls;

        if (!t)
                return;
        if (!t->replied && code == MHD_REQUEST_TERMINATED_WITH_ERROR)
                report_unread(t);
        if (t->http->pipeline)
                ddns_pipeline_end(t->http->pipeline, &t->job);
        release_body(t);
        ddns_exchange_done(&t->job.exchange);
        free(t->target);
        free(t);
        *context = NULL;
        ddns_connection_set_state(mhd, DDNS_CONNECTION_KEPT);
}

static enum MHD_Result submit(Transaction *t, int kind) {
        if (!t->http->pipeline)
                return MHD_NO; /* the program could not wait any longer */
        t->job.kind = kind;
        MHD_suspend_connection(t->mhd);
        ddns_pipeline_submit(t->http->pipeline, &t->job);
        return MHD_YES;
}

static void count_answer(const Transaction *t) {
        DdnsMetricsProcess *metrics = t->http->shared->metrics;
        unsigned status = t->job.exchange.status;

        if (t->http->kind == DDNS_HTTP_METRICS)
                return;
        ddns_metrics_count(metrics,
                           status < 400   ? DDNS_METRICS_ANSWERED_2XX
                           : status < 500 ? DDNS_METRICS_ANSWERED_4XX
                                          : DDNS_METRICS_ANSWERED_5XX,
                           1);
        ddns_metrics_time(metrics, ddns_monotonic_usec() - t->began_usec);
}

static enum MHD_Result reply(Transaction *t) {
        const DdnsExchange *x = &t->job.exchange;
        struct MHD_Response *response = NULL;
        enum MHD_Result r;

        /* Half an answer, or an empty one, is no answer. */
        if (ddns_buffer_status(&x->answer) >= 0)
                response = MHD_create_response_from_buffer(x->answer.size, x->answer.data,
                                                           MHD_RESPMEM_MUST_COPY);

        if (!response)
                return MHD_NO;
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, x->content_type);
        if (x->status == MHD_HTTP_UNAUTHORIZED)
                (void) MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, REALM);
        if (t->http->quiesced)
                (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
        if (x->status == MHD_HTTP_METHOD_NOT_ALLOWED)
                (void) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
                                               t->http->kind == DDNS_HTTP_METRICS ? "GET, HEAD"
                                                                                  : "GET, POST");
        count_answer(t);
        r = MHD_queue_response(t->mhd, x->status, response);
        t->replied = r == MHD_YES;
        MHD_destroy_response(response);
        return r;
}

static const char no_memory[] = "out of memory, nothing was stored; send it again later";

static enum MHD_Result reply_failure(Transaction *t, unsigned status, const char *text) {
        if (status == 503)
                ddns_metrics_count(t->http->shared->metrics,
                                   text == no_memory ? DDNS_METRICS_503_OUT_OF_MEMORY
                                                     : DDNS_METRICS_503_TOO_MANY_REQUESTS,
                                   1);
        ddns_service_fail(&t->job.exchange, status, text);
        return reply(t);
}

static size_t header_size(Transaction *t) {
        const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(t->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

        return info ? info->header_size : 0;
}

static const char body_too_long[] = "the request's body is too long";
static const char too_many_logins[] = "too many logins failed from this address; try again later";
static const char too_many_at_once[] = "too many logins at once; try again later";
static const char too_many[] = "too many requests at once, nothing was stored; send it again later";

/* Decides what the answer will be. It waits for the end of the body, which is read and forgotten: an answer that overtakes
 * the body would be lost with the reset. The deadline bounds how long that takes. */
static void refuse(Transaction *t, unsigned status, const char *text) {
        release_body(t);
        t->refusal = status;
        t->refusal_text = text;
}

/* The time that passwords take is bounded for each address, and those whose passwords are looked at leave room for others. */
static const char *why_not_verify(Transaction *t) {
        DdnsConnections *all = &t->http->connections;
        unsigned looked_at_max = all->max / 4 > LOOKED_AT_MIN ? all->max / 4 : LOOKED_AT_MIN;

        if (ddns_guesses_is_full(t->http->shared->guesses, &t->job.address.sa,
                                 ddns_connections_looked_at(all, t->mhd)))
                return too_many_logins;
        return all->n_looked_at >= looked_at_max ? too_many_at_once : NULL;
}

/* At once, and then the library closes: nobody knows where the body ends, and what is behind it. */
static enum MHD_Result reply_unclear(Transaction *t, const char *why) {
        report_unclear(t, why);
        return reply_failure(t, MHD_HTTP_BAD_REQUEST, why);
}

/* The headers are there: what can be decided before the body. */
static enum MHD_Result start(Transaction *t, const char *method, const char *version) {
        const DdnsConfig *config = t->http->config;
        DdnsExchange *x = &t->job.exchange;
        DdnsHeaders headers;
        const char *why = ddns_headers_read(t->mhd, method, version, &headers);

        t->started = true;
        x->method = method;
        if (why)
                return reply_unclear(t, why);
        if (header_size(t) > (size_t) config->receiver.max_header_kib * 1024)
                refuse(t, 431, "the request's headers are too long");
        else if (headers.length > (uint64_t) config->receiver.max_body_kib * 1024)
                refuse(t, 413, body_too_long);
        if (t->refusal || t->http->kind == DDNS_HTTP_METRICS) {
                t->judged = true;
                return MHD_YES;
        }

        t->job.authorization = headers.authorization;
        x->master = ddns_credentials_known(t->http->shared->credentials, t->job.authorization,
                                           &t->job.address.sa);
        if (x->master)
                ddns_connection_set_standing(&t->http->connections, t->mhd, DDNS_STANDING_MASTER);
        if (x->master || !t->job.authorization) {
                t->judged = true;
                return MHD_YES;
        }
        why = why_not_verify(t);
        if (why) {
                refuse(t, 429, why);
                t->judged = true;
                return MHD_YES;
        }
        ddns_connection_set_standing(&t->http->connections, t->mhd, DDNS_STANDING_LOOKED_AT);
        return submit(t, DDNS_JOB_VERIFY);
}

static void receive(Transaction *t, const char *data, size_t size) {
        const DdnsConfig *config = t->http->config;

        if (t->refusal || !t->job.exchange.master)
                return;
        if (t->reserved + size > (size_t) config->receiver.max_body_kib * 1024) {
                refuse(t, 413, body_too_long);
                return;
        }
        if (t->http->shared->memory + size > (size_t) config->receiver.max_memory_mib * 1024 * 1024) {
                refuse(t, 503, too_many);
                return;
        }
        t->reserved += size;
        t->http->shared->memory += size;
        ddns_buffer_append(&t->job.exchange.body, data, size);
}

static enum MHD_Result refuse_login(Transaction *t) {
        static const char text[] = "Authentication failed";
        char username[DDNS_USERNAME_SHOWN];
        DdnsReportFields fields = { .client = t->job.exchange.client };

        if (!t->job.authorization) /* browsers and scanners: not worth a warning */
                return reply_failure(t, MHD_HTTP_UNAUTHORIZED, text);
        ddns_metrics_count(t->http->shared->metrics, DDNS_METRICS_LOGIN_FAILED, 1);
        ddns_credentials_username(t->job.authorization, username);
        if (t->job.error > 0)
                ddns_report(DDNS_EVENT_NOTICE, &fields,
                            "user \"%s\" has the right password, but 'allow' of this master has no %s",
                            username, t->job.exchange.client);
        ddns_report(DDNS_EVENT_LOGIN_FAILED, &fields, "login failed for user \"%s\" from %s", username,
                    t->job.exchange.client);

        uint64_t now = ddns_monotonic_usec();
        uint64_t delay = ddns_guesses_failed(t->http->shared->guesses, &t->job.address.sa, now,
                                             t->http->config->receiver.login_delay_usec, &t->guesser);
        if (delay == 0)
                return reply_failure(t, MHD_HTTP_UNAUTHORIZED, text);
        ddns_service_fail(&t->job.exchange, MHD_HTTP_UNAUTHORIZED, text);
        t->answered = true;
        t->due_usec = now + delay;
        t->next_held = t->http->held;
        t->http->held = t;
        MHD_suspend_connection(t->mhd);
        return MHD_YES;
}

/* The request is complete. */
static enum MHD_Result judge(Transaction *t) {
        ddns_connection_set_state(t->mhd, DDNS_CONNECTION_ANSWERING);
        if (t->refusal)
                return reply_failure(t, t->refusal, t->refusal_text);
        if (t->http->kind == DDNS_HTTP_METRICS) {
                t->answered = true;
                return ddns_scrape_judge(&t->job.exchange) ? submit(t, DDNS_JOB_SCRAPE) : reply(t);
        }
        if (t->job.error < 0)
                return reply_failure(t, 503, no_memory);
        if (!t->job.exchange.master)
                return refuse_login(t);
        if (ddns_buffer_status(&t->job.exchange.body) < 0)
                return reply_failure(t, 503, no_memory);
        t->answered = true;
        return submit(t, DDNS_JOB_HANDLE);
}

/* Called for the headers, for each piece of the body, at its end, and again after each resumption. */
static enum MHD_Result handle(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **context) {
        Transaction *t = *context;
        (void) cls;
        (void) mhd;
        (void) url;

        if (!t)
                return MHD_NO; /* out of memory in begin() */
        if (!t->started)
                return start(t, method, version);
        if (!t->judged) { /* resumed with the login's verdict, and the headers come once more: the body is still to come */
                t->judged = true;
                ddns_connection_set_standing(&t->http->connections, t->mhd,
                                             t->job.exchange.master ? DDNS_STANDING_MASTER
                                                                    : DDNS_STANDING_STRANGER);
                return MHD_YES;
        }
        if (*size > 0) {
                receive(t, data, *size);
                *size = 0;
                return MHD_YES;
        }
        return t->answered ? reply(t) : judge(t);
}

/* ---- the daemon ---- */

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
                        0, NULL, NULL, handle, h, MHD_OPTION_LISTEN_SOCKET, fd,
                        MHD_OPTION_CONNECTION_LIMIT, metrics ? SCRAPES_MAX : h->shared->max_connections,
                        MHD_OPTION_CONNECTION_TIMEOUT,
                        (unsigned) ((config->receiver.request_timeout_usec + USEC_PER_SEC - 1) /
                                    USEC_PER_SEC),
                        /* headers, what it keeps about them, and some room for pieces of the body. From 32 KiB on, which the
                         * default does not pass, it maps each connection's memory anew, and that shows. */
                        MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                        (size_t) config->receiver.max_header_kib * 1024 * 3 / 2 + 8192,
                        MHD_OPTION_STRICT_FOR_CLIENT, ddns_headers_strictness(),
                        MHD_OPTION_URI_LOG_CALLBACK, begin, h, MHD_OPTION_NOTIFY_COMPLETED, end, h,
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
        resume_held(h);
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
        for (const Transaction *t = h->held; t; t = t->next_held) {
                uint64_t now = ddns_monotonic_usec(), wait = t->due_usec > now ? t->due_usec - now : 0;

                if (wait < *ret_timeout_usec)
                        *ret_timeout_usec = wait;
        }
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
