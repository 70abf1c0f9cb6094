/* SPDX-License-Identifier: MIT */
/* From headers to answer. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "basic/clock.h"
#include "receiver/headers.h"
#include "receiver/login.h"
#include "receiver/scrape.h"
#include "receiver/transaction.h"
#include "report/report.h"

/* Lines about requests that are unclear, a minute. */
#define UNCLEAR_MAX 100u

#define REALM "Basic realm=\"ddns\", charset=\"UTF-8\""

void *ddns_transaction_begin(void *cls, const char *uri, struct MHD_Connection *mhd) {
        DdnsTransaction *t = calloc(1, sizeof *t);

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

static void release_body(DdnsTransaction *t) {
        ddns_buffer_done(&t->job.exchange.body);
        t->http->shared->memory -= t->reserved;
        t->reserved = 0;
}

/* Of what has no meaning, or more than one. Strangers can make such lines without end: they must not crowd out others. */
static void report_unclear(DdnsTransaction *t, const char *why) {
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
static void report_unread(DdnsTransaction *t) {
        DdnsHeaders headers;
        const char *why = t->started ? NULL : ddns_headers_read(t->mhd, NULL, NULL, &headers);

        report_unclear(t, why ? why : "it is no HTTP, or too long");
}

void ddns_transaction_end(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_RequestTerminationCode code) {
        DdnsTransaction *t = *context;
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

static enum MHD_Result submit(DdnsTransaction *t, int kind) {
        if (!t->http->pipeline)
                return MHD_NO; /* the program could not wait any longer */
        t->job.kind = kind;
        MHD_suspend_connection(t->mhd);
        ddns_pipeline_submit(t->http->pipeline, &t->job);
        return MHD_YES;
}

static void count_answer(const DdnsTransaction *t) {
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

static enum MHD_Result reply(DdnsTransaction *t) {
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

enum MHD_Result ddns_transaction_fail(DdnsTransaction *t, unsigned status, const char *text) {
        if (status == 503)
                ddns_metrics_count(t->http->shared->metrics,
                                   text == no_memory ? DDNS_METRICS_503_OUT_OF_MEMORY
                                                     : DDNS_METRICS_503_TOO_MANY_REQUESTS,
                                   1);
        ddns_service_fail(&t->job.exchange, status, text);
        return reply(t);
}

static const char body_too_long[] = "the request's body is too long";
static const char too_many[] = "too many requests at once, nothing was stored; send it again later";

/* Decides what the answer will be. It waits for the end of the body, which is read and forgotten: an answer that overtakes
 * the body would be lost with the reset. The deadline bounds how long that takes. */
static void refuse(DdnsTransaction *t, unsigned status, const char *text) {
        release_body(t);
        t->refusal = status;
        t->refusal_text = text;
}

/* At once, and then the library closes: nobody knows where the body ends, and what is behind it. */
static enum MHD_Result reply_unclear(DdnsTransaction *t, const char *why) {
        report_unclear(t, why);
        return ddns_transaction_fail(t, MHD_HTTP_BAD_REQUEST, why);
}

/* The headers are there: what can be decided before the body. */
static enum MHD_Result start(DdnsTransaction *t, const char *method, const char *version) {
        const DdnsConfig *config = t->http->config;
        DdnsExchange *x = &t->job.exchange;
        DdnsHeaders headers;
        const char *why = ddns_headers_read(t->mhd, method, version, &headers);

        t->started = true;
        x->method = method;
        if (why)
                return reply_unclear(t, why);
        if (headers.size > (size_t) config->receiver.max_header_kib * 1024)
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
        why = ddns_login_why_not_verify(t);
        if (why) {
                refuse(t, 429, why);
                t->judged = true;
                return MHD_YES;
        }
        ddns_connection_set_standing(&t->http->connections, t->mhd, DDNS_STANDING_LOOKED_AT);
        return submit(t, DDNS_JOB_VERIFY);
}

static void receive(DdnsTransaction *t, const char *data, size_t size) {
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

/* The request is complete. */
static enum MHD_Result judge(DdnsTransaction *t) {
        ddns_connection_set_state(t->mhd, DDNS_CONNECTION_ANSWERING);
        if (t->refusal)
                return ddns_transaction_fail(t, t->refusal, t->refusal_text);
        if (t->http->kind == DDNS_HTTP_METRICS) {
                t->answered = true;
                return ddns_scrape_judge(&t->job.exchange) ? submit(t, DDNS_JOB_SCRAPE) : reply(t);
        }
        if (t->job.error < 0)
                return ddns_transaction_fail(t, 503, no_memory);
        if (!t->job.exchange.master)
                return ddns_login_refuse(t);
        if (ddns_buffer_status(&t->job.exchange.body) < 0)
                return ddns_transaction_fail(t, 503, no_memory);
        t->answered = true;
        return submit(t, DDNS_JOB_HANDLE);
}

/* Called for the headers, for each piece of the body, at its end, and again after each resumption. */
enum MHD_Result ddns_transaction_handle(void *cls, struct MHD_Connection *mhd, const char *url,
                                        const char *method, const char *version, const char *data,
                                        size_t *size, void **context) {
        DdnsTransaction *t = *context;
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
