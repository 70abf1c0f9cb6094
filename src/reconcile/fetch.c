/* SPDX-License-Identifier: MIT */
/* Zones that are lacked or behind, from the masters' name servers: some transfers at a time from each, accepted in groups. */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "basic/crash-point.h"
#include "basic/hmac-key.h"
#include "dns/axfr.h"
#include "reconcile/pass-internal.h"
#include "zone/zone.h"

#define TRANSFERS_PER_MASTER 4
#define TRANSFERS            32

/* What came and is not accepted yet: a transfer waits for room. */
#define WAITING_MAX      256
#define WAITING_MAX_SIZE (64u << 20)

/* One commit. */
#define GROUP      64
#define GROUP_USEC (20 * USEC_PER_MSEC)

/* So many zones in a row that fail by the server and not by the zone: it is asked no more. */
#define FAILURES_MAX 5

#define LINES_MAX 100

/* One master's zones, and those who fetch them. */
typedef struct Source {
        PassMaster *master;
        DdnsHmacKey key;
        bool is_signed;
        atomic_size_t next;
        atomic_uint failures; /* in a row */
        atomic_bool broken;
        DdnsMessage broken_by; /* written by whom made it broken, read when all have ended */
        size_t n_told, n_absent;
        const char *absent; /* the first */
} Source;

/* A zone that came, or why not. */
typedef struct Arrival {
        struct Arrival *next;
        Source *source;
        const PassFetch *wanted;
        int error;
        DdnsMessage why;
        DdnsZone zone;
} Arrival;

typedef struct Fetching {
        Pass *pass;
        Source *sources;
        size_t n_sources;
        Source **slots; /* one for each transfer at a time */
        size_t n_slots;
        uint64_t n_wanted, n_done;

        DdnsCrew crew; /* its lock is over what follows */
        pthread_cond_t room;
        Arrival *head, **tail;
        size_t n_waiting, waiting_size;
        bool discard; /* nothing is accepted any more */
} Fetching;

int pass_add_fetch(PassFetches *list, PassFetch item) {
        if (list->n == list->allocated) {
                size_t wanted = list->allocated > 0 ? 2 * list->allocated : 64;
                PassFetch *items = reallocarray(list->items, wanted, sizeof *items);

                if (!items)
                        return -ENOMEM;
                list->items = items;
                list->allocated = wanted;
        }
        list->items[list->n++] = item;
        return 0;
}

static void arrival_free(Arrival *a) {
        ddns_zone_done(&a->zone);
        free(a);
}

static void free_arrivals(Arrival *list) {
        for (Arrival *next; list; list = next) {
                next = list->next;
                arrival_free(list);
        }
}

/* ---- in the threads of the crew ---------------------------------------------------------------------------------- */

static bool is_of_server(int error) {
        return error < 0 && error != -ENOENT && error != -EAGAIN && error != -EBADMSG && error != -EFBIG;
}

static void judge(Source *s, const Arrival *a, int error) {
        if (!is_of_server(error))
                atomic_store(&s->failures, 0);
        else if (atomic_fetch_add(&s->failures, 1) + 1 == FAILURES_MAX &&
                 !atomic_exchange(&s->broken, true))
                s->broken_by = a->why;
}

static void transfer(const Fetching *f, Arrival *a) {
        const DdnsConfig *config = f->pass->config;
        const DdnsReconcileMaster *m = a->source->master->config;
        const DdnsAxfrLimits limits = { .silence_usec = m->timeout_usec,
                                        .total_usec = m->total_timeout_usec,
                                        .max_size = (size_t) config->receiver.max_body_kib * 1024 };
        const DdnsZoneLimits zone_limits = { .max_records = config->receiver.max_records };
        ddns_cleanup(ddns_buffer_done) DdnsBuffer text = DDNS_BUFFER_NULL;

        a->error = ddns_axfr_fetch(m->axfr.address, a->wanted->zone,
                                   a->source->is_signed ? &a->source->key : NULL, &limits, &text,
                                   &a->why);
        judge(a->source, a, a->error);
        if (a->error >= 0)
                a->error = ddns_zone_check(a->wanted->zone, text.data, text.size, &zone_limits, &a->zone,
                                           &a->why);
}

/* False: nothing is accepted any more. */
static bool hand_over(Fetching *f, Arrival *a) {
        DdnsCrew *c = &f->crew;

        (void) pthread_mutex_lock(&c->lock);
        while (!f->discard && (f->n_waiting >= WAITING_MAX || f->waiting_size >= WAITING_MAX_SIZE))
                (void) pthread_cond_wait(&f->room, &c->lock);
        bool taken = !f->discard;
        if (taken) {
                *f->tail = a;
                f->tail = &a->next;
                f->n_waiting++;
                f->waiting_size += a->zone.size;
                if (f->n_waiting >= GROUP)
                        (void) pthread_cond_signal(&c->news);
        }
        (void) pthread_mutex_unlock(&c->lock);
        if (!taken)
                arrival_free(a);
        return taken;
}

