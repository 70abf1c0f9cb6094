/* SPDX-License-Identifier: MIT */
/* What the BIND backend has on disk: zone files, and the include file's lines. That named has it too, its answers show. */
#include "deliver/bind.h"

static bool uses_include(const DdnsBackend *b) {
        return b->config->registration == DDNS_REGISTRATION_INCLUDE;
}

/* What apply() knows of the include file is what it wrote there: it must read it anew. */
static void not_listed(DdnsBackend *b, DdnsTask *task) {
        task->state = DDNS_TASK_FAILED;
        (void) ddns_fail(&task->message, 0, "the include file does not have it as it should");
        b->include = ddns_bind_include_free(b->include);
}

int ddns_bind_inspect(DdnsBackend *b, DdnsTask *tasks, size_t n, DdnsMessage *message) {
        ddns_cleanup(ddns_zonedir_freep) DdnsZoneDir *d = NULL;

        int r = ddns_zonedir_open_to_read(b->config->zone_dir, &d, message);
        if (r >= 0 && uses_include(b))
                r = ddns_bind_include_look(b->config, &b->listed, message);
        if (r >= 0)
                r = ddns_zonedir_inspect(d, tasks, n, message);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                if (tasks[i].state != DDNS_TASK_PENDING || tasks[i].delete)
                        continue;
                if (uses_include(b) && !ddns_names_have(&b->listed.names, tasks[i].zone))
                        not_listed(b, &tasks[i]);
                else
                        tasks[i].state = DDNS_TASK_WRITTEN;
        }
        return r;
}

int ddns_bind_diff(DdnsBackend *b, const DdnsTask *task, DdnsLineHandler *line, void *userdata,
                   DdnsMessage *message) {
        ddns_cleanup(ddns_zonedir_freep) DdnsZoneDir *d = NULL;

        int r = ddns_zonedir_open_to_read(b->config->zone_dir, &d, message);
        return r < 0 ? r : ddns_zonedir_diff(d, task, line, userdata, message);
}

int ddns_bind_list(DdnsBackend *b, DdnsNameHandler *each, void *userdata, DdnsMessage *message) {
        ddns_cleanup(ddns_zonedir_freep) DdnsZoneDir *d = NULL;

        int r = ddns_zonedir_open_to_read(b->config->zone_dir, &d, message);
        return r < 0 ? r : ddns_zonedir_each(d, each, userdata, message);
}
