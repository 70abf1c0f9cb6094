/* SPDX-License-Identifier: MIT */
/* The verb import: zones of an export, or of the database of directdnsonly, are checked and stored as pushes are. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "basic/clock.h"
#include "ctl/progress.h"
#include "ctl/verb.h"
#include "store/import.h"

/* Of one transaction: pushes wait meanwhile. */
#define BATCH_ZONES 200
#define BATCH_SIZE  ((size_t) 16 << 20)

#define REFUSED _DDNS_IMPORT_OUTCOMES /* by the zone check */

/* clang-format off */
static const DdnsColumn zone_columns[] = {
        { "zone",        "Zone",    DDNS_COLUMN_PLAIN },
        { "outcome",     "Outcome", DDNS_COLUMN_PLAIN },
        { "serial",      "Serial",  DDNS_COLUMN_RIGHT },
        { "held_serial", "Here",    DDNS_COLUMN_RIGHT },
        { "generation",  NULL,      DDNS_COLUMN_JSON },
        { "hostname",    NULL,      DDNS_COLUMN_JSON },
        { "username",    NULL,      DDNS_COLUMN_JSON },
        { "reason",      NULL,      DDNS_COLUMN_JSON },
};

static const DdnsColumn sum_columns[] = {
        { "file",     "File",         DDNS_COLUMN_PLAIN },
        { "format",   "Format",       DDNS_COLUMN_PLAIN },
        { "dry_run",  NULL,           DDNS_COLUMN_JSON },
        { "read",     "Zones",        DDNS_COLUMN_PLAIN },
        { "added",    "Added",        DDNS_COLUMN_PLAIN },
        { "replaced", "Replaced",     DDNS_COLUMN_PLAIN },
        { "same",     "Same",         DDNS_COLUMN_PLAIN },
        { "kept",     "Kept",         DDNS_COLUMN_PLAIN },
        { "deleted",  "Deleted here", DDNS_COLUMN_PLAIN },
        { "refused",  "Refused",      DDNS_COLUMN_PLAIN },
};

static const struct {
        const char *name, *reason;
        DdnsTone tone;
} outcomes[] = {
        [DDNS_IMPORT_ADDED] =    { "added",    NULL, DDNS_TONE_GOOD },
        [DDNS_IMPORT_REPLACED] = { "replaced", NULL, DDNS_TONE_GOOD },
        [DDNS_IMPORT_SAME] =     { "same",     NULL, DDNS_TONE_PLAIN },
        [DDNS_IMPORT_NEWER] =    { "kept",     "what is here was accepted later: --force replaces it", DDNS_TONE_WARNING },
        [DDNS_IMPORT_AHEAD] =    { "kept",     "what is here has the higher serial: --force replaces it", DDNS_TONE_WARNING },
        [DDNS_IMPORT_DELETED] =  { "deleted",  "it was deleted here: --undelete brings it back", DDNS_TONE_WARNING },
        [REFUSED] =              { "refused",  NULL, DDNS_TONE_BAD },
};
/* clang-format on */

/* A zone that waits for its transaction, with what `item` points to. */
typedef struct Waiting {
        char name[DDNS_ZONE_NAME_MAX + 1];
        char hostname[DDNS_OWNER_MAX + 1], username[DDNS_OWNER_MAX + 1], master[DDNS_OWNER_MAX + 1];
        DdnsZone zone;
} Waiting;

typedef struct Import {
        DdnsCtl *ctl;
        DdnsArchive *archive;
        DdnsImportRules rules;
        DdnsProgress progress;
        const char *doing;
        uint64_t done; /* of this reading */
        Waiting *waiting;
        DdnsImport items[BATCH_ZONES];
        size_t n, size;
        bool stored; /* something: ddns-retry is to be woken */
        bool said;   /* what failed */
        uint64_t counts[REFUSED + 1];
        DdnsListing zones;
} Import;

static void import_done(Import *i) {
        for (size_t k = 0; k < i->n; k++)
                ddns_zone_done(&i->waiting[k].zone);
        free(i->waiting);
        ddns_listing_done(&i->zones);
        ddns_archive_freep(&i->archive);
}

static void show(Import *i) {
        ddns_progress_show(&i->progress, i->doing, ++i->done, ddns_archive_count(i->archive));
}

