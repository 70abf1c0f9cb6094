/* SPDX-License-Identifier: MIT */
/* The threads behind the HTTP loop: one that checks passwords, some that parse and check, one that commits, and one that
 * answers scrapes, which no push waits for.
 *
 * Pushes that arrive while a commit is under way share the next one (group commit), which costs the single push nothing. */
#pragma once

#include <stdbool.h>

#include "receiver/credential.h"
#include "receiver/service.h"
#include "receiver/turns.h"

typedef struct DdnsPipeline DdnsPipeline;

typedef struct DdnsJob {
        enum { DDNS_JOB_VERIFY, DDNS_JOB_HANDLE, DDNS_JOB_SCRAPE } kind;
        DdnsExchange exchange;     /* HANDLE, SCRAPE */
        const char *authorization; /* VERIFY: in; `exchange.master` is the result, NULL: refused */
        DdnsSockaddr address;      /* VERIFY: in */
        int error;                 /* VERIFY: as ddns_credentials_verify() gave it */
        DdnsTurn turn;             /* see ddns_pipeline_begin() */
        struct DdnsJob *next;      /* the pipeline's while the job is in it */
} DdnsJob;

typedef struct DdnsPipelineOptions {
        const char *database;
        DdnsStoreOptions store;
        const char *wake;
        unsigned workers;
        bool metrics;               /* jobs to scrape may come */
        void (*done)(DdnsJob *job); /* called from a thread of the pipeline when the job is through */
} DdnsPipelineOptions;

/* Opens the database once for each thread that needs it, so that a bad one fails here. `message` has the text. */
int ddns_pipeline_new(DdnsService *service, DdnsCredentials *credentials,
                      const DdnsPipelineOptions *options, DdnsPipeline **ret, DdnsMessage *message);
/* Waits for all jobs that were submitted, then ends the threads. NULL is accepted. */
DdnsPipeline *ddns_pipeline_free(DdnsPipeline *p);
DDNS_DEFINE_CLEANUP(DdnsPipeline *, ddns_pipeline_free)

/* The job's request begins, or has ended. A change of a zone is dropped if one whose request began later was committed. */
void ddns_pipeline_begin(DdnsPipeline *p, DdnsJob *job);
void ddns_pipeline_end(DdnsPipeline *p, DdnsJob *job);

/* Never blocks. The job belongs to the pipeline until `done`. */
void ddns_pipeline_submit(DdnsPipeline *p, DdnsJob *job);

/* The disk or the database gave an error that only a new process may get over: serve no more. */
bool ddns_pipeline_is_broken(DdnsPipeline *p);
