/* SPDX-License-Identifier: MIT */
/* Transport by libcurl: what it may do, and how long. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "basic/clock.h"
#include "basic/file.h"
#include "directadmin/http-internal.h"
#include "directadmin/listing.h"

/* Fewer octets of a password are no secret. */
#define ECHO_MIN 4

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode initialized;

static void initialize(void) {
        initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t take_body(char *data, size_t one, size_t size, void *userdata) {
        DdnsDaHttp *h = userdata;

        if (size > DDNS_DA_ANSWER_MAX - h->body.size) {
                h->stopped = -EFBIG;
                return 0;
        }
        ddns_buffer_append(&h->body, data, size);
        if (ddns_buffer_status(&h->body) < 0) {
                h->stopped = -ENOMEM;
                return 0;
        }
        return size;
}

static size_t take_header(char *data, size_t one, size_t size, void *userdata) {
        DdnsDaHttp *h = userdata;

        h->heard_usec = ddns_monotonic_usec();
        h->headers += size;
        if (h->headers > DDNS_DA_HEADERS_MAX) {
                h->stopped = -EFBIG;
                return 0;
        }
        return size;
}

/* libcurl's own limit of silence (CURLOPT_LOW_SPEED_TIME) looks at an average of some seconds. This is called each second. */
static int watch(void *userdata, curl_off_t total_down, curl_off_t down, curl_off_t total_up,
                 curl_off_t up) {
        DdnsDaHttp *h = userdata;
        uint64_t now = ddns_monotonic_usec();

        if (h->server->stop && __atomic_load_n(h->server->stop, __ATOMIC_RELAXED)) {
                h->stopped = -ECANCELED;
                return 1;
        }
        if (down + up != h->moved) {
                h->moved = down + up;
                h->heard_usec = now;
        }
        if (now - h->heard_usec <= h->server->timeout_usec)
                return 0;
        h->stopped = -ETIMEDOUT;
        return 1;
}

static int parse_url(const char *text, CURLU **ret, DdnsMessage *message) {
        CURLU *url = curl_url();
        char *part;
        if (!url)
                return ddns_fail(message, -ENOMEM, "out of memory");

        bool bad = curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER) != CURLUE_OK ||
                   (strncasecmp(text, "http://", 7) != 0 && strncasecmp(text, "https://", 8) != 0) ||
                   strpbrk(text, "?#") != NULL;
        if (!bad && curl_url_get(url, CURLUPART_PATH, &part, 0) == CURLUE_OK) {
                bad = strcmp(part, "/") != 0;
                curl_free(part);
        }
        if (bad) {
                curl_url_cleanup(url);
                /* It may hold a password, so it is not shown. */
                return ddns_fail(message, -EINVAL, "the URL is not like https://HOST:2222");
        }
        *ret = url;
        return 0;
}

typedef struct Setting {
        CURLoption option;
        long value;
} Setting;

static CURLcode set_numbers(CURL *curl, const Setting *settings, size_t n) {
        CURLcode c = CURLE_OK;

        for (size_t i = 0; i < n && c == CURLE_OK; i++)
                c = curl_easy_setopt(curl, settings[i].option, settings[i].value);
        return c;
}

static CURLcode set_texts(CURL *curl, const DdnsDaHttp *h) {
        const DdnsDirectAdmin *s = h->server;
        const struct {
                CURLoption option;
                const char *value;
        } settings[] = {
                { CURLOPT_PROTOCOLS_STR, strncasecmp(s->url, "https", 5) == 0 ? "https" : "http" },
                { CURLOPT_PROXY, "" },
                { CURLOPT_COOKIEFILE, "" }, /* the cookie engine, in memory */
                { CURLOPT_USERAGENT, "ddns/" DDNS_VERSION },
                { CURLOPT_USERNAME, s->username },
                { CURLOPT_PASSWORD, h->password },
        };
        CURLcode c = CURLE_OK;

        for (size_t i = 0; i < ARRAY_SIZE(settings) && c == CURLE_OK; i++)
                c = curl_easy_setopt(curl, settings[i].option, settings[i].value);
        if (c == CURLE_OK && s->pin)
                c = curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, s->pin);
        if (c == CURLE_OK && s->ca) {
                c = curl_easy_setopt(curl, CURLOPT_CAINFO, s->ca);
                /* libcurl would go on trusting the system's directory of authorities beside our file */
                if (c == CURLE_OK)
                        c = curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
        }
        return c;
}

