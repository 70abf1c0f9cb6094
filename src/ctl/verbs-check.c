/* SPDX-License-Identifier: MIT */
/* Verbs that judge files: check-zone, check-config. */
#include <arpa/inet.h>
#include <crypt.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/file.h"
#include "ctl/text.h"
#include "ctl/verb.h"
#include "zone/zone.h"

/* clang-format off */
static const DdnsColumn check_columns[] = {
        { "zone",    NULL, DDNS_COLUMN_JSON },
        { "ok",      NULL, DDNS_COLUMN_JSON },
        { "reason",  NULL, DDNS_COLUMN_JSON },
        { "serial",  NULL, DDNS_COLUMN_JSON },
        { "records", NULL, DDNS_COLUMN_JSON },
        { "size",    NULL, DDNS_COLUMN_JSON },
        { "digest",  NULL, DDNS_COLUMN_JSON },
        { "dropped", NULL, DDNS_COLUMN_JSON },
        { "warning", NULL, DDNS_COLUMN_JSON },
        { "text",    NULL, DDNS_COLUMN_JSON },
};
/* clang-format on */

static int print_check(DdnsCtl *c, const char *name, const char *reason, const DdnsZone *zone) {
        ddns_cleanup(ddns_listing_done) DdnsListing l = DDNS_LISTING_NULL;
        char digest[2 * DDNS_DIGEST_SIZE + 1] = "";

        if (!reason)
                ddns_digest_format(zone->digest, digest);
        ddns_listing_init(&l, DDNS_SHAPE_JSON, check_columns, ARRAY_SIZE(check_columns), c->now_usec);
        ddns_listing_text(&l, name, DDNS_TONE_PLAIN);
        ddns_listing_bool(&l, !reason);
        ddns_listing_text(&l, reason, DDNS_TONE_PLAIN);
        ddns_listing_number(&l, zone->serial, DDNS_TONE_PLAIN);
        ddns_listing_number(&l, zone->n_records, DDNS_TONE_PLAIN);
        ddns_listing_number(&l, zone->size, DDNS_TONE_PLAIN);
        ddns_listing_text(&l, digest, DDNS_TONE_PLAIN);
        ddns_listing_number(&l, zone->n_dropped, DDNS_TONE_PLAIN);
        ddns_listing_text(&l, zone->warning.text, DDNS_TONE_PLAIN);
        ddns_listing_text(&l, c->options & DDNS_CTL_PRINT ? zone->text : NULL, DDNS_TONE_PLAIN);
        int status = ddns_ctl_print_json(c, ddns_listing_take_object(&l));
        return reason ? EXIT_FAILURE : status;
}

int ddns_verb_check_zone(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_zone_done) DdnsZone zone = DDNS_ZONE_NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;
        char name[DDNS_ZONE_NAME_MAX + 1];

        int r = ddns_ctl_check_zone(c, operands, name, &zone, &message);
        if (r == -EINVAL)
                return EXIT_FAILURE;
        if (r == -ENOMEM)
                return ddns_ctl_no_memory(c);
        if (c->options & DDNS_CTL_JSON)
                return print_check(c, name, r < 0 ? message.text : NULL, &zone);
        if (r < 0)
                return ddns_ctl_fail(c, "%s: refused: %s", name, message.text);

        if (zone.n_dropped > 0)
                ddns_ctl_say(c, "warning: %s: records left out: %" PRIu32 ": %s", name, zone.n_dropped,
                             zone.warning.text);
        if (c->options & DDNS_CTL_PRINT)
                (void) fputs(zone.text, c->out);
        else
                (void) fprintf(c->out, "%s: OK: serial %" PRIu32 ", %" PRIu32 " records.\n", name,
                               zone.serial, zone.n_records);
        return EXIT_SUCCESS;
}

/* ---- check-config ------------------------------------------------------------------------------------------------ */

typedef struct Warnings {
        DdnsCtl *ctl;
        json_t *array; /* NULL without --json, or out of memory */
} Warnings;

static void __attribute__((format(printf, 2, 3))) warn(Warnings *w, const char *format, ...) {
        char text[1024];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof text, format, ap);
        va_end(ap);
        if (!(w->ctl->options & DDNS_CTL_JSON))
                ddns_ctl_say(w->ctl, "warning: %s", text);
        else if (w->array && json_array_append_new(w->array, ddns_json_text(text)) < 0) {
                json_decref(w->array);
                w->array = NULL;
        }
}

/* Whose keys are looked at. */
typedef struct Subject {
        const char *kind, *name;
        const char *program; /* whose credentials its secrets are */
} Subject;

/* A directory that nobody else may enter, as that of the credentials, hides it whatever its mode. */
static bool may_read_all(const char *path) {
        ddns_cleanup(ddns_freep) char *directory = strdup(path);
        struct stat st;

        if (!directory || stat(path, &st) < 0 || !(st.st_mode & S_IROTH))
                return false;
        *strrchr(directory, '/') = '\0';
        return stat(*directory ? directory : "/", &st) == 0 && (st.st_mode & S_IXOTH);
}

