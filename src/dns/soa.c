/* SPDX-License-Identifier: MIT */
/* SOA questions over one UDP socket: pacing, repetition and matching of answers. */
#include <errno.h>
#include <ldns/ldns.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "dns/soa.h"

/* Questions on their way at a time: what a name server's socket buffer takes without loss. */
#define WINDOW 128

#define SILENCE_MIN_USEC (200 * USEC_PER_MSEC)
#define SILENCE_MAX_USEC (800 * USEC_PER_MSEC)
#define PAUSE_MIN_USEC   (1 * USEC_PER_MSEC)
#define PAUSE_MAX_USEC   (250 * USEC_PER_MSEC)

/* Without EDNS no answer may be longer than 512 octets; the rest is room for servers that don't care. */
#define ANSWER_MAX 4096

typedef enum Phase {
        PHASE_WAITING, /* to be sent at `due_usec` */
        PHASE_ASKED,   /* counts as lost at `due_usec` */
        PHASE_DONE,
} Phase;

typedef struct Pending {
        DdnsSoaQuestion *question;
        ldns_rdf *name;
        uint16_t id;
        Phase phase;
        uint64_t due_usec;
        uint64_t silence_usec; /* how long to wait for the next answer */
        uint64_t pause_usec;   /* how long to wait after an answer that is not the wish */
} Pending;

typedef struct Run {
        int fd;
        Pending *pending;
        size_t n;
        size_t n_done;
        size_t n_asked;
        size_t cursor; /* where the search for something to send goes on, so that silent ones hold up nobody */
        bool until_met; /* go on until the wish is met, not only until there is an answer */
        bool answered;  /* anything at all */
        bool refused;   /* nobody listens there */
} Run;

static void run_done(Run *run) {
        for (size_t i = 0; i < run->n; i++)
                ldns_rdf_deep_free(run->pending[i].name);
        free(run->pending);
        ddns_closep(&run->fd);
}

static int run_open(Run *run, const DdnsSockaddr *server, DdnsSoaQuestion *questions, size_t n,
                    uint64_t now) {
        run->pending = calloc(n, sizeof *run->pending);
        if (!run->pending)
                return -ENOMEM;

        for (; run->n < n; run->n++) {
                Pending *p = run->pending + run->n;

                questions[run->n].state = DDNS_SOA_SILENT;
                *p = (Pending){
                        .question = questions + run->n,
                        .name = ldns_dname_new_frm_str(questions[run->n].zone),
                        .due_usec = now,
                        .silence_usec = SILENCE_MIN_USEC,
                        .pause_usec = PAUSE_MIN_USEC,
                };
                if (!p->name)
                        return -ENOMEM;
                if (getrandom(&p->id, sizeof p->id, 0) != sizeof p->id)
                        return -EIO;
        }

        run->fd = socket(server->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (run->fd < 0)
                return -errno;
        /* Connected: the kernel drops what other addresses send, and reports that nobody listens. */
        return connect(run->fd, &server->sa, ddns_sockaddr_length(server)) < 0 ? -errno : 0;
}

static int make_packet(const Pending *p, uint8_t **ret, size_t *ret_size) {
        ldns_rdf *name = ldns_rdf_clone(p->name);
        if (!name)
                return -ENOMEM;
        ldns_pkt *packet = ldns_pkt_query_new(name, LDNS_RR_TYPE_SOA, LDNS_RR_CLASS_IN, 0);
        if (!packet) {
                ldns_rdf_deep_free(name);
                return -ENOMEM;
        }
        ldns_pkt_set_id(packet, p->id);
        ldns_status s = ldns_pkt2wire(ret, packet, ret_size);
        ldns_pkt_free(packet);
        return s == LDNS_STATUS_OK ? 0 : -ENOMEM;
}

/* 1: sent; 0: the socket's buffer is full; negative: broken. */
static int send_question(Run *run, const Pending *p) {
        ddns_cleanup(ddns_freep) uint8_t *packet = NULL;
        size_t size;

        int r = make_packet(p, &packet, &size);
        if (r < 0)
                return r;
        if (send(run->fd, packet, size, MSG_NOSIGNAL) >= 0)
                return 1;
        if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
                return 0;
        if (errno == ECONNREFUSED) {
                run->refused = true;
                return 1;
        }
        return -errno;
}

static int send_due(Run *run, uint64_t now) {
        size_t start = run->cursor;

        for (size_t k = 0; k < run->n && run->n_asked < WINDOW; k++) {
                Pending *p = run->pending + (start + k) % run->n;

                if (p->phase != PHASE_WAITING || p->due_usec > now)
                        continue;
                int r = send_question(run, p);
                if (r <= 0)
                        return r;
                p->phase = PHASE_ASKED;
                p->due_usec = now + p->silence_usec;
                p->silence_usec *= 2;
                if (p->silence_usec > SILENCE_MAX_USEC)
                        p->silence_usec = SILENCE_MAX_USEC;
                run->n_asked++;
                run->cursor = (size_t) (p - run->pending) + 1;
        }
        return 0;
}

/* Frees the places of questions that got no answer in time. */
static void give_up_lost(Run *run, uint64_t now) {
        for (size_t i = 0; i < run->n; i++) {
                Pending *p = run->pending + i;

                if (p->phase == PHASE_ASKED && p->due_usec <= now) {
                        p->phase = PHASE_WAITING;
                        run->n_asked--;
                }
        }
}

static Pending *find_pending(Run *run, const ldns_pkt *packet) {
        const ldns_rr_list *list = ldns_pkt_question(packet);

        if (!ldns_pkt_qr(packet) || ldns_pkt_get_opcode(packet) != LDNS_PACKET_QUERY ||
            ldns_rr_list_rr_count(list) != 1)
                return NULL;

        const ldns_rr *question = ldns_rr_list_rr(list, 0);
        if (ldns_rr_get_type(question) != LDNS_RR_TYPE_SOA ||
            ldns_rr_get_class(question) != LDNS_RR_CLASS_IN)
                return NULL;
        for (size_t i = 0; i < run->n; i++) {
                Pending *p = run->pending + i;

                if (p->id == ldns_pkt_id(packet) && p->phase != PHASE_DONE &&
                    ldns_dname_compare(p->name, ldns_rr_owner(question)) == 0)
                        return p;
        }
        return NULL;
}

/* The SOA of this very zone in the answer section; a parent's stands in the authority section. */
static const ldns_rr *find_soa(const Pending *p, const ldns_pkt *packet) {
        const ldns_rr_list *answers = ldns_pkt_answer(packet);

        for (size_t i = 0; i < ldns_rr_list_rr_count(answers); i++) {
                const ldns_rr *rr = ldns_rr_list_rr(answers, i);

                if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA &&
                    ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN && ldns_rr_rd_count(rr) == 7 &&
                    ldns_dname_compare(p->name, ldns_rr_owner(rr)) == 0)
                        return rr;
        }
        return NULL;
}

