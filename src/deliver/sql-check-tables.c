/* SPDX-License-Identifier: MIT */
/* An operator's look at a database before the first push: tables, columns and indexes, against the description. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "deliver/sql-check.h"

#define say ddns_sql_check_say

#define VARCHAR_MAX 16383 /* of utf8mb4 characters in a row */

/* As information_schema has it. */
typedef struct Column {
        char name[65];
        char type[128];
        char character_set[65], collation[65];
        uint64_t width;
        bool nullable;
        bool required, numbered; /* NOT NULL without a default; AUTO_INCREMENT */
        bool wanted;
} Column;

/* A row of STATISTICS: one column of an index. */
typedef struct Part {
        char index[65], column[65];
        bool unique;
} Part;

typedef struct Table {
        DdnsSqlCheck *c;
        const char *name;
        Column *columns;
        size_t n_columns;
        Part *parts;
        size_t n_parts;
        DdnsMessage missing; /* columns that deliveries use and that are not there */
} Table;

static void table_done(Table *t) {
        free(t->columns);
        free(t->parts);
}

static void copy(char *ret, size_t size, DdnsMysqlValue value) {
        size_t n = value.size < size - 1 ? value.size : size - 1;

        if (n > 0)
                memcpy(ret, value.text, n);
        ret[n] = '\0';
}

static bool is_text(DdnsMysqlValue value, const char *text) {
        return value.text && value.size == strlen(text) &&
               strncasecmp(value.text, text, value.size) == 0;
}

/* ---- reading ---- */

static int take_column(const DdnsMysqlValue *cells, size_t n, void *userdata) {
        Table *t = userdata;
        Column *columns = reallocarray(t->columns, t->n_columns + 1, sizeof *columns);

        if (!columns)
                return -ENOMEM;
        t->columns = columns;
        Column *column = &columns[t->n_columns++];
        *column = (Column){ .width = ddns_sql_id_parse(cells[2]) };
        copy(column->name, sizeof column->name, cells[0]);
        copy(column->type, sizeof column->type, cells[1]);
        copy(column->character_set, sizeof column->character_set, cells[3]);
        copy(column->collation, sizeof column->collation, cells[7]);
        column->nullable = is_text(cells[4], "YES");
        column->numbered = is_text(cells[6], "auto_increment");
        column->required = !column->nullable && !cells[5].text && cells[6].size == 0;
        return 0;
}

static int take_part(const DdnsMysqlValue *cells, size_t n, void *userdata) {
        Table *t = userdata;
        Part *parts = reallocarray(t->parts, t->n_parts + 1, sizeof *parts);

        if (!parts)
                return -ENOMEM;
        t->parts = parts;
        Part *part = &parts[t->n_parts++];
        *part = (Part){ .unique = is_text(cells[2], "0") };
        copy(part->index, sizeof part->index, cells[0]);
        copy(part->column, sizeof part->column, cells[1]);
        return 0;
}

static int read_table(Table *t) {
        static const char columns[] =
                        "SELECT COLUMN_NAME,COLUMN_TYPE,CHARACTER_MAXIMUM_LENGTH,CHARACTER_SET_NAME,"
                        "IS_NULLABLE,COLUMN_DEFAULT,EXTRA,COLLATION_NAME FROM information_schema.COLUMNS "
                        "WHERE TABLE_SCHEMA=DATABASE() AND TABLE_NAME=?";
        static const char parts[] =
                        "SELECT INDEX_NAME,COLUMN_NAME,NON_UNIQUE FROM information_schema.STATISTICS "
                        "WHERE TABLE_SCHEMA=DATABASE() AND TABLE_NAME=? "
                        "ORDER BY INDEX_NAME,SEQ_IN_INDEX";
        const DdnsMysqlValue name = ddns_mysql_text(t->name);
        int r = ddns_mysql_run(t->c->s->m, columns, &name, 1, take_column, t, t->c->message);

        if (r >= 0)
                r = ddns_mysql_run(t->c->s->m, parts, &name, 1, take_part, t, t->c->message);
        if (r == -ENOMEM)
                (void) ddns_fail(t->c->message, r, "out of memory");
        return r;
}

/* ---- judging ---- */

/* 0: it has none, and so no indexes either. */
static int look_at_engine(Table *t) {
        static const char sql[] =
                        "SELECT CONCAT(t.ENGINE,'/',COALESCE(e.TRANSACTIONS,'NO')) "
                        "FROM information_schema.TABLES t JOIN information_schema.ENGINES e "
                        "ON e.ENGINE=t.ENGINE WHERE t.TABLE_SCHEMA=DATABASE() AND t.TABLE_NAME=?";
        ddns_cleanup(ddns_freep) char *engine = NULL;
        const DdnsMysqlValue name = ddns_mysql_text(t->name);
        int r = ddns_sql_fetch_text(t->c->s->m, sql, &name, 1, &engine, t->c->message);

        if (r < 0)
                return r;
        if (engine && strstr(engine, "/YES"))
                return 1;
        t->c->may_try = false;
        if (engine) {
                *strchr(engine, '/') = '\0';
                say(t->c, DDNS_FINDING_BAD,
                    "table %s is made by %s, which knows no transactions; what helps: ALTER TABLE `%s` "
                    "ENGINE=InnoDB",
                    t->name, engine, t->name);
        } else {
                say(t->c, DDNS_FINDING_WARNING,
                    "table %s is a view or the like: whether deliveries work can't be told", t->name);
        }
        return engine != NULL;
}

