/* SPDX-License-Identifier: MIT */
/* Loading and releasing of the configuration. */
#include <errno.h>
#include <string.h>

#include "basic/buffer.h"
#include "basic/file.h"
#include "config/config.h"
#include "config/errors.h"
#include "config/settings.h"
#include "config/walk.h"

#define FILE_MAX    ((size_t) 1 << 20)
#define DEPTH_MAX   16
#define ANCHORS_MAX 100

/* Releases what the rows of one record own, and of the lists below it. */
static void release_record(const char *prefix, char *record) {
        for (size_t i = 0; i < ddns_n_settings; i++) {
                const DdnsSetting *s = &ddns_settings[i];
                size_t length = ddns_setting_record_length(s);

                if (length != strlen(prefix) || strncmp(s->key, prefix, length) != 0)
                        continue;

                char **field = (char **) (record + s->offset);
                switch (s->type) {
                case DDNS_SETTING_RECORDS: {
                        char below[128];

                        (void) snprintf(below, sizeof below, "%s[].", s->key);
                        for (size_t n = 0; n < *(size_t *) (record + s->count); n++)
                                release_record(below, *field + n * s->size);
                        break;
                }
                case DDNS_SETTING_WORD:
                case DDNS_SETTING_TEXT:
                case DDNS_SETTING_PATH:
                case DDNS_SETTING_URL:
                case DDNS_SETTING_PIN:
                case DDNS_SETTING_SECRET:
                case DDNS_SETTING_ADDRESS:
                case DDNS_SETTING_PREFIXES:
                case DDNS_SETTING_ENDPOINTS:
                        break;
                default:
                        continue;
                }
                free(*field);
                *field = NULL; /* two rows for two types may share a field */
        }
}

void ddns_config_done(DdnsConfig *c) {
        release_record("", (char *) c);
        free(c->path);
        *c = DDNS_CONFIG_NULL;
}

/* The one default that depends on another setting. */
static int add_include_files(DdnsConfig *c) {
        for (size_t i = 0; i < c->n_backends; i++) {
                DdnsBackendConfig *b = &c->backends[i];

                if (b->type != DDNS_BACKEND_BIND || b->include_file)
                        continue;
                if (asprintf(&b->include_file, "%s/ddns.zones.conf", b->zone_dir) < 0) {
                        b->include_file = NULL;
                        return -ENOMEM;
                }
        }
        return 0;
}

/* Line and column of a byte, for what libyaml doesn't mark. */
static void add_error_at(DdnsConfigErrors *errors, const char *text, size_t offset, const char *what) {
        size_t line = 1, column = 1;

        for (size_t i = 0; i < offset; i++)
                if (text[i] == '\n') {
                        line++;
                        column = 1;
                } else if (((unsigned char) text[i] & 0xc0) != 0x80) /* a character counts once */
                        column++;
        ddns_config_errors_add(errors, line, column, "%s; allowed: YAML 1.1 in UTF-8", what);
}

static int fail_syntax(const yaml_parser_t *p, const char *text, DdnsConfigErrors *errors) {
        if (p->error == YAML_MEMORY_ERROR)
                return -ENOMEM;
        if (p->error == YAML_READER_ERROR)
                add_error_at(errors, text, p->problem_offset, p->problem);
        else
                ddns_config_errors_add(errors, p->problem_mark.line + 1, p->problem_mark.column + 1,
                                       "not YAML: %s%s%s", p->context ? p->context : "",
                                       p->context ? ", " : "",
                                       p->problem ? p->problem : "cannot be read");
        return -EBADMSG;
}

static bool has_anchor(const yaml_event_t *e) {
        return (e->type == YAML_SCALAR_EVENT && e->data.scalar.anchor) ||
               (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.anchor) ||
               (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.anchor);
}

typedef struct Shape {
        size_t depth, anchors, documents;
} Shape;

/* What is wrong with the shape of the file at this event; NULL if nothing is. */
static const char *check_event(const yaml_event_t *e, Shape *shape) {
        switch (e->type) {
        case YAML_DOCUMENT_START_EVENT:
                if (++shape->documents > 1) /* nobody would read it */
                        return "a second document; allowed: one";
                break;
        case YAML_SEQUENCE_START_EVENT:
        case YAML_MAPPING_START_EVENT:
                if (++shape->depth > DEPTH_MAX)
                        return "nested too deeply; allowed: 16 levels";
                break;
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
                shape->depth--;
                break;
        default:
                break;
        }
        shape->anchors += has_anchor(e);
        return shape->anchors > ANCHORS_MAX ? "too many anchors; allowed: 100" : NULL;
}

