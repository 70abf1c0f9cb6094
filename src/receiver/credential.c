/* SPDX-License-Identifier: MIT */
/* Basic authentication against crypt(5) hashes, with a keyed digest in memory for what was right once. */
#include <crypt.h>
#include <ctype.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "basic/digest.h"
#include "basic/file.h"
#include "receiver/credential.h"

#define AUTHORIZATION_MAX 2048

typedef struct Credential {
        const DdnsMaster *master;
        char *hash; /* NULL: not usable */
        bool known;
        uint8_t digest[DDNS_DIGEST_SIZE]; /* of the header that was right, keyed */
} Credential;

struct DdnsCredentials {
        pthread_mutex_t lock; /* over known and digest */
        uint8_t key[DDNS_DIGEST_SIZE];
        Credential *credentials;
        size_t n;
};

/* A user name and a password out of a header, wiped when released. */
typedef struct Login {
        gnutls_datum_t decoded;
        const char *username;
        const char *password; /* may hold ':' */
} Login;

static void login_done(Login *l) {
        if (l->decoded.data) {
                explicit_bzero(l->decoded.data, l->decoded.size);
                gnutls_free(l->decoded.data);
        }
        *l = (Login){ 0 };
}

static int login_parse(const char *authorization, Login *ret) {
        ddns_cleanup(login_done) Login login = { 0 };

        if (!authorization || strlen(authorization) > AUTHORIZATION_MAX ||
            strncasecmp(authorization, "Basic ", 6) != 0)
                return -EINVAL;
        authorization += 6 + strspn(authorization + 6, " ");

        gnutls_datum_t encoded = { (void *) authorization, (unsigned) strlen(authorization) };
        gnutls_datum_t decoded;
        if (encoded.size == 0)
                return -EINVAL;
        int r = gnutls_base64_decode2(&encoded, &decoded);
        if (r < 0)
                return r == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EINVAL;
        login.decoded = decoded;

        unsigned char *bigger = gnutls_realloc(decoded.data, decoded.size + 1);
        if (!bigger)
                return -ENOMEM;
        login.decoded.data = bigger;
        bigger[decoded.size] = '\0';

        char *colon = memchr(bigger, ':', decoded.size);
        if (!colon || memchr(bigger, '\0', decoded.size))
                return -EINVAL;
        *colon = '\0';
        login.username = (char *) bigger;
        login.password = colon + 1;
        *ret = login;
        login = (Login){ 0 };
        return 0;
}

void ddns_credentials_username(const char *authorization, char ret[DDNS_USERNAME_SHOWN]) {
        ddns_cleanup(login_done) Login login = { 0 };
        size_t i = 0;

        if (login_parse(authorization, &login) < 0 || login.username[0] == '\0') {
                strcpy(ret, "-");
                return;
        }
        for (; i + 1 < DDNS_USERNAME_SHOWN && login.username[i]; i++)
                ret[i] = isgraph((unsigned char) login.username[i]) && login.username[i] != '"'
                                         ? login.username[i]
                                         : '?';
        ret[i] = '\0';
}

/* A password written down in place of its hash passes for one of DES, as a legacy method. */
static bool is_strong(const char *hash) {
        int salt = crypt_checksalt(hash);

        return salt == CRYPT_SALT_OK || salt == CRYPT_SALT_TOO_CHEAP;
}

static bool passes(int error) {
        return error == -ENOMEM || error == -EIO || error == -EMFILE || error == -ENFILE;
}

int ddns_credentials_new(const DdnsMaster *masters, size_t n,
                         void (*missing)(const DdnsMaster *master, const char *why),
                         DdnsCredentials **ret) {
        ddns_cleanup(ddns_credentials_freep) DdnsCredentials *c = calloc(1, sizeof *c);
        size_t usable = 0;

        if (!c)
                return -ENOMEM;
        (void) pthread_mutex_init(&c->lock, NULL);
        c->credentials = calloc(n > 0 ? n : 1, sizeof *c->credentials);
        if (!c->credentials)
                return -ENOMEM;
        if (gnutls_rnd(GNUTLS_RND_KEY, c->key, sizeof c->key) < 0)
                return -EIO;

        for (c->n = 0; c->n < n; c->n++) {
                Credential *k = &c->credentials[c->n];
                DdnsMessage message = DDNS_MESSAGE_NULL;

                k->master = &masters[c->n];
                int r = ddns_secret_read(k->master->password_file, &k->hash, &message);
                if (r < 0)
                        missing(k->master, message.text);
                if (passes(r))
                        return r;
                if (r < 0)
                        continue;
                if (!is_strong(k->hash)) {
                        missing(k->master,
                                "the file holds no crypt(5) hash of a method for new passwords");
                        free(TAKE_PTR(k->hash));
                } else
                        usable++;
        }
        if (usable == 0)
                return -ENOENT;
        *ret = TAKE_PTR(c);
        return 0;
}

