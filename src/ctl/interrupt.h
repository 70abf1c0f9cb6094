/* SPDX-License-Identifier: MIT */
/* Ctrl-C and its like while a verb has something to put right before it ends. Internal to src/ctl. */
#pragma once

#include <signal.h>

typedef struct DdnsInterrupt {
        struct sigaction before[3];
} DdnsInterrupt;

/* The signal that came since ddns_interrupt_begin(), or 0. */
extern volatile sig_atomic_t ddns_interrupted;

/* From now on SIGINT, SIGTERM and SIGHUP are only noted; the second of a kind ends the program at once. */
void ddns_interrupt_begin(DdnsInterrupt *i);
/* Signals do what they did before. */
void ddns_interrupt_end(const DdnsInterrupt *i);
