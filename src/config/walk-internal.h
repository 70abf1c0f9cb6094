/* SPDX-License-Identifier: MIT */
/* What the walk and the check of its records share. Private to src/config. */
#pragma once

#include "config/settings.h"
#include "config/walk.h"

typedef struct Walk {
        yaml_document_t *document; /* NULL: only the defaults */
        DdnsConfigErrors *errors;
        int status; /* -ENOMEM sticks */
} Walk;

/* The struct that is being filled: the whole configuration, or one entry of a list. */
typedef struct Record {
        const char *prefix; /* of its rows: "", "backends[]." */
        char *base;
        const char *first; /* of the list's entries: UNIQUE looks from there to `base` */
        size_t size;
        const yaml_node_t *node;
        unsigned types; /* bit of the chosen type; all while it isn't known */
        const yaml_node_t *seen[DDNS_SETTINGS_MAX]; /* the value of each row */
} Record;

#define fail_at(walk, node, ...)                                            \
        ddns_config_errors_add((walk)->errors, (node)->start_mark.line + 1, \
                               (node)->start_mark.column + 1, __VA_ARGS__)

/* relations.c: what a record has of keys that need or exclude each other. */
void walk_check_relations(Walk *w, const Record *r);
