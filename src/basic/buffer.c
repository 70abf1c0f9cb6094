/* SPDX-License-Identifier: MIT */
/* Growable byte string with a sticky failure. */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "basic/buffer.h"

void ddns_buffer_reserve(DdnsBuffer *b, size_t size) {
        if (b->failed)
                return;
        if (size >= SIZE_MAX / 2 - b->size) {
                b->failed = true;
                return;
        }

        size_t need = b->size + size + 1;
        if (need <= b->allocated)
                return;
        if (need < b->allocated * 2)
                need = b->allocated * 2;
        if (need < 64)
                need = 64;

        char *data = realloc(b->data, need);
        if (!data) {
                b->failed = true;
                return;
        }
        b->data = data;
        b->allocated = need;
}

void ddns_buffer_append(DdnsBuffer *b, const void *data, size_t size) {
        ddns_buffer_reserve(b, size);
        if (b->failed)
                return;
        if (size > 0)
                memcpy(b->data + b->size, data, size);
        b->size += size;
        b->data[b->size] = '\0';
}

void ddns_buffer_append_text(DdnsBuffer *b, const char *text) {
        ddns_buffer_append(b, text, strlen(text));
}

void ddns_buffer_append_byte(DdnsBuffer *b, char byte) {
        ddns_buffer_append(b, &byte, 1);
}

void ddns_buffer_append_format(DdnsBuffer *b, const char *format, ...) {
        va_list ap;
        int n;

        while (!b->failed) {
                size_t room = b->allocated - b->size;

                va_start(ap, format);
                n = vsnprintf(b->data ? b->data + b->size : NULL, room, format, ap);
                va_end(ap);
                if (n >= 0 && (size_t) n < room) {
                        b->size += (size_t) n;
                        return;
                }
                if (n < 0)
                        b->failed = true;
                else
                        ddns_buffer_reserve(b, (size_t) n);
        }
}

void ddns_buffer_reset(DdnsBuffer *b) {
        b->size = 0;
        b->failed = false;
        if (b->data)
                b->data[0] = '\0';
}

int ddns_buffer_status(const DdnsBuffer *b) {
        return b->failed ? -ENOMEM : 0;
}

char *ddns_buffer_take(DdnsBuffer *b, size_t *ret_size) {
        ddns_buffer_append(b, "", 0);
        if (b->failed)
                return NULL;

        char *data = TAKE_PTR(b->data);
        if (ret_size)
                *ret_size = b->size;
        *b = DDNS_BUFFER_NULL;
        return data;
}

void ddns_buffer_done(DdnsBuffer *b) {
        free(b->data);
        *b = DDNS_BUFFER_NULL;
}
