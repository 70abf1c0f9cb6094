/* SPDX-License-Identifier: MIT */
/* The life of ddns-retry: a lane for every backend, wake-ups, idleness. */
#pragma once

#include "config/config.h"

/* Delivers until there is nothing to do for queue.linger, or SIGTERM. Wake-ups come as datagrams on the socket that the
 * service manager passes on, if it does. 0: left in good order; negative errno: failed, reported. */
int ddns_retry_run(const DdnsConfig *config);
