/* SPDX-License-Identifier: MIT */
/* Entering a node in a DirectAdmin server's Multi Server Setup (DA: CMD_MULTI_SERVER). Errors: as in directadmin.h; -EBADMSG is also
 * what the server refuses, with its words in `message`. */
#pragma once

#include "directadmin/directadmin.h"

/* The node, as the server is to see it. */
typedef struct DdnsDaPeer {
        const char *address; /* IP address */
        uint32_t port;
        bool tls;
        const char *username, *password; /* that it is to push with */
} DdnsDaPeer;

typedef struct DdnsDaRegistration {
        bool added;      /* it was not there; else what was there was set anew, the password included */
        bool cluster_on; /* DNS clustering is switched on at the server at all */
} DdnsDaRegistration;

/* Adds the node if its address is not there, and switches on what DNS needs: zones are pushed, `exists` is asked; no user check, no
 * e-mail. As often as it is called, the result is the same. What is there then was read back and is as it should be. */
int ddns_da_register(const DdnsDirectAdmin *server, const DdnsDaPeer *peer, DdnsDaRegistration *ret,
                     DdnsMessage *message);
