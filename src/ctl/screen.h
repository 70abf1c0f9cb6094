/* SPDX-License-Identifier: MIT */
/* A terminal that shows one page after the other, until somebody ends it. Internal to src/ctl. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <termios.h>

typedef struct DdnsScreen {
        FILE *in, *out;
        bool live; /* it is a terminal: pages replace each other, keys and signals are heard */
        int signals;
        struct termios before;
        FILE *page;
        char *text;
        size_t size;
} DdnsScreen;

/* Whether escape sequences mean something there: a terminal, and $TERM names a kind that is not "dumb". */
bool ddns_screen_obeys(FILE *f);

#define DDNS_SCREEN_NULL ((DdnsScreen){ .signals = -1 })

/* With `live`, and terminals on both sides that obey, takes the screen over: another screen than the shell's, no echo, no cursor.
 * The signals that end or stop a program wait then for ddns_screen_wait(). Without, pages are printed one below the other.
 * -errno. */
int ddns_screen_enter(DdnsScreen *s, FILE *in, FILE *out, bool live);
/* Gives it back as it was. Once is enough, more do no harm. */
void ddns_screen_leave(DdnsScreen *s);

/* Where to print the next page; NULL: out of memory. */
FILE *ddns_screen_begin(DdnsScreen *s);
/* Shows as much of it as the screen has lines and columns for. -ENOMEM; output errors stay in `out`. */
int ddns_screen_end(DdnsScreen *s);

/* Waits that long, or until the next page is due for another reason (a key, a new size). True: it is to end, by q, Ctrl-C, or a
 * signal. */
bool ddns_screen_wait(DdnsScreen *s, uint64_t usec);
