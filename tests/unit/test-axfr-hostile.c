/* SPDX-License-Identifier: MIT */
/* Zone transfers from name servers that err, lie, stall or never end: each is a failure of its own kind, in bounded time. */
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "basic/buffer.h"
#include "basic/clock.h"
#include "dns/axfr.h"
#include "test.h"

#define ZONE      "example.test"
#define LONG_USEC (10 * USEC_PER_SEC)

static const DdnsAxfrLimits limits = { .silence_usec = LONG_USEC,
                                       .total_usec = LONG_USEC,
                                       .max_size = 1 << 20 };

/* ---- answers ---- */

typedef enum Signature {
        SIGN_NOT,
        SIGN_RIGHT,
        SIGN_WRONG,
        SIGN_CUT,       /* half of the MAC */
        SIGN_LONG,      /* the MAC and an octet more */
        SIGN_OLD,       /* an hour ago */
        SIGN_EARLY,     /* in an hour */
        SIGN_NAME,      /* of another key */
        SIGN_ALGORITHM, /* of another algorithm */
        SIGN_ERROR,     /* BADKEY, without a MAC */
        SIGN_ODD_ERROR, /* an error nobody knows */
        SIGN_NOT_LAST,  /* a record behind it */
        SIGN_SHORT,     /* no fields but the first */
        SIGN_VARIABLES, /* all variables where the timers alone count, or the other way round */
} Signature;

typedef enum Question {
        QUESTION_FIRST, /* in the first message, right */
        QUESTION_RIGHT,
        QUESTION_NONE,
        QUESTION_TWO,
        QUESTION_NAME,
        QUESTION_TYPE,
        QUESTION_CLASS,
} Question;

/* `records`: s the zone's SOA, S the same in capitals, 8 one with another serial, - one without rdata, o an SOA outside, u one
 * below, a an A record, b one outside, z one of the root, h one of class CH, 3 and 5 with so many octets, l with a name that is
 * a loop, f with one that points behind the message, r with reserved bits in a label, m an MX with a loop, n one whose name goes
 * on in the next record, c cut off, t a TSIG record. '/' begins the next section. */
typedef struct Answer {
        const char *records;
        Signature sign;
        unsigned id, flags, rcode; /* xor, xor, value */
        Question question;
        unsigned times; /* 0: once */
        size_t extra;   /* octets behind the last record */
} Answer;

typedef struct Script {
        const char *what;
        Answer answers[5];
        int error;
        const char *message;
        bool is_signed; /* the question */
        bool closes;
} Script;

static const char secret[] = "0123456789abcdef0123456789abcdef";

static DdnsHmacKey make_key(void) {
        DdnsHmacKey key = { .name = "Test.Key", .algorithm = DDNS_HMAC_SHA256, .size = 32 };

        memcpy(key.secret, secret, 32);
        return key;
}

static void put16(DdnsBuffer *b, unsigned n) {
        uint16_t wire = htons((uint16_t) n);

        ddns_buffer_append(b, &wire, 2);
}

static void put(DdnsBuffer *b, const char *data, size_t size) {
        ddns_buffer_append(b, data, size);
}

#define PUT(b, literal) put(b, literal, sizeof(literal) - 1)

#define APEX    "\7example\4test"
#define OUTSIDE "\5other\4test"

static void put_soa(DdnsBuffer *b, const char *owner, unsigned serial, const char *mailbox) {
        ddns_buffer_append(b, owner, strlen(owner) + 1);
        PUT(b, "\0\6\0\1\0\0\x0e\x10");
        put16(b, 4 + (unsigned) strlen(mailbox) + 1 + 20);
        PUT(b, "\2ns\0");
        ddns_buffer_append(b, mailbox, strlen(mailbox) + 1);
        PUT(b, "\0\0\0");
        ddns_buffer_append_byte(b, (char) serial);
        PUT(b, "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4");
}

static void put_a(DdnsBuffer *b, const char *owner, size_t owner_size, unsigned class, unsigned size) {
        put(b, owner, owner_size);
        put16(b, 1);
        put16(b, class);
        PUT(b, "\0\0\0\x3c");
        put16(b, size);
        put(b, "\300\0\2\1\1", size <= 5 ? size : 4);
}

/* A name that is a pointer to the place `distance` behind its beginning. */
static void put_pointer(DdnsBuffer *b, size_t start, size_t distance) {
        put16(b, 0xc000 | (unsigned) (b->size - start + distance));
}

