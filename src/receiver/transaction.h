/* SPDX-License-Identifier: MIT */
/* One request on its way through: from its headers to its answer. Private to the HTTP side; all of it belongs to the event loop's
 * thread. */
#pragma once

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "receiver/connection.h"
#include "receiver/http.h"

typedef struct DdnsTransaction DdnsTransaction;

struct DdnsHttp {
        DdnsHttpShared *shared;
        const DdnsConfig *config;
        DdnsHttpKind kind;
        DdnsPipeline *pipeline;
        struct MHD_Daemon *daemon;
        DdnsConnections connections;
        bool quiesced;
        DdnsTransaction *held;       /* answers to failed logins: login.h */
        uint64_t unclear_since_usec; /* monotonic: of the minute in which `n_unclear` requests were */
        unsigned n_unclear;

        int done_fd; /* eventfd: `done` has jobs */
        pthread_mutex_t lock;
        DdnsJob *done;
};

/* One request on its way through. The job is first, so that one is the other. */
struct DdnsTransaction {
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
        DdnsTransaction *next_held;
};

/* For libmicrohttpd, `cls` is the DdnsHttp: MHD_OPTION_URI_LOG_CALLBACK, the handler, and MHD_OPTION_NOTIFY_COMPLETED. */
void *ddns_transaction_begin(void *cls, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result ddns_transaction_handle(void *cls, struct MHD_Connection *mhd, const char *url,
                                        const char *method, const char *version, const char *data,
                                        size_t *size, void **context);
void ddns_transaction_end(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_RequestTerminationCode code);

/* Answers with `error=1` at once. */
enum MHD_Result ddns_transaction_fail(DdnsTransaction *t, unsigned status, const char *text);
