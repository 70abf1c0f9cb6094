/* SPDX-License-Identifier: MIT */
/* The backend that is a database which PowerDNS reads (gmysql). */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/crash-point.h"
#include "deliver/powerdns-control.h"
#include "deliver/powerdns-rows.h"
#include "deliver/sql.h"

/* For each of the two steps behind a batch. */
#define CONTROL_TIMEOUT_USEC (5 * USEC_PER_SEC)
/* One that was silent gets no more than that until it answers: batches need not wait for it, and what was sent to it is done when
 * it goes on. */
#define SILENT_TIMEOUT_USEC (1 * USEC_PER_SEC)

/* How long PowerDNS goes on with what it has, as it comes (query-cache-ttl, zone-cache-refresh-interval). */
#define DELAY "within 20 to 60 s, a new zone within 300 s"

struct DdnsBackend {
        const DdnsBackendConfig *config;
        DdnsSqlDescription description;
        DdnsSqlTable emptied[2];
        DdnsPowerdnsLimits limits; /* of the connection at hand */
        DdnsSql *sql;
        bool rediscovered; /* nothing was inserted of which PowerDNS may not know */
        bool silent;       /* the control socket did not answer last time */
};

/* ---- what the way into the database asks ---- */

static void zone_name(const char *zone, char ret[DDNS_SQL_ZONE_MAX + 1]) {
        (void) snprintf(ret, DDNS_SQL_ZONE_MAX + 1, "%s", zone);
}

static int rows(const DdnsTask *task, DdnsSqlRows ret[DDNS_SQL_TABLES_MAX], DdnsMessage *warning,
                DdnsMessage *message, void *userdata) {
        const DdnsBackend *b = userdata;

        return ddns_powerdns_rows(task->zone, task->content, &b->limits, &ret[0], &ret[1], warning,
                                  message);
}

/* Zones that PowerDNS fetches from elsewhere, or makes of others, are not ours, and no push can say that they should be. */
static int may_change(const DdnsTask *task, DdnsMysqlValue kind, DdnsMessage *message) {
        static const char *const ours[] = { "NATIVE", "MASTER" };

        for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
                if (kind.text && kind.size == strlen(ours[i]) &&
                    strncasecmp(kind.text, ours[i], kind.size) == 0)
                        return 0;
        return ddns_fail(
                        message, -EBADMSG,
                        "PowerDNS has this zone as %.*s: it belongs to somebody else, and is left alone",
                        kind.text ? (int) kind.size : 4, kind.text ? kind.text : "NULL");
}

static int connected(DdnsMysql *m, DdnsMessage *message, void *userdata) {
        DdnsBackend *b = userdata;
        const struct {
                const char *column;
                uint64_t *width;
        } columns[] = { { "name", &b->limits.name },
                        { "type", &b->limits.type },
                        { "content", &b->limits.content },
                        { "ordername", &b->limits.ordername } };
        bool utf8; /* all our texts are ASCII */
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(columns); i++)
                r = ddns_sql_width(m, b->config->mysql.database, b->config->tables.records,
                                   columns[i].column, columns[i].width, &utf8, message);
        return r;
}

static const DdnsSqlOps sql_ops = {
        .zone_name = zone_name,
        .rows = rows,
        .may_change = may_change,
        .connected = connected,
};