static void put_record(DdnsBuffer *b, size_t start, char letter) {
        size_t at;

        switch (letter) {
        case 's':
                return put_soa(b, APEX, 7, "\4Host\4test");
        case 'S':
                return put_soa(b, "\7EXAMPLE\4test", 7, "\4hOST\4test");
        case '8':
                return put_soa(b, APEX, 8, "\4Host\4test");
        case 'o':
                return put_soa(b, OUTSIDE, 7, "\4host\4test");
        case 'u':
                return put_soa(b, "\3sub" APEX, 7, "\4host\4test");
        case '-':
                return PUT(b, APEX "\0\0\6\0\1\0\0\0\0\0\0");
        case 'a':
                return put_a(b, "\1a" APEX, sizeof("\1a" APEX), 1, 4);
        case 'b':
                return put_a(b, OUTSIDE, sizeof(OUTSIDE), 1, 4);
        case 'h':
                return put_a(b, "\1a" APEX, sizeof("\1a" APEX), 3, 4);
        case '3':
                return put_a(b, "\1a" APEX, sizeof("\1a" APEX), 1, 3);
        case '5':
                return put_a(b, "\1a" APEX, sizeof("\1a" APEX), 1, 5);
        case 'c':
                return put_a(b, "\1a" APEX, sizeof("\1a" APEX), 1, 400);
        case 'r':
                return put_a(b,
                             "\x41"
                             "a",
                             3, 1, 4);
        case 'l':
                put_pointer(b, start, 0);
                return put_a(b, "", 0, 1, 4);
        case 'f':
                put_pointer(b, start, 4000);
                return put_a(b, "", 0, 1, 4);
        case 'm':
                PUT(b, "\1m" APEX "\0\0\x0f\0\1\0\0\0\0\0\x06\0\1\1x");
                at = b->size;
                put_pointer(b, start, 0);
                b->data[at + 1] = (char) (b->data[at + 1] - 2); /* to the label before it */
                return;
        case 'n':
                return PUT(b, "\1m" APEX "\0\0\x0f\0\1\0\0\0\0\0\3\0\1\1");
        case 'z':
                return put_a(b, "", 1, 1, 4);
        case 't':
                return PUT(b, "\0\0\xfa\0\xff\0\0\0\0\0\0");
        default:
                fail_msg("no record '%c'", letter);
        }
}

static void put_question(DdnsBuffer *b, Question question) {
        put(b, question == QUESTION_NAME ? OUTSIDE : APEX,
            question == QUESTION_NAME ? sizeof(OUTSIDE) : sizeof(APEX));
        put16(b, question == QUESTION_TYPE ? 251 : 252);
        put16(b, question == QUESTION_CLASS ? 3 : 1);
}

/* One message without its length. */
static void make_answer(const Answer *a, bool is_first, uint16_t id, DdnsBuffer *b) {
        unsigned counts[4] = { 0 }, section = 1;
        size_t start = b->size;

        if (a->question != QUESTION_NONE && (a->question != QUESTION_FIRST || is_first))
                counts[0] = a->question == QUESTION_TWO ? 2 : 1;
        put16(b, id ^ a->id);
        put16(b, (0x8400 ^ a->flags) | a->rcode);
        PUT(b, "\0\0\0\0\0\0\0\0");
        for (unsigned i = 0; i < counts[0]; i++)
                put_question(b, a->question);
        for (const char *p = a->records; *p; p++)
                if (*p == '/')
                        section++;
                else {
                        put_record(b, start, *p);
                        counts[section]++;
                }
        for (size_t i = 0; i < a->extra; i++)
                ddns_buffer_append_byte(b, 'x');
        for (unsigned i = 0; i < 4; i++) {
                b->data[start + 4 + 2 * i] = (char) (counts[i] >> 8);
                b->data[start + 5 + 2 * i] = (char) counts[i];
        }
}

/* ---- signing, without the code under test ---- */

#define KEY_NAME  "\4test\3key"
#define ALGORITHM "\13hmac-sha256"

typedef struct Signer {
        DdnsBuffer pending; /* what the next MAC covers before the next message */
        bool signed_one;
} Signer;

static void restart(Signer *s, const void *mac, size_t size) {
        ddns_buffer_reset(&s->pending);
        put16(&s->pending, (unsigned) size);
        ddns_buffer_append(&s->pending, mac, size);
}

static void make_mac(Signer *s, const char time[8], bool all, unsigned error, uint8_t mac[32]) {
        if (all) {
                PUT(&s->pending, KEY_NAME "\0\0\xff\0\0\0\0" ALGORITHM "\0");
                put(&s->pending, time, 8);
                put16(&s->pending, error);
                put16(&s->pending, 0);
        } else
                put(&s->pending, time, 8);
        assert_int_equal(gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret, 32, s->pending.data,
                                          s->pending.size, mac),
                         0);
        restart(s, mac, 32);
        s->signed_one = true;
}

