/* SPDX-License-Identifier: MIT */
/* A real named of the test's own, on loopback, with its own directory, ports and key. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "basic/address.h"

typedef struct Named {
        char root[64]; /* temporary; zones/ and rndc.key are below it */
        char zones[96];
        char key_file[96];
        unsigned port, control_port;
        DdnsSockaddr address;
        pid_t pid; /* 0: not running */
} Named;

/* False: no named is installed. Asserts on anything else that fails. */
bool named_open(Named *n);
/* `extra` is put at the end of named.conf (may be ""). Returns when it answers. */
void named_start(Named *n, const char *extra);
void named_stop(Named *n, int signal);
void named_close(Named *n);