static void add_number(DdnsListing *l, uint64_t number, bool known) {
        if (known)
                ddns_listing_number(l, number, DDNS_TONE_PLAIN);
        else
                ddns_listing_text(l, NULL, DDNS_TONE_PLAIN);
}

/* Tables have only what somebody may have to look at. */
static void add_row(Import *i, const DdnsImport *item, unsigned outcome, const char *reason) {
        DdnsListing *l = &i->zones;

        i->counts[outcome]++;
        if (l->shape != DDNS_SHAPE_JSON && !reason)
                return;
        ddns_listing_text(l, item->zone, DDNS_TONE_PLAIN);
        ddns_listing_text(l, outcomes[outcome].name, outcomes[outcome].tone);
        add_number(l, item->serial, outcome != REFUSED);
        add_number(l, item->held_serial, item->is_held);
        add_number(l, item->generation, item->generation > 0);
        ddns_listing_text(l, item->hostname, DDNS_TONE_PLAIN);
        ddns_listing_text(l, item->username, DDNS_TONE_PLAIN);
        ddns_listing_text(l, reason, DDNS_TONE_PLAIN);
        ddns_listing_remark(l, item->zone[0] ? item->zone : "(no name)", reason, DDNS_TONE_PLAIN);
}

static int store_batch(Import *i) {
        DdnsCtl *c = i->ctl;

        int r = ddns_store_import(c->store, i->items, i->n, &i->rules, ddns_now_usec());
        if (r < 0) {
                ddns_progress_end(&i->progress);
                i->said = true;
                return ddns_ctl_store_failed(c, r), r;
        }
        for (size_t k = 0; k < i->n; k++) {
                add_row(i, &i->items[k], i->items[k].outcome, outcomes[i->items[k].outcome].reason);
                ddns_zone_done(&i->waiting[k].zone);
        }
        i->stored |= i->n > 0 && !i->rules.dry_run;
        i->n = i->size = 0;
        return 0;
}

static const char *keep(char *ret, size_t size, const char *text) {
        (void) snprintf(ret, size, "%s", text ? text : "");
        return text ? ret : NULL;
}

static int take_zone(const DdnsArchived *archived, void *userdata) {
        Import *i = userdata;
        DdnsCtl *c = i->ctl;
        const DdnsZoneLimits limits = { .max_records = c->config.receiver.max_records };
        Waiting *w = &i->waiting[i->n];
        DdnsZone zone = DDNS_ZONE_NULL;
        DdnsMessage why = DDNS_MESSAGE_NULL;
        int r = 0;

        show(i);
        if (!archived->unusable)
                r = ddns_zone_check(archived->zone, archived->text, archived->size, &limits, &zone,
                                    &why);
        if (r < 0 && r != -EBADMSG)
                return r;
        if (archived->unusable || r < 0) {
                add_row(i,
                        &(DdnsImport){ .zone = archived->zone,
                                       .hostname = archived->hostname,
                                       .username = archived->username },
                        REFUSED, archived->unusable ? archived->unusable : why.text);
                return 0;
        }
        w->zone = zone;
        i->items[i->n++] = (DdnsImport){
                .zone = keep(w->name, sizeof w->name, archived->zone),
                .content = zone.text,
                .size = zone.size,
                .serial = zone.serial,
                .digest = w->zone.digest,
                .hostname = keep(w->hostname, sizeof w->hostname, archived->hostname),
                .username = keep(w->username, sizeof w->username, archived->username),
                .master = keep(w->master, sizeof w->master,
                               archived->master ? archived->master : "ddnsctl"),
                .accepted_usec = archived->accepted_usec,
        };
        i->size += zone.size;
        return i->n == BATCH_ZONES || i->size >= BATCH_SIZE ? store_batch(i) : 0;
}

static int look_at(const DdnsArchived *archived, void *userdata) {
        show(userdata);
        return 0;
}

/* Twice from beginning to end: nothing is stored before it is known to be whole. */
static int read_all(Import *i, DdnsMessage *message) {
        i->doing = "zones read";
        int r = ddns_archive_each(i->archive, look_at, i, message);
        if (r < 0)
                return r;
        i->doing = i->rules.dry_run ? "zones checked" : "zones stored";
        i->done = 0;
        r = ddns_archive_each(i->archive, take_zone, i, message);
        return r < 0 ? r : store_batch(i);
}

