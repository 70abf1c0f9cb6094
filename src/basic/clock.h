/* SPDX-License-Identifier: MIT */
/* Time in microseconds. Wall-clock time is for due dates that survive a restart, monotonic time for time-outs. */
#pragma once

#include <stdint.h>
#include <time.h>

#include "basic/cleanup.h"

static inline uint64_t ddns_clock_usec(clockid_t id) {
        struct timespec ts;

        (void) clock_gettime(id, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

static inline uint64_t ddns_now_usec(void) {
        return ddns_clock_usec(CLOCK_REALTIME);
}

static inline uint64_t ddns_monotonic_usec(void) {
        return ddns_clock_usec(CLOCK_MONOTONIC);
}
