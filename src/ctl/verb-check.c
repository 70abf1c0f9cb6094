/* SPDX-License-Identifier: MIT */
/* The verb check: the node's state as a plugin of Nagios and Icinga tells it (one line, performance data behind '|', exit
 * status 0 to 3; Monitoring Plugins Development Guidelines). */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/text.h"
#include "ctl/verb.h"
#include "store/reconcile.h"

typedef enum Level {
        LEVEL_OK,
        LEVEL_WARNING,
        LEVEL_CRITICAL,
        LEVEL_UNKNOWN,
} Level;

static const char *const level_names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

typedef struct Check {
        DdnsCtl *ctl;
        Level level;
        DdnsBuffer findings[LEVEL_CRITICAL + 1]; /* the worst are told first */
        json_t *all;                             /* the same for JSON */
        uint64_t backends, down, waiting, deferred, dead, oldest_usec;
        DdnsStoreCounts counts;
        DdnsCtlSeen seen;
} Check;

static void check_done(Check *k) {
        for (size_t i = 0; i < ARRAY_SIZE(k->findings); i++)
                ddns_buffer_done(&k->findings[i]);
        json_decref(k->all);
        free(k->seen.backends);
}

/* What comes from elsewhere must not look like performance data or a second line. */
static void append_clean(DdnsBuffer *b, const char *text) {
        for (; *text; text++)
                ddns_buffer_append_byte(b, *text == '|' || (unsigned char) *text < ' ' ? '/' : *text);
}

static void find(Check *k, Level level, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void find(Check *k, Level level, const char *format, ...) {
        DdnsBuffer *b = &k->findings[level];
        char text[512];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof text, format, ap);
        va_end(ap);
        if (b->size > 0)
                ddns_buffer_append_text(b, "; ");
        append_clean(b, text);
        json_t *finding = json_pack("{s:s}", "level", level_names[level]);
        ddns_json_attach(&finding, "text", ddns_json_text(text));
        if (json_array_append_new(k->all, finding) < 0)
                b->failed = true;
        if (level > k->level)
                k->level = level;
}

static Level level_of_age(const Check *k, uint64_t since_usec) {
        uint64_t now = k->ctl->now_usec, age = now > since_usec ? now - since_usec : 0;

        return age >= k->ctl->critical_usec  ? LEVEL_CRITICAL
               : age >= k->ctl->warning_usec ? LEVEL_WARNING
                                             : LEVEL_OK;
}

static int add_backend(const DdnsBackendRow *row, void *userdata) {
        Check *k = userdata;
        char age[DDNS_TIME_TEXT_MAX];

        ddns_ctl_mark_seen(k->ctl, &k->seen, row->name);
        k->backends++;
        k->waiting += row->pending + row->written;
        k->deferred += row->deferred;
        k->dead += row->dead;
        if (row->oldest_usec > 0 && (k->oldest_usec == 0 || row->oldest_usec < k->oldest_usec))
                k->oldest_usec = row->oldest_usec;
        if (row->dead > 0)
                find(k, LEVEL_CRITICAL, "%" PRIu64 " %s given up on %s", row->dead,
                     row->dead == 1 ? "zone" : "zones", row->name);
        if (row->deferred > 0)
                find(k, LEVEL_WARNING, "%" PRIu64 " %s failed on %s, to be tried again", row->deferred,
                     row->deferred == 1 ? "zone" : "zones", row->name);
        if (row->failures > 0) {
                k->down++;
                ddns_time_distance(row->since_usec, k->ctl->now_usec, age);
                find(k, level_of_age(k, row->since_usec), "%s is down for %s: %s", row->name, age,
                     row->error ? row->error : "not known why");
        } else if (row->oldest_usec > 0 && level_of_age(k, row->oldest_usec) > LEVEL_OK) {
                ddns_time_distance(row->oldest_usec, k->ctl->now_usec, age);
                find(k, level_of_age(k, row->oldest_usec), "%s is %s behind", row->name, age);
        }
        return 0;
}

