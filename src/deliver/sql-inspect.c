/* SPDX-License-Identifier: MIT */
/* What apply() would write into a database, found by the functions that it writes by; and which zones are there. All reads of
 * a piece are of one moment, and the server is told that nothing is written. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "deliver/sql-internal.h"

/* Of a transaction that somebody's ALTER TABLE made fail. */
#define TRIES 3

/* Of the next transaction alone; each statement of the others sees what is new. */
static const char of_one_moment[] = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";

typedef struct Count {
        size_t missing, changed, surplus;
} Count;

/* What is looked at. */
typedef struct Look {
        DdnsSqlTransaction t;
        Count *counts;         /* one for each zone */
        DdnsLineHandler *line; /* NULL: nobody reads them */
        void *userdata;
} Look;

static void look_done(Look *l) {
        ddns_sql_transaction_done(&l->t);
        free(l->counts);
}

/* ---- lines for an operator ---- */

static void append_cell(DdnsBuffer *b, DdnsMysqlValue cell) {
        if (!cell.text) {
                ddns_buffer_append_text(b, "NULL");
                return;
        }
        for (size_t i = 0; i < cell.size; i++)
                ddns_buffer_append_byte(b, (unsigned char) cell.text[i] < 0x20 ? '?' : cell.text[i]);
}

static int tell(const Look *l, const DdnsSqlTable *table, char sign, const DdnsSqlRow *row) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

        ddns_buffer_append_text(&b, table->name);
        for (size_t i = 0; i < table->n_columns; i++) {
                ddns_buffer_append_byte(&b, i == 0 ? ' ' : '\t');
                append_cell(&b, row->cells[i]);
        }
        return ddns_buffer_status(&b) < 0 ? -ENOMEM : l->line(sign, b.data, l->userdata);
}

static const DdnsSqlRow *find_row(const DdnsSqlRows *rows, uint64_t id) {
        for (size_t i = 0; i < rows->n; i++)
                if (rows->rows[i].id == id)
                        return &rows->rows[i];
        return NULL;
}

static int tell_all(const Look *l, const DdnsSqlTable *table, const DdnsSqlZone *z,
                    const DdnsSqlDifference *d) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < d->n_deletes; i++)
                r = tell(l, table, '-', find_row(&z->stored, d->deletes[i]));
        for (size_t i = 0; r == 0 && i < d->updates.n; i++) {
                r = tell(l, table, '-', find_row(&z->stored, d->updates.items[i].id));
                if (r == 0)
                        r = tell(l, table, '+', d->updates.items[i].row);
        }
        for (size_t i = 0; r == 0 && i < d->inserts.n; i++)
                r = tell(l, table, '+', d->inserts.items[i].row);
        return r;
}

/* ---- comparing ---- */

static int compare_rows(Look *l, DdnsSqlZone *z, size_t table) {
        ddns_cleanup(ddns_sql_difference_done) DdnsSqlDifference d = { 0 };
        const DdnsSqlTable *description = &l->t.s->d->tables[table];
        Count *count = &l->counts[z - l->t.zones];
        int r = 0;

        if (ddns_sql_difference_add(&d, description, z, &z->wanted[table]) < 0)
                return ddns_sql_no_memory(&l->t);
        count->missing += d.inserts.n;
        count->changed += d.updates.n;
        count->surplus += d.n_deletes;
        if (l->line)
                r = tell_all(l, description, z, &d);
        ddns_sql_rows_done(&z->stored);
        return r;
}

/* A zone that is not there lacks all its rows. */
static int lacks_all(Look *l, const DdnsSqlZone *z) {
        int r = 0;

        for (size_t k = 0; l->line && k < l->t.s->d->n_tables; k++)
                for (size_t i = 0; r == 0 && i < z->wanted[k].n; i++)
                        r = tell(l, &l->t.s->d->tables[k], '+', &z->wanted[k].rows[i]);
        return r;
}

static int compare_all(Look *l) {
        DdnsSqlTransaction *t = &l->t;
        int r = ddns_mysql_run(t->s->m, of_one_moment, NULL, 0, NULL, NULL, t->message);

        if (r >= 0)
                r = ddns_sql_read_zones(t, false);
        if (r >= 0)
                r = ddns_sql_refuse_claimed(t);
        ddns_sql_gather(t, false);
        for (size_t k = 0; r == 0 && k < t->s->d->n_tables; k++) {
                r = ddns_sql_read_rows(t, &t->s->d->tables[k]);
                for (size_t i = 0; r == 0 && i < t->n_by_id; i++)
                        r = compare_rows(l, t->by_id[i], k);
        }
        for (size_t i = 0; r == 0 && i < t->n; i++)
                if (!ddns_sql_is_failed(&t->zones[i]) && t->zones[i].id == 0)
                        r = lacks_all(l, &t->zones[i]);
        return r;
}

