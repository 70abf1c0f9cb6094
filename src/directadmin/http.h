/* SPDX-License-Identifier: MIT */
/* HTTP and TLS to exactly one DirectAdmin server: no redirects, proxies, .netrc or other protocols. Errors: as in
 * directadmin.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "basic/buffer.h"
#include "basic/message.h"
#include "directadmin/directadmin.h"

/* Octets of one answer. */
#define DDNS_DA_ANSWER_MAX ((size_t) 16 << 20)

typedef struct DdnsDaHttp DdnsDaHttp;

typedef struct DdnsDaAnswer {
        long status;
        const char *type;     /* Content-Type, or "" */
        const char *location; /* or "" */
        const char *data;     /* with a NUL at data[size] */
        size_t size;
} DdnsDaAnswer;

/* Reads the password and prepares, but sends nothing. `total_usec` begins. `server` must stay. */
int ddns_da_http_open(const DdnsDirectAdmin *server, DdnsDaHttp **ret, DdnsMessage *message);
DdnsDaHttp *ddns_da_http_free(DdnsDaHttp *h);
DDNS_DEFINE_CLEANUP(DdnsDaHttp *, ddns_da_http_free)

/* The answer is the handle's until the next request. Whatever its status is, it is a success here. */
int ddns_da_http_get(DdnsDaHttp *h, const char *path, const char *query, DdnsDaAnswer *ret,
                     DdnsMessage *message);

/* The same with a form, made by ddns_da_http_append_field(). */
int ddns_da_http_post(DdnsDaHttp *h, const char *path, const char *form, DdnsDaAnswer *ret,
                      DdnsMessage *message);
/* Appends "KEY=VALUE" url-encoded, with '&' before it if it is not the first. An allocation failure sticks. The caller has reserved
 * enough that no copy of a secret stays behind, and wipes it: DDNS_DA_FIELD_MAX for each value. */
#define DDNS_DA_FIELD_MAX(value) (3 * strlen(value) + 64)
void ddns_da_http_append_field(DdnsDaHttp *h, DdnsBuffer *form, const char *key, const char *value);

/* POST /CMD_LOGIN. Cookies are kept, and sent with later requests in place of the password. */
int ddns_da_http_login(DdnsDaHttp *h, DdnsDaAnswer *ret, DdnsMessage *message);
bool ddns_da_http_has_cookie(const DdnsDaHttp *h);

/* Whether the password, or another `secret`, is in `text`, as ddns_da_quote() writes it or the beginning that it leaves of it. */
bool ddns_da_http_echoes(const DdnsDaHttp *h, const char *text);
bool ddns_da_echoes(const char *secret, const char *text);
