/* SPDX-License-Identifier: MIT */
/* The listening sockets that the service manager passed on: served, or refused for want of a certificate. All of it belongs to
 * the event loop's thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "receiver/http.h"
#include "receiver/refusal.h"

#define DDNS_SOCKETS_MAX 8

typedef struct DdnsSockets {
        DdnsHttpShared *shared; /* set by the caller; config, credentials, metrics and guesses are there */
        DdnsHttp *http[DDNS_SOCKETS_MAX]; /* the caller frees them */
        int n;
        bool metrics; /* one of them is for scrapes */
        DdnsRefusal refusal;
        DdnsCertificate certificate; /* the caller releases it after `http` */
        uint64_t warned_usec;        /* of its end; 0: not yet */
} DdnsSockets;

/* Opens all of them. A certificate that is of no use costs TLS alone. Negative errno, reported: what is open stays in `http`. */
int ddns_sockets_open(DdnsSockets *s);

/* Reports when the certificate ends, if it is time to. */
void ddns_sockets_warn_of_expiry(DdnsSockets *s);
