/* SPDX-License-Identifier: MIT */
/* From method, target and body to a command. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "basic/cleanup.h"
#include "receiver/request.h"
#include "store/store.h"

static int bad(DdnsRequest *r, unsigned status, const char *text) {
        r->command = DDNS_COMMAND_BAD;
        r->status = status;
        return ddns_fail(&r->message, 0, "%s", text);
}

static bool is_post(const char *method) {
        return strcmp(method, "POST") == 0;
}

/* The query string first: what stands there rules. */
static const DdnsFormField *find(const DdnsRequest *r, const char *name) {
        const DdnsFormField *f = ddns_form_find(&r->query, name);

        return f ? f : ddns_form_find(&r->form, name);
}

static bool is(const DdnsFormField *f, const char *value) {
        return f && f->size == strlen(value) && strcasecmp(f->value, value) == 0;
}

/* A name of a host or an account: printable, bounded. It is stored, compared and shown, and never leads anywhere. */
static int read_owner(DdnsRequest *r, const char *name, const char **ret) {
        const DdnsFormField *f = find(r, name);

        *ret = NULL;
        if (!f || f->size == 0)
                return 0;
        if (f->size > DDNS_OWNER_MAX)
                return -EINVAL;
        for (size_t i = 0; i < f->size; i++)
                if (!isgraph((unsigned char) f->value[i]))
                        return -EINVAL;
        *ret = f->value;
        return 0;
}

/* The name goes into logs and listings: what is not plain in it is not shown. */
static int bad_zone(DdnsRequest *r, const char *name, const char *why) {
        char shown[128];
        DdnsMessage text;

        (void) snprintf(shown, sizeof shown, "%s", name);
        for (char *p = shown; *p; p++)
                if (!isascii(*p) || !isprint((unsigned char) *p))
                        *p = '?';
        (void) ddns_fail(&text, 0, "%s: %.300s", shown, why);
        return bad(r, 400, text.text);
}

static int add_zone(DdnsRequest *r, const DdnsFormField *f) {
        DdnsZoneName *zones = reallocarray(r->zones, r->n_zones + 1, sizeof *zones);
        DdnsMessage message;

        if (!zones)
                return -ENOMEM;
        r->zones = zones;
        if (ddns_zone_name_check(f->value, f->size, r->zones[r->n_zones], &message) < 0) {
                r->n_zones = 0; /* what is refused is not about those before it */
                return bad_zone(r, f->value, message.text);
        }
        for (size_t i = 0; i < r->n_zones; i++)
                if (strcmp(r->zones[i], r->zones[r->n_zones]) == 0)
                        return 0; /* said twice, done once */
        r->n_zones++;
        return 0;
}

/* "select" and a number. Pages of check boxes send the numbers of those that are ticked, so there may be gaps. */
static bool is_select(const DdnsFormField *f) {
        const char *digits = f->name + strlen("select");

        return strncmp(f->name, "select", strlen("select")) == 0 && *digits &&
               strspn(digits, "0123456789") == f->name_size - strlen("select");
}

static bool is_domain(const DdnsFormField *f) {
        return f->name_size == strlen("domain") && strcmp(f->name, "domain") == 0;
}

static int collect(DdnsRequest *r, const DdnsForm *form, bool (*carries_zone)(const DdnsFormField *f)) {
        for (size_t i = 0; i < form->n; i++) {
                int k = carries_zone(&form->fields[i]) ? add_zone(r, &form->fields[i]) : 0;

                if (k < 0 || r->command == DDNS_COMMAND_BAD)
                        return k;
        }
        return 0;
}

/* `domain`, else `select0`, `select1`, … All of them: an OK must not hide a zone with which nothing was done. */
static int read_zones(DdnsRequest *r) {
        const DdnsForm *forms[] = { &r->query, &r->form };
        int k = 0;

        for (size_t i = 0; i < ARRAY_SIZE(forms) && r->n_zones == 0; i++) {
                k = collect(r, forms[i], is_domain);
                if (k >= 0 && r->command != DDNS_COMMAND_BAD && r->n_zones == 0)
                        k = collect(r, forms[i], is_select);
                if (k < 0 || r->command == DDNS_COMMAND_BAD)
                        return k;
        }
        if (r->n_zones == 0)
                return bad(r, 400, "no domain given");
        if (r->n_zones > 1 && r->command != DDNS_COMMAND_DELETE)
                return bad(r, 400, "exists and rawsave are about one domain at a time");
        return 0;
}