/* A transfer at a time, until there is nothing more to fetch from its source. */
static void fetch(void *item, void *userdata) {
        Source *s = *(Source **) item;
        const PassFetches *list = &s->master->fetches;
        Fetching *f = userdata;

        while (!pass_is_stopped(f->pass) && !atomic_load(&s->broken)) {
                size_t i = atomic_fetch_add(&s->next, 1);
                Arrival *a = i < list->n ? calloc(1, sizeof *a) : NULL;

                if (!a)
                        return; /* without memory the rest is left to the next pass */
                a->source = s;
                a->wanted = &list->items[i];
                transfer(f, a);
                if (!hand_over(f, a))
                        return;
        }
}

/* ---- in the caller's thread --------------------------------------------------------------------------------------- */

static void tell_failure(Fetching *f, const Arrival *a) {
        Source *s = a->source;
        DdnsReportFields fields = { .zone = a->wanted->zone, .master = s->master->config->name };

        f->pass->sum.fetch_failed++;
        if (a->error == -ENOENT || a->error == -EAGAIN) {
                s->absent = s->absent ?: a->wanted->zone;
                s->n_absent++;
        } else if (s->n_told++ < LINES_MAX)
                ddns_report(DDNS_EVENT_FETCH_FAILED, &fields, "%s: could not be fetched from %s: %s",
                            a->wanted->zone, s->master->config->name, a->why.text);
}

static void tell_outcome(Fetching *f, const Arrival *a, const DdnsChange *c) {
        const char *name = a->source->master->config->name;
        DdnsReportFields fields = { .zone = a->wanted->zone,
                                    .master = name,
                                    .generation = c->generation,
                                    .serial = a->zone.serial,
                                    .has_serial = true };

        if (c->outcome != DDNS_OUTCOME_SAVED && c->outcome != DDNS_OUTCOME_UNCHANGED) {
                ddns_report(DDNS_EVENT_INFO, &fields,
                            "%s: what was fetched from %s is not taken: it was changed here meanwhile",
                            a->wanted->zone, name);
                return;
        }
        f->pass->sum.fetched++;
        ddns_report(DDNS_EVENT_ZONE_FETCHED, &fields,
                    "%s: fetched from %s, serial %" PRIu32 ", since %s", a->wanted->zone, name,
                    a->zone.serial,
                    a->wanted->is_behind ? "its name server is ahead of what was held"
                                         : "it was not here");
        if (a->zone.n_dropped > 0)
                ddns_report(DDNS_EVENT_RECORDS_DROPPED, &fields, "%s: records left out: %" PRIu32 ": %s",
                            a->wanted->zone, a->zone.n_dropped, a->zone.warning.text);
}

/* A secondary that lags behind the one that answered the question may give an older one than is held. */
static bool is_wanted(const Arrival *a) {
        return a->error >= 0 &&
               (!a->wanted->is_behind || (int32_t) (a->zone.serial - a->wanted->serial) > 0);
}

/* A push that came meanwhile wins. */
static DdnsChange make_change(const Arrival *a) {
        const DdnsReconcileMaster *m = a->source->master->config;
        const DdnsHeldZone *h = a->wanted->held;
        DdnsChange c = { .kind = DDNS_CHANGE_SAVE,
                         .zone = a->wanted->zone,
                         .content = a->zone.text,
                         .size = a->zone.size,
                         .digest = a->zone.digest,
                         .serial = a->zone.serial,
                         .master = m->name };

        if (a->wanted->is_behind) {
                c.only_held = true;
                c.held_generation = h->generation;
                c.held_accepted_usec = h->accepted_usec;
                c.held_owner = h->owner;
        } else {
                c.hostname = m->servername;
                c.only_absent = true;
                c.tombstone = h ? h->generation : 0;
        }
        return c;
}

static int accept_group(Fetching *f, Arrival *const *arrivals, size_t n) {
        DdnsChange changes[GROUP];
        Pass *p = f->pass;

        if (n == 0)
                return 0;
        for (size_t i = 0; i < n; i++)
                changes[i] = make_change(arrivals[i]);
        int r = ddns_store_accept(p->store, changes, n, ddns_now_usec());
        DDNS_CRASH_POINT("fetched");
        if (r < 0)
                return pass_fail_store(p, r);
        for (size_t i = 0; i < n; i++)
                tell_outcome(f, arrivals[i], &changes[i]);
        pass_wake(p);
        return 0;
}

static Arrival *take_arrivals(Fetching *f) {
        (void) pthread_mutex_lock(&f->crew.lock);
        Arrival *head = f->head;
        f->head = NULL;
        f->tail = &f->head;
        f->n_waiting = f->waiting_size = 0;
        (void) pthread_cond_broadcast(&f->room);
        (void) pthread_mutex_unlock(&f->crew.lock);
        return head;
}

