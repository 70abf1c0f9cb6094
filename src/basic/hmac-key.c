/* SPDX-License-Identifier: MIT */
/* Parsing of key clauses and signing with them. */
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "basic/file.h"
#include "basic/hmac-key.h"

#define FILE_MAX  65536
#define TOKEN_MAX 1024

static const struct {
        const char *name;
        DdnsHmacAlgorithm algorithm;
        gnutls_mac_algorithm_t mac;
} algorithms[] = {
        { "hmac-md5", DDNS_HMAC_MD5, GNUTLS_MAC_MD5 },
        { "hmac-sha1", DDNS_HMAC_SHA1, GNUTLS_MAC_SHA1 },
        { "hmac-sha224", DDNS_HMAC_SHA224, GNUTLS_MAC_SHA224 },
        { "hmac-sha256", DDNS_HMAC_SHA256, GNUTLS_MAC_SHA256 },
        { "hmac-sha384", DDNS_HMAC_SHA384, GNUTLS_MAC_SHA384 },
        { "hmac-sha512", DDNS_HMAC_SHA512, GNUTLS_MAC_SHA512 },
};

typedef struct Scanner {
        const char *at;
        unsigned line;
        char token[TOKEN_MAX]; /* "{", "}", ";", a word, or what stood in quotes */
        DdnsMessage *message;
} Scanner;

static void skip_to(Scanner *s, const char *end) {
        for (; s->at < end; s->at++)
                if (*s->at == '\n')
                        s->line++;
}

/* Passes blanks and comments in the three styles of named.conf. False: a comment has no end. */
static bool skip_blanks(Scanner *s) {
        for (;;) {
                skip_to(s, s->at + strspn(s->at, " \t\r\n"));
                if (s->at[0] == '#' || (s->at[0] == '/' && s->at[1] == '/'))
                        skip_to(s, s->at + strcspn(s->at, "\n"));
                else if (s->at[0] == '/' && s->at[1] == '*') {
                        const char *end = strstr(s->at + 2, "*/");
                        if (!end)
                                return false;
                        skip_to(s, end + 2);
                } else
                        return true;
        }
}

/* The next token; false at the end of the text, or if there is none to be read. */
static bool next(Scanner *s) {
        size_t size;

        s->token[0] = '\0';
        if (!skip_blanks(s) || !*s->at)
                return false;

        bool quoted = *s->at == '"';
        if (quoted) {
                s->at++;
                size = strcspn(s->at, "\"\n");
                if (s->at[size] != '"')
                        return false;
        } else if (strchr("{};", *s->at))
                size = 1;
        else
                size = strcspn(s->at, "{};\" \t\r\n");

        if (size >= sizeof s->token)
                return false;
        memcpy(s->token, s->at, size);
        s->token[size] = '\0';
        s->at += size + quoted;
        return true;
}

static int expect(Scanner *s, const char *what) {
        if (next(s) && strcasecmp(s->token, what) == 0)
                return 0;
        return ddns_fail(s->message, -EBADMSG, "line %u: '%s' is missing", s->line, what);
}

static int parse_algorithm(Scanner *s, DdnsHmacKey *key) {
        if (!next(s))
                return ddns_fail(s->message, -EBADMSG, "line %u: the algorithm is missing", s->line);
        for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++)
                if (strcasecmp(s->token, algorithms[i].name) == 0) {
                        key->algorithm = algorithms[i].algorithm;
                        return 0;
                }
        return ddns_fail(s->message, -EBADMSG,
                         "line %u: unknown algorithm; hmac-md5, -sha1, -sha224, -sha256, -sha384 and "
                         "-sha512 "
                         "are known",
                         s->line);
}

