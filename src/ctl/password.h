/* SPDX-License-Identifier: MIT */
/* Passwords that a person types or a script feeds. Internal to src/ctl. */
#pragma once

#include <crypt.h>
#include <string.h>

#include "ctl/verb.h"

#define DDNS_PASSWORD_MAX (CRYPT_MAX_PASSPHRASE_SIZE - 1)

typedef struct DdnsPassword {
        char text[DDNS_PASSWORD_MAX + 1];
} DdnsPassword;

static inline void ddns_password_wipe(DdnsPassword *p) {
        explicit_bzero(p, sizeof *p);
}

/* Asks with the echo off if `in` is a terminal, with `twice` a second time; else the first line of `in` is the password. No other
 * buffer keeps it. EXIT_SUCCESS, or EXIT_FAILURE after it said why; one that is empty is a failure, too. */
int ddns_ctl_read_password(DdnsCtl *c, bool twice, DdnsPassword *ret);
