/* SPDX-License-Identifier: MIT */
/* Signing a question, and verifying the messages of its answer. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "basic/clock.h"
#include "dns/tsig.h"

#define FUDGE_SEC    300 /* RFC 8945, 10 */
#define UNSIGNED_MAX 99  /* RFC 8945, 5.3.1 */
#define HEADER_SIZE  12

/* Fields of the record as ldns counts them. */
enum {
        FIELD_ALGORITHM,
        FIELD_TIME,
        FIELD_FUDGE,
        FIELD_MAC,
        FIELD_ID,
        FIELD_ERROR,
        FIELD_OTHER,
        N_FIELDS
};

static const struct {
        DdnsHmacAlgorithm algorithm;
        const char *name;
} algorithms[] = {
        { DDNS_HMAC_MD5, "hmac-md5.sig-alg.reg.int." }, { DDNS_HMAC_SHA1, "hmac-sha1." },
        { DDNS_HMAC_SHA224, "hmac-sha224." },           { DDNS_HMAC_SHA256, "hmac-sha256." },
        { DDNS_HMAC_SHA384, "hmac-sha384." },           { DDNS_HMAC_SHA512, "hmac-sha512." },
};

int dns_tsig_open(DnsTsig *t, const DdnsHmacKey *key, DdnsMessage *message) {
        gnutls_mac_algorithm_t mac = (gnutls_mac_algorithm_t) ddns_hmac_key_mac(key);

        if (ldns_str2rdf_dname(&t->name, key->name) != LDNS_STATUS_OK)
                return ddns_fail(message, -EKEYREJECTED, "the key's name is no domain name");
        ldns_dname2canonical(t->name);
        for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++)
                if (algorithms[i].algorithm == key->algorithm)
                        t->algorithm = ldns_dname_new_frm_str(algorithms[i].name);
        if (!t->algorithm)
                return ddns_fail(message, -ENOMEM, "out of memory");

        if (gnutls_hmac_init(&t->hmac, mac, key->secret, key->size) < 0)
                return ddns_fail(message, -EKEYREJECTED, "the key's algorithm is not allowed here");
        t->mac_size = gnutls_hmac_get_len(mac);
        return 0;
}

/* gnutls_hmac() fails only for a handle that is none. */
static void add(DnsTsig *t, const void *data, size_t size) {
        if (size > 0)
                (void) gnutls_hmac(t->hmac, data, size);
}

static void add_u16(DnsTsig *t, size_t n) {
        uint16_t wire = htons((uint16_t) n);

        add(t, &wire, sizeof wire);
}

/* The MAC of everything so far, which is what the next one begins with. */
static void close_mac(DnsTsig *t, uint8_t ret[DDNS_HMAC_DIGEST_MAX]) {
        gnutls_hmac_output(t->hmac, ret);
        add_u16(t, t->mac_size);
        add(t, ret, t->mac_size);
}

static void append_u16(DdnsBuffer *b, size_t n) {
        uint16_t wire = htons((uint16_t) n);

        ddns_buffer_append(b, &wire, sizeof wire);
}

static void append_name(DdnsBuffer *b, const ldns_rdf *name) {
        ddns_buffer_append(b, ldns_rdf_data(name), ldns_rdf_size(name));
}

/* RFC 8945, 4.3.3; `time` holds the time and the fudge, `tail` the error and the other data. */
static void add_variables(DnsTsig *t, const uint8_t time[8], const void *tail, size_t tail_size) {
        add(t, ldns_rdf_data(t->name), ldns_rdf_size(t->name));
        add_u16(t, LDNS_RR_CLASS_ANY);
        add_u16(t, 0); /* the TTL */
        add_u16(t, 0);
        add(t, ldns_rdf_data(t->algorithm), ldns_rdf_size(t->algorithm));
        add(t, time, 8);
        add(t, tail, tail_size);
}

int dns_tsig_sign(DnsTsig *t, DdnsBuffer *b, size_t start) {
        uint64_t now = ddns_now_usec() / USEC_PER_SEC;
        uint8_t mac[DDNS_HMAC_DIGEST_MAX], time[8];
        char id[2];

        if (ddns_buffer_status(b) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < 6; i++)
                time[i] = (uint8_t) (now >> (40 - 8 * i));
        time[6] = FUDGE_SEC >> 8;
        time[7] = FUDGE_SEC & 0xff;

        add(t, b->data + start, b->size - start);
        add_variables(t, time, "\0\0\0\0", 4);
        close_mac(t, mac);

        memcpy(id, b->data + start, sizeof id);
        b->data[start + HEADER_SIZE - 1]++; /* ARCOUNT, 0 until now */
        append_name(b, t->name);
        append_u16(b, LDNS_RR_TYPE_TSIG);
        append_u16(b, LDNS_RR_CLASS_ANY);
        ddns_buffer_append(b, "\0\0\0\0", 4);
        append_u16(b, ldns_rdf_size(t->algorithm) + sizeof time + 2 + t->mac_size + sizeof id + 4);
        append_name(b, t->algorithm);
        ddns_buffer_append(b, time, sizeof time);
        append_u16(b, t->mac_size);
        ddns_buffer_append(b, mac, t->mac_size);
        ddns_buffer_append(b, id, sizeof id);
        ddns_buffer_append(b, "\0\0\0\0", 4);
        return ddns_buffer_status(b);
}