static void check_is_private(Warnings *w, const Subject *s, const char *key, const char *path) {
        if (may_read_all(path))
                warn(w, "%s %s: %s: %s is readable by everybody: chmod 600 %s", s->kind, s->name, key,
                     path, path);
}

static void check_password(Warnings *w, const DdnsMaster *master) {
        ddns_cleanup(ddns_freep) char *path =
                        ddns_ctl_secret_file(w->ctl, master->password_file, "receiver");
        ddns_cleanup(ddns_freep) char *file = NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;
        char *hash;

        if (!path)
                return;
        int r = ddns_secret_read(path, &hash, &message);
        if (r < 0) {
                if (r != -EACCES) /* what we may not read, the service manager may */
                        warn(w, "master %s: password-file: %s", master->name, message.text);
                return;
        }
        if (ddns_secret_path(path, &file, &message) >= 0)
                check_is_private(w, &(Subject){ "master", master->name, "receiver" }, "password-file",
                                 file);
        int salt = crypt_checksalt(hash);
        explicit_bzero(hash, strlen(hash));
        free(hash);
        if (salt != CRYPT_SALT_OK && salt != CRYPT_SALT_TOO_CHEAP) /* as the receiver decides */
                warn(w,
                     "master %s: password-file: %s holds no crypt(5) hash of a method for new "
                     "passwords, so this master can not log in: make one with 'ddnsctl passwd'",
                     master->name, path);
}

static void check_certificate(Warnings *w) {
        DdnsMessage message;

        if (ddns_ctl_look_at_certificate(w->ctl, &message) != DDNS_CERTIFICATE_GOOD)
                warn(w, "receiver.tls: %s", message.text);
}

/* A file that is needed as it is. `key`: its setting. */
static void check_file(Warnings *w, const Subject *s, const char *key, const char *path) {
        if (path && access(path, R_OK) < 0 &&
            errno != EACCES) /* what we may not read, the service may */
                warn(w, "%s %s: %s: %s: %m", s->kind, s->name, key, path);
}

/* A file that the unit's sandbox hides, though whoever runs this may see it. */
static void check_is_visible(Warnings *w, const Subject *s, const char *key, const char *path) {
        static const char *const hidden[] = { "/home/", "/root/", "/run/user/" };

        for (size_t i = 0; path && i < ARRAY_SIZE(hidden); i++)
                if (strncmp(path, hidden[i], strlen(hidden[i])) == 0)
                        warn(w,
                             "%s %s: %s: %s: ddns-%s.service sees nothing below %s: put it below /etc",
                             s->kind, s->name, key, path, s->program, hidden[i]);
}

/* A secret that is needed; NULL: none. */
static void check_secret(Warnings *w, const Subject *s, const char *key, const char *secret) {
        ddns_cleanup(ddns_freep) char *file = NULL, *path = NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;

        if (!secret || !(file = ddns_ctl_secret_file(w->ctl, secret, s->program)))
                return;
        if (ddns_secret_path(file, &path, &message) < 0) {
                warn(w, "%s %s: %s: %s", s->kind, s->name, key, message.text);
                return;
        }
        check_file(w, s, key, path);
        if (secret[0] == '/')
                check_is_visible(w, s, key, path);
        check_is_private(w, s, key, path);
}

/* Whether what is sent to `host` stays on this machine. */
static bool is_local(const char *host) {
        struct in6_addr six;
        struct in_addr four;

        if (inet_pton(AF_INET, host, &four) == 1)
                return ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
        if (inet_pton(AF_INET6, host, &six) == 1)
                return IN6_IS_ADDR_LOOPBACK(&six);
        return strcasecmp(host, "localhost") == 0;
}

static void check_mysql(Warnings *w, const DdnsBackendConfig *backend) {
        const Subject subject = { "backend", backend->name, "retry" };
        const DdnsMysqlConfig *m = &backend->mysql;
        struct in6_addr six;

        if (!m->socket && strchr(m->host, ':') && inet_pton(AF_INET6, m->host, &six) != 1)
                warn(w,
                     "backend %s: host: %s is no name and no address: the port has a key of its own, port",
                     backend->name, m->host);

        check_secret(w, &subject, "password-file", m->password_file);
        check_secret(w, &subject, "tls.key", m->tls.key);
        check_file(w, &subject, "tls.ca", m->tls.ca);
        check_file(w, &subject, "tls.certificate", m->tls.certificate);
        check_is_visible(w, &subject, "tls.ca", m->tls.ca);
        check_is_visible(w, &subject, "tls.certificate", m->tls.certificate);
        if (!m->socket && !is_local(m->host) && !m->tls.ca && !m->tls.key &&
            m->tls.verify == DDNS_TLS_VERIFY_UNSET)
                warn(w,
                     "backend %s: no tls, and %s is another machine: zones and what proves the password "
                     "cross the network in clear",
                     backend->name, m->host);
}

