/* SPDX-License-Identifier: MIT */
/* Commands to named and what its answers mean. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "basic/crash-point.h"
#include "deliver/bind.h"

#define CLOSED    "Not allowing new zones"
#define FILE_WORD "file \""

static int connect_control(DdnsBackend *b, DdnsMessage *message) {
        DdnsMessage reason = DDNS_MESSAGE_NULL;

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
        if (b->rndc && !ddns_rndc_is_alive(b->rndc))
                b->rndc = ddns_rndc_free(b->rndc);
        *ret_kept = b->rndc != NULL;
        if (!b->rndc) {
                int r = connect_control(b, message);
                if (r < 0)
                        return r;
        }
        int r = ddns_rndc_command(b->rndc, command, ret, message);
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
                         status->file[0] ? "named's own configuration has the zone, with the file %s"
                                         : "named has the zone as one of its automatic empty zones: see "
                                           "disable-empty-zone in named.conf(5)%s",
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

/* Of a zone that it could not load named tells nothing but its configuration. With our file it is one that we added. */
static int ask_configuration(DdnsBackend *b, const char *zone, DdnsBindStatus *ret,
                             DdnsMessage *message) {
        DdnsRndcReply reply;

        int r = ddns_bind_zone_command(b, "showzone", zone, &reply, message);
        if (r < 0)
                return r;
        const char *file = strstr(reply.text, FILE_WORD);
        if (reply.result != 0 || !file)
                return 0;
        file += strlen(FILE_WORD);
        (void) snprintf(ret->file, sizeof ret->file, "%.*s", (int) strcspn(file, "\""), file);
        ret->added = !ddns_bind_is_elsewhere(b, zone, ret);
        return 0;
}

static void parse_status(const char *text, DdnsBindStatus *ret) {
        const char *serial = find_line(text, "serial"), *loaded = find_line(text, "last loaded");
        const char *file = find_line(text, "files"),
                   *added = find_line(text, "reconfigurable via modzone");
        struct tm tm = { 0 };

        if (loaded && strptime(loaded, "%a, %d %b %Y %H:%M:%S GMT", &tm)) {
                ret->loaded = serial != NULL;
                ret->loaded_sec = timegm(&tm);
        }
        if (serial)
                ret->serial = (uint32_t) strtoul(serial, NULL, 10);
        ret->added = added && strncmp(added, "yes", 3) == 0;
        if (file)
                (void) snprintf(ret->file, sizeof ret->file, "%.*s", (int) strcspn(file, ",\n"), file);
}

int ddns_bind_zonestatus(DdnsBackend *b, const char *zone, DdnsBindStatus *ret, DdnsMessage *message) {
        DdnsRndcReply reply;

        int r = ddns_bind_zone_command(b, "zonestatus", zone, &reply, message);
        if (r < 0)
                return r;
        *ret = (DdnsBindStatus){ .known = !ddns_bind_is_unknown_zone(&reply) };
        if (reply.result == 0)
                parse_status(reply.text, ret);
        return reply.result != 0 && ret->known ? ask_configuration(b, zone, ret, message) : 0;
}