static void fill_sum(Import *i, const char *path, DdnsListing *l) {
        const uint64_t *n = i->counts;
        uint64_t kept = n[DDNS_IMPORT_NEWER] + n[DDNS_IMPORT_AHEAD];

        ddns_listing_text(l, path, DDNS_TONE_PLAIN);
        ddns_listing_text(l, ddns_archive_format(i->archive), DDNS_TONE_PLAIN);
        ddns_listing_bool(l, i->rules.dry_run);
        ddns_listing_number(l, ddns_archive_count(i->archive), DDNS_TONE_PLAIN);
        ddns_listing_number(l, n[DDNS_IMPORT_ADDED], DDNS_TONE_PLAIN);
        ddns_listing_number(l, n[DDNS_IMPORT_REPLACED], DDNS_TONE_PLAIN);
        ddns_listing_number(l, n[DDNS_IMPORT_SAME], DDNS_TONE_PLAIN);
        ddns_listing_number(l, kept, kept > 0 ? DDNS_TONE_WARNING : DDNS_TONE_PLAIN);
        ddns_listing_number(l, n[DDNS_IMPORT_DELETED],
                            n[DDNS_IMPORT_DELETED] > 0 ? DDNS_TONE_WARNING : DDNS_TONE_PLAIN);
        ddns_listing_number(l, n[REFUSED], n[REFUSED] > 0 ? DDNS_TONE_BAD : DDNS_TONE_PLAIN);
}

static int print(Import *i, const char *path) {
        ddns_cleanup(ddns_listing_done) DdnsListing sum = DDNS_LISTING_NULL;
        bool json = i->zones.shape == DDNS_SHAPE_JSON;
        DdnsCtl *c = i->ctl;

        ddns_listing_init(&sum, json ? DDNS_SHAPE_JSON : DDNS_SHAPE_RECORD, sum_columns,
                          ARRAY_SIZE(sum_columns), c->now_usec);
        fill_sum(i, path, &sum);
        if (json) {
                json_t *document = ddns_listing_take_object(&sum);
                ddns_json_attach(&document, "zones", ddns_listing_take_array(&i->zones));
                return ddns_ctl_print_json(c, document);
        }
        if (i->zones.n_rows > 0) {
                if (ddns_listing_print(&i->zones, c->out, c->color) < 0)
                        return ddns_ctl_no_memory(c);
                (void) fputc('\n', c->out);
        }
        if (ddns_listing_print(&sum, c->out, c->color) < 0)
                return ddns_ctl_no_memory(c);
        if (i->rules.dry_run)
                (void) fputs("\nThis is what would be done: nothing was stored.\n", c->out);
        return EXIT_SUCCESS;
}

static int import(DdnsCtl *c, Import *i, const char *path) {
        DdnsMessage message = DDNS_MESSAGE_NULL;

        int r = ddns_archive_open(path, c->in, &i->archive, &message);
        if (r >= 0) {
                r = read_all(i, &message);
                ddns_progress_end(&i->progress);
        }
        if (i->stored)
                ddns_ctl_wake(c);
        if (r >= 0)
                return EXIT_SUCCESS;
        if (!i->said)
                ddns_ctl_say(c, "%s: %s", strcmp(path, "-") == 0 ? "standard input" : path,
                             message.text[0] ? message.text : strerror(-r));
        if (i->stored)
                ddns_ctl_say(c,
                             "hint: some zones were stored already: the same import goes on where this ended");
        return EXIT_FAILURE;
}

int ddns_verb_import(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(import_done) Import i = {
                .ctl = c,
                .rules = { .force = c->options & DDNS_CTL_FORCE,
                           .undelete = c->options & DDNS_CTL_UNDELETE,
                           .dry_run = c->options & DDNS_CTL_DRY_RUN },
                .progress = ddns_progress_start(c->err),
                .waiting = calloc(BATCH_ZONES, sizeof(Waiting)),
        };

        if (!i.waiting)
                return ddns_ctl_no_memory(c);
        ddns_listing_init(&i.zones, ddns_ctl_table_shape(c), zone_columns, ARRAY_SIZE(zone_columns),
                          c->now_usec);
        if (import(c, &i, operands[0]) != EXIT_SUCCESS || print(&i, operands[0]) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        return i.counts[REFUSED] > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
