/* SPDX-License-Identifier: MIT */
/* What the parts of a lane share: lane.c (the thread), lane-batch.c, lane-record.c, lane-wait.c, compare.c (after a restart
 * of the name server), heal.c (comparisons that are asked for). */
#pragma once

#include <pthread.h>

#include "deliver/heal.h"
#include "deliver/lane.h"
#include "deliver/served.h"

/* How long a batch waits for the name server before the slow ones are left to their deadline and others go on. */
#define PATIENCE_USEC (250 * USEC_PER_MSEC)

struct DdnsLane {
        const DdnsConfig *config;
        const DdnsBackendConfig *backend_config;
        const char *name;
        const DdnsBackendOps *ops;
        DdnsBackend *backend;
        DdnsStore *store;
        DdnsSchedule schedule;
        DdnsWaitingList waiting;
        DdnsHeal heal;
        bool probed;         /* since the start */
        uint64_t probe_usec; /* monotonic: when to look again whether it is the same name server */
        uint64_t step_usec;  /* monotonic: the step in progress began */
        uint64_t again_usec; /* monotonic: after a failure that is not recorded yet, when to try again */
        uint64_t grace_end_usec; /* monotonic: failures are recorded from then on; 0: none since the last answer */
        bool store_down; /* reported */
        bool began;      /* what an earlier run left as written is due again */

        pthread_t thread;
        bool running;
        pthread_mutex_t lock; /* over what follows */
        pthread_cond_t changed;
        bool stopping, woken;
        DdnsLaneState state;
};

bool ddns_lane_is_stopping(DdnsLane *l);

/* ---- lane-batch.c ---- */

/* 1: something was done; 0: there is nothing to do now; negative: the database failed. */
int ddns_lane_deliver_next(DdnsLane *l);

/* ---- lane-record.c: 0, or negative: the database failed, which is reported ---- */

/* Reports a failure of the database, once until it works again; returns `error`. */
int ddns_lane_store_failed(DdnsLane *l, int error);
/* The backend as a whole is out of service: backs off, charges no zone. */
int ddns_lane_backend_failed(DdnsLane *l, const DdnsMessage *message);
int ddns_lane_backend_answered(DdnsLane *l);
int ddns_lane_record(DdnsLane *l, const DdnsDelivery **deliveries, DdnsResult *results, size_t n);

/* ---- lane-wait.c ---- */

/* Ends a save in the backend: to be called before it is recorded, since what is not recorded is done again. Negative: the
 * backend as a whole is out of service. */
int ddns_lane_settle(DdnsLane *l, const DdnsDelivery *d, bool served, DdnsMessage *message);
/* Asks about all that wait; records those that are served, and those whose time is over. Negative: the database failed. */
int ddns_lane_settle_waiting(DdnsLane *l);
/* Why `item` is not seen served, for the operator. */
void ddns_lane_explain(const DdnsLane *l, const DdnsWaiting *item, DdnsMessage *ret);
/* Reports name servers that fell silent or answer again, where writing goes on without them. */
void ddns_lane_report_silence(DdnsLane *l);

/* ---- compare.c ---- */

/* Compares `incarnation` with the one seen last. If the name server was started anew, every zone that it should have and
 * does not serve is delivered again; another database gets all zones. 0; -ECONNABORTED: the name server does not answer, `message` says so; else the database
 * failed. Told to stop, it leaves the rest to the next start. */
int ddns_lane_compare(DdnsLane *l, const char *incarnation, DdnsMessage *message);
