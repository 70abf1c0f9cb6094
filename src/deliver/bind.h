/* SPDX-License-Identifier: MIT */
/* What the parts of the BIND backend share: backend-bind.c (the flow of a batch), bind-control.c (commands), bind-load.c
 * (making named load a file), bind-include.c (registration by include file), bind-inspect.c (what is there), bind-check.c (before
 * the first push).
 *
 * Functions return 0, or a negative errno if the backend as a whole is out of service, `message` then says why. What
 * concerns one zone goes to its task. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "basic/address.h"
#include "basic/buffer.h"
#include "deliver/backend.h"
#include "deliver/names.h"
#include "deliver/zonedir.h"
#include "rndc/rndc.h"

typedef struct DdnsBindInclude DdnsBindInclude;

/* The zones that the include file had when it was looked at, and which file that was. */
typedef struct DdnsBindListed {
        DdnsNames names; /* sorted */
        ino_t ino;
        off_t size;
        struct timespec changed;
} DdnsBindListed;

struct DdnsBackend {
        const DdnsBackendConfig *config;
        DdnsSockaddr control;
        char *in_view; /* " IN", " IN VIEW" */
        DdnsHmacKey key;
        DdnsRndc *rndc;           /* NULL: not connected */
        DdnsMessage boot_time;    /* of the named at its other end; "": not asked yet */
        DdnsZoneDir *dir;         /* NULL: not opened yet */
        DdnsBindInclude *include; /* NULL: not opened yet, or another kind of registration */
        DdnsBindListed listed;
        bool moved;        /* in this batch, a zone to another file */
        bool reconfigured; /* in this batch, because of a zone that was lost */
};

/* What `zonestatus` says. */
typedef struct DdnsBindStatus {
        bool known;
        bool loaded;
        uint32_t serial;
        time_t loaded_sec; /* "last loaded": the modification time of the file at its load, in seconds */
        bool added;        /* by addzone, so that modzone can change it */
        bool empty;        /* one of named's automatic empty zones */
        char file[256];    /* cut if longer */
} DdnsBindStatus;

/* A task of the batch and what we know about it. */
typedef struct DdnsBindPlan {
        DdnsTask *task;
        bool known;      /* named has the zone, as far as we can tell */
        bool registered; /* by the include file of this very batch: already loading */
        bool same_serial; /* named served this serial before, so that only its load time tells old from new */
        DdnsBindStatus before; /* if same_serial */
        bool asked;            /* to load it */
} DdnsBindPlan;

static inline bool ddns_bind_is_save(const DdnsBindPlan *p) {
        return p->task->state == DDNS_TASK_PENDING && !p->task->delete;
}

static inline bool ddns_bind_is_delete(const DdnsBindPlan *p) {
        return p->task->state == DDNS_TASK_PENDING && p->task->delete;
}

/* ---- bind-control.c ---- */

/* 1: there is a connection that named has not closed; 0: connected anew. */
int ddns_bind_connect(DdnsBackend *b, DdnsMessage *message);
/* Runs one command, connecting if necessary; a kept connection that named has closed meanwhile is made anew once. */
int ddns_bind_command(DdnsBackend *b, DdnsRndcReply *ret, DdnsMessage *message, const char *format, ...)
                __attribute__((format(printf, 4, 5)));
/* A command about one zone, and nothing else. */
int ddns_bind_zone_command(DdnsBackend *b, const char *verb, const char *zone, DdnsRndcReply *ret,
                           DdnsMessage *message);
int ddns_bind_zonestatus(DdnsBackend *b, const char *zone, DdnsBindStatus *ret, DdnsMessage *message);

/* What these are made of, for a checked name; `in_view` as in DdnsBackend, or "". The command's text, and what stands behind "zone" in a
 * configuration. An allocation failure sticks. */
void ddns_bind_append_command(DdnsBuffer *text, const char *verb, const char *zone, const char *in_view);
void ddns_bind_append_zone(DdnsBuffer *text, const DdnsBackendConfig *config, const char *zone,
                           const char *in_view);

/* named loads the zone from another file than ours. */
bool ddns_bind_is_elsewhere(const DdnsBackend *b, const char *zone, const DdnsBindStatus *status);

bool ddns_bind_is_unknown_zone(const DdnsRndcReply *reply);
bool ddns_bind_is_existing_zone(const DdnsRndcReply *reply);
bool ddns_bind_is_closed(const DdnsRndcReply *reply); /* to zones that come at run time */

/* Fails the task because named has the zone by itself, which can be neither changed nor deleted; 0. */
int ddns_bind_not_ours(DdnsTask *task, const DdnsBindStatus *status);
/* Fails the task with named's words in one line; 0. */
int ddns_bind_refused(DdnsTask *task, const char *command, const DdnsRndcReply *reply);

/* ---- bind-load.c ---- */

/* Makes named load the files of all saves and proves it where the serial can't: they become WRITTEN or FAILED. */
int ddns_bind_load(DdnsBackend *b, DdnsBindPlan *plans, size_t n, DdnsMessage *message);

/* ---- bind-check.c: as DdnsBackendOps has it ---- */

int ddns_bind_check(DdnsBackend *b, DdnsFindingHandler *found, void *userdata, DdnsMessage *message);

/* ---- bind-inspect.c: as DdnsBackendOps has them ---- */

int ddns_bind_inspect(DdnsBackend *b, DdnsTask *tasks, size_t n, DdnsMessage *message);
int ddns_bind_diff(DdnsBackend *b, const DdnsTask *task, DdnsLineHandler *line, void *userdata,
                   DdnsMessage *message);
int ddns_bind_list(DdnsBackend *b, DdnsNameHandler *each, void *userdata, DdnsMessage *message);

/* ---- bind-include.c ---- */

/* Reads the include file and the zone directory; also undoes what a run that was killed left half done. */
int ddns_bind_include_open(DdnsBackend *b, DdnsMessage *message);
/* Brings the include file up to date with the batch and has named read it. */
int ddns_bind_include_sync(DdnsBackend *b, DdnsBindPlan *plans, size_t n, DdnsMessage *message);
/* Reads which zones the include file has, if it is another file than at the last look. Changes nothing. */
int ddns_bind_include_look(const DdnsBackendConfig *config, DdnsBindListed *listed,
                           DdnsMessage *message);
/* -ENOENT, and what helps, if the include file is not there. */
int ddns_bind_include_check(const DdnsBackendConfig *config, DdnsMessage *message);
DdnsBindInclude *ddns_bind_include_free(DdnsBindInclude *include);
DDNS_DEFINE_CLEANUP(DdnsBindInclude *, ddns_bind_include_free)
