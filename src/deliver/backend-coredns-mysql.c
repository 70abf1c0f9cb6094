/* SPDX-License-Identifier: MIT */
/* The backend that is a database which CoreDNS reads with its mysql plugin (coredns_mysql_extend). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "deliver/coredns-rows.h"
#include "deliver/sql.h"

struct DdnsBackend {
        const DdnsBackendConfig *config;
        DdnsSqlDescription description;
        DdnsCorednsLimits limits; /* of the connection at hand */
        DdnsSql *sql;
};

static void zone_name(const char *zone, char ret[DDNS_SQL_ZONE_MAX + 1]) {
        (void) snprintf(ret, DDNS_SQL_ZONE_MAX + 1, "%s.", zone);
}

static int rows(const DdnsTask *task, DdnsSqlRows ret[DDNS_SQL_TABLES_MAX], DdnsMessage *warning,
                DdnsMessage *message, void *userdata) {
        const DdnsBackend *b = userdata;

        return ddns_coredns_rows(task->zone, task->content, &b->limits, &ret[0], warning, message);
}

static int connected(DdnsMysql *m, DdnsMessage *message, void *userdata) {
        DdnsBackend *b = userdata;
        const char *database = b->config->mysql.database, *records = b->config->tables.records;
        bool utf8;
        int r;

        r = ddns_sql_width(m, database, records, "hostname", &b->limits.hostname, &utf8, message);
        if (r >= 0)
                r = ddns_sql_width(m, database, records, "type", &b->limits.type, &utf8, message);
        if (r >= 0)
                r = ddns_sql_width(m, database, records, "data", &b->limits.data, &b->limits.utf8,
                                   message);
        return r;
}

static const DdnsSqlOps sql_ops = { .zone_name = zone_name, .rows = rows, .connected = connected };

static DdnsSqlDescription describe(const DdnsBackendConfig *config) {
        return (DdnsSqlDescription){
                .zones = config->tables.zones,
                .zone_column = "zone_name",
                .tables = { {
                                .name = config->tables.records,
                                .zone_id = "zone_id",
                                .columns = { "hostname", "type", "data", "ttl", "online" },
                                .n_columns = DDNS_COREDNS_CELLS,
                                .n_key = 2,
                                .widths = { 255, 10, 65535 },
                                .utf8 = "data",
                                .indexes = { { "zone_id", "hostname", "type" } },
                } },
                .n_tables = 1,
        };
}

static void coredns_free(DdnsBackend *b) {
        if (b)
                (void) ddns_sql_free(b->sql);
        free(b);
}

static int coredns_new(const DdnsBackendConfig *config, DdnsBackend **ret, DdnsMessage *message) {
        DdnsBackend *b = calloc(1, sizeof *b);
        int r;

        if (!b)
                return ddns_fail(message, -ENOMEM, "out of memory");
        b->config = config;
        b->description = describe(config);
        r = ddns_sql_new(config, &b->description, &sql_ops, b, &b->sql, message);
        if (r < 0) {
                coredns_free(b);
                return r;
        }
        *ret = b;
        return 0;
}

static int coredns_apply(DdnsBackend *b, DdnsTask *tasks, size_t n, DdnsMessage *message) {
        DdnsSqlOutcome outcome;

        return ddns_sql_apply(b->sql, tasks, n, &outcome, message);
}

static int coredns_inspect(DdnsBackend *b, DdnsTask *tasks, size_t n, DdnsMessage *message) {
        return ddns_sql_inspect(b->sql, tasks, n, message);
}

static int coredns_diff(DdnsBackend *b, const DdnsTask *task, DdnsLineHandler *line, void *userdata,
                        DdnsMessage *message) {
        return ddns_sql_diff(b->sql, task, line, userdata, message);
}

static int coredns_list(DdnsBackend *b, DdnsNameHandler *each, void *userdata, DdnsMessage *message) {
        return ddns_sql_list(b->sql, each, userdata, message);
}

static int coredns_incarnation(DdnsBackend *b, DdnsMessage *ret, DdnsMessage *message) {
        return ddns_sql_incarnation(b->sql, ret, message);
}

static int coredns_check(DdnsBackend *b, DdnsFindingHandler *found, void *userdata,
                         DdnsMessage *message) {
        return ddns_sql_check(b->sql, found, userdata, message);
}

const DdnsBackendOps ddns_backend_coredns_mysql = {
        .new = coredns_new,
        .incarnation = coredns_incarnation,
        .apply = coredns_apply,
        .check = coredns_check,
        .inspect = coredns_inspect,
        .diff = coredns_diff,
        .list = coredns_list,
        .free = coredns_free,
        .apart = true,
        .without_aa = true,
        .keeps_deleted = true,
        .rewrite = true,
};