static Column *find_column(Table *t, const char *name) {
        for (size_t i = 0; i < t->n_columns; i++)
                if (strcasecmp(t->columns[i].name, name) == 0)
                        return &t->columns[i];
        return NULL;
}

/* Of a column that deliveries use; NULL: it is not there, which say_missing() says. */
static Column *want_column(Table *t, const char *name) {
        Column *column = find_column(t, name);

        if (!column) {
                DdnsMessage before = t->missing;

                (void) ddns_fail(&t->missing, 0, "%s%s%s", before.text, before.text[0] ? ", " : "",
                                 name);
                return NULL;
        }
        column->wanted = true;
        if (strcasestr(column->type, "zerofill"))
                say(t->c, DDNS_FINDING_WARNING,
                    "column %s of table %s is ZEROFILL, so that unchanged rows look changed each time; what helps: "
                    "ALTER TABLE `%s` MODIFY `%s` INT NOT NULL",
                    name, t->name, t->name, name);
        return column;
}

/* A table that is made for something else gets no advice how it would be made over. */
static bool say_missing(Table *t) {
        if (!t->missing.text[0])
                return false;
        t->c->may_try = false;
        say(t->c, DDNS_FINDING_BAD,
            "table %s has no column %s; what helps: a table as in the schema that comes with ddns, or another "
            "`type` or `database` in the backend's configuration",
            t->name, t->missing.text);
        return true;
}

static void want_id(Table *t) {
        const Column *id = want_column(t, "id");

        if (id && !id->numbered)
                say(t->c, DDNS_FINDING_BAD,
                    "table %s does not number its rows; what helps: ALTER TABLE `%s` MODIFY `id` INT NOT NULL "
                    "AUTO_INCREMENT",
                    t->name, t->name);
}

static void format_type(uint64_t width, char *ret, size_t size) {
        if (width <= VARCHAR_MAX)
                (void) snprintf(ret, size, "VARCHAR(%llu)", (unsigned long long) width);
        else
                (void) snprintf(ret, size, "%s", width <= UINT16_MAX ? "TEXT" : "MEDIUMTEXT");
}

/* As it is, but for its type: nothing else of a column is ours to change. */
static void format_change(const Table *t, const Column *column, const char *type, const char *more,
                          char *ret, size_t size) {
        bool text = !more && column->character_set[0];

        (void) snprintf(ret, size, "ALTER TABLE `%s` MODIFY `%s` %s%s%s%s%s%s %s", t->name, column->name,
                        type, text ? " CHARACTER SET " : "", text ? column->character_set : "",
                        text ? " COLLATE " : "", text ? column->collation : "", more ? more : "",
                        column->nullable ? "NULL" : "NOT NULL");
}

static void want_text(Table *t, const char *name, uint64_t width, bool utf8) {
        const Column *column = want_column(t, name);
        char type[32], change[512];

        if (!column || width == 0)
                return;
        format_type(width > column->width ? width : column->width, type, sizeof type);
        if (column->width < width) {
                format_change(t, column, type, NULL, change, sizeof change);
                say(t->c, DDNS_FINDING_WARNING,
                    "column %s of table %s has room for %llu characters only; what helps: %s", name,
                    t->name, (unsigned long long) column->width, change);
        }
        if (utf8 && strcmp(column->character_set, "utf8mb4") != 0) {
                format_change(t, column, type, " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", change,
                              sizeof change);
                say(t->c, DDNS_FINDING_WARNING,
                    "column %s of table %s holds %s instead of all of UTF-8; what helps: %s", name,
                    t->name, column->character_set[0] ? column->character_set : "octets", change);
        }
}

/* Of a column in which deliveries write NULL. */
static void want_null(Table *t, const char *name) {
        const Column *found = find_column(t, name);
        char change[512];

        if (!found || found->nullable)
                return;
        Column column = *found;
        column.nullable = true;
        format_change(t, &column, column.type, NULL, change, sizeof change);
        say(t->c, DDNS_FINDING_BAD,
            "column %s of table %s does not take NULL, which some rows need; what helps: %s", name,
            t->name, change);
}

/* Columns of an operator's own are fine as long as a row can be made without them. */
static void look_at_others(Table *t) {
        for (size_t i = 0; i < t->n_columns; i++) {
                const Column *column = &t->columns[i];

                if (column->wanted || !column->required)
                        continue;
                say(t->c, DDNS_FINDING_BAD,
                    "column %s of table %s wants a value that ddns does not have; what helps: ALTER TABLE `%s` "
                    "MODIFY `%s` %s NULL",
                    column->name, t->name, t->name, column->name, column->type);
        }
}

