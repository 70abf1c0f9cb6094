/* SPDX-License-Identifier: MIT */
/* The writing side of the log: accepted saves and deletes, refusals, signs of life of masters. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store/store-internal.h"

#define TRIM_AT_ONCE_SIZE (64u * 1024)

/* What is known of a zone before a change. */
typedef struct Held {
        bool known; /* a row exists, a tombstone included */
        bool deleted;
        uint64_t generation;
        uint64_t accepted_usec;
        bool same_content;
        char hostname[DDNS_OWNER_MAX + 1];
        char username[DDNS_OWNER_MAX + 1];
} Held;

static int read_held(DdnsStore *s, const DdnsChange *c, Held *ret) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT z.generation, z.deleted, z.hostname, z.username, v.digest, z.accepted_usec"
                        " FROM zone z JOIN version v USING (generation) WHERE z.name = ?1",
                        "t", c->zone);
        if (r >= 0)
                r = store_step(s, stmt);
        if (r < 0)
                return r;

        *ret = (Held){ .known = r > 0 };
        if (!ret->known)
                return 0;
        ret->generation = store_column_u64(stmt, 0);
        ret->deleted = sqlite3_column_int(stmt, 1);
        store_copy_text(stmt, 2, ret->hostname, sizeof ret->hostname);
        store_copy_text(stmt, 3, ret->username, sizeof ret->username);
        ret->accepted_usec = store_column_u64(stmt, 5);
        ret->same_content = !ret->deleted && c->digest &&
                            sqlite3_column_bytes(stmt, 4) == DDNS_DIGEST_SIZE &&
                            memcmp(sqlite3_column_blob(stmt, 4), c->digest, DDNS_DIGEST_SIZE) == 0;
        return 0;
}

static int add_version(DdnsStore *s, DdnsChange *c, uint64_t now_usec) {
        bool deleted = c->kind == DDNS_CHANGE_DELETE;
        int r;

        r = store_run(s,
                      "INSERT INTO version (zone, deleted, serial, digest, content, hostname, username, master, client,"
                      " at_usec) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                      "tiubbttttu", c->zone, deleted, (uint64_t) c->serial, deleted ? NULL : c->digest,
                      (size_t) DDNS_DIGEST_SIZE, deleted ? NULL : c->content, c->size, c->hostname,
                      c->username, c->master, c->client, now_usec);
        if (r >= 0)
                c->generation = (uint64_t) sqlite3_last_insert_rowid(s->db);
        return r;
}

/* What is too old of the zones of the last generations goes together: it lies together, so that whole pages become free, while a
 * row at a time would cost each push three pages more than the seven that it writes. Of large zones nothing waits. */
static int trim_history(DdnsStore *s, const DdnsChange *c) {
        if (c->generation % STORE_TRIM_EVERY != 0 && c->size < TRIM_AT_ONCE_SIZE)
                return 0;
        return store_run(s,
                         "DELETE FROM version WHERE generation IN (SELECT generation FROM"
                         " (SELECT v.generation, z.deleted, row_number() OVER"
                         " (PARTITION BY v.zone ORDER BY v.generation DESC) AS place"
                         " FROM version v JOIN zone z ON z.name = v.zone WHERE v.zone IN"
                         " (SELECT zone FROM version WHERE generation > ?1 - ?2))"
                         " WHERE place > max(?3, 1 + deleted))",
                         "uuu", c->generation, (uint64_t) STORE_TRIM_EVERY,
                         (uint64_t) s->options.history);
}

/* Points the zone at the change's generation and records the owner: what was said, else what is known. A zone that comes
 * back after its delete, or moves to another master, starts with what that master says. Whatever was said erases what the
 * last pass missed, and no two accepted changes of a zone have the same time: decisions of a pass are tied to it. */
