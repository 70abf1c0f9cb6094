/* SPDX-License-Identifier: MIT */
/* application/x-www-form-urlencoded, in query strings, request bodies and our answers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "basic/buffer.h"

/* More fields than any request of DirectAdmin has. */
#define DDNS_FORM_FIELDS_MAX 4096

typedef struct DdnsFormField {
        const char *name; /* NUL-terminated; may hold NULs of its own, so trust the sizes */
        size_t name_size;
        const char *value;
        size_t size;
} DdnsFormField;

typedef struct DdnsForm {
        char *storage;
        DdnsFormField *fields;
        size_t n;
} DdnsForm;

#define DDNS_FORM_NULL ((DdnsForm){ 0 })

/* Decodes `key=value&…`; a key without '=' has an empty value. -EBADMSG: a '%' without two hex digits, or too many fields;
 * -ENOMEM. */
int ddns_form_parse(const char *data, size_t size, DdnsForm *ret);
void ddns_form_done(DdnsForm *f);

/* The first field of that name, or NULL. */
const DdnsFormField *ddns_form_find(const DdnsForm *f, const char *name);

/* Starts like `key=`: DirectAdmin sends forms without a Content-Type, and some send others with a wrong one. */
bool ddns_form_looks_like(const char *data, size_t size);

/* Appends `&key=value` (without the '&' if `b` is empty), the value encoded so that it survives readers that do and that
 * don't know '+'. */
void ddns_form_append(DdnsBuffer *b, const char *key, const char *value);
