/* SPDX-License-Identifier: MIT */
/* Decoding and encoding of forms. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "basic/cleanup.h"
#include "receiver/form.h"

static int hex(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes up to `stop` or '&' into `*to`, NUL-terminated. Returns where it stopped, NULL for a bad escape. */
static const char *decode(const char *p, const char *end, char stop, char **to, size_t *ret_size) {
        char *start = *to;

        for (; p < end && *p != '&' && *p != stop; p++) {
                char c = *p == '+' ? ' ' : *p;

                if (c == '%') {
                        if (end - p < 3 || hex(p[1]) < 0 || hex(p[2]) < 0)
                                return NULL;
                        c = (char) (hex(p[1]) << 4 | hex(p[2]));
                        p += 2;
                }
                *(*to)++ = c;
        }
        *ret_size = (size_t) (*to - start);
        *(*to)++ = '\0';
        return p;
}

static size_t count_fields(const char *data, size_t size) {
        size_t n = 1;

        for (size_t i = 0; i < size; i++)
                n += data[i] == '&';
        return n;
}

int ddns_form_parse(const char *data, size_t size, DdnsForm *ret) {
        ddns_cleanup(ddns_form_done) DdnsForm form = DDNS_FORM_NULL;
        size_t max = count_fields(data, size);

        if (max > DDNS_FORM_FIELDS_MAX)
                return -EBADMSG;
        form.storage = malloc(size + 2 * max + 2); /* a NUL behind each name and value */
        form.fields = calloc(max, sizeof *form.fields);
        if (!form.storage || !form.fields)
                return -ENOMEM;

        char *to = form.storage;
        for (const char *p = data, *end = data + size; p < end; p++) { /* over the '&' */
                DdnsFormField *f = &form.fields[form.n];

                f->name = to;
                p = decode(p, end, '=', &to, &f->name_size);
                if (!p)
                        return -EBADMSG;
                f->value = to;
                p = decode(p < end && *p == '=' ? p + 1 : p, end, '&', &to, &f->size);
                if (!p)
                        return -EBADMSG;
                form.n += f->name_size > 0;
        }

        *ret = form;
        form = DDNS_FORM_NULL;
        return 0;
}

void ddns_form_done(DdnsForm *f) {
        free(f->storage);
        free(f->fields);
        *f = DDNS_FORM_NULL;
}

const DdnsFormField *ddns_form_find(const DdnsForm *f, const char *name) {
        size_t size = strlen(name);

        for (size_t i = 0; i < f->n; i++)
                if (f->fields[i].name_size == size && memcmp(f->fields[i].name, name, size) == 0)
                        return &f->fields[i];
        return NULL;
}

bool ddns_form_looks_like(const char *data, size_t size) {
        size_t i = 0;

        while (i < size && (isalnum((unsigned char) data[i]) || (data[i] && strchr("_-%[].", data[i]))))
                i++;
        return i > 0 && i < size && data[i] == '=';
}

void ddns_form_append(DdnsBuffer *b, const char *key, const char *value) {
        if (b->size > 0)
                ddns_buffer_append_byte(b, '&');
        ddns_buffer_append_text(b, key);
        ddns_buffer_append_byte(b, '=');
        for (const unsigned char *p = (const unsigned char *) value; *p; p++)
                if (isalnum(*p) || strchr("-._~", *p)) /* unreserved in RFC 3986, 2.3 */
                        ddns_buffer_append_byte(b, (char) *p);
                else
                        ddns_buffer_append_format(b, "%%%02X", *p);
}
