/* SPDX-License-Identifier: MIT */
/* The requests of DirectAdmin's page Multi Server Setup. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "directadmin/listing.h"
#include "directadmin/register.h"
#include "directadmin/session.h"

#define COMMAND "/CMD_MULTI_SERVER"

typedef struct Registrar {
        DdnsDaSession session;
        const DdnsDaPeer *peer;
} Registrar;

static const char *yes_no(bool value) {
        return value ? "yes" : "no";
}

static int fail_shape(DdnsMessage *message) {
        return ddns_fail(message, -EBADMSG, "its answer to " COMMAND " is not understood");
}

static int parse(const DdnsDaAnswer *answer, json_t **ret, DdnsMessage *message) {
        json_t *root = json_loadb(answer->data, answer->size, JSON_REJECT_DUPLICATES, NULL);

        if (!json_is_object(root)) {
                json_decref(root);
                return fail_shape(message);
        }
        *ret = root;
        return 0;
}

static const char *text_of(const json_t *object, const char *key) {
        const char *text = json_string_value(json_object_get(object, key));

        return text ? text : "";
}

/* A number may be one in JSON or a text. */
static bool is_port(const json_t *value, uint32_t port) {
        char text[16];

        (void) snprintf(text, sizeof text, "%u", port);
        return json_is_integer(value)
                               ? json_integer_value(value) == port
                               : json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* -ENOENT: it is not there; -ESTALE: it is otherwise. */
static int check_entry(const DdnsDaPeer *peer, const json_t *entry, DdnsMessage *message) {
        if (!entry)
                return ddns_fail(message, -ENOENT, "%s is not among its servers", peer->address);
        if (!is_port(json_object_get(entry, "port"), peer->port) ||
            strcmp(text_of(entry, "ssl"), yes_no(peer->tls)) != 0 ||
            strcmp(text_of(entry, "dns"), "yes") != 0)
                return ddns_fail(message, -ESTALE,
                                 "it said that the entry %s is saved, but shows it otherwise",
                                 peer->address);
        return 0;
}

/* What it has now. As check_entry(). */
static int look(Registrar *g, DdnsDaRegistration *ret, DdnsMessage *message) {
        DdnsDaAnswer answer;
        json_t *root;

        int r = ddns_da_session_get(&g->session, COMMAND, "json=yes", &answer, message);
        if (r == -ENOENT)
                return ddns_fail(message, -EBADMSG, "it has no Multi Server Setup (HTTP 404)");
        if (r < 0 || (r = parse(&answer, &root, message)) < 0)
                return r;
        const json_t *servers = json_object_get(root, "servers");
        const char *cluster = json_string_value(json_object_get(root, "CLUSTER_ON"));
        /* without entries it may be an empty array */
        if (!cluster || (!json_is_object(servers) && json_array_size(servers) > 0))
                r = fail_shape(message);
        else {
                ret->cluster_on = strcmp(cluster, "yes") == 0;
                r = check_entry(g->peer, json_object_get(servers, g->peer->address), message);
        }
        json_decref(root);
        return r;
}

static int check_success(const DdnsDaAnswer *answer, DdnsMessage *message) {
        char quoted[DDNS_DA_QUOTE_MAX];
        json_t *root;

        int r = parse(answer, &root, message);
        if (r < 0)
                return r;
        const char *result = text_of(root, "result");
        if (!text_of(root, "success")[0])
                r = ddns_fail(message, -EBADMSG, "it refuses the entry: %s",
                              result[0] ? ddns_da_quote(result, strlen(result), quoted)
                                        : "(without a text)");
        json_decref(root);
        return r;
}

/* Sends the form, which has a secret, and wipes it. */
static int post(Registrar *g, DdnsBuffer *form, DdnsMessage *message) {
        DdnsDaAnswer answer;
        int r = ddns_buffer_status(form) < 0 ? ddns_fail(message, -ENOMEM, "out of memory") : 0;

        r = r ?: ddns_da_session_post(&g->session, COMMAND, form->data, &answer, message);
        if (form->data)
                explicit_bzero(form->data, form->allocated);
        return r ?: check_success(&answer, message);
}

static void append(Registrar *g, DdnsBuffer *form, const char *key, const char *value) {
        ddns_da_http_append_field(g->session.http, form, key, value);
}

static void reserve(const Registrar *g, DdnsBuffer *form) {
        ddns_buffer_reserve(form, 1024 + DDNS_DA_FIELD_MAX(g->peer->password) +
                                                  DDNS_DA_FIELD_MAX(g->peer->username) +
                                                  12 * DDNS_DA_FIELD_MAX(g->peer->address));
}

static int add(Registrar *g, DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer form = DDNS_BUFFER_NULL;
        const DdnsDaPeer *peer = g->peer;
        char port[16];

        (void) snprintf(port, sizeof port, "%u", peer->port);
        reserve(g, &form);
        append(g, &form, "action", "add");
        append(g, &form, "json", "yes");
        append(g, &form, "ip", peer->address);
        append(g, &form, "port", port);
        append(g, &form, "user", peer->username);
        append(g, &form, "passwd", peer->password);
        append(g, &form, "ssl", yes_no(peer->tls));
        return post(g, &form, message);
}

/* A field of one of the selected entries: KEY-ADDRESS. */
static void append_of(Registrar *g, DdnsBuffer *form, const char *key, const char *value) {
        char name[128];

        (void) snprintf(name, sizeof name, "%s-%s", key, g->peer->address);
        append(g, form, name, value);
}

static int save(Registrar *g, DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer form = DDNS_BUFFER_NULL;
        const DdnsDaPeer *peer = g->peer;
        char port[16];

        (void) snprintf(port, sizeof port, "%u", peer->port);
        reserve(g, &form);
        append(g, &form, "action", "multiple");
        append(g, &form, "save", "yes");
        append(g, &form, "json", "yes");
        append(g, &form, "passwd", peer->password);
        append(g, &form, "select0", peer->address);
        append_of(g, &form, "port", port);
        append_of(g, &form, "user", peer->username);
        append_of(g, &form, "ssl", yes_no(peer->tls));
        append_of(g, &form, "dns", "yes");
        append_of(g, &form, "domain_check", "yes");
        append_of(g, &form, "user_check", "no");
        append_of(g, &form, "email", "no");
        append_of(g, &form, "show_all_users", "no");
        return post(g, &form, message);
}

static int make(Registrar *g, DdnsDaRegistration *ret, DdnsMessage *message) {
        DdnsMessage entry = DDNS_MESSAGE_NULL;

        int r = look(g, ret, message);
        if (r < 0 && r != -ENOENT && r != -ESTALE)
                return r;
        ret->added = r == -ENOENT;
        r = ret->added ? add(g, message) : 0;
        r = r ?: save(g, message);
        if (r < 0)
                return r;
        r = look(g, ret, &entry);
        return r < 0 ? ddns_fail(message, r, "%s", entry.text) : 0;
}

int ddns_da_register(const DdnsDirectAdmin *server, const DdnsDaPeer *peer, DdnsDaRegistration *ret,
                     DdnsMessage *message) {
        ddns_cleanup(ddns_da_http_freep) DdnsDaHttp *http = NULL;
        DdnsDaRegistration registration = { 0 };
        DdnsMessage why = DDNS_MESSAGE_NULL;

        int r = ddns_da_http_open(server, &http, message);
        if (r < 0)
                return r;
        Registrar g = { .session = { .server = server, .http = http }, .peer = peer };
        r = make(&g, &registration, &why);
        if (r == 0) {
                *ret = registration;
                return 0;
        }
        if (ddns_da_http_echoes(http, why.text) || ddns_da_echoes(peer->password, why.text))
                (void) ddns_fail(&why, r, "its answer is not shown, since it has a password in it");
        /* inner outcomes, not of the contract */
        return ddns_fail(message, r == -ENOENT || r == -ESTALE ? -EBADMSG : r, "%s", why.text);
}
