/* SPDX-License-Identifier: MIT */
/* From request to change and answer. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "basic/clock.h"
#include "receiver/service.h"
#include "report/report.h"

/* Signs of life without a push are written down this often. */
#define CONTACT_INTERVAL_USEC (60 * USEC_PER_SEC)

void ddns_service_init(DdnsService *s, const DdnsConfig *config) {
        const char *hostname = config->receiver.hostname;
        char own[HOST_NAME_MAX + 1];

        *s = (DdnsService){ .config = config, .started_usec = ddns_now_usec() };
        s->metrics.started_usec = s->started_usec;
        if (!hostname)
                hostname = gethostname(own, sizeof own) < 0 ? "localhost" : own;
        (void) snprintf(s->hostname, sizeof s->hostname, "%s", hostname);
}

void ddns_exchange_done(DdnsExchange *x) {
        ddns_buffer_done(&x->body);
        ddns_buffer_done(&x->answer);
        ddns_request_done(&x->request);
        ddns_zone_done(&x->zone);
        free(x->changes);
        x->changes = NULL;
}

static void answer(DdnsExchange *x, unsigned status, const char *error, const char *key,
                   const char *value) {
        x->status = status;
        x->content_type = "text/plain";
        ddns_buffer_reset(&x->answer);
        ddns_form_append(&x->answer, "error", error);
        if (key)
                ddns_form_append(&x->answer, key, value);
}

void ddns_service_fail(DdnsExchange *x, unsigned status, const char *text) {
        answer(x, status, "1", "text", text);
}

static void succeed(DdnsExchange *x, const char *key, const char *value) {
        answer(x, 200, "0", key, value);
}

static DdnsReportFields fields_of(const DdnsExchange *x, const char *zone) {
        return (DdnsReportFields){
                .zone = zone,
                .master = x->master ? x->master->name : NULL,
                .client = x->client,
                .hostname = x->request.hostname,
        };
}

/* A new change with what every change of this request has in common. */
static DdnsChange *add_change(DdnsService *s, DdnsExchange *x, DdnsChangeKind kind, const char *zone) {
        DdnsChange *c = &x->changes[x->n_changes++];

        *c = (DdnsChange){
                .kind = kind,
                .zone = zone,
                .hostname = x->request.hostname,
                .username = x->request.username,
                .delete_without_hostname = s->config->receiver.delete_without_hostname,
                .master = x->master->name,
                .client = x->client,
        };
        return c;
}

static int make_room(DdnsExchange *x, size_t n) {
        x->changes = calloc(n, sizeof *x->changes);
        return x->changes ? 0 : -ENOMEM;
}

/* A refusal is kept for the operator; the answer goes out whether that works or not. */
static int refuse(DdnsService *s, DdnsExchange *x, const char *zone, const char *reason) {
        (void) ddns_fail(&x->reason, 0, "%s", reason);
        ddns_service_fail(x, 400, reason);
        if (make_room(x, 1) < 0)
                return 0;
        add_change(s, x, DDNS_CHANGE_REJECT, zone)->reason = x->reason.text;
        return 1;
}

static int save(DdnsService *s, DdnsExchange *x) {
        DdnsZoneLimits limits = { .max_records = s->config->receiver.max_records };
        const char *zone = x->request.zones[0];
        DdnsMessage message = DDNS_MESSAGE_NULL;
        int r;

        r = ddns_zone_check(zone, x->request.zone_text, x->request.zone_size, &limits, &x->zone,
                            &message);
        if (r == -EBADMSG)
                return refuse(s, x, zone, message.text);
        if (r >= 0)
                r = make_room(x, 1);
        if (r < 0)
                return r;

        DdnsChange *c = add_change(s, x, DDNS_CHANGE_SAVE, zone);
        c->content = x->zone.text;
        c->size = x->zone.size;
        c->digest = x->zone.digest;
        c->serial = x->zone.serial;
        c->urgent = x->request.urgent;
        return 1;
}

