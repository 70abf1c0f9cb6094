/* SPDX-License-Identifier: MIT */
/* Rows of directdnsonly's table: five values each, a line each, of which the first octet says the kind. Each is told as a zone with a
 * checked name that was not there before, or with the reason why it is none. */
#include <string.h>

#include "archive/archive-internal.h"
#include "basic/domain.h"
#include "fuzz.h"

#define COLUMNS 5

typedef struct Told {
        unsigned n;
        char last[DDNS_ZONE_NAME_MAX + 1];
} Told;

static int look(const DdnsArchived *z, void *userdata) {
        char name[DDNS_ZONE_NAME_MAX + 1];
        Told *told = userdata;

        told->n++;
        must(z->zone && z->text);
        must(!z->hostname || strlen(z->hostname) <= DDNS_OWNER_MAX);
        must(!z->username || strlen(z->username) <= DDNS_OWNER_MAX);
        if (z->unusable) {
                must(z->unusable[0]);
                return 0;
        }
        must(ddns_zone_name_check(z->zone, strlen(z->zone), name, NULL) >= 0 &&
             strcmp(name, z->zone) == 0);
        must(z->size > 0 && strcmp(z->zone, told->last) != 0);
        strcpy(told->last, z->zone);
        return 0;
}

static void bind_value(sqlite3_stmt *s, int i, const char *data, size_t size) {
        switch (size > 0 ? data[0] : 'n') {
        case 'n':
                must(sqlite3_bind_null(s, i) == SQLITE_OK);
                break;
        case 'i':
                must(sqlite3_bind_int64(s, i, strtoll(data + 1, NULL, 10)) == SQLITE_OK);
                break;
        case 'b':
                must(sqlite3_bind_blob(s, i, data + 1, (int) size - 1, SQLITE_TRANSIENT) == SQLITE_OK);
                break;
        default:
                must(sqlite3_bind_text(s, i, data + 1, (int) size - 1, SQLITE_TRANSIENT) == SQLITE_OK);
        }
}

static unsigned insert(sqlite3 *db, const char *data, size_t size) {
        sqlite3_stmt *s;
        unsigned n = 0;

        must(sqlite3_exec(db, "BEGIN; DELETE FROM domains", NULL, NULL, NULL) == SQLITE_OK);
        must(sqlite3_prepare_v2(db, "INSERT INTO domains VALUES (?, ?, ?, ?, ?)", -1, &s, NULL) ==
             SQLITE_OK);
        for (const char *end = data + size; data < end; n++) {
                for (int i = 1; i <= COLUMNS; i++) {
                        const char *line = memchr(data, '\n', (size_t) (end - data));
                        size_t length = (size_t) ((line ? line : end) - data);

                        bind_value(s, i, data, length);
                        data = line ? line + 1 : end;
                }
                must(sqlite3_step(s) == SQLITE_DONE && sqlite3_reset(s) == SQLITE_OK);
        }
        (void) sqlite3_finalize(s);
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static DdnsArchive a;
        DdnsMessage message = DDNS_MESSAGE_NULL;
        char *text = malloc(size + 1);
        Told told = { 0 };

        must(text);
        memcpy(text, data, size);
        text[size] = '\0'; /* for the numbers */
        if (!a.db) {
                must(sqlite3_open(":memory:", &a.db) == SQLITE_OK);
                must(sqlite3_exec(a.db,
                                  "CREATE TABLE domains (domain, hostname, username, zone_updated_at, zone_data)",
                                  NULL, NULL, NULL) == SQLITE_OK);
        }
        unsigned n = insert(a.db, text, size);
        must(ddns_archive_each(&a, look, &told, &message) == 0);
        must(told.n == n);
        must(sqlite3_exec(a.db, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK);
        free(text);
        return 0;
}