static int point_zone(DdnsStore *s, const DdnsChange *c, const Held *held, uint64_t now_usec) {
        bool deleted = c->kind == DDNS_CHANGE_DELETE && c->outcome == DDNS_OUTCOME_DELETED;
        bool reborn = held->deleted && !deleted;
        bool moved = c->hostname && strcasecmp(c->hostname, held->hostname) != 0;
        const char *hostname = held->hostname, *username = held->username;

        if (!deleted) {
                if (c->hostname || reborn)
                        hostname = c->hostname;
                if (c->username || reborn || moved)
                        username = c->username;
        }

        /* unchanged content: an urgent wish stays one until the next change */
        return store_run(
                        s,
                        "INSERT INTO zone (name, generation, deleted, urgent, hostname, username, accepted_usec)"
                        " VALUES (?1, ?2, ?3, ?4, nullif(?5, ''), nullif(?6, ''), ?7)"
                        " ON CONFLICT (name) DO UPDATE SET generation = excluded.generation,"
                        " deleted = excluded.deleted, hostname = excluded.hostname, username = excluded.username,"
                        " accepted_usec = excluded.accepted_usec + (accepted_usec = excluded.accepted_usec),"
                        " missing_generation = 0, missing_elsewhere = 0, missing_usec = 0,"
                        " urgent = max(excluded.urgent, iif(generation = excluded.generation, urgent, 0))",
                        "tuiittu", c->zone, c->generation, deleted, c->urgent, hostname, username,
                        now_usec);
}

/* The master sends the same again: what failed is worth another try, at once if it is dead or somebody waits for it. */
static int revive(DdnsStore *s, const DdnsChange *c, uint64_t now_usec) {
        return store_run(s,
                         "UPDATE retry SET tries = 0, due_usec = ?2"
                         " WHERE zone = ?1 AND written = 0 AND (?3 OR due_usec IS NULL)",
                         "tui", c->zone, now_usec, c->urgent);
}