static void sign(Signer *s, Signature how, DdnsBuffer *b) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer rdata = DDNS_BUFFER_NULL;
        uint64_t now = ddns_now_usec() / USEC_PER_SEC;
        char time[8] = { 0 }, id[2];
        uint8_t mac[33] = { 0 };
        unsigned error = how == SIGN_ERROR ? 17 : how == SIGN_ODD_ERROR ? 99 : 0;
        size_t mac_size = how == SIGN_ERROR ? 0 : how == SIGN_CUT ? 16 : how == SIGN_LONG ? 33 : 32;

        now += how == SIGN_OLD ? -3600ULL : how == SIGN_EARLY ? 3600 : 0;
        for (unsigned i = 0; i < 6; i++)
                time[i] = (char) (now >> (40 - 8 * i));
        time[6] = 300 >> 8;
        time[7] = 300 & 0xff;
        memcpy(id, b->data, 2);
        ddns_buffer_append(&s->pending, b->data, b->size);
        make_mac(s, time, s->signed_one == (how == SIGN_VARIABLES), error, mac);
        mac[0] ^= how == SIGN_WRONG;

        if (how == SIGN_ALGORITHM)
                PUT(&rdata, "\11hmac-sha1\0");
        else
                PUT(&rdata, ALGORITHM "\0");
        put(&rdata, time, 8);
        put16(&rdata, (unsigned) mac_size);
        ddns_buffer_append(&rdata, mac, mac_size);
        put(&rdata, id, 2);
        put16(&rdata, error);
        put16(&rdata, 0);
        if (how == SIGN_SHORT)
                rdata.size = sizeof(ALGORITHM);

        if (how == SIGN_NAME)
                PUT(b, "\5other\3key\0");
        else
                PUT(b, KEY_NAME "\0");
        PUT(b, "\0\xfa\0\xff\0\0\0\0");
        put16(b, (unsigned) rdata.size);
        ddns_buffer_append(b, rdata.data, rdata.size);
        b->data[11]++;
        if (how == SIGN_NOT_LAST) {
                put_record(b, 0, 'a');
                b->data[11]++;
        }
}

/* ---- the server ---- */

typedef struct Server {
        DdnsSockaddr address;
        int fd;
        pthread_t thread;
        /* serves one connection */
        void (*serve)(const struct Server *s, int fd, const uint8_t *query, size_t size);
        const void *argument;
        size_t octets; /* cut the answer there; SIZE_MAX: don't */
        size_t flip;   /* change this octet; SIZE_MAX: none */
        bool closes;
} Server;

static Server the_server = { .fd = -EBADF };

