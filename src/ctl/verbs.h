/* SPDX-License-Identifier: MIT */
/* The tables of verbs and options, which give dispatch, parsing and --help. Internal to src/ctl.
 *
 * A new verb is a row of ddns_verbs, a new option a bit in verb.h and a row of ddns_ctl_options. */
#pragma once

#include "basic/options.h"
#include "ctl/verb.h"

typedef enum DdnsVerbGroup {
        DDNS_VERBS_LOOK,
        DDNS_VERBS_CHANGE,
        DDNS_VERBS_CHECK,
        DDNS_VERBS_TOOLS,
        DDNS_VERBS_GROUPS,
} DdnsVerbGroup;

typedef enum DdnsVerbNeeds {
        DDNS_NEEDS_NOTHING,
        DDNS_NEEDS_CONFIG,
        DDNS_NEEDS_LIMITS, /* the configuration, or its defaults if this machine has none */
        DDNS_NEEDS_STORE,  /* the configuration and the database */
} DdnsVerbNeeds;

typedef struct DdnsVerbRow {
        DdnsVerbGroup group;
        const char *name, *operands; /* both as --help has them */
        size_t min, max;             /* operands */
        DdnsVerbNeeds needs;
        unsigned options; /* DDNS_CTL_ bits that it takes */
        DdnsVerb *run;
        const char *help;
} DdnsVerbRow;

typedef enum DdnsCtlArgument {
        DDNS_ARGUMENT_NONE,
        DDNS_ARGUMENT_TEXT,    /* const char * */
        DDNS_ARGUMENT_NUMBER,  /* uint64_t */
        DDNS_ARGUMENT_SECONDS, /* uint64_t, microseconds */
} DdnsCtlArgument;

typedef struct DdnsCtlOption {
        DdnsOption option;
        DdnsCtlArgument argument;
        uint64_t max; /* of a number or seconds; the least is 0 */
        size_t where; /* in DdnsCtl */
} DdnsCtlOption;

extern const DdnsVerbRow ddns_verbs[];
extern const size_t ddns_n_verbs;

/* In the order of the DDNS_CTL_ bits. */
extern const DdnsCtlOption ddns_ctl_options[];
extern const size_t ddns_n_ctl_options;

/* NULL if there is no such verb. */
const DdnsVerbRow *ddns_verb_find(const char *name);

/* Puts `value` where option `i` wants it and sets its bit. 0, or -EINVAL after it said why. */
int ddns_ctl_set_option(DdnsCtl *c, size_t i, const char *value);

/* Prints the verbs by group to standard output, for --help. */
void ddns_verbs_print(void);
