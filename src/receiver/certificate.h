/* SPDX-License-Identifier: MIT */
/* The receiver's certificate and key for TLS, two credentials in PEM. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "basic/cleanup.h"
#include "basic/message.h"
#include "config/config.h"

typedef struct DdnsCertificate {
        char *chain; /* PEM, the server's own first */
        char *key;   /* PEM, without a pass phrase; wiped when released */
        uint64_t expires_usec;
} DdnsCertificate;

typedef enum DdnsCertificateGrade {
        DDNS_CERTIFICATE_GOOD,
        DDNS_CERTIFICATE_ENDS, /* within 14 days */
        DDNS_CERTIFICATE_BAD,  /* within 2 days, or it has ended, or is of no use anyway */
} DdnsCertificateGrade;

#define DDNS_CERTIFICATE_NULL ((DdnsCertificate){ 0 })
void ddns_certificate_done(DdnsCertificate *c);

/* Reads both and holds them against each other. -ENOENT: at least one is not there; -EBADMSG: no certificate, no key, or not
 * of each other; -EKEYEXPIRED: outdated at `now_usec`; or the error of reading. `message` (may be NULL) says what to do. */
int ddns_certificate_load(const DdnsConfig *config, uint64_t now_usec, DdnsCertificate *ret,
                          DdnsMessage *message);

/* How near its end the configured certificate is; unless GOOD `ret` says when that is. */
DdnsCertificateGrade ddns_certificate_grade(const DdnsConfig *config, uint64_t expires_usec,
                                            uint64_t now_usec, DdnsMessage *ret);

/* Whether it is time to say when it ends: unless its grade is GOOD, once a day. With pushes or scrapes a receiver may run for
 * longer than a certificate is good. `*warned_usec`: when that was last; 0: never, as at first. */
bool ddns_certificate_warning(const DdnsConfig *config, const DdnsCertificate *c, uint64_t now_usec,
                              uint64_t *warned_usec, DdnsMessage *ret);

/* Whether neither of the two files is there: nobody wants TLS. */
bool ddns_certificate_is_absent(const DdnsConfig *config);