/* Goes through the file event by event before it is loaded: loading takes time in the square of depth and anchors. */
static int check_shape(yaml_parser_t *p, const char *text, DdnsConfigErrors *errors) {
        Shape shape = { 0 };
        bool end = false;

        while (!end) {
                yaml_event_t e;

                if (!yaml_parser_parse(p, &e))
                        return fail_syntax(p, text, errors);
                const char *wrong = check_event(&e, &shape);
                if (wrong)
                        ddns_config_errors_add(errors, e.start_mark.line + 1, e.start_mark.column + 1,
                                               "%s", wrong);
                end = e.type == YAML_STREAM_END_EVENT || shape.depth > DEPTH_MAX ||
                      shape.anchors > ANCHORS_MAX || shape.documents > 1;
                yaml_event_delete(&e);
        }
        return shape.depth > DEPTH_MAX || shape.anchors > ANCHORS_MAX ? -EBADMSG : 0;
}

static int fill(yaml_parser_t *p, const char *text, DdnsConfig *config, DdnsConfigErrors *errors) {
        yaml_document_t document;

        if (!yaml_parser_load(p, &document))
                return fail_syntax(p, text, errors);
        int r = ddns_config_walk(&document, config, errors);
        yaml_document_delete(&document);
        return r;
}

static int parse(const char *text, size_t size, DdnsConfig *config, DdnsConfigErrors *errors) {
        int r = 0;

        for (unsigned pass = 0; pass < 2 && r == 0; pass++) {
                yaml_parser_t parser;

                if (!yaml_parser_initialize(&parser))
                        return -ENOMEM;
                yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
                yaml_parser_set_input_string(&parser, (const unsigned char *) text, size);
                r = pass == 0 ? check_shape(&parser, text, errors) : fill(&parser, text, config, errors);
                yaml_parser_delete(&parser);
        }
        return r;
}

static int load(const char *path, DdnsConfig *config, DdnsConfigErrors *errors, DdnsMessage *message) {
        ddns_cleanup(ddns_freep) char *text = NULL;
        size_t size;
        int r;

        r = ddns_file_read(path, FILE_MAX, &text, &size, message);
        if (r < 0)
                return r == -EFBIG ? -EBADMSG : r;
        /* libyaml takes a NUL for the end of the file and would drop what follows in silence. */
        if (strlen(text) < size) {
                add_error_at(errors, text, strlen(text), "a NUL byte");
                return -EBADMSG;
        }
        r = parse(text, size, config, errors);
        if (r < 0)
                return r;
        config->path = strdup(path);
        return config->path ? add_include_files(config) : -ENOMEM;
}

/* The lines for the caller; a file that couldn't be read or held in memory has one without numbers. */
static char *describe_failure(const char *path, int error, const DdnsConfigErrors *errors,
                              const DdnsMessage *message) {
        char *lines = NULL;

        if (errors->n > 0)
                return ddns_config_errors_format(errors, path);
        if (asprintf(&lines, "%s\n", message->text[0] ? message->text : strerror(-error)) < 0)
                return NULL;
        return lines;
}

int ddns_config_load(const char *path, DdnsConfig *ret, char **ret_errors) {
        ddns_cleanup(ddns_config_done) DdnsConfig config = DDNS_CONFIG_NULL;
        ddns_cleanup(ddns_freep) DdnsConfigErrors *errors = calloc(1, sizeof *errors);
        DdnsMessage message = DDNS_MESSAGE_NULL;

        *ret_errors = NULL;
        if (!errors)
                return -ENOMEM;

        int r = load(path, &config, errors, &message);
        if (r < 0) {
                *ret_errors = describe_failure(path, r, errors, &message);
                return r;
        }
        *ret = config;
        config = DDNS_CONFIG_NULL;
        return 0;
}

int ddns_config_default(DdnsConfig *ret) {
        ddns_cleanup(ddns_config_done) DdnsConfig config = DDNS_CONFIG_NULL;
        ddns_cleanup(ddns_freep) DdnsConfigErrors *errors = calloc(1, sizeof *errors);

        if (!errors || ddns_config_walk(NULL, &config, errors) < 0)
                return -ENOMEM;
        *ret = config;
        config = DDNS_CONFIG_NULL;
        return 0;
}
