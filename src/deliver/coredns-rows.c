/* SPDX-License-Identifier: MIT */
/* Canonical text to CoreDNS' rows, RRset by RRset, and what of it will not be served. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "deliver/coredns-rdata.h"
#include "deliver/coredns-rows.h"

/* The widest VARCHAR of UTF-8; what is wider is a TEXT, whose width is one in octets. */
#define VARCHAR_MAX 16383

/* What the name server will not do; worst first. */
typedef enum Trouble {
        TROUBLE_DNSSEC,
        TROUBLE_UNREADABLE,
        TROUBLE_LONG_NAME,
        TROUBLE_LONG_TYPE,
        TROUBLE_LONG_DATA,
        TROUBLE_DELEGATION,
        TROUBLE_DEEP_WILDCARD,
        TROUBLE_WILDCARD_CNAME,
        TROUBLE_DNAME,
        TROUBLE_CUT,
        TROUBLE_MAX,
} Trouble;

/* No word of CNAMEs to names outside the database, although the plugin fails on them: whether a target is in there can't be
 * seen here, and most zones have some. */
static const char *const texts[TROUBLE_MAX] = {
        [TROUBLE_DNSSEC] = "left out, so the zone is served unsigned",
        [TROUBLE_UNREADABLE] = "left out, CoreDNS can't read such records",
        [TROUBLE_LONG_NAME] = "left out, longer than the column of host names",
        [TROUBLE_LONG_TYPE] = "left out, longer than the column of types",
        [TROUBLE_LONG_DATA] = "left out, longer than the column of data",
        [TROUBLE_DELEGATION] = "delegations, not answered with referrals",
        [TROUBLE_DEEP_WILDCARD] = "wildcards not directly below the apex, never matched",
        [TROUBLE_WILDCARD_CNAME] = "wildcard CNAMEs, not followed",
        [TROUBLE_DNAME] = "DNAMEs, not followed",
        [TROUBLE_CUT] = "with strings cut into shorter ones",
};

typedef struct Count {
        size_t n; /* RRsets */
        char first[96];
} Count;

typedef struct Work {
        const char *zone;
        const DdnsCorednsLimits *limits;
        DdnsSqlRows *rows;
        DdnsBuffer hostname, data;
        Count counts[TROUBLE_MAX];

        /* the RRset that is being read */
        DdnsRecord head;
        DdnsCorednsType type;
        size_t first_row;
        bool left_out, cut;
} Work;

static void work_done(Work *w) {
        ddns_buffer_done(&w->hostname);
        ddns_buffer_done(&w->data);
}

static void note(Work *w, Trouble t) {
        if (w->counts[t].n++ == 0)
                (void) snprintf(w->counts[t].first, sizeof w->counts[t].first, "%.*s %s",
                                (int) (w->head.owner_size < 64 ? w->head.owner_size : 64), w->head.owner,
                                w->type.name);
}

static bool is_hostname(const Work *w, const char *name) {
        return strcmp(w->hostname.data, name) == 0;
}

static bool is_vital(const Work *w) {
        return is_hostname(w, "@") && (w->type.number == 6 || w->type.number == 2);
}

/* Half an RRset would be a lie: all of it is left out. */
static int leave_out(Work *w, Trouble t, DdnsMessage *message) {
        if (is_vital(w))
                return ddns_fail(message, -EBADMSG, "%s of the apex: %s", w->type.name, texts[t]);
        w->rows->n = w->first_row;
        w->left_out = true;
        note(w, t);
        return 0;
}

/* Relative to the zone. In canonical text a dot always parts labels. */
static void set_hostname(Work *w, const DdnsRecord *r) {
        size_t zone_size = strlen(w->zone) + 1;

        ddns_buffer_reset(&w->hostname);
        if (r->owner_size == zone_size)
                ddns_buffer_append_byte(&w->hostname, '@');
        else
                ddns_coredns_append_name(&w->hostname, r->owner, r->owner_size - zone_size - 1);
}

/* Of an RRset that is stored, but will not do all that it does elsewhere. */
static void finish_rrset(Work *w) {
        if (w->left_out || w->head.owner_size == 0)
                return;
        if (w->cut)
                note(w, TROUBLE_CUT);
        if (w->type.number == 2 && !is_hostname(w, "@"))
                note(w, TROUBLE_DELEGATION);
        if (w->type.number == 39)
                note(w, TROUBLE_DNAME);
        if (w->hostname.size > 1 && memcmp(w->hostname.data, "*.", 2) == 0)
                note(w, TROUBLE_DEEP_WILDCARD);
        else if (w->type.number == 5 && is_hostname(w, "*"))
                note(w, TROUBLE_WILDCARD_CNAME);
}

