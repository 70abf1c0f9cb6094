/* SPDX-License-Identifier: MIT */
/* What failures of libcurl mean to somebody who has to do something about them. */
#include <errno.h>
#include <string.h>

#include "basic/clock.h"
#include "directadmin/http-internal.h"
#include "directadmin/listing.h"

static int fail_connect(const DdnsDaHttp *h, DdnsMessage *message) {
        long error = 0;

        (void) curl_easy_getinfo(h->curl, CURLINFO_OS_ERRNO, &error);
        if (error <= 0)
                error = ECONNREFUSED;
        errno = (int) error;
        /* EACCES is kept for what the server refuses; this was a rule of the local machine */
        return ddns_fail(message, error == EACCES ? -EPERM : -errno, "can't connect: %m");
}

static int fail_late(const DdnsDaHttp *h, DdnsMessage *message) {
        /* libcurl's clock has milliseconds, and may be a little early */
        if (ddns_monotonic_usec() + USEC_PER_SEC / 10 >= h->deadline)
                return ddns_fail(message, -ETIMEDOUT, "the answer takes longer than %.1f s",
                                 (double) h->server->total_usec / USEC_PER_SEC);
        return ddns_fail(message, -ETIMEDOUT, "nothing comes for %.1f s",
                         (double) h->server->timeout_usec / USEC_PER_SEC);
}

static int fail_stopped(const DdnsDaHttp *h, DdnsMessage *message) {
        switch (h->stopped) {
        case -ETIMEDOUT:
                return fail_late(h, message);
        case -ENOMEM:
                return ddns_fail(message, -ENOMEM, "out of memory");
        case -ECANCELED:
                return ddns_fail(message, -ECANCELED, "the request was stopped");
        default:
                return ddns_fail(message, -EFBIG,
                                 "the answer is longer than %zu MiB, or its header than %d KiB",
                                 DDNS_DA_ANSWER_MAX >> 20, DDNS_DA_HEADERS_MAX >> 10);
        }
}

int ddns_da_http_fail(const DdnsDaHttp *h, CURLcode code, DdnsMessage *message) {
        static const struct {
                CURLcode code;
                int error;
                const char *what;
        } failures[] = {
                { CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH, "the name of its URL is unknown" },
                { CURLE_FILESIZE_EXCEEDED, -EFBIG, "the answer is too long" },
                { CURLE_PEER_FAILED_VERIFICATION, -EKEYREJECTED, "its certificate is not trusted" },
                { CURLE_SSL_PINNEDPUBKEYNOTMATCH, -EKEYREJECTED,
                  "its public key is not the pinned one" },
                { CURLE_SSL_ISSUER_ERROR, -EKEYREJECTED, "its certificate is not trusted" },
                { CURLE_SSL_CACERT_BADFILE, -EINVAL, "the file of authorities can't be used" },
                { CURLE_SSL_CONNECT_ERROR, -EPROTO, "no TLS with it" },
                { CURLE_GOT_NOTHING, -ECONNRESET, "it closed the connection without an answer" },
                { CURLE_PARTIAL_FILE, -ECONNRESET, "the answer is cut off" },
                { CURLE_RECV_ERROR, -ECONNRESET, "the answer is cut off" },
                { CURLE_SEND_ERROR, -ECONNRESET, "it closed the connection" },
                { CURLE_OUT_OF_MEMORY, -ENOMEM, "out of memory" },
        };

        if (h->stopped < 0)
                return fail_stopped(h, message);
        if (code == CURLE_OPERATION_TIMEDOUT)
                return fail_late(h, message);
        if (code == CURLE_COULDNT_CONNECT)
                return fail_connect(h, message);

        /* libcurl's text may have names out of a certificate */
        char why[DDNS_DA_QUOTE_MAX];
        const char *text = h->error[0] ? h->error : curl_easy_strerror(code);
        for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
                if (failures[i].code == code)
                        return ddns_fail(message, failures[i].error, "%s (%s)", failures[i].what,
                                         ddns_da_quote(text, strlen(text), why));
        return ddns_fail(message, -EBADMSG, "it does not speak HTTP as expected (%s)",
                         curl_easy_strerror(code));
}
