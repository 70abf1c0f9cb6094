/* SPDX-License-Identifier: MIT */
/* What is kept of a zone's past. */
#include <errno.h>
#include <inttypes.h>

#include "store/store-internal.h"

#define SQL_VERSION_ROW                                                           \
        "SELECT zone, generation, deleted, 0, serial, at_usec, digest, hostname," \
        " username, master, client, coalesce(length(content), 0), at_usec"

int ddns_store_each_version(DdnsStore *s, const char *zone,
                            int (*each)(const DdnsZoneRow *row, void *userdata), void *userdata) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        SQL_VERSION_ROW
                        " FROM version WHERE zone = ?1 ORDER BY generation DESC LIMIT"
                        " max(?2, 1 + coalesce((SELECT deleted FROM zone WHERE name = ?1), 0))",
                        "tu", zone, (uint64_t) s->options.history);
        return r < 0 ? r : store_each_zone_row(s, stmt, each, userdata);
}

int ddns_store_each_newest_version(DdnsStore *s, uint64_t max,
                                   int (*each)(const DdnsZoneRow *row, void *userdata), void *userdata) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt, SQL_VERSION_ROW " FROM version ORDER BY generation DESC LIMIT ?1", "u",
                        max);
        return r < 0 ? r : store_each_zone_row(s, stmt, each, userdata);
}

int ddns_store_get_version(DdnsStore *s, const char *zone, uint64_t generation, DdnsZoneRow *ret,
                           char **ret_content) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        SQL_VERSION_ROW ", iif(?3, content, NULL) FROM version"
                                        " WHERE zone = ?1 AND generation = ?2",
                        "tui", zone, generation, ret_content != NULL);
        if (r >= 0)
                r = store_step(s, stmt);
        if (r <= 0)
                return r < 0 ? r
                             : ddns_fail(&s->error, -ENOENT,
                                         "history has no generation %" PRIu64 " of \"%s\"", generation,
                                         zone);
        if (ret_content && (r = store_copy_content(s, stmt, ret_content)) < 0)
                return r;
        store_copy_zone_row(stmt, ret);
        return 0;
}