static int open_server(void **state) {
        Server *s = *state = &the_server;
        socklen_t size = sizeof s->address.in;

        *s = (Server){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
        s->address.in = (struct sockaddr_in){ .sin_family = AF_INET,
                                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        assert_int_equal(bind(s->fd, &s->address.sa, size), 0);
        assert_int_equal(getsockname(s->fd, &s->address.sa, &size), 0);
        assert_int_equal(listen(s->fd, 4), 0);
        return 0;
}

static int close_server(void **state) {
        ddns_closep(&the_server.fd);
        return 0;
}

static void *serve_one(void *userdata) {
        const Server *s = userdata;
        ddns_cleanup(ddns_closep) int fd = accept(s->fd, NULL, NULL);
        uint8_t query[512], rest[1];
        size_t have = 0;

        while (have < 2 || have < 2 + ((size_t) query[0] << 8 | query[1])) {
                ssize_t k = recv(fd, query + have, sizeof query - have, 0);
                if (k <= 0)
                        return NULL;
                have += (size_t) k;
        }
        s->serve(s, fd, query + 2, have - 2);
        if (!s->closes)
                (void) recv(fd, rest, sizeof rest, 0); /* until the client has had enough */
        return NULL;
}

static int fetch(Server *s, bool is_signed, const DdnsAxfrLimits *l, DdnsBuffer *b,
                 DdnsMessage *message) {
        DdnsHmacKey key = make_key();

        assert_int_equal(pthread_create(&s->thread, NULL, serve_one, s), 0);
        int r = ddns_axfr_fetch(&s->address, ZONE, is_signed ? &key : NULL, l, b, message);
        assert_int_equal(pthread_join(s->thread, NULL), 0);
        return r;
}

/* The whole of a script as it goes over the wire. */
static void make_stream(const Script *script, const uint8_t *query, size_t size, DdnsBuffer *ret) {
        Signer signer = { 0 };
        uint16_t id = (uint16_t) (query[0] << 8 | query[1]);
        bool is_first = true;

        restart(&signer, size > 38 ? query + size - 38 : query, script->is_signed ? 32 : 0);
        for (const Answer *a = script->answers;
             a < script->answers + ARRAY_SIZE(script->answers) && a->records; a++)
                for (unsigned i = 0; i < (a->times ? a->times : 1); i++, is_first = false) {
                        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

                        make_answer(a, is_first, id, &b);
                        if (a->sign == SIGN_NOT)
                                ddns_buffer_append(&signer.pending, b.data, b.size);
                        else
                                sign(&signer, a->sign, &b);
                        put16(ret, (unsigned) b.size);
                        ddns_buffer_append(ret, b.data, b.size);
                }
        ddns_buffer_done(&signer.pending);
}

static void serve_script(const Server *s, int fd, const uint8_t *query, size_t size) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

        make_stream(s->argument, query, size, &b);
        if (s->flip < b.size)
                b.data[s->flip] ^= 1;
        (void) send(fd, b.data, s->octets < b.size ? s->octets : b.size, MSG_NOSIGNAL);
}

static void play(Server *s, const Script *script) {
        s->serve = serve_script;
        s->argument = script;
        s->octets = s->flip = SIZE_MAX;
        s->closes = script->closes;
}

/* ---- tests ---- */

static const Script scripts[] = {
        { "one message", { { "saas" } }, 0 },
        { "several messages", { { "saa" }, { "aa" }, { "s" } }, 0 },
        { "one record a message", { { "s" }, { "a" }, { "s" } }, 0 },
        { "the question again", { { "sa" }, { "as", .question = QUESTION_RIGHT } }, 0 },
        { "other letters in the last SOA", { { "saS" } }, 0 },
        { "an SOA of another zone in between", { { "saoas" } }, 0 },
        { "an SOA of a child in between", { { "saus" } }, 0 },
        { "owners outside", { { "sbs" } }, 0 },
        { "an OPT or another additional record", { { "sas//a" } }, 0 },
        { "a connection closed behind the zone", { { "sas" } }, 0, .closes = true },
        { "signed", { { "saas", SIGN_RIGHT } }, 0, .is_signed = true },
        { "every message signed",
          { { "sa", SIGN_RIGHT }, { "a", SIGN_RIGHT }, { "s", SIGN_RIGHT } },
          0,
          .is_signed = true },
        { "99 messages without a signature",
          { { "s", SIGN_RIGHT },
            { "a", .times = 99 },
            { "a", SIGN_RIGHT },
            { "a", .times = 99 },
            { "s", SIGN_RIGHT } },
          0,
          .is_signed = true },

        { "another id", { { "sas", .id = 1 } }, -EBADMSG, "another id" },
        { "another id later", { { "sa" }, { "as", .id = 0x100 } }, -EBADMSG, "another id" },
        { "a question", { { "sas", .flags = 0x8000 } }, -EBADMSG, "no answer" },
        { "an answer to a NOTIFY", { { "sas", .flags = 0x2000 } }, -EBADMSG, "no answer" },
        { "truncated", { { "sas", .flags = 0x200 } }, -EBADMSG, "truncated" },
        { "no authority", { { "sas", .flags = 0x400 } }, -EBADMSG, "without authority" },
        { "another name asked", { { "sas", .question = QUESTION_NAME } }, -EBADMSG, "another question" },
        { "another type asked", { { "sas", .question = QUESTION_TYPE } }, -EBADMSG, "another question" },
        { "another class asked",
          { { "sas", .question = QUESTION_CLASS } },
          -EBADMSG,
          "another question" },
        { "another name asked later",
          { { "sa" }, { "s", .question = QUESTION_NAME } },
          -EBADMSG,
          "another question" },
        { "two questions", { { "sas", .question = QUESTION_TWO } }, -EBADMSG, "2 questions" },
        { "no question", { { "sas", .question = QUESTION_NONE } }, -EBADMSG, "0 questions" },

        { "no SOA first", { { "as" } }, -EBADMSG, "first record is not" },
        { "an SOA of another zone first", { { "oao" } }, -EBADMSG, "first record is not" },
        { "an SOA of a child first", { { "uau" } }, -EBADMSG, "first record is not" },
        { "an SOA without data", { { "-a-" } }, -EBADMSG, "first record is not" },
        { "another SOA last", { { "sa8" } }, -EBADMSG, "another SOA" },
        { "a last SOA without data", { { "sa-" } }, -EBADMSG, "another SOA" },
        { "an IXFR", { { "s8as" } }, -EBADMSG, "another SOA" },
        { "nothing but the SOA", { { "ss" } }, -EBADMSG, "nothing but" },
        { "one SOA, as to an IXFR", { { "s" } }, -EBADMSG, "closed", .closes = true },
        { "no last SOA", { { "saa" }, { "a" } }, -EBADMSG, "closed", .closes = true },
        { "nothing at all", { { 0 } }, -EBADMSG, "closed", .closes = true },
        { "records behind the last SOA", { { "sasa" } }, -EBADMSG, "behind the last SOA" },
        { "an SOA behind the last SOA", { { "sass" } }, -EBADMSG, "behind the last SOA" },
        { "messages behind the last SOA", { { "sas" }, { "a" } }, -EBADMSG, "behind the last SOA" },
        { "no records", { { "" } }, -EBADMSG, "without records" },
        { "no records later", { { "sa" }, { "" }, { "s" } }, -EBADMSG, "without records" },
        { "records of authority", { { "sas/a" } }, -EBADMSG, "authority section" },
        { "another class", { { "shs" } }, -EBADMSG, "another class" },
        { "a TSIG record among the answers", { { "sats" } }, -EBADMSG, "another class" },

        { "FORMERR", { { "", .rcode = 1 } }, -EBADMSG, "FORMERR" },
        { "FORMERR without question",
          { { "", .rcode = 1, .question = QUESTION_NONE } },
          -EBADMSG,
          "FORMERR" },
        { "SERVFAIL", { { "", .rcode = 2 } }, -EAGAIN, "SERVFAIL" },
        { "NXDOMAIN", { { "", .rcode = 3 } }, -ENOENT, "NXDOMAIN" },
        { "NOTIMPL", { { "", .rcode = 4 } }, -EBADMSG, "NOTIMPL" },
        { "REFUSED", { { "", .rcode = 5 } }, -ENOENT, "REFUSED" },
        { "NOTAUTH", { { "", .rcode = 9 } }, -ENOENT, "NOTAUTH" },
        { "an rcode nobody knows", { { "", .rcode = 15 } }, -EBADMSG, "unknown rcode" },
        { "a zone with an rcode", { { "sas", .rcode = 5 } }, -ENOENT, "REFUSED" },
        { "an rcode in the third message",
          { { "sa" }, { "a" }, { "a", .rcode = 2 } },
          -EBADMSG,
          "SERVFAIL in the middle" },
        { "REFUSED in the third message",
          { { "sa" }, { "a" }, { "", .rcode = 5 } },
          -EBADMSG,
          "REFUSED in the middle" },

        { "a name that is a loop", { { "sals" } }, -EBADMSG, "bad record" },
        { "a name that points behind the message", { { "safs" } }, -EBADMSG, "bad record" },
        { "a label of a reserved kind", { { "sars" } }, -EBADMSG, "cut off or garbled" },
        { "a loop in the data", { { "sams" } }, -EBADMSG, "bad record" },
        { "too few octets of data", { { "sa3s" } }, -EBADMSG, "bad record" },
        { "too many octets of data", { { "sa5s" } }, -EBADMSG, "longer or shorter" },
        { "a name beyond its data", { { "sanzs" } }, -EBADMSG, "longer or shorter" },
        { "data beyond the message", { { "sac" } }, -EBADMSG, "cut off or garbled" },
        { "octets behind the last record", { { "sas", .extra = 1 } }, -EBADMSG, "octets behind" },

        { "a signature nobody asked for", { { "sas", SIGN_RIGHT } }, -EBADMSG, "nobody asked" },
        { "no signature", { { "sas" } }, -EKEYREJECTED, "not signed", .is_signed = true },
        { "no signature under an error",
          { { "", .rcode = 5 } },
          -EKEYREJECTED,
          "REFUSED, and the answer is not",
          .is_signed = true },
        { "a signed error", { { "", SIGN_RIGHT, .rcode = 5 } }, -ENOENT, "REFUSED", .is_signed = true },
        { "a wrong signature",
          { { "sas", SIGN_WRONG } },
          -EKEYREJECTED,
          "signature is wrong",
          .is_signed = true },
        { "half a signature",
          { { "sas", SIGN_CUT } },
          -EKEYREJECTED,
          "signature is wrong",
          .is_signed = true },
        { "more than a signature",
          { { "sas", SIGN_LONG } },
          -EKEYREJECTED,
          "signature is wrong",
          .is_signed = true },
        { "an old signature",
          { { "sas", SIGN_OLD } },
          -EKEYREJECTED,
          "off our clock",
          .is_signed = true },
        { "a signature of tomorrow",
          { { "sas", SIGN_EARLY } },
          -EKEYREJECTED,
          "off our clock",
          .is_signed = true },
        { "another key", { { "sas", SIGN_NAME } }, -EKEYREJECTED, "another key", .is_signed = true },
        { "another algorithm",
          { { "sas", SIGN_ALGORITHM } },
          -EKEYREJECTED,
          "another key",
          .is_signed = true },
        { "BADKEY", { { "", SIGN_ERROR, .rcode = 9 } }, -EKEYREJECTED, "BADKEY", .is_signed = true },
        { "an error nobody knows",
          { { "sas", SIGN_ODD_ERROR } },
          -EKEYREJECTED,
          "refuses the signature",
          .is_signed = true },
        { "a signature without most fields",
          { { "sas", SIGN_SHORT } },
          -EKEYREJECTED,
          "another key",
          .is_signed = true },
        { "a record behind the signature",
          { { "sas", SIGN_NOT_LAST } },
          -EBADMSG,
          "behind the signature",
          .is_signed = true },
        { "only timers in the first",
          { { "sas", SIGN_VARIABLES } },
          -EKEYREJECTED,
          "signature is wrong",
          .is_signed = true },
        { "all variables in the second",
          { { "sa", SIGN_RIGHT }, { "s", SIGN_VARIABLES } },
          -EKEYREJECTED,
          "signature is wrong",
          .is_signed = true },
        { "no signature on the first",
          { { "sa" }, { "s", SIGN_RIGHT } },
          -EKEYREJECTED,
          "not signed",
          .is_signed = true },
        { "no signature on the last",
          { { "sa", SIGN_RIGHT }, { "s" } },
          -EKEYREJECTED,
          "last message is not signed",
          .is_signed = true },
        { "a wrong signature in the middle",
          { { "sa", SIGN_RIGHT }, { "a", SIGN_WRONG }, { "s", SIGN_RIGHT } },
          -EKEYREJECTED,
          "signature is wrong",
          .is_signed = true },
        { "an old signature in the middle",
          { { "sa", SIGN_RIGHT }, { "a", SIGN_OLD }, { "s", SIGN_RIGHT } },
          -EKEYREJECTED,
          "off our clock",
          .is_signed = true },
        { "100 messages without a signature",
          { { "s", SIGN_RIGHT }, { "a", .times = 100 }, { "s", SIGN_RIGHT } },
          -EKEYREJECTED,
          "more than 99 messages",
          .is_signed = true },
};

static void every_answer_is_complete_or_the_right_failure(void **state) {
        Server *s = *state;

        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
                DdnsMessage message = DDNS_MESSAGE_NULL;

                ddns_buffer_append_text(&b, "before\n");
                play(s, &scripts[i]);
                int r = fetch(s, scripts[i].is_signed, &limits, &b, &message);
                if (r != scripts[i].error || (r < 0 && !strstr(message.text, scripts[i].message)))
                        fail_msg("%s: %d, \"%s\"", scripts[i].what, r, message.text);
                if (r < 0)
                        assert_string_equal(b.data, "before\n");
                else
                        assert_non_null(strstr(b.data, "before\n" ZONE
                                                       ".\t3600\tIN\tSOA\tns. Host.test. 7 1 2 3 4\n"));
        }
}

