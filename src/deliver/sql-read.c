/* SPDX-License-Identifier: MIT */
/* What the database has of some zones: the rows of the zones themselves, and theirs in other tables. */
#include <errno.h>
#include <string.h>

#include "deliver/sql-internal.h"

int ddns_sql_transaction_begin(DdnsSqlTransaction *t, DdnsSql *s, DdnsSqlZone *zones, size_t n,
                               DdnsMessage *message) {
        *t = (DdnsSqlTransaction){ .s = s, .zones = zones, .n = n, .message = message };
        t->by_id = calloc(n, sizeof(DdnsSqlZone *));
        t->ids = calloc(n, sizeof *t->ids);
        if (!t->by_id || !t->ids)
                return ddns_sql_no_memory(t);
        for (size_t i = 0; i < n; i++)
                zones[i].id = 0;
        return 0;
}

void ddns_sql_transaction_done(DdnsSqlTransaction *t) {
        for (size_t i = 0; i < t->n; i++)
                ddns_sql_rows_done(&t->zones[i].stored);
        free(t->by_id);
        free(t->ids);
}

int ddns_sql_no_memory(DdnsSqlTransaction *t) {
        return ddns_fail(t->message, -ENOMEM, "out of memory");
}

void ddns_sql_refuse(DdnsSqlZone *z, const char *why) {
        z->task->state = DDNS_TASK_FAILED;
        (void) ddns_fail(&z->task->message, 0, "%s", why);
}

static char lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

/* Our names are in lower case already. */
static int compare_name(const void *key, const void *item) {
        const DdnsMysqlValue *name = key;
        const DdnsSqlZone *z = item;
        size_t size = strlen(z->name);

        for (size_t i = 0; i < name->size && i < size; i++)
                if (lower(name->text[i]) != z->name[i])
                        return (unsigned char) lower(name->text[i]) < (unsigned char) z->name[i] ? -1
                                                                                                 : 1;
        return (name->size > size) - (name->size < size);
}

