/* SPDX-License-Identifier: MIT */
/* One transaction: lock the zones, make those that are missing, write the difference of their rows, delete, commit. */
#include <errno.h>
#include <string.h>

#include "deliver/sql-internal.h"

/* What is at hand in one try. Zones whose tasks FAILED stay in `zones` and are passed over. */
typedef struct Transaction {
        DdnsSql *s;
        DdnsSqlZone *zones; /* sorted by name */
        size_t n;
        DdnsSqlZone **by_id; /* those that are there, sorted by id */
        uint64_t *ids;       /* room for as many ids */
        size_t n_by_id;
        bool strangers; /* there are rows that only the collation takes for zones of ours */
        DdnsSqlOutcome outcome;
        DdnsMessage *message;
} Transaction;

static void transaction_done(Transaction *t) {
        for (size_t i = 0; i < t->n; i++)
                ddns_sql_rows_done(&t->zones[i].stored);
        free(t->by_id);
        free(t->ids);
}

static int no_memory(Transaction *t) {
        return ddns_fail(t->message, -ENOMEM, "out of memory");
}

static bool is_failed(const DdnsSqlZone *z) {
        return z->task->state == DDNS_TASK_FAILED;
}

static void refuse(DdnsSqlZone *z, const char *why) {
        z->task->state = DDNS_TASK_FAILED;
        (void) ddns_fail(&z->task->message, 0, "%s", why);
}

/* ---- the table of zones ---- */

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
        Transaction *t = userdata;
        DdnsSqlZone *z = bsearch(&cells[1], t->zones, t->n, sizeof *t->zones, compare_name);
        uint64_t id = ddns_sql_id_parse(cells[0]);
        DdnsMessage why;

        if (!z) {
                t->strangers = true;
                return 0;
        }
        if (is_failed(z) || z->id == id)
                return 0;
        if (z->id != 0) {
                refuse(z, "the database has this zone twice, in rows of their own; delete one of them");
                return 0;
        }
        if (t->s->ops->may_change &&
            t->s->ops->may_change(z->task, n > 2 ? cells[2] : DDNS_MYSQL_NULL, &why) < 0) {
                refuse(z, why.text);
                return 0;
        }
        z->id = id;
        z->misnamed = memcmp(cells[1].text, z->name, cells[1].size) != 0;
        ddns_sql_id_text(id, z->id_text);
        return 0;
}

typedef struct ZoneList {
        DdnsSqlZone **items;
        const char *kind;
} ZoneList;

static void fill_zone(const void *items, size_t i, char id[DDNS_SQL_ID_SIZE], DdnsMysqlValue *values) {
        const ZoneList *list = items;

        values[0] = ddns_mysql_text(list->items[i]->name);
        if (list->kind)
                values[1] = ddns_mysql_text(list->kind);
}

/* Locks and reads the rows of zones that are not known yet, in the order of their names: another ddns on this database does the
 * same, waits, and then finds nothing left to write. */
static int read_zones(Transaction *t) {
        ddns_cleanup(ddns_freep) DdnsSqlZone **missing = calloc(t->n, sizeof *missing);
        ddns_cleanup(ddns_buffer_done) DdnsBuffer head = DDNS_BUFFER_NULL, tail = DDNS_BUFFER_NULL;
        const DdnsSqlDescription *d = t->s->d;
        const DdnsSqlStatement st = { .group = "?", .width = 1, .repeats = true, .fill = fill_zone };
        size_t n = 0;

        ddns_buffer_append_format(&head, "SELECT `id`,`%s`", d->zone_column);
        if (d->kind_column)
                ddns_buffer_append_format(&head, ",`%s`", d->kind_column);
        ddns_buffer_append_format(&head, " FROM `%s` WHERE `%s` IN (", d->zones, d->zone_column);
        ddns_buffer_append_format(&tail, ") ORDER BY `%s` FOR UPDATE", d->zone_column);
        if (!missing || ddns_buffer_status(&head) < 0 || ddns_buffer_status(&tail) < 0)
                return no_memory(t);

        for (size_t i = 0; i < t->n; i++)
                if (!is_failed(&t->zones[i]) && t->zones[i].id == 0)
                        missing[n++] = &t->zones[i];

        DdnsSqlStatement select = st;
        ZoneList list = { .items = missing };
        select.head = head.data;
        select.tail = tail.data;
        return ddns_sql_run(t->s->m, &select, &list, n, take_zone, t, t->message);
}

