/* SPDX-License-Identifier: MIT */
/* Who may push: one credential per master, its password as a crypt(5) hash, its addresses. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "basic/cleanup.h"
#include "basic/message.h"
#include "config/config.h"

typedef struct DdnsCredentials DdnsCredentials;

/* Reads every master's hash. `missing` is called for each that can't be read or is no hash of a method that crypt(5) has for
 * new passwords; those can not log in. `masters` must outlive the result. 0; -ENOENT: not one is usable; -ENOMEM, -EIO, -EMFILE,
 * -ENFILE: that passes, so that none of them may be left out for it. */
int ddns_credentials_new(const DdnsMaster *masters, size_t n,
                         void (*missing)(const DdnsMaster *master, const char *why),
                         DdnsCredentials **ret);
DdnsCredentials *ddns_credentials_free(DdnsCredentials *c);
DDNS_DEFINE_CLEANUP(DdnsCredentials *, ddns_credentials_free)

/* `authorization` is the header's value; NULL: there is none. All three are safe to call from several threads.
 *
 * known(): answers from memory in microseconds: the master of a header that verify() has found right, if it may come from
 * `address`; else NULL, which says nothing yet.
 * verify(): pays for the slow hash, with the same work for an unknown user as for a wrong password. 0, with NULL in `ret` if it is
 * refused; 1, with NULL: only because of `address`; -ENOMEM: nobody knows. */
const DdnsMaster *ddns_credentials_known(DdnsCredentials *c, const char *authorization,
                                         const struct sockaddr *address);
int ddns_credentials_verify(DdnsCredentials *c, const char *authorization,
                            const struct sockaddr *address, const DdnsMaster **ret);

/* The user name in the header for the log: printable, cut; "-" if there is none. */
#define DDNS_USERNAME_SHOWN 64
void ddns_credentials_username(const char *authorization, char ret[DDNS_USERNAME_SHOWN]);
