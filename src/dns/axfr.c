/* SPDX-License-Identifier: MIT */
/* A zone transfer: the question, the messages of the answer, and the records in them from SOA to SOA. */
#include <arpa/inet.h>
#include <errno.h>
#include <ldns/ldns.h>
#include <string.h>
#include <sys/random.h>

#include "basic/cleanup.h"
#include "dns/axfr-text.h"
#include "dns/axfr.h"
#include "dns/stream.h"
#include "dns/tsig.h"
#include "zone/text.h"

#define HEADER_SIZE 12
#define SOA_FIELDS  7

typedef struct Transfer {
        ldns_rdf *zone;
        size_t max_size; /* of `text`, with what was in it */
        DnsStream stream;
        DnsTsig tsig;
        bool is_signed; /* there is a key */
        uint16_t id;
        ldns_rr *soa; /* the first record, in canonical form; NULL: it has yet to come */
        size_t n_records;
        bool ended; /* the SOA came again */
        DdnsBuffer *text;
        DdnsMessage *message;
} Transfer;

/* A message of the answer; `at` is where reading goes on. */
typedef struct Answer {
        const uint8_t *data;
        size_t size, at;
        unsigned n_questions, n_answers, n_authorities, n_additionals;
        size_t tsig_at; /* 0: there is none */
        bool is_first;
} Answer;

static inline void rr_freep(ldns_rr **rr) {
        ldns_rr_free(*rr);
}

static inline void rdf_freep(ldns_rdf **rdf) {
        ldns_rdf_deep_free(*rdf);
}

static void transfer_done(Transfer *t) {
        ldns_rdf_deep_free(t->zone);
        ldns_rr_free(t->soa);
        dns_stream_done(&t->stream);
        dns_tsig_done(&t->tsig);
}

static unsigned read_u16(const uint8_t *p) {
        return (unsigned) p[0] << 8 | p[1];
}

static int ask(Transfer *t) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

        if (getrandom(&t->id, sizeof t->id, 0) != sizeof t->id)
                return ddns_fail(t->message, -EIO, "no random numbers");
        ddns_buffer_append(&b, "\0\0", 2); /* the length, known in the end */
        ddns_buffer_append(&b, &t->id, sizeof t->id);
        ddns_buffer_append(&b, "\0\0\0\1\0\0\0\0\0\0", 10);
        ddns_buffer_append(&b, ldns_rdf_data(t->zone), ldns_rdf_size(t->zone));
        ddns_buffer_append(&b, (uint8_t[]){ 0, LDNS_RR_TYPE_AXFR, 0, LDNS_RR_CLASS_IN }, 4);
        int r = t->is_signed ? dns_tsig_sign(&t->tsig, &b, 2) : ddns_buffer_status(&b);
        if (r < 0)
                return ddns_fail(t->message, r, "out of memory");
        b.data[0] = (char) ((b.size - 2) >> 8);
        b.data[1] = (char) (b.size - 2);

        r = dns_stream_send(&t->stream, b.data, b.size);
        if (r == -ETIMEDOUT)
                return ddns_fail(t->message, r, "the question could not be sent in time");
        return r < 0 ? ddns_fail(t->message, -EBADMSG, "the connection ended: %s", strerror(-r)) : 0;
}

/* Where the octets behind a name begin; 0: there are none. */
static size_t skip_name(const Answer *a, size_t at) {
        while (at < a->size) {
                unsigned length = a->data[at];

                if (length >= 0xc0)
                        return at + 2;
                if (length > LDNS_MAX_LABELLEN)
                        return 0;
                at += 1 + length;
                if (length == 0)
                        return at;
        }
        return 0;
}

/* The end of the record or question that begins at `at`; 0: it has none within the message. */
static size_t skip_record(const Answer *a, size_t at, bool is_question, unsigned *ret_type) {
        size_t fixed = is_question ? 4 : 10;

        at = skip_name(a, at);
        if (at == 0 || at + fixed > a->size)
                return 0;
        *ret_type = read_u16(a->data + at);
        at += fixed + (is_question ? 0 : read_u16(a->data + at + 8));
        return at <= a->size ? at : 0;
}