static CURLcode set_callbacks(CURL *curl, DdnsDaHttp *h) {
        CURLcode c = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);

        c = c ?: curl_easy_setopt(curl, CURLOPT_WRITEDATA, h);
        c = c ?: curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
        c = c ?: curl_easy_setopt(curl, CURLOPT_HEADERDATA, h);
        c = c ?: curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
        c = c ?: curl_easy_setopt(curl, CURLOPT_XFERINFODATA, h);
        c = c ?: curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, h->error);
        c = c ?: curl_easy_setopt(curl, CURLOPT_CURLU, h->url);
        return c ?: curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t) DDNS_DA_ANSWER_MAX);
}

static int prepare(DdnsDaHttp *h, DdnsMessage *message) {
        bool chain = h->server->ca || !h->server->pin;
        const Setting numbers[] = {
                { CURLOPT_NOSIGNAL, 1 },
                { CURLOPT_NOPROGRESS, 0 },
                { CURLOPT_FOLLOWLOCATION, 0 },
                { CURLOPT_NETRC, CURL_NETRC_IGNORED },
                { CURLOPT_HTTPAUTH, CURLAUTH_BASIC },
                { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
                { CURLOPT_HTTP09_ALLOWED, 0 },
                { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
                { CURLOPT_SSL_SESSIONID_CACHE, 0 }, /* so that each connection shows its certificate */
                { CURLOPT_SSL_VERIFYPEER, chain },
                { CURLOPT_SSL_VERIFYHOST, chain ? 2 : 0 },
                { CURLOPT_CONNECTTIMEOUT_MS, (long) (h->server->timeout_usec / USEC_PER_MSEC) + 1 },
        };
        CURLcode c = set_numbers(h->curl, numbers, ARRAY_SIZE(numbers));

        c = c ?: set_texts(h->curl, h);
        c = c ?: set_callbacks(h->curl, h);
        return c == CURLE_OK ? 0
                             : ddns_fail(message, c == CURLE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL,
                                         "libcurl: %s", curl_easy_strerror(c));
}

int ddns_da_http_open(const DdnsDirectAdmin *server, DdnsDaHttp **ret, DdnsMessage *message) {
        /* any other text would be the name of a file for libcurl */
        if (server->pin && strncmp(server->pin, "sha256//", 8) != 0)
                return ddns_fail(message, -EINVAL, "the pin is not like sha256//BASE64");
        (void) pthread_once(&once, initialize);
        if (initialized != CURLE_OK)
                return ddns_fail(message, -ENOMEM, "libcurl: %s", curl_easy_strerror(initialized));

        ddns_cleanup(ddns_da_http_freep) DdnsDaHttp *h = calloc(1, sizeof *h);
        if (!h)
                return ddns_fail(message, -ENOMEM, "out of memory");
        h->server = server;
        h->deadline = ddns_monotonic_usec() + server->total_usec;
        int r = parse_url(server->url, &h->url, message);
        if (r < 0)
                return r;
        r = ddns_secret_read(server->password_file, &h->password, message);
        if (r < 0)
                return r == -EACCES ? -EPERM : r; /* nobody has refused our login */
        h->curl = curl_easy_init();
        if (!h->curl)
                return ddns_fail(message, -ENOMEM, "out of memory");
        r = prepare(h, message);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(h);
        return 0;
}

DdnsDaHttp *ddns_da_http_free(DdnsDaHttp *h) {
        if (!h)
                return NULL;
        curl_easy_cleanup(h->curl);
        curl_url_cleanup(h->url);
        if (h->password)
                explicit_bzero(h->password, strlen(h->password));
        free(h->password);
        ddns_buffer_done(&h->body);
        free(h);
        return NULL;
}

static const char *header(CURL *curl, const char *name) {
        struct curl_header *found;

        return curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value
                                                                                      : "";
}

static int perform(DdnsDaHttp *h, DdnsDaAnswer *ret, DdnsMessage *message) {
        uint64_t now = ddns_monotonic_usec();

        if (now >= h->deadline)
                return ddns_da_http_fail(h, CURLE_OPERATION_TIMEDOUT, message);
        (void) curl_easy_setopt(h->curl, CURLOPT_TIMEOUT_MS,
                                (long) ((h->deadline - now) / USEC_PER_MSEC) + 1);
        ddns_buffer_reset(&h->body);
        h->headers = 0;
        h->heard_usec = now;
        h->moved = 0;
        h->stopped = 0;
        h->error[0] = '\0';

        CURLcode c = curl_easy_perform(h->curl);
        if (c != CURLE_OK)
                return ddns_da_http_fail(h, c, message);

        const char *encoding = header(h->curl, "Content-Encoding");
        if (encoding[0] && strcasecmp(encoding, "identity") != 0)
                return ddns_fail(message, -EBADMSG, "the answer is compressed, which nobody asked for");
        *ret = (DdnsDaAnswer){ .type = header(h->curl, "Content-Type"),
                               .location = header(h->curl, "Location"),
                               .data = h->body.size > 0 ? h->body.data : "",
                               .size = h->body.size };
        (void) curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &ret->status);
        return 0;
}

static int set_url(DdnsDaHttp *h, const char *path, const char *query, DdnsMessage *message) {
        if (curl_url_set(h->url, CURLUPART_PATH, path, 0) != CURLUE_OK ||
            curl_url_set(h->url, CURLUPART_QUERY, query, 0) != CURLUE_OK)
                return ddns_fail(message, -ENOMEM, "out of memory");
        return 0;
}

int ddns_da_http_get(DdnsDaHttp *h, const char *path, const char *query, DdnsDaAnswer *ret,
                     DdnsMessage *message) {
        int r = set_url(h, path, query, message);
        if (r < 0)
                return r;
        (void) curl_easy_setopt(h->curl, CURLOPT_HTTPGET, 1L);
        return perform(h, ret, message);
}

int ddns_da_http_post(DdnsDaHttp *h, const char *path, const char *form, DdnsDaAnswer *ret,
                      DdnsMessage *message) {
        int r = set_url(h, path, NULL, message);
        if (r < 0)
                return r;
        (void) curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, form);
        (void) curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE, (long) strlen(form));
        r = perform(h, ret, message);
        (void) curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, NULL);
        return r;
}