/* False: the answer says nothing, ask again. */
static bool take_answer(DdnsSoaQuestion *q, const Pending *p, const ldns_pkt *packet) {
        const ldns_rr *soa = find_soa(p, packet);
        int rcode = ldns_pkt_get_rcode(packet);

        if (rcode == LDNS_RCODE_SERVFAIL)
                q->state = DDNS_SOA_FAILED;
        else if (rcode == LDNS_RCODE_NOERROR && soa && (q->without_aa || ldns_pkt_aa(packet))) {
                q->state = DDNS_SOA_SERVED;
                q->serial = ldns_rdf2native_int32(ldns_rr_rdf(soa, 2));
        } else if (ldns_pkt_tc(packet))
                /* Cut before the SOA, as response rate limiting does it. TC with the SOA in place is fine: what
                 * is missing is a long NS set. */
                return false;
        else
                q->state = DDNS_SOA_ABSENT;
        q->rcode = rcode;
        return true;
}

static void handle_packet(Run *run, const uint8_t *data, size_t size, uint64_t now) {
        ldns_pkt *packet = NULL;

        if (ldns_wire2pkt(&packet, data, size) != LDNS_STATUS_OK)
                return;

        Pending *p = find_pending(run, packet);
        if (p && take_answer(p->question, p, packet)) {
                if (p->phase == PHASE_ASKED)
                        run->n_asked--;
                run->answered = true;
                if (!run->until_met || ddns_soa_is_served(p->question)) {
                        p->phase = PHASE_DONE;
                        run->n_done++;
                } else {
                        p->phase = PHASE_WAITING;
                        p->due_usec = now + p->pause_usec;
                        p->silence_usec = SILENCE_MIN_USEC;
                        p->pause_usec = p->pause_usec * 2 < PAUSE_MAX_USEC ? p->pause_usec * 2
                                                                           : PAUSE_MAX_USEC;
                }
        }
        ldns_pkt_free(packet);
}