static void append_count(DdnsMessage *text, size_t n, const char *what) {
        DdnsMessage before = *text;

        if (n > 0 && before.text[0])
                (void) ddns_fail(text, 0, "%s, %zu %s", before.text, n, what);
        else if (n > 0)
                (void) ddns_fail(text, 0, "%zu %s %s", n, n == 1 ? "row" : "rows", what);
}

static void conclude(const DdnsSqlZone *z, const Count *count) {
        const char *name = z->id == 0    ? "the zone is not there"
                           : z->misnamed ? "the zone's name has capital letters"
                                         : "";
        DdnsMessage counts = DDNS_MESSAGE_NULL;

        if (ddns_sql_is_failed(z))
                return;
        append_count(&counts, count->missing, "missing");
        append_count(&counts, count->changed, "changed");
        append_count(&counts, count->surplus, "surplus");
        (void) ddns_fail(&z->task->message, 0, "%s%s%s", name, name[0] && counts.text[0] ? "; " : "",
                         counts.text);
        z->task->state = z->task->message.text[0] ? DDNS_TASK_FAILED : DDNS_TASK_WRITTEN;
}

static int look(DdnsSql *s, DdnsSqlPiece *p, DdnsLineHandler *line, void *userdata,
                DdnsMessage *message) {
        ddns_cleanup(look_done) Look l = { .line = line, .userdata = userdata };

        int r = ddns_sql_transaction_begin(&l.t, s, p->zones, p->n, message);
        l.counts = calloc(p->n, sizeof *l.counts);
        if (r >= 0 && !l.counts)
                r = ddns_sql_no_memory(&l.t);
        if (r == 0)
                r = compare_all(&l);
        ddns_mysql_rollback(s->m);
        for (size_t i = 0; r == 0 && i < p->n; i++)
                conclude(&p->zones[i], &l.counts[i]);
        return r;
}

static int inspect_piece(DdnsSql *s, DdnsTask *tasks, size_t n, DdnsLineHandler *line, void *userdata,
                         DdnsMessage *message) {
        ddns_cleanup(ddns_sql_piece_done) DdnsSqlPiece p = { 0 };

        int r = ddns_sql_connect(s, message);
        if (r >= 0)
                r = ddns_sql_piece_make(s, tasks, n, &p, message);
        if (r < 0 || p.n == 0)
                return r;
        for (unsigned try = 1;; try++) {
                r = look(s, &p, line, userdata, message);
                if (r != -EAGAIN || try == TRIES)
                        return r;
        }
}

int ddns_sql_inspect(DdnsSql *s, DdnsTask *tasks, size_t n, DdnsMessage *message) {
        int r = 0;

        for (size_t done = 0; r >= 0 && done < n;) {
                size_t k = ddns_sql_piece_cut(tasks + done, n - done);

                r = inspect_piece(s, tasks + done, k, NULL, NULL, message);
                done += k;
        }
        if (r < 0)
                ddns_mysql_disconnect(s->m);
        return r;
}

int ddns_sql_diff(DdnsSql *s, const DdnsTask *task, DdnsLineHandler *line, void *userdata,
                  DdnsMessage *message) {
        DdnsTask copy = *task;

        copy.state = DDNS_TASK_PENDING;
        copy.message = DDNS_MESSAGE_NULL;
        int r = inspect_piece(s, &copy, 1, line, userdata, message);
        if (r == 0 && copy.state == DDNS_TASK_FAILED && copy.message.text[0])
                r = line(' ', copy.message.text, userdata);
        if (r < 0)
                ddns_mysql_disconnect(s->m);
        return r;
}

/* ---- which zones are there ---- */

typedef struct Names {
        DdnsNameHandler *each;
        void *userdata;
} Names;

/* A row without a name is an operator's. */
static int take_name(const DdnsMysqlValue *cells, size_t n, void *userdata) {
        const Names *names = userdata;
        char name[DDNS_SQL_ZONE_MAX + 1];

        if (n == 0 || !cells[0].text || cells[0].size == 0)
                return 0;
        size_t size = cells[0].size < sizeof name ? cells[0].size : sizeof name - 1;
        memcpy(name, cells[0].text, size);
        if (size > 1 && name[size - 1] == '.')
                size--;
        name[size] = '\0';
        return names->each(name, names->userdata);
}

int ddns_sql_list(DdnsSql *s, DdnsNameHandler *each, void *userdata, DdnsMessage *message) {
        Names names = { each, userdata };
        char sql[256];

        int r = ddns_sql_connect(s, message);
        if (r < 0)
                return r;
        (void) snprintf(sql, sizeof sql, "SELECT `%s` FROM `%s`", s->d->zone_column, s->d->zones);
        r = ddns_mysql_run(s->m, sql, NULL, 0, take_name, &names, message);
        ddns_mysql_rollback(s->m);
        if (r < 0)
                ddns_mysql_disconnect(s->m);
        return r;
}