/* There are no foreign keys: who deletes a zone deletes all that is about it. */
static void describe(DdnsBackend *b) {
        const DdnsBackendConfig *config = b->config;

        b->emptied[0] = (DdnsSqlTable){ .name = config->tables.cryptokeys, .zone_id = "domain_id" };
        b->emptied[1] = (DdnsSqlTable){ .name = config->tables.comments, .zone_id = "domain_id" };
        b->description = (DdnsSqlDescription){
                .zones = config->tables.zones,
                .zone_column = "name",
                .kind_column = "type",
                .kind = config->domain_type == DDNS_DOMAIN_TYPE_MASTER ? "MASTER" : "NATIVE",
                .tables = {
                        {
                                .name = config->tables.records,
                                .zone_id = "domain_id",
                                .columns = { "name", "type", "content", "ttl", "prio", "disabled",
                                             "ordername", "auth" },
                                .n_columns = DDNS_POWERDNS_RECORD_CELLS,
                                .n_key = 2,
                                .widths = { 255, 10, 64000, [6] = 255 },
                                .nulls = { [1] = true, [2] = true, [3] = true, [4] = true, [6] = true },
                                .indexes = { { "name", "type" }, { "domain_id" }, { "ordername" } },
                        },
                        {
                                .name = config->tables.domainmetadata,
                                .zone_id = "domain_id",
                                .columns = { "kind", "content" },
                                .n_columns = DDNS_POWERDNS_METADATA_CELLS,
                                .n_key = 1,
                                .is_ours = ddns_powerdns_owns_metadata,
                                .widths = { 32, 65535 },
                                .indexes = { { "domain_id", "kind" } },
                        },
                },
                .n_tables = 2,
                .emptied = b->emptied,
                .n_emptied = ARRAY_SIZE(b->emptied),
                /* PowerDNS signs it: it would need an `ordername` for each name by rules of its own, and a push that is signed
                 * elsewhere has other keys than those that the parent knows. */
                .claims = &b->emptied[0],
                .claimed = "PowerDNS has keys for this zone and signs it by itself (pdnsutil secure-zone), so it is left "
                           "as it is; `pdnsutil disable-dnssec ZONE` ends that",
        };
}

/* ---- telling PowerDNS ---- */

static void warn(DdnsTask *task, const char *why) {
        DdnsMessage before = task->warning;

        (void) ddns_fail(&task->warning, 0, "%s%swritten, but %s: PowerDNS will see it " DELAY,
                         before.text, before.text[0] ? "; " : "", why);
}

/* What was written is there for good, whatever becomes of this. Zones that had not changed are purged too: perhaps we were
 * killed behind the COMMIT that changed them. For the same reason the first batch makes PowerDNS look for new zones. */
static void tell(DdnsBackend *b, DdnsTask *tasks, size_t n, const DdnsSqlOutcome *outcome) {
        ddns_cleanup(ddns_freep) const char **zones = calloc(n, sizeof *zones);
        uint64_t timeout = b->silent ? SILENT_TIMEOUT_USEC : CONTROL_TIMEOUT_USEC;
        const char *path = b->config->control_socket;
        DdnsMessage why = DDNS_MESSAGE_NULL;
        size_t n_zones = 0;
        int r = zones ? 0 : ddns_fail(&why, -ENOMEM, "out of memory");

        for (size_t i = 0; r >= 0 && i < n; i++)
                if (tasks[i].state == DDNS_TASK_WRITTEN)
                        zones[n_zones++] = tasks[i].zone;
        if (r >= 0 && n_zones == 0)
                return;

        if (outcome->inserted_zones > 0)
                b->rediscovered = false;
        if (r >= 0 && !b->rediscovered) {
                r = ddns_powerdns_rediscover(path, timeout, &why);
                b->rediscovered = r >= 0;
        }
        DDNS_CRASH_POINT("powerdns-rediscovered");
        if (r >= 0)
                r = ddns_powerdns_purge(path, zones, n_zones, timeout, &why);
        DDNS_CRASH_POINT("powerdns-purged");
        b->silent = r == -ETIMEDOUT;
        for (size_t i = 0; r < 0 && i < n; i++)
                if (tasks[i].state == DDNS_TASK_WRITTEN)
                        warn(&tasks[i], why.text);
}

static int powerdns_apply(DdnsBackend *b, DdnsTask *tasks, size_t n, DdnsMessage *message) {
        DdnsSqlOutcome outcome;
        int r = ddns_sql_apply(b->sql, tasks, n, &outcome, message);

        if (b->config->control_socket)
                tell(b, tasks, n, &outcome);
        return r;
}

