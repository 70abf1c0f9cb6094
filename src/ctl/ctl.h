/* SPDX-License-Identifier: MIT */
/* ddnsctl: the operator's view of zones, queue and backends, as a library so that tests can drive it. */
#pragma once

#include <stdio.h>

typedef struct DdnsCtlStreams {
        FILE *in; /* must have a file descriptor; nothing may have been read from it */
        FILE *out;
        FILE *err;
} DdnsCtlStreams;

/* Runs one command line and returns the exit status: 0 done, 1 failure, 2 usage, 75 timed out, DDNS_EXIT_CONFIG bad configuration.
 * --help, --version and getopt's complaints go to the process' own streams. The caller has SIGPIPE ignored. */
int ddns_ctl_main(int argc, char *argv[], const DdnsCtlStreams *streams);
