/* SPDX-License-Identifier: MIT */
/* Prepared statements: kept under their text, run with text for every parameter, read as text. */
#include <errno.h>
#include <string.h>

#include "basic/buffer.h"
#include "basic/clock.h"
#include "mysql/mysql-internal.h"

#define CELL_SIZE 256 /* grows with what comes */

/* One cell of the row that is read now. */
typedef struct Cell {
        char *buffer;
        unsigned long capacity, size;
        my_bool is_null, is_cut;
} Cell;

typedef struct Result {
        MYSQL_STMT *handle;
        size_t n;
        Cell *cells;
        MYSQL_BIND *binds;
        DdnsMysqlValue *values;
} Result;

static void statement_done(Statement *s) {
        if (s->handle)
                (void) mysql_stmt_close(s->handle);
        free(s->sql);
        *s = (Statement){ 0 };
}

void ddns_mysql_statements_drop(DdnsMysql *m) {
        for (size_t i = 0; i < STATEMENTS_MAX; i++)
                statement_done(&m->statements[i]);
}

static int failed(DdnsMysql *m, Statement *s, DdnsMessage *message) {
        unsigned number = mysql_stmt_errno(s->handle);
        const char *text = mysql_stmt_error(s->handle);

        if (number ==
            0) { /* an error that comes instead of a row, libmariadb leaves with the connection */
                number = mysql_errno(m->connection);
                text = mysql_error(m->connection);
        }
        int r = ddns_mysql_explain(m, DOING_STATEMENT, number, text, message);

        if (r == -ENOTCONN)
                ddns_mysql_abandon(m);
        else
                statement_done(s); /* it may be the prepared form that no longer fits the table */
        return r;
}

/* How long rows take depends on the way to us too, and is bounded here. For MySQL that is a comment. */
static int execute_text(Statement *s) {
        static const char unlimited[] = "/*M!100101 SET STATEMENT max_statement_time = 0 FOR */ ";
        ddns_cleanup(ddns_buffer_done) DdnsBuffer text = DDNS_BUFFER_NULL;

        if (strncmp(s->sql, "SELECT", 6) == 0)
                ddns_buffer_append_text(&text, unlimited);
        ddns_buffer_append(&text, s->sql, s->size);
        if (ddns_buffer_status(&text) < 0)
                return -ENOMEM;
        /* Preparing and running it in one go: a database far away is a round trip nearer. */
        return mariadb_stmt_execute_direct(s->handle, text.data, text.size);
}

static int statement_new(DdnsMysql *m, Statement *s, const char *sql, unsigned n, DdnsMessage *message) {
        statement_done(s);
        s->sql = strdup(sql);
        s->handle = mysql_stmt_init(m->connection);
        if (!s->sql || !s->handle || mysql_stmt_attr_set(s->handle, STMT_ATTR_PREBIND_PARAMS, &n)) {
                statement_done(s);
                return ddns_fail(message, -ENOMEM, "out of memory");
        }
        s->size = strlen(sql);
        s->n = n;
        return 0;
}

static int statement_get(DdnsMysql *m, const char *sql, unsigned n, Statement **ret,
                         DdnsMessage *message) {
        Statement *oldest = &m->statements[0];
        size_t size = strlen(sql); /* long texts of ours differ in length, and nowhere before the end */

        for (size_t i = 0; i < STATEMENTS_MAX; i++) {
                Statement *s = &m->statements[i];

                if (s->handle && s->size == size && memcmp(s->sql, sql, size) == 0) {
                        s->last_use = ++m->uses;
                        *ret = s;
                        return 0;
                }
                if (s->last_use < oldest->last_use)
                        oldest = s;
        }
        int r = statement_new(m, oldest, sql, n, message);
        if (r < 0)
                return r;
        oldest->last_use = ++m->uses;
        *ret = oldest;
        return 0;
}

/* The packet of COM_STMT_EXECUTE: header, bitmap of NULLs, types, and each value after its length. A longer one than the
 * server takes would break the connection with no word. */
static uint64_t packet_size(const DdnsMysqlValue *parameters, size_t n) {
        uint64_t size = 16 + n / 8 + 2 * n;

        for (size_t i = 0; i < n; i++)
                size += 9 + parameters[i].size;
        return size;
}

static int execute(DdnsMysql *m, Statement *s, const DdnsMysqlValue *parameters, size_t n,
                   DdnsMessage *message) {
        ddns_cleanup(ddns_freep) MYSQL_BIND *binds = calloc(n + 1, sizeof *binds);

        if (!binds)
                return ddns_fail(message, -ENOMEM, "out of memory");
        for (size_t i = 0; i < n; i++)
                binds[i] = (MYSQL_BIND){
                        .buffer_type = parameters[i].text ? MYSQL_TYPE_STRING : MYSQL_TYPE_NULL,
                        .buffer = (void *) parameters[i].text,
                        .buffer_length = parameters[i].size,
                };
        if (n > 0 && mysql_stmt_bind_param(s->handle, binds))
                return failed(m, s, message);
        int r = s->prepared ? mysql_stmt_execute(s->handle) : execute_text(s);
        if (r == -ENOMEM)
                return ddns_fail(message, r, "out of memory");
        s->prepared = r == 0;
        return r == 0 ? 0 : failed(m, s, message);
}