static int reject(DdnsStore *s, const DdnsChange *c, const char *reason, uint64_t now_usec) {
        int r;

        r = store_run(s,
                      "INSERT INTO rejected (at_usec, zone, hostname, master, client, reason)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                      "uttttt", now_usec, c->zone, c->hostname, c->master, c->client, reason);
        if (r < 0)
                return r;
        return store_run(s, "DELETE FROM rejected WHERE id <= (SELECT max(id) FROM rejected) - ?1", "u",
                         (uint64_t) s->options.rejected);
}

/* Counts the change for its master. A change without a client is made on this machine and no sign of a master's life. */
static int note_master(DdnsStore *s, const DdnsChange *c, uint64_t now_usec) {
        bool refused = c->kind == DDNS_CHANGE_REJECT || c->outcome == DDNS_OUTCOME_CONFLICT;
        bool accepted = !refused && c->kind != DDNS_CHANGE_CONTACT;

        if (!c->master || !c->client)
                return 0;
        return store_run(
                        s,
                        "INSERT INTO master (name, hostname, client, contact_usec, accepted, refused)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (name) DO UPDATE SET"
                        " hostname = coalesce(excluded.hostname, hostname), client = excluded.client,"
                        " contact_usec = excluded.contact_usec, accepted = accepted + excluded.accepted,"
                        " refused = refused + excluded.refused",
                        "tttuii", c->master, c->hostname, c->client, now_usec, accepted, refused);
}

static bool still_absent(const DdnsChange *c, const Held *held) {
        return held->known ? held->deleted && held->generation == c->tombstone : c->tombstone == 0;
}

static bool still_held(const DdnsChange *c, const Held *held) {
        return held->known && !held->deleted && held->generation == c->held_generation &&
               held->accepted_usec == c->held_accepted_usec &&
               strcmp(held->hostname, c->held_owner) == 0;
}

static bool may_save(const DdnsChange *c, const Held *held) {
        return (!c->only_absent || still_absent(c, held)) && (!c->only_held || still_held(c, held)) &&
               (c->newest_generation == 0 || held->generation == c->newest_generation);
}

static int save(DdnsStore *s, DdnsChange *c, uint64_t now_usec) {
        Held held;
        int r;

        r = read_held(s, c, &held);
        if (r < 0)
                return r;

        if (!may_save(c, &held)) {
                c->outcome = DDNS_OUTCOME_OVERTAKEN;
                return 0;
        }
        if (held.same_content) {
                c->outcome = DDNS_OUTCOME_UNCHANGED;
                c->generation = held.generation;
                r = revive(s, c, now_usec);
        } else {
                c->outcome = DDNS_OUTCOME_SAVED;
                r = add_version(s, c, now_usec);
        }
        if (r >= 0)
                r = point_zone(s, c, &held, now_usec);
        if (r >= 0 && c->outcome == DDNS_OUTCOME_SAVED)
                r = trim_history(s, c);
        return r;
}

static bool may_delete(const DdnsChange *c, const Held *held) {
        if (c->force || held->hostname[0] == '\0')
                return true;
        if (!c->hostname)
                return c->delete_without_hostname;
        return strcasecmp(c->hostname, held->hostname) == 0;
}

static int remove_zone(DdnsStore *s, DdnsChange *c, uint64_t now_usec) {
        Held held;
        int r;

        r = read_held(s, c, &held);
        if (r < 0)
                return r;
        if (!held.known || held.deleted) {
                c->outcome = DDNS_OUTCOME_ABSENT;
                return 0;
        }

        if (!may_delete(c, &held)) {
                char reason[2 * DDNS_OWNER_MAX + 64];

                c->outcome = DDNS_OUTCOME_CONFLICT;
                (void) snprintf(c->owner, sizeof c->owner, "%s", held.hostname);
                (void) snprintf(reason, sizeof reason, "delete by %s, but the owner is %s",
                                c->hostname ? c->hostname : "a master without hostname", held.hostname);
                return reject(s, c, reason, now_usec);
        }

        c->outcome = DDNS_OUTCOME_DELETED;
        r = add_version(s, c, now_usec);
        if (r >= 0)
                r = point_zone(s, c, &held, now_usec);
        return r < 0 ? r : trim_history(s, c);
}

int ddns_store_forget_turns(DdnsStore *s, uint64_t oldest) {
        int r = 0;

        if (!s->has_turns)
                r = store_exec(s,
                               "CREATE TEMP TABLE IF NOT EXISTS turn (zone TEXT PRIMARY KEY, number INTEGER) STRICT, WITHOUT ROWID;"
                               "CREATE INDEX IF NOT EXISTS temp.turn_number ON turn (number)");
        if (r < 0)
                return r;
        s->has_turns = true;
        s->oldest_turn = oldest;
        return store_run(s, "DELETE FROM temp.turn WHERE number < ?1", "u", oldest);
}

/* 1: a later one was accepted; 0: not, and from now on this is the latest. */
static int take_turn(DdnsStore *s, const DdnsChange *c) {
        STORE_STMT *stmt = NULL;
        int r;

        if (c->turn == 0 || !s->has_turns)
                return 0;
        r = store_query(s, &stmt, "SELECT 1 FROM temp.turn WHERE zone = ?1 AND number > ?2", "tu",
                        c->zone, c->turn);
        if (r >= 0)
                r = store_step(s, stmt);
        if (r != 0 || c->turn <= s->oldest_turn) /* nobody is behind it */
                return r;
        return store_run(s, "INSERT OR REPLACE INTO temp.turn (zone, number) VALUES (?1, ?2)", "tu",
                         c->zone, c->turn);
}

int store_apply(DdnsStore *s, DdnsChange *c, uint64_t now_usec) {
        int r = 0;

        c->outcome = DDNS_OUTCOME_NONE;
        if (c->kind == DDNS_CHANGE_SAVE || c->kind == DDNS_CHANGE_DELETE)
                r = take_turn(s, c);
        if (r < 0)
                return r;
        if (r > 0) {
                c->outcome = DDNS_OUTCOME_OVERTAKEN;
                return note_master(s, c, now_usec);
        }

        switch (c->kind) {
        case DDNS_CHANGE_SAVE:
                r = save(s, c, now_usec);
                break;
        case DDNS_CHANGE_DELETE:
                r = remove_zone(s, c, now_usec);
                break;
        case DDNS_CHANGE_REJECT:
                r = reject(s, c, c->reason, now_usec);
                break;
        case DDNS_CHANGE_CONTACT:
                break;
        }
        return r < 0 ? r : note_master(s, c, now_usec);
}

int ddns_store_accept(DdnsStore *s, DdnsChange *changes, size_t n, uint64_t now_usec) {
        STORE_TRANSACTION(s);
        int r;

        r = store_begin(s);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = store_apply(s, &changes[i], now_usec);
        return r < 0 ? r : store_commit(s);
}