static size_t count_missing(const Transaction *t) {
        size_t n = 0;

        for (size_t i = 0; i < t->n; i++)
                n += !is_failed(&t->zones[i]) && t->zones[i].id == 0 && !t->zones[i].task->delete;
        return n;
}

/* With rows of others so near, an INSERT may meet a unique key that regards them as ours. To which of many zones they are near
 * only the server knows, so zones go one by one then. */
static int refuse_near_strangers(Transaction *t) {
        if (t->n > 1)
                return ddns_fail(t->message, -EINVAL, "the database has a zone of nearly the same name");
        refuse(&t->zones[0],
               "the database has a zone of nearly the same name, which its collation takes for "
               "the same; give the column of zones' names a binary collation");
        return 0;
}

static int insert_zones(Transaction *t) {
        ddns_cleanup(ddns_freep) DdnsSqlZone **missing = calloc(t->n, sizeof *missing);
        ddns_cleanup(ddns_buffer_done) DdnsBuffer head = DDNS_BUFFER_NULL;
        const DdnsSqlDescription *d = t->s->d;
        size_t n = 0;

        ddns_buffer_append_format(&head, "INSERT INTO `%s` (`%s`", d->zones, d->zone_column);
        if (d->kind_column)
                ddns_buffer_append_format(&head, ",`%s`", d->kind_column);
        ddns_buffer_append_text(&head, ") VALUES ");
        if (!missing || ddns_buffer_status(&head) < 0)
                return no_memory(t);

        for (size_t i = 0; i < t->n; i++)
                if (!is_failed(&t->zones[i]) && t->zones[i].id == 0 && !t->zones[i].task->delete)
                        missing[n++] = &t->zones[i];

        const ZoneList list = { missing, d->kind_column ? d->kind : NULL };
        const DdnsSqlStatement st = {
                .head = head.data,
                .group = list.kind ? "(?,?)" : "(?)",
                .tail = "",
                .width = list.kind ? 2 : 1,
                .fill = fill_zone,
        };
        t->outcome.inserted_zones += n;
        t->outcome.written_rows += n;
        return ddns_sql_run(t->s->m, &st, &list, n, NULL, NULL, t->message);
}

static int make_missing_zones(Transaction *t) {
        int r;

        if (count_missing(t) == 0)
                return 0;
        if (t->strangers)
                return refuse_near_strangers(t);
        r = insert_zones(t);
        if (r >= 0)
                r = read_zones(t); /* for their ids */
        if (r >= 0 && count_missing(t) > 0)
                return ddns_fail(t->message, -EINVAL,
                                 "a zone that was just inserted is not there: something in the database "
                                 "changes names");
        return r;
}

static int put_names_right(Transaction *t) {
        char sql[256];

        (void) snprintf(sql, sizeof sql, "UPDATE `%s` SET `%s`=? WHERE `id`=?", t->s->d->zones,
                        t->s->d->zone_column);
        for (size_t i = 0; i < t->n; i++) {
                DdnsSqlZone *z = &t->zones[i];

                if (is_failed(z) || z->id == 0 || z->task->delete || !z->misnamed)
                        continue;
                const DdnsMysqlValue values[] = { ddns_mysql_text(z->name),
                                                  ddns_mysql_text(z->id_text) };
                int r = ddns_mysql_run(t->s->m, sql, values, ARRAY_SIZE(values), NULL, NULL, t->message);
                if (r < 0)
                        return r;
                t->outcome.written_rows++;
        }
        return 0;
}