DdnsCredentials *ddns_credentials_free(DdnsCredentials *c) {
        if (!c)
                return NULL;
        for (size_t i = 0; i < c->n; i++)
                free(c->credentials[i].hash);
        free(c->credentials);
        (void) pthread_mutex_destroy(&c->lock);
        explicit_bzero(c->key, sizeof c->key);
        free(c);
        return NULL;
}

static bool may_come_from(const DdnsMaster *m, const struct sockaddr *address) {
        for (size_t i = 0; i < m->n_allow; i++)
                if (ddns_prefix_contains(&m->allow[i], address))
                        return true;
        return m->n_allow == 0;
}

static int keyed_digest(const DdnsCredentials *c, const char *authorization,
                        uint8_t ret[DDNS_DIGEST_SIZE]) {
        if (!authorization || strlen(authorization) > AUTHORIZATION_MAX)
                return -EINVAL;
        return gnutls_hmac_fast(GNUTLS_MAC_SHA256, c->key, sizeof c->key, authorization,
                                strlen(authorization), ret) < 0
                               ? -EIO
                               : 0;
}

const DdnsMaster *ddns_credentials_known(DdnsCredentials *c, const char *authorization,
                                         const struct sockaddr *address) {
        const DdnsMaster *found = NULL;
        uint8_t digest[DDNS_DIGEST_SIZE];

        if (keyed_digest(c, authorization, digest) < 0)
                return NULL;
        (void) pthread_mutex_lock(&c->lock);
        for (size_t i = 0; i < c->n; i++) {
                const Credential *k = &c->credentials[i];

                if (k->known && gnutls_memcmp(k->digest, digest, sizeof digest) == 0)
                        found = k->master;
        }
        (void) pthread_mutex_unlock(&c->lock);
        return found && may_come_from(found, address) ? found : NULL;
}

/* The slow part, once for every call: against the user's hash, or against somebody's so that the time tells nothing. */
static int check_password(const char *hash, const char *password) {
        struct crypt_data *data = calloc(1, sizeof *data); /* 32 KiB: too much for a stack */
        int r = -EACCES;

        if (!data)
                return -ENOMEM;
        errno = 0;
        const char *computed = crypt_r(password, hash, data);
        if (errno == ENOMEM) /* yescrypt takes megabytes */
                r = -ENOMEM;
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): without a hash crypt_r() gives none that is valid */
        else if (computed && computed[0] != '*' && strlen(computed) == strlen(hash) &&
                 gnutls_memcmp(computed, hash, strlen(hash)) == 0)
                r = 0;
        explicit_bzero(data, sizeof *data);
        free(data);
        return r;
}

int ddns_credentials_verify(DdnsCredentials *c, const char *authorization,
                            const struct sockaddr *address, const DdnsMaster **ret) {
        ddns_cleanup(login_done) Login login = { 0 };
        Credential *user = NULL;
        const char *hash = NULL;
        uint8_t digest[DDNS_DIGEST_SIZE];

        *ret = ddns_credentials_known(c, authorization, address);
        if (*ret)
                return 0; /* while it waited for its turn the same header was found right */
        int r = login_parse(authorization, &login);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        for (size_t i = 0; i < c->n; i++) {
                if (c->credentials[i].hash && !hash)
                        hash = c->credentials[i].hash; /* for nobody */
                if (c->credentials[i].hash &&
                    strcmp(c->credentials[i].master->username, login.username) == 0)
                        user = &c->credentials[i];
        }

        r = check_password(user ? user->hash : hash, login.password);
        if (r == -ENOMEM)
                return r;
        if (!user || r < 0)
                return 0;
        if (!may_come_from(user->master, address))
                return 1;

        if (keyed_digest(c, authorization, digest) == 0) {
                (void) pthread_mutex_lock(&c->lock);
                memcpy(user->digest, digest, sizeof digest);
                user->known = true;
                (void) pthread_mutex_unlock(&c->lock);
        }
        *ret = user->master;
        return 0;
}
