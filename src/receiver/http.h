/* SPDX-License-Identifier: MIT */
/* HTTP, in the clear or in TLS, on one inherited listening socket, by libmicrohttpd without threads of its own: the caller's event loop watches one
 * descriptor and calls in. All functions but the completion of jobs belong to that loop's thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "receiver/certificate.h"
#include "receiver/guesses.h"
#include "receiver/pipeline.h"

typedef struct DdnsHttp DdnsHttp;

/* What a socket is for. */
typedef enum DdnsHttpKind {
        DDNS_HTTP_PLAIN,
        DDNS_HTTP_TLS,
        DDNS_HTTP_METRICS, /* scrapes, in the clear and without a login; see scrape.h */
} DdnsHttpKind;

/* What the sockets of one loop share. */
typedef struct DdnsHttpShared {
        const DdnsConfig *config;
        DdnsCredentials *credentials;
        DdnsMetricsProcess *metrics;
        DdnsGuesses *guesses;
        unsigned max_connections; /* of each socket */
        size_t memory;            /* bytes of all bodies that are held */
} DdnsHttpShared;

/* Takes over `fd`, but never shuts it down: it is the service manager's. `certificate`: for DDNS_HTTP_TLS, which speaks TLS
 * 1.2 or newer with it; else NULL. `shared` and `certificate` must outlive the result. `message` has the text of a failure. The pipeline's
 * `done` must be ddns_http_done(). */
int ddns_http_new(DdnsHttpShared *shared, int fd, DdnsHttpKind kind, const DdnsCertificate *certificate,
                  DdnsHttp **ret, DdnsMessage *message);
/* Call when no connection is left; those that are get closed. NULL is accepted. */
DdnsHttp *ddns_http_free(DdnsHttp *h);
DDNS_DEFINE_CLEANUP(DdnsHttp *, ddns_http_free)

/* Where requests go; before the first call of ddns_http_run(). NULL: nowhere any more, their connections are closed. */
void ddns_http_set_pipeline(DdnsHttp *h, DdnsPipeline *pipeline);

/* Readable when ddns_http_run() has something to do: for the clients, and for jobs that the pipeline is through with. */
int ddns_http_fd(DdnsHttp *h);
int ddns_http_done_fd(DdnsHttp *h);
/* Does what there is to do, without waiting. `*ret_timeout_usec`: call again then at the latest; UINT64_MAX: need not. */
int ddns_http_run(DdnsHttp *h, uint64_t *ret_timeout_usec);

/* Cuts connections whose request is not complete in time, and idle ones after ddns_http_quiesce(). Call about once a
 * second. */
void ddns_http_sweep(DdnsHttp *h, uint64_t now_monotonic_usec);
/* Accepts no more; what is in the kernel's queue waits for the next process. */
void ddns_http_quiesce(DdnsHttp *h);

DdnsHttpKind ddns_http_kind(const DdnsHttp *h);
unsigned ddns_http_connections(const DdnsHttp *h);
/* Monotonic time of the last beginning or end of a connection. */
uint64_t ddns_http_last_activity(const DdnsHttp *h);

/* For the pipeline, from any thread. */
void ddns_http_done(DdnsJob *job);
