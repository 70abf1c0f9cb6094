/* SPDX-License-Identifier: MIT */
/* What no way into a database can be faster than: bare inserts, bare reading, and a bare UPDATE with its COMMIT.
 *
 * Standard input: the password. Standard output: seconds; with "update" those of each change. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "database.h"

#define ROWS_EACH   500 /* of one INSERT: more gain nothing */
#define COLUMNS_MAX 16

static char password[256];

/* ---- load ---- */

/* All rows of a table, in the order in which they are inserted. */
typedef struct Table {
        const char *name;
        MYSQL_RES *result;
        unsigned n_columns, first_column;
        MYSQL_STMT *inserts[ROWS_EACH + 1]; /* by the number of rows */
} Table;

static void append(char *sql, size_t size, const char *text) {
        size_t used = strlen(sql);

        if (used + strlen(text) >= size)
                bench_fail("a statement is too long");
        (void) strcpy(sql + used, text);
}

static MYSQL_STMT *prepare_insert(MYSQL *m, const Table *t, unsigned n_rows) {
        const MYSQL_FIELD *fields = mysql_fetch_fields(t->result);
        char sql[64 * 1024] = "INSERT INTO ";

        append(sql, sizeof sql, t->name);
        for (unsigned i = t->first_column; i < t->n_columns; i++) {
                append(sql, sizeof sql, i == t->first_column ? " (" : ",");
                append(sql, sizeof sql, fields[i].name);
        }
        append(sql, sizeof sql, ") VALUES ");
        for (unsigned k = 0; k < n_rows; k++)
                for (unsigned i = t->first_column; i < t->n_columns; i++)
                        append(sql, sizeof sql, i > t->first_column ? ",?" : k > 0 ? "),(?" : "(?");
        append(sql, sizeof sql, ")");
        return bench_prepare(m, sql);
}

/* `order`: of the rows; the columns begin with that one. */
static Table read_table(MYSQL *from, const char *name, const char *order, unsigned first_column) {
        Table t = { .name = name, .first_column = first_column };
        char sql[256];

        (void) snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY %s", name, order);
        bench_query(from, sql);
        t.result = mysql_store_result(from);
        if (!t.result)
                bench_fail("%s: %s", name, mysql_error(from));
        t.n_columns = mysql_num_fields(t.result);
        if (t.n_columns > COLUMNS_MAX)
                bench_fail("%s has too many columns", name);
        return t;
}

static void insert(MYSQL *m, Table *t, const MYSQL_BIND *binds, unsigned n_rows) {
        if (n_rows == 0)
                return;
        if (!t->inserts[n_rows])
                t->inserts[n_rows] = prepare_insert(m, t, n_rows);
        bench_execute(t->inserts[n_rows], (MYSQL_BIND *) binds);
}

/* Rows as long as their cell `column` is not larger than `last`. */
static void insert_up_to(MYSQL *m, Table *t, unsigned column, uint64_t last) {
        static MYSQL_BIND binds[ROWS_EACH * COLUMNS_MAX];
        unsigned n_rows = 0, n = 0;
        MYSQL_ROW_OFFSET here = mysql_row_tell(t->result);
        MYSQL_ROW row;

        while ((row = mysql_fetch_row(t->result)) && strtoull(row[column], NULL, 10) <= last) {
                const unsigned long *sizes = mysql_fetch_lengths(t->result);

                for (unsigned i = t->first_column; i < t->n_columns; i++)
                        binds[n++] = bench_text(row[i], sizes[i]);
                if (++n_rows == ROWS_EACH) {
                        insert(m, t, binds, n_rows);
                        n_rows = n = 0;
                }
                here = mysql_row_tell(t->result);
        }
        (void) mysql_row_seek(t->result, here);
        insert(m, t, binds, n_rows);
}

/* The id of the zone that is `n_zones` further, or of the last one. 0: there is none. */
static uint64_t last_id_of(const Table *zones, MYSQL_ROW_OFFSET from, uint32_t n_zones) {
        uint64_t id = 0;
        MYSQL_ROW row;

        (void) mysql_row_seek(zones->result, from);
        for (uint32_t i = 0; i < n_zones && (row = mysql_fetch_row(zones->result)); i++)
                id = strtoull(row[0], NULL, 10);
        (void) mysql_row_seek(zones->result, from);
        return id;
}

