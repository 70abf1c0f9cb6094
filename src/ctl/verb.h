/* SPDX-License-Identifier: MIT */
/* What every verb of ddnsctl has at hand. Internal to src/ctl. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "ctl/listing.h"
#include "receiver/certificate.h"
#include "store/store.h"
#include "zone/zone.h"

/* Options, by their place in the table in ctl.c. */
enum {
        DDNS_CTL_JSON = 1 << 0,
        DDNS_CTL_NO_LEGEND = 1 << 1,
        DDNS_CTL_BACKEND = 1 << 2,
        DDNS_CTL_DEAD = 1 << 3,
        DDNS_CTL_URGENT = 1 << 4,
        DDNS_CTL_PRINT = 1 << 5,
        DDNS_CTL_DRY_RUN = 1 << 6,
        DDNS_CTL_CONFIRM = 1 << 7,
        DDNS_CTL_TIMEOUT = 1 << 8,
        DDNS_CTL_WARNING = 1 << 9,
        DDNS_CTL_CRITICAL = 1 << 10,
        DDNS_CTL_FORCE = 1 << 11,
        DDNS_CTL_UNDELETE = 1 << 12,
        DDNS_CTL_ADDRESS = 1 << 13,
        DDNS_CTL_PORT = 1 << 14,
        DDNS_CTL_TLS = 1 << 15,
        DDNS_CTL_USER = 1 << 16,
        DDNS_CTL_PASSWORD_FILE = 1 << 17,
        DDNS_CTL_INTERVAL = 1 << 18,
        DDNS_CTL_ITERATIONS = 1 << 19,
        DDNS_CTL_NO_PAGER = 1 << 20,
        DDNS_CTL_SILENT = 1 << 21,
};

#define DDNS_EXIT_TIMEOUT 75 /* EX_TEMPFAIL of sysexits.h */

typedef struct DdnsCtl {
        FILE *in;
        FILE *out;
        FILE *err;
        unsigned options;                           /* those that were given */
        const char *backend;                        /* of --backend */
        uint64_t timeout_usec;                      /* of --timeout, or its default */
        uint64_t warning_usec, critical_usec;       /* likewise */
        uint64_t silent_days;                       /* likewise; 0: masters may be silent */
        const char *address, *user, *password_file; /* of register; NULL: not given */
        uint64_t port;                              /* likewise; 0 */
        uint64_t interval_usec, iterations;         /* of top; 0 iterations: not given */
        const char *config_path;
        bool color;
        bool reader_gone; /* who read `out` closed it, and knows it */
        uint64_t now_usec;
        DdnsConfig config; /* loaded, for a verb that needs it */
        DdnsStore *store;  /* open, for a verb that needs it */
} DdnsCtl;

/* A verb: operands are as many as its row in the table allows. Returns the exit status, after it said why. */
typedef int DdnsVerb(DdnsCtl *c, char *operands[], size_t n);

DdnsVerb ddns_verb_status;
DdnsVerb ddns_verb_zones;
DdnsVerb ddns_verb_show;
DdnsVerb ddns_verb_cat;
DdnsVerb ddns_verb_history;
DdnsVerb ddns_verb_diff;
DdnsVerb ddns_verb_rollback;
DdnsVerb ddns_verb_queue;
DdnsVerb ddns_verb_rejected;
DdnsVerb ddns_verb_masters;
DdnsVerb ddns_verb_top;
DdnsVerb ddns_verb_backends;
DdnsVerb ddns_verb_push;
DdnsVerb ddns_verb_delete;
DdnsVerb ddns_verb_restore;
DdnsVerb ddns_verb_wait;
DdnsVerb ddns_verb_backup;
DdnsVerb ddns_verb_export;
DdnsVerb ddns_verb_import;
DdnsVerb ddns_verb_retry;
DdnsVerb ddns_verb_resync;
DdnsVerb ddns_verb_reconcile;
DdnsVerb ddns_verb_register;
DdnsVerb ddns_verb_verify;
DdnsVerb ddns_verb_check;
DdnsVerb ddns_verb_check_backend;
DdnsVerb ddns_verb_check_zone;
DdnsVerb ddns_verb_check_config;
DdnsVerb ddns_verb_passwd;

