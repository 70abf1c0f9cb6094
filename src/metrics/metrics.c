/* SPDX-License-Identifier: MIT */
/* What the store knows, as metrics. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "basic/clock.h"
#include "metrics/format.h"
#include "metrics/metrics.h"
#include "metrics/process.h"
#include "store/figures.h"
#include "store/reconcile.h"

/* clang-format off */
typedef struct Node {
        DdnsStoreCounts counts;
        DdnsStoreSize size;
} Node;

#define FIELD(field) offsetof(Node, field)
static const DdnsMetric node_metrics[] = {
        { "ddns_zones", "gauge", "Zones held.", NULL, FIELD(counts.zones), DDNS_METRIC_NUMBER },
        { "ddns_tombstones", "gauge", "Deleted zones that are remembered.", NULL, FIELD(counts.tombstones), DDNS_METRIC_NUMBER },
        { "ddns_generations_total", "counter", "Changes of zones ever accepted: the newest generation.", NULL, FIELD(counts.generation), DDNS_METRIC_NUMBER },
        { "ddns_database_size_bytes", "gauge", "Size of the database file.", NULL, FIELD(size.bytes), DDNS_METRIC_NUMBER },
        { "ddns_database_free_bytes", "gauge", "Unused part of the database file.", NULL, FIELD(size.free_bytes), DDNS_METRIC_NUMBER },
        { "ddns_database_wal_size_bytes", "gauge", "Size of the write-ahead log beside the database.", NULL, FIELD(size.log_bytes), DDNS_METRIC_NUMBER },
};
#undef FIELD

typedef struct Backend {
        DdnsBackendFigures row; /* begins with the name */
        uint64_t up, delivered_zones, age_usec;
} Backend;

#define FIELD(field) offsetof(Backend, field)
static const DdnsMetric backend_metrics[] = {
        { "ddns_backend_up", "gauge", "Whether the backend as a whole answered when it was used last.", NULL, FIELD(up), DDNS_METRIC_NUMBER },
        { "ddns_backend_consecutive_failures", "gauge", "Failures of the backend as a whole since it answered last.", NULL, FIELD(row.failures), DDNS_METRIC_NUMBER },
        { "ddns_backend_state_change_timestamp_seconds", "gauge", "When the backend went up or down.", NULL, FIELD(row.since_usec), DDNS_METRIC_TIMESTAMP },
        { "ddns_backend_changes", "gauge", "Zones by what has become of their newest version, deletes included.", "state=\"delivered\"", FIELD(delivered_zones), DDNS_METRIC_NUMBER },
        { "ddns_backend_changes", "gauge", NULL, "state=\"pending\"", FIELD(row.pending), DDNS_METRIC_NUMBER },
        { "ddns_backend_changes", "gauge", NULL, "state=\"written\"", FIELD(row.written), DDNS_METRIC_NUMBER },
        { "ddns_backend_changes", "gauge", NULL, "state=\"deferred\"", FIELD(row.deferred), DDNS_METRIC_NUMBER },
        { "ddns_backend_changes", "gauge", NULL, "state=\"dead\"", FIELD(row.dead), DDNS_METRIC_NUMBER },
        { "ddns_backend_oldest_waiting_seconds", "gauge", "Age of the oldest change that is pending, or written and not served; 0 if none is.", NULL, FIELD(age_usec), DDNS_METRIC_SECONDS },
        { "ddns_backend_delay_seconds", "gauge", "From acceptance until delivered, of the change that was delivered last.", NULL, FIELD(row.delay_usec), DDNS_METRIC_SECONDS },
        { "ddns_backend_deliveries_total", "counter", "Deliveries of single zones.", "result=\"success\"", FIELD(row.delivered), DDNS_METRIC_NUMBER },
        { "ddns_backend_deliveries_total", "counter", NULL, "result=\"failure\"", FIELD(row.failed), DDNS_METRIC_NUMBER },
        { "ddns_backend_last_success_timestamp_seconds", "gauge", "When a zone was delivered last.", NULL, FIELD(row.delivered_usec), DDNS_METRIC_TIMESTAMP },
};
#undef FIELD

typedef struct Master {
        char name[DDNS_OWNER_MAX + 1];
        char hostname[DDNS_OWNER_MAX + 1];
        uint64_t contact_usec, accepted, refused, zones;
} Master;

