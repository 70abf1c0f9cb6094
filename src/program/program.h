/* SPDX-License-Identifier: MIT */
/* What the daemons' mains have in common: options, configuration, the journal, exit status. */
#pragma once

#include "basic/options.h"
#include "config/config.h"

/* Parses the command line, loads the configuration and calls `run`. Returns the exit status: 0 done, 1 failure, 2 usage (also
 * if `run` returns -ENOTCONN: started without the sockets it serves),
 * 78 bad configuration (also if `run` returns -ENOENT: something that the configuration names is not there).
 * `check`: for --check, is called in its place; NULL: there is no such option. */
int ddns_program_run(const char *name, const char *summary, int argc, char *argv[],
                     int (*run)(const DdnsConfig *config), int (*check)(const DdnsConfig *config));
