/* SPDX-License-Identifier: MIT */
/* The looks of a comparison at its backend, each of them short. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "basic/domain.h"
#include "deliver/heal-internal.h"

/* How long a name server that was silent is left alone. */
#define SILENT_USEC (5 * USEC_PER_SEC)
/* How often suspects are asked about, and for how long. */
#define AGAIN_USEC   (200 * USEC_PER_MSEC)
#define CONFIRM_USEC (2 * USEC_PER_SEC)
/* How much of the time that was lost queries catch up with. */
#define CATCH_UP_USEC (100 * USEC_PER_MSEC)

/* ---- what is served ---- */

static void suspect(const DdnsSoaQuestion *q, DdnsSuspect *s) {
        DdnsMessage why;

        ddns_soa_explain(q, &why);
        (void) ddns_fail(&s->why, 0, "served: %.400s", why.text);
}

/* Of one name server. One that answers nothing at all says nothing about the zones. */
static void ask_server(DdnsLane *l, size_t server, DdnsSoaQuestion *questions, DdnsSuspect *zones,
                       size_t n) {
        DdnsHeal *h = &l->heal;
        bool silent = true;

        if (ddns_monotonic_usec() < h->silent_usec[server])
                return;
        for (size_t i = 0; i < n; i++)
                questions[i] = (DdnsSoaQuestion){ .zone = zones[i].zone,
                                                  .want_serial = zones[i].serial,
                                                  .without_aa = l->ops->without_aa };
        /* An error of the socket is as good as silence. */
        (void) ddns_soa_ask(&l->backend_config->nameservers[server], questions, n, PATIENCE_USEC);
        for (size_t i = 0; i < n; i++) {
                silent = silent && questions[i].state == DDNS_SOA_SILENT;
                if (questions[i].state != DDNS_SOA_SILENT && !ddns_soa_is_served(&questions[i]))
                        suspect(&questions[i], &zones[i]);
        }
        h->silent_usec[server] = silent ? ddns_monotonic_usec() + SILENT_USEC : 0;
        h->was_silent[server] |= silent;
}

/* No more than so many queries a second. */
static void pace(DdnsLane *l, uint64_t now, size_t n) {
        uint64_t rate = l->config->reconcile.query_rate;
        DdnsHeal *h = &l->heal;

        if (rate == 0 || l->backend_config->n_nameservers == 0)
                return;
        if (h->next_usec + CATCH_UP_USEC < now)
                h->next_usec = now - CATCH_UP_USEC;
        h->next_usec += n * USEC_PER_SEC / rate;
}

/* Asks about `zones` and keeps those of which a name server shows something else; at most so many a second. */
static int ask(DdnsLane *l, DdnsSuspect *zones, size_t *n) {
        ddns_cleanup(ddns_freep) DdnsSoaQuestion *questions = calloc(*n + 1, sizeof *questions);
        size_t kept = 0;

        if (!questions)
                return -ENOMEM;
        for (size_t i = 0; i < *n; i++)
                zones[i].why = DDNS_MESSAGE_NULL;
        uint64_t now = ddns_monotonic_usec();
        for (size_t i = 0; *n > 0 && i < l->backend_config->n_nameservers; i++)
                ask_server(l, i, questions, zones, *n);
        pace(l, now, *n);
        for (size_t i = 0; i < *n; i++)
                if (zones[i].why.text[0])
                        zones[kept++] = zones[i];
        *n = kept;
        return 0;
}

int ddns_heal_ask_suspects(DdnsLane *l) {
        DdnsHeal *h = &l->heal;

        int r = ask(l, h->suspects, &h->n_suspects);
        uint64_t now = ddns_monotonic_usec();
        if (r < 0 || h->n_suspects == 0)
                return r < 0 ? r : 1;
        if (now < h->confirm_usec) {
                if (h->next_usec < now + AGAIN_USEC)
                        h->next_usec = now + AGAIN_USEC;
                return 1;
        }
        while (h->n_suspects > 0) {
                DdnsSuspect *s = &h->suspects[h->n_suspects - 1];

                r = ddns_heal_put_back(l, s->zone, s->generation, DDNS_HEAL_SERVED, s->why.text);
                if (r < 0)
                        return r;
                h->n_suspects--;
        }
        return 1;
}

static int ask_page(DdnsLane *l) {
        uint64_t confirm = l->backend_config->served_timeout_usec, now;
        DdnsHeal *h = &l->heal;

        int r = ask(l, h->suspects, &h->n_suspects);
        if (r < 0 || h->n_suspects == 0)
                return r;
        if (confirm > CONFIRM_USEC)
                confirm = CONFIRM_USEC;
        if (confirm > h->patience_usec)
                confirm = h->patience_usec;
        h->patience_usec -= confirm;
        now = ddns_monotonic_usec();
        h->confirm_usec = now + confirm;
        if (h->next_usec < now + AGAIN_USEC)
                h->next_usec = now + AGAIN_USEC;
        return 0;
}

/* ---- what is there ---- */

static int list_one(const char *zone, void *userdata) {
        return ddns_names_add(userdata, zone);
}

