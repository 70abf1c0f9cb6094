/* SPDX-License-Identifier: MIT */
/* The value of an Authorization header. What is taken out of it is what any encoder makes the same header of, and what is shown of it
 * can stand in a line of a log. */
#include "receiver/credential.c" /* for what takes a header apart */
#include "fuzz.h"

/* The same login, encoded anew, is read as the same. */
static void check_again(const Login *login) {
        ddns_cleanup(login_done) Login again = { 0 };
        size_t size = strlen(login->username) + 1 + strlen(login->password);
        char *plain = NULL, *header = NULL;
        gnutls_datum_t encoded;

        must(login->username + strlen(login->username) + 1 == login->password);
        must(size == login->decoded.size);
        must(asprintf(&plain, "%s:%s", login->username, login->password) == (int) size);
        must(gnutls_base64_encode2(&(gnutls_datum_t){ (void *) plain, (unsigned) size }, &encoded) >= 0);
        must(asprintf(&header, "basic  %.*s", (int) encoded.size, (const char *) encoded.data) > 0);
        if (strlen(header) <= AUTHORIZATION_MAX) {
                must(login_parse(header, &again) == 0);
                must(strcmp(again.username, login->username) == 0);
                must(strcmp(again.password, login->password) == 0);
        }
        gnutls_free(encoded.data);
        free(header);
        free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        ddns_cleanup(login_done) Login login = { 0 };
        char shown[DDNS_USERNAME_SHOWN], *header = strndup((const char *) data, size);

        must(header);
        int r = login_parse(header, &login);
        must(r == 0 || (r == -EINVAL && !login.username));
        if (r == 0)
                check_again(&login);

        ddns_credentials_username(header, shown);
        must(shown[0] && strlen(shown) < sizeof shown);
        must(r == 0 || strcmp(shown, "-") == 0);
        for (const char *p = shown; *p; p++)
                must(*p > ' ' && *p <= '~' && *p != '"');
        free(header);
        return 0;
}
