/* SPDX-License-Identifier: MIT */
/* What the service manager knows of our units: it tells anybody. Internal to src/ctl. */
#pragma once

#include "ctl/verb.h"

#define DDNS_UNIT_RETRY      "/org/freedesktop/systemd1/unit/ddns_2dretry_2eservice"
#define DDNS_UNIT_TLS_SOCKET "/org/freedesktop/systemd1/unit/ddns_2dtls_2esocket"

/* Whether the units of this machine are about this configuration. */
bool ddns_ctl_is_of_units(const DdnsCtl *c);

/* A property of one of them, as `interface` "Unit", "Service" … has it. The caller's; NULL: there is no such thing, or nobody who
 * knows it, as in a container without a bus. */
char *ddns_unit_get_text(const char *unit, const char *interface, const char *property);
char **ddns_unit_get_list(const char *unit, const char *interface, const char *property);
void ddns_unit_free_list(char ***list);
