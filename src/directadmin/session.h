/* SPDX-License-Identifier: MIT */
/* Requests to a server that may want its own login first. Errors: as in directadmin.h, and -ENOENT: it has no such command. */
#pragma once

#include "directadmin/http.h"

typedef struct DdnsDaSession {
        const DdnsDirectAdmin *server;
        DdnsDaHttp *http;
        bool logged_in;
} DdnsDaSession;

/* An answer of status 200 that is not HTML; it is the handle's until the next request. */
int ddns_da_session_get(DdnsDaSession *s, const char *path, const char *query, DdnsDaAnswer *ret,
                        DdnsMessage *message);
int ddns_da_session_post(DdnsDaSession *s, const char *path, const char *form, DdnsDaAnswer *ret,
                         DdnsMessage *message);