/* Every start of ddns-retry meets all that is configured. */
static void add_unmet(const char *backend, void *userdata) {
        Check *k = userdata;

        k->backends++;
        k->waiting += k->counts.zones;
        if (k->counts.zones > 0)
                find(k, LEVEL_WARNING,
                     "%s gets nothing: ddns-retry was not started since it was configured", backend);
}

static int add_masters(Check *k) {
        DdnsCtl *c = k->ctl;

        for (size_t i = 0; i < c->config.reconcile.n_masters; i++) {
                const char *name = c->config.reconcile.masters[i].name;
                DdnsMasterHealth health;

                int r = ddns_store_get_master_health(c->store, name, &health);
                if (r < 0)
                        return r;
                if (health.failures > 0)
                        find(k, health.refused ? LEVEL_CRITICAL : LEVEL_WARNING, "%s gives no list: %s",
                             name, health.error);
        }
        return 0;
}

/* Of one that pushes: when it was last heard of. */
typedef struct Contact {
        const char *master;
        uint64_t usec; /* 0: never */
} Contact;

static int take_contact(const DdnsMasterRow *row, void *userdata) {
        Contact *contact = userdata;

        if (strcmp(row->name, contact->master) == 0)
                contact->usec = row->contact_usec;
        return 0;
}

static int add_silent(Check *k) {
        const DdnsCtl *c = k->ctl;
        char age[DDNS_TIME_TEXT_MAX];

        for (size_t i = 0; i < c->config.receiver.n_masters && c->silent_days > 0; i++) {
                Contact contact = { .master = c->config.receiver.masters[i].name };

                int r = ddns_store_each_master(c->store, take_contact, &contact);
                if (r < 0)
                        return r;
                ddns_time_distance(contact.usec, c->now_usec, age);
                if (contact.usec == 0)
                        find(k, LEVEL_WARNING, "nothing came from %s so far", contact.master);
                else if (contact.usec + c->silent_days * USEC_PER_DAY <= c->now_usec)
                        find(k, LEVEL_WARNING, "nothing came from %s for %s", contact.master, age);
        }
        return 0;
}

static void add_certificate(Check *k) {
        static const Level levels[] = {
                [DDNS_CERTIFICATE_ENDS] = LEVEL_WARNING,
                [DDNS_CERTIFICATE_BAD] = LEVEL_CRITICAL,
        };
        DdnsMessage message;

        DdnsCertificateGrade grade = ddns_ctl_look_at_certificate(k->ctl, &message);
        if (grade != DDNS_CERTIFICATE_GOOD)
                find(k, levels[grade], "%s", message.text);
}

static int add_pass(Check *k) {
        DdnsPass pass;

        int r = ddns_store_get_pass(k->ctl->store, &pass);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (pass.failed)
                find(k, LEVEL_WARNING, "the last pass failed: %s", pass.error);
        if (pass.braked > 0)
                find(k, LEVEL_CRITICAL, "the brake holds back %" PRIu64 " deletes", pass.braked);
        return 0;
}

static int collect(Check *k) {
        DdnsStore *store = k->ctl->store;
        int r;

        if ((r = ddns_store_count(store, &k->counts)) < 0 ||
            (r = ddns_store_each_backend(store, add_backend, k)) < 0 ||
            (r = ddns_ctl_each_unseen(k->ctl, &k->seen, add_unmet, k)) < 0 || (r = add_masters(k)) < 0 ||
            (r = add_silent(k)) < 0)
                return r;
        add_certificate(k);
        return add_pass(k);
}

static int print_json(Check *k, uint64_t oldest_sec) {
        json_t *document = json_pack("{s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "state",
                                     level_names[k->level], "status", (int) k->level, "zones",
                                     (json_int_t) k->counts.zones, "backends_down", (json_int_t) k->down,
                                     "waiting", (json_int_t) k->waiting, "deferred",
                                     (json_int_t) k->deferred, "dead", (json_int_t) k->dead,
                                     "oldest_sec", (json_int_t) oldest_sec, "findings", k->all);
        return ddns_ctl_print_json(k->ctl, document) == EXIT_SUCCESS ? (int) k->level : LEVEL_UNKNOWN;
}