/* The rows of one database once more, into an empty one with the same tables. */
static void load(char *arguments[]) {
        const uint32_t n_zones = bench_number(arguments[6], 1, 1000000);
        MYSQL *from = bench_connect(arguments[0], arguments[1], password, true);
        Table zones = read_table(from, arguments[3], "id", 0);
        Table records = read_table(from, arguments[4], arguments[5], 1);
        uint64_t last;

        uint64_t start = ddns_monotonic_usec();
        MYSQL *to = bench_connect(arguments[0], arguments[2], password, false);
        while ((last = last_id_of(&zones, mysql_row_tell(zones.result), n_zones)) != 0) {
                insert_up_to(to, &zones, 0, last);
                insert_up_to(to, &records, 1, last);
                if (mysql_commit(to))
                        bench_fail("commit: %s", mysql_error(to));
        }
        (void) printf("%.6f\n", bench_seconds_since(start));
        mysql_free_result(zones.result);
        mysql_free_result(records.result);
        mysql_close(to);
        mysql_close(from);
}

/* ---- read ---- */

static void read_all(char *arguments[]) {
        MYSQL *m = bench_connect(arguments[0], arguments[1], password, true);
        char sql[256];

        uint64_t start = ddns_monotonic_usec();
        for (int i = 2; i < 4; i++) {
                (void) snprintf(sql, sizeof sql, "SELECT * FROM %s", arguments[i]);
                bench_query(m, sql);
                MYSQL_RES *result = mysql_use_result(m);
                while (result && mysql_fetch_row(result))
                        ;
                if (!result || mysql_errno(m) != 0)
                        bench_fail("%s: %s", sql, mysql_error(m));
                mysql_free_result(result);
        }
        (void) printf("%.6f\n", bench_seconds_since(start));
        mysql_close(m);
}

/* ---- update ---- */

#define SERVERS 2

static pthread_barrier_t turn;
static uint32_t n_changes;

/* The address of www in one zone after the other, at the same time as the other server; to one that no push brings. */
static void *update_all(void *userdata) {
        MYSQL *m = userdata;
        uint64_t *ids = calloc(n_changes, sizeof *ids);
        char zone[BENCH_NAME_MAX + 1], text[2][24];

        for (uint32_t i = 0; i < n_changes; i++) {
                bench_name(zone, i, BENCH_PARENT ".");
                ids[i] = bench_select_id(m,
                                         "SELECT r.id FROM records r JOIN zones z ON r.zone_id = z.id "
                                         "WHERE z.zone_name = ? AND r.hostname = 'www'",
                                         zone);
        }
        MYSQL_STMT *update = bench_prepare(m, "UPDATE records SET data = ? WHERE id = ?");
        for (uint32_t i = 0; i < n_changes; i++) {
                (void) pthread_barrier_wait(&turn);
                int a = snprintf(text[0], sizeof text[0], "198.51.100.%" PRIu32, i % 250);
                int b = snprintf(text[1], sizeof text[1], "%" PRIu64, ids[i]);
                MYSQL_BIND binds[] = { bench_text(text[0], (size_t) a),
                                       bench_text(text[1], (size_t) b) };
                bench_execute(update, binds);
                if (mysql_commit(m))
                        bench_fail("commit: %s", mysql_error(m));
                (void) pthread_barrier_wait(&turn);
        }
        free(ids);
        (void) mysql_stmt_close(update);
        mysql_close(m);
        (void) mysql_thread_end();
        return NULL;
}

/* Until both servers have it, since that is what a push is measured by. */
static void update(char *arguments[]) {
        pthread_t threads[SERVERS];

        n_changes = bench_number(arguments[3], 1, 1000000);
        (void) pthread_barrier_init(&turn, NULL, SERVERS + 1);
        for (int i = 0; i < SERVERS; i++)
                if (pthread_create(&threads[i], NULL, update_all,
                                   bench_connect(arguments[i], arguments[2], password, false)) != 0)
                        bench_fail("no more threads");
        for (uint32_t i = 0; i < n_changes; i++) {
                (void) pthread_barrier_wait(&turn);
                uint64_t start = ddns_monotonic_usec();
                (void) pthread_barrier_wait(&turn);
                (void) printf("%.6f\n", bench_seconds_since(start));
        }
        for (int i = 0; i < SERVERS; i++)
                (void) pthread_join(threads[i], NULL);
        (void) pthread_barrier_destroy(&turn);
}

int main(int argc, char *argv[]) {
        static const struct {
                const char *verb;
                int n_arguments;
                void (*run)(char *arguments[]);
        } verbs[] = { { "load", 7, load }, { "read", 4, read_all }, { "update", 4, update } };

        bench_secret(password, sizeof password);
        for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
                if (argc == verbs[i].n_arguments + 2 && strcmp(argv[1], verbs[i].verb) == 0) {
                        verbs[i].run(argv + 2);
                        return EXIT_SUCCESS;
                }
        bench_fail("Usage: bench-mysql-floor load PORT FROM-DATABASE TO-DATABASE ZONES-TABLE RECORDS-TABLE "
                   "ZONE-COLUMN ZONES-A-COMMIT\n"
                   "       bench-mysql-floor read PORT DATABASE ZONES-TABLE RECORDS-TABLE\n"
                   "       bench-mysql-floor update PORT PORT DATABASE CHANGES");
}
