/* SPDX-License-Identifier: MIT */
/* The handle on the database: opening, statements, transactions, errors. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "basic/clock.h"
#include "basic/crash-point.h"
#include "store/store-internal.h"

int store_errno(int rc) {
        static const struct {
                int rc, error;
        } map[] = {
                { SQLITE_BUSY, EAGAIN },     { SQLITE_LOCKED, EAGAIN },  { SQLITE_FULL, ENOSPC },
                { SQLITE_CORRUPT, EBADMSG }, { SQLITE_NOTADB, EBADMSG }, { SQLITE_READONLY, EROFS },
                { SQLITE_PERM, EACCES },     { SQLITE_AUTH, EACCES },    { SQLITE_CANTOPEN, EACCES },
                { SQLITE_NOMEM, ENOMEM },    { SQLITE_TOOBIG, EFBIG },
        };

        if (rc == SQLITE_IOERR_NOMEM)
                return -ENOMEM;
        for (size_t i = 0; i < ARRAY_SIZE(map); i++)
                if (map[i].rc == (rc & 0xff))
                        return -map[i].error;
        return -EIO;
}

int store_fail(DdnsStore *s, int rc) {
        int r = store_errno(rc), kind = rc & 0xff;

        if (kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB || kind == SQLITE_READONLY ||
            (kind == SQLITE_IOERR && r == -EIO))
                s->spent = r;
        return ddns_fail(&s->error, r, "%s (%s)", s->db ? sqlite3_errmsg(s->db) : "no database",
                         sqlite3_errstr(rc));
}

bool ddns_store_is_spent(const DdnsStore *s) {
        return s->spent < 0;
}

const char *ddns_store_error(const DdnsStore *s) {
        return s->error.text;
}

static int prepare(DdnsStore *s, const char *sql, sqlite3_stmt **ret) {
        size_t i = 0;

        while (i < STATEMENTS_MAX && s->statements[i].sql && s->statements[i].sql != sql)
                i++;
        assert(i < STATEMENTS_MAX);

        if (!s->statements[i].sql) {
                int rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                            &s->statements[i].stmt, NULL);
                if (rc != SQLITE_OK)
                        return store_fail(s, rc);
                s->statements[i].sql = sql;
        }
        *ret = s->statements[i].stmt;
        return 0;
}

static int bind_one(sqlite3_stmt *stmt, int i, char type, va_list *ap) {
        const void *data;
        uint64_t u;

        switch (type) {
        case 't':
                return sqlite3_bind_text(stmt, i, va_arg(*ap, const char *), -1, SQLITE_STATIC);
        case 'u':
                u = va_arg(*ap, uint64_t);
                return sqlite3_bind_int64(stmt, i, u > INT64_MAX ? INT64_MAX : (int64_t) u);
        case 'i':
                return sqlite3_bind_int(stmt, i, va_arg(*ap, int));
        case 'b':
                data = va_arg(*ap, const void *);
                return sqlite3_bind_blob64(stmt, i, data, va_arg(*ap, size_t), SQLITE_STATIC);
        default:
                assert(false);
                return SQLITE_MISUSE;
        }
}

static int query(DdnsStore *s, sqlite3_stmt **ret, const char *sql, const char *types, va_list *ap) {
        sqlite3_stmt *stmt = NULL;
        int r;

        if (s->spent < 0)
                return s->spent; /* the error of the cause stays in s->error */
        r = prepare(s, sql, &stmt);
        if (r < 0)
                return r;
        assert((size_t) sqlite3_bind_parameter_count(stmt) == strlen(types));
        for (int i = 0; types[i]; i++) {
                int rc = bind_one(stmt, i + 1, types[i], ap);
                if (rc != SQLITE_OK)
                        return store_fail(s, rc);
        }
        *ret = stmt;
        return 0;
}

int store_query(DdnsStore *s, sqlite3_stmt **ret, const char *sql, const char *types, ...) {
        va_list ap;
        int r;

        va_start(ap, types);
        r = query(s, ret, sql, types, &ap);
        va_end(ap);
        return r;
}

