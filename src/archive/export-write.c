/* SPDX-License-Identifier: MIT */
/* An export from the store: the manifest, then zone by zone, all of one moment. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "archive/archive-internal.h"
#include "archive/tar.h"
#include "store/figures.h"

typedef struct Export {
        DdnsStore *store;
        FILE *f;
        uint64_t now_usec;
        int (*show)(uint64_t done, uint64_t of, void *userdata);
        void *userdata;
        DdnsMessage *message;
        DdnsBuffer manifest;
        DdnsStoreCounts counts;
        uint64_t done;
} Export;

static int no_memory(Export *e) {
        return ddns_fail(e->message, -ENOMEM, "out of memory");
}

static int fail_store(Export *e, int error) {
        return ddns_fail(e->message, error, "%s", ddns_store_error(e->store));
}

/* Steals `line`. */
static int add_line(Export *e, json_t *line) {
        char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

        json_decref(line);
        if (text) {
                ddns_buffer_append_text(&e->manifest, text);
                ddns_buffer_append_byte(&e->manifest, '\n');
        }
        free(text);
        if (!text || ddns_buffer_status(&e->manifest) < 0)
                return no_memory(e);
        return e->manifest.size <= DDNS_MANIFEST_MAX
                               ? 0
                               : ddns_fail(e->message, -EFBIG, "there are too many zones for one file");
}

/* A text that is no UTF-8 can't be in JSON, and is no name of a host or account. */
static json_t *text_or_null(const char *text) {
        json_t *value = text[0] ? json_string(text) : NULL;

        return value ? value : json_null();
}

static int add_to_manifest(const DdnsZoneRow *row, void *userdata) {
        char digest[2 * DDNS_DIGEST_SIZE + 1];

        ddns_digest_format(row->digest, digest);
        return add_line(userdata,
                        json_pack("{s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:s}", "zone", row->zone,
                                  "hostname", text_or_null(row->hostname), "username",
                                  text_or_null(row->username), "master", text_or_null(row->master),
                                  "accepted_usec", (json_int_t) row->accepted_usec, "serial",
                                  (json_int_t) row->serial, "size", (json_int_t) row->size, "digest",
                                  digest));
}

static int write_zone(const DdnsZoneRow *row, void *userdata) {
        char name[sizeof ARCHIVE_DIRECTORY ARCHIVE_SUFFIX + DDNS_ZONE_NAME_MAX + 1];
        ddns_cleanup(ddns_freep) char *content = NULL;
        Export *e = userdata;
        DdnsZoneRow same;

        int r = ddns_store_get_zone(e->store, row->zone, &same, &content);
        if (r < 0)
                return fail_store(e, r);
        (void) snprintf(name, sizeof name, ARCHIVE_DIRECTORY "/%s" ARCHIVE_SUFFIX, row->zone);
        r = ddns_tar_write(e->f, name, content ? content : "", content ? strlen(content) : 0,
                           row->changed_usec / USEC_PER_SEC);
        if (r < 0)
                return ddns_fail(e->message, r, "%s", strerror(-r));
        r = e->show ? e->show(++e->done, e->counts.zones, e->userdata) : 0;
        return r < 0 ? ddns_fail(e->message, r, "%s", strerror(-r)) : 0;
}

/* The message says it if it came from `each`. */
static int each_zone(Export *e, int (*each)(const DdnsZoneRow *row, void *userdata)) {
        e->message->text[0] = '\0';
        int r = ddns_store_each_zone(e->store, NULL, false, each, e);
        return r < 0 && !e->message->text[0] ? fail_store(e, r) : r;
}

static int write_all(DdnsStore *s, void *userdata) {
        Export *e = userdata;

        int r = ddns_store_count(s, &e->counts);
        if (r < 0)
                return fail_store(e, r);
        r = add_line(e, json_pack("{s:s, s:i, s:s, s:I, s:I, s:I}", "format", ARCHIVE_FORMAT, "version",
                                  ARCHIVE_VERSION, "ddns", DDNS_VERSION, "zones",
                                  (json_int_t) e->counts.zones, "generation",
                                  (json_int_t) e->counts.generation, "exported_usec",
                                  (json_int_t) e->now_usec));
        if (r < 0 || (r = each_zone(e, add_to_manifest)) < 0)
                return r;
        r = ddns_tar_write(e->f, ARCHIVE_MANIFEST, e->manifest.data, e->manifest.size,
                           e->now_usec / USEC_PER_SEC);
        if (r >= 0 && (r = each_zone(e, write_zone)) < 0)
                return r;
        if (r >= 0)
                r = ddns_tar_write_end(e->f);
        return r < 0 ? ddns_fail(e->message, r, "%s", strerror(-r)) : 0;
}

int ddns_archive_write(DdnsStore *store, FILE *f, uint64_t now_usec,
                       int (*show)(uint64_t done, uint64_t of, void *userdata), void *userdata,
                       uint64_t *ret_zones, DdnsMessage *message) {
        DdnsMessage why = DDNS_MESSAGE_NULL;
        Export e = { .store = store,
                     .f = f,
                     .now_usec = now_usec,
                     .show = show,
                     .userdata = userdata,
                     .message = &why };

        int r = ddns_store_at_once(store, write_all, &e);
        ddns_buffer_done(&e.manifest);
        if (r < 0)
                return ddns_fail(message, r, "%s", why.text[0] ? why.text : ddns_store_error(store));
        *ret_zones = e.counts.zones;
        return 0;
}
