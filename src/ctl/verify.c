/* SPDX-License-Identifier: MIT */
/* A look at a batch of zones on one backend: its content by the backend, what is served by its name servers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "basic/clock.h"
#include "ctl/text.h"
#include "ctl/verify.h"

#define ASK_USEC (3 * USEC_PER_SEC)

int ddns_inspection_open(DdnsInspection *i, DdnsCtl *c, DdnsBackendConfig *config,
                         DdnsMessage *message) {
        *i = (DdnsInspection){ .ctl = c, .config = config, .ops = ddns_backend_ops(config->type) };
        i->silent = calloc(config->n_nameservers + 1, sizeof *i->silent);
        if (!i->silent || ddns_ctl_resolve_backend(c, config) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");
        return i->ops->new (config, &i->backend, message);
}

void ddns_inspection_done(DdnsInspection *i) {
        if (i->backend)
                i->ops->free(i->backend);
        free(i->silent);
        *i = (DdnsInspection){ 0 };
}

static DdnsTask task_of(const DdnsDelivery *d) {
        return (DdnsTask){ .zone = d->zone,
                           .generation = d->generation,
                           .content = d->content,
                           .size = d->size,
                           .serial = d->serial };
}

static void add_text(DdnsVerified *v, const char *text) {
        size_t n = strlen(v->text.text);

        (void) snprintf(v->text.text + n, sizeof v->text.text - n, "%s%s", n > 0 ? "; " : "", text);
}

static int look_at_content(DdnsInspection *i, DdnsVerified *zones, size_t n, DdnsMessage *message) {
        ddns_cleanup(ddns_freep) DdnsTask *tasks = calloc(n + 1, sizeof *tasks);

        if (!tasks)
                return ddns_fail(message, -ENOMEM, "out of memory");
        for (size_t k = 0; k < n; k++) {
                tasks[k] = task_of(zones[k].zone);
                zones[k].content = DDNS_VERDICT_UNKNOWN;
        }
        int r = i->ops->inspect ? i->ops->inspect(i->backend, tasks, n, message) : 0;
        for (size_t k = 0; k < n; k++)
                if (tasks[k].state == DDNS_TASK_FAILED) {
                        zones[k].content = DDNS_VERDICT_BAD;
                        add_text(&zones[k], tasks[k].message.text);
                } else if (tasks[k].state == DDNS_TASK_WRITTEN)
                        zones[k].content = DDNS_VERDICT_GOOD;
        return r;
}

/* Waits until asking `n` questions has taken as long as reconcile.query-rate wants. */
static void pace(const DdnsCtl *c, uint64_t began_usec, size_t n) {
        uint64_t wanted = n * USEC_PER_SEC / c->config.reconcile.query_rate;
        uint64_t taken = ddns_monotonic_usec() - began_usec;

        if (wanted > taken) {
                uint64_t rest = wanted - taken;
                (void) nanosleep(&(struct timespec){ .tv_sec = (time_t) (rest / USEC_PER_SEC),
                                                     .tv_nsec = (long) (rest % USEC_PER_SEC) * 1000 },
                                 NULL);
        }
}

static void take_answer(const DdnsInspection *i, size_t server, const DdnsSoaQuestion *q,
                        DdnsVerified *v) {
        char address[DDNS_ADDRESS_MAX], line[DDNS_ADDRESS_MAX + sizeof(DdnsMessage) + 8];
        DdnsMessage why = DDNS_MESSAGE_NULL;

        if (ddns_soa_is_served(q))
                return;
        /* Those that fetch what was written in their own time may be silent. */
        bool harmless = q->state == DDNS_SOA_SILENT && i->ops->apart;
        if (v->served != DDNS_VERDICT_BAD)
                v->served = harmless ? DDNS_VERDICT_UNKNOWN : DDNS_VERDICT_BAD;
        ddns_address_format(&i->config->nameservers[server].sa, address);
        ddns_soa_explain(q, &why);
        (void) snprintf(line, sizeof line, "%s: %s", address, why.text);
        add_text(v, line);
}

static void ask(DdnsInspection *i, size_t server, DdnsSoaQuestion *questions, DdnsVerified *zones,
                size_t n) {
        uint64_t began_usec = ddns_monotonic_usec();
        size_t n_silent = 0;

        for (size_t k = 0; k < n; k++)
                questions[k] = (DdnsSoaQuestion){ .zone = zones[k].zone->zone,
                                                  .want_serial = zones[k].zone->serial,
                                                  .without_aa = i->ops->without_aa };
        /* One that is silent would cost its time-out for each page: what it does not say stays "no answer". */
        if (!i->silent[server]) {
                (void) ddns_soa_ask(&i->config->nameservers[server], questions, n, ASK_USEC);
                pace(i->ctl, began_usec, n);
        }
        for (size_t k = 0; k < n; k++) {
                n_silent += questions[k].state == DDNS_SOA_SILENT;
                take_answer(i, server, &questions[k], &zones[k]);
        }
        i->silent[server] = n_silent == n;
}

static int look_at_served(DdnsInspection *i, DdnsVerified *zones, size_t n, DdnsMessage *message) {
        ddns_cleanup(ddns_freep) DdnsSoaQuestion *questions = calloc(n + 1, sizeof *questions);

        if (!questions)
                return ddns_fail(message, -ENOMEM, "out of memory");
        for (size_t k = 0; k < n; k++)
                zones[k].served =
                                i->config->n_nameservers > 0 ? DDNS_VERDICT_GOOD : DDNS_VERDICT_UNKNOWN;
        for (size_t server = 0; server < i->config->n_nameservers; server++)
                ask(i, server, questions, zones, n);
        return 0;
}

int ddns_inspection_look(DdnsInspection *i, DdnsVerified *zones, size_t n, DdnsMessage *message) {
        int r = look_at_content(i, zones, n, message);

        return r < 0 ? r : look_at_served(i, zones, n, message);
}

static int add_line(char sign, const char *text, void *userdata) {
        DdnsBuffer *b = userdata;

        ddns_buffer_append_byte(b, sign);
        ddns_buffer_append_byte(b, ' ');
        ddns_escape(b, text);
        ddns_buffer_append_byte(b, '\n');
        return ddns_buffer_status(b);
}

int ddns_inspection_diff(DdnsInspection *i, const DdnsDelivery *zone, DdnsBuffer *ret,
                         DdnsMessage *message) {
        DdnsTask task = task_of(zone);

        return i->ops->diff ? i->ops->diff(i->backend, &task, add_line, ret, message) : 0;
}