/* Owner, class, TTL, algorithm and the number of fields are what we know them to be. */
static bool is_ours(const DnsTsig *t, const ldns_rr *rr) {
        return ldns_rr_get_class(rr) == LDNS_RR_CLASS_ANY && ldns_rr_ttl(rr) == 0 &&
               ldns_rr_rd_count(rr) == N_FIELDS && ldns_dname_compare(ldns_rr_owner(rr), t->name) == 0 &&
               ldns_dname_compare(ldns_rr_rdf(rr, FIELD_ALGORITHM), t->algorithm) == 0 &&
               ldns_rdf_size(ldns_rr_rdf(rr, FIELD_TIME)) == 6;
}

static const char *explain(unsigned error) {
        switch (error) {
        case LDNS_RCODE_NOERROR:
                return NULL;
        case 16:
                return "the server finds the signature wrong (BADSIG): the secret is another one";
        case 17:
                return "the server doesn't know the key (BADKEY), or not with this algorithm";
        case 18:
                return "the server's clock and ours are too far apart (BADTIME)";
        default:
                return "the server refuses the signature";
        }
}

static int check_time(const uint8_t time[8], DdnsMessage *message) {
        uint64_t now = ddns_now_usec() / USEC_PER_SEC, then = 0;
        uint64_t fudge = (uint64_t) time[6] << 8 | time[7];

        for (size_t i = 0; i < 6; i++)
                then = then << 8 | time[i];
        if (now > then + fudge || then > now + fudge)
                return ddns_fail(message, -EKEYREJECTED,
                                 "signed %llu s off our clock, %llu s are allowed",
                                 (unsigned long long) (now > then ? now - then : then - now),
                                 (unsigned long long) fudge);
        return 0;
}

static void add_message(DnsTsig *t, const uint8_t *data, const ldns_rr *rr, size_t at) {
        uint8_t header[HEADER_SIZE];
        unsigned count = (unsigned) data[10] << 8 | data[11];

        /* as it was before the record was put to it: with the id that it had then, which a forwarder may have changed */
        memcpy(header, data, sizeof header);
        memcpy(header, ldns_rdf_data(ldns_rr_rdf(rr, FIELD_ID)), 2);
        header[10] = (uint8_t) ((count - 1) >> 8);
        header[11] = (uint8_t) (count - 1);
        add(t, header, sizeof header);
        add(t, data + HEADER_SIZE, at - HEADER_SIZE);
}

static int check_signature(DnsTsig *t, const uint8_t *data, const ldns_rr *rr, size_t at,
                           DdnsMessage *message) {
        const ldns_rdf *mac = ldns_rr_rdf(rr, FIELD_MAC), *other = ldns_rr_rdf(rr, FIELD_OTHER);
        uint8_t wanted[DDNS_HMAC_DIGEST_MAX], time[8];

        memcpy(time, ldns_rdf_data(ldns_rr_rdf(rr, FIELD_TIME)), 6);
        memcpy(time + 6, ldns_rdf_data(ldns_rr_rdf(rr, FIELD_FUDGE)), 2);
        add_message(t, data, rr, at);
        if (t->answered)
                add(t, time, sizeof time); /* 5.3.1: the timers alone */
        else {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer tail = DDNS_BUFFER_NULL;

                append_u16(&tail, 0); /* the error */
                ddns_buffer_append(&tail, ldns_rdf_data(other), ldns_rdf_size(other));
                if (ddns_buffer_status(&tail) < 0)
                        return ddns_fail(message, -ENOMEM, "out of memory");
                add_variables(t, time, tail.data, tail.size);
        }
        close_mac(t, wanted);

        /* The whole MAC: shorter ones are only for who agreed on them (5.2.2.1). */
        if (ldns_rdf_size(mac) != 2 + t->mac_size ||
            gnutls_memcmp(ldns_rdf_data(mac) + 2, wanted, t->mac_size) != 0)
                return ddns_fail(message, -EKEYREJECTED, "a signature is wrong");
        return check_time(time, message);
}

int dns_tsig_check(DnsTsig *t, const uint8_t *data, size_t size, const ldns_rr *rr, size_t at,
                   DdnsMessage *message) {
        if (!rr) {
                add(t, data, size);
                if (!t->answered)
                        return ddns_fail(message, -EKEYREJECTED, "the answer is not signed");
                if (++t->n_unsigned > UNSIGNED_MAX)
                        return ddns_fail(message, -EKEYREJECTED,
                                         "more than %d messages without a signature", UNSIGNED_MAX);
                return 0;
        }
        if (!is_ours(t, rr))
                return ddns_fail(message, -EKEYREJECTED, "signed with another key or algorithm");

        const char *error = explain(ldns_rdf2native_int16(ldns_rr_rdf(rr, FIELD_ERROR)));
        if (error)
                return ddns_fail(message, -EKEYREJECTED, "%s", error);
        int r = check_signature(t, data, rr, at, message);
        if (r < 0)
                return r;
        t->answered = true;
        t->n_unsigned = 0;
        return 0;
}

bool dns_tsig_is_complete(const DnsTsig *t) {
        return t->answered && t->n_unsigned == 0;
}

void dns_tsig_done(DnsTsig *t) {
        if (t->hmac)
                gnutls_hmac_deinit(t->hmac, NULL);
        ldns_rdf_deep_free(t->name);
        ldns_rdf_deep_free(t->algorithm);
        *t = (DnsTsig){ 0 };
}