/* Takes the first of the list into a group; frees what it took. */
static int take_group(Fetching *f, Arrival **list) {
        Arrival *group[GROUP], *wanted[GROUP];
        size_t n = 0, n_wanted = 0;

        for (; *list && n < GROUP; n++) {
                group[n] = *list;
                *list = group[n]->next;
                if (group[n]->error < 0)
                        tell_failure(f, group[n]);
                else if (is_wanted(group[n]))
                        wanted[n_wanted++] = group[n];
        }
        int r = accept_group(f, wanted, n_wanted);
        f->n_done += n;
        while (n > 0)
                arrival_free(group[--n]);
        return r;
}

static int take_all(Fetching *f) {
        Arrival *list = take_arrivals(f);
        int r = 0;

        while (list && r >= 0)
                r = take_group(f, &list);
        free_arrivals(list);
        return r;
}

static void discard(Fetching *f) {
        (void) pthread_mutex_lock(&f->crew.lock);
        f->discard = true;
        (void) pthread_cond_broadcast(&f->room);
        (void) pthread_mutex_unlock(&f->crew.lock);
}

static int run(Fetching *f) {
        bool ended = false;
        size_t ignored;

        int r = ddns_crew_start(&f->crew, fetch, f->slots, f->n_slots, sizeof *f->slots, f, TRANSFERS);
        if (r < 0)
                return ddns_fail(f->pass->message, r, "no thread can be made");
        while (r >= 0 && !ended) {
                ended = ddns_crew_wait(&f->crew, GROUP_USEC, &ignored);
                r = take_all(f);
                pass_tell_progress(f->pass, "fetching zones", f->n_done, f->n_wanted);
        }
        discard(f);
        ddns_crew_end(&f->crew);
        free_arrivals(f->head);
        return r;
}

static void tell_source(const Fetching *f, const Source *s) {
        const DdnsReconcileMaster *m = s->master->config;
        size_t asked = atomic_load(&s->next), n = s->master->fetches.n;
        DdnsReportFields fields = { .master = m->name };

        if (s->n_absent > 0)
                ddns_report(DDNS_EVENT_ZONE_LACKED, &fields,
                            "%s lists %zu zones that its name server does not give us: it does not answer for "
                            "them, or does not let us transfer them; %s is one of them",
                            m->name, s->n_absent, s->absent);
        if (s->n_told > LINES_MAX)
                ddns_report(DDNS_EVENT_FETCH_FAILED, &fields,
                            "%zu more zones could not be fetched from %s", s->n_told - LINES_MAX,
                            m->name);
        if (atomic_load(&s->broken) && asked < n) {
                f->pass->sum.fetch_failed += n - asked;
                ddns_report(DDNS_EVENT_FETCH_FAILED, &fields,
                            "the name server of %s is asked no more in this pass, which leaves %zu zones: %s",
                            m->name, n - asked, s->broken_by.text);
        }
}

/* A source whose key can't be read has no slots: it is broken from the start. */
static void open_source(Fetching *f, PassMaster *m) {
        Source *s = &f->sources[f->n_sources++];

        s->master = m;
        s->is_signed = m->config->axfr.key_file != NULL;
        if (s->is_signed && ddns_hmac_key_read(m->config->axfr.key_file, &s->key, &s->broken_by) < 0)
                atomic_store(&s->broken, true);
        f->n_wanted += m->fetches.n;
}

static int prepare(Fetching *f) {
        Pass *p = f->pass;

        f->sources = calloc(p->n_masters + 1, sizeof *f->sources);
        f->slots = calloc(p->n_masters * TRANSFERS_PER_MASTER + 1, sizeof(Source *));
        if (!f->sources || !f->slots)
                return ddns_fail(p->message, -ENOMEM, "out of memory");
        for (size_t i = 0; i < p->n_masters; i++)
                if (p->masters[i].fetches.n > 0)
                        open_source(f, &p->masters[i]);
        /* each master has one before any has two */
        for (size_t k = 0; k < TRANSFERS_PER_MASTER; k++)
                for (size_t i = 0; i < f->n_sources; i++)
                        if (!atomic_load(&f->sources[i].broken))
                                f->slots[f->n_slots++] = &f->sources[i];
        return 0;
}

static void fetching_done(Fetching *f) {
        for (size_t i = 0; i < f->n_sources; i++)
                ddns_hmac_key_done(&f->sources[i].key);
        free(f->sources);
        free(f->slots);
        (void) pthread_cond_destroy(&f->room);
}

int pass_fetch(Pass *p) {
        ddns_cleanup(fetching_done)
                        Fetching f = { .pass = p, .tail = &f.head, .room = PTHREAD_COND_INITIALIZER };

        if (p->is_dry) {
                for (size_t i = 0; i < p->n_masters; i++)
                        p->sum.fetched += p->masters[i].fetches.n;
                return 0;
        }
        int r = prepare(&f);
        if (r >= 0 && f.n_slots > 0)
                r = run(&f);
        for (size_t i = 0; i < f.n_sources; i++)
                tell_source(&f, &f.sources[i]);
        return r;
}
