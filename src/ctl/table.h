/* SPDX-License-Identifier: MIT */
/* Cells in columns that are as wide as their widest cell; nothing is ever cut. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "basic/buffer.h"

typedef enum DdnsTone {
        DDNS_TONE_PLAIN,
        DDNS_TONE_GOOD,
        DDNS_TONE_WARNING,
        DDNS_TONE_BAD,
} DdnsTone;

#define DDNS_TABLE_COLUMNS_MAX 16

typedef struct DdnsTable {
        size_t n_columns;
        bool right[DDNS_TABLE_COLUMNS_MAX]; /* aligned to the right */
        size_t width[DDNS_TABLE_COLUMNS_MAX];
        DdnsBuffer cells; /* row by row; of each its tone, its text and a NUL */
        size_t n_cells;
} DdnsTable;

#define DDNS_TABLE_NULL ((DdnsTable){ 0 })

/* Adds a column; all of them before the first cell. */
void ddns_table_add_column(DdnsTable *t, bool right);
/* Adds the next cell, row by row, escaped; "" and NULL print as "-". An allocation failure sticks. */
void ddns_table_add(DdnsTable *t, const char *text, DdnsTone tone);

/* 0, or -ENOMEM if any cell got lost; then nothing is printed. Output errors stay in `f`. */
int ddns_table_print(const DdnsTable *t, FILE *f, bool color);

void ddns_table_done(DdnsTable *t);