static int read_fields(DdnsRequest *r) {
        int k = read_zones(r);

        if (k < 0 || r->command == DDNS_COMMAND_BAD)
                return k;
        /* After the zones: a refusal names them. */
        if (read_owner(r, "hostname", &r->hostname) < 0 || read_owner(r, "username", &r->username) < 0)
                return bad(r, 400, "hostname and username are at most 255 printable characters");
        r->check_parent = is(find(r, "check_for_parent_domain"), "true");
        r->urgent = is(find(r, "named_reload"), "yes");
        return 0;
}

/* With rawsave in the query the whole body is the zone, whatever the Content-Type says; in a form zone_file carries it. */
static void read_zone_text(DdnsRequest *r, bool in_query, const char *body, size_t size) {
        const DdnsFormField *f = ddns_form_find(&r->form, "zone_file");

        r->zone_text = in_query ? body : f ? f->value : "";
        r->zone_size = in_query ? size : f ? f->size : 0;
}

static int parse_dns_admin(DdnsRequest *r, const char *method, const char *body, size_t size) {
        const DdnsFormField *action = ddns_form_find(&r->query, "action");
        bool in_query = action != NULL, opaque = is(action, "rawsave");
        int k;

        if (is_post(method) && !opaque && ddns_form_looks_like(body, size)) {
                k = ddns_form_parse(body, size, &r->form);
                if (k == -EBADMSG)
                        return bad(r, 400,
                                   "the form can not be read: a bad % escape, or too many fields");
                if (k < 0)
                        return k;
                action = find(r, "action");
        }

        if (!action && size == 0) {
                r->command = DDNS_COMMAND_NOTHING;
                return 0;
        }
        if (!action)
                return bad(r, 400, "no action given, and the body is not understood");

        r->command = is(action, "exists")    ? DDNS_COMMAND_EXISTS
                     : is(action, "rawsave") ? DDNS_COMMAND_SAVE
                     : is(action, "delete")  ? DDNS_COMMAND_DELETE
                                             : DDNS_COMMAND_BAD;
        if (r->command == DDNS_COMMAND_BAD)
                return bad(r, 400, "unknown action");
        if (r->command != DDNS_COMMAND_EXISTS && !is_post(method))
                return bad(r, 400, "rawsave and delete need POST");
        r->is_question = r->command == DDNS_COMMAND_EXISTS;
        k = read_fields(r);
        if (k < 0 || r->command == DDNS_COMMAND_BAD)
                return k;

        if (r->command == DDNS_COMMAND_SAVE) {
                read_zone_text(r, in_query, body, size);
                if (r->zone_size == 0)
                        return bad(r, 400, "the zone is empty");
        }
        return 0;
}

/* E1, E9, E10 and our own; of /CMD_API_DNS_ADMIN the action decides. */
static const struct {
        const char *path;
        DdnsCommand command;
} paths[] = {
        { "/CMD_API_LOGIN_TEST", DDNS_COMMAND_LOGIN_TEST },
        { "/CMD_API_USER_EXISTS", DDNS_COMMAND_USER_EXISTS },
        { "/CMD_API_POP", DDNS_COMMAND_NOT_SUPPORTED },
        { "/CMD_EMAIL_POP", DDNS_COMMAND_NOT_SUPPORTED },
        { "/status", DDNS_COMMAND_STATUS },
};

int ddns_request_parse(const char *method, const char *path, const char *query, const char *body,
                       size_t size, DdnsRequest *ret) {
        ddns_cleanup(ddns_request_done) DdnsRequest r = DDNS_REQUEST_NULL;
        bool dns_admin = strcmp(path, "/CMD_API_DNS_ADMIN") == 0;
        int k;

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
                if (strcmp(path, paths[i].path) == 0)
                        r.command = paths[i].command;

        if (!is_post(method) && strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
                k = bad(&r, 405, "only GET and POST are understood");
        else if (!dns_admin && r.command == DDNS_COMMAND_BAD)
                k = bad(&r, 404, "Unknown command");
        else {
                k = ddns_form_parse(query, strlen(query), &r.query);
                if (k == -EBADMSG)
                        k = bad(&r, 400,
                                "the query string can not be read: a bad % escape, or too many fields");
                else if (k >= 0 && dns_admin)
                        k = parse_dns_admin(&r, method, body, size);
        }
        if (k < 0)
                return k;
        *ret = r;
        r = DDNS_REQUEST_NULL;
        return 0;
}

void ddns_request_done(DdnsRequest *r) {
        free(r->zones);
        ddns_form_done(&r->query);
        ddns_form_done(&r->form);
        *r = DDNS_REQUEST_NULL;
}