static int print(Check *k) {
        DdnsCtl *c = k->ctl;
        uint64_t age = k->oldest_usec > 0 && c->now_usec > k->oldest_usec ? c->now_usec - k->oldest_usec
                                                                          : 0;
        const char *separator = " - ";

        if (c->options & DDNS_CTL_JSON)
                return print_json(k, age / USEC_PER_SEC);
        (void) fprintf(c->out, "DDNS %s", level_names[k->level]);
        for (size_t i = ARRAY_SIZE(k->findings); i-- > 0;) {
                if (ddns_buffer_status(&k->findings[i]) < 0)
                        return ddns_ctl_no_memory(c);
                if (k->findings[i].size == 0)
                        continue;
                (void) fprintf(c->out, "%s%.*s", separator, (int) k->findings[i].size,
                               k->findings[i].data);
                separator = "; ";
        }
        if (strcmp(separator, " - ") == 0)
                (void) fprintf(c->out, " - zones: %" PRIu64 ", backends: %" PRIu64, k->counts.zones,
                               k->backends);
        (void) fprintf(c->out,
                       " | zones=%" PRIu64 " backends_down=%" PRIu64 " waiting=%" PRIu64
                       " deferred=%" PRIu64 " dead=%" PRIu64 " oldest=%" PRIu64 "s;%" PRIu64 ";%" PRIu64
                       "\n",
                       k->counts.zones, k->down, k->waiting, k->deferred, k->dead, age / USEC_PER_SEC,
                       c->warning_usec / USEC_PER_SEC, c->critical_usec / USEC_PER_SEC);
        return (int) k->level;
}

/* Who reads a plugin sees its standard output only, so the reason has to be there. */
static int open_all(DdnsCtl *c, char **ret_why) {
        FILE *err = c->err;
        size_t size;

        c->err = open_memstream(ret_why, &size);
        if (!c->err) {
                c->err = err;
                return EXIT_FAILURE;
        }
        int status = ddns_ctl_load_config(c, false);
        if (status == EXIT_SUCCESS)
                status = ddns_ctl_open_store(c);
        (void) fclose(c->err);
        c->err = err;
        return status;
}

/* A default gives way to what was said. */
static bool settle_ages(DdnsCtl *c) {
        if (c->warning_usec <= c->critical_usec)
                return true;
        if (!(c->options & DDNS_CTL_WARNING))
                c->warning_usec = c->critical_usec;
        else if (!(c->options & DDNS_CTL_CRITICAL))
                c->critical_usec = c->warning_usec;
        return c->warning_usec <= c->critical_usec;
}

int ddns_verb_check(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_freep) char *why = NULL;
        ddns_cleanup(check_done) Check k = { .ctl = c, .all = json_array() };
        ddns_cleanup(ddns_buffer_done) DdnsBuffer clean = DDNS_BUFFER_NULL;
        const char *text = "out of memory";

        if (!settle_ages(c))
                text = "--warning is more than --critical";
        else if (open_all(c, &why) == EXIT_SUCCESS) {
                int r = collect(&k);
                if (r >= 0)
                        return print(&k);
                text = ddns_store_error(c->store);
        } else if (why) {
                why[strcspn(why, "\n")] = '\0';
                text = why;
        }
        if (c->options & DDNS_CTL_JSON) {
                json_t *document = json_pack("{s:s, s:i, s:[{s:s}]}", "state", "UNKNOWN", "status",
                                             LEVEL_UNKNOWN, "findings", "level", "UNKNOWN");
                if (document)
                        json_object_set_new(json_array_get(json_object_get(document, "findings"), 0),
                                            "text", ddns_json_text(text));
                (void) ddns_ctl_print_json(c, document);
                return LEVEL_UNKNOWN;
        }
        append_clean(&clean, text);
        ddns_buffer_append_byte(&clean, '\0');
        (void) fprintf(c->out, "DDNS UNKNOWN - %s\n",
                       ddns_buffer_status(&clean) < 0 ? "out of memory" : clean.data);
        return LEVEL_UNKNOWN;
}
