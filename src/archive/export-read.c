/* SPDX-License-Identifier: MIT */
/* An export from outside: the manifest, and that each zone of it is there, once and unchanged. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "archive/archive-internal.h"
#include "archive/tar.h"
#include "basic/digest.h"
#include "basic/domain.h"

#define SEEN "seen" /* our own member of a manifest's line */

static const char *text_of(const json_t *line, const char *key) {
        const char *text = json_string_value(json_object_get(line, key));

        return text && *text ? text : NULL;
}

/* A member may be missing or null, or else is of that kind. */
static bool is_sound(const json_t *line) {
        static const char *const texts[] = { "hostname", "username", "master", "digest" };
        static const char *const numbers[] = { "accepted_usec", "serial", "size" };
        bool sound = true;

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                const json_t *value = json_object_get(line, texts[i]);

                if (json_is_string(value))
                        sound = sound && json_string_length(value) <= DDNS_OWNER_MAX;
                else
                        sound = sound && (!value || json_is_null(value));
        }
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
                const json_t *value = json_object_get(line, numbers[i]);

                sound = sound && (!value || json_is_null(value) ||
                                  (json_is_integer(value) && json_integer_value(value) >= 0));
        }
        return sound;
}

/* Steals `line`. */
static int add_line(DdnsArchive *a, json_t *line, uint64_t number, DdnsMessage *message) {
        char name[DDNS_ZONE_NAME_MAX + 1];
        const char *zone = text_of(line, "zone");
        DdnsMessage why = DDNS_MESSAGE_NULL;
        int r = 0;

        if (!zone || !is_sound(line))
                r = ddns_fail(message, -EBADMSG,
                              ARCHIVE_MANIFEST " line %" PRIu64
                                               ": no object with \"zone\" as it should be",
                              number);
        else if (ddns_zone_name_check(zone, strlen(zone), name, &why) < 0)
                r = ddns_fail(message, -EBADMSG, ARCHIVE_MANIFEST " line %" PRIu64 ": no zone name: %s",
                              number, why.text);
        else if (json_object_get(a->manifest, name))
                r = ddns_fail(message, -EBADMSG, ARCHIVE_MANIFEST " line %" PRIu64 ": %s is there twice",
                              number, name);
        else if (json_object_set(a->manifest, name, line) < 0)
                r = ddns_fail(message, -ENOMEM, "out of memory");
        json_decref(line);
        return r;
}

static int check_head(const json_t *head, uint64_t *ret_zones, DdnsMessage *message) {
        const char *format = text_of(head, "format");
        json_int_t version = json_integer_value(json_object_get(head, "version"));

        if (!format || strcmp(format, ARCHIVE_FORMAT) != 0)
                return ddns_fail(message, -EBADMSG,
                                 ARCHIVE_MANIFEST " line 1: not of an export of ddns");
        if (version != ARCHIVE_VERSION)
                return ddns_fail(message, -EBADMSG,
                                 ARCHIVE_MANIFEST " line 1: version %" JSON_INTEGER_FORMAT
                                                  " of the format, this ddns knows %d",
                                 version, ARCHIVE_VERSION);
        *ret_zones = (uint64_t) json_integer_value(json_object_get(head, "zones"));
        return 0;
}

static int parse_manifest(DdnsArchive *a, const DdnsBuffer *text, DdnsMessage *message) {
        uint64_t number = 0, zones = 0;
        int r = 0;

        for (size_t start = 0; start < text->size && r >= 0;) {
                const char *line = text->data + start, *end = memchr(line, '\n', text->size - start);
                size_t size = end ? (size_t) (end - line) : text->size - start;
                json_error_t error;

                json_t *object = json_loadb(line, size, JSON_REJECT_DUPLICATES, &error);
                number++;
                if (!object)
                        return ddns_fail(message, -EBADMSG, ARCHIVE_MANIFEST " line %" PRIu64 ": %s",
                                         number, error.text);
                if (number > 1)
                        r = add_line(a, object, number, message);
                else {
                        r = check_head(object, &zones, message);
                        json_decref(object);
                }
                start += size + 1;
        }
        if (r < 0)
                return r;
        a->n = json_object_size(a->manifest);
        if (number == 0 || a->n != zones)
                return ddns_fail(message, -EBADMSG,
                                 ARCHIVE_MANIFEST " has %" PRIu64
                                                  " zones, but says that it has %" PRIu64,
                                 a->n, zones);
        return 0;
}

/* The first file of an archive. */
static int find_manifest(DdnsTarReader *t, DdnsTarEntry *entry, DdnsMessage *message) {
        int r = ddns_tar_next(t, entry, message);

        while (r > 0 && entry->directory && strcmp(entry->name, ".") == 0)
                r = ddns_tar_next(t, entry, message);
        if (r < 0)
                return r;
        return r > 0 && !entry->directory && strcmp(entry->name, ARCHIVE_MANIFEST) == 0
                               ? 0
                               : ddns_fail(message, -EBADMSG,
                                           "is no export of ddns: its first file is not " ARCHIVE_MANIFEST);
}

