/* SPDX-License-Identifier: MIT */
/* A growable byte string. An allocation failure sticks: append as often as you like, check once at the end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "basic/cleanup.h"

typedef struct DdnsBuffer {
        char *data; /* NUL-terminated whenever size > 0; NULL while nothing was appended */
        size_t size;
        size_t allocated;
        bool failed;
} DdnsBuffer;

#define DDNS_BUFFER_NULL ((DdnsBuffer){ 0 })

void ddns_buffer_append(DdnsBuffer *b, const void *data, size_t size);
void ddns_buffer_append_text(DdnsBuffer *b, const char *text);
void ddns_buffer_append_byte(DdnsBuffer *b, char byte);
void ddns_buffer_append_format(DdnsBuffer *b, const char *format, ...)
                __attribute__((format(printf, 2, 3)));
/* Makes room for `size` more bytes; an optimisation only. */
void ddns_buffer_reserve(DdnsBuffer *b, size_t size);
/* Empties the buffer and keeps its memory; clears `failed`. */
void ddns_buffer_reset(DdnsBuffer *b);

/* 0, or -ENOMEM if any append failed. */
int ddns_buffer_status(const DdnsBuffer *b);
/* Hands the text over (never NULL: "" if nothing was appended) and empties `b`. NULL if an append failed. */
char *ddns_buffer_take(DdnsBuffer *b, size_t *ret_size);

void ddns_buffer_done(DdnsBuffer *b);
