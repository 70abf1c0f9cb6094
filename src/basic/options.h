/* SPDX-License-Identifier: MIT */
/* Command lines: one table of options gives getopt_long(3) and --help. Every program has --config, --help and --version. */
#pragma once

#include <stddef.h>

typedef struct DdnsOption {
        char letter; /* 0: only the long form */
        const char *name;
        const char *argument; /* its name in --help; NULL: takes none */
        const char *help;
} DdnsOption;

typedef struct DdnsProgram {
        const char *name;
        const char *synopsis; /* behind the name in "Usage:" */
        const char *summary;  /* one sentence */
        const DdnsOption *options;
        size_t n_options;
        void (*print_more)(void); /* printed behind the options by --help; may be NULL */
} DdnsProgram;

/* Parses `argv`, calling `handle` for each option of the table (its return < 0 ends the parsing as a usage error).
 * `*config` is set by --config, else left. Operands follow from `argv[*ret_first]`; options and
 * operands may mix.
 * 1: go on; 0: --help or --version was served, exit 0; -EINVAL: usage error, printed, exit 2. */
int ddns_options_parse(const DdnsProgram *program, int argc, char *argv[],
                       int (*handle)(const DdnsOption *option, const char *value, void *userdata),
                       void *userdata, const char **config, int *ret_first);