static int delete_zones(DdnsService *s, DdnsExchange *x) {
        int r = make_room(x, x->request.n_zones);

        if (r < 0)
                return r;
        for (size_t i = 0; i < x->request.n_zones; i++)
                (void) add_change(s, x, DDNS_CHANGE_DELETE, x->request.zones[i]);
        return 1;
}

/* A parent that we know: by configuration nothing, "there is one", or who owns it. */
static int answer_parent(DdnsService *s, DdnsStore *store, DdnsExchange *x) {
        DdnsParentCheck check = s->config->receiver.parent_check;
        DdnsZoneRow row;
        char details[sizeof row.zone + sizeof s->hostname + 64];
        int r;

        succeed(x, "exists", "0");
        if (check == DDNS_PARENT_CHECK_OFF || !x->request.check_parent)
                return 0;
        r = ddns_store_find_parent(store, x->request.zones[0], &row);
        if (r < 0)
                return r == -ENOENT ? 0 : r;

        if (check == DDNS_PARENT_CHECK_EXISTS) {
                succeed(x, "exists", "2");
                (void) snprintf(details, sizeof details, "Parent domain %s exists on %s", row.zone,
                                s->hostname);
                ddns_form_append(&x->answer, "details", details);
        } else if (row.hostname[0] && row.username[0]) {
                succeed(x, "exists", "3");
                ddns_form_append(&x->answer, "hostname", row.hostname);
                ddns_form_append(&x->answer, "username", row.username);
        }
        return 0;
}

static int exists(DdnsService *s, DdnsStore *store, DdnsExchange *x) {
        char details[sizeof s->hostname + 32];
        DdnsZoneRow row;
        int r;

        r = ddns_store_get_zone(store, x->request.zones[0], &row, NULL);
        if (r < 0 && r != -ENOENT)
                return r;
        if (r == -ENOENT || row.deleted)
                return answer_parent(s, store, x);

        succeed(x, "exists", "1");
        (void) snprintf(details, sizeof details, "Domain exists on %s", s->hostname);
        ddns_form_append(&x->answer, "details", details);
        return 0;
}

/* Not every keystroke in DirectAdmin's form costs a commit. A login test is what somebody waits for, and rare. */
static int note_contact(DdnsService *s, DdnsExchange *x) {
        atomic_uint_fast64_t *contact = &s->last_contact_usec[x->master - s->config->receiver.masters];
        uint64_t now = ddns_now_usec(), last = atomic_load(contact);

        if (x->request.command != DDNS_COMMAND_LOGIN_TEST && now - last < CONTACT_INTERVAL_USEC &&
            now >= last)
                return 0;
        if (!atomic_compare_exchange_strong(contact, &last, now) || make_room(x, 1) < 0)
                return 0;
        (void) add_change(s, x, DDNS_CHANGE_CONTACT, NULL);
        return 1;
}

static int answer_status(DdnsService *s, DdnsStore *store, DdnsExchange *x) {
        int r = ddns_service_status(s, store, &x->answer);

        x->status = 200;
        x->content_type = "application/json";
        return r;
}

