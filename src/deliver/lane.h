/* SPDX-License-Identifier: MIT */
/* One backend's way through the log, in a thread of its own: take a batch, apply it, ask the name server, record. A slow
 * backend holds up nobody else. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "basic/cleanup.h"
#include "config/config.h"
#include "deliver/backend.h"

typedef struct DdnsLane DdnsLane;

/* Makes the lane and opens its store; the backend is not touched yet. `config` and `backend` must outlive it. */
int ddns_lane_new(const DdnsConfig *config, const DdnsBackendConfig *backend, const DdnsBackendOps *ops,
                  DdnsLane **ret, DdnsMessage *message);
/* Starts the thread. */
int ddns_lane_start(DdnsLane *l, DdnsMessage *message);
/* Tells it to stop and does not wait for that. */
void ddns_lane_stop(DdnsLane *l);
/* Stops it after the step it is at (every step is bounded by the backend's time-outs), and frees. NULL is accepted. */
DdnsLane *ddns_lane_free(DdnsLane *l);
DDNS_DEFINE_CLEANUP(DdnsLane *, ddns_lane_free)

/* There may be work. Any thread. */
void ddns_lane_wake(DdnsLane *l);

typedef struct DdnsLaneState {
        bool idle;          /* nothing under way */
        uint64_t due_usec;  /* idle: when there is work again; UINT64_MAX: never, as far as one knows */
        uint64_t delivered; /* zones since the start */
        uint64_t failed;
        bool spent; /* ddns_store_is_spent(): nothing more is done, and a new process is wanted */
} DdnsLaneState;

/* Any thread. */
void ddns_lane_state(DdnsLane *l, DdnsLaneState *ret);