static void records_come_in_their_order_and_the_last_soa_not_again(void **state) {
        static const Script script = { .answers = { { "sab" }, { "u" }, { "aS" } } };
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        Server *s = *state;

        play(s, &script);
        assert_int_equal(fetch(s, false, &limits, &b, NULL), 0);
        assert_string_equal(b.data, "example.test.\t3600\tIN\tSOA\tns. Host.test. 7 1 2 3 4\n"
                                    "a.example.test.\t60\tIN\tA\t192.0.2.1\n"
                                    "other.test.\t60\tIN\tA\t192.0.2.1\n"
                                    "sub.example.test.\t3600\tIN\tSOA\tns. host.test. 7 1 2 3 4\n"
                                    "a.example.test.\t60\tIN\tA\t192.0.2.1\n");
}

static const Script plain_transfer = { .answers = { { "sa" }, { "ab" }, { "as" } }, .closes = true };
static const Script signed_transfer = {
        .answers = { { "sa", SIGN_RIGHT }, { "a" }, { "b", SIGN_RIGHT }, { "a" }, { "s", SIGN_RIGHT } },
        .is_signed = true,
        .closes = true,
};

/* With as many octets of query as ours has. */
static size_t stream_size(const Script *script) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        static const uint8_t query[128];

        make_stream(script, query, sizeof query, &b);
        return b.size;
}

