/* SPDX-License-Identifier: MIT */
/* The store's options as the configuration has them. */
#pragma once

#include "config/config.h"
#include "store/store.h"

static inline DdnsStoreOptions ddns_store_options(const DdnsConfig *config) {
        return (DdnsStoreOptions){ .busy_usec = config->state.busy_usec,
                                   .history = config->state.history,
                                   .rejected = config->state.rejected };
}
