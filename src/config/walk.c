/* SPDX-License-Identifier: MIT */
/* The walk: it descends a YAML document by the keys of the table only, so its depth is the table's, whatever anchors
 * and aliases a file plays with.
 *
 * Errors never repeat a value: a password in the wrong place must not reach the journal. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/settings.h"
#include "config/values.h"
#include "config/walk-internal.h"

#define KEY_MAX    40  /* longest key that can be known, and that is repeated in an error */
#define DOTTED_MAX 128 /* longest dotted key */

static void fill_record(Walk *w, Record *r);

static const yaml_node_t *node_at(const Walk *w, int index) {
        return yaml_document_get_node(w->document, index);
}

static bool is_null(const yaml_node_t *node) {
        if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
                return false;

        const char *text = (const char *) node->data.scalar.value;
        return strcmp(text, "") == 0 || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

static const char *kind(const yaml_node_t *node) {
        switch (node->type) {
        case YAML_SEQUENCE_NODE:
                return "a list";
        case YAML_MAPPING_NODE:
                return "a mapping";
        default:
                return is_null(node) ? "nothing" : "a single value";
        }
}

/* "!!binary", "!x" and the like change what a value means, so they are refused and not ignored. */
static bool has_tag(const yaml_node_t *node) {
        const char *plain = node->type == YAML_SEQUENCE_NODE  ? YAML_DEFAULT_SEQUENCE_TAG
                            : node->type == YAML_MAPPING_NODE ? YAML_DEFAULT_MAPPING_TAG
                                                              : YAML_DEFAULT_SCALAR_TAG;

        return node->tag && strcmp((const char *) node->tag, plain) != 0;
}

static bool applies(const Record *r, const DdnsSetting *s) {
        size_t length = ddns_setting_record_length(s);

        return length == strlen(r->prefix) && strncmp(s->key, r->prefix, length) == 0 &&
               (ddns_setting_types(s) & r->types) == r->types;
}

/* The keys that may stand below `path`. */
static void describe_keys(const Record *r, const char *path, DdnsMessage *ret) {
        size_t length = strlen(path), n = 0, last_length = 0;
        const char *last = "";

        ret->text[0] = '\0';
        for (size_t i = 0; i < ddns_n_settings; i++) {
                const DdnsSetting *s = &ddns_settings[i];

                if (strncmp(s->key, path, length) != 0 || !(ddns_setting_types(s) & r->types))
                        continue;
                const char *key = s->key + length;
                size_t key_length = strcspn(key, ".[");
                if (key_length == last_length && strncmp(key, last, key_length) == 0)
                        continue;
                if (n < sizeof ret->text)
                        n += (size_t) snprintf(ret->text + n, sizeof ret->text - n, "%s%.*s",
                                               n > 0 ? ", " : "", (int) key_length, key);
                last = key;
                last_length = key_length;
        }
}

static void fail_value(Walk *w, const yaml_node_t *node, const DdnsSetting *s, int error) {
        DdnsMessage allowed;

        if (error == -ENOMEM) {
                w->status = error;
                return;
        }
        ddns_value_describe(s, &allowed);
        fail_at(w, node, "%s: %s %s; allowed: %s", s->key,
                error == -ERANGE ? "not an allowed" : "no valid", ddns_value_type_name(s->type),
                allowed.text);
}

/* The text of a scalar; NULL (reported) if the node can't be one value. */
static const char *scalar_text(Walk *w, const DdnsSetting *s, const yaml_node_t *node) {
        DdnsMessage allowed;

        ddns_value_describe(s, &allowed);
        if (node->type != YAML_SCALAR_NODE || is_null(node))
                fail_at(w, node, "%s: %s where one %s belongs; allowed: %s", s->key, kind(node),
                        ddns_value_type_name(s->type), allowed.text);
        else if (has_tag(node))
                fail_at(w, node, "%s: tags are not supported; allowed: %s", s->key, allowed.text);
        else if (memchr(node->data.scalar.value, '\0', node->data.scalar.length))
                fail_at(w, node, "%s: has a NUL character; allowed: %s", s->key, allowed.text);
        else
                return (const char *) node->data.scalar.value;
        return NULL;
}

static void fill_value(Walk *w, Record *r, const DdnsSetting *s, const yaml_node_t *node) {
        const char *text = scalar_text(w, s, node);
        int error = text ? ddns_value_parse(s, text, r->base) : 0;

        if (error < 0)
                fail_value(w, node, s, error);
}

/* Number of entries; 0 also for what isn't a list (reported). An empty value is an empty list, so that all entries
 * can be commented out. */
static size_t list_length(Walk *w, const DdnsSetting *s, const yaml_node_t *node) {
        DdnsMessage allowed;

        if (is_null(node))
                return 0;
        ddns_value_describe(s, &allowed);
        if (node->type != YAML_SEQUENCE_NODE || has_tag(node)) {
                fail_at(w, node, "%s: %s where a list belongs; allowed: %s", s->key,
                        has_tag(node) ? "a tag" : kind(node), allowed.text);
                return 0;
        }

        size_t n = (size_t) (node->data.sequence.items.top - node->data.sequence.items.start);
        if (n > s->max) {
                fail_at(w, node, "%s: %zu entries; allowed: %s", s->key, n, allowed.text);
                return 0;
        }
        return n;
}

static void fill_values(Walk *w, Record *r, const DdnsSetting *s, const yaml_node_t *list) {
        size_t n = list_length(w, s, list);

        for (size_t i = 0; i < n; i++)
                fill_value(w, r, s, node_at(w, list->data.sequence.items.start[i]));
}

static void fill_records(Walk *w, Record *parent, const DdnsSetting *s, const yaml_node_t *list) {
        size_t n = list_length(w, s, list);
        char prefix[DOTTED_MAX];

        if (n == 0)
                return;
        char *entries = calloc(n, s->size);
        if (!entries) {
                w->status = -ENOMEM;
                return;
        }
        memcpy(parent->base + s->offset, &entries, sizeof entries);
        *(size_t *) (parent->base + s->count) = n;

        (void) snprintf(prefix, sizeof prefix, "%s[].", s->key);
        for (size_t i = 0; i < n; i++) {
                Record r = { .prefix = prefix,
                             .base = entries + i * s->size,
                             .first = entries,
                             .size = s->size,
                             .node = node_at(w, list->data.sequence.items.start[i]) };

                fill_record(w, &r);
        }
}

static void fill_setting(Walk *w, Record *r, const DdnsSetting *s, const yaml_node_t *node) {
        r->seen[s - ddns_settings] = node;
        if (s->type == DDNS_SETTING_RECORDS)
                fill_records(w, r, s, node);
        else if (s->type == DDNS_SETTING_PREFIXES ||
                 (s->type == DDNS_SETTING_ENDPOINTS && node->type == YAML_SEQUENCE_NODE))
                fill_values(w, r, s, node);
        else
                fill_value(w, r, s, node);
}

/* What stands in the table under a dotted key. */
typedef struct Match {
        const DdnsSetting *setting; /* NULL: a section, or not for this type */
        unsigned types;             /* 0: unknown */
} Match;

static Match look_up(const Record *r, const char *path) {
        size_t length = strlen(path);
        Match m = { 0 };

        for (size_t i = 0; i < ddns_n_settings; i++) {
                const DdnsSetting *s = &ddns_settings[i];

                if (strncmp(s->key, path, length) != 0 ||
                    (s->key[length] != '\0' && s->key[length] != '.'))
                        continue;
                m.types |= ddns_setting_types(s);
                if (s->key[length] == '\0' && !m.setting && (ddns_setting_types(s) & r->types))
                        m.setting = s;
        }
        return m;
}

/* A key's text if it is a plain word, so that it can be one of ours or be repeated in an error; "" if not. */
static const char *key_text(const yaml_node_t *key) {
        if (key->type != YAML_SCALAR_NODE || has_tag(key))
                return "";

        const char *text = (const char *) key->data.scalar.value;
        size_t length = strspn(text,
                               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_<");
        return length <= KEY_MAX && length == key->data.scalar.length ? text : "";
}

static void fail_unknown(Walk *w, const Record *r, const char *path, const yaml_node_t *key) {
        const char *text = key_text(key), *hint = ddns_setting_hint(text);
        DdnsMessage allowed;

        describe_keys(r, path, &allowed);
        fail_at(w, key, "unknown key %s%s%s%s%s; allowed here: %s", text[0] ? "'" : "(not a plain word)",
                text, text[0] ? "'" : "", hint ? ", " : "", hint ? hint : "", allowed.text);
}

static void fail_type(Walk *w, const yaml_node_t *key, unsigned types) {
        DdnsMessage names = DDNS_MESSAGE_NULL;
        size_t n = 0;

        for (unsigned t = 0; t < _DDNS_BACKEND_TYPE_MAX; t++)
                if ((types & (1U << t)) && n < sizeof names.text)
                        n += (size_t) snprintf(names.text + n, sizeof names.text - n, "%s%s",
                                               n > 0 ? ", " : "", ddns_backend_type_to_string(t));
        fail_at(w, key, "'%s' is not for a backend of this type; allowed with type %s", key_text(key),
                names.text);
}

/* The first key node of `mapping` with this text. */
static const yaml_node_pair_t *find_pair(const Walk *w, const yaml_node_t *mapping, const char *text) {
        const yaml_node_pair_t *p = mapping->data.mapping.pairs.start;

        while (p < mapping->data.mapping.pairs.top && strcmp(key_text(node_at(w, p->key)), text) != 0)
                p++;
        return p < mapping->data.mapping.pairs.top ? p : NULL;
}

static bool walk_mapping(Walk *w, Record *r, const char *path, const yaml_node_t *mapping);

static void walk_pair(Walk *w, Record *r, const char *path, const yaml_node_t *mapping,
                      const yaml_node_pair_t *pair) {
        const yaml_node_t *key = node_at(w, pair->key), *value = node_at(w, pair->value);
        char full[DOTTED_MAX];
        int n = snprintf(full, sizeof full, "%s%s", path, key_text(key));
        Match m = { 0 };

        if (key_text(key)[0] && n > 0 && (size_t) n < sizeof full - 1)
                m = look_up(r, full);

        if (!m.types) {
                fail_unknown(w, r, path, key);
                return;
        }
        const yaml_node_pair_t *first = find_pair(w, mapping, key_text(key));
        if (first < pair) {
                fail_at(w, key, "'%s' is here twice, first in line %zu; allowed: once", key_text(key),
                        node_at(w, first->key)->start_mark.line + 1);
                return;
        }
        if (!(m.types & r->types))
                fail_type(w, key, m.types);
        else if (m.setting)
                fill_setting(w, r, m.setting, value);
        else {
                full[n] = '.';
                full[n + 1] = '\0';
                (void) walk_mapping(w, r, full, value);
        }
}

/* False (reported) if it is no mapping. An empty value is an empty one, so that all keys can be commented out. */
static bool walk_mapping(Walk *w, Record *r, const char *path, const yaml_node_t *mapping) {
        if (is_null(mapping))
                return true;
        if (mapping->type != YAML_MAPPING_NODE || has_tag(mapping)) {
                DdnsMessage allowed;

                describe_keys(r, path, &allowed);
                fail_at(w, mapping, "%s where a mapping belongs; allowed keys: %s",
                        has_tag(mapping) ? "a tag" : kind(mapping), allowed.text);
                return false;
        }
        for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start;
             p < mapping->data.mapping.pairs.top && !ddns_config_errors_full(w->errors); p++)
                walk_pair(w, r, path, mapping, p);
        return true;
}

/* Finds out the type of a record before its other keys are looked at: the order of keys means nothing in YAML. */
static void select_types(Walk *w, Record *r) {
        r->types = DDNS_SETTING_ALL_TYPES;
        if (!r->node || r->node->type != YAML_MAPPING_NODE)
                return;

        for (size_t i = 0; i < ddns_n_settings; i++) {
                const DdnsSetting *s = &ddns_settings[i];
                if (!(s->flags & DDNS_SETTING_SELECTS) || !applies(r, s))
                        continue;

                const yaml_node_pair_t *p = find_pair(w, r->node, s->key + strlen(r->prefix));
                const yaml_node_t *value = p ? node_at(w, p->value) : NULL;
                if (value && value->type == YAML_SCALAR_NODE &&
                    ddns_value_parse(s, (const char *) value->data.scalar.value, r->base) == 0)
                        r->types = 1U << *(unsigned *) (r->base + s->offset);
        }
}

static void check_unique(Walk *w, const Record *r, const DdnsSetting *s, const yaml_node_t *where) {
        const char *mine = *(char **) (r->base + s->offset);

        for (const char *other = r->first; mine && other < r->base; other += r->size) {
                const char *theirs = *(char *const *) (other + s->offset);

                if (theirs && strcmp(mine, theirs) == 0) {
                        fail_at(w, where, "%s: the same as that of entry %zu; allowed: one of its own",
                                s->key, (size_t) (other - r->first) / r->size + 1);
                        return;
                }
        }
}

/* What the file left out, and what can only be said about the record as a whole. */
static void complete_record(Walk *w, Record *r) {
        for (size_t i = 0; i < ddns_n_settings; i++) {
                const DdnsSetting *s = &ddns_settings[i];
                if (!applies(r, s))
                        continue;

                if (!r->seen[i] && (s->flags & DDNS_SETTING_REQUIRED)) {
                        DdnsMessage allowed;

                        ddns_value_describe(s, &allowed);
                        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): only the root may have no node, and nothing is required there */
                        fail_at(w, r->node, "'%s' is missing; allowed: %s", s->key + strlen(r->prefix),
                                allowed.text);
                }
                if (!r->seen[i] && s->fallback && !(s->flags & DDNS_SETTING_PROSE) &&
                    ddns_value_parse(s, s->fallback, r->base) < 0)
                        w->status = -ENOMEM; /* a wrong default can't get past the unit test */
                if (s->flags & DDNS_SETTING_UNIQUE)
                        check_unique(w, r, s, r->seen[i] ? r->seen[i] : r->node);
        }
        walk_check_relations(w, r);
}

static void fill_record(Walk *w, Record *r) {
        select_types(w, r);
        if (!r->node || walk_mapping(w, r, r->prefix, r->node))
                complete_record(w, r);
}

int ddns_config_walk(yaml_document_t *document, DdnsConfig *config, DdnsConfigErrors *errors) {
        Walk w = { .document = document, .errors = errors };
        Record root = {
                .prefix = "", .base = (char *) config, .first = (char *) config, .size = sizeof *config
        };

        if (document)
                root.node = yaml_document_get_root_node(document);
        fill_record(&w, &root);
        if (w.status < 0)
                return w.status;
        return errors->n > 0 ? -EBADMSG : 0;
}