#define FIELD(field) offsetof(Master, field)
static const DdnsMetric master_metrics[] = {
        { "ddns_master_last_contact_timestamp_seconds", "gauge", "Last request of the master.", NULL, FIELD(contact_usec), DDNS_METRIC_TIMESTAMP },
        { "ddns_master_pushes_total", "counter", "Pushes of the master.", "result=\"accepted\"", FIELD(accepted), DDNS_METRIC_NUMBER },
        { "ddns_master_pushes_total", "counter", NULL, "result=\"refused\"", FIELD(refused), DDNS_METRIC_NUMBER },
        { "ddns_master_zones", "gauge", "Zones whose owner is the host that the master last called itself.", NULL, FIELD(zones), DDNS_METRIC_NUMBER },
};
#undef FIELD

typedef struct Listing {
        char name[DDNS_OWNER_MAX + 1];
        uint64_t up, failures, since_usec;
} Listing;

#define FIELD(field) offsetof(Listing, field)
static const DdnsMetric listing_metrics[] = {
        { "ddns_listing_up", "gauge", "Whether the master of reconcile.masters gave its list of zones when it was asked last.", NULL, FIELD(up), DDNS_METRIC_NUMBER },
        { "ddns_listing_consecutive_failures", "gauge", "Times in a row that it gave none.", NULL, FIELD(failures), DDNS_METRIC_NUMBER },
        { "ddns_listing_state_change_timestamp_seconds", "gauge", "Since when that is so.", NULL, FIELD(since_usec), DDNS_METRIC_TIMESTAMP },
};
#undef FIELD

typedef struct Pass {
        DdnsPass row;
        uint64_t failed, duration_usec;
} Pass;

#define FIELD(field) offsetof(Pass, field)
static const DdnsMetric pass_metrics[] = {
        { "ddns_reconcile_last_pass_timestamp_seconds", "gauge", "When the last pass of ddns-reconcile ended.", NULL, FIELD(row.ended_usec), DDNS_METRIC_TIMESTAMP },
        { "ddns_reconcile_last_pass_duration_seconds", "gauge", "How long it took.", NULL, FIELD(duration_usec), DDNS_METRIC_SECONDS },
        { "ddns_reconcile_last_pass_failed", "gauge", "Whether it ended early.", NULL, FIELD(failed), DDNS_METRIC_NUMBER },
        { "ddns_reconcile_unreachable_masters", "gauge", "Masters that gave no list in the last pass.", NULL, FIELD(row.unreachable), DDNS_METRIC_NUMBER },
        { "ddns_reconcile_orphans", "gauge", "Zones that their masters no longer had in the last pass.", NULL, FIELD(row.orphans), DDNS_METRIC_NUMBER },
        { "ddns_reconcile_braked", "gauge", "Orphans that the brake kept in the last pass.", NULL, FIELD(row.braked), DDNS_METRIC_NUMBER },
        { "ddns_reconcile_deleted", "gauge", "Orphans deleted by the last pass.", NULL, FIELD(row.deleted), DDNS_METRIC_NUMBER },
        { "ddns_reconcile_fetched", "gauge", "Missing zones fetched by the last pass.", NULL, FIELD(row.fetched), DDNS_METRIC_NUMBER },
        { "ddns_reconcile_fetch_failed", "gauge", "Missing zones that could not be fetched in the last pass.", NULL, FIELD(row.fetch_failed), DDNS_METRIC_NUMBER },
        { "ddns_reconcile_healed", "gauge", "Zones delivered again by the last pass because a name server differed.", NULL, FIELD(row.healed), DDNS_METRIC_NUMBER },
};
#undef FIELD
/* clang-format on */

typedef struct All {
        const DdnsConfig *config;
        Node node;
        Backend *backends;
        size_t n_backends;
        Master masters[DDNS_MASTERS_MAX];
        size_t n_masters;
        Listing *listings;
        Pass pass;
        bool has_pass;
} All;

static All *all_free(All *a) {
        free(a->backends);
        free(a->listings);
        free(a);
        return NULL;
}
DDNS_DEFINE_CLEANUP(All *, all_free)

static int add_backend(const DdnsBackendFigures *row, void *userdata) {
        All *a = userdata;
        Backend *more = reallocarray(a->backends, a->n_backends + 1, sizeof *more);
        uint64_t now = ddns_now_usec(),
                 waiting = row->pending + row->written + row->deferred + row->dead;
        uint64_t changes = a->node.counts.zones + a->node.counts.tombstones;

        if (!more)
                return -ENOMEM;
        a->backends = more;
        a->backends[a->n_backends++] = (Backend){
                .row = *row,
                .up = row->failures == 0,
                .delivered_zones = changes > waiting ? changes - waiting : 0,
                .age_usec = row->oldest_usec > 0 && row->oldest_usec < now ? now - row->oldest_usec : 0,
        };
        return 0;
}

