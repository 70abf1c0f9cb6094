/* SPDX-License-Identifier: MIT */
/* Numbers for monitoring, cheap enough to be asked for every few seconds. As store.h: errors, threads. */
#pragma once

#include "store/store.h"

/* All that `read` reads is of one moment. Returns what it returns, or the error of beginning. Writers don't notice. */
int ddns_store_at_once(DdnsStore *s, int (*read)(DdnsStore *s, void *userdata), void *userdata);

typedef struct DdnsStoreSize {
        uint64_t bytes;      /* of the database file */
        uint64_t free_bytes; /* of these: unused, and used again before the file grows */
        uint64_t log_bytes;  /* of SQLite's write-ahead log beside it */
} DdnsStoreSize;

int ddns_store_get_size(DdnsStore *s, DdnsStoreSize *ret);

#define DDNS_FIGURES_NAME_MAX 255

typedef struct DdnsBackendFigures {
        char name[DDNS_FIGURES_NAME_MAX + 1];
        uint64_t failures;                         /* of the backend as a whole, in a row; 0: up */
        uint64_t since_usec;                       /* up or down since then; 0: never tried */
        uint64_t delay_usec;                       /* as in DdnsBackendRow; likewise the following */
        uint64_t pending, written, deferred, dead; /* zones */
        uint64_t oldest_usec;
        uint64_t delivered, failed; /* deliveries since the backend was met */
        uint64_t delivered_usec;    /* the last one that succeeded; 0: none */
} DdnsBackendFigures;

/* As ddns_store_each_backend(), but it doesn't look at each zone that waits. */
int ddns_store_each_backend_figures(DdnsStore *s,
                                    int (*each)(const DdnsBackendFigures *row, void *userdata),
                                    void *userdata);

/* How many zones each owner has; "" is those whose owner is not known. */
int ddns_store_each_owner(DdnsStore *s,
                          int (*each)(const char *hostname, uint64_t zones, void *userdata),
                          void *userdata);