int archive_open_export(DdnsArchive *a, DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer text = DDNS_BUFFER_NULL;
        DdnsTarReader t = { .f = a->f };
        DdnsTarEntry entry;

        a->manifest = json_object();
        if (!a->manifest)
                return ddns_fail(message, -ENOMEM, "out of memory");
        int r = find_manifest(&t, &entry, message);
        if (r >= 0)
                r = ddns_tar_read(&t, &entry, DDNS_MANIFEST_MAX, &text, message);
        return r < 0 ? r : parse_manifest(a, &text, message);
}

/* The manifest's line of zones/NAME.zone; NULL: it has none. */
static json_t *find_line(DdnsArchive *a, const DdnsTarEntry *entry, char ret[DDNS_ZONE_NAME_MAX + 1]) {
        static const char directory[] = ARCHIVE_DIRECTORY "/";
        size_t before = strlen(directory), behind = strlen(ARCHIVE_SUFFIX), size = strlen(entry->name);

        if (entry->directory || size <= before + behind || size > before + behind + DDNS_ZONE_NAME_MAX ||
            strncmp(entry->name, directory, before) != 0 ||
            strcmp(entry->name + size - behind, ARCHIVE_SUFFIX) != 0)
                return NULL;
        (void) snprintf(ret, DDNS_ZONE_NAME_MAX + 1, "%.*s", (int) (size - before - behind),
                        entry->name + before);
        return json_object_get(a->manifest, ret);
}

static int check_digest(const json_t *line, const DdnsBuffer *text, const char *zone,
                        DdnsMessage *message) {
        char hex[2 * DDNS_DIGEST_SIZE + 1];
        uint8_t digest[DDNS_DIGEST_SIZE];
        const char *wanted = text_of(line, "digest");

        if (!wanted)
                return 0;
        if (ddns_digest(text->size > 0 ? text->data : "", text->size, digest) < 0)
                return ddns_fail(message, -EIO, "no SHA-256");
        ddns_digest_format(digest, hex);
        return strcasecmp(hex, wanted) == 0
                               ? 0
                               : ddns_fail(message, -EBADMSG,
                                           "has %s with another content than " ARCHIVE_MANIFEST
                                           " says (digest)",
                                           zone);
}

static int read_zone(DdnsArchive *a, DdnsTarReader *t, const DdnsTarEntry *entry, DdnsBuffer *text,
                     int (*each)(const DdnsArchived *zone, void *userdata), void *userdata,
                     DdnsMessage *message) {
        char zone[DDNS_ZONE_NAME_MAX + 1];
        json_t *line = find_line(a, entry, zone);

        if (!line)
                return ddns_fail(message, -EBADMSG, "has \"%.200s\", which is not in " ARCHIVE_MANIFEST,
                                 entry->name);
        if (json_is_true(json_object_get(line, SEEN)))
                return ddns_fail(message, -EBADMSG, "has \"%.200s\" twice", entry->name);
        if (json_object_set_new(line, SEEN, json_true()) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");
        int r = ddns_tar_read(t, entry, DDNS_ARCHIVED_MAX, text, message);
        if (r >= 0)
                r = check_digest(line, text, zone, message);
        if (r < 0)
                return r;
        return each(
                        &(DdnsArchived){
                                        .zone = zone,
                                        .hostname = text_of(line, "hostname"),
                                        .username = text_of(line, "username"),
                                        .master = text_of(line, "master"),
                                        .accepted_usec = (uint64_t) json_integer_value(
                                                        json_object_get(line, "accepted_usec")),
                                        .text = text->size > 0 ? text->data : "",
                                        .size = text->size,
                        },
                        userdata);
}

static int check_all_seen(const DdnsArchive *a, DdnsMessage *message) {
        const char *zone;
        json_t *line;

        json_object_foreach(a->manifest, zone, line) {
                if (!json_is_true(json_object_get(line, SEEN)))
                        return ddns_fail(message, -EBADMSG,
                                         "lacks " ARCHIVE_DIRECTORY "/%s" ARCHIVE_SUFFIX, zone);
        }
        return 0;
}

int archive_each_export(DdnsArchive *a, int (*each)(const DdnsArchived *zone, void *userdata),
                        void *userdata, DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer text = DDNS_BUFFER_NULL;
        DdnsTarReader t = { .f = a->f };
        DdnsTarEntry entry;
        const char *zone;
        json_t *line;

        json_object_foreach(a->manifest, zone, line)(void) json_object_del(line, SEEN);
        if (fseeko(a->f, 0, SEEK_SET) < 0)
                return ddns_fail(message, -errno, "%m");
        int r = find_manifest(&t, &entry, message);
        while (r >= 0 && (r = ddns_tar_next(&t, &entry, message)) > 0) {
                if (entry.directory && strcmp(entry.name, ARCHIVE_DIRECTORY) == 0)
                        continue;
                r = read_zone(a, &t, &entry, &text, each, userdata, message);
                if (r != 0)
                        return r;
        }
        return r < 0 ? r : check_all_seen(a, message);
}