/* An address is ours if a socket can have it. */
static bool is_ours(const struct addrinfo *a) {
        ddns_cleanup(ddns_closep) int fd = socket(a->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        return fd >= 0 && bind(fd, a->ai_addr, a->ai_addrlen) == 0;
}

/* Where the database is, PowerDNS most often is too. */
static bool is_elsewhere(const DdnsMysqlConfig *c) {
        const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
        struct addrinfo *all = NULL;
        bool ours = false;

        if (c->socket || getaddrinfo(c->host, NULL, &hints, &all) != 0)
                return false;
        for (const struct addrinfo *a = all; a && !ours; a = a->ai_next)
                ours = is_ours(a);
        freeaddrinfo(all);
        return !ours;
}

static int powerdns_check(DdnsBackend *b, DdnsFindingHandler *found, void *userdata,
                          DdnsMessage *message) {
        const char *path = b->config->control_socket;
        DdnsMessage why;

        if (!path && is_elsewhere(&b->config->mysql))
                found(DDNS_FINDING_GOOD,
                      "the database is on another machine, and a `control-socket` is for a PowerDNS on this one: it sees a change " DELAY
                      "; shorter caches make that faster: see ddns-mysql(7)",
                      userdata);
        else if (!path)
                found(DDNS_FINDING_WARNING,
                      "there is no `control-socket`: PowerDNS sees a change " DELAY
                      "; what helps: its socket, if it runs on this machine, else shorter caches: see "
                      "ddns-mysql(7)",
                      userdata);
        else if (ddns_powerdns_ping(path, CONTROL_TIMEOUT_USEC, &why) < 0) {
                char text[sizeof why.text + sizeof DELAY + 64];

                (void) snprintf(text, sizeof text, "%s: PowerDNS sees a change " DELAY, why.text);
                found(DDNS_FINDING_WARNING, text, userdata);
        } else if (geteuid() == 0)
                found(DDNS_FINDING_GOOD,
                      "PowerDNS answers on its control socket, to root; ddns-retry.service needs the socket's "
                      "group for that: see ddns-mysql(7)",
                      userdata);
        else
                found(DDNS_FINDING_GOOD, "PowerDNS answers on its control socket", userdata);
        return ddns_sql_check(b->sql, found, userdata, message);
}

/* ---- the rest ---- */

static void powerdns_free(DdnsBackend *b) {
        if (b)
                (void) ddns_sql_free(b->sql);
        free(b);
}

static int powerdns_new(const DdnsBackendConfig *config, DdnsBackend **ret, DdnsMessage *message) {
        DdnsBackend *b = calloc(1, sizeof *b);
        int r;

        if (!b)
                return ddns_fail(message, -ENOMEM, "out of memory");
        b->config = config;
        describe(b);
        r = ddns_sql_new(config, &b->description, &sql_ops, b, &b->sql, message);
        if (r < 0) {
                powerdns_free(b);
                return r;
        }
        *ret = b;
        return 0;
}

static int powerdns_inspect(DdnsBackend *b, DdnsTask *tasks, size_t n, DdnsMessage *message) {
        return ddns_sql_inspect(b->sql, tasks, n, message);
}

static int powerdns_diff(DdnsBackend *b, const DdnsTask *task, DdnsLineHandler *line, void *userdata,
                         DdnsMessage *message) {
        return ddns_sql_diff(b->sql, task, line, userdata, message);
}

static int powerdns_list(DdnsBackend *b, DdnsNameHandler *each, void *userdata, DdnsMessage *message) {
        return ddns_sql_list(b->sql, each, userdata, message);
}

static int powerdns_incarnation(DdnsBackend *b, DdnsMessage *ret, DdnsMessage *message) {
        return ddns_sql_incarnation(b->sql, ret, message);
}

const DdnsBackendOps ddns_backend_powerdns_mysql = {
        .new = powerdns_new,
        .incarnation = powerdns_incarnation,
        .apply = powerdns_apply,
        .check = powerdns_check,
        .inspect = powerdns_inspect,
        .diff = powerdns_diff,
        .list = powerdns_list,
        .free = powerdns_free,
        .apart = true,
        .rewrite = true,
};