static void an_early_end_at_any_octet_is_a_failure(void **state) {
        const Script *both[] = { &plain_transfer, &signed_transfer };
        Server *s = *state;

        for (size_t k = 0; k < 2; k++) {
                size_t size = stream_size(both[k]);

                for (size_t i = 0; i <= size; i++) {
                        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

                        play(s, both[k]);
                        s->octets = i;
                        assert_int_equal(fetch(s, both[k]->is_signed, &limits, &b, NULL),
                                         i < size ? -EBADMSG : 0);
                        assert_int_equal(b.size > 0, i == size);
                }
        }
}

static void any_changed_octet_of_a_signed_answer_is_noticed(void **state) {
        size_t size = stream_size(&signed_transfer);
        Server *s = *state;

        for (size_t i = 0; i < size; i++) {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

                play(s, &signed_transfer);
                s->flip = i;
                int r = fetch(s, true, &limits, &b, NULL);
                if (r != -EBADMSG && r != -EKEYREJECTED)
                        fail_msg("octet %zu: %d", i, r);
        }
}

/* Octets at random, behind the right id and within the right length; always the same ones. */
static void serve_noise(const Server *s, int fd, const uint8_t *query, size_t size) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        unsigned seed = *(const unsigned *) s->argument;

        make_stream(seed & 1 ? &plain_transfer : &signed_transfer, query, size, &b);
        for (unsigned i = 0; i < 1 + seed % 7; i++)
                b.data[4 + (unsigned) rand_r(&seed) % (b.size - 4)] = (char) rand_r(&seed);
        (void) send(fd, b.data, b.size, MSG_NOSIGNAL);
}