static bool is_mysql(const DdnsBackendConfig *backend) {
        return backend->type == DDNS_BACKEND_COREDNS_MYSQL ||
               backend->type == DDNS_BACKEND_POWERDNS_MYSQL;
}

static void check_backend(Warnings *w, const DdnsBackendConfig *backend) {
        if (backend->type == DDNS_BACKEND_BIND)
                check_secret(w, &(Subject){ "backend", backend->name, "retry" }, "control.key-file",
                             backend->control.key_file);
        if (is_mysql(backend))
                check_mysql(w, backend);
}

static bool is_same_database(const DdnsMysqlConfig *a, const DdnsMysqlConfig *b) {
        if (!a->socket != !b->socket || strcmp(a->database, b->database) != 0)
                return false;
        return a->socket ? strcmp(a->socket, b->socket) == 0
                         : strcasecmp(a->host, b->host) == 0 && a->port == b->port;
}

/* A stanza that was copied, and of which the host was forgotten: all would look well, and a database would stay as it is. */
static void check_targets(Warnings *w, const DdnsBackendConfig *backends, size_t n) {
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < i; k++)
                        if (is_mysql(&backends[i]) && is_mysql(&backends[k]) &&
                            is_same_database(&backends[i].mysql, &backends[k].mysql) &&
                            strcmp(backends[i].tables.records, backends[k].tables.records) == 0)
                                warn(w,
                                     "backends %s and %s write into the same tables of the same database: is the "
                                     "host or the database of one of them wrong?",
                                     backends[k].name, backends[i].name);
}

static void check_asked(Warnings *w, const DdnsReconcileMaster *m) {
        const Subject subject = { "reconcile master", m->name, "reconcile" };

        check_secret(w, &subject, "password-file", m->password_file);
        check_secret(w, &subject, "axfr.key-file", m->axfr.key_file);
        check_file(w, &subject, "tls.ca", m->tls.ca);
        check_is_visible(w, &subject, "tls.ca", m->tls.ca);
        if (strncmp(m->url, "http:", strlen("http:")) != 0)
                return;
        if (m->tls.ca || m->tls.pin)
                warn(w, "reconcile master %s: tls means nothing for a url with http", m->name);
        warn(w, "reconcile master %s: the password crosses the network in clear: use https", m->name);
}

static void check_loaded(Warnings *w) {
        const DdnsConfig *config = &w->ctl->config;

        if (config->receiver.n_masters == 0)
                warn(w, "no receiver.masters: nobody may push");
        if (config->n_backends == 0)
                warn(w, "no backends: zones are kept, but delivered nowhere");
        for (size_t i = 0; i < config->receiver.n_masters; i++)
                check_password(w, &config->receiver.masters[i]);
        check_certificate(w);
        for (size_t i = 0; i < config->n_backends; i++)
                check_backend(w, &config->backends[i]);
        check_targets(w, config->backends, config->n_backends);
        for (size_t i = 0; i < config->reconcile.n_masters; i++)
                check_asked(w, &config->reconcile.masters[i]);
}

/* The loader's error lines as an array. */
static json_t *lines_to_json(const char *lines) {
        json_t *array = json_array();

        for (const char *p = lines; array && *p;) {
                size_t n = strcspn(p, "\n");
                ddns_cleanup(ddns_freep) char *line = strndup(p, n);

                if (!line || json_array_append_new(array, ddns_json_text(line)) < 0) {
                        json_decref(array);
                        return NULL;
                }
                p += n + (p[n] == '\n');
        }
        return array;
}

int ddns_verb_check_config(DdnsCtl *c, char *operands[], size_t n) {
        Warnings warnings = { .ctl = c, .array = c->options & DDNS_CTL_JSON ? json_array() : NULL };
        const char *path = c->config_path ? c->config_path : DDNS_CONFIG_DEFAULT;
        ddns_cleanup(ddns_freep) char *errors = NULL;

        int r = ddns_config_load(path, &c->config, &errors);
        if (r >= 0)
                check_loaded(&warnings);

        if (c->options & DDNS_CTL_JSON) {
                json_t *document = json_object();
                ddns_json_attach(&document, "config", ddns_json_text(path));
                ddns_json_attach(&document, "ok", json_boolean(r >= 0));
                ddns_json_attach(&document, "errors", lines_to_json(errors ? errors : ""));
                ddns_json_attach(&document, "warnings", warnings.array);
                int status = ddns_ctl_print_json(c, document);
                return r < 0 ? DDNS_EXIT_CONFIG : status;
        }
        if (r < 0) {
                (void) fputs(errors ? errors : "out of memory\n", c->err);
                return DDNS_EXIT_CONFIG;
        }
        (void) fprintf(c->out, "%s: OK: masters: %zu, backends: %zu.\n", path,
                       c->config.receiver.n_masters, c->config.n_backends);
        return EXIT_SUCCESS;
}
