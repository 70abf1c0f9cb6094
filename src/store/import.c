/* SPDX-License-Identifier: MIT */
/* Which of two versions of a zone counts, when one of them comes from elsewhere. */
#include <errno.h>
#include <string.h>

#include "store/import.h"
#include "store/store-internal.h"

static DdnsImportOutcome decide(const DdnsImport *item, const DdnsZoneRow *held,
                                const DdnsImportRules *rules) {
        if (!held)
                return DDNS_IMPORT_ADDED;
        if (held->deleted)
                return rules->undelete ? DDNS_IMPORT_ADDED : DDNS_IMPORT_DELETED;
        if (memcmp(held->digest, item->digest, DDNS_DIGEST_SIZE) == 0)
                return DDNS_IMPORT_SAME;
        if (rules->force)
                return DDNS_IMPORT_REPLACED;
        if (item->accepted_usec <= held->accepted_usec)
                return DDNS_IMPORT_NEWER;
        return (int32_t) (held->serial - item->serial) > 0 ? DDNS_IMPORT_AHEAD : DDNS_IMPORT_REPLACED;
}

static bool changes_something(const DdnsImport *item, const DdnsZoneRow *held,
                              const DdnsImportRules *rules) {
        switch (item->outcome) {
        case DDNS_IMPORT_ADDED:
        case DDNS_IMPORT_REPLACED:
                return true;
        case DDNS_IMPORT_SAME:
                /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is the same as one that is held */
                return item->hostname && (rules->force || !held->hostname[0]);
        default:
                return false;
        }
}

static int import_one(DdnsStore *s, DdnsImport *item, const DdnsImportRules *rules, uint64_t now_usec) {
        DdnsZoneRow row;

        int r = ddns_store_get_zone(s, item->zone, &row, NULL);
        if (r < 0 && r != -ENOENT)
                return r;
        const DdnsZoneRow *held = r == -ENOENT ? NULL : &row;
        item->outcome = decide(item, held, rules);
        item->generation = held ? held->generation : 0;
        item->is_held = held && !held->deleted;
        item->held_serial = item->is_held ? held->serial : 0;
        if (rules->dry_run || !changes_something(item, held, rules))
                return 0;

        DdnsChange change = {
                .kind = DDNS_CHANGE_SAVE,
                .zone = item->zone,
                .content = item->content,
                .size = item->size,
                .digest = item->digest,
                .serial = item->serial,
                .hostname = item->hostname,
                .username = item->username,
                .master = item->master,
        };
        r = store_apply(s, &change, now_usec);
        item->generation = change.generation;
        return r;
}

int ddns_store_import(DdnsStore *s, DdnsImport *items, size_t n, const DdnsImportRules *rules,
                      uint64_t now_usec) {
        STORE_TRANSACTION(s);
        int r;

        r = rules->dry_run ? store_begin_read(s) : store_begin(s);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = import_one(s, &items[i], rules, now_usec);
        return r < 0 ? r : store_commit(s);
}
