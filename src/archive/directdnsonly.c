/* SPDX-License-Identifier: MIT */
/* The database of directdnsonly: its table `domains`, read and never written. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/archive-internal.h"
#include "basic/buffer.h"
#include "basic/domain.h"

#define BUSY_MS 5000

static int fail(DdnsArchive *a, int rc, DdnsMessage *message) {
        int error = -EIO;

        switch (rc & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                error = -EAGAIN;
                break;
        case SQLITE_NOMEM:
                error = -ENOMEM;
                break;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_ERROR:
        case SQLITE_TOOBIG:
                error = -EBADMSG;
                break;
        }
        return ddns_fail(message, error, "database: %s",
                         a->db ? sqlite3_errmsg(a->db) : sqlite3_errstr(rc));
}

static int run(DdnsArchive *a, const char *sql) {
        return sqlite3_exec(a->db, sql, NULL, NULL, NULL);
}

/* The path as part of a URI. */
static char *uri_of(const char *path, const char *mode) {
        DdnsBuffer uri = DDNS_BUFFER_NULL;
        ddns_cleanup(ddns_freep) char *absolute = realpath(path, NULL);

        if (!absolute)
                return NULL;
        ddns_buffer_append_text(&uri, "file:");
        for (const char *p = absolute; *p; p++)
                if (strchr("?#%", *p))
                        ddns_buffer_append_format(&uri, "%%%02X", (unsigned char) *p);
                else
                        ddns_buffer_append_byte(&uri, *p);
        ddns_buffer_append_format(&uri, "?%s", mode);
        return ddns_buffer_take(&uri, NULL);
}

/* The file is somebody else's: nothing that its schema says is trusted. */
static int open_as(DdnsArchive *a, const char *path, const char *mode) {
        ddns_cleanup(ddns_freep) char *uri = uri_of(path, mode);

        if (!uri)
                return SQLITE_CANTOPEN;
        (void) sqlite3_close(a->db);
        a->db = NULL;
        int rc = sqlite3_open_v2(uri, &a->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
        if (rc != SQLITE_OK)
                return rc;
        (void) sqlite3_busy_timeout(a->db, BUSY_MS);
        (void) sqlite3_limit(a->db, SQLITE_LIMIT_LENGTH, (int) DDNS_ARCHIVED_MAX);
        (void) sqlite3_db_config(a->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        (void) sqlite3_db_config(a->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        (void) sqlite3_db_config(a->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
        (void) sqlite3_db_config(a->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
        rc = run(a, "BEGIN");
        /* the transaction has its moment from the first read on */
        return rc == SQLITE_OK ? run(a, "SELECT 1 FROM sqlite_schema LIMIT 1") : rc;
}

/* A log beside the database has what is not in it yet. */
static bool has_log(const char *path) {
        ddns_cleanup(ddns_freep) char *log = NULL;

        return asprintf(&log, "%s-wal", path) < 0 || access(log, F_OK) == 0;
}

static int count(DdnsArchive *a) {
        sqlite3_stmt *stmt = NULL;

        int rc = sqlite3_prepare_v2(a->db, "SELECT count(*) FROM domains", -1, &stmt, NULL);
        if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
                a->n = (uint64_t) sqlite3_column_int64(stmt, 0);
                rc = SQLITE_OK;
        }
        (void) sqlite3_finalize(stmt);
        return rc;
}

int archive_open_directdnsonly(DdnsArchive *a, const char *path, DdnsMessage *message) {
        int rc = open_as(a, path, "mode=ro");

        /* In WAL mode SQLite wants to make files beside it, which may not be possible, or wanted, where a copy lies. */
        if ((rc == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY) && !has_log(path))
                rc = open_as(a, path, "immutable=1");
        if (rc == SQLITE_OK)
                rc = count(a);
        return rc == SQLITE_OK ? 0 : fail(a, rc, message);
}

static const char *column(sqlite3_stmt *stmt, int i) {
        const char *text = (const char *) sqlite3_column_text(stmt, i);

        return text && *text && strlen(text) <= DDNS_OWNER_MAX ? text : NULL;
}

/* What a row has, as far as it can be a zone. `last`: the name of the row before. */
static int read_row(sqlite3_stmt *stmt, char last[DDNS_ZONE_NAME_MAX + 1],
                    int (*each)(const DdnsArchived *zone, void *userdata), void *userdata) {
        const char *domain = (const char *) sqlite3_column_text(stmt, 0);
        const char *text = (const char *) sqlite3_column_text(stmt, 4);
        int64_t changed = sqlite3_column_int64(stmt, 3);
        char name[DDNS_ZONE_NAME_MAX + 1];
        DdnsMessage why = DDNS_MESSAGE_NULL;
        DdnsArchived zone = {
                .zone = domain ? domain : "",
                .hostname = column(stmt, 1),
                .username = column(stmt, 2),
                .accepted_usec = changed > 0 ? (uint64_t) changed * USEC_PER_SEC : 0,
                .text = text ? text : "",
                .size = text ? (size_t) sqlite3_column_bytes(stmt, 4) : 0,
        };

        if (ddns_zone_name_check(zone.zone, strlen(zone.zone), name, &why) < 0)
                zone.unusable = why.text;
        else {
                zone.zone = name;
                if (strcmp(name, last) == 0)
                        zone.unusable = "it is there twice: the row updated last counts";
                else if (zone.size == 0)
                        zone.unusable = "it has no zone_data: nothing was ever pushed of it";
                strcpy(last, name);
        }
        return each(&zone, userdata);
}

int archive_each_directdnsonly(DdnsArchive *a, int (*each)(const DdnsArchived *zone, void *userdata),
                               void *userdata, DdnsMessage *message) {
        char last[DDNS_ZONE_NAME_MAX + 1] = "";
        sqlite3_stmt *stmt = NULL;
        int r = 0;

        int rc = sqlite3_prepare_v2(
                        a->db,
                        "SELECT domain, hostname, username, strftime('%s', zone_updated_at), zone_data"
                        " FROM domains ORDER BY rtrim(lower(domain), '.'), zone_updated_at DESC, rowid DESC",
                        -1, &stmt, NULL);
        if (rc == SQLITE_OK)
                while (r == 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
                        r = read_row(stmt, last, each, userdata);
        if (r == 0 && rc != SQLITE_DONE)
                r = fail(a, rc, message);
        (void) sqlite3_finalize(stmt);
        return r;
}
