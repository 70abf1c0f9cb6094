/* SPDX-License-Identifier: MIT */
/* What verbs share: configuration, database, operands, output. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/wake.h"
#include "ctl/text.h"
#include "ctl/verb.h"
#include "store/options.h"

__attribute__((format(printf, 2, 0))) static void say(DdnsCtl *c, const char *format, va_list ap) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer line = DDNS_BUFFER_NULL;
        ddns_cleanup(ddns_freep) char *text = NULL;

        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        ddns_escape(&line, text ? text : "out of memory");
        (void) fprintf(c->err, "ddnsctl: %s\n",
                       ddns_buffer_status(&line) < 0 ? "out of memory" : line.data);
}

void ddns_ctl_say(DdnsCtl *c, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        say(c, format, ap);
        va_end(ap);
}

int ddns_ctl_fail(DdnsCtl *c, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        say(c, format, ap);
        va_end(ap);
        return EXIT_FAILURE;
}

int ddns_ctl_no_memory(DdnsCtl *c) {
        return ddns_ctl_fail(c, "out of memory");
}

void ddns_ctl_hint_root(DdnsCtl *c) {
        if (geteuid() != 0)
                ddns_ctl_say(c, "hint: only root may read all secrets and zone files: look as root");
}

static int no_access(DdnsCtl *c) {
        return ddns_ctl_fail(c, "no access to the database %s: run as root or as a member of group ddns",
                             c->config.state.database);
}

static int database_failed(DdnsCtl *c, int error, const char *detail) {
        if (error == -ENOMEM)
                return ddns_ctl_no_memory(c);
        if (error == -EAGAIN)
                return ddns_ctl_fail(c, "the database %s is locked by another program: try again",
                                     c->config.state.database);
        if ((error == -EACCES || error == -EPERM || error == -EROFS) && geteuid() != 0)
                return no_access(c);
        return ddns_ctl_fail(c, "database: %s", detail && *detail ? detail : strerror(-error));
}

int ddns_ctl_store_failed(DdnsCtl *c, int error) {
        return database_failed(c, error, ddns_store_error(c->store));
}

int ddns_ctl_load_config(DdnsCtl *c, bool defaults_do) {
        const char *path = c->config_path ? c->config_path : DDNS_CONFIG_DEFAULT;
        ddns_cleanup(ddns_freep) char *errors = NULL;

        int r = ddns_config_load(path, &c->config, &errors);
        if (r == -ENOENT && defaults_do && !c->config_path)
                r = ddns_config_default(&c->config);
        if (r >= 0)
                return EXIT_SUCCESS;
        if (errors)
                (void) fputs(errors, c->err);
        else
                ddns_ctl_say(c, "%s: %s", path, strerror(-r));
        return DDNS_EXIT_CONFIG;
}

int ddns_ctl_open_store(DdnsCtl *c) {
        const char *path = c->config.state.database;
        const DdnsStoreOptions options = ddns_store_options(&c->config);
        DdnsMessage message = DDNS_MESSAGE_NULL;
        struct stat st;

        if (stat(path, &st) < 0) {
                if (errno == ENOENT)
                        return ddns_ctl_fail(c,
                                             "no database at %s: has the receiver run yet? systemctl "
                                             "enable --now ddns.socket",
                                             path);
                return errno == EACCES ? no_access(c) : ddns_ctl_fail(c, "%s: %m", path);
        }

        int r = ddns_store_open(path, &options, &c->store, &message);
        return r < 0 ? database_failed(c, r, message.text) : EXIT_SUCCESS;
}

void ddns_ctl_release(DdnsCtl *c) {
        c->store = ddns_store_free(c->store);
        ddns_config_done(&c->config);
}

int ddns_ctl_parse_zone(DdnsCtl *c, const char *operand, char ret[DDNS_ZONE_NAME_MAX + 1]) {
        DdnsMessage message = DDNS_MESSAGE_NULL;

        if (ddns_zone_name_check(operand, strlen(operand), ret, &message) < 0)
                return ddns_ctl_fail(c, "'%s' is no zone name: %s", operand, message.text);
        return EXIT_SUCCESS;
}

int ddns_ctl_parse_generation(DdnsCtl *c, const char *operand, uint64_t *ret) {
        char *end;

        errno = 0;
        unsigned long long value = strtoull(operand, &end, 10);
        if (errno != 0 || *end || !isdigit((unsigned char) operand[0]) || value == 0 ||
            value > INT64_MAX)
                return ddns_ctl_fail(c, "'%s' is no generation: a number as 'ddnsctl history' shows it",
                                     operand);
        *ret = value;
        return EXIT_SUCCESS;
}

int ddns_ctl_read_input(DdnsCtl *c, const char *path, DdnsBuffer *ret) {
        bool standard = strcmp(path, "-") == 0;
        size_t max = (size_t) c->config.receiver.max_body_kib * 1024;
        char chunk[8192];
        size_t n;

        /* Not ddns_file_read(): a pipe is as good as a file here. */
        FILE *f = standard ? c->in : fopen(path, "re");
        if (!f)
                return ddns_ctl_fail(c, "%s: %m", path);
        errno = 0;
        while (ret->size <= max && (n = fread(chunk, 1, sizeof chunk, f)) > 0)
                ddns_buffer_append(ret, chunk, n);
        int error = ferror(f) ? errno : 0;
        if (!standard)
                (void) fclose(f);

        if (error != 0)
                return ddns_ctl_fail(c, "%s: %s", path, strerror(error));
        if (ret->size > max)
                return ddns_ctl_fail(c, "%s: longer than %zu KiB (receiver.max-body-kib)", path,
                                     max / 1024);
        return ddns_buffer_status(ret) < 0 ? ddns_ctl_no_memory(c) : EXIT_SUCCESS;
}

