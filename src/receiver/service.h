/* SPDX-License-Identifier: MIT */
/* What happens to a request, between its bytes and the answer's: understand, look up, check, hand to the log, answer.
 *
 * No HTTP library in here: an exchange comes with everything that was received and leaves with status and text. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/address.h"
#include "basic/buffer.h"
#include "config/config.h"
#include "metrics/metrics.h"
#include "receiver/request.h"
#include "store/store.h"
#include "zone/zone.h"

/* Shared by all threads; counters only grow. */
typedef struct DdnsService {
        const DdnsConfig *config;
        char hostname[256];
        uint64_t started_usec;
        atomic_uint_fast64_t pushes; /* saves and deletes acknowledged */
        atomic_uint_fast64_t refused;
        DdnsMetricsProcess metrics;
        /* of each of config's masters, as far as it was written down */
        atomic_uint_fast64_t last_contact_usec[DDNS_MASTERS_MAX];
} DdnsService;

void ddns_service_init(DdnsService *s, const DdnsConfig *config);

typedef struct DdnsExchange {
        /* filled by the HTTP side */
        const char *method;
        const char *path;  /* raw target up to '?' */
        const char *query; /* behind it, "" if none */
        DdnsBuffer body;
        const DdnsMaster *master;
        char client[DDNS_ADDRESS_MAX];

        /* the answer */
        unsigned status;
        DdnsBuffer answer;
        const char *content_type;

        /* between the two */
        DdnsRequest request;
        DdnsZone zone;
        DdnsMessage reason; /* why the push is refused */
        DdnsChange *changes;
        size_t n_changes;
} DdnsExchange;

#define DDNS_EXCHANGE_NULL ((DdnsExchange){ 0 })
void ddns_exchange_done(DdnsExchange *x);

/* Does everything up to the log. 1: `changes` are to be accepted by the store, then ddns_service_finish() has the word;
 * 0: the answer is ready. Any thread; `store` is that thread's own, for reading. */
int ddns_service_handle(DdnsService *s, DdnsStore *store, DdnsExchange *x);

/* `error`: 0 after the commit, else what the store said, with its text. Composes the answer and reports. */
void ddns_service_finish(DdnsService *s, DdnsExchange *x, int error, const char *text);

/* `error=1&text=…` with that HTTP status, for what never becomes an exchange. */
void ddns_service_fail(DdnsExchange *x, unsigned status, const char *text);

/* GET /status. 0, -ENOMEM, or the store's error. */
int ddns_service_status(DdnsService *s, DdnsStore *store, DdnsBuffer *ret);