static void result_done(Result *r) {
        for (size_t i = 0; r->cells && i < r->n; i++)
                free(r->cells[i].buffer);
        free(r->cells);
        free(r->binds);
        free(r->values);
}

static void bind_cell(Result *r, size_t i) {
        Cell *c = &r->cells[i];

        r->binds[i] = (MYSQL_BIND){
                .buffer_type = MYSQL_TYPE_STRING,
                .buffer = c->buffer,
                .buffer_length = c->capacity,
                .length = &c->size,
                .is_null = &c->is_null,
                .error = &c->is_cut,
        };
}

static int result_new(MYSQL_STMT *handle, Result *r) {
        *r = (Result){ .handle = handle, .n = mysql_stmt_field_count(handle) };
        r->cells = calloc(r->n, sizeof *r->cells);
        r->binds = calloc(r->n, sizeof *r->binds);
        r->values = calloc(r->n, sizeof *r->values);
        if (!r->cells || !r->binds || !r->values)
                return -ENOMEM;
        for (size_t i = 0; i < r->n; i++) {
                r->cells[i].capacity = CELL_SIZE;
                r->cells[i].buffer = malloc(CELL_SIZE);
                if (!r->cells[i].buffer)
                        return -ENOMEM;
                bind_cell(r, i);
        }
        return 0;
}

/* Fetches the cells that did not fit. */
static int widen(Result *r) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): only a statement that was executed has rows */
        unsigned long max = r->handle->mysql->net.max_packet; /* of the buffer that the row is in */

        for (size_t i = 0; i < r->n; i++) {
                Cell *c = &r->cells[i];

                if (c->is_null || c->size <= c->capacity)
                        continue;
                if (c->size > max)
                        return -EBADMSG; /* a length that the server made up */
                char *wider = realloc(c->buffer, c->size);
                if (!wider)
                        return -ENOMEM;
                c->buffer = wider;
                c->capacity = c->size;
                bind_cell(r, i);
                if (mysql_stmt_fetch_column(r->handle, &r->binds[i], (unsigned) i, 0) != 0)
                        return -EINVAL;
        }
        return mysql_stmt_bind_result(r->handle, r->binds) ? -EINVAL : 0;
}

static int fetch(Result *r) {
        if (ddns_mysql_wait_is_late())
                return -ETIMEDOUT;
        int rc = mysql_stmt_fetch(r->handle);

        if (rc == MYSQL_NO_DATA)
                return 0;
        if (rc != 0 && rc != MYSQL_DATA_TRUNCATED)
                return -EINVAL;
        if (rc == MYSQL_DATA_TRUNCATED && (rc = widen(r)) < 0)
                return rc;
        for (size_t i = 0; i < r->n; i++)
                r->values[i] = r->cells[i].is_null ? DDNS_MYSQL_NULL
                                                   : (DdnsMysqlValue){ r->cells[i].buffer,
                                                                       r->cells[i].size };
        return 1;
}

/* Rows are taken as they come, so that no number of them costs us memory. */
static int read_rows(DdnsMysql *m, Statement *s, DdnsMysqlRow *each, void *userdata,
                     DdnsMessage *message) {
        ddns_cleanup(result_done) Result result = { 0 };
        int r, stop = 0;

        if (result_new(s->handle, &result) < 0) {
                ddns_mysql_abandon(m); /* which knows no other way to be rid of the rows */
                return ddns_fail(message, -ENOMEM, "out of memory");
        }
        if (mysql_stmt_bind_result(s->handle, result.binds))
                return failed(m, s, message);
        while ((r = fetch(&result)) > 0)
                if (each && stop == 0)
                        stop = each(result.values, result.n, userdata);
        if (r == -ENOMEM) {
                ddns_mysql_abandon(m);
                return ddns_fail(message, -ENOMEM, "out of memory");
        }
        if (r < 0 || mysql_stmt_free_result(s->handle))
                return failed(m, s, message);
        return stop;
}

int ddns_mysql_run(DdnsMysql *m, const char *sql, const DdnsMysqlValue *parameters, size_t n,
                   DdnsMysqlRow *each, void *userdata, DdnsMessage *message) {
        Statement *s;

        if (!m->connection)
                return ddns_fail(message, -ENOTCONN, "database %s: there is no connection", m->name);
        ddns_mysql_begin(m);
        if (m->max_packet > 0 && packet_size(parameters, n) + strlen(sql) > m->max_packet)
                return ddns_fail(message, -EMSGSIZE,
                                 "database %s: more than its max_allowed_packet of %llu octets", m->name,
                                 (unsigned long long) m->max_packet);
        int r = statement_get(m, sql, (unsigned) n, &s, message);
        if (r < 0)
                return r;
        if (s->n != n)
                return ddns_fail(message, -EINVAL, "database %s: %zu values for %u parameters", m->name,
                                 n, s->n);
        r = execute(m, s, parameters, n, message);
        if (r < 0 || mysql_stmt_field_count(s->handle) == 0)
                return r;
        return read_rows(m, s, each, userdata, message);
}