static int parse_secret(Scanner *s, DdnsHmacKey *key) {
        gnutls_datum_t decoded = { 0 };

        if (!next(s))
                return ddns_fail(s->message, -EBADMSG, "line %u: the secret is missing", s->line);

        gnutls_datum_t text = { .data = (unsigned char *) s->token,
                                .size = (unsigned) strlen(s->token) };
        int r = gnutls_base64_decode2(&text, &decoded);
        bool good = r == 0 && decoded.size > 0 && decoded.size <= sizeof key->secret;
        if (good) {
                memcpy(key->secret, decoded.data, decoded.size);
                key->size = decoded.size;
        }
        if (decoded.data) {
                explicit_bzero(decoded.data, decoded.size);
                gnutls_free(decoded.data);
        }
        return good ? 0 : ddns_fail(s->message, -EBADMSG, "line %u: the secret is not base64", s->line);
}

static int parse_name(Scanner *s, DdnsHmacKey *key) {
        if (!next(s))
                return ddns_fail(s->message, -EBADMSG, "line %u: the name of the key is missing",
                                 s->line);
        size_t size = strlen(s->token);
        if (size == 0 || size >= sizeof key->name)
                return ddns_fail(s->message, -EBADMSG,
                                 "line %u: the name of the key is empty or too long", s->line);
        memcpy(key->name, s->token, size + 1);
        return 0;
}

static int parse_clause(Scanner *s, DdnsHmacKey *key) {
        int r = expect(s, "key");
        if (r >= 0)
                r = parse_name(s, key);
        if (r < 0)
                return r;
        r = expect(s, "{");
        if (r < 0)
                return r;

        for (;;) {
                if (!next(s))
                        return ddns_fail(s->message, -EBADMSG, "line %u: '}' is missing", s->line);
                if (strcmp(s->token, "}") == 0)
                        break;
                if (strcasecmp(s->token, "algorithm") == 0)
                        r = parse_algorithm(s, key);
                else if (strcasecmp(s->token, "secret") == 0)
                        r = parse_secret(s, key);
                else
                        r = ddns_fail(s->message, -EBADMSG,
                                      "line %u: a key has 'algorithm' and 'secret' and nothing else",
                                      s->line);
                if (r >= 0)
                        r = expect(s, ";");
                if (r < 0)
                        return r;
        }
        if (key->algorithm == 0 || key->size == 0)
                return ddns_fail(s->message, -EBADMSG, "line %u: the key lacks 'algorithm' or 'secret'",
                                 s->line);
        return 0;
}

int ddns_hmac_key_parse(const char *text, DdnsHmacKey *ret, DdnsMessage *message) {
        Scanner s = { .at = text, .line = 1, .message = message };
        DdnsHmacKey key = { 0 };

        int r = parse_clause(&s, &key);
        if (r >= 0)
                *ret = key;
        ddns_hmac_key_done(&key);
        explicit_bzero(s.token, sizeof s.token);
        return r;
}

int ddns_hmac_key_read(const char *name, DdnsHmacKey *ret, DdnsMessage *message) {
        ddns_cleanup(ddns_freep) char *path = NULL;
        DdnsMessage reason = DDNS_MESSAGE_NULL;
        char *text;
        size_t size;

        int r = ddns_secret_path(name, &path, message);
        if (r < 0)
                return r;
        r = ddns_file_read(path, FILE_MAX, &text, &size, message);
        if (r < 0)
                return r;

        r = ddns_hmac_key_parse(text, ret, &reason);
        explicit_bzero(text, size);
        free(text);
        return r < 0 ? ddns_fail(message, r, "%s: %s", path, reason.text) : 0;
}

int ddns_hmac_key_mac(const DdnsHmacKey *key) {
        for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++)
                if (algorithms[i].algorithm == key->algorithm)
                        return (int) algorithms[i].mac;
        return GNUTLS_MAC_UNKNOWN;
}

int ddns_hmac_key_sign(const DdnsHmacKey *key, const void *data, size_t size,
                       uint8_t ret[DDNS_HMAC_DIGEST_MAX]) {
        gnutls_mac_algorithm_t mac = ddns_hmac_key_mac(key);

        if (gnutls_hmac_fast(mac, key->secret, key->size, data, size, ret) < 0)
                return -EIO;
        return (int) gnutls_hmac_get_len(mac);
}

void ddns_hmac_key_done(DdnsHmacKey *key) {
        explicit_bzero(key, sizeof *key);
}
