/* SPDX-License-Identifier: MIT */
/* What every backend is: a table of functions, one file for each kind.
 *
 * All functions of one DdnsBackend are called from one thread. Nothing in a backend logs. Every wait is bounded by the
 * time-outs of its configuration. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/message.h"
#include "config/config.h"

/* One zone of a batch: what to do, and what came of it. */
typedef enum DdnsTaskState {
        DDNS_TASK_PENDING, /* not done; stays so if the backend as a whole fails before its turn */
        DDNS_TASK_WRITTEN, /* the backend has it, for good (synced) */
        DDNS_TASK_FAILED,  /* this zone failed, `message` says why; the others go on */
} DdnsTaskState;

typedef struct DdnsTask {
        const char *zone; /* checked name */
        uint64_t generation;
        bool delete;
        const char *content; /* canonical text; NULL for a delete */
        size_t size;
        uint32_t serial;

        DdnsTaskState state;
        DdnsMessage message;
        bool unasked; /* WRITTEN: the name server answers for this name by itself, whatever it has of us */
        DdnsMessage warning; /* WRITTEN: what of the zone the name server will not serve, or not soon; "" if nothing */
} DdnsTask;

typedef enum DdnsFinding {
        DDNS_FINDING_GOOD,    /* for the record */
        DDNS_FINDING_WARNING, /* zones will be served, but not as well as they could be */
        DDNS_FINDING_BAD,     /* deliveries will fail */
} DdnsFinding;

/* `text` says what is wrong and what helps. */
typedef void DdnsFindingHandler(DdnsFinding finding, const char *text, void *userdata);

typedef struct DdnsBackend DdnsBackend;

/* Non-zero ends it and is passed on. */
typedef int DdnsLineHandler(char sign, const char *text, void *userdata);
typedef int DdnsNameHandler(const char *zone, void *userdata);

typedef struct DdnsBackendOps {
        /* Makes the backend without touching anything outside. `config` outlives it. Frees nothing on failure. */
        int (*new)(const DdnsBackendConfig *config, DdnsBackend **ret, DdnsMessage *message);

        /* Identifies the running name server ("boot time: …"): when it changes between two calls, the server was started
         * anew and may have lost zones. "" in `*ret` if the kind has nothing like that. Connects if necessary.
         * Negative: the backend as a whole is out of service. NULL: there is no such thing. */
        int (*incarnation)(DdnsBackend *b, DdnsMessage *ret, DdnsMessage *message);

        /* Applies a batch in which each zone stands once. Sets `state` of every task; on return all WRITTEN tasks survive
         * a power cut. 0, or negative if the backend as a whole is out of service (`message` says why): tasks that are
         * PENDING then are not charged with it, WRITTEN and FAILED ones count. With 0 some may be PENDING too, if others
         * took long: they come again in the next batch. Idempotent. */
        int (*apply)(DdnsBackend *b, DdnsTask *tasks, size_t n, DdnsMessage *message);

        /* Ends the save of a zone that became WRITTEN, after the name server was asked. `served`: its file stays. Else what the
         * name server had before stands in its place again, so that a restart of it changes nothing, and what it never had is
         * taken away. Between WRITTEN and this both are kept, also when killed: then the zone is applied again. 0, or negative
         * if the backend as a whole is out of service. NULL: there is nothing to end. */
        int (*settle)(DdnsBackend *b, const char *zone, bool served, DdnsMessage *message);

        /* Looks at everything that deliveries need and leaves no trace: for an operator, before the first push. 0: looked at as
         * far as was possible; negative: what made it end there. */
        int (*check)(DdnsBackend *b, DdnsFindingHandler *found, void *userdata, DdnsMessage *message);

        /* Tells of each save in `tasks` whether what is there is what apply() would leave there: `state` WRITTEN: it is; FAILED: it
         * is not, `message` says how ("no such file", "2 rows missing, 1 not ours"). Writes nothing. What is served is not its matter.
         * 0, or negative if the backend as a whole is out of service: tasks not looked at are PENDING then. NULL: there is nothing
         * to look at. */
        int (*inspect)(DdnsBackend *b, DdnsTask *tasks, size_t n, DdnsMessage *message);

        /* For an operator: the difference of one zone line by line, "+" what should be there and is not, "-" what is there and should
         * not be, in the backend's own form; " " what inspect() says of it beside that. `inspect` and this may be called while another
         * process applies. */
        int (*diff)(DdnsBackend *b, const DdnsTask *task, DdnsLineHandler *line, void *userdata,
                    DdnsMessage *message);

        /* Calls `each` with the name of every zone that is there, ours or not, in any order and letter case. */
        int (*list)(DdnsBackend *b, DdnsNameHandler *each, void *userdata, DdnsMessage *message);

        void (*free)(DdnsBackend *b);

        /* The name servers fetch what was written, in their own time: that they are silent does not end the writing. */
        bool apart;
        bool without_aa;    /* they don't say that they are authoritative */
        bool keeps_deleted; /* they may go on answering for a deleted zone, which no retry will change */
        /* After another incarnation all zones are delivered again: it is another database, which may lack anything. */
        bool rewrite;
} DdnsBackendOps;

extern const DdnsBackendOps ddns_backend_zone_files;
extern const DdnsBackendOps ddns_backend_bind;
extern const DdnsBackendOps ddns_backend_coredns_mysql;
extern const DdnsBackendOps ddns_backend_powerdns_mysql;

const DdnsBackendOps *ddns_backend_ops(DdnsBackendType type);
