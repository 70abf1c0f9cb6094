/* SPDX-License-Identifier: MIT */
/* The control channel's connection: time-outs, nonce, and serial numbers. */
#include <endian.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "basic/buffer.h"
#include "basic/clock.h"
#include "basic/socket.h"
#include "rndc/rndc-message.h"
#include "rndc/rndc.h"

struct DdnsRndc {
        int fd;
        const DdnsHmacKey *key;
        uint64_t timeout_usec;
        uint32_t serial;
        bool has_nonce;
        char nonce[DDNS_RNDC_NONCE_MAX + 1];
        char *text; /* of the last reply */
        char *error;
        char name[DDNS_ADDRESS_MAX + sizeof "@65535"];
};

static void close_connection(DdnsRndc *c) {
        ddns_closep(&c->fd);
        c->fd = -EBADF;
}

DdnsRndc *ddns_rndc_free(DdnsRndc *c) {
        if (!c)
                return NULL;
        close_connection(c);
        free(c->text);
        free(c->error);
        free(c);
        return NULL;
}

static int fail(const DdnsRndc *c, int error, DdnsMessage *message) {
        double seconds = (double) c->timeout_usec / (double) USEC_PER_SEC;

        switch (error) {
        case -ETIMEDOUT:
                return ddns_fail(message, error, "control channel %s: it did not answer within %g s",
                                 c->name, seconds);
        case -ECONNRESET:
        case -EPIPE:
                return ddns_fail(message, -ECONNRESET,
                                 "control channel %s: named closed the connection%s", c->name,
                                 c->has_nonce ? "" : ": is the key the right one?");
        case -EBADMSG:
                return ddns_fail(message, error, "control channel %s: what came is no control message",
                                 c->name);
        case -EKEYREJECTED:
                return ddns_fail(message, error,
                                 "control channel %s: the answer is signed with another key", c->name);
        case -ECONNREFUSED:
                return ddns_fail(message, error, "control channel %s: connection refused", c->name);
        default:
                return ddns_fail(message, error, "control channel %s: %s", c->name, strerror(-error));
        }
}

static int receive_all(const DdnsRndc *c, void *data, size_t size, uint64_t deadline) {
        for (size_t done = 0; done < size;) {
                ssize_t k = ddns_socket_receive(c->fd, (char *) data + done, size - done, deadline);

                if (k <= 0)
                        return k < 0 ? (int) k : -ECONNRESET;
                done += (size_t) k;
        }
        return 0;
}

static int receive_message(const DdnsRndc *c, uint64_t deadline, uint8_t **ret, size_t *ret_size) {
        uint32_t size;

        int r = receive_all(c, &size, sizeof size, deadline);
        if (r < 0)
                return r;
        size = be32toh(size);
        if (size == 0 || size > DDNS_RNDC_MESSAGE_MAX)
                return -EBADMSG;

        ddns_cleanup(ddns_freep) uint8_t *data = malloc(size);
        if (!data)
                return -ENOMEM;
        r = receive_all(c, data, size, deadline);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(data);
        *ret_size = size;
        return 0;
}

/* Replaces `*text`; a NUL octet ends it, blank space at the end is dropped. */
static int keep_text(char **text, DdnsRndcSpan span) {
        char *copy = span.data ? strndup((const char *) span.data, span.size) : strdup("");

        if (!copy)
                return -ENOMEM;
        for (size_t n = strlen(copy); n > 0 && strchr(" \t\r\n", copy[n - 1]); n--)
                copy[n - 1] = '\0';
        free(*text);
        *text = copy;
        return 0;
}

static int take_reply(DdnsRndc *c, const uint8_t *data, size_t size, uint32_t serial,
                      uint32_t *ret_result) {
        DdnsRndcAnswer answer;

        int r = ddns_rndc_message_decode(c->key, data, size, &answer);
        if (r < 0)
                return r;
        if (answer.serial != serial || (!c->has_nonce && !answer.nonce[0]) ||
            (c->has_nonce && strcmp(answer.nonce, c->nonce) != 0))
                return -EBADMSG; /* the answer to something else */
        if (!c->has_nonce)
                memcpy(c->nonce, answer.nonce, sizeof c->nonce);
        c->has_nonce = true;

        if (keep_text(&c->text, answer.text) < 0 || keep_text(&c->error, answer.error) < 0)
                return -ENOMEM;
        *ret_result = answer.result;
        return 0;
}

static int exchange(DdnsRndc *c, const char *command, uint32_t *ret_result) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer buffer = DDNS_BUFFER_NULL;
        ddns_cleanup(ddns_freep) uint8_t *data = NULL;
        uint64_t deadline = ddns_monotonic_usec() + c->timeout_usec;
        DdnsRndcRequest request = {
                .serial = ++c->serial,
                .now_sec = ddns_now_usec() / USEC_PER_SEC,
                .nonce = c->has_nonce ? c->nonce : NULL,
                .command = command,
        };
        size_t size;

        int r = ddns_rndc_message_encode(c->key, &request, &buffer);
        if (r < 0)
                return r;
        r = ddns_socket_send(c->fd, buffer.data, buffer.size, deadline);
        if (r < 0)
                return r;
        r = receive_message(c, deadline, &data, &size);
        if (r < 0)
                return r;
        return take_reply(c, data, size, request.serial, ret_result);
}

int ddns_rndc_command(DdnsRndc *c, const char *command, DdnsRndcReply *ret, DdnsMessage *message) {
        uint32_t result;

        int r = c->fd < 0 ? -ENOTCONN : exchange(c, command, &result);
        if (r < 0) {
                if (r != -E2BIG)
                        close_connection(c);
                return fail(c, r, message);
        }
        *ret = (DdnsRndcReply){ .result = result, .text = c->text, .error = c->error };
        return 0;
}

int ddns_rndc_connect(const DdnsSockaddr *server, const DdnsHmacKey *key, uint64_t timeout_usec,
                      DdnsRndc **ret, DdnsMessage *message) {
        ddns_cleanup(ddns_rndc_freep) DdnsRndc *c = calloc(1, sizeof *c);
        char address[DDNS_ADDRESS_MAX];
        DdnsRndcReply reply;

        if (!c)
                return -ENOMEM;
        *c = (DdnsRndc){ .fd = -EBADF, .key = key, .timeout_usec = timeout_usec };
        ddns_address_format(&server->sa, address);
        (void) snprintf(c->name, sizeof c->name, "%s@%u", address, be16toh(server->in.sin_port));

        /* named remembers serial numbers for some minutes and refuses one that it saw: start anywhere. */
        if (getrandom(&c->serial, sizeof c->serial, 0) != sizeof c->serial)
                return fail(c, -EIO, message);
        int r = ddns_socket_connect(server, ddns_monotonic_usec() + timeout_usec, &c->fd);
        if (r < 0)
                return fail(c, r, message);
        /* A command is one small write; nothing may wait for more to come. */
        (void) setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
        r = ddns_rndc_command(c, "null", &reply, message);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

bool ddns_rndc_is_alive(const DdnsRndc *c) {
        struct pollfd pfd = { .fd = c->fd, .events = POLLIN };

        /* named never speaks first: readable means closed, or out of step. */
        return c->fd >= 0 && poll(&pfd, 1, 0) == 0;
}