/* Goes once over all of it: what it counts is there, nothing else is, and a TSIG record is the last. */
static int survey(Transfer *t, Answer *a) {
        size_t at = HEADER_SIZE, n = a->n_questions + a->n_answers + a->n_authorities + a->n_additionals;
        unsigned type;

        for (size_t i = 0; i < n; i++) {
                size_t end = skip_record(a, at, i < a->n_questions, &type);

                if (end == 0)
                        return ddns_fail(t->message, -EBADMSG, "a message is cut off or garbled");
                if (a->tsig_at > 0)
                        return ddns_fail(t->message, -EBADMSG, "a record behind the signature");
                if (type == LDNS_RR_TYPE_TSIG && i >= n - a->n_additionals)
                        a->tsig_at = at;
                at = end;
        }
        return at == a->size ? 0 : ddns_fail(t->message, -EBADMSG, "octets behind the last record");
}

static int read_header(Transfer *t, Answer *a) {
        const uint8_t *p = a->data;

        if (a->size < HEADER_SIZE)
                return ddns_fail(t->message, -EBADMSG, "a message of %zu octets", a->size);
        if (memcmp(p, &t->id, sizeof t->id) != 0)
                return ddns_fail(t->message, -EBADMSG, "a message with another id");
        if (!LDNS_QR_WIRE(p) || LDNS_OPCODE_WIRE(p) != LDNS_PACKET_QUERY)
                return ddns_fail(t->message, -EBADMSG, "a message that is no answer");
        a->n_questions = read_u16(p + 4);
        a->n_answers = read_u16(p + 6);
        a->n_authorities = read_u16(p + 8);
        a->n_additionals = read_u16(p + 10);
        a->at = HEADER_SIZE;
        return survey(t, a);
}

/* Reads the record at `at` and moves it behind it. */
static int read_record(Transfer *t, const Answer *a, size_t *at, ldns_pkt_section section,
                       ldns_rr **ret) {
        ldns_rr *rr = NULL;
        unsigned type;
        size_t end = skip_record(a, *at, false, &type);
        ldns_status status = ldns_wire2rr(&rr, a->data, a->size, at, section);

        if (status == LDNS_STATUS_MEM_ERR)
                return ddns_fail(t->message, -ENOMEM, "out of memory");
        if (status != LDNS_STATUS_OK)
                return ddns_fail(t->message, -EBADMSG, "a bad record: %s",
                                 ldns_get_errorstr_by_id(status));
        if (*at != end) {
                ldns_rr_free(rr);
                return ddns_fail(t->message, -EBADMSG,
                                 "a bad record: its data is longer or shorter than it says");
        }
        *ret = rr;
        return 0;
}

static const char *rcode_name(const Answer *a) {
        const ldns_lookup_table *entry = ldns_lookup_by_id(ldns_rcodes, LDNS_RCODE_WIRE(a->data));

        return entry ? entry->name : "an unknown rcode";
}

static int check_signature(Transfer *t, const Answer *a) {
        ddns_cleanup(rr_freep) ldns_rr *rr = NULL;
        size_t at = a->tsig_at;

        if (!t->is_signed)
                return a->tsig_at > 0 ? ddns_fail(t->message, -EBADMSG, "a signature nobody asked for")
                                      : 0;
        if (a->tsig_at > 0) {
                int r = read_record(t, a, &at, LDNS_SECTION_ADDITIONAL, &rr);
                if (r < 0)
                        return r;
        } else if (LDNS_RCODE_WIRE(a->data) != LDNS_RCODE_NOERROR)
                return ddns_fail(t->message, -EKEYREJECTED, "%s, and the answer is not signed",
                                 rcode_name(a));
        return dns_tsig_check(&t->tsig, a->data, a->size, rr, a->tsig_at, t->message);
}

