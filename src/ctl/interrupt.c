/* SPDX-License-Identifier: MIT */
/* Signals that are noted. */
#include "ctl/interrupt.h"
#include "basic/cleanup.h"

static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

volatile sig_atomic_t ddns_interrupted;

static void note(int number) {
        ddns_interrupted = number;
}

void ddns_interrupt_begin(DdnsInterrupt *i) {
        const struct sigaction action = { .sa_handler = note, .sa_flags = (int) SA_RESETHAND };

        _Static_assert(ARRAY_SIZE(numbers) == ARRAY_SIZE(i->before), "each has its place");
        ddns_interrupted = 0;
        for (size_t k = 0; k < ARRAY_SIZE(numbers); k++) {
                (void) sigaction(numbers[k], NULL, &i->before[k]);
                /* nohup(1) and a shell's background jobs have them ignored. */
                if (i->before[k].sa_handler != SIG_IGN)
                        (void) sigaction(numbers[k], &action, NULL);
        }
}

void ddns_interrupt_end(const DdnsInterrupt *i) {
        for (size_t k = 0; k < ARRAY_SIZE(numbers); k++)
                (void) sigaction(numbers[k], &i->before[k], NULL);
}
