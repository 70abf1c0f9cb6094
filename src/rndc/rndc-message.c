/* SPDX-License-Identifier: MIT */
/* Encoding, decoding and signing of BIND's control messages. */
#include <endian.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rndc/rndc-message.h"

#define VERSION 1

/* named closes the connection on anything longer. */
#define REQUEST_MAX 32768

/* How long a request is valid: named refuses it afterwards, as a guard against replay. */
#define LIFETIME_SEC 60

enum {
        TYPE_BINARY = 1,
        TYPE_TABLE = 2,
};

/* The digest as it stands in `_auth`: base64 without padding for MD5; else the algorithm, then base64 in 88 octets. */
#define HMD5_SIZE 22
#define HSHA_SIZE 89

typedef struct Proof {
        const char *name;
        uint8_t value[HSHA_SIZE];
        size_t size;
} Proof;

static int make_proof(const DdnsHmacKey *key, const void *data, size_t size, Proof *ret) {
        uint8_t digest[DDNS_HMAC_DIGEST_MAX];
        gnutls_datum_t text = { 0 };

        int n = ddns_hmac_key_sign(key, data, size, digest);
        if (n < 0)
                return n;
        if (gnutls_base64_encode2(&(gnutls_datum_t){ .data = digest, .size = (unsigned) n }, &text) < 0)
                return -ENOMEM;

        *ret = (Proof){ 0 };
        if (key->algorithm == DDNS_HMAC_MD5) {
                ret->name = "hmd5";
                ret->size = HMD5_SIZE;
                memcpy(ret->value, text.data, HMD5_SIZE);
        } else {
                ret->name = "hsha";
                ret->size = HSHA_SIZE;
                ret->value[0] = (uint8_t) key->algorithm;
                memcpy(ret->value + 1, text.data, text.size);
        }
        gnutls_free(text.data);
        return 0;
}

static void put_u32(DdnsBuffer *b, uint32_t value) {
        value = htobe32(value);
        ddns_buffer_append(b, &value, sizeof value);
}

static void put_entry(DdnsBuffer *b, const char *name, int type, const void *value, size_t size) {
        ddns_buffer_append_byte(b, (char) strlen(name));
        ddns_buffer_append_text(b, name);
        ddns_buffer_append_byte(b, (char) type);
        put_u32(b, (uint32_t) size);
        ddns_buffer_append(b, value, size);
}

static void put_text(DdnsBuffer *b, const char *name, const char *value) {
        put_entry(b, name, TYPE_BINARY, value, strlen(value));
}

static void put_number(DdnsBuffer *b, const char *name, uint64_t value) {
        char text[21];

        (void) snprintf(text, sizeof text, "%" PRIu64, value);
        put_text(b, name, text);
}

/* `_ctrl` and `_data`: what is signed. */
static int encode_body(const DdnsRndcRequest *request, DdnsBuffer *ret) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer control = DDNS_BUFFER_NULL, data = DDNS_BUFFER_NULL;

        put_number(&control, "_ser", request->serial);
        put_number(&control, "_tim", request->now_sec);
        put_number(&control, "_exp", request->now_sec + LIFETIME_SEC);
        if (request->nonce)
                put_text(&control, "_nonce", request->nonce);
        put_text(&data, "type", request->command);
        if (ddns_buffer_status(&control) < 0 || ddns_buffer_status(&data) < 0)
                return -ENOMEM;

        put_entry(ret, "_ctrl", TYPE_TABLE, control.data, control.size);
        put_entry(ret, "_data", TYPE_TABLE, data.data, data.size);
        return ddns_buffer_status(ret);
}

int ddns_rndc_message_encode(const DdnsHmacKey *key, const DdnsRndcRequest *request, DdnsBuffer *ret) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer body = DDNS_BUFFER_NULL, head = DDNS_BUFFER_NULL;
        ddns_cleanup(ddns_buffer_done) DdnsBuffer proof_entry = DDNS_BUFFER_NULL;
        Proof proof;

        if (strlen(request->command) > REQUEST_MAX)
                return -E2BIG;
        int r = encode_body(request, &body);
        if (r < 0)
                return r;
        r = make_proof(key, body.data, body.size, &proof);
        if (r < 0)
                return r;

        put_entry(&proof_entry, proof.name, TYPE_BINARY, proof.value, proof.size);
        if (ddns_buffer_status(&proof_entry) < 0)
                return -ENOMEM;
        put_u32(&head, VERSION);
        put_entry(&head, "_auth", TYPE_TABLE, proof_entry.data, proof_entry.size);
        if (ddns_buffer_status(&head) < 0)
                return -ENOMEM;
        if (head.size + body.size > REQUEST_MAX)
                return -E2BIG;

        put_u32(ret, (uint32_t) (head.size + body.size));
        ddns_buffer_append(ret, head.data, head.size);
        ddns_buffer_append(ret, body.data, body.size);
        return ddns_buffer_status(ret);
}

