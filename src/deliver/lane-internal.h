/* SPDX-License-Identifier: MIT */
/* What the parts of a lane share: lane.c (the thread), compare.c (after a restart of the name server). */
#pragma once

#include <pthread.h>

#include "deliver/lane.h"
#include "deliver/served.h"

struct DdnsLane {
        const DdnsConfig *config;
        const DdnsBackendConfig *backend_config;
        const char *name;
        const DdnsBackendOps *ops;
        DdnsBackend *backend;
        DdnsStore *store;
        DdnsSchedule schedule;
        DdnsWaitingList waiting;
        uint64_t probe_usec; /* monotonic: when to look again whether it is the same name server */
        bool store_down;     /* reported */

        pthread_t thread;
        bool running;
        pthread_mutex_t lock; /* over what follows */
        pthread_cond_t changed;
        bool stopping, woken;
        DdnsLaneState state;
};

/* Compares `incarnation` with the one seen last. If the name server was started anew, every zone that it should have and
 * does not serve is delivered again. 0; -ECONNABORTED: the name server does not answer, `message` says so; else the database
 * failed. Told to stop, it leaves the rest to the next start. */
int ddns_lane_compare(DdnsLane *l, const char *incarnation, DdnsMessage *message);
bool ddns_lane_is_stopping(DdnsLane *l);
