/* SPDX-License-Identifier: MIT */
/* A line on a terminal that says how far something is. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct DdnsProgress {
        FILE *f; /* NULL: no terminal, nothing is shown */
        uint64_t shown_usec;
        bool visible;
} DdnsProgress;

/* For `f` if it is a terminal. */
DdnsProgress ddns_progress_start(FILE *f);

/* Shows it, at most once a second. `of` 0: not known. */
void ddns_progress_show(DdnsProgress *p, const char *what, uint64_t done, uint64_t of);

/* Takes the line away, before anything else is written. */
void ddns_progress_end(DdnsProgress *p);

/* The line itself; separate for tests. */
#define DDNS_PROGRESS_MAX 160
void ddns_progress_format(const char *what, uint64_t done, uint64_t of, char ret[DDNS_PROGRESS_MAX]);
