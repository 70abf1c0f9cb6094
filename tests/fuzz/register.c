/* SPDX-License-Identifier: MIT */
/* What a DirectAdmin server answers while a node is entered in its Multi Server Setup: one answer after the other, with a NUL between
 * them. It ends with an entry that was read back, or with a text that can be shown and has no password in it. */
#include "directadmin/register.c" /* for what goes on behind the session */
#include "fuzz.h"

static const char *answers;
static size_t left;

static int take_answer(DdnsDaAnswer *ret) {
        size_t size = strnlen(answers, left);

        *ret = (DdnsDaAnswer){
                .status = 200, .type = "", .location = "", .data = answers, .size = size
        };
        left -= size;
        answers += size;
        if (left > 0)
                answers++, left--;
        return 0;
}

/* In the place of session.c and http.c. */
int ddns_da_session_get(DdnsDaSession *s, const char *path, const char *query, DdnsDaAnswer *ret,
                        DdnsMessage *message) {
        return take_answer(ret);
}

int ddns_da_session_post(DdnsDaSession *s, const char *path, const char *form, DdnsDaAnswer *ret,
                         DdnsMessage *message) {
        return take_answer(ret);
}

void ddns_da_http_append_field(DdnsDaHttp *h, DdnsBuffer *form, const char *key, const char *value) {
        ddns_buffer_append_format(form, "&%s=%s", key, value);
}

int ddns_da_http_open(const DdnsDirectAdmin *server, DdnsDaHttp **ret, DdnsMessage *message) {
        return 0;
}

DdnsDaHttp *ddns_da_http_free(DdnsDaHttp *h) {
        return NULL;
}

bool ddns_da_http_echoes(const DdnsDaHttp *h, const char *text) {
        return false;
}

bool ddns_da_echoes(const char *secret, const char *text) {
        return strstr(text, secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const DdnsDaPeer peer = {
                .address = "192.0.2.1", .port = 2222, .username = "ddns", .password = "PASSWORD"
        };
        DdnsDaRegistration registration;
        DdnsMessage message = DDNS_MESSAGE_NULL;
        char *copy = malloc(size + 1);

        must(copy);
        memcpy(copy, data, size);
        copy[size] = '\0';
        answers = copy;
        left = size;
        int r = ddns_da_register(NULL, &peer, &registration, &message);
        if (r < 0) {
                must(r == -EBADMSG && message.text[0]);
                must(!strstr(message.text, peer.password));
                for (const char *p = message.text; *p; p++)
                        must((unsigned char) *p >= ' ' && *p != 0x7f);
        } else
                must(memmem(data, size, peer.address, strlen(peer.address)));
        free(copy);
        return 0;
}