/* Does an index begin with these columns, in any order? */
static bool begins_with(const Part *parts, size_t n_parts, const char *const *columns, size_t n) {
        size_t found = 0;

        for (size_t i = 0; i < n && i < n_parts && strcmp(parts[i].index, parts[0].index) == 0; i++)
                for (size_t k = 0; k < n; k++)
                        found += strcasecmp(parts[i].column, columns[k]) == 0;
        return found == n;
}

static bool has_index(const Table *t, const char *const *columns, size_t n, bool unique) {
        for (size_t i = 0; i < t->n_parts; i++) {
                const Part *p = &t->parts[i];
                size_t left = t->n_parts - i;

                if (i > 0 && strcmp(p->index, p[-1].index) == 0)
                        continue;
                if (unique && (!p->unique || (left > n && strcmp(p[n].index, p->index) == 0)))
                        continue;
                if (begins_with(p, left, columns, n))
                        return true;
        }
        return false;
}

static void want_index(Table *t, const char *const *columns, size_t n) {
        char name[128] = "", list[256] = "";
        size_t name_size = 0, list_size = 0;

        if (n == 0 || has_index(t, columns, n, false))
                return;
        for (size_t i = 0; i < n; i++) {
                name_size += (size_t) snprintf(name + name_size, sizeof name - name_size, "_%.30s",
                                               columns[i]);
                list_size += (size_t) snprintf(list + list_size, sizeof list - list_size, "%s`%.64s`",
                                               i > 0 ? ", " : "", columns[i]);
        }
        say(t->c, DDNS_FINDING_WARNING,
            "table %s has no index over %s, so that the more rows there are, the longer each query takes; what "
            "helps: CREATE INDEX `ddns%s` ON `%s` (%s)",
            t->name, list, name, t->name, list);
}

/* ---- table by table ---- */

/* 1: it is there and was read; 0: there is nothing more to say of it. */
static int open_table(DdnsSqlCheck *c, const char *name, Table *t) {
        int r;

        *t = (Table){ .c = c, .name = name };
        r = read_table(t);
        if (r < 0)
                return r;
        if (t->n_columns > 0)
                return look_at_engine(t);
        c->may_try = false;
        say(c, DDNS_FINDING_BAD,
            "database %s has no table %s that this user may see; what helps: the schema that comes with ddns, "
            "or GRANT SELECT, INSERT, UPDATE, DELETE ON `%s`.`%s` TO the user %s",
            c->database, name, c->database, name, c->s->config->username);
        return 0;
}

static int look_at_zones(DdnsSqlCheck *c) {
        ddns_cleanup(table_done) Table t = { 0 };
        const DdnsSqlDescription *d = c->s->d;
        int r = open_table(c, d->zones, &t);

        if (r <= 0)
                return r;
        want_id(&t);
        want_text(&t, d->zone_column, DDNS_SQL_ZONE_MAX, false);
        if (d->kind_column)
                (void) want_column(&t, d->kind_column);
        if (say_missing(&t))
                return 0;
        look_at_others(&t);
        if (!has_index(&t, &d->zone_column, 1, true))
                say(c, DDNS_FINDING_BAD,
                    "table %s would take a zone twice; what helps: CREATE UNIQUE INDEX `ddns_%s` ON `%s` (`%s`)",
                    d->zones, d->zone_column, d->zones, d->zone_column);
        return 0;
}

static int look_at_rows(DdnsSqlCheck *c, const DdnsSqlTable *table) {
        ddns_cleanup(table_done) Table t = { 0 };
        int r = open_table(c, table->name, &t);

        if (r <= 0)
                return r;
        want_id(&t);
        (void) want_column(&t, table->zone_id);
        for (size_t i = 0; i < table->n_columns; i++) {
                want_text(&t, table->columns[i], table->widths[i],
                          table->utf8 && strcmp(table->utf8, table->columns[i]) == 0);
                if (table->nulls[i])
                        want_null(&t, table->columns[i]);
        }
        if (say_missing(&t))
                return 0;
        look_at_others(&t);
        want_index(&t, &table->zone_id, 1);
        for (size_t i = 0; i < DDNS_SQL_INDEXES_MAX; i++) {
                size_t n = 0;

                while (n < ARRAY_SIZE(table->indexes[i]) && table->indexes[i][n])
                        n++;
                if (n != 1 || strcmp(table->indexes[i][0], table->zone_id) != 0)
                        want_index(&t, table->indexes[i], n);
        }
        return 0;
}

static int look_at_emptied(DdnsSqlCheck *c, const DdnsSqlTable *table) {
        ddns_cleanup(table_done) Table t = { 0 };
        int r = open_table(c, table->name, &t);

        if (r <= 0)
                return r;
        (void) want_column(&t, table->zone_id);
        if (!say_missing(&t))
                want_index(&t, &table->zone_id, 1);
        return 0;
}

int ddns_sql_check_tables(DdnsSqlCheck *c) {
        const DdnsSqlDescription *d = c->s->d;
        int r = look_at_zones(c);

        for (size_t i = 0; r >= 0 && i < d->n_tables; i++)
                r = look_at_rows(c, &d->tables[i]);
        for (size_t i = 0; r >= 0 && i < d->n_emptied; i++)
                r = look_at_emptied(c, &d->emptied[i]);
        return r;
}