static int dispatch(DdnsService *s, DdnsStore *store, DdnsExchange *x) {
        const DdnsRequest *q = &x->request;
        int r = 0;

        switch (q->command) {
        case DDNS_COMMAND_BAD:
                if (q->status == 400 && !q->is_question)
                        return refuse(s, x, q->n_zones > 0 ? q->zones[0] : NULL, q->message.text);
                ddns_service_fail(x, q->status, q->message.text);
                ddns_report(DDNS_EVENT_NOTICE,
                            &(DdnsReportFields){ .master = x->master->name, .client = x->client },
                            "%s %.200s: %s", x->method, x->path, q->message.text);
                return 0;
        case DDNS_COMMAND_SAVE:
                return save(s, x);
        case DDNS_COMMAND_DELETE:
                return delete_zones(s, x);
        case DDNS_COMMAND_EXISTS:
                r = exists(s, store, x);
                break;
        case DDNS_COMMAND_LOGIN_TEST:
                succeed(x, "text", "Login OK");
                break;
        case DDNS_COMMAND_NOTHING:
                succeed(x, "text", "OK");
                break;
        case DDNS_COMMAND_USER_EXISTS:
                succeed(x, "exists", "0");
                break;
        case DDNS_COMMAND_NOT_SUPPORTED:
                ddns_service_fail(x, 200, "Not supported");
                ddns_report(DDNS_EVENT_NOT_SUPPORTED,
                            &(DdnsReportFields){ .master = x->master->name, .client = x->client },
                            "%s asks for %.200s: switch \"User Check\" and \"E-Mail\" off for this "
                            "server",
                            x->master->name, x->path);
                return 0;
        case DDNS_COMMAND_STATUS:
                return answer_status(s, store, x);
        }
        return r < 0 ? r : note_contact(s, x);
}

/* Saves and deletes in a request. */
static size_t pushes_of(const DdnsExchange *x) {
        switch (x->request.command) {
        case DDNS_COMMAND_SAVE:
                return 1;
        case DDNS_COMMAND_DELETE:
                return x->request.n_zones;
        default:
                return 0;
        }
}

static void answer_failure(DdnsService *s, DdnsExchange *x, int error, const char *detail) {
        static const struct {
                int error;
                DdnsMetricsCounter cause;
                const char *text;
        } texts[] = {
                { ENOSPC, DDNS_METRICS_503_DISK_FULL,
                  "the disk is full, nothing was stored; send it again later" },
                { EAGAIN, DDNS_METRICS_503_DATABASE_LOCKED,
                  "the database is locked, nothing was stored; send it again later" },
                { ENOMEM, DDNS_METRICS_503_OUT_OF_MEMORY,
                  "out of memory, nothing was stored; send it again later" },
        };
        const char *text = "the database can not be written, nothing was stored; send it again later";
        DdnsMetricsCounter cause = DDNS_METRICS_503_DATABASE;

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (texts[i].error == -error) {
                        text = texts[i].text;
                        cause = texts[i].cause;
                }
        ddns_service_fail(x, 503, text);
        ddns_metrics_count(&s->metrics, cause, 1);
        ddns_metrics_count(&s->metrics, DDNS_METRICS_PUSH_UNAVAILABLE, pushes_of(x));
        DdnsReportFields f = fields_of(x, x->request.n_zones > 0 ? x->request.zones[0] : NULL);
        ddns_report(DDNS_EVENT_STORE_FAILED, &f, "%s: not kept, answered 503 to %s: %s",
                    f.zone ? f.zone : "a request", x->master->name, detail);
}

int ddns_service_handle(DdnsService *s, DdnsStore *store, DdnsExchange *x) {
        int r;

        r = ddns_request_parse(x->method, x->path, x->query, x->body.data ? x->body.data : "",
                               x->body.size, &x->request);
        if (r >= 0)
                r = dispatch(s, store, x);
        if (r < 0) {
                answer_failure(s, x, r, r == -ENOMEM ? "out of memory" : ddns_store_error(store));
                return 0;
        }
        return r;
}

