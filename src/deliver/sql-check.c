/* SPDX-License-Identifier: MIT */
/* An operator's look at a database before the first push: the server, and whether all that deliveries do is allowed. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "deliver/sql-check.h"

/* A record with 64 KiB of data fits in there however it is written. */
#define PACKET_WANTED (UINT64_C(1) << 20)

/* No zone has this name (RFC 6761), and nobody ever sees it: the transaction is undone. */
#define TRIAL_ZONE "ddns-check.invalid"

void ddns_sql_check_say(DdnsSqlCheck *c, DdnsFinding finding, const char *format, ...) {
        char text[1024];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof text, format, ap);
        va_end(ap);
        c->found(finding, text, c->userdata);
}

/* ---- the way to the server ---- */

static bool is_loopback(const char *host) {
        struct in_addr v4;
        struct in6_addr v6;

        if (inet_pton(AF_INET, host, &v4) == 1)
                return ntohl(v4.s_addr) >> 24 == 127;
        return strcmp(host, "localhost") == 0 ||
               (inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

static int fetch(DdnsSqlCheck *c, const char *sql, char **ret) {
        return ddns_sql_fetch_text(c->s->m, sql, NULL, 0, ret, c->message);
}

static int look_at_connection(DdnsSqlCheck *c) {
        ddns_cleanup(ddns_freep) char *cipher = NULL;
        const DdnsMysqlConfig *config = c->s->config;
        int r = fetch(c, "SHOW SESSION STATUS LIKE 'Ssl_cipher'", &cipher);

        if (r < 0)
                return r;
        if (cipher && cipher[0])
                ddns_sql_check_say(c, DDNS_FINDING_GOOD, "logged in as %s over TLS (%s)",
                                   config->username, cipher);
        else if (config->socket || is_loopback(config->host))
                ddns_sql_check_say(c, DDNS_FINDING_GOOD, "logged in as %s within this machine",
                                   config->username);
        else
                ddns_sql_check_say(
                                c, DDNS_FINDING_WARNING,
                                "logged in as %s in plain text: zones can be read and changed on the way; what "
                                "helps: `tls: {ca: FILE}` in the backend's configuration",
                                config->username);
        return 0;
}

static int look_at_version(DdnsSqlCheck *c) {
        ddns_cleanup(ddns_freep) char *version = NULL, *mode = NULL;
        int r = fetch(c, "SELECT VERSION()", &version);

        if (r >= 0)
                r = fetch(c, "SELECT @@GLOBAL.sql_mode", &mode);
        if (r < 0)
                return r;
        ddns_sql_check_say(c, DDNS_FINDING_GOOD, "the server is %s%s",
                           version ? version : "of no version",
                           version && strstr(version, "MariaDB") ? "" : " (MySQL)");
        if (!mode || !strstr(mode, "STRICT_"))
                ddns_sql_check_say(
                                c, DDNS_FINDING_GOOD,
                                "the server is not strict by itself and would cut long values; ddns makes its "
                                "own sessions strict");
        return 0;
}

static void look_at_packet(DdnsSqlCheck *c) {
        uint64_t packet = ddns_mysql_max_packet(c->s->m);

        if (packet < PACKET_WANTED)
                ddns_sql_check_say(
                                c, DDNS_FINDING_WARNING,
                                "zones with longer records than max_allowed_packet (%llu octets) will fail; "
                                "what helps: SET GLOBAL max_allowed_packet = 16777216, and the same in the "
                                "server's configuration",
                                (unsigned long long) packet);
}

/* ---- rights, by doing it ---- */

/* What stands in the way of a step, and a statement against it. */
static int refused(DdnsSqlCheck *c, int error, const char *step, const char *table,
                   const DdnsMessage *why) {
        if (error == -ENOTCONN || error == -ENOMEM)
                return ddns_fail(c->message, error, "%s", why->text);
        if (error == -EACCES)
                ddns_sql_check_say(
                                c, DDNS_FINDING_BAD,
                                "%s table %s: %s; what helps: GRANT SELECT, INSERT, UPDATE, DELETE ON "
                                "`%s`.`%s` TO the user %s",
                                step, table, why->text, c->database, table, c->s->config->username);
        else if (error == -EROFS)
                ddns_sql_check_say(
                                c, DDNS_FINDING_BAD,
                                "%s table %s: %s; what helps: SET GLOBAL read_only = OFF, or the address of the "
                                "server that is the primary",
                                step, table, why->text);
        else
                ddns_sql_check_say(c, DDNS_FINDING_BAD, "%s table %s: %s", step, table, why->text);
        return 1;
}

/* 0: done; 1: refused, and said so. */
static int try_statement(DdnsSqlCheck *c, const char *step, const char *table,
                         const DdnsMysqlValue *values, size_t n, const char *format, ...)
                __attribute__((format(printf, 6, 7)));

static int try_statement(DdnsSqlCheck *c, const char *step, const char *table,
                         const DdnsMysqlValue *values, size_t n, const char *format, ...) {
        char sql[512];
        DdnsMessage why;
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(sql, sizeof sql, format, ap);
        va_end(ap);
        int r = ddns_mysql_run(c->s->m, sql, values, n, NULL, NULL, &why);
        return r < 0 ? refused(c, r, step, table, &why) : 0;
}

static int try_zone(DdnsSqlCheck *c, const char *name, char **ret_id) {
        const DdnsSqlDescription *d = c->s->d;
        const DdnsMysqlValue values[] = { ddns_mysql_text(name), ddns_mysql_text(d->kind) };
        char sql[256];
        DdnsMessage why;
        int r;

        r = try_statement(c, "locking rows of", d->zones, values, 1,
                          "SELECT `id` FROM `%s` WHERE `%s` IN (?) ORDER BY `%s` FOR UPDATE", d->zones,
                          d->zone_column, d->zone_column);
        if (r == 0 && d->kind_column)
                r = try_statement(c, "inserting into", d->zones, values, 2,
                                  "INSERT INTO `%s` (`%s`,`%s`) VALUES (?,?)", d->zones, d->zone_column,
                                  d->kind_column);
        else if (r == 0)
                r = try_statement(c, "inserting into", d->zones, values, 1,
                                  "INSERT INTO `%s` (`%s`) VALUES (?)", d->zones, d->zone_column);
        if (r != 0)
                return r;
        (void) snprintf(sql, sizeof sql, "SELECT `id` FROM `%s` WHERE `%s`=?", d->zones, d->zone_column);
        r = ddns_sql_fetch_text(c->s->m, sql, values, 1, ret_id, &why);
        if (r < 0)
                return refused(c, r, "reading", d->zones, &why);
        if (*ret_id)
                return 0;
        ddns_sql_check_say(
                        c, DDNS_FINDING_BAD,
                        "a row inserted into table %s is not there: something in the database changes or "
                        "hides it",
                        d->zones);
        return 1;
}

/* By the same statements as deliveries'. */
static int try_rows(DdnsSqlCheck *c, const DdnsSqlTable *t, const char *zone_id) {
        DdnsSqlRow row = { 0 };
        DdnsSqlChange change = { .zone_id = zone_id, .row = &row };
        const DdnsMysqlValue zone = ddns_mysql_text(zone_id);
        ddns_cleanup(ddns_freep) char *id = NULL;
        char sql[256];
        DdnsMessage why;
        int r;

        for (size_t i = 0; i < t->n_columns; i++)
                row.cells[i] = ddns_mysql_text(t->widths[i] > 0 ? "x" : "0");
        r = ddns_sql_run_changes(c->s->m, t, &change, 1, false, &why);
        if (r < 0)
                return refused(c, r, "inserting into", t->name, &why);
        (void) snprintf(sql, sizeof sql, "SELECT `id` FROM `%s` WHERE `%s`=?", t->name, t->zone_id);
        r = ddns_sql_fetch_text(c->s->m, sql, &zone, 1, &id, &why);
        if (r < 0)
                return refused(c, r, "reading", t->name, &why);
        change.id = id ? ddns_sql_id_parse(ddns_mysql_text(id)) : 0;
        row.cells[0] = ddns_mysql_text("y");
        r = ddns_sql_run_changes(c->s->m, t, &change, 1, true, &why);
        if (r < 0)
                return refused(c, r, "changing rows of", t->name, &why);
        return 0;
}

static int try_deletes(DdnsSqlCheck *c, const char *zone_id) {
        const DdnsSqlDescription *d = c->s->d;
        const DdnsMysqlValue id = ddns_mysql_text(zone_id);
        int r = 0;

        for (size_t i = 0; r == 0 && i < d->n_tables; i++)
                r = try_statement(c, "deleting from", d->tables[i].name, &id, 1,
                                  "DELETE FROM `%s` WHERE `%s` IN (?)", d->tables[i].name,
                                  d->tables[i].zone_id);
        for (size_t i = 0; r == 0 && i < d->n_emptied; i++)
                r = try_statement(c, "deleting from", d->emptied[i].name, &id, 1,
                                  "DELETE FROM `%s` WHERE `%s` IN (?)", d->emptied[i].name,
                                  d->emptied[i].zone_id);
        if (r == 0)
                r = try_statement(c, "deleting from", d->zones, &id, 1,
                                  "DELETE FROM `%s` WHERE `id` IN (?)", d->zones);
        return r;
}

static int try_writing(DdnsSqlCheck *c) {
        char name[DDNS_SQL_ZONE_MAX + 1];
        ddns_cleanup(ddns_freep) char *id = NULL, *read_only = NULL;
        int r;

        c->s->ops->zone_name(TRIAL_ZONE, name);
        r = try_zone(c, name, &id);
        for (size_t i = 0; r == 0 && i < c->s->d->n_tables; i++)
                r = try_rows(c, &c->s->d->tables[i], id);
        if (r == 0)
                r = try_deletes(c, id);
        ddns_mysql_rollback(c->s->m);
        if (r != 0)
                return r < 0 ? r : 0;

        ddns_sql_check_say(c, DDNS_FINDING_GOOD,
                           "a zone was inserted, changed and deleted, and all of it was undone");
        r = fetch(c, "SELECT @@GLOBAL.read_only", &read_only);
        if (r >= 0 && read_only && strcmp(read_only, "0") != 0 && strcmp(read_only, "OFF") != 0)
                ddns_sql_check_say(
                                c, DDNS_FINDING_WARNING,
                                "the server is read-only, but not for this user; if it is a replica, what is "
                                "written here will be missing on the primary");
        return r;
}

int ddns_sql_check(DdnsSql *s, DdnsFindingHandler *found, void *userdata, DdnsMessage *message) {
        DdnsSqlCheck c = {
                .s = s,
                .database = s->config->database,
                .found = found,
                .userdata = userdata,
                .message = message,
                .may_try = true,
        };
        int r = ddns_mysql_connect(s->m, message);

        if (r < 0)
                return r;
        if (r > 0)
                s->known = false; /* what deliveries have to know is theirs to find out */
        r = look_at_connection(&c);
        if (r >= 0)
                r = look_at_version(&c);
        if (r >= 0)
                look_at_packet(&c);
        if (r >= 0)
                r = ddns_sql_check_tables(&c);
        if (r >= 0 && c.may_try)
                r = try_writing(&c);
        ddns_mysql_rollback(s->m);
        return r < 0 ? r : 0;
}
