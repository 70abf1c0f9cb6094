/* SPDX-License-Identifier: MIT */
/* What a request asks for: the order of decisions that serves all masters, without HTTP library and without database.
 *
 * Facts: the wire protocol of DirectAdmin's Multi Server Setup; see ddns-protocol(7) for the table of requests E1 to E11. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "basic/domain.h"
#include "basic/message.h"
#include "receiver/form.h"

typedef enum DdnsCommand {
        DDNS_COMMAND_BAD, /* not understood, or must not be done: `status` and `message` say what to answer */
        DDNS_COMMAND_LOGIN_TEST,    /* E1 */
        DDNS_COMMAND_EXISTS,        /* E2, E3, E6 */
        DDNS_COMMAND_SAVE,          /* E4, E6, E8 */
        DDNS_COMMAND_DELETE,        /* E5, E7 */
        DDNS_COMMAND_NOTHING,       /* connectivity check: no action, no body */
        DDNS_COMMAND_USER_EXISTS,   /* E9 */
        DDNS_COMMAND_NOT_SUPPORTED, /* E10 */
        DDNS_COMMAND_STATUS,        /* ours: the state as JSON */
} DdnsCommand;

typedef char DdnsZoneName[DDNS_ZONE_NAME_MAX + 1];

typedef struct DdnsRequest {
        DdnsCommand command;
        unsigned status;     /* HTTP status of a BAD one */
        DdnsMessage message; /* why it is bad */
        bool is_question;    /* it only asked: nothing that an operator could miss */

        DdnsZoneName *zones; /* checked; EXISTS and SAVE have one, DELETE at least one */
        size_t n_zones;
        const char *hostname; /* the master's own name; NULL: not said */
        const char *username;
        bool check_parent;     /* EXISTS */
        bool urgent;           /* SAVE: named_reload=yes */
        const char *zone_text; /* SAVE; points into the body or the form */
        size_t zone_size;

        DdnsForm query, form; /* hold what the pointers point to */
} DdnsRequest;

#define DDNS_REQUEST_NULL ((DdnsRequest){ 0 })

/* `method` as it came; `path` is the raw request target up to '?', `query` behind it ("" if there is none). `body` must live
 * as long as the request. 0: `*ret` is filled, a bad request included; -ENOMEM. Release with ddns_request_done(). */
int ddns_request_parse(const char *method, const char *path, const char *query, const char *body,
                       size_t size, DdnsRequest *ret);

void ddns_request_done(DdnsRequest *r);
