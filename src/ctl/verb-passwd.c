/* SPDX-License-Identifier: MIT */
/* The verb passwd: reads a password without showing it and prints its crypt(5) hash. */
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/password.h"

static int print_hash(DdnsCtl *c, const DdnsPassword *password) {
        ddns_cleanup(ddns_freep) struct crypt_data *data = calloc(1, sizeof *data);
        /* yescrypt at the library's default cost, named so that a library that prefers another one makes no difference. */
        ddns_cleanup(ddns_freep) char *salt = crypt_gensalt_ra("$y$", 0, NULL, 0);
        if (!data || !salt)
                return ddns_ctl_fail(c, "cannot make a salt: %m");

        const char *hash = crypt_rn(password->text, salt, data, sizeof *data);
        int status = EXIT_SUCCESS;
        if (!hash)
                status = ddns_ctl_fail(c, "cannot hash: %m");
        else if (c->options & DDNS_CTL_JSON)
                status = ddns_ctl_print_json(c, json_pack("{s:s}", "hash", hash));
        else
                (void) fprintf(c->out, "%s\n", hash);
        explicit_bzero(data, sizeof *data);
        return status;
}

int ddns_verb_passwd(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_password_wipe) DdnsPassword password = { "" };

        if (ddns_ctl_read_password(c, true, &password) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        return print_hash(c, &password);
}