/* ---- tables of rows ---- */

/* Zones that are to be kept, or that are to be deleted, and are there, by their ids. */
static void gather(Transaction *t, bool delete) {
        t->n_by_id = 0;
        for (size_t i = 0; i < t->n; i++) {
                DdnsSqlZone *z = &t->zones[i];

                if (!is_failed(z) && z->id != 0 && z->task->delete == delete)
                        t->by_id[t->n_by_id++] = z;
        }
        qsort(t->by_id, t->n_by_id, sizeof(DdnsSqlZone *), compare_id);
        for (size_t i = 0; i < t->n_by_id; i++)
                t->ids[i] = t->by_id[i]->id;
}

/* Cells: the zone's id, the row's, then the columns. */
static int take_row(const DdnsMysqlValue *cells, size_t n, void *userdata) {
        Transaction *t = userdata;
        DdnsSqlZone key = { .id = ddns_sql_id_parse(cells[0]) }, *wanted = &key;
        DdnsSqlZone **z = bsearch(&wanted, t->by_id, t->n_by_id, sizeof wanted, compare_id);

        if (!z)
                return 0;
        if (ddns_sql_rows_add(&(*z)->stored, ddns_sql_id_parse(cells[1]), cells + 2, n - 2) < 0)
                return no_memory(t);
        return 0;
}

static int read_rows(Transaction *t, const DdnsSqlTable *table) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer head = DDNS_BUFFER_NULL;

        ddns_buffer_append_format(&head, "SELECT `%s`,`id`", table->zone_id);
        for (size_t i = 0; i < table->n_columns; i++)
                ddns_buffer_append_format(&head, ",`%s`", table->columns[i]);
        ddns_buffer_append_format(&head, " FROM `%s` WHERE `%s` IN (", table->name, table->zone_id);
        if (ddns_buffer_status(&head) < 0)
                return no_memory(t);
        return ddns_sql_run_ids(t->s->m, head.data, t->ids, t->n_by_id, take_row, t, t->message);
}

/* DELETE of the rows of a table whose `column` is among `ids`. */
static int delete_rows(Transaction *t, const char *table, const char *column, const uint64_t *ids,
                       size_t n) {
        char head[256];

        (void) snprintf(head, sizeof head, "DELETE FROM `%s` WHERE `%s` IN (", table, column);
        return ddns_sql_run_ids(t->s->m, head, ids, n, NULL, NULL, t->message);
}

/* Deletes come first, so that no unique key sees an old row and the new one that stands for it. */
static int write_difference(Transaction *t, const DdnsSqlTable *table, const DdnsSqlDifference *d) {
        int r = delete_rows(t, table->name, "id", d->deletes, d->n_deletes);

        if (r >= 0)
                r = ddns_sql_run_changes(t->s->m, table, d->updates.items, d->updates.n, true,
                                         t->message);
        if (r >= 0)
                r = ddns_sql_run_changes(t->s->m, table, d->inserts.items, d->inserts.n, false,
                                         t->message);
        t->outcome.written_rows += d->n_deletes + d->updates.n + d->inserts.n;
        return r;
}

static int bring_rows(Transaction *t, size_t table) {
        ddns_cleanup(ddns_sql_difference_done) DdnsSqlDifference d = { 0 };
        const DdnsSqlTable *description = &t->s->d->tables[table];
        int r = read_rows(t, description);

        for (size_t i = 0; r >= 0 && i < t->n_by_id; i++) {
                DdnsSqlZone *z = t->by_id[i];

                if (ddns_sql_difference_add(&d, description, z, &z->wanted[table]) < 0)
                        r = no_memory(t);
                ddns_sql_rows_done(&z->stored);
        }
        return r < 0 ? r : write_difference(t, description, &d);
}