typedef struct Entry {
        DdnsRndcSpan name;
        int type;
        DdnsRndcSpan value;
} Entry;

static uint32_t get_u32(const uint8_t *data) {
        uint32_t value;

        memcpy(&value, data, sizeof value);
        return be32toh(value);
}

/* Takes the first entry off `rest`. False: there is no whole one. */
static bool take_entry(DdnsRndcSpan *rest, Entry *ret) {
        if (rest->size < 1)
                return false;

        size_t name = rest->data[0], head = 1 + name + 1 + 4;
        if (name == 0 || rest->size < head)
                return false;
        size_t size = get_u32(rest->data + 1 + name + 1);
        if (size > rest->size - head)
                return false;

        *ret = (Entry){ .name = { rest->data + 1, name },
                        .type = rest->data[1 + name],
                        .value = { rest->data + head, size } };
        rest->data += head + size;
        rest->size -= head + size;
        return true;
}

static bool has_name(const Entry *e, const char *name) {
        return e->name.size == strlen(name) && memcmp(e->name.data, name, e->name.size) == 0;
}

/* Looks for one entry by name and type in a table that must be well-formed up to its end. Only paths that we know are
 * followed, so nesting needs no limit. False: malformed; not found leaves `ret->data` NULL. */
static bool look_up(DdnsRndcSpan table, const char *name, int type, DdnsRndcSpan *ret) {
        Entry e;

        *ret = (DdnsRndcSpan){ 0 };
        while (table.size > 0) {
                if (!take_entry(&table, &e))
                        return false;
                if (!ret->data && has_name(&e, name) && e.type == type)
                        *ret = e.value;
        }
        return true;
}

static bool get_number(DdnsRndcSpan text, uint32_t *ret) {
        uint64_t n = 0;

        if (!text.data || text.size == 0 || text.size > 10)
                return false;
        for (size_t i = 0; i < text.size; i++) {
                if (text.data[i] < '0' || text.data[i] > '9')
                        return false;
                n = n * 10 + (unsigned) (text.data[i] - '0');
        }
        *ret = (uint32_t) n;
        return n <= UINT32_MAX;
}

static int verify(const DdnsHmacKey *key, DdnsRndcSpan auth, DdnsRndcSpan body) {
        DdnsRndcSpan value;
        Proof proof;

        int r = make_proof(key, body.data, body.size, &proof);
        if (r < 0)
                return r;
        if (!look_up(auth, proof.name, TYPE_BINARY, &value))
                return -EBADMSG;
        if (!value.data || value.size != proof.size ||
            gnutls_memcmp(value.data, proof.value, proof.size) != 0)
                return -EKEYREJECTED;
        return 0;
}

static bool decode_control(DdnsRndcSpan control, DdnsRndcAnswer *ret) {
        DdnsRndcSpan value;

        if (!look_up(control, "_rpl", TYPE_BINARY, &value) || !value.data)
                return false; /* our own request, thrown back */
        if (!look_up(control, "_ser", TYPE_BINARY, &value) || !get_number(value, &ret->serial))
                return false;
        if (!look_up(control, "_nonce", TYPE_BINARY, &value) || value.size > DDNS_RNDC_NONCE_MAX)
                return false;
        if (value.size > 0)
                memcpy(ret->nonce, value.data, value.size);
        return true;
}

int ddns_rndc_message_decode(const DdnsHmacKey *key, const uint8_t *data, size_t size,
                             DdnsRndcAnswer *ret) {
        DdnsRndcAnswer answer = { 0 };
        DdnsRndcSpan control, table, value;
        Entry auth;

        if (size < 4 || size > DDNS_RNDC_MESSAGE_MAX || get_u32(data) != VERSION)
                return -EBADMSG;

        DdnsRndcSpan body = { data + 4, size - 4 };
        if (!take_entry(&body, &auth) || !has_name(&auth, "_auth") || auth.type != TYPE_TABLE)
                return -EBADMSG;
        int r = verify(key, auth.value, body);
        if (r < 0)
                return r;

        if (!look_up(body, "_ctrl", TYPE_TABLE, &control) ||
            !look_up(body, "_data", TYPE_TABLE, &table) || !control.data || !table.data ||
            !decode_control(control, &answer))
                return -EBADMSG;
        if (!look_up(table, "result", TYPE_BINARY, &value) || !get_number(value, &answer.result) ||
            !look_up(table, "text", TYPE_BINARY, &answer.text) ||
            !look_up(table, "err", TYPE_BINARY, &answer.error))
                return -EBADMSG;
        *ret = answer;
        return 0;
}
