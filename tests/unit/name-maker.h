/* SPDX-License-Identifier: MIT */
/* Names as honest masters, careless scripts and intruders send them: good ones of every kind, and almost good ones. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MADE_NAME_MAX 512

typedef struct NameMaker {
        uint64_t state; /* begin with any number: the same one gives the same names */
} NameMaker;

typedef struct MadeName {
        const char *kind;
        size_t size;              /* octets, which may be any, NUL too */
        char text[MADE_NAME_MAX]; /* and a NUL behind them */
} MadeName;

void name_maker_next(NameMaker *m, MadeName *ret);

/* A random number below `n`, from the same source. */
size_t name_maker_below(NameMaker *m, size_t n);
