/* SPDX-License-Identifier: MIT */
/* Commands to named and what its answers mean. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "basic/crash-point.h"
#include "basic/domain.h"
#include "deliver/bind.h"

#define CLOSED "Not allowing new zones"

int ddns_bind_connect(DdnsBackend *b, DdnsMessage *message) {
        DdnsMessage reason = DDNS_MESSAGE_NULL;

        if (b->rndc && ddns_rndc_is_alive(b->rndc))
                return 1;
        b->rndc = ddns_rndc_free(b->rndc);
        b->boot_time = DDNS_MESSAGE_NULL;
        /* Read each time: the key may have been changed together with named's. */
        int r = ddns_hmac_key_read(b->config->control.key_file, &b->key, &reason);
        if (r < 0)
                return ddns_fail(message, r, "%.400s%s", reason.text,
                                 r == -EACCES ? "; named's group is to read it: chmod g+r" : "");
        r = ddns_rndc_connect(&b->control, &b->key, b->config->control.timeout_usec, &b->rndc, &reason);
        if (r == -ECONNRESET || r == -EKEYREJECTED)
                return ddns_fail(message, r, "%.300s (key-file: %s)", reason.text,
                                 b->config->control.key_file);
        return r < 0 ? ddns_fail(message, r, "%s", reason.text) : 0;
}

/* Asks once. `*ret_kept`: over a connection that was there before. */
static int command_once(DdnsBackend *b, const char *command, DdnsRndcReply *ret, bool *ret_kept,
                        DdnsMessage *message) {
        int r = ddns_bind_connect(b, message);
        *ret_kept = r > 0;
        if (r < 0)
                return r;
        r = ddns_rndc_command(b->rndc, command, ret, message);
        if (r < 0 && r != -E2BIG)
                b->rndc = ddns_rndc_free(b->rndc);
        return r;
}

int ddns_bind_command(DdnsBackend *b, DdnsRndcReply *ret, DdnsMessage *message, const char *format,
                      ...) {
        ddns_cleanup(ddns_freep) char *command = NULL;
        va_list ap;
        bool kept;

        va_start(ap, format);
        int n = vasprintf(&command, format, ap);
        va_end(ap);
        if (n < 0) {
                command = NULL;
                return ddns_fail(message, -ENOMEM, "out of memory");
        }

        /* Every command that we use may be given twice. */
        DDNS_CRASH_POINT("command-before");
        int r = command_once(b, command, ret, &kept, message);
        if (r == -ECONNRESET && kept)
                r = command_once(b, command, ret, &kept, message);
        DDNS_CRASH_POINT("command-after");
        return r;
}

/* With the last dot: of a name alone named takes "-c", "-clean" and "-redirect" for options. */
void ddns_bind_append_command(DdnsBuffer *text, const char *verb, const char *zone,
                              const char *in_view) {
        ddns_buffer_append_format(text, "%s %s.%s", verb, zone, in_view);
}

void ddns_bind_append_zone(DdnsBuffer *text, const DdnsBackendConfig *config, const char *zone,
                           const char *in_view) {
        ddns_buffer_append_format(text,
                                  "\"%s\"%s { type primary; file \"%s/%s.db\"; check-names ignore; };",
                                  zone, in_view, config->zone_dir, zone);
}

