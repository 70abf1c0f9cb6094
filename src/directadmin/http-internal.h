/* SPDX-License-Identifier: MIT */
/* A connection from within. */
#pragma once

#include <curl/curl.h>

#include "directadmin/http.h"

/* Octets of all header lines of an answer. */
#define DDNS_DA_HEADERS_MAX 65536

struct DdnsDaHttp {
        CURL *curl;
        CURLU *url;
        const DdnsDirectAdmin *server;
        char *password;
        DdnsBuffer body;
        size_t headers;      /* octets */
        uint64_t heard_usec; /* when something came last */
        curl_off_t moved;    /* octets, at that time */
        uint64_t deadline;
        int stopped; /* why we broke the transfer off */
        char error[CURL_ERROR_SIZE];
};

/* What a failure of libcurl, or our breaking off, means. */
int ddns_da_http_fail(const DdnsDaHttp *h, CURLcode code, DdnsMessage *message);
