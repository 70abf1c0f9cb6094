/* SPDX-License-Identifier: MIT */
/* Rows of values, described once and shown three ways: as a table, as one record of "Title: value" lines, or as JSON.
 *
 * Values are added row by row in the order of the columns. Allocation failures stick until the end. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "basic/cleanup.h"
#include "ctl/table.h"

typedef enum DdnsColumnFlags {
        DDNS_COLUMN_PLAIN = 0,
        DDNS_COLUMN_RIGHT = 1 << 0,  /* aligned to the right */
        DDNS_COLUMN_RECORD = 1 << 1, /* in a record only: too much for a table */
        DDNS_COLUMN_JSON = 1 << 2,   /* in JSON only */
        DDNS_COLUMN_AGE = 1 << 3,    /* a time in the past: a table has "2min" instead of "2min ago" */
} DdnsColumnFlags;

typedef struct DdnsColumn {
        const char *key;   /* in JSON; NULL: for people only */
        const char *title; /* for people; a table's header has it in capitals */
        DdnsColumnFlags flags;
} DdnsColumn;

typedef enum DdnsShape {
        DDNS_SHAPE_TABLE,
        DDNS_SHAPE_BARE_TABLE, /* without the header */
        DDNS_SHAPE_RECORD,
        DDNS_SHAPE_JSON,
} DdnsShape;

typedef struct DdnsListing {
        DdnsShape shape;
        const DdnsColumn *columns;
        size_t n_columns;
        size_t next; /* column of the next value */
        size_t n_rows;
        uint64_t now_usec;
        DdnsTable table;
        DdnsTable remarks; /* of one column */
        FILE *stream;      /* NULL: JSON rows are kept in `rows` */
        json_t *rows;
        json_t *row;
        bool failed;
} DdnsListing;

#define DDNS_LISTING_NULL ((DdnsListing){ 0 })

void ddns_listing_init(DdnsListing *l, DdnsShape shape, const DdnsColumn *columns, size_t n_columns,
                       uint64_t now_usec);
void ddns_listing_done(DdnsListing *l);

/* Of JSON only: each row is printed to `f` when it is complete, and then forgotten, so that however many there are take no memory.
 * Before the first value. What ends it is ddns_listing_end_stream(): without it, nobody can take the array for a whole one. */
void ddns_listing_stream(DdnsListing *l, FILE *f);
/* -ENOMEM: not all rows were printed. Output errors stay in the stream. */
int ddns_listing_end_stream(DdnsListing *l);

/* NULL and "" are null in JSON. */
void ddns_listing_text(DdnsListing *l, const char *text, DdnsTone tone);
void ddns_listing_number(DdnsListing *l, uint64_t number, DdnsTone tone);
/* In JSON only. */
void ddns_listing_real(DdnsListing *l, double number);
void ddns_listing_bool(DdnsListing *l, bool value);
/* In JSON two members: KEY in ISO 8601 and KEY_usec. 0: not known, null. */
void ddns_listing_time(DdnsListing *l, uint64_t usec);
/* In JSON the member KEY_usec. 0: not known, null. */
void ddns_listing_duration(DdnsListing *l, uint64_t usec);

/* Adds a line "label: text" below a table, where a long text keeps no column away from the eye. Nothing if there is no text, and in
 * the other shapes, a bare table among them. */
void ddns_listing_remark(DdnsListing *l, const char *label, const char *text, DdnsTone tone);

/* Prints a table with its remarks, or a record. -ENOMEM. */
int ddns_listing_print(const DdnsListing *l, FILE *f, bool color);

/* The rows as an array, or the only row as an object; a new reference, NULL when out of memory. Not with a stream. */
json_t *ddns_listing_take_array(DdnsListing *l);
json_t *ddns_listing_take_object(DdnsListing *l);

/* Sets a member of `*document`, stealing `value`. If that fails, `*document` is released and NULL; a NULL `*document` stays. */
void ddns_json_attach(json_t **document, const char *key, json_t *value);
/* A string, escaped if it is not UTF-8; null for NULL and "". */
json_t *ddns_json_text(const char *text);

static inline void ddns_json_decrefp(json_t **j) {
        json_decref(*j);
}