/* Former masters stay in the database; only those of today are shown, so that there is a bound. */
static int add_master(const DdnsMasterRow *row, void *userdata) {
        All *a = userdata;

        for (size_t i = 0; i < a->n_masters; i++) {
                Master *m = &a->masters[i];

                if (strcmp(m->name, row->name) != 0)
                        continue;
                (void) snprintf(m->hostname, sizeof m->hostname, "%s", row->hostname);
                m->contact_usec = row->contact_usec;
                m->accepted = row->accepted;
                m->refused = row->refused;
        }
        return 0;
}

static int add_owner(const char *hostname, uint64_t zones, void *userdata) {
        All *a = userdata;

        for (size_t i = 0; i < a->n_masters; i++)
                if (*hostname && strcmp(a->masters[i].hostname, hostname) == 0)
                        a->masters[i].zones = zones;
        return 0;
}

static int read_listings(DdnsStore *s, All *a) {
        size_t n = a->config->reconcile.n_masters;

        a->listings = calloc(n > 0 ? n : 1, sizeof *a->listings);
        if (!a->listings)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const char *name = a->config->reconcile.masters[i].name;
                DdnsMasterHealth health;
                int r = ddns_store_get_master_health(s, name, &health);

                if (r < 0)
                        return r;
                (void) snprintf(a->listings[i].name, sizeof a->listings[i].name, "%s", name);
                a->listings[i].up = health.since_usec > 0 && health.failures == 0;
                a->listings[i].failures = health.failures;
                a->listings[i].since_usec = health.since_usec;
        }
        return 0;
}

static int read_pass(DdnsStore *s, All *a) {
        DdnsPass *p = &a->pass.row;
        int r = ddns_store_get_pass(s, p);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        a->has_pass = true;
        a->pass.failed = p->failed;
        a->pass.duration_usec = p->ended_usec > p->started_usec ? p->ended_usec - p->started_usec : 0;
        return 0;
}

static int read_all(DdnsStore *s, void *userdata) {
        All *a = userdata;
        int r;

        r = ddns_store_count(s, &a->node.counts);
        if (r >= 0)
                r = ddns_store_get_size(s, &a->node.size);
        if (r >= 0)
                r = ddns_store_each_backend_figures(s, add_backend, a);
        if (r >= 0)
                r = ddns_store_each_master(s, add_master, a);
        if (r >= 0)
                r = ddns_store_each_owner(s, add_owner, a);
        if (r >= 0)
                r = read_listings(s, a);
        return r < 0 ? r : read_pass(s, a);
}

static void format_all(const All *a, DdnsBuffer *ret) {
        const struct {
                const DdnsMetric *metrics;
                size_t n;
                DdnsMetricThings things;
        } parts[] = {
                { node_metrics, ARRAY_SIZE(node_metrics), { NULL, &a->node, 1, 0 } },
                { backend_metrics,
                  ARRAY_SIZE(backend_metrics),
                  { "backend", a->backends, a->n_backends, sizeof *a->backends } },
                { master_metrics,
                  ARRAY_SIZE(master_metrics),
                  { "master", a->masters, a->n_masters, sizeof *a->masters } },
                { listing_metrics,
                  ARRAY_SIZE(listing_metrics),
                  { "master", a->listings, a->config->reconcile.n_masters, sizeof *a->listings } },
                { pass_metrics, ARRAY_SIZE(pass_metrics), { NULL, &a->pass, a->has_pass, 0 } },
        };

        ddns_metrics_head(ret, "ddns_build_info", "gauge", "Always 1; the version is a label.");
        ddns_buffer_append_text(ret, "ddns_build_info{version=\"" DDNS_VERSION "\"} 1\n");
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                ddns_metrics_format(ret, parts[i].metrics, parts[i].n, &parts[i].things);
}

int ddns_metrics_write(DdnsStore *s, const DdnsConfig *config, const DdnsMetricsProcess *process,
                       DdnsBuffer *ret) {
        ddns_cleanup(all_freep) All *a = calloc(1, sizeof *a);
        int r;

        if (!a)
                return -ENOMEM;
        a->config = config;
        for (size_t i = 0; i < config->receiver.n_masters && i < DDNS_MASTERS_MAX; i++)
                (void) snprintf(a->masters[a->n_masters++].name, sizeof a->masters[0].name, "%s",
                                config->receiver.masters[i].name);

        r = ddns_store_at_once(s, read_all, a);
        if (r < 0)
                return r;
        format_all(a, ret);
        if (process)
                ddns_metrics_format_process(process, ret);
        return ddns_buffer_status(ret);
}