static int check_rcode(Transfer *t, const Answer *a) {
        static const struct {
                ldns_pkt_rcode rcode;
                int error;
        } errors[] = {
                { LDNS_RCODE_NXDOMAIN, -ENOENT },
                { LDNS_RCODE_NOTAUTH, -ENOENT },
                { LDNS_RCODE_REFUSED, -ENOENT },
                { LDNS_RCODE_SERVFAIL, -EAGAIN },
        };
        int error = -EBADMSG;

        if (LDNS_RCODE_WIRE(a->data) == LDNS_RCODE_NOERROR)
                return 0;
        /* later it says nothing about the zone */
        for (size_t i = 0; i < ARRAY_SIZE(errors) && a->is_first; i++)
                if (errors[i].rcode == LDNS_RCODE_WIRE(a->data))
                        error = errors[i].error;
        return ddns_fail(t->message, error, a->is_first ? "%s" : "%s in the middle", rcode_name(a));
}

/* RFC 5936, 2.2: required in the first message; in later ones it may be left out. */
static int check_question(Transfer *t, Answer *a) {
        ddns_cleanup(rdf_freep) ldns_rdf *name = NULL;

        if (a->n_questions == 0 && !a->is_first)
                return 0;
        if (a->n_questions != 1)
                return ddns_fail(t->message, -EBADMSG, "%u questions in an answer", a->n_questions);
        if (ldns_wire2dname(&name, a->data, a->size, &a->at) != LDNS_STATUS_OK ||
            ldns_dname_compare(name, t->zone) != 0 || read_u16(a->data + a->at) != LDNS_RR_TYPE_AXFR ||
            read_u16(a->data + a->at + 2) != LDNS_RR_CLASS_IN)
                return ddns_fail(t->message, -EBADMSG, "an answer to another question");
        a->at += 4;
        return 0;
}

static int check_sections(Transfer *t, const Answer *a) {
        if (LDNS_TC_WIRE(a->data))
                return ddns_fail(t->message, -EBADMSG, "a truncated message");
        if (a->is_first && !LDNS_AA_WIRE(a->data))
                return ddns_fail(t->message, -EBADMSG, "an answer without authority");
        if (a->n_answers == 0)
                return ddns_fail(t->message, -EBADMSG, "a message without records");
        if (a->n_authorities > 0)
                return ddns_fail(t->message, -EBADMSG, "records in the authority section");
        return 0;
}

static int take_last(Transfer *t, ldns_rr *rr) {
        ldns_rr2canonical(rr);
        if (!zone_rdata_is_same(rr, t->soa))
                return ddns_fail(t->message, -EBADMSG, "another SOA record before the first came again");
        if (t->n_records == 1)
                return ddns_fail(t->message, -EBADMSG, "nothing but the SOA record");
        t->ended = true;
        return 0;
}

static int append(Transfer *t, const ldns_rr *rr) {
        dns_text_append(t->text, rr);
        t->n_records++;
        if (ddns_buffer_status(t->text) < 0)
                return ddns_fail(t->message, -ENOMEM, "out of memory");
        if (t->text->size > t->max_size)
                return ddns_fail(t->message, -EFBIG, "the zone is too large");
        return 0;
}

static int take_record(Transfer *t, ldns_rr **rr) {
        bool is_soa = ldns_rr_get_type(*rr) == LDNS_RR_TYPE_SOA &&
                      ldns_dname_compare(ldns_rr_owner(*rr), t->zone) == 0;

        if (ldns_rr_get_class(*rr) != LDNS_RR_CLASS_IN)
                return ddns_fail(t->message, -EBADMSG, "a record of another class than IN");
        if (t->ended)
                return ddns_fail(t->message, -EBADMSG, "records behind the last SOA record");
        if (is_soa && t->soa)
                return take_last(t, *rr);
        if (!t->soa && (!is_soa || ldns_rr_rd_count(*rr) != SOA_FIELDS))
                return ddns_fail(t->message, -EBADMSG, "the first record is not the zone's SOA record");

        int r = append(t, *rr);
        if (r >= 0 && is_soa) {
                t->soa = TAKE_PTR(*rr);
                ldns_rr2canonical(t->soa);
        }
        return r;
}