int store_step(DdnsStore *s, sqlite3_stmt *stmt) {
        int rc = sqlite3_step(stmt);

        if (rc == SQLITE_ROW)
                return 1;
        return rc == SQLITE_DONE ? 0 : store_fail(s, rc);
}

int store_run(DdnsStore *s, const char *sql, const char *types, ...) {
        STORE_STMT *stmt = NULL;
        va_list ap;
        int r;

        va_start(ap, types);
        r = query(s, &stmt, sql, types, &ap);
        va_end(ap);
        return r < 0 ? r : store_step(s, stmt);
}

int store_exec(DdnsStore *s, const char *sql) {
        if (s->spent < 0)
                return s->spent;
        int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

        return rc == SQLITE_OK ? 0 : store_fail(s, rc);
}

/* What is written to a file that no path leads to any more is lost with the last process that has it open. */
static int demand_in_place(DdnsStore *s) {
        int moved = 0;

        if (s->spent < 0 ||
            sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK || !moved)
                return 0;
        s->spent = -ESTALE;
        return ddns_fail(&s->error, s->spent, "the database was removed or replaced while it was open");
}

static int begin(DdnsStore *s, const char *sql) {
        int r = demand_in_place(s);

        if (r >= 0)
                r = store_run(s, sql, "");

        /* For want of memory it may fail after it has begun. */
        s->in_transaction = r >= 0;
        if (r < 0)
                store_rollback(s);
        return r;
}

int store_begin(DdnsStore *s) {
        /* IMMEDIATE: the busy time-out applies here and nowhere later. */
        return begin(s, "BEGIN IMMEDIATE");
}

int store_begin_read(DdnsStore *s) {
        return begin(s, "BEGIN");
}

int store_commit(DdnsStore *s) {
        DDNS_CRASH_POINT("commit-before");
        int r = store_run(s, "COMMIT", "");

        DDNS_CRASH_POINT("commit-after");
        if (r >= 0)
                s->in_transaction = false;
        return r;
}

void store_rollback(DdnsStore *s) {
        /* SQLite may have rolled back by itself (SQLITE_FULL, SQLITE_IOERR); the error of the cause stays in s->error. */
        if (!sqlite3_get_autocommit(s->db))
                (void) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        if (!sqlite3_get_autocommit(s->db))
                s->spent = -ENOMEM; /* it keeps a lock that only goes with the process */
        s->in_transaction = false;
}

void store_copy_text(sqlite3_stmt *stmt, int column, char *ret, size_t size) {
        const char *text = (const char *) sqlite3_column_text(stmt, column);

        (void) snprintf(ret, size, "%s", text ? text : "");
}

uint64_t store_column_u64(sqlite3_stmt *stmt, int column) {
        int64_t v = sqlite3_column_int64(stmt, column);

        return v < 0 ? 0 : (uint64_t) v;
}

/* SQLite's own handler begins with 1 ms, several times what a commit of another process takes here. */
static int wait_for_lock(void *userdata, int n) {
        DdnsStore *s = userdata;
        uint64_t now = ddns_monotonic_usec();
        uint64_t pause = n < 6 ? UINT64_C(50) << n : 2 * USEC_PER_MSEC;
        struct timespec ts = { .tv_nsec = (long) (pause * 1000) };

        if (n == 0)
                s->busy_since_usec = now;
        if (now - s->busy_since_usec >= s->options.busy_usec)
                return 0;
        (void) clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
        return 1;
}

/* Sets a PRAGMA and asserts what the database made of it: a file system without shared memory refuses WAL in silence. */
static int demand(DdnsStore *s, const char *set, const char *get, const char *wanted,
                  DdnsMessage *message) {
        sqlite3_stmt *stmt = NULL;
        char got[32] = "";
        int r;

        r = store_exec(s, set);
        if (r < 0)
                return ddns_fail(message, r, "%s", s->error.text);

        int rc = sqlite3_prepare_v2(s->db, get, -1, &stmt, NULL);
        if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
                store_copy_text(stmt, 0, got, sizeof got);
                rc = SQLITE_OK;
        }
        (void) sqlite3_finalize(stmt);
        if (rc != SQLITE_OK)
                return ddns_fail(message, store_fail(s, rc), "%s", s->error.text);
        if (strcmp(got, wanted) != 0)
                return ddns_fail(message, -EIO, "%s gives \"%s\", \"%s\" is needed", get, got, wanted);
        return 0;
}

