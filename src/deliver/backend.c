/* SPDX-License-Identifier: MIT */
/* The kinds of backends. */
#include <assert.h>

#include "deliver/backend.h"

const DdnsBackendOps *ddns_backend_ops(DdnsBackendType type) {
        static const DdnsBackendOps *const table[_DDNS_BACKEND_TYPE_MAX] = {
                [DDNS_BACKEND_ZONE_FILES] = &ddns_backend_zone_files,
                [DDNS_BACKEND_BIND] = &ddns_backend_bind,
                [DDNS_BACKEND_COREDNS_MYSQL] = &ddns_backend_coredns_mysql,
                [DDNS_BACKEND_POWERDNS_MYSQL] = &ddns_backend_powerdns_mysql,
        };

        assert(type >= 0 && type < _DDNS_BACKEND_TYPE_MAX);
        return table[type];
}
