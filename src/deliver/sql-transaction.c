/* SPDX-License-Identifier: MIT */
/* One transaction: lock the zones, make those that are missing, write the difference of their rows, delete, commit. */
#include <errno.h>
#include <string.h>

#include "basic/crash-point.h"
#include "deliver/sql-internal.h"

/* ---- the table of zones ---- */

static size_t count_missing(const DdnsSqlTransaction *t) {
        size_t n = 0;

        for (size_t i = 0; i < t->n; i++)
                n += !ddns_sql_is_failed(&t->zones[i]) && t->zones[i].id == 0 &&
                     !t->zones[i].task->delete;
        return n;
}

/* With rows of others so near, an INSERT may meet a unique key that regards them as ours. To which of many zones they are near
 * only the server knows, so zones go one by one then. */
static int refuse_near_strangers(DdnsSqlTransaction *t) {
        if (t->n > 1)
                return ddns_fail(t->message, -EINVAL, "the database has a zone of nearly the same name");
        ddns_sql_refuse(&t->zones[0],
                        "the database has a zone of nearly the same name, which its collation takes for "
                        "the same; give the column of zones' names a binary collation");
        return 0;
}

static int insert_zones(DdnsSqlTransaction *t) {
        ddns_cleanup(ddns_freep) DdnsSqlZone **missing = calloc(t->n, sizeof *missing);
        ddns_cleanup(ddns_buffer_done) DdnsBuffer head = DDNS_BUFFER_NULL;
        const DdnsSqlDescription *d = t->s->d;
        size_t n = 0;

        ddns_buffer_append_format(&head, "INSERT INTO `%s` (`%s`", d->zones, d->zone_column);
        if (d->kind_column)
                ddns_buffer_append_format(&head, ",`%s`", d->kind_column);
        ddns_buffer_append_text(&head, ") VALUES ");
        if (!missing || ddns_buffer_status(&head) < 0)
                return ddns_sql_no_memory(t);

        for (size_t i = 0; i < t->n; i++)
                if (!ddns_sql_is_failed(&t->zones[i]) && t->zones[i].id == 0 &&
                    !t->zones[i].task->delete)
                        missing[n++] = &t->zones[i];

        const DdnsSqlZoneList list = { missing, d->kind_column ? d->kind : NULL };
        const DdnsSqlStatement st = {
                .head = head.data,
                .group = list.kind ? "(?,?)" : "(?)",
                .tail = "",
                .width = list.kind ? 2 : 1,
                .fill = ddns_sql_fill_zone,
        };
        t->outcome.inserted_zones += n;
        t->outcome.written_rows += n;
        return ddns_sql_run(t->s->m, &st, &list, n, NULL, NULL, t->message);
}

static int make_missing_zones(DdnsSqlTransaction *t) {
        int r;

        if (count_missing(t) == 0)
                return 0;
        if (t->strangers)
                return refuse_near_strangers(t);
        r = insert_zones(t);
        if (r >= 0)
                r = ddns_sql_read_zones(t, true); /* for their ids */
        if (r >= 0 && count_missing(t) > 0)
                return ddns_fail(t->message, -EINVAL,
                                 "a zone that was just inserted is not there: something in the database "
                                 "changes names");
        return r;
}

static int put_names_right(DdnsSqlTransaction *t) {
        char sql[256];

        (void) snprintf(sql, sizeof sql, "UPDATE `%s` SET `%s`=? WHERE `id`=?", t->s->d->zones,
                        t->s->d->zone_column);
        for (size_t i = 0; i < t->n; i++) {
                DdnsSqlZone *z = &t->zones[i];

                if (ddns_sql_is_failed(z) || z->id == 0 || z->task->delete || !z->misnamed)
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

/* DELETE of the rows of a table whose `column` is among `ids`. */
static int delete_rows(DdnsSqlTransaction *t, const char *table, const char *column, const uint64_t *ids,
                       size_t n) {
        char head[256];

        (void) snprintf(head, sizeof head, "DELETE FROM `%s` WHERE `%s` IN (", table, column);
        return ddns_sql_run_ids(t->s->m, head, ids, n, NULL, NULL, t->message);
}

/* Deletes come first, so that no unique key sees an old row and the new one that stands for it. */
static int write_difference(DdnsSqlTransaction *t, const DdnsSqlTable *table,
                            const DdnsSqlDifference *d) {
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

static int bring_rows(DdnsSqlTransaction *t, size_t table) {
        ddns_cleanup(ddns_sql_difference_done) DdnsSqlDifference d = { 0 };
        const DdnsSqlTable *description = &t->s->d->tables[table];
        int r = ddns_sql_read_rows(t, description);

        for (size_t i = 0; r >= 0 && i < t->n_by_id; i++) {
                DdnsSqlZone *z = t->by_id[i];

                if (ddns_sql_difference_add(&d, description, z, &z->wanted[table]) < 0)
                        r = ddns_sql_no_memory(t);
                ddns_sql_rows_done(&z->stored);
        }
        return r < 0 ? r : write_difference(t, description, &d);
}

static int take_id(const DdnsMysqlValue *cells, size_t n, void *userdata) {
        return ddns_sql_difference_delete(userdata, ddns_sql_id_parse(cells[0]));
}

/* All rows of zones: by their ids first, so that no statement takes longer than we wait for one; then what came meanwhile. */
static int empty_table(DdnsSqlTransaction *t, const DdnsSqlTable *table) {
        ddns_cleanup(ddns_sql_difference_done) DdnsSqlDifference d = { 0 };
        char head[256];
        int r;

        (void) snprintf(head, sizeof head, "SELECT `id` FROM `%s` WHERE `%s` IN (", table->name,
                        table->zone_id);
        r = ddns_sql_run_ids(t->s->m, head, t->ids, t->n_by_id, take_id, &d, t->message);
        if (r == -ENOMEM)
                return ddns_sql_no_memory(t);
        if (r >= 0)
                r = delete_rows(t, table->name, "id", d.deletes, d.n_deletes);
        if (r >= 0)
                r = delete_rows(t, table->name, table->zone_id, t->ids, t->n_by_id);
        return r;
}

static int delete_zones(DdnsSqlTransaction *t) {
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

static int write_all(DdnsSqlTransaction *t) {
        int r = ddns_sql_read_zones(t, true);

        if (r >= 0)
                r = ddns_sql_refuse_claimed(t);
        DDNS_CRASH_POINT("sql-locked");
        if (r >= 0)
                r = make_missing_zones(t);
        if (r >= 0)
                r = put_names_right(t);
        DDNS_CRASH_POINT("sql-zones-made");
        if (r < 0)
                return r;
        ddns_sql_gather(t, false);
        for (size_t i = 0; r >= 0 && i < t->s->d->n_tables; i++)
                r = bring_rows(t, i);
        DDNS_CRASH_POINT("sql-rows-written");
        if (r < 0)
                return r;
        ddns_sql_gather(t, true);
        return delete_zones(t);
}

int ddns_sql_transaction(DdnsSql *s, DdnsSqlZone *zones, size_t n, DdnsSqlOutcome *ret,
                         DdnsMessage *message) {
        ddns_cleanup(ddns_sql_transaction_done) DdnsSqlTransaction t = { 0 };

        int r = ddns_sql_transaction_begin(&t, s, zones, n, message);
        if (r >= 0)
                r = write_all(&t);
        DDNS_CRASH_POINT("sql-commit-before");
        if (r >= 0)
                r = ddns_mysql_commit(s->m, message);
        DDNS_CRASH_POINT("sql-commit-after");
        if (r < 0)
                return r;
        *ret = t.outcome;
        return 0;
}
