/* SPDX-License-Identifier: MIT */
/* The receiver's life: from inherited sockets to the last answer. */
#pragma once

#include "config/config.h"

/* Serves the sockets that the service manager passed on until SIGTERM, SIGINT, SIGHUP, idleness, or trouble with the database.
 * 0: left in good order; negative errno: failed, reported. */
int ddns_receiver_run(const DdnsConfig *config);

/* Whether it could: at least one master can log in, and the certificate, if there is one, is good. 0, or a negative errno, with
 * everything reported. */
int ddns_receiver_check(const DdnsConfig *config);