static void noise_ends_in_bounded_time_and_memory(void **state) {
        Server *s = *state;

        s->serve = serve_noise;
        s->closes = true;
        for (unsigned seed = 0; seed < 3000; seed++) {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

                s->argument = &seed;
                int r = fetch(s, !(seed & 1), &limits, &b, NULL);
                assert_true(r == 0 || b.size == 0);
        }
}

static void serve_text(const Server *s, int fd, const uint8_t *query, size_t size) {
        const char *text = s->argument;

        (void) send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void other_protocols_are_refused(void **state) {
        static const char *const texts[] = { "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
                                             "SSH-2.0-x\r\n", "\x15\x03\x01", "220 mail ESMTP\r\n" };
        Server *s = *state;

        s->serve = serve_text;
        s->closes = true;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

                s->argument = texts[i];
                assert_int_equal(fetch(s, false, &limits, &b, NULL), -EBADMSG);
        }
}

/* A message of the size that `argument` says, all of it right but for the end. */
static void serve_short(const Server *s, int fd, const uint8_t *query, size_t size) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

        make_stream(&plain_transfer, query, size, &b);
        b.data[0] = 0;
        b.data[1] = *(const char *) s->argument;
        (void) send(fd, b.data, 2 + (size_t) b.data[1], MSG_NOSIGNAL);
}

static void messages_that_end_too_early_are_refused(void **state) {
        Server *s = *state;

        s->serve = serve_short;
        s->closes = false;
        for (char size = 0; size < 80; size++) {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

                s->argument = &size;
                assert_int_equal(fetch(s, false, &limits, &b, NULL), -EBADMSG);
        }
}

/* Records as long as somebody takes them. */
static void serve_endlessly(const Server *s, int fd, const uint8_t *query, size_t size) {
        static const Script first = { .answers = { { "s" } } };
        static const Script more = { .answers = { { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                                    .question = QUESTION_RIGHT } } };
        ddns_cleanup(ddns_buffer_done) DdnsBuffer a = DDNS_BUFFER_NULL, b = DDNS_BUFFER_NULL;

        make_stream(&first, query, size, &a);
        make_stream(&more, query, size, &b);
        (void) send(fd, a.data, a.size, MSG_NOSIGNAL);
        while (send(fd, b.data, b.size, MSG_NOSIGNAL) > 0)
                ;
}

static void an_endless_zone_meets_the_size(void **state) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        Server *s = *state;
        DdnsMessage message;

        s->serve = serve_endlessly;
        s->closes = true;
        assert_int_equal(fetch(s, false, &limits, &b, &message), -EFBIG);
        assert_non_null(strstr(message.text, "too large"));
        assert_int_equal(b.size, 0);
        assert_true(b.allocated <= 4 * limits.max_size);
}

static void an_endless_zone_meets_the_total_time(void **state) {
        const DdnsAxfrLimits l = { .silence_usec = LONG_USEC,
                                   .total_usec = 200 * USEC_PER_MSEC,
                                   .max_size = SIZE_MAX };
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        uint64_t begin = ddns_monotonic_usec();
        Server *s = *state;

        s->serve = serve_endlessly;
        s->closes = true;
        assert_int_equal(fetch(s, false, &l, &b, NULL), -ETIMEDOUT);
        assert_true(ddns_monotonic_usec() - begin < 5 * USEC_PER_SEC);
}

/* An octet each 20 ms, until the client goes. */
static void serve_trickle(const Server *s, int fd, const uint8_t *query, size_t size) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        struct pollfd pfd = { .fd = fd, .events = POLLIN };

        make_stream(&plain_transfer, query, size, &b);
        for (size_t i = 0; i < b.size && poll(&pfd, 1, 20) == 0; i++)
                (void) send(fd, b.data + i, 1, MSG_NOSIGNAL);
}

