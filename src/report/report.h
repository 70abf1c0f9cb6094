/* SPDX-License-Identifier: MIT */
/* What programs say: one line an event to the journal with fields and a MESSAGE_ID, or to standard error where no journal
 * listens, and their state to the service manager. Only programs' own code calls this; library code returns errors. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Every kind of event. The table in report.c gives its level and, for those that an operator acts on, the MESSAGE_ID
 * that units/ddns.catalog explains. */
typedef enum DdnsEvent {
        DDNS_EVENT_DEBUG,
        DDNS_EVENT_INFO,
        DDNS_EVENT_NOTICE,
        DDNS_EVENT_WARNING,
        DDNS_EVENT_ERROR,
        DDNS_EVENT_STARTED,
        DDNS_EVENT_STOPPED,
        DDNS_EVENT_CONFIG_BAD,
        DDNS_EVENT_STORE_FAILED, /* a push could not be kept: answered 503 */
        DDNS_EVENT_PUSH_ACCEPTED,
        DDNS_EVENT_PUSH_REFUSED, /* zone check, or a request that is not understood */
        DDNS_EVENT_DELETE_ACCEPTED,
        DDNS_EVENT_DELETE_CONFLICT, /* not by the owner: zone kept */
        DDNS_EVENT_RECORDS_DROPPED, /* owners outside the zone */
        DDNS_EVENT_LOGIN_FAILED,
        DDNS_EVENT_NOT_SUPPORTED, /* "User Check", "E-Mail" */
        DDNS_EVENT_DELIVERED,
        DDNS_EVENT_DELIVERY_DEFERRED,
        DDNS_EVENT_DELIVERY_DEAD,
        DDNS_EVENT_BACKEND_DOWN,
        DDNS_EVENT_BACKEND_UP,
        DDNS_EVENT_BACKEND_RESTARTED, /* the name server was started anew: its zones are compared */
        DDNS_EVENT_ZONE_LOST,         /* it lacks a zone that was delivered: delivered again */
        DDNS_EVENT_DELIVERY_WARNING,  /* what of a zone a backend does not serve */
        DDNS_EVENT_NAMESERVER_SILENT, /* one that reads a database: writing goes on */
        DDNS_EVENT_PASS_ENDED,        /* of ddns-reconcile, with what came of it */
        DDNS_EVENT_ORPHAN_DELETED,
        DDNS_EVENT_ORPHAN_WAITS, /* its owner lacks it for the first time, or nothing may be done about it */
        DDNS_EVENT_BRAKED,       /* a master's orphans are held back */
        DDNS_EVENT_OWNER_CHANGED, /* found out, or another master has it now */
        DDNS_EVENT_MASTER_FAILED, /* it gave no listing: its zones are left alone */
        DDNS_EVENT_ZONE_FETCHED,  /* a push was missed */
        DDNS_EVENT_FETCH_FAILED,
        DDNS_EVENT_ZONE_LACKED,   /* a master lists it, and it can't be fetched */
        DDNS_EVENT_ZONE_DIFFERS,  /* on a backend, from what it should have: delivered again */
        DDNS_EVENT_ZONES_FOREIGN, /* a backend has zones that are not ours */
        DDNS_EVENT_CERTIFICATE_EXPIRES,
        DDNS_EVENT_BACKEND_FORGOTTEN, /* it is not in the configuration any more */
        DDNS_EVENT_NO_SOCKETS,        /* the receiver was started without, or with too many */
        DDNS_EVENT_OWNER_UNCLEAR,     /* of a zone that a pass therefore leaves alone */
        _DDNS_EVENT_MAX,
} DdnsEvent;

/* Journal fields; NULL and 0 are left out. */
typedef struct DdnsReportFields {
        const char *zone;     /* DDNS_ZONE */
        const char *backend;  /* DDNS_BACKEND */
        const char *master;   /* DDNS_MASTER */
        const char *client;   /* DDNS_CLIENT */
        const char *hostname; /* DDNS_HOSTNAME: what the master calls itself */
        uint64_t generation;  /* DDNS_GENERATION */
        uint32_t serial;      /* DDNS_SERIAL, if has_serial */
        bool has_serial;
        const char *const *
                        more; /* NULL, or "NAME=value" each, NULL behind the last; the first 20 are sent */
} DdnsReportFields;

/* Chooses the journal if standard error goes there, else standard error itself. `program` prefixes lines there and is the
 * SYSLOG_IDENTIFIER. `debug`: also events of level debug. Call once, before threads start. */
void ddns_report_open(const char *program, bool debug);

/* Instead, for a program that talks to a person: to the journal if there is one, and never to standard error. */
void ddns_report_open_journal(const char *program);

/* `fields` may be NULL. Control characters in the text are printed as '?'. Thread-safe; errno is kept. */
void ddns_report(DdnsEvent event, const DdnsReportFields *fields, const char *format, ...)
                __attribute__((format(printf, 3, 4)));
