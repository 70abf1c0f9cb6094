/* SPDX-License-Identifier: MIT */
/* Zones from elsewhere: an export of another node, or a predecessor's database. As store.h: errors, threads. */
#pragma once

#include "store/store.h"

typedef enum DdnsImportOutcome {
        DDNS_IMPORT_ADDED,
        DDNS_IMPORT_REPLACED, /* what is held was older, or it was forced */
        DDNS_IMPORT_SAME,     /* the content is held; an owner that was not known is known now */
        DDNS_IMPORT_NEWER,    /* kept: what is held was accepted later */
        DDNS_IMPORT_AHEAD,    /* kept: what is held has a higher serial (RFC 1982) */
        DDNS_IMPORT_DELETED,  /* it was deleted here, and stays so */
        _DDNS_IMPORT_OUTCOMES,
} DdnsImportOutcome;

typedef struct DdnsImport {
        const char *zone; /* checked name */
        const char *content;
        size_t size;
        const uint8_t *digest;
        uint32_t serial;
        const char *hostname, *username; /* the owner; NULL: not known */
        const char *master;              /* who made the change; not NULL */
        uint64_t accepted_usec; /* there, the newest push of it; 0: not known, older than anything */

        DdnsImportOutcome outcome;
        uint64_t generation; /* of what is held now, or was deleted; of a dry run: before; 0: none */
        bool is_held;        /* before, and not deleted */
        uint32_t held_serial;
} DdnsImport;

typedef struct DdnsImportRules {
        bool force;    /* replace what is newer here, too, and take over its owner */
        bool undelete; /* bring back what was deleted here */
        bool dry_run;  /* only decide */
} DdnsImportRules;

/* A zone that is held is replaced only by one that was accepted later and whose serial is not behind: clocks of two machines
 * differ, and a zone that was deleted and made anew starts with a low serial, so that neither alone says which one is newer.
 * All in one transaction, durable on return, and never between a decision and what it is about a push; pushes wait meanwhile: some
 * hundreds at a time. On failure none of them happened. */
int ddns_store_import(DdnsStore *s, DdnsImport *items, size_t n, const DdnsImportRules *rules,
                      uint64_t now_usec);
