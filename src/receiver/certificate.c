/* SPDX-License-Identifier: MIT */
/* Reads and checks the certificate by GnuTLS, before the HTTP library gets it and would only say no. */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/file.h"
#include "receiver/certificate.h"

#define PEM_MAX      (1024 * 1024)
#define CREDENTIALS  "/etc/ddns/credentials/receiver/"
#define WARNING_DAYS 14
#define BAD_DAYS     2

static void wipe(char *text) {
        if (text)
                explicit_bzero(text, strlen(text));
        free(text);
}

void ddns_certificate_done(DdnsCertificate *c) {
        free(c->chain);
        wipe(c->key);
        *c = DDNS_CERTIFICATE_NULL;
}

static int read_file(const char *name, char **ret, DdnsMessage *message) {
        ddns_cleanup(ddns_freep) char *path = NULL;
        int r = ddns_secret_path(name, &path, message);

        return r < 0 ? r : ddns_file_read(path, PEM_MAX, ret, NULL, message);
}

/* -EBADMSG unless the key is the one of the first certificate. */
static int match(gnutls_certificate_credentials_t pair, const DdnsCertificate *c, DdnsMessage *message) {
        const gnutls_datum_t chain = { (unsigned char *) c->chain, (unsigned) strlen(c->chain) };
        const gnutls_datum_t key = { (unsigned char *) c->key, (unsigned) strlen(c->key) };
        int rc = gnutls_certificate_set_x509_key_mem(pair, &chain, &key, GNUTLS_X509_FMT_PEM);

        return rc < 0 ? ddns_fail(message, -EBADMSG, "%s", gnutls_strerror(rc)) : 0;
}

static int end_of_first(gnutls_certificate_credentials_t pair, uint64_t *ret) {
        gnutls_x509_crt_t *list;
        unsigned n;

        if (gnutls_certificate_get_x509_crt(pair, 0, &list, &n) < 0)
                return -ENOMEM;
        time_t end = n > 0 ? gnutls_x509_crt_get_expiration_time(list[0]) : -1;
        for (unsigned i = 0; i < n; i++)
                gnutls_x509_crt_deinit(list[i]);
        gnutls_free(list);
        if (end == (time_t) -1)
                return -EBADMSG;
        *ret = (uint64_t) end * USEC_PER_SEC;
        return 0;
}

static int check(DdnsCertificate *c, uint64_t now_usec, DdnsMessage *message) {
        gnutls_certificate_credentials_t pair;
        int r;

        if (gnutls_certificate_allocate_credentials(&pair) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");
        r = match(pair, c, message);
        if (r >= 0) {
                r = end_of_first(pair, &c->expires_usec);
                if (r < 0)
                        (void) ddns_fail(message, r, "it has no time of expiry");
        }
        gnutls_certificate_free_credentials(pair);
        if (r >= 0 && c->expires_usec <= now_usec)
                r = ddns_fail(message, -EKEYEXPIRED, "it has expired");
        return r;
}

int ddns_certificate_load(const DdnsConfig *config, uint64_t now_usec, DdnsCertificate *ret,
                          DdnsMessage *message) {
        ddns_cleanup(ddns_certificate_done) DdnsCertificate c = DDNS_CERTIFICATE_NULL;
        const char *chain = config->receiver.tls.certificate, *key = config->receiver.tls.key;
        DdnsMessage why = DDNS_MESSAGE_NULL;
        int r;

        r = read_file(chain, &c.chain, &why);
        if (r >= 0)
                r = read_file(key, &c.key, &why);
        if (r >= 0)
                r = check(&c, now_usec, &why);
        if (r < 0)
                return ddns_fail(
                                message, r,
                                "no TLS with certificate %s and key %s: %.200s; put the chain into %s%s and its "
                                "key into %s%s, then: systemctl reload ddns",
                                chain, key, why.text, chain[0] == '/' ? "" : CREDENTIALS, chain,
                                key[0] == '/' ? "" : CREDENTIALS, key);
        *ret = c;
        c = DDNS_CERTIFICATE_NULL;
        return 0;
}

DdnsCertificateGrade ddns_certificate_grade(const DdnsConfig *config, uint64_t expires_usec,
                                            uint64_t now_usec, DdnsMessage *ret) {
        const time_t end = (time_t) (expires_usec / USEC_PER_SEC);
        char date[sizeof "2038-01-19 03:14:07 UTC+"];
        struct tm tm;

        if (expires_usec > now_usec + WARNING_DAYS * USEC_PER_DAY)
                return DDNS_CERTIFICATE_GOOD;
        if (!gmtime_r(&end, &tm) || strftime(date, sizeof date, "%F %T UTC", &tm) == 0)
                date[0] = '\0';
        if (expires_usec > now_usec)
                (void) ddns_fail(ret, 0,
                                 "the TLS certificate %s expires on %s, in %" PRIu64 " days: renew it",
                                 config->receiver.tls.certificate, date,
                                 (expires_usec - now_usec) / USEC_PER_DAY);
        else
                (void) ddns_fail(ret, 0, "the TLS certificate %s has expired on %s: renew it",
                                 config->receiver.tls.certificate, date);
        return expires_usec > now_usec + BAD_DAYS * USEC_PER_DAY ? DDNS_CERTIFICATE_ENDS
                                                                 : DDNS_CERTIFICATE_BAD;
}

bool ddns_certificate_warning(const DdnsConfig *config, const DdnsCertificate *c, uint64_t now_usec,
                              uint64_t *warned_usec, DdnsMessage *ret) {
        /* A clock that was put back is a reason to say it again, too. */
        if (!c->chain || (*warned_usec > 0 && now_usec - *warned_usec < USEC_PER_DAY) ||
            ddns_certificate_grade(config, c->expires_usec, now_usec, ret) == DDNS_CERTIFICATE_GOOD)
                return false;
        *warned_usec = now_usec;
        return true;
}

static bool is_absent(const char *name) {
        ddns_cleanup(ddns_freep) char *path = NULL;

        return ddns_secret_path(name, &path, NULL) < 0 || (access(path, F_OK) < 0 && errno == ENOENT);
}

bool ddns_certificate_is_absent(const DdnsConfig *config) {
        return is_absent(config->receiver.tls.certificate) && is_absent(config->receiver.tls.key);
}
