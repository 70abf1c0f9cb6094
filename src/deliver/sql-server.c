/* SPDX-License-Identifier: MIT */
/* What the server tells of itself and of its tables. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "deliver/sql-internal.h"

#define MADE_SIZE 40

static int take_text(const DdnsMysqlValue *cells, size_t n, void *userdata) {
        char **text = userdata;

        if (n == 0 || !cells[n - 1].text || *text)
                return 0;
        *text = strndup(cells[n - 1].text, cells[n - 1].size);
        return *text ? 0 : -ENOMEM;
}

int ddns_sql_fetch_text(DdnsMysql *m, const char *sql, const DdnsMysqlValue *parameters, size_t n,
                        char **ret, DdnsMessage *message) {
        ddns_cleanup(ddns_freep) char *text = NULL;
        int r = ddns_mysql_run(m, sql, parameters, n, take_text, &text, message);

        if (r >= 0)
                *ret = TAKE_PTR(text);
        return r < 0 ? r : 0;
}

typedef struct Width {
        bool found, utf8;
        uint64_t characters;
} Width;

static int take_width(const DdnsMysqlValue *cells, size_t n, void *userdata) {
        Width *w = userdata;
        uint64_t characters = ddns_sql_id_parse(cells[0]);

        /* Two tables whose names differ by case alone: the narrower one tells. */
        if (!w->found || characters < w->characters)
                w->characters = characters;
        w->utf8 = cells[1].text && cells[1].size == 7 && memcmp(cells[1].text, "utf8mb4", 7) == 0;
        w->found = true;
        return 0;
}

int ddns_sql_width(DdnsMysql *m, const char *database, const char *table, const char *column,
                   uint64_t *ret_width, bool *ret_utf8, DdnsMessage *message) {
        static const char sql[] =
                        "SELECT CHARACTER_MAXIMUM_LENGTH,CHARACTER_SET_NAME FROM information_schema.COLUMNS "
                        "WHERE TABLE_SCHEMA=? AND TABLE_NAME=? AND COLUMN_NAME=?";
        const DdnsMysqlValue names[] = { ddns_mysql_text(database), ddns_mysql_text(table),
                                         ddns_mysql_text(column) };
        Width w = { 0 };
        int r = ddns_mysql_run(m, sql, names, ARRAY_SIZE(names), take_width, &w, message);

        if (r < 0)
                return r;
        if (!w.found)
                return ddns_fail(message, -ENOENT,
                                 "database %s has no table %s with a column %s that this user may see",
                                 database, table, column);
        *ret_width = w.characters;
        *ret_utf8 = w.utf8;
        return 0;
}

/* A view has no engine, and one that is not there has no row: the first statement tells. */
static int look_at_engine(DdnsMysql *m, const char *table, DdnsMessage *message) {
        static const char sql[] = "SELECT t.ENGINE FROM information_schema.TABLES t "
                                  "JOIN information_schema.ENGINES e ON e.ENGINE=t.ENGINE "
                                  "WHERE t.TABLE_SCHEMA=DATABASE() AND t.TABLE_NAME=? "
                                  "AND COALESCE(e.TRANSACTIONS,'NO')<>'YES'";
        ddns_cleanup(ddns_freep) char *engine = NULL;
        const DdnsMysqlValue name = ddns_mysql_text(table);
        int r = ddns_sql_fetch_text(m, sql, &name, 1, &engine, message);

        if (r < 0 || !engine)
                return r;
        return ddns_fail(
                        message, -EOPNOTSUPP,
                        "table %s is made by %s, which knows no transactions, so that zones could be there "
                        "by halves; what helps: ALTER TABLE `%s` ENGINE=InnoDB",
                        table, engine, table);
}

int ddns_sql_look_at_engines(DdnsMysql *m, const DdnsSqlDescription *d, DdnsMessage *message) {
        int r = look_at_engine(m, d->zones, message);

        for (size_t i = 0; r >= 0 && i < d->n_tables; i++)
                r = look_at_engine(m, d->tables[i].name, message);
        for (size_t i = 0; r >= 0 && i < d->n_emptied; i++)
                r = look_at_engine(m, d->emptied[i].name, message);
        return r;
}

/* For people, and the same whatever time zones there are. */
static void format_made(const char *seconds, char ret[MADE_SIZE]) {
        time_t time = seconds ? (time_t) strtoll(seconds, NULL, 10) : 0;
        struct tm tm;

        if (time <= 0 || !gmtime_r(&time, &tm) ||
            strftime(ret, MADE_SIZE, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
                (void) snprintf(ret, MADE_SIZE, "an unknown time");
}

int ddns_sql_incarnation(DdnsSql *s, DdnsMessage *ret, DdnsMessage *message) {
        /* MariaDB's is of 10.5.26, 10.6.19, 10.11.9 and later ones. */
        static const char identity[] =
                        "SHOW VARIABLES WHERE Variable_name IN ('server_uid','server_uuid')";
        static const char made[] = "SELECT UNIX_TIMESTAMP(CREATE_TIME) FROM information_schema.TABLES "
                                   "WHERE TABLE_SCHEMA=DATABASE() AND TABLE_NAME=?";
        ddns_cleanup(ddns_freep) char *server = NULL, *zones_made = NULL, *rows_made = NULL;
        char zones_text[MADE_SIZE], rows_text[MADE_SIZE];
        const DdnsMysqlValue zones = ddns_mysql_text(s->d->zones),
                             rows = ddns_mysql_text(s->d->tables[0].name);
        int r;

        s->known = false; /* somebody may have altered the tables: it is now and then that we come here */
        r = ddns_sql_connect(s, message);
        if (r >= 0)
                r = ddns_sql_fetch_text(s->m, identity, NULL, 0, &server, message);
        if (r >= 0)
                r = ddns_sql_fetch_text(s->m, made, &zones, 1, &zones_made, message);
        if (r >= 0)
                r = ddns_sql_fetch_text(s->m, made, &rows, 1, &rows_made, message);
        ddns_mysql_rollback(s->m);
        if (r < 0)
                return r;
        *ret = DDNS_MESSAGE_NULL;
        if (!server && !zones_made && !rows_made)
                return 0;
        format_made(zones_made, zones_text);
        format_made(rows_made, rows_text);
        (void) ddns_fail(ret, 0, "server %s, table %s made at %s, %s at %s", server ? server : "unnamed",
                         s->d->zones, zones_text, s->d->tables[0].name, rows_text);
        return 0;
}

static int delete_none(DdnsMysql *m, const char *table, const char *column, DdnsMessage *message) {
        char sql[256];

        (void) snprintf(sql, sizeof sql, "DELETE FROM `%s` WHERE `%s`=0", table, column);
        return ddns_mysql_run(m, sql, NULL, 0, NULL, NULL, message);
}

int ddns_sql_try_tables(DdnsSql *s, DdnsMessage *message) {
        int r = delete_none(s->m, s->d->zones, "id", message);

        for (size_t i = 0; r >= 0 && i < s->d->n_tables; i++)
                r = delete_none(s->m, s->d->tables[i].name, s->d->tables[i].zone_id, message);
        ddns_mysql_rollback(s->m);
        return r;
}