static int take_message(Transfer *t, Answer *a) {
        int r = read_header(t, a);

        if (r >= 0)
                r = check_signature(t, a);
        if (r >= 0)
                r = check_rcode(t, a);
        if (r >= 0)
                r = check_sections(t, a);
        if (r >= 0)
                r = check_question(t, a);
        for (unsigned i = 0; i < a->n_answers && r >= 0; i++) {
                ddns_cleanup(rr_freep) ldns_rr *rr = NULL;

                r = read_record(t, a, &a->at, LDNS_SECTION_ANSWER, &rr);
                if (r >= 0)
                        r = take_record(t, &rr);
        }
        return r;
}

static int receive(Transfer *t, Answer *a) {
        int r = dns_stream_receive(&t->stream, &a->data, &a->size);

        if (r == -ETIMEDOUT)
                return ddns_fail(t->message, r,
                                 a->is_first ? "no answer in time" : "not complete in time");
        if (r == -EPIPE)
                return ddns_fail(t->message, -EBADMSG,
                                 "the server closed the connection before the end of the zone");
        return r < 0 ? ddns_fail(t->message, -EBADMSG, "the connection ended: %s", strerror(-r)) : 0;
}

static int take_answer(Transfer *t) {
        for (bool is_first = true; !t->ended; is_first = false) {
                Answer a = { .is_first = is_first };
                int r = receive(t, &a);

                if (r >= 0)
                        r = take_message(t, &a);
                if (r < 0)
                        return r;
        }
        /* More may yet be on its way, but then the zone was complete without it. */
        if (dns_stream_has_more(&t->stream))
                return ddns_fail(t->message, -EBADMSG, "more behind the last SOA record");
        if (t->is_signed && !dns_tsig_is_complete(&t->tsig))
                return ddns_fail(t->message, -EKEYREJECTED, "the last message is not signed");
        return 0;
}

static int fetch(Transfer *t, const DdnsSockaddr *server, const char *zone, const DdnsHmacKey *key,
                 const DdnsAxfrLimits *limits) {
        int r;

        t->zone = ldns_dname_new_frm_str(zone);
        if (!t->zone)
                return ddns_fail(t->message, -ENOMEM, "out of memory");
        if (key) {
                t->is_signed = true;
                r = dns_tsig_open(&t->tsig, key, t->message);
                if (r < 0)
                        return r;
        }
        r = dns_stream_open(&t->stream, server, limits->silence_usec, limits->total_usec);
        if (r < 0)
                return ddns_fail(t->message, r, "no connection: %s", strerror(-r));
        r = ask(t);
        return r < 0 ? r : take_answer(t);
}

int ddns_axfr_fetch(const DdnsSockaddr *server, const char *zone, const DdnsHmacKey *key,
                    const DdnsAxfrLimits *limits, DdnsBuffer *ret, DdnsMessage *message) {
        DdnsMessage reason = DDNS_MESSAGE_NULL;
        ddns_cleanup(transfer_done)
                        Transfer t = { .stream = DNS_STREAM_NULL, .text = ret, .message = &reason };
        char address[DDNS_ADDRESS_MAX];
        size_t start = ret->size;

        int r = ddns_buffer_status(ret);
        if (r < 0)
                return ddns_fail(message, r, "out of memory");
        t.max_size = limits->max_size < SIZE_MAX - start ? start + limits->max_size : SIZE_MAX;
        r = fetch(&t, server, zone, key, limits);
        if (r >= 0)
                return 0;

        ret->failed = false;
        ret->size = start;
        if (ret->data)
                ret->data[start] = '\0';
        ddns_address_format(&server->sa, address);
        return ddns_fail(message, r, "%s from %s: %s", zone, address, reason.text);
}
