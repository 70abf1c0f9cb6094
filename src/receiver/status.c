/* SPDX-License-Identifier: MIT */
/* The state of this node as JSON, for GET /status. */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "receiver/service.h"
#include "store/reconcile.h"

static int add_backend(const DdnsBackendRow *row, void *userdata) {
        json_t *o = json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s?}", "name",
                              row->name, "up", row->failures == 0, "since_usec",
                              (json_int_t) row->since_usec, "cursor", (json_int_t) row->cursor,
                              "pending", (json_int_t) row->pending, "written", (json_int_t) row->written,
                              "deferred", (json_int_t) row->deferred, "dead", (json_int_t) row->dead,
                              "oldest_usec", (json_int_t) row->oldest_usec, "delay_usec",
                              (json_int_t) row->delay_usec, "error", row->error);

        return json_array_append_new(userdata, o) < 0 ? -ENOMEM : 0;
}

static int add_master(const DdnsMasterRow *row, void *userdata) {
        json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "name", row->name, "hostname",
                              row->hostname, "client", row->client, "contact_usec",
                              (json_int_t) row->contact_usec, "accepted", (json_int_t) row->accepted,
                              "refused", (json_int_t) row->refused);

        return json_array_append_new(userdata, o) < 0 ? -ENOMEM : 0;
}

/* A new reference; JSON's null if there was no pass yet. */
static int get_last_pass(DdnsStore *store, json_t **ret) {
        DdnsPass p = { 0 };
        int r = ddns_store_get_pass(store, &p);

        if (r == -ENOENT) {
                *ret = json_null();
                return 0;
        }
        if (r < 0)
                return r;
        const struct {
                const char *name;
                uint64_t value;
        } numbers[] = {
                { "started_usec", p.started_usec },
                { "ended_usec", p.ended_usec },
                { "masters", p.masters },
                { "unreachable", p.unreachable },
                { "listed", p.listed },
                { "held", p.held },
                { "orphans", p.orphans },
                { "deleted", p.deleted },
                { "braked", p.braked },
                { "backfilled", p.backfilled },
                { "moved", p.moved },
                { "unclear", p.unclear },
                { "fetched", p.fetched },
                { "fetch_failed", p.fetch_failed },
                { "lacked", p.lacked },
                { "healed", p.healed },
        };
        json_t *o = json_pack("{s:b, s:b, s:s}", "dry_run", p.dry_run, "failed", p.failed, "error",
                              p.error);

        for (size_t i = 0; o && i < ARRAY_SIZE(numbers); i++)
                if (json_object_set_new(o, numbers[i].name,
                                        json_integer((json_int_t) numbers[i].value)) < 0) {
                        json_decref(o);
                        o = NULL;
                }
        *ret = o;
        return o ? 0 : -ENOMEM;
}

static inline void json_freep(json_t **j) {
        json_decref(*j);
}

int ddns_service_status(DdnsService *s, DdnsStore *store, DdnsBuffer *ret) {
        ddns_cleanup(json_freep) json_t *backends = json_array();
        ddns_cleanup(json_freep) json_t *masters = json_array();
        ddns_cleanup(json_freep) json_t *pass = NULL;
        DdnsStoreCounts counts;
        int r;

        r = ddns_store_count(store, &counts);
        if (r >= 0)
                r = ddns_store_each_backend(store, add_backend, backends);
        if (r >= 0)
                r = ddns_store_each_master(store, add_master, masters);
        if (r >= 0)
                r = get_last_pass(store, &pass);
        if (r < 0)
                return r;

        ddns_cleanup(json_freep) json_t *all = json_pack(
                        "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:O, s:O, s:O}", "version", DDNS_VERSION,
                        "hostname", s->hostname, "started_usec", (json_int_t) s->started_usec, "pushes",
                        (json_int_t) atomic_load(&s->pushes), "refused",
                        (json_int_t) atomic_load(&s->refused), "zones", (json_int_t) counts.zones,
                        "generation", (json_int_t) counts.generation, "backends", backends, "masters",
                        masters, "last_pass", pass);
        char *text = all ? json_dumps(all, JSON_INDENT(2)) : NULL;
        if (!text)
                return -ENOMEM;
        ddns_buffer_reset(ret);
        ddns_buffer_append_text(ret, text);
        ddns_buffer_append_byte(ret, '\n');
        free(text);
        return ddns_buffer_status(ret);
}