int ddns_bind_zone_command(DdnsBackend *b, const char *verb, const char *zone, DdnsRndcReply *ret,
                           DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer text = DDNS_BUFFER_NULL;

        ddns_bind_append_command(&text, verb, zone, b->in_view);
        if (ddns_buffer_status(&text) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");
        return ddns_bind_command(b, ret, message, "%s", text.data);
}

bool ddns_bind_is_elsewhere(const DdnsBackend *b, const char *zone, const DdnsBindStatus *status) {
        char path[sizeof status->file];

        (void) snprintf(path, sizeof path, "%s/%s.db", b->config->zone_dir, zone);
        return strcmp(path, status->file) != 0;
}

/* Since 9.11; all of named's texts for the same thing carry these words. */
bool ddns_bind_is_unknown_zone(const DdnsRndcReply *reply) {
        return reply->result != 0 &&
               (strstr(reply->text, "no matching zone") || strstr(reply->text, "zone not found") ||
                strstr(reply->error, "zone not found"));
}

bool ddns_bind_is_existing_zone(const DdnsRndcReply *reply) {
        return reply->result != 0 &&
               (strstr(reply->error, "already exists") || strstr(reply->text, "already exists"));
}

bool ddns_bind_is_closed(const DdnsRndcReply *reply) {
        return reply->result != 0 && strstr(reply->text, CLOSED);
}

static const char *remedy(const char *text) {
        static const struct {
                const char *words, *remedy;
        } remedies[] = {
                { CLOSED, ": set 'allow-new-zones yes;' in its options and restart it" },
                { "loadnew failed: permission denied",
                  ": its user, or AppArmor or SELinux, lets it read no file in zone-dir: ddns-retry(8)" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
                if (strstr(text, remedies[i].words))
                        return remedies[i].remedy;
        return "";
}

int ddns_bind_not_ours(DdnsTask *task, const DdnsBindStatus *status) {
        task->state = DDNS_TASK_FAILED;
        return ddns_fail(&task->message, 0,
                         status->empty ? "named has the zone as one of its automatic empty zones: see "
                                         "disable-empty-zone in named.conf(5)%s"
                         : status->file[0] ? "named's own configuration has the zone, with the file %s"
                                           : "named's own configuration has the zone%s",
                         status->file);
}

int ddns_bind_refused(DdnsTask *task, const char *command, const DdnsRndcReply *reply) {
        bool both = reply->text[0] && reply->error[0] && !strstr(reply->text, reply->error);

        task->state = DDNS_TASK_FAILED;
        (void) ddns_fail(&task->message, 0, "named refused %s: %s%s%.300s%s", command,
                         both ? reply->error : "", both ? ": " : "",
                         reply->text[0] ? reply->text : reply->error, remedy(reply->text));
        for (char *c = task->message.text; *c; c++)
                if ((unsigned char) *c < ' ' || *c == 0x7f)
                        *c = ' ';
        return 0;
}

/* The value of the line "NAME: value" in `text`, or NULL; it ends at the end of the line. */
static const char *find_line(const char *text, const char *name) {
        size_t n = strlen(name);

        for (const char *line = text; line; line = strchr(line, '\n')) {
                if (*line == '\n')
                        line++;
                if (strncmp(line, name, n) == 0 && line[n] == ':' && line[n + 1] == ' ')
                        return line + n + 2;
        }
        return NULL;
}

static void parse_status(const char *text, DdnsBindStatus *ret) {
        const char *serial = find_line(text, "serial"), *loaded = find_line(text, "last loaded");
        const char *type = find_line(text, "type"), *file = find_line(text, "files"),
                   *added = find_line(text, "reconfigurable via modzone");
        struct tm tm = { 0 };

        if (loaded && strptime(loaded, "%a, %d %b %Y %H:%M:%S GMT", &tm)) {
                ret->loaded = serial != NULL;
                ret->loaded_sec = timegm(&tm);
        }
        if (serial)
                ret->serial = (uint32_t) strtoul(serial, NULL, 10);
        ret->added = added && strncmp(added, "yes", 3) == 0;
        /* Nobody's configuration has a primary zone without a file. */
        ret->empty = type && !file && !ret->added &&
                     (strncmp(type, "primary", 7) == 0 || strncmp(type, "master", 6) == 0);
        if (file)
                (void) snprintf(ret->file, sizeof ret->file, "%.*s", (int) strcspn(file, ",\n"), file);
}

/* Of a zone that is not loaded zonestatus says no more than that. Its statement tells: no other than ours looks like this, in
 * whatever zone-dir it was. */
static int look_at_statement(DdnsBackend *b, const char *zone, DdnsBindStatus *ret,
                             DdnsMessage *message) {
        char ours[DDNS_ZONE_NAME_MAX + sizeof "/.db"];
        DdnsRndcReply reply;

        int r = ddns_bind_zone_command(b, "showzone", zone, &reply, message);
        const char *file = r >= 0 && reply.result == 0 ? strstr(reply.text, " file \"") : NULL;
        if (!file)
                return r;
        file += strlen(" file \"");
        int size = (int) strcspn(file, "\""), n = snprintf(ours, sizeof ours, "/%s.db", zone);
        (void) snprintf(ret->file, sizeof ret->file, "%.*s", size, file);
        ret->added = strstr(reply.text, " check-names ignore;") && size >= n &&
                     strncmp(file + size - n, ours, (size_t) n) == 0;
        return 0;
}

int ddns_bind_zonestatus(DdnsBackend *b, const char *zone, DdnsBindStatus *ret, DdnsMessage *message) {
        DdnsRndcReply reply;

        int r = ddns_bind_zone_command(b, "zonestatus", zone, &reply, message);
        if (r < 0)
                return r;
        *ret = (DdnsBindStatus){ .known = !ddns_bind_is_unknown_zone(&reply) };
        if (reply.result == 0)
                parse_status(reply.text, ret);
        else if (ret->known)
                r = look_at_statement(b, zone, ret, message);
        return r;
}
