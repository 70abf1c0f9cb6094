/* SPDX-License-Identifier: MIT */
/* A batch on its way into a database: its transactions, and whom an error is charged to. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "basic/clock.h"
#include "deliver/sql-internal.h"

/* Of a transaction: what it holds of a batch's contents, so that memory and the server's undo log stay bounded, however many
 * zones a batch has. A larger zone goes alone. */
#define PIECE_OCTETS (8 * 1024 * 1024)
#define PIECE_ZONES  10000

/* Of zones that go one by one: a batch must not keep others waiting for ever. */
#define WAITS_MAX 3

#define TRIES 3 /* of a transaction that was rolled back for another's sake */

int ddns_sql_new(const DdnsBackendConfig *config, const DdnsSqlDescription *description,
                 const DdnsSqlOps *ops, void *userdata, DdnsSql **ret, DdnsMessage *message) {
        ddns_cleanup(ddns_sql_freep) DdnsSql *s = calloc(1, sizeof *s);
        int r;

        if (!s)
                return ddns_fail(message, -ENOMEM, "out of memory");
        *s = (DdnsSql){ .config = &config->mysql, .d = description, .ops = ops, .userdata = userdata };
        r = ddns_mysql_new(&config->mysql, &s->m, message);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

DdnsSql *ddns_sql_free(DdnsSql *s) {
        if (s) {
                (void) ddns_mysql_free(s->m);
                free(s);
        }
        return NULL;
}

int ddns_sql_connect(DdnsSql *s, DdnsMessage *message) {
        int r = ddns_mysql_connect(s->m, message);

        if (r < 0)
                return r;
        if (r > 0)
                s->known = false;
        if (s->known)
                return 0;

        r = ddns_sql_look_at_engines(s->m, s->d, message);
        if (r >= 0 && s->ops->connected)
                r = s->ops->connected(s->m, message, s->userdata);
        ddns_mysql_rollback(s->m);
        if (r < 0)
                return r;
        s->known = true;
        return 0;
}

/* ---- a piece of a batch: the zones of one transaction ---- */

void ddns_sql_piece_done(DdnsSqlPiece *p) {
        for (size_t i = 0; i < p->n; i++)
                for (size_t t = 0; t < DDNS_SQL_TABLES_MAX; t++)
                        ddns_sql_rows_done(&p->zones[i].wanted[t]);
        free(p->zones);
}

size_t ddns_sql_piece_cut(const DdnsTask *tasks, size_t n) {
        size_t octets = 0, k = 0;

        while (k < n && k < PIECE_ZONES && (k == 0 || octets + tasks[k].size <= PIECE_OCTETS))
                octets += tasks[k++].size;
        return k;
}

static int compare_zones(const void *a, const void *b) {
        return strcmp(((const DdnsSqlZone *) a)->name, ((const DdnsSqlZone *) b)->name);
}

/* What of a task's zone should be in the database. -EBADMSG: the task FAILED. */
static int want(DdnsSql *s, DdnsTask *task, DdnsSqlZone *z, DdnsMessage *message) {
        int r = 0;

        z->task = task;
        s->ops->zone_name(task->zone, z->name);
        task->warning = DDNS_MESSAGE_NULL;
        if (!task->delete)
                r = s->ops->rows(task, z->wanted, &task->warning, &task->message, s->userdata);
        if (r == -EBADMSG)
                task->state = DDNS_TASK_FAILED;
        else if (r < 0)
                return ddns_fail(message, r, "%s: %s", task->zone, strerror(-r));
        for (size_t t = 0; t < s->d->n_tables; t++)
                ddns_sql_rows_sort(&z->wanted[t], s->d->tables[t].n_columns);
        return r;
}

int ddns_sql_piece_make(DdnsSql *s, DdnsTask *tasks, size_t n, DdnsSqlPiece *p, DdnsMessage *message) {
        p->zones = calloc(n, sizeof *p->zones);
        if (!p->zones)
                return ddns_fail(message, -ENOMEM, "out of memory");

        for (size_t i = 0; i < n; i++) {
                DdnsSqlZone *z = &p->zones[p->n++];
                int r;

                if (tasks[i].state != DDNS_TASK_PENDING) {
                        p->n--;
                        continue;
                }
                r = want(s, &tasks[i], z, message);
                if (r < 0 && r != -EBADMSG)
                        return r;
                if (r == -EBADMSG) {
                        for (size_t t = 0; t < DDNS_SQL_TABLES_MAX; t++)
                                ddns_sql_rows_done(&z->wanted[t]);
                        memset(z, 0, sizeof *z);
                        p->n--;
                }
        }
        qsort(p->zones, p->n, sizeof *p->zones, compare_zones);
        return 0;
}

/* ---- bringing it ---- */

/* Long enough for the other transaction to end, and hardly ever the same for two that met. */
static void pause_a_little(unsigned try) {
        const long usec = 5000 + (long) (ddns_monotonic_usec() % 5000);
        const struct timespec t = { .tv_nsec = (usec << (2 * try)) * 1000 };

        (void) nanosleep(&t, NULL);
}

static void mark_written(DdnsSqlZone *zones, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (zones[i].task->state == DDNS_TASK_PENDING)
                        zones[i].task->state = DDNS_TASK_WRITTEN;
}

/* One transaction, as often as it loses against others. */
static int bring(DdnsSql *s, DdnsSqlZone *zones, size_t n, DdnsSqlOutcome *outcome,
                 DdnsMessage *message) {
        DdnsSqlOutcome o;

        for (unsigned try = 1;; try++) {
                int r = ddns_sql_transaction(s, zones, n, &o, message);

                if (r >= 0) {
                        mark_written(zones, n);
                        outcome->inserted_zones += o.inserted_zones;
                        outcome->deleted_zones += o.deleted_zones;
                        outcome->written_rows += o.written_rows;
                        return 0;
                }
                ddns_mysql_rollback(s->m);
                if (r != -EAGAIN || try == TRIES)
                        return r;
                pause_a_little(try - 1);
        }
}

/* The error may be that of one zone alone. */
static bool is_of_a_zone(int error) {
        return error == -EINVAL || error == -EMSGSIZE || error == -ETIME || error == -EAGAIN;
}

static int charge(DdnsTask *task, const DdnsMessage *why) {
        task->state = DDNS_TASK_FAILED;
        task->message = *why;
        return 0;
}

static int compare_tasks(const void *a, const void *b) {
        const DdnsTask *x = ((const DdnsSqlZone *) a)->task, *y = ((const DdnsSqlZone *) b)->task;

        return (x > y) - (x < y);
}

/* Zone by zone in the order of the batch, so that those that the server refuses stop no others. If the first two wait too long
 * and the tables are locked, no zone is to blame. Some may wait, but not for ever: who comes behind them is left to the next
 * batch, which begins with what is urgent. */
static int bring_one_by_one(DdnsSql *s, DdnsSqlPiece *p, DdnsSqlOutcome *outcome, DdnsMessage *message) {
        DdnsTask *waited = NULL; /* the first that did */
        size_t waits = 0, others = 0;

        qsort(p->zones, p->n, sizeof *p->zones, compare_tasks);
        for (size_t i = 0; i < p->n && waits < WAITS_MAX; i++) {
                DdnsTask *task = p->zones[i].task;
                DdnsMessage why;
                int r;

                if (task->state != DDNS_TASK_PENDING)
                        continue;
                r = ddns_sql_connect(s, message); /* some errors cost the connection */
                if (r < 0)
                        return r;
                r = bring(s, &p->zones[i], 1, outcome, &why);
                if (r < 0 && !is_of_a_zone(r))
                        return ddns_fail(message, r, "%s", why.text);
                if (r == -ETIME && waits == 1 && others == 0) {
                        int locked = ddns_sql_try_tables(s, message);
                        if (locked < 0) {
                                waited->state = DDNS_TASK_PENDING;
                                return locked;
                        }
                }
                if (r == -ETIME && waits++ == 0)
                        waited = task;
                others += r != -ETIME;
                if (r < 0)
                        (void) charge(task, &why);
        }
        return 0;
}

static int apply_piece(DdnsSql *s, DdnsTask *tasks, size_t n, DdnsSqlOutcome *outcome,
                       DdnsMessage *message) {
        ddns_cleanup(ddns_sql_piece_done) DdnsSqlPiece p = { 0 };
        int r = ddns_sql_connect(s, message);

        if (r >= 0)
                r = ddns_sql_piece_make(s, tasks, n, &p, message);
        if (r < 0 || p.n == 0)
                return r;

        r = bring(s, p.zones, p.n, outcome, message);
        if (r >= 0 || !is_of_a_zone(r))
                return r;
        if (p.n == 1)
                return charge(p.zones[0].task, message);
        return bring_one_by_one(s, &p, outcome, message);
}

int ddns_sql_apply(DdnsSql *s, DdnsTask *tasks, size_t n, DdnsSqlOutcome *ret, DdnsMessage *message) {
        DdnsSqlOutcome outcome = { 0 };
        int r = 0;

        for (size_t done = 0; r >= 0 && done < n;) {
                size_t k = ddns_sql_piece_cut(tasks + done, n - done);

                r = apply_piece(s, tasks + done, k, &outcome, message);
                done += k;
        }
        if (r < 0)
                /* What an operator mends meanwhile, a new connection sees: an old one keeps the rights that it began with, and
                 * what we know of the columns. */
                ddns_mysql_disconnect(s->m);
        *ret = outcome; /* what was committed before a failure counts too */
        return r;
}
