/* SPDX-License-Identifier: MIT */
/* Takes over the inherited sockets, each for what its name says. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "basic/clock.h"
#include "receiver/sockets.h"
#include "report/report.h"

/* Descriptors for all but connections: databases with their files, sockets, the loop. */
#define DESCRIPTORS_OWN 64

/* Plain pushes must not wait because a certificate is bad: without one, TLS alone is refused. */
static int open_tls(DdnsSockets *s, int fd, DdnsHttp **ret, DdnsMessage *message) {
        int r = 0;

        if (!s->certificate.chain && s->refusal.n == 0)
                r = ddns_certificate_load(s->shared->config, ddns_now_usec(), &s->certificate,
                                          &s->refusal.why);
        if (r < 0)
                ddns_report(DDNS_EVENT_CONFIG_BAD, NULL, "%s", s->refusal.why.text);
        s->shared->metrics->certificate_expires_usec = s->certificate.expires_usec;
        if (s->certificate.chain)
                return ddns_http_new(s->shared, fd, DDNS_HTTP_TLS, &s->certificate, ret, message);
        r = ddns_refusal_add(&s->refusal, fd);
        return r < 0 ? ddns_fail(message, r, "too many sockets for TLS") : 0;
}

static int open_socket(DdnsSockets *s, int fd, const char *name) {
        DdnsHttp *http = NULL;
        bool metrics = strcmp(name, "metrics") == 0;
        DdnsMessage message;
        int r;

        if (strcmp(name, "tls") == 0)
                r = open_tls(s, fd, &http, &message);
        else
                r = ddns_http_new(s->shared, fd, metrics ? DDNS_HTTP_METRICS : DDNS_HTTP_PLAIN, NULL,
                                  &http, &message);
        if (r < 0)
                ddns_report(DDNS_EVENT_ERROR, NULL, "%s", message.text);
        else if (http)
                s->http[s->n++] = http;
        s->metrics = s->metrics || metrics;
        return r;
}

static void free_names(char ***names) {
        for (char **name = *names; name && *name; name++)
                free(*name);
        free(*names);
}

/* A connection that is accepted in vain for want of a descriptor is lost; one that is not accepted yet waits in the backlog. So
 * the limits of all sockets together stay below what the process may open. */
static void share_descriptors(DdnsSockets *s, int n_sockets) {
        uint32_t wanted = s->shared->config->receiver.max_connections;
        long descriptors = sysconf(_SC_OPEN_MAX), each;

        s->shared->max_connections = wanted;
        if (descriptors < 0)
                return;
        each = descriptors > DESCRIPTORS_OWN ? (descriptors - DESCRIPTORS_OWN) / n_sockets : 0;
        if (each < 1)
                each = 1;
        if ((unsigned long) each >= wanted)
                return;
        s->shared->max_connections = (unsigned) each;
        ddns_report(DDNS_EVENT_WARNING, NULL,
                    "receiver.max-connections: only %ld of %" PRIu32
                    " for each of %d sockets, as the process "
                    "may have %ld descriptors open: raise LimitNOFILE=",
                    each, wanted, n_sockets, descriptors);
}

int ddns_sockets_open(DdnsSockets *s) {
        ddns_cleanup(free_names) char **names = NULL;
        int n = sd_listen_fds_with_names(true, &names), r = 0;

        if (n < 0) {
                ddns_report(DDNS_EVENT_ERROR, NULL, "the sockets that were passed on: %s", strerror(-n));
                return n;
        }
        if (n == 0 || n > DDNS_SOCKETS_MAX) {
                ddns_report(DDNS_EVENT_NO_SOCKETS, NULL,
                            "%d sockets were passed on, 1 to %d are needed: start ddns.socket or "
                            "ddns-tls.socket",
                            n, DDNS_SOCKETS_MAX);
                return -ENOTCONN;
        }
        share_descriptors(s, n);
        for (int i = 0; i < n && r >= 0; i++)
                r = open_socket(s, SD_LISTEN_FDS_START + i, names[i]);
        return r;
}

void ddns_sockets_warn_of_expiry(DdnsSockets *s) {
        DdnsMessage message;

        if (ddns_certificate_warning(s->shared->config, &s->certificate, ddns_now_usec(),
                                     &s->warned_usec, &message))
                ddns_report(DDNS_EVENT_CERTIFICATE_EXPIRES, NULL, "%s", message.text);
}
