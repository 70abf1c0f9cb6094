/* SPDX-License-Identifier: MIT */
/* Reading DirectAdmin's answers: JSON pages, and what comes in their place. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "basic/domain.h"
#include "directadmin/listing-internal.h"

/* What a value of JSON costs in memory, at most: an object or array 300 octets, any other 90 (measured). So an answer of a few
 * megabytes of "{},{},{}," is refused before it takes gigabytes. 100,000 rows on a single page have a weight of 1.1 million. */
#define CONTAINER_WEIGHT 8
#define WEIGHT_MAX       (2 << 20)

/* DirectAdmin says in a few words that it wants https. */
#define TINY_PAGE_MAX 2048

void ddns_da_names_done(DdnsDaNames *names) {
        ddns_buffer_done(&names->text);
        names->n = 0;
}

const char *ddns_da_quote(const char *text, size_t size, char ret[DDNS_DA_QUOTE_MAX]) {
        static const char rest[] = "...";
        size_t n = 0;

        for (size_t i = 0; i < size; i++) {
                unsigned char c = (unsigned char) text[i];
                if (n + 4 + sizeof rest > DDNS_DA_QUOTE_MAX) {
                        memcpy(ret + n, rest, sizeof rest);
                        return ret;
                }
                if (c < 0x20 || c > 0x7e)
                        n += (size_t) snprintf(ret + n, 5, "\\x%02x", c);
                else
                        ret[n++] = (char) c;
        }
        ret[n] = '\0';
        return ret;
}

int ddns_da_names_add(DdnsDaNames *names, const char *name, size_t size, DdnsMessage *message) {
        char checked[DDNS_ZONE_NAME_MAX + 1], quoted[DDNS_DA_QUOTE_MAX];
        DdnsMessage why = DDNS_MESSAGE_NULL;

        if (ddns_zone_name_check(name, size, checked, &why) < 0)
                return ddns_fail(message, -EBADMSG, "it lists \"%s\": %s",
                                 ddns_da_quote(name, size, quoted), why.text);
        if (names->n >= names->max)
                return ddns_fail(message, -EFBIG, "it lists more than %zu zones", names->max);
        ddns_buffer_append(&names->text, checked, strlen(checked) + 1);
        if (ddns_buffer_status(&names->text) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");
        names->n++;
        return 0;
}

int ddns_da_fail_html(const char *data, size_t size, DdnsMessage *message) {
        if (strcasestr(data, "type=\"password\"") || strcasestr(data, "name=\"password\""))
                return ddns_fail(
                                message, -EACCES,
                                "it answers with its login page instead of a listing: is the account an "
                                "administrator?");
        if (size < TINY_PAGE_MAX && strcasestr(data, "https"))
                return ddns_fail(message, -EBADMSG,
                                 "it wants https: the URL has to begin with https://");
        if (strcasestr(data, "CMD_LOGIN"))
                return ddns_fail(message, -EACCES,
                                 "it answers with a page that leads to its login: is the account an "
                                 "administrator?");
        return ddns_fail(message, -EBADMSG, "it answers with an HTML page instead of a listing");
}

static int fail_error(const json_t *error, const json_t *root, DdnsMessage *message) {
        char quoted[2][DDNS_DA_QUOTE_MAX];
        const json_t *result = json_object_get(root, "result");
        const char *texts[] = { json_string_value(error), json_string_value(result) };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                ddns_da_quote(texts[i] ?: "", texts[i] ? strlen(texts[i]) : 0, quoted[i]);
        return ddns_fail(message, -EBADMSG, "it answers with an error: %s%s%s",
                         texts[0] ? quoted[0] : "(not a text)", quoted[1][0] ? ": " : "", quoted[1]);
}

static bool is_row(const char *key) {
        return key[0] != '\0' && key[strspn(key, "0123456789")] == '\0';
}

static int read_pages(const json_t *root, uint32_t *ret) {
        const json_t *pages = json_object_get(json_object_get(root, "info"), "total_pages");
        long long n = -1;

        if (json_is_integer(pages))
                n = json_integer_value(pages);
        else if (json_is_string(pages)) {
                const char *text = json_string_value(pages);
                if (is_row(text) && strlen(text) <= 10)
                        n = strtoll(text, NULL, 10);
        }
        if (n < 1 || n > UINT32_MAX)
                return -EBADMSG;
        *ret = (uint32_t) n;
        return 0;
}

static int read_rows(json_t *root, DdnsDaNames *names, uint32_t *n_rows, DdnsMessage *message) {
        const char *key;
        json_t *row;

        json_object_foreach(root, key, row) {
                if (!is_row(key))
                        continue;
                const json_t *name = json_object_get(row, "domain");
                char quoted[DDNS_DA_QUOTE_MAX];
                if (!json_is_string(name))
                        return ddns_fail(message, -EBADMSG, "row %s of its listing has no domain",
                                         ddns_da_quote(key, strlen(key), quoted));
                int r = ddns_da_names_add(names, json_string_value(name), json_string_length(name),
                                          message);
                if (r < 0)
                        return r;
                ++*n_rows;
        }
        return 0;
}

static int read_root(json_t *root, DdnsDaNames *names, DdnsDaPage *ret, DdnsMessage *message) {
        DdnsDaPage page = { 0 };
        const json_t *error = json_object_get(root, "error");

        if (!json_is_object(root))
                return ddns_fail(message, -EBADMSG, "its answer is JSON, but no listing");
        if (error)
                return fail_error(error, root, message);
        int r = read_rows(root, names, &page.n_rows, message);
        if (r < 0)
                return r;
        if (read_pages(root, &page.n_pages) < 0 && page.n_rows > 0)
                return ddns_fail(message, -EBADMSG, "its listing does not say how many pages there are");
        *ret = page;
        return 0;
}

static bool is_too_heavy(const char *data, size_t size) {
        size_t weight = 0;

        for (size_t i = 0; i < size; i++)
                if (data[i] == '{' || data[i] == '[')
                        weight += CONTAINER_WEIGHT;
                else if (data[i] == ',')
                        weight++;
        return weight > WEIGHT_MAX;
}

int ddns_da_parse_page(const char *data, size_t size, DdnsDaNames *names, DdnsDaPage *ret,
                       DdnsMessage *message) {
        json_error_t error;

        int r = ddns_da_check_text(data, size, message);
        if (r < 0)
                return r;
        if (is_too_heavy(data, size))
                return ddns_fail(message, -EFBIG, "its answer has more JSON values than any listing");
        json_t *root = json_loadb(data, size, JSON_REJECT_DUPLICATES, &error);
        if (!root) {
                char quoted[DDNS_DA_QUOTE_MAX];
                if (json_error_code(&error) == json_error_out_of_memory)
                        return ddns_fail(message, -ENOMEM, "out of memory");
                return ddns_fail(message, -EBADMSG, "its answer is not JSON: line %d, column %d: %s",
                                 error.line, error.column,
                                 ddns_da_quote(error.text, strlen(error.text), quoted));
        }
        r = read_root(root, names, ret, message);
        json_decref(root);
        return r;
}