static int begin_rrset(Work *w, const DdnsRecord *r, DdnsMessage *message) {
        finish_rrset(w);
        w->head = *r;
        w->first_row = w->rows->n;
        w->left_out = w->cut = false;
        ddns_coredns_type(r, &w->type);
        set_hostname(w, r);
        if (ddns_buffer_status(&w->hostname) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");

        if (w->type.form >= DDNS_COREDNS_DNSSEC)
                return leave_out(w,
                                 w->type.form == DDNS_COREDNS_DNSSEC ? TROUBLE_DNSSEC
                                                                     : TROUBLE_UNREADABLE,
                                 message);
        if (w->hostname.size > w->limits->hostname)
                return leave_out(w, TROUBLE_LONG_NAME, message);
        if (strlen(w->type.name) > w->limits->type)
                return leave_out(w, TROUBLE_LONG_TYPE, message);
        return 0;
}

static bool fits(const DdnsBuffer *data, uint64_t width) {
        uint64_t n = 0;

        if (data->size <= width)
                return true;
        if (width > VARCHAR_MAX)
                return false;
        for (size_t i = 0; i < data->size; i++)
                n += ((unsigned char) data->data[i] & 0xc0) != 0x80;
        return n <= width;
}

static DdnsMysqlValue value(const char *text, size_t size) {
        return (DdnsMysqlValue){ text, size };
}

static int add_record(Work *w, const DdnsRecord *r, DdnsMessage *message) {
        ddns_buffer_reset(&w->data);
        int result = ddns_coredns_append_rdata(&w->data, r, &w->type, w->limits->utf8);

        if (result == -EBADMSG)
                return leave_out(w, TROUBLE_UNREADABLE, message);
        if (result >= 0 && !fits(&w->data, w->limits->data))
                return leave_out(w, TROUBLE_LONG_DATA, message);
        if (result >= 0) {
                const DdnsMysqlValue cells[DDNS_COREDNS_CELLS] = {
                        value(w->hostname.data, w->hostname.size),
                        ddns_mysql_text(w->type.name),
                        value(w->data.data, w->data.size),
                        value(r->ttl, r->ttl_size),
                        ddns_mysql_text("1"),
                };

                w->cut = w->cut || result > 0;
                result = ddns_sql_rows_add(w->rows, 0, cells, ARRAY_SIZE(cells));
        }
        return result < 0 ? ddns_fail(message, result, "out of memory") : 0;
}

static bool is_same_rrset(const DdnsRecord *a, const DdnsRecord *b) {
        return a->owner_size == b->owner_size && a->type_size == b->type_size &&
               /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): no record is as long as the empty one */
               memcmp(a->owner, b->owner, a->owner_size) == 0 &&
               memcmp(a->type, b->type, a->type_size) == 0;
}

static int add_records(Work *w, const char *content, DdnsMessage *message) {
        DdnsRecord r;

        while (ddns_record_next(&content, &r)) {
                bool begins = !is_same_rrset(&r, &w->head);
                int result = begins ? begin_rrset(w, &r, message) : 0;

                if (result < 0)
                        return result;
                if (w->left_out)
                        continue;
                result = add_record(w, &r, message);
                if (result < 0)
                        return result;
        }
        finish_rrset(w);
        return 0;
}

/* Records that differed in the case of a name only are the same row now. */
static void drop_duplicates(DdnsSqlRows *rows) {
        size_t n = 0;

        ddns_sql_rows_sort(rows, DDNS_COREDNS_CELLS);
        for (size_t i = 0; i < rows->n; i++)
                if (n == 0 ||
                    ddns_sql_rows_compare(&rows->rows[n - 1], &rows->rows[i], DDNS_COREDNS_CELLS) != 0)
                        rows->rows[n++] = rows->rows[i];
        rows->n = n;
}

/* As many as find room, whole. */
static void say(const Work *w, DdnsMessage *warning) {
        static const char more[] = "; and more";
        size_t size = 0;

        warning->text[0] = '\0';
        for (Trouble t = 0; t < TROUBLE_MAX; t++) {
                char text[256];
                const Count *c = &w->counts[t];

                if (c->n == 0)
                        continue;
                int length = snprintf(text, sizeof text, "%s%s: %zu %s (first: %s)",
                                      size > 0 ? "; " : "", texts[t], c->n,
                                      c->n == 1 ? "RRset" : "RRsets", c->first);
                bool enough = size + (size_t) length + sizeof more > sizeof warning->text;
                (void) snprintf(warning->text + size, sizeof warning->text - size, "%s",
                                enough ? more : text);
                if (enough)
                        return;
                size += (size_t) length;
        }
}

int ddns_coredns_rows(const char *zone, const char *content, const DdnsCorednsLimits *limits,
                      DdnsSqlRows *ret, DdnsMessage *warning, DdnsMessage *message) {
        ddns_cleanup(work_done) Work w = { .zone = zone, .limits = limits, .rows = ret };
        int r = add_records(&w, content, message);

        if (r < 0)
                return r;
        drop_duplicates(ret);
        say(&w, warning);
        return 0;
}