void ddns_da_http_append_field(DdnsDaHttp *h, DdnsBuffer *form, const char *key, const char *value) {
        char *escaped_key = curl_easy_escape(h->curl, key, 0);
        char *escaped = curl_easy_escape(h->curl, value, 0);

        if (form->size > 0)
                ddns_buffer_append_byte(form, '&');
        if (escaped_key && escaped) {
                ddns_buffer_append_text(form, escaped_key);
                ddns_buffer_append_byte(form, '=');
                ddns_buffer_append_text(form, escaped);
                explicit_bzero(escaped, strlen(escaped));
        } else
                form->failed = true;
        curl_free(escaped_key);
        curl_free(escaped);
}

int ddns_da_http_login(DdnsDaHttp *h, DdnsDaAnswer *ret, DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer form = DDNS_BUFFER_NULL;

        ddns_buffer_reserve(&form, DDNS_DA_FIELD_MAX(h->server->username) +
                                                   DDNS_DA_FIELD_MAX(h->password) + 64);
        ddns_da_http_append_field(h, &form, "username", h->server->username);
        ddns_da_http_append_field(h, &form, "password", h->password);
        ddns_da_http_append_field(h, &form, "referer", "/");
        int r = ddns_buffer_status(&form) < 0 ? ddns_fail(message, -ENOMEM, "out of memory") : 0;
        if (r == 0) {
                (void) curl_easy_setopt(h->curl, CURLOPT_USERNAME, NULL);
                (void) curl_easy_setopt(h->curl, CURLOPT_PASSWORD, NULL);
                r = ddns_da_http_post(h, "/CMD_LOGIN", form.data, ret, message);
        }
        if (form.data)
                explicit_bzero(form.data, form.allocated);
        return r;
}

bool ddns_da_http_has_cookie(const DdnsDaHttp *h) {
        struct curl_slist *cookies = NULL;

        (void) curl_easy_getinfo(h->curl, CURLINFO_COOKIELIST, &cookies);
        bool found = cookies != NULL;
        curl_slist_free_all(cookies);
        return found;
}

/* Of `secret` as ddns_da_quote() writes it: all, or what stands before the dots where it cuts. */
static bool has_quoted(const char *text, const char *secret) {
        size_t n = strlen(secret);

        for (const char *dots = strstr(text, "..."); dots; dots = strstr(dots + 1, "..."))
                for (size_t k = n; k >= ECHO_MIN; k--)
                        if ((size_t) (dots - text) >= k && memcmp(dots - k, secret, k) == 0)
                                return true;
        return strstr(text, secret) != NULL;
}

bool ddns_da_echoes(const char *secret, const char *text) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer quoted = DDNS_BUFFER_NULL;
        char one[DDNS_DA_QUOTE_MAX];
        size_t n = strlen(secret);

        ddns_buffer_reserve(&quoted, 4 * n); /* so that no copy stays behind */
        for (size_t i = 0; i < n; i++)
                ddns_buffer_append_text(&quoted, ddns_da_quote(secret + i, 1, one));
        bool found = ddns_buffer_status(&quoted) < 0 || has_quoted(text, quoted.data);
        if (quoted.data)
                explicit_bzero(quoted.data, quoted.size);
        return found;
}

bool ddns_da_http_echoes(const DdnsDaHttp *h, const char *text) {
        return ddns_da_echoes(h->password, text);
}
