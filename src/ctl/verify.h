/* SPDX-License-Identifier: MIT */
/* Comparing what a backend should have with what it has and serves. Internal to src/ctl. */
#pragma once

#include "ctl/progress.h"
#include "ctl/verb.h"
#include "deliver/backend.h"
#include "dns/soa.h"

/* What was found about one zone on one backend. */
typedef enum DdnsVerdict {
        DDNS_VERDICT_GOOD,
        DDNS_VERDICT_UNKNOWN, /* nothing can be said */
        DDNS_VERDICT_BAD,
} DdnsVerdict;

typedef struct DdnsVerified {
        const DdnsDelivery *zone; /* as it should be */
        DdnsVerdict content, served;
        DdnsMessage text; /* what is wrong */
} DdnsVerified;

/* A backend that is being looked at. */
typedef struct DdnsInspection {
        DdnsCtl *ctl;
        const DdnsBackendConfig *config;
        const DdnsBackendOps *ops;
        DdnsBackend *backend;
        bool *silent; /* of each of its name servers: it answered nothing and is left alone */
} DdnsInspection;

/* -ENOMEM, or why it can't be looked at (`message`). Release it in any case. */
int ddns_inspection_open(DdnsInspection *i, DdnsCtl *c, DdnsBackendConfig *config, DdnsMessage *message);
void ddns_inspection_done(DdnsInspection *i);

/* Looks at all that were given. Negative: the backend as a whole is out of service (`message`). */
int ddns_inspection_look(DdnsInspection *i, DdnsVerified *zones, size_t n, DdnsMessage *message);

/* Appends the difference of one zone, escaped, a line each. As above. */
int ddns_inspection_diff(DdnsInspection *i, const DdnsDelivery *zone, DdnsBuffer *ret,
                         DdnsMessage *message);
