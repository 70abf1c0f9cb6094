/* SPDX-License-Identifier: MIT */
/* The tables, as numbered steps: PRAGMA user_version says how many have run. A step that has shipped never changes. */
#include <errno.h>

#include "store/store-internal.h"

static const char *const steps[] = {
        /* 1: the log, its readers, and what operators ask about */
        "CREATE TABLE version ("
        "  generation INTEGER PRIMARY KEY AUTOINCREMENT," /* never used twice, even after a purge */
        "  zone TEXT NOT NULL,"
        "  deleted INTEGER NOT NULL,"
        "  serial INTEGER NOT NULL,"
        "  digest BLOB,"
        "  hostname TEXT, username TEXT," /* as they were said with this change */
        "  master TEXT, client TEXT,"
        "  at_usec INTEGER NOT NULL,"
        "  content BLOB," /* last: what stands before it is read without its overflow pages */
        "  CHECK (deleted = (content IS NULL) AND deleted = (digest IS NULL))"
        ") STRICT;"
        "CREATE INDEX version_zone ON version (zone, generation);"
        "CREATE INDEX version_deleted ON version (at_usec) WHERE deleted = 1;"

        "CREATE TABLE zone ("
        "  name TEXT PRIMARY KEY,"
        "  generation INTEGER NOT NULL UNIQUE REFERENCES version (generation),"
        "  deleted INTEGER NOT NULL,"
        "  urgent INTEGER NOT NULL,"
        "  hostname TEXT, username TEXT" /* the owner: the last that was said */
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX zone_urgent ON zone (generation) WHERE urgent = 1;"
        "CREATE INDEX zone_tombstone ON zone (generation) WHERE deleted = 1;"

        "CREATE TABLE backend ("
        "  id INTEGER PRIMARY KEY,"
        "  name TEXT NOT NULL UNIQUE,"
        "  target TEXT NOT NULL,"
        "  cursor INTEGER NOT NULL DEFAULT 0,"
        "  failures INTEGER NOT NULL DEFAULT 0,"   /* in a row, of the backend as a whole */
        "  since_usec INTEGER NOT NULL DEFAULT 0," /* up or down since then */
        "  due_usec INTEGER NOT NULL DEFAULT 0,"
        "  error TEXT,"
        "  incarnation TEXT"
        ") STRICT;"

        "CREATE TABLE retry ("
        "  backend INTEGER NOT NULL REFERENCES backend (id) ON DELETE CASCADE,"
        "  zone TEXT NOT NULL REFERENCES zone (name) ON DELETE CASCADE,"
        "  generation INTEGER NOT NULL,"
        "  tries INTEGER NOT NULL,"
        "  due_usec INTEGER," /* NULL: dead */
        "  error TEXT,"
        "  PRIMARY KEY (backend, zone)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX retry_due ON retry (backend, due_usec);"
        "CREATE INDEX retry_zone ON retry (zone);"

        "CREATE TABLE ahead ("
        "  backend INTEGER NOT NULL REFERENCES backend (id) ON DELETE CASCADE,"
        "  generation INTEGER NOT NULL,"
        "  PRIMARY KEY (backend, generation)"
        ") STRICT, WITHOUT ROWID;"

        "CREATE TABLE master ("
        "  name TEXT PRIMARY KEY,"
        "  hostname TEXT, client TEXT,"
        "  contact_usec INTEGER NOT NULL,"
        "  accepted INTEGER NOT NULL DEFAULT 0,"
        "  refused INTEGER NOT NULL DEFAULT 0"
        ") STRICT, WITHOUT ROWID;"

        "CREATE TABLE rejected ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  at_usec INTEGER NOT NULL,"
        "  zone TEXT, hostname TEXT, master TEXT, client TEXT,"
        "  reason TEXT NOT NULL"
        ") STRICT;",

        /* 2: written is not yet served; what a backend can't serve of a zone */
        "ALTER TABLE retry ADD COLUMN written INTEGER NOT NULL DEFAULT 0;" /* then due_usec is NEVER */
        "ALTER TABLE backend ADD COLUMN delay_usec INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE backend ADD COLUMN met INTEGER NOT NULL DEFAULT 0;" /* newest generation when it started from 0 */
        "CREATE TABLE warning ("
        "  backend INTEGER NOT NULL REFERENCES backend (id) ON DELETE CASCADE,"
        "  zone TEXT NOT NULL REFERENCES zone (name) ON DELETE CASCADE,"
        "  text TEXT NOT NULL,"
        "  PRIMARY KEY (backend, zone)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX warning_zone ON warning (zone);",

        /* 3: what passes of ddns-reconcile leave to the next, and what they ask lanes to compare */
        "ALTER TABLE zone ADD COLUMN accepted_usec INTEGER NOT NULL DEFAULT 0;" /* the newest push, changed or not */
        "ALTER TABLE zone ADD COLUMN missing_generation INTEGER NOT NULL DEFAULT 0;" /* of the zone then */
        "ALTER TABLE zone ADD COLUMN missing_elsewhere INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE zone ADD COLUMN missing_usec INTEGER NOT NULL DEFAULT 0;" /* since then */
        "UPDATE zone SET accepted_usec ="
        " (SELECT v.at_usec FROM version v WHERE v.generation = zone.generation);"

        "ALTER TABLE backend ADD COLUMN comparison_asked_usec INTEGER NOT NULL DEFAULT 0;" /* 0: it is answered */
        "ALTER TABLE backend ADD COLUMN comparison_ended_usec INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE backend ADD COLUMN comparison_zones INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE backend ADD COLUMN comparison_differed INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE backend ADD COLUMN comparison_foreign INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE backend ADD COLUMN comparison_error TEXT;"

        "CREATE TABLE pass ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  started_usec INTEGER NOT NULL, ended_usec INTEGER NOT NULL,"
        "  dry_run INTEGER NOT NULL, failed INTEGER NOT NULL,"
        "  masters INTEGER NOT NULL, unreachable INTEGER NOT NULL, listed INTEGER NOT NULL,"
        "  held INTEGER NOT NULL, orphans INTEGER NOT NULL, deleted INTEGER NOT NULL,"
        "  braked INTEGER NOT NULL, backfilled INTEGER NOT NULL, moved INTEGER NOT NULL,"
        "  unclear INTEGER NOT NULL, fetched INTEGER NOT NULL, fetch_failed INTEGER NOT NULL,"
        "  lacked INTEGER NOT NULL, healed INTEGER NOT NULL,"
        "  error TEXT"
        ") STRICT;"

        "CREATE TABLE listing (" /* how the last one of each of reconcile.masters went */
        "  master TEXT PRIMARY KEY,"
        "  failures INTEGER NOT NULL," /* in a row */
        "  refused INTEGER NOT NULL,"  /* the last was a refused login */
        "  since_usec INTEGER NOT NULL, due_usec INTEGER NOT NULL,"
        "  error TEXT"
        ") STRICT, WITHOUT ROWID;",

        /* 4: what monitoring counts */
        "ALTER TABLE backend ADD COLUMN delivered INTEGER NOT NULL DEFAULT 0;" /* deliveries */
        "ALTER TABLE backend ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;"    /* likewise */
        "ALTER TABLE backend ADD COLUMN delivered_usec INTEGER NOT NULL DEFAULT 0;",
};