static void report_change(const DdnsExchange *x, const DdnsChange *c) {
        DdnsReportFields f = fields_of(x, c->zone);

        f.generation = c->generation;
        f.serial = c->serial;
        f.has_serial = c->kind == DDNS_CHANGE_SAVE;
        switch (c->outcome) {
        case DDNS_OUTCOME_SAVED:
                ddns_report(DDNS_EVENT_PUSH_ACCEPTED, &f,
                            "%s: serial %" PRIu32 " from %s, %zu bytes%s, generation %" PRIu64, c->zone,
                            c->serial, c->hostname ? c->hostname : x->master->name, c->size,
                            c->urgent ? ", urgent" : "", c->generation);
                break;
        case DDNS_OUTCOME_UNCHANGED:
                ddns_report(DDNS_EVENT_PUSH_ACCEPTED, &f, "%s: serial %" PRIu32 " from %s, unchanged%s",
                            c->zone, c->serial, c->hostname ? c->hostname : x->master->name,
                            c->urgent ? ", urgent" : "");
                break;
        case DDNS_OUTCOME_DELETED:
                ddns_report(DDNS_EVENT_DELETE_ACCEPTED, &f, "%s: deleted by %s, generation %" PRIu64,
                            c->zone, c->hostname ? c->hostname : x->master->name, c->generation);
                break;
        case DDNS_OUTCOME_ABSENT:
                ddns_report(DDNS_EVENT_INFO, &f, "%s: delete by %s of a zone that is not here", c->zone,
                            c->hostname ? c->hostname : x->master->name);
                break;
        case DDNS_OUTCOME_CONFLICT:
                ddns_report(DDNS_EVENT_DELETE_CONFLICT, &f,
                            "%s: kept, %s wants it deleted but %s owns it", c->zone,
                            c->hostname ? c->hostname : "a master without hostname", c->owner);
                break;
        case DDNS_OUTCOME_OVERTAKEN:
                ddns_report(DDNS_EVENT_NOTICE, &f,
                            "%s: nothing stored, a request that began later was accepted already",
                            c->zone);
                break;
        case DDNS_OUTCOME_NONE:
                break;
        }
        if (c->kind == DDNS_CHANGE_SAVE && x->zone.n_dropped > 0)
                ddns_report(DDNS_EVENT_RECORDS_DROPPED, &f, "%s: %s (%" PRIu32 " in all)", c->zone,
                            x->zone.warning.text, x->zone.n_dropped);
}

static void count_change(DdnsService *s, const DdnsChange *c) {
        static const DdnsMetricsCounter counters[] = {
                [DDNS_OUTCOME_SAVED] = DDNS_METRICS_PUSH_SAVED,
                [DDNS_OUTCOME_UNCHANGED] = DDNS_METRICS_PUSH_UNCHANGED,
                [DDNS_OUTCOME_DELETED] = DDNS_METRICS_PUSH_DELETED,
                [DDNS_OUTCOME_ABSENT] = DDNS_METRICS_PUSH_ABSENT,
                [DDNS_OUTCOME_OVERTAKEN] = DDNS_METRICS_PUSH_OVERTAKEN,
                [DDNS_OUTCOME_CONFLICT] = DDNS_METRICS_PUSH_CONFLICT,
        };

        if (c->outcome != DDNS_OUTCOME_NONE)
                ddns_metrics_count(&s->metrics, counters[c->outcome], 1);
}

void ddns_service_finish(DdnsService *s, DdnsExchange *x, int error, const char *text) {
        const DdnsChange *first = &x->changes[0];

        if (first->kind == DDNS_CHANGE_REJECT) {
                DdnsReportFields f = fields_of(x, first->zone);

                atomic_fetch_add(&s->refused, 1);
                ddns_metrics_count(&s->metrics, DDNS_METRICS_PUSH_REFUSED, 1);
                ddns_report(DDNS_EVENT_PUSH_REFUSED, &f, "%s: refused, %s",
                            first->zone ? first->zone : "a request", x->reason.text);
                return; /* answered already */
        }
        if (first->kind == DDNS_CHANGE_CONTACT)
                return;
        if (error < 0) {
                answer_failure(s, x, error, text);
                return;
        }

        for (size_t i = 0; i < x->n_changes; i++) {
                report_change(x, &x->changes[i]);
                count_change(s, &x->changes[i]);
        }
        atomic_fetch_add(&s->pushes, x->n_changes);
        succeed(x, NULL, NULL);
}