static int compare_id(const void *a, const void *b) {
        const DdnsSqlZone *const *x = a, *const *y = b;

        return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

/* Cells: id, name, kind. What the server found by its collation is compared again, as octets and A to Z in either case. */
static int take_zone(const DdnsMysqlValue *cells, size_t n, void *userdata) {
        DdnsSqlTransaction *t = userdata;
        DdnsSqlZone *z = bsearch(&cells[1], t->zones, t->n, sizeof *t->zones, compare_name);
        uint64_t id = ddns_sql_id_parse(cells[0]);
        DdnsMessage why;

        if (!z) {
                t->strangers = true;
                return 0;
        }
        if (ddns_sql_is_failed(z) || z->id == id)
                return 0;
        if (z->id != 0) {
                ddns_sql_refuse(z,
                                "the database has this zone twice, in rows of their own; delete one of them");
                return 0;
        }
        if (t->s->ops->may_change &&
            t->s->ops->may_change(z->task, n > 2 ? cells[2] : DDNS_MYSQL_NULL, &why) < 0) {
                ddns_sql_refuse(z, why.text);
                return 0;
        }
        z->id = id;
        z->misnamed = memcmp(cells[1].text, z->name, cells[1].size) != 0;
        ddns_sql_id_text(id, z->id_text);
        return 0;
}

void ddns_sql_fill_zone(const void *items, size_t i, char id[DDNS_SQL_ID_SIZE], DdnsMysqlValue *values) {
        const DdnsSqlZoneList *list = items;

        values[0] = ddns_mysql_text(list->items[i]->name);
        if (list->kind)
                values[1] = ddns_mysql_text(list->kind);
}

/* In the order of their names: another ddns on this database locks them in the same one, waits, and then finds nothing left to
 * write. */
int ddns_sql_read_zones(DdnsSqlTransaction *t, bool lock) {
        ddns_cleanup(ddns_freep) DdnsSqlZone **missing = calloc(t->n, sizeof *missing);
        ddns_cleanup(ddns_buffer_done) DdnsBuffer head = DDNS_BUFFER_NULL, tail = DDNS_BUFFER_NULL;
        const DdnsSqlDescription *d = t->s->d;
        const DdnsSqlStatement st = {
                .group = "?", .width = 1, .repeats = true, .fill = ddns_sql_fill_zone
        };
        size_t n = 0;

        ddns_buffer_append_format(&head, "SELECT `id`,`%s`", d->zone_column);
        if (d->kind_column)
                ddns_buffer_append_format(&head, ",`%s`", d->kind_column);
        ddns_buffer_append_format(&head, " FROM `%s` WHERE `%s` IN (", d->zones, d->zone_column);
        ddns_buffer_append_format(&tail, ") ORDER BY `%s`%s", d->zone_column, lock ? " FOR UPDATE" : "");
        if (!missing || ddns_buffer_status(&head) < 0 || ddns_buffer_status(&tail) < 0)
                return ddns_sql_no_memory(t);

        for (size_t i = 0; i < t->n; i++)
                if (!ddns_sql_is_failed(&t->zones[i]) && t->zones[i].id == 0)
                        missing[n++] = &t->zones[i];

        DdnsSqlStatement select = st;
        DdnsSqlZoneList list = { .items = missing };
        select.head = head.data;
        select.tail = tail.data;
        return ddns_sql_run(t->s->m, &select, &list, n, take_zone, t, t->message);
}

void ddns_sql_gather(DdnsSqlTransaction *t, bool delete) {
        t->n_by_id = 0;
        for (size_t i = 0; i < t->n; i++) {
                DdnsSqlZone *z = &t->zones[i];

                if (!ddns_sql_is_failed(z) && z->id != 0 && z->task->delete == delete)
                        t->by_id[t->n_by_id++] = z;
        }
        qsort(t->by_id, t->n_by_id, sizeof(DdnsSqlZone *), compare_id);
        for (size_t i = 0; i < t->n_by_id; i++)
                t->ids[i] = t->by_id[i]->id;
}

static DdnsSqlZone *find_gathered(const DdnsSqlTransaction *t, DdnsMysqlValue id) {
        DdnsSqlZone key = { .id = ddns_sql_id_parse(id) }, *wanted = &key;
        DdnsSqlZone **z = bsearch(&wanted, t->by_id, t->n_by_id, sizeof wanted, compare_id);

        return z ? *z : NULL;
}

/* Cells: the zone's id, the row's, then the columns. */
static int take_row(const DdnsMysqlValue *cells, size_t n, void *userdata) {
        DdnsSqlTransaction *t = userdata;
        DdnsSqlZone *z = find_gathered(t, cells[0]);

        if (!z)
                return 0;
        if (ddns_sql_rows_add(&z->stored, ddns_sql_id_parse(cells[1]), cells + 2, n - 2) < 0)
                return ddns_sql_no_memory(t);
        return 0;
}

int ddns_sql_read_rows(DdnsSqlTransaction *t, const DdnsSqlTable *table) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer head = DDNS_BUFFER_NULL;

        ddns_buffer_append_format(&head, "SELECT `%s`,`id`", table->zone_id);
        for (size_t i = 0; i < table->n_columns; i++)
                ddns_buffer_append_format(&head, ",`%s`", table->columns[i]);
        ddns_buffer_append_format(&head, " FROM `%s` WHERE `%s` IN (", table->name, table->zone_id);
        if (ddns_buffer_status(&head) < 0)
                return ddns_sql_no_memory(t);
        return ddns_sql_run_ids(t->s->m, head.data, t->ids, t->n_by_id, take_row, t, t->message);
}

static int take_claim(const DdnsMysqlValue *cells, size_t n, void *userdata) {
        DdnsSqlTransaction *t = userdata;
        DdnsSqlZone *z = find_gathered(t, cells[0]);

        if (z && !ddns_sql_is_failed(z))
                ddns_sql_refuse(z, t->s->d->claimed);
        return 0;
}

int ddns_sql_refuse_claimed(DdnsSqlTransaction *t) {
        const DdnsSqlTable *claims = t->s->d->claims;
        char head[256];

        if (!claims)
                return 0;
        ddns_sql_gather(t, false);
        (void) snprintf(head, sizeof head, "SELECT `%s` FROM `%s` WHERE `%s` IN (", claims->zone_id,
                        claims->name, claims->zone_id);
        return ddns_sql_run_ids(t->s->m, head, t->ids, t->n_by_id, take_claim, t, t->message);
}
