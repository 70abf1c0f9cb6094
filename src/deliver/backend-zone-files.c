/* SPDX-License-Identifier: MIT */
/* The backend that is a directory of zone files and nothing else. */
#include <errno.h>

#include "deliver/zonedir.h"

struct DdnsBackend {
        const DdnsBackendConfig *config;
        DdnsZoneDir *dir; /* NULL: not opened yet */
};

static int zone_files_new(const DdnsBackendConfig *config, DdnsBackend **ret, DdnsMessage *message) {
        DdnsBackend *b = calloc(1, sizeof *b);

        if (!b)
                return ddns_fail(message, -ENOMEM, "out of memory");
        b->config = config;
        *ret = b;
        return 0;
}

static int zone_files_apply(DdnsBackend *b, DdnsTask *tasks, size_t n, DdnsMessage *message) {
        int r;

        if (b->dir && !ddns_zonedir_is_there(b->dir))
                b->dir = ddns_zonedir_free(b->dir);
        if (!b->dir) {
                r = ddns_zonedir_open(b->config->zone_dir, &b->dir, message);
                if (r < 0)
                        return r;
        }
        r = ddns_zonedir_write(b->dir, tasks, n, message);
        if (r >= 0)
                r = ddns_zonedir_remove(b->dir, tasks, n, message);
        if (r < 0) {
                b->dir = ddns_zonedir_free(b->dir); /* it may be another one when it is put right */
                return r;
        }

        for (size_t i = 0; i < n; i++)
                if (tasks[i].state == DDNS_TASK_PENDING)
                        tasks[i].state = DDNS_TASK_WRITTEN;
        return 0;
}

static int zone_files_check(DdnsBackend *b, DdnsFindingHandler *found, void *userdata,
                            DdnsMessage *message) {
        (void) message;
        ddns_zonedir_check(b->config->zone_dir, found, userdata);
        return 0;
}

static int zone_files_inspect(DdnsBackend *b, DdnsTask *tasks, size_t n, DdnsMessage *message) {
        ddns_cleanup(ddns_zonedir_freep) DdnsZoneDir *d = NULL;

        int r = ddns_zonedir_open_to_read(b->config->zone_dir, &d, message);
        if (r >= 0)
                r = ddns_zonedir_inspect(d, tasks, n, message);
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (tasks[i].state == DDNS_TASK_PENDING && !tasks[i].delete)
                        tasks[i].state = DDNS_TASK_WRITTEN;
        return r;
}

static int zone_files_diff(DdnsBackend *b, const DdnsTask *task, DdnsLineHandler *line, void *userdata,
                           DdnsMessage *message) {
        ddns_cleanup(ddns_zonedir_freep) DdnsZoneDir *d = NULL;

        int r = ddns_zonedir_open_to_read(b->config->zone_dir, &d, message);
        return r < 0 ? r : ddns_zonedir_diff(d, task, line, userdata, message);
}

static int zone_files_list(DdnsBackend *b, DdnsNameHandler *each, void *userdata, DdnsMessage *message) {
        ddns_cleanup(ddns_zonedir_freep) DdnsZoneDir *d = NULL;

        int r = ddns_zonedir_open_to_read(b->config->zone_dir, &d, message);
        return r < 0 ? r : ddns_zonedir_each(d, each, userdata, message);
}

static void zone_files_free(DdnsBackend *b) {
        (void) ddns_zonedir_free(b->dir);
        free(b);
}

const DdnsBackendOps ddns_backend_zone_files = {
        .new = zone_files_new,
        .apply = zone_files_apply,
        .check = zone_files_check,
        .inspect = zone_files_inspect,
        .diff = zone_files_diff,
        .list = zone_files_list,
        .free = zone_files_free,
};