static int take_id(const DdnsMysqlValue *cells, size_t n, void *userdata) {
        return ddns_sql_difference_delete(userdata, ddns_sql_id_parse(cells[0]));
}

/* All rows of zones: by their ids first, so that no statement takes longer than we wait for one; then what came meanwhile. */
static int empty_table(Transaction *t, const DdnsSqlTable *table) {
        ddns_cleanup(ddns_sql_difference_done) DdnsSqlDifference d = { 0 };
        char head[256];
        int r;

        (void) snprintf(head, sizeof head, "SELECT `id` FROM `%s` WHERE `%s` IN (", table->name,
                        table->zone_id);
        r = ddns_sql_run_ids(t->s->m, head, t->ids, t->n_by_id, take_id, &d, t->message);
        if (r == -ENOMEM)
                return no_memory(t);
        if (r >= 0)
                r = delete_rows(t, table->name, "id", d.deletes, d.n_deletes);
        if (r >= 0)
                r = delete_rows(t, table->name, table->zone_id, t->ids, t->n_by_id);
        return r;
}

static int delete_zones(Transaction *t) {
        const DdnsSqlDescription *d = t->s->d;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < d->n_tables; i++)
                r = empty_table(t, &d->tables[i]);
        for (size_t i = 0; r >= 0 && i < d->n_emptied; i++)
                r = delete_rows(t, d->emptied[i].name, d->emptied[i].zone_id, t->ids, t->n_by_id);
        if (r >= 0)
                r = delete_rows(t, d->zones, "id", t->ids, t->n_by_id);
        t->outcome.deleted_zones += t->n_by_id;
        t->outcome.written_rows += t->n_by_id;
        return r;
}

static int take_claim(const DdnsMysqlValue *cells, size_t n, void *userdata) {
        Transaction *t = userdata;
        DdnsSqlZone key = { .id = ddns_sql_id_parse(cells[0]) }, *wanted = &key;
        DdnsSqlZone **z = bsearch(&wanted, t->by_id, t->n_by_id, sizeof wanted, compare_id);

        if (z && !is_failed(*z))
                refuse(*z, t->s->d->claimed);
        return 0;
}

static int refuse_claimed(Transaction *t) {
        const DdnsSqlTable *claims = t->s->d->claims;
        char head[256];

        if (!claims)
                return 0;
        gather(t, false);
        (void) snprintf(head, sizeof head, "SELECT `%s` FROM `%s` WHERE `%s` IN (", claims->zone_id,
                        claims->name, claims->zone_id);
        return ddns_sql_run_ids(t->s->m, head, t->ids, t->n_by_id, take_claim, t, t->message);
}

static int write_all(Transaction *t) {
        int r = read_zones(t);

        if (r >= 0)
                r = refuse_claimed(t);
        if (r >= 0)
                r = make_missing_zones(t);
        if (r >= 0)
                r = put_names_right(t);
        if (r < 0)
                return r;
        gather(t, false);
        for (size_t i = 0; r >= 0 && i < t->s->d->n_tables; i++)
                r = bring_rows(t, i);
        if (r < 0)
                return r;
        gather(t, true);
        return delete_zones(t);
}

int ddns_sql_transaction(DdnsSql *s, DdnsSqlZone *zones, size_t n, DdnsSqlOutcome *ret,
                         DdnsMessage *message) {
        ddns_cleanup(transaction_done)
                        Transaction t = { .s = s, .zones = zones, .n = n, .message = message };
        int r;

        t.by_id = calloc(n, sizeof(DdnsSqlZone *));
        t.ids = calloc(n, sizeof *t.ids);
        if (!t.by_id || !t.ids)
                return no_memory(&t);
        for (size_t i = 0; i < n; i++)
                zones[i].id = 0;

        r = write_all(&t);
        if (r >= 0)
                r = ddns_mysql_commit(s->m, message);
        if (r < 0)
                return r;
        *ret = t.outcome;
        return 0;
}