/* SQLite asks no busy handler where a database has to become WAL, as one that was put back from a backup. Of two programs that open
 * it at once one has to wait. */
static int demand_wal(DdnsStore *s, DdnsMessage *message) {
        for (int n = 0;; n++) {
                int r = demand(s, "PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "wal", message);

                if (r != -EAGAIN || !wait_for_lock(s, n))
                        return r;
        }
}

/* What it may not write, or could not for a moment, SQLite opens to read, and stays with that. A lock is no matter here, and not
 * waited for. */
static int demand_writable(DdnsStore *s) {
        if (sqlite3_db_readonly(s->db, "main") == 1)
                return ddns_fail(&s->error, -EROFS, "it can only be read");

        int rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

        store_rollback(s);
        return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY ? 0 : store_fail(s, rc);
}

/* What is not ours, or newer than we are, stays as it is to the last byte. */
static int set_up(DdnsStore *s, DdnsMessage *message) {
        int r;

        (void) sqlite3_extended_result_codes(s->db, 1);
        (void) sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        (void) sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        (void) sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        r = demand_writable(s);
        (void) sqlite3_busy_handler(s->db, wait_for_lock, s);
        if (r >= 0)
                r = store_check_version(s, message);
        if (r < 0)
                return r;
        (void) sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);

        r = demand_wal(s, message);
        if (r >= 0) /* 2 is FULL: a commit is on disk when it returns */
                r = demand(s, "PRAGMA synchronous = FULL", "PRAGMA synchronous", "2", message);
        if (r >= 0)
                r = demand(s, "PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", "1", message);
        if (r >= 0) /* temporary tables are small, and a full disk must not stand in their way */
                r = store_exec(s, "PRAGMA temp_store = MEMORY");
        if (r >= 0) /* after a burst the log shrinks again */
                r = store_exec(s, "PRAGMA journal_size_limit = 67108864");
        return r < 0 ? r : store_migrate(s, message);
}

/* SQLite would make one that only its owner may write, and the receiver is another user than who delivers. One that is there is not
 * opened: to close it would take away the locks of other connections of this process. */
static void make_file(const char *path) {
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660);

        ddns_closep(&fd);
}

int ddns_store_open(const char *path, const DdnsStoreOptions *options, DdnsStore **ret,
                    DdnsMessage *message) {
        DdnsMessage detail = DDNS_MESSAGE_NULL;
        ddns_cleanup(ddns_store_freep) DdnsStore *s = calloc(1, sizeof *s);
        if (!s)
                return ddns_fail(message, -ENOMEM, "%s: out of memory", path);
        s->options = *options;
        make_file(path);

        int rc = sqlite3_open_v2(path, &s->db,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
        if (rc != SQLITE_OK) {
                int error = s->db ? sqlite3_system_errno(s->db) : 0;
                int r = store_fail(s, rc);
                return error > 0 ? store_explain(path, -error, strerror(error), message)
                                 : store_explain(path, r, s->error.text, message);
        }

        int r = set_up(s, &detail);
        if (r < 0)
                return store_explain(path, r, detail.text[0] ? detail.text : s->error.text, message);

        *ret = TAKE_PTR(s);
        return 0;
}

DdnsStore *ddns_store_free(DdnsStore *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < STATEMENTS_MAX; i++)
                (void) sqlite3_finalize(s->statements[i].stmt);
        if (s->spent < 0) /* the log stays as it is for the next to read */
                (void) sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        (void) sqlite3_close(s->db);
        free(s);
        return NULL;
}