/* "ddns" in PRAGMA application_id, so that another program's database is not taken for ours. */
#define APPLICATION_ID 0x64646e73

static int pragma_get(DdnsStore *s, const char *sql, int64_t *ret) {
        sqlite3_stmt *stmt;
        int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);

        if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
                *ret = sqlite3_column_int64(stmt, 0);
                rc = SQLITE_OK;
        }
        (void) sqlite3_finalize(stmt);
        return rc == SQLITE_OK ? 0 : store_fail(s, rc);
}

static int read_version(DdnsStore *s, int64_t *ret_version, DdnsMessage *message) {
        int64_t application = 0, version = 0, objects = 0;
        int r;

        if ((r = pragma_get(s, "PRAGMA application_id", &application)) < 0 ||
            (r = pragma_get(s, "PRAGMA user_version", &version)) < 0 ||
            (r = pragma_get(s, "SELECT count(*) FROM sqlite_schema", &objects)) < 0)
                return ddns_fail(message, r, "%s", s->error.text);

        if (objects > 0 && application != APPLICATION_ID)
                return ddns_fail(message, -EBADMSG,
                                 "the file is a database of another program (state.database)");
        if (version > (int64_t) ARRAY_SIZE(steps))
                return ddns_fail(message, -EPROTO,
                                 "the database was made by a newer ddns (schema %lld, this one knows "
                                 "%zu): "
                                 "install that version again, or restore a backup",
                                 (long long) version, ARRAY_SIZE(steps));
        *ret_version = version;
        return 0;
}

int store_check_version(DdnsStore *s, DdnsMessage *message) {
        int64_t version;

        return read_version(s, &version, message);
}

int store_migrate_to(DdnsStore *s, size_t n, DdnsMessage *message) {
        int64_t version;
        int r;

        r = read_version(s, &version, message);
        if (r < 0 || version >= (int64_t) n)
                return r;

        STORE_TRANSACTION(s);
        r = store_begin(s);
        if (r < 0)
                return ddns_fail(message, r, "%s", s->error.text);
        r = read_version(s, &version, message); /* another process may have been faster */
        if (r < 0)
                return r;

        for (; version < (int64_t) n; version++) {
                char pragma[64];

                r = store_exec(s, steps[version]);
                if (r < 0)
                        return ddns_fail(message, r, "schema step %lld: %s", (long long) version + 1,
                                         s->error.text);
                (void) sqlite3_snprintf(sizeof pragma, pragma, "PRAGMA user_version = %lld",
                                        version + 1);
                r = store_exec(s, pragma);
                if (r < 0)
                        return ddns_fail(message, r, "%s", s->error.text);
        }
        r = store_exec(s, "PRAGMA application_id = 1684303475"); /* APPLICATION_ID */
        if (r >= 0)
                r = store_commit(s);
        return r < 0 ? ddns_fail(message, r, "%s", s->error.text) : 0;
}

int store_migrate(DdnsStore *s, DdnsMessage *message) {
        return store_migrate_to(s, ARRAY_SIZE(steps), message);
}
