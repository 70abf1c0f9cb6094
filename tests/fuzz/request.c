/* SPDX-License-Identifier: MIT */
/* A request as DirectAdmin sends it: its first line, headers that are passed over but for Authorization, and its body. What is
 * accepted names zones that were checked, and a saved zone's text lies within what came. */
#include <string.h>

#include "basic/domain.h"
#include "fuzz.h"
#include "receiver/credential.h"
#include "receiver/request.h"

/* What stands before `end`, NUL-terminated in place; NULL if it is not there. */
static char *cut(char **from, const char *end) {
        char *start = *from, *p = strstr(start, end);

        if (!p)
                return NULL;
        *p = '\0';
        *from = p + strlen(end);
        return start;
}

static void check_zones(const DdnsRequest *r) {
        for (size_t i = 0; i < r->n_zones; i++) {
                char name[DDNS_ZONE_NAME_MAX + 1];

                must(ddns_zone_name_check(r->zones[i], strlen(r->zones[i]), name, NULL) >= 0);
                must(strcmp(name, r->zones[i]) == 0);
                must(!strchr(name, '/') && name[0] != '.');
        }
}

static void check(const char *method, char *target, const char *body, size_t size) {
        ddns_cleanup(ddns_request_done) DdnsRequest r = DDNS_REQUEST_NULL;
        char *query = strchr(target, '?');

        if (query)
                *query++ = '\0';
        if (ddns_request_parse(method, target, query ? query : "", body, size, &r) < 0)
                return;
        switch (r.command) {
        case DDNS_COMMAND_BAD:
                must(r.message.text[0] && r.status >= 200 && r.status < 600);
                break;
        case DDNS_COMMAND_SAVE:
                must(r.n_zones == 1 && r.zone_text && r.zone_size <= size);
                break;
        case DDNS_COMMAND_EXISTS:
                must(r.n_zones == 1);
                break;
        case DDNS_COMMAND_DELETE:
                must(r.n_zones >= 1);
                break;
        default:
                must(r.n_zones == 0);
        }
        check_zones(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char user[DDNS_USERNAME_SHOWN];
        char *text = malloc(size + 1), *rest = text;

        must(text);
        memcpy(text, data, size);
        text[size] = '\0';
        const char *method = cut(&rest, " ");
        char *target = method ? cut(&rest, " HTTP/1.") : NULL;
        char *headers = target ? cut(&rest, "\r\n\r\n") : NULL;
        if (headers) {
                const char *authorization = strstr(headers, "Authorization: ");

                if (authorization) {
                        ddns_credentials_username(authorization + strlen("Authorization: "), user);
                        must(strlen(user) < sizeof user);
                }
                check(method, target, rest, size - (size_t) (rest - text));
        }
        free(text);
        return 0;
}
