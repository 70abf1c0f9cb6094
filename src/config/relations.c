/* SPDX-License-Identifier: MIT */
/* Keys of one record that need or exclude each other. */
#include <string.h>

#include "config/walk-internal.h"

/* The first value that the file has under a key or below a section. */
static const yaml_node_t *find_seen(const Record *r, const char *key) {
        size_t length = strlen(key);

        for (size_t i = 0; i < ddns_n_settings; i++) {
                const char *k = ddns_settings[i].key;

                if (r->seen[i] && strncmp(k, key, length) == 0 &&
                    (k[length] == '\0' || k[length] == '.'))
                        return r->seen[i];
        }
        return NULL;
}

static bool is_mutual(const DdnsRelation *relation) {
        for (size_t i = 0; i < ddns_n_relations; i++)
                if (strcmp(ddns_relations[i].key, relation->other) == 0 &&
                    strcmp(ddns_relations[i].other, relation->key) == 0)
                        return true;
        return false;
}

void walk_check_relations(Walk *w, const Record *r) {
        size_t prefix = strlen(r->prefix);

        for (size_t i = 0; i < ddns_n_relations; i++) {
                const DdnsRelation *relation = &ddns_relations[i];
                const yaml_node_t *mine = find_seen(r, relation->key);
                const yaml_node_t *theirs = find_seen(r, relation->other);

                if (mine && theirs && relation->excludes)
                        fail_at(w, theirs, "%s: means nothing beside '%s'; allowed: one of them",
                                relation->other, relation->key + prefix);
                if (mine && !theirs && !relation->excludes)
                        fail_at(w, mine, "%s: '%s' is missing; allowed: %s", relation->key,
                                relation->other + prefix,
                                is_mutual(relation) ? "both or none" : "beside it only");
        }
}