static int list(DdnsLane *l, DdnsMessage *why) {
        DdnsHeal *h = &l->heal;

        h->listed = true;
        if (!l->ops->list)
                return 1;
        int r = l->ops->list(l->backend, list_one, &h->there, why);
        if (r < 0)
                return r == -ENOMEM ? r : -ECONNABORTED;
        ddns_names_sort(&h->there);
        return 1;
}

static void add_suspect(DdnsHeal *h, const DdnsDelivery *d) {
        DdnsSuspect *s = &h->suspects[h->n_suspects++];

        (void) snprintf(s->zone, sizeof s->zone, "%s", d->zone);
        s->generation = d->generation;
        s->serial = d->serial;
}

/* Those that are right in themselves are asked about. */
static int judge(DdnsLane *l, const DdnsBatch *batch, const DdnsTask *tasks) {
        int r = 0;

        for (size_t i = 0; i < batch->n && r >= 0; i++) {
                const DdnsDelivery *d = &batch->deliveries[i];

                if (tasks[i].state == DDNS_TASK_FAILED)
                        r = ddns_heal_put_back(l, d->zone, d->generation, DDNS_HEAL_CONTENT,
                                               tasks[i].message.text);
                else if (tasks[i].state == DDNS_TASK_WRITTEN)
                        add_suspect(&l->heal, d);
        }
        return r;
}

static int inspect(DdnsLane *l, const DdnsBatch *batch, DdnsMessage *why) {
        ddns_cleanup(ddns_freep) DdnsTask *tasks = calloc(batch->n, sizeof *tasks);
        int r = 0;

        if (!tasks)
                return -ENOMEM;
        for (size_t i = 0; i < batch->n; i++) {
                const DdnsDelivery *d = &batch->deliveries[i];

                tasks[i] = (DdnsTask){ .zone = d->zone,
                                       .generation = d->generation,
                                       .content = d->content,
                                       .size = d->size,
                                       .serial = d->serial,
                                       .state = l->ops->inspect ? DDNS_TASK_PENDING
                                                                : DDNS_TASK_WRITTEN };
        }
        if (l->ops->inspect)
                r = l->ops->inspect(l->backend, tasks, batch->n, why);
        if (r < 0)
                return r == -ENOMEM ? r : -ECONNABORTED;
        return ddns_lane_is_stopping(l) ? 0 : judge(l, batch, tasks);
}

/* A push waits for the page at hand. Where a name server reads a database in its own time, that counts less than the way to the
 * database, which every page takes. */
static size_t page_size(const DdnsLane *l) {
        uint32_t rate = l->config->reconcile.query_rate; /* 0: no limit */
        size_t most = l->ops->apart ? DDNS_HEAL_PAGE : DDNS_HEAL_PAGE / 5;

        if (rate == 0 || l->backend_config->n_nameservers == 0 || rate / 4 > most)
                return most;
        return rate < 4 ? 1 : rate / 4;
}

int ddns_heal_page(DdnsLane *l, DdnsMessage *why) {
        ddns_cleanup(ddns_batch_done) DdnsBatch batch = DDNS_BATCH_NULL;
        DdnsHeal *h = &l->heal;

        int r = ddns_store_take_delivered(l->store, l->name, h->after, page_size(l), &batch);
        if (r < 0)
                return ddns_lane_store_failed(l, r);
        if (batch.n == 0)
                return list(l, why);
        r = inspect(l, &batch, why);
        if (r < 0)
                return r;
        h->compared += batch.n;
        (void) snprintf(h->after, sizeof h->after, "%s", batch.deliveries[batch.n - 1].zone);
        if (ddns_lane_is_stopping(l))
                return 1;
        r = ask_page(l);
        return r < 0 ? r : 1;
}

/* ---- what is not ours ---- */

static int find_state(const DdnsZoneState *row, void *userdata) {
        const DdnsLane *l = userdata;

        return strcmp(row->backend, l->name) == 0 && row->state != DDNS_DELIVERY_DELIVERED;
}

/* 1: it is not ours; 0: we have it, or its delete is still to come. */
static int is_foreign(DdnsLane *l, const char *name) {
        char zone[DDNS_ZONE_NAME_MAX + 1];
        DdnsZoneRow row;

        if (ddns_zone_name_check(name, strlen(name), zone, NULL) < 0)
                return 1;
        int r = ddns_store_get_zone(l->store, zone, &row, NULL);
        if (r < 0)
                return r == -ENOENT ? 1 : ddns_lane_store_failed(l, r);
        if (!row.deleted)
                return 0;
        r = ddns_store_each_state(l->store, zone, find_state, l);
        return r < 0 ? ddns_lane_store_failed(l, r) : r == 0;
}

static void note_foreign(DdnsHeal *h, const char *name) {
        DdnsMessage before = h->foreign_text;

        if (h->foreign++ < DDNS_HEAL_NAMED)
                (void) ddns_fail(&h->foreign_text, 0, "%s %s", before.text, name);
}

int ddns_heal_sort_out_foreign(DdnsLane *l) {
        DdnsHeal *h = &l->heal;

        for (size_t i = 0; i < DDNS_HEAL_PAGE && h->next < h->there.n; i++, h->next++) {
                int r = is_foreign(l, h->there.items[h->next]);

                if (r < 0)
                        return r;
                if (r > 0)
                        note_foreign(h, h->there.items[h->next]);
        }
        return h->next < h->there.n;
}