static int receive_all(Run *run, uint64_t now) {
        uint8_t buffer[ANSWER_MAX];

        /* Bounded, so that a flood can't keep us from looking at the clock. */
        for (unsigned i = 0; i < 2 * WINDOW; i++) {
                ssize_t k = recv(run->fd, buffer, sizeof buffer, MSG_DONTWAIT);
                if (k >= 0)
                        handle_packet(run, buffer, (size_t) k, now);
                else if (errno == EAGAIN)
                        break;
                else if (errno == ECONNREFUSED)
                        run->refused = true;
                else if (errno != EINTR)
                        return -errno;
        }
        return 0;
}

static uint64_t next_due(const Run *run, uint64_t deadline) {
        uint64_t next = deadline;

        for (size_t i = 0; i < run->n; i++) {
                const Pending *p = run->pending + i;

                /* With a full window what waits can't be sent before a place is free. */
                if (p->phase == PHASE_ASKED || (p->phase == PHASE_WAITING && run->n_asked < WINDOW))
                        next = p->due_usec < next ? p->due_usec : next;
        }
        return next;
}

static int wait_readable(const Run *run, uint64_t now, uint64_t until) {
        struct pollfd pfd = { .fd = run->fd, .events = POLLIN };
        uint64_t wait = until > now ? until - now : 0;
        /* At least 100 µs, for the moment when the socket's buffer is full and something is due. */
        struct timespec ts = { .tv_sec = (time_t) (wait / USEC_PER_SEC),
                               .tv_nsec = wait < 100 ? 100000 : (long) (wait % USEC_PER_SEC * 1000) };

        return ppoll(&pfd, 1, &ts, NULL) < 0 && errno != EINTR ? -errno : 0;
}

static int run_all(Run *run, uint64_t deadline) {
        while (run->n_done < run->n) {
                uint64_t now = ddns_monotonic_usec();
                int r;

                give_up_lost(run, now);
                if (now >= deadline)
                        break;
                r = send_due(run, now);
                if (r < 0)
                        return r;
                /* A server that is being restarted is worth waiting for, but not when asked just once. */
                if (run->refused && !run->until_met)
                        break;
                r = wait_readable(run, now, next_due(run, deadline));
                if (r < 0)
                        return r;
                r = receive_all(run, ddns_monotonic_usec());
                if (r < 0)
                        return r;
        }
        return 0;
}

static int ask(const DdnsSockaddr *server, DdnsSoaQuestion *questions, size_t n, uint64_t timeout_usec,
               bool until_met) {
        ddns_cleanup(run_done) Run run = { .fd = -EBADF, .until_met = until_met };
        uint64_t now = ddns_monotonic_usec();

        if (n == 0)
                return 0;
        int r = run_open(&run, server, questions, n, now);
        if (r < 0)
                return r;
        r = run_all(&run, now + timeout_usec);
        if (r < 0)
                return r;
        return until_met && !run.answered ? -ETIMEDOUT : 0;
}

int ddns_soa_ask(const DdnsSockaddr *server, DdnsSoaQuestion *questions, size_t n,
                 uint64_t timeout_usec) {
        return ask(server, questions, n, timeout_usec, false);
}

int ddns_soa_wait(const DdnsSockaddr *server, DdnsSoaQuestion *questions, size_t n,
                  uint64_t timeout_usec) {
        return ask(server, questions, n, timeout_usec, true);
}

bool ddns_soa_is_served(const DdnsSoaQuestion *q) {
        if (q->want_absent)
                return q->state == DDNS_SOA_ABSENT;
        return q->state == DDNS_SOA_SERVED && q->serial == q->want_serial;
}

void ddns_soa_explain(const DdnsSoaQuestion *q, DdnsMessage *ret) {
        static const char *const rcodes[] = {
                "an answer without authority for the zone",
                "FORMERR",
                "SERVFAIL",
                "NXDOMAIN",
                "NOTIMP",
                "REFUSED",
                "YXDOMAIN",
                "YXRRSET",
                "NXRRSET",
                "NOTAUTH",
                "NOTZONE",
        };

        if (q->state == DDNS_SOA_SILENT)
                (void) ddns_fail(ret, 0, "no answer");
        else if (q->state == DDNS_SOA_SERVED && q->want_absent)
                (void) ddns_fail(ret, 0, "still served with serial %u", q->serial);
        else if (q->state == DDNS_SOA_SERVED)
                (void) ddns_fail(ret, 0, "serial %u instead of %u", q->serial, q->want_serial);
        else if (q->rcode >= 0 && (size_t) q->rcode < ARRAY_SIZE(rcodes))
                (void) ddns_fail(ret, 0, "%s", rcodes[q->rcode]);
        else
                (void) ddns_fail(ret, 0, "rcode %d", q->rcode);
}