int ddns_ctl_check_zone(DdnsCtl *c, char *operands[], char ret_name[DDNS_ZONE_NAME_MAX + 1],
                        DdnsZone *ret, DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer input = DDNS_BUFFER_NULL;
        const DdnsZoneLimits limits = { .max_records = c->config.receiver.max_records };

        if (ddns_ctl_parse_zone(c, operands[0], ret_name) != EXIT_SUCCESS ||
            ddns_ctl_read_input(c, operands[1], &input) != EXIT_SUCCESS)
                return -EINVAL;
        return ddns_zone_check(ret_name, input.data ? input.data : "", input.size, &limits, ret,
                               message);
}

const DdnsBackendConfig *ddns_ctl_find_backend(const DdnsCtl *c, const char *name) {
        for (size_t i = 0; i < c->config.n_backends; i++)
                if (strcmp(c->config.backends[i].name, name) == 0)
                        return &c->config.backends[i];
        return NULL;
}

static int match_backend(const DdnsBackendRow *row, void *userdata) {
        return strcmp(row->name, *(const char **) userdata) == 0;
}

void ddns_ctl_mark_seen(const DdnsCtl *c, DdnsCtlSeen *seen, const char *backend) {
        const DdnsBackendConfig *config = ddns_ctl_find_backend(c, backend);

        if (!seen->backends && !(seen->backends = calloc(c->config.n_backends + 1, sizeof(bool))))
                seen->failed = true;
        else if (config)
                seen->backends[config - c->config.backends] = true;
}

int ddns_ctl_each_unseen(const DdnsCtl *c, const DdnsCtlSeen *seen,
                         void (*each)(const char *backend, void *userdata), void *userdata) {
        for (size_t i = 0; i < c->config.n_backends && !seen->failed; i++)
                if (!seen->backends || !seen->backends[i])
                        each(c->config.backends[i].name, userdata);
        return seen->failed ? -ENOMEM : 0;
}

int ddns_ctl_need_backend(DdnsCtl *c, const char *name) {
        if (!ddns_ctl_find_backend(c, name))
                return ddns_ctl_fail(c, "no backend '%s' is configured", name);
        int r = ddns_store_each_backend(c->store, match_backend, &name);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);
        if (r == 0)
                return ddns_ctl_fail(c, "backend '%s' is new: it gets every zone when ddns-retry runs",
                                     name);
        return EXIT_SUCCESS;
}