static void a_trickle_meets_the_total_time(void **state) {
        const DdnsAxfrLimits l = { .silence_usec = LONG_USEC,
                                   .total_usec = 300 * USEC_PER_MSEC,
                                   .max_size = 1 << 20 };
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        uint64_t begin = ddns_monotonic_usec();
        Server *s = *state;
        DdnsMessage message;

        s->serve = serve_trickle;
        s->closes = false;
        assert_int_equal(fetch(s, false, &l, &b, &message), -ETIMEDOUT);
        assert_in_range(ddns_monotonic_usec() - begin, 300 * USEC_PER_MSEC, 3 * USEC_PER_SEC);
}

/* Both limits end it, whichever comes first. */
static void silence_is_noticed_before_and_within_the_answer(void **state) {
        Server *s = *state;

        for (size_t octets = 0; octets < 200; octets += 50) {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
                uint64_t begin = ddns_monotonic_usec();
                bool total = octets % 100 != 0;
                const DdnsAxfrLimits l = { .silence_usec = total ? LONG_USEC : 100 * USEC_PER_MSEC,
                                           .total_usec = total ? 100 * USEC_PER_MSEC : LONG_USEC,
                                           .max_size = 1 << 20 };
                DdnsMessage message;

                play(s, &plain_transfer);
                s->octets = octets;
                s->closes = false;
                assert_int_equal(fetch(s, false, &l, &b, &message), -ETIMEDOUT);
                assert_non_null(strstr(message.text,
                                       octets < 120 ? "no answer in time" : "not complete in time"));
                assert_in_range(ddns_monotonic_usec() - begin, 100 * USEC_PER_MSEC, 3 * USEC_PER_SEC);
        }
}

/* With its backlog full, loopback drops what asks for a connection, as a packet filter would. */
static void connecting_takes_no_longer_than_silence(void **state) {
        const DdnsAxfrLimits l = { .silence_usec = 200 * USEC_PER_MSEC,
                                   .total_usec = LONG_USEC,
                                   .max_size = 1 << 20 };
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        ddns_cleanup(ddns_closep) int fd = socket(AF_INET, SOCK_STREAM, 0);
        DdnsSockaddr address = { .in = { .sin_family = AF_INET,
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
        socklen_t size = sizeof address.in;
        int full[4];

        assert_int_equal(bind(fd, &address.sa, size), 0);
        assert_int_equal(getsockname(fd, &address.sa, &size), 0);
        assert_int_equal(listen(fd, 0), 0);
        for (size_t i = 0; i < ARRAY_SIZE(full); i++) {
                full[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
                (void) connect(full[i], &address.sa, size);
        }
        uint64_t begin = ddns_monotonic_usec();
        assert_int_equal(ddns_axfr_fetch(&address, ZONE, NULL, &l, &b, NULL), -ETIMEDOUT);
        assert_in_range(ddns_monotonic_usec() - begin, 200 * USEC_PER_MSEC, 3 * USEC_PER_SEC);
        for (size_t i = 0; i < ARRAY_SIZE(full); i++)
                ddns_closep(&full[i]);
}

static void a_closed_port_is_said_to_be_one(void **state) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        ddns_cleanup(ddns_closep) int fd =
                        socket(AF_INET, SOCK_STREAM, 0); /* bound, but nobody listens */
        DdnsSockaddr address = { .in = { .sin_family = AF_INET,
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
        socklen_t size = sizeof address.in;
        DdnsMessage message;

        assert_int_equal(bind(fd, &address.sa, size), 0);
        assert_int_equal(getsockname(fd, &address.sa, &size), 0);
        assert_int_equal(ddns_axfr_fetch(&address, ZONE, NULL, &limits, &b, &message), -ECONNREFUSED);
        assert_string_equal(message.text, ZONE " from 127.0.0.1: no connection: Connection refused");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_answer_is_complete_or_the_right_failure),
                cmocka_unit_test(records_come_in_their_order_and_the_last_soa_not_again),
                cmocka_unit_test(an_early_end_at_any_octet_is_a_failure),
                cmocka_unit_test(any_changed_octet_of_a_signed_answer_is_noticed),
                cmocka_unit_test(noise_ends_in_bounded_time_and_memory),
                cmocka_unit_test(other_protocols_are_refused),
                cmocka_unit_test(messages_that_end_too_early_are_refused),
                cmocka_unit_test(an_endless_zone_meets_the_size),
                cmocka_unit_test(an_endless_zone_meets_the_total_time),
                cmocka_unit_test(a_trickle_meets_the_total_time),
                cmocka_unit_test(silence_is_noticed_before_and_within_the_answer),
                cmocka_unit_test(connecting_takes_no_longer_than_silence),
                cmocka_unit_test(a_closed_port_is_said_to_be_one),
        };

        return cmocka_run_group_tests(tests, open_server, close_server);
}