/* One line to `err`, escaped. ddns_ctl_fail() returns EXIT_FAILURE. */
void ddns_ctl_say(DdnsCtl *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
int ddns_ctl_fail(DdnsCtl *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for what the store answered. */
int ddns_ctl_store_failed(DdnsCtl *c, int error);
int ddns_ctl_no_memory(DdnsCtl *c);
/* Behind a failure that may be one of whoever looks, and not of ddns. */
void ddns_ctl_hint_root(DdnsCtl *c);

/* Loads the configuration; all its errors go to `err`. EXIT_SUCCESS or DDNS_EXIT_CONFIG. `defaults_do`: without --config, a
 * file that is not there counts as empty. */
int ddns_ctl_load_config(DdnsCtl *c, bool defaults_do);
/* Opens the database, but never makes it: it would have the wrong owner. EXIT_SUCCESS or EXIT_FAILURE. */
int ddns_ctl_open_store(DdnsCtl *c);
/* Closes both. */
void ddns_ctl_release(DdnsCtl *c);

/* Checks a zone name. EXIT_SUCCESS or EXIT_FAILURE. */
int ddns_ctl_parse_zone(DdnsCtl *c, const char *operand, char ret[DDNS_ZONE_NAME_MAX + 1]);
/* Checks a generation, 1 or more. EXIT_SUCCESS or EXIT_FAILURE. */
int ddns_ctl_parse_generation(DdnsCtl *c, const char *operand, uint64_t *ret);
/* Reads FILE, or `in` for "-", up to the receiver's limit. EXIT_SUCCESS or EXIT_FAILURE. */
int ddns_ctl_read_input(DdnsCtl *c, const char *path, DdnsBuffer *ret);

/* Reads and checks the operands ZONE FILE. 0; -EBADMSG: refused, `message` says why; -ENOMEM: said in `message`; -EINVAL: one of
 * them is not usable, which was said already. */
int ddns_ctl_check_zone(DdnsCtl *c, char *operands[], char ret_name[DDNS_ZONE_NAME_MAX + 1],
                        DdnsZone *ret, DdnsMessage *message);

/* NULL if there is no such stanza. */
const DdnsBackendConfig *ddns_ctl_find_backend(const DdnsCtl *c, const char *name);
/* Which of the configured backends a listing of the database had, so that one read tells it. */
typedef struct DdnsCtlSeen {
        bool *backends; /* as many as are configured; NULL: none seen so far */
        bool failed;    /* out of memory */
} DdnsCtlSeen;
void ddns_ctl_mark_seen(const DdnsCtl *c, DdnsCtlSeen *seen, const char *backend);
/* Calls `each` for those that were not seen: ddns-retry has not met them. 0 or -ENOMEM. */
int ddns_ctl_each_unseen(const DdnsCtl *c, const DdnsCtlSeen *seen,
                         void (*each)(const char *backend, void *userdata), void *userdata);

/* Both: configured, and met. EXIT_SUCCESS or EXIT_FAILURE. */
int ddns_ctl_need_backend(DdnsCtl *c, const char *name);
/* Wakes ddns-retry: the change is safe, so one that fails costs only time, and gives a hint. */
void ddns_ctl_wake(DdnsCtl *c);
/* Where a secret lives for somebody who is not the service: a credential's name is looked up beside the configuration, where
 * our units take it from for `program`. The caller's; NULL: out of memory. */
char *ddns_ctl_secret_file(DdnsCtl *c, const char *name, const char *program);
/* Makes a credential's name, if there is one, that file. -ENOMEM. */
int ddns_ctl_resolve_secret(DdnsCtl *c, char **name, const char *program);
/* How good the receiver's certificate is; unless GOOD `message` says what is wrong and what helps. One that is not there is BAD if
 * ddns-tls.socket is on. GOOD also if it is not for our eyes. */
DdnsCertificateGrade ddns_ctl_look_at_certificate(DdnsCtl *c, DdnsMessage *message);
/* All that a backend of the configuration names. -ENOMEM. */
int ddns_ctl_resolve_backend(DdnsCtl *c, DdnsBackendConfig *b);

/* The shape that the options ask for: JSON, else a table. */
DdnsShape ddns_ctl_table_shape(const DdnsCtl *c);
/* Begins a listing of as many rows as there may be: as JSON array it is printed while they come. */
void ddns_ctl_start_listing(DdnsCtl *c, DdnsListing *l, const DdnsColumn *columns, size_t n_columns);
/* Ends it, or prints the table with "12 zones listed." behind it. */
int ddns_ctl_print_listing(DdnsCtl *c, DdnsListing *l, const char *one, const char *many);
/* Prints and releases a JSON document; NULL: out of memory. */
int ddns_ctl_print_json(DdnsCtl *c, json_t *document);

/* The word for a delivery's state: what is delivered is "served" only where a name server was asked. */
const char *ddns_ctl_state_name(const DdnsCtl *c, const char *backend, DdnsDeliveryState state);
DdnsTone ddns_ctl_state_tone(DdnsDeliveryState state);