char *ddns_ctl_secret_file(DdnsCtl *c, const char *name, const char *program) {
        ddns_cleanup(ddns_freep) char *config = NULL;
        char *path = NULL;

        if (name[0] == '/' || getenv("CREDENTIALS_DIRECTORY"))
                return strdup(name);
        config = realpath(c->config.path, NULL);
        if (!config)
                return NULL;
        *strrchr(config, '/') = '\0';
        return asprintf(&path, "%s/credentials/%s/%s", config, program, name) < 0 ? NULL : path;
}

int ddns_ctl_resolve_secret(DdnsCtl *c, char **name, const char *program) {
        if (!*name)
                return 0;
        char *file = ddns_ctl_secret_file(c, *name, program);
        if (!file)
                return -ENOMEM;
        free(*name);
        *name = file;
        return 0;
}

int ddns_ctl_resolve_backend(DdnsCtl *c, DdnsBackendConfig *b) {
        int r = ddns_ctl_resolve_secret(c, &b->control.key_file, "retry");

        if (r >= 0)
                r = ddns_ctl_resolve_secret(c, &b->mysql.password_file, "retry");
        if (r >= 0)
                r = ddns_ctl_resolve_secret(c, &b->mysql.tls.key, "retry");
        return r;
}

void ddns_ctl_wake(DdnsCtl *c) {
        const char *path = c->config.state.wake;

        int r = ddns_wake(path);
        if (r < 0)
                ddns_ctl_say(c,
                             "hint: could not wake ddns-retry at %s (%s); ddns-retry.timer will start "
                             "it",
                             path, strerror(-r));
}

DdnsShape ddns_ctl_table_shape(const DdnsCtl *c) {
        if (c->options & DDNS_CTL_JSON)
                return DDNS_SHAPE_JSON;
        return c->options & DDNS_CTL_NO_LEGEND ? DDNS_SHAPE_BARE_TABLE : DDNS_SHAPE_TABLE;
}

void ddns_ctl_start_listing(DdnsCtl *c, DdnsListing *l, const DdnsColumn *columns, size_t n_columns) {
        ddns_listing_init(l, ddns_ctl_table_shape(c), columns, n_columns, c->now_usec);
        ddns_listing_stream(l, c->out);
}

int ddns_ctl_print_listing(DdnsCtl *c, DdnsListing *l, const char *one, const char *many) {
        if (l->stream)
                return ddns_listing_end_stream(l) < 0 ? ddns_ctl_no_memory(c) : EXIT_SUCCESS;
        if (ddns_listing_print(l, c->out, c->color) < 0)
                return ddns_ctl_no_memory(c);
        if (l->shape == DDNS_SHAPE_TABLE)
                (void) fprintf(c->out, "%s%zu %s listed.\n", l->n_rows > 0 ? "\n" : "", l->n_rows,
                               l->n_rows == 1 ? one : many);
        return EXIT_SUCCESS;
}

int ddns_ctl_print_json(DdnsCtl *c, json_t *document) {
        if (!document)
                return ddns_ctl_no_memory(c);
        /* Its only failures are output errors, which stay in the stream, and lack of memory. */
        int r = json_dumpf(document, c->out, JSON_INDENT(2));
        json_decref(document);
        if (r < 0 && !ferror(c->out))
                return ddns_ctl_no_memory(c);
        (void) fputc('\n', c->out);
        return EXIT_SUCCESS;
}

const char *ddns_ctl_state_name(const DdnsCtl *c, const char *backend, DdnsDeliveryState state) {
        const DdnsBackendConfig *config = ddns_ctl_find_backend(c, backend);

        if (state != DDNS_DELIVERY_DELIVERED)
                return ddns_delivery_state_to_string(state);
        return config && config->n_nameservers > 0 ? "served" : "written";
}

DdnsTone ddns_ctl_state_tone(DdnsDeliveryState state) {
        static const DdnsTone tones[] = {
                [DDNS_DELIVERY_PENDING] = DDNS_TONE_WARNING,
                [DDNS_DELIVERY_WRITTEN] = DDNS_TONE_PLAIN,
                [DDNS_DELIVERY_DELIVERED] = DDNS_TONE_GOOD,
                [DDNS_DELIVERY_DEFERRED] = DDNS_TONE_WARNING,
                [DDNS_DELIVERY_DEAD] = DDNS_TONE_BAD,
        };

        return tones[state];
}
