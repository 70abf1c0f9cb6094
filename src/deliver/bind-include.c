/* SPDX-License-Identifier: MIT */
/* Registration by include file: one line for each zone, one `reconfig` for each batch.
 *
 * named refuses a whole configuration for one zone that it does not like (one that is defined elsewhere, say), and would not
 * even start with it. So the file only ever keeps what a `reconfig` has accepted: during a try the accepted version stands
 * beside it under the name GOOD, and whoever finds that puts it back. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/buffer.h"
#include "basic/crash-point.h"
#include "basic/domain.h"
#include "deliver/atomic-file.h"
#include "deliver/bind.h"
#include "deliver/names.h"

#define TEMP ".ddns-include.tmp"
#define GOOD ".ddns-include.good"

#define DEFAULT_NAME "ddns.zones.conf"
#define FILE_MAX     (256u << 20)

struct DdnsBindInclude {
        int dirfd;
        char *path;
        const char *name;     /* the last part of `path` */
        DdnsNames registered; /* sorted; what the file has */
        DdnsNames stray;      /* have a zone file, but are not registered: of a run that was killed */
};

DdnsBindInclude *ddns_bind_include_free(DdnsBindInclude *include) {
        if (!include)
                return NULL;
        ddns_closep(&include->dirfd);
        free(include->path);
        ddns_names_done(&include->registered);
        ddns_names_done(&include->stray);
        free(include);
        return NULL;
}

static int fail_file(const DdnsBindInclude *include, int error, DdnsMessage *message) {
        return ddns_fail(message, error, "include file %s: %s", include->path, strerror(-error));
}

static int open_directory(DdnsBindInclude *include) {
        ddns_cleanup(ddns_freep) char *copy = strdup(include->path);

        if (!copy)
                return -ENOMEM;
        include->name = strrchr(include->path, '/') + 1;
        include->dirfd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return include->dirfd < 0 ? -errno : 0;
}

/* Puts the accepted version back, if there is one from a try that did not end. */
static int restore(const DdnsBindInclude *include) {
        if (renameat(include->dirfd, GOOD, include->dirfd, include->name) < 0)
                return errno == ENOENT ? 0 : -errno;
        return fsync(include->dirfd) < 0 ? -errno : 0;
}

static void append_line(DdnsBuffer *text, const DdnsBackendConfig *config, const char *zone) {
        ddns_buffer_append_text(text, "zone ");
        ddns_bind_append_zone(text, config, zone, "");
        ddns_buffer_append_byte(text, '\n');
}

/* The zone of one line as write_file() writes it. Another line is dropped with the next write, and its zone registered anew.
 * -EBADMSG: it is another. */
static int parse_line(const DdnsBackendConfig *config, const char *line, DdnsBuffer *room,
                      char ret[DDNS_ZONE_NAME_MAX + 1]) {
        char text[DDNS_ZONE_NAME_MAX + 2];

        if (sscanf(line, "zone \"%254[^\"]\"", text) != 1 ||
            ddns_zone_name_check(text, strlen(text), ret, NULL) < 0)
                return -EBADMSG;
        ddns_buffer_reset(room);
        append_line(room, config, ret);
        if (ddns_buffer_status(room) < 0)
                return -ENOMEM;
        return strcmp(room->data, line) == 0 ? 0 : -EBADMSG;
}

/* The zones that the file names, also one that lost its file: named still serves it. */
static int read_names(const DdnsBackendConfig *config, const DdnsBindInclude *include, DdnsNames *ret) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer room = DDNS_BUFFER_NULL;
        char zone[DDNS_ZONE_NAME_MAX + 1];
        ddns_cleanup(ddns_freep) char *line = NULL;
        size_t allocated = 0;
        struct stat st;
        int r = 0;

        int fd = openat(include->dirfd, include->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        FILE *f = fdopen(fd, "r");
        if (!f || fstat(fd, &st) < 0)
                r = -errno;
        else if (!S_ISREG(st.st_mode))
                r = -EINVAL;
        else if (st.st_size > FILE_MAX)
                r = -EFBIG;
        while (r >= 0 && getline(&line, &allocated, f) >= 0) {
                r = parse_line(config, line, &room, zone);
                r = r == -EBADMSG ? 0 : r < 0 ? r : ddns_names_add(ret, zone);
        }
        if (r >= 0 && ferror(f))
                r = -EIO;
        if (f)
                (void) fclose(f);
        else
                (void) close(fd);
        ddns_names_sort(ret);
        return r;
}

static int add_stray(const char *zone, void *userdata) {
        DdnsBindInclude *include = userdata;

        return ddns_names_have(&include->registered, zone) ? 0 : ddns_names_add(&include->stray, zone);
}

/* Opens where the file is, and reads nothing yet. */
static int open_place(const DdnsBackendConfig *config, DdnsBindInclude **ret, DdnsMessage *message) {
        ddns_cleanup(ddns_bind_include_freep) DdnsBindInclude *include = calloc(1, sizeof *include);

        if (!include)
                return ddns_fail(message, -ENOMEM, "out of memory");
        include->dirfd = -EBADF;
        if (asprintf(&include->path, "%s%s",
                     config->include_file ? config->include_file : config->zone_dir,
                     config->include_file ? "" : "/" DEFAULT_NAME) < 0) {
                include->path = NULL;
                return ddns_fail(message, -ENOMEM, "out of memory");
        }
        int r = open_directory(include);
        if (r < 0)
                return fail_file(include, r, message);
        *ret = TAKE_PTR(include);
        return 0;
}

/* Nothing is left of a file system that is not mounted, say. With a new file named would drop all that it serves. */
static int fail_if_lost(const DdnsBackend *b, const DdnsBindInclude *include, DdnsMessage *message) {
        if (include->stray.n > 0 ||
            faccessat(include->dirfd, include->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return 0;
        return ddns_fail(
                        message, -ENOENT,
                        "neither include file %.150s nor any zone file is there: is a file system not mounted? "
                        "To begin anew: touch %.150s, then ddnsctl resync %s",
                        include->path, include->path, b->config->name);
}

int ddns_bind_include_open(DdnsBackend *b, DdnsMessage *message) {
        ddns_cleanup(ddns_bind_include_freep) DdnsBindInclude *include = NULL;

        int r = open_place(b->config, &include, message);
        if (r < 0)
                return r;
        r = restore(include);
        if (r >= 0)
                r = read_names(b->config, include, &include->registered);
        if (r < 0)
                return fail_file(include, r, message);
        r = ddns_zonedir_each(b->dir, add_stray, include, message);
        if (r >= 0)
                r = fail_if_lost(b, include, message);
        if (r < 0)
                return r;
        b->include = TAKE_PTR(include);
        return 0;
}

static int write_file(const DdnsBackend *b, const char *name, const DdnsNames *names) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer text = DDNS_BUFFER_NULL;

        ddns_buffer_append_text(&text, "# Kept by ddns; changes made here are lost.\n");
        for (size_t i = 0; i < names->n; i++)
                append_line(&text, b->config, names->items[i]);
        if (ddns_buffer_status(&text) < 0)
                return -ENOMEM;
        return ddns_atomic_file_replace(b->include->dirfd, TEMP, name, text.data, text.size);
}

typedef struct Try {
        DdnsBindPlan *plans;
        size_t n_plans;
        DdnsNames accepted; /* what named runs with */
} Try;

/* Writes the file with what is accepted and `more`, and has named read it. 1: named took it, and it is accepted from now on;
 * 0: named refused it, `reply` says why. */
static int try_with(DdnsBackend *b, Try *t, char *const *more, size_t n, DdnsRndcReply *reply,
                    DdnsMessage *message) {
        ddns_cleanup(ddns_names_done) DdnsNames names = { 0 };

        if (ddns_names_add_all(&names, t->accepted.items, t->accepted.n) < 0 ||
            ddns_names_add_all(&names, more, n) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");
        ddns_names_sort(&names);
        int r = write_file(b, b->include->name, &names);
        if (r < 0)
                return fail_file(b->include, r, message);
        r = ddns_bind_command(b, reply, message, "reconfig");
        if (r < 0)
                return r;
        if (reply->result != 0)
                return 0;

        DdnsNames old = t->accepted;
        t->accepted = names;
        names = old;
        return 1;
}

/* A zone that named refuses: for its task, if it has one, else it is forgotten until the next start. */
static void refuse(DdnsBackend *b, Try *t, const char *zone, const DdnsRndcReply *reply) {
        for (size_t i = 0; i < t->n_plans; i++) {
                DdnsBindPlan *p = t->plans + i;

                if (!ddns_bind_is_save(p) || strcmp(p->task->zone, zone) != 0)
                        continue;
                (void) ddns_bind_refused(p->task, "its configuration with this zone", reply);
        }
}

/* Adds `more` to what is accepted, by halves if named refuses it as a whole. */
static int add_by_halves(DdnsBackend *b, Try *t, char *const *more, size_t n, DdnsMessage *message) {
        DdnsRndcReply reply;

        int r = try_with(b, t, more, n, &reply, message);
        if (r != 0)
                return r < 0 ? r : 0;
        if (n == 1) {
                refuse(b, t, more[0], &reply);
                return 0;
        }
        r = add_by_halves(b, t, more, n / 2, message);
        return r < 0 ? r : add_by_halves(b, t, more + n / 2, n - n / 2, message);
}

static int reconfigure(DdnsBackend *b, Try *t, const DdnsNames *more, DdnsMessage *message) {
        DdnsRndcReply reply;

        int r = try_with(b, t, more->items, more->n, &reply, message);
        if (r != 0)
                return r < 0 ? r : 0;

        /* Without the additions first, so that a configuration that is broken for other reasons is not charged to them. */
        r = try_with(b, t, NULL, 0, &reply, message);
        if (r < 0)
                return r;
        if (r == 0)
                return ddns_fail(message, -EBADMSG,
                                 "named refuses its configuration, also without new zones (see its "
                                 "log): %.300s",
                                 reply.text[0] ? reply.text : reply.error);
        r = add_by_halves(b, t, more->items, more->n, message);
        if (r < 0)
                return r;
        /* The last try may have been refused, and named never took that one. */
        r = write_file(b, b->include->name, &t->accepted);
        return r < 0 ? fail_file(b->include, r, message) : 0;
}

static int forget_good(const DdnsBindInclude *include) {
        if (unlinkat(include->dirfd, GOOD, 0) < 0)
                return -errno;
        DDNS_CRASH_POINT("include-forgotten");
        return fsync(include->dirfd) < 0 ? -errno : 0;
}

/* Fails those that came by addzone, before `registration` was changed: named would refuse their statements, and forget whose they
 * are. Strays then came so as well, and are none. */
static int sort_out_added(DdnsBackend *b, DdnsBindPlan *plans, size_t n, DdnsMessage *message) {
        for (size_t i = 0; i < n; i++) {
                DdnsTask *task = plans[i].task;
                DdnsBindStatus status;

                if (!ddns_bind_is_save(plans + i) || !plans[i].known ||
                    ddns_names_have(&b->include->registered, task->zone))
                        continue;
                int r = ddns_bind_zonestatus(b, task->zone, &status, message);
                if (r < 0)
                        return r;
                if (!status.added)
                        continue;
                task->state = DDNS_TASK_FAILED;
                (void) ddns_fail(&task->message, 0,
                                 "named has the zone from addzone: for registration: include set "
                                 "'allow-new-zones no;' in its options and restart it");
                ddns_names_done(&b->include->stray);
        }
        return 0;
}

/* Sorts the batch into what stays registered and what comes anew. */
static int sort_out(const DdnsBackend *b, DdnsBindPlan *plans, size_t n, DdnsNames *ret_stay,
                    DdnsNames *ret_more) {
        ddns_cleanup(ddns_names_done) DdnsNames deleted = { 0 };
        const DdnsNames *lists[] = { &b->include->registered, &b->include->stray };
        DdnsNames *to[] = { ret_stay, ret_more };

        for (size_t i = 0; i < n; i++) {
                const char *zone = plans[i].task->zone;

                if (ddns_bind_is_delete(plans + i) && ddns_names_add(&deleted, zone) < 0)
                        return -ENOMEM;
                if (ddns_bind_is_save(plans + i) && !ddns_names_have(&b->include->registered, zone)) {
                        plans[i].registered = true;
                        if (ddns_names_add(ret_more, zone) < 0)
                                return -ENOMEM;
                }
        }
        ddns_names_sort(&deleted);
        for (size_t l = 0; l < ARRAY_SIZE(lists); l++)
                for (size_t i = 0; i < lists[l]->n; i++)
                        if (!ddns_names_have(&deleted, lists[l]->items[i]) &&
                            ddns_names_add(to[l], lists[l]->items[i]) < 0)
                                return -ENOMEM;
        ddns_names_sort(ret_more);
        return 0;
}

int ddns_bind_include_sync(DdnsBackend *b, DdnsBindPlan *plans, size_t n, DdnsMessage *message) {
        ddns_cleanup(ddns_names_done) DdnsNames more = { 0 };
        Try t = { .plans = plans, .n_plans = n };
        DdnsBindInclude *include = b->include;

        int r = sort_out_added(b, plans, n, message);
        if (r >= 0 && (r = sort_out(b, plans, n, &t.accepted, &more)) < 0)
                r = ddns_fail(message, r, "out of memory");
        else if (r >= 0 && (more.n > 0 || t.accepted.n != include->registered.n)) {
                /* A copy, no link: the file may be another user's. */
                r = write_file(b, GOOD, &include->registered);
                DDNS_CRASH_POINT("include-kept");
                if (r < 0)
                        r = fail_file(include, r, message);
                if (r >= 0)
                        r = reconfigure(b, &t, &more, message);
                DDNS_CRASH_POINT("include-taken");
                if (r >= 0) {
                        r = forget_good(include);
                        if (r < 0)
                                r = fail_file(include, r, message);
                }
        }
        if (r < 0) {
                ddns_names_done(&t.accepted);
                (void) restore(include);
                b->include = ddns_bind_include_free(include);
                return r;
        }
        ddns_names_done(&include->registered);
        ddns_names_done(&include->stray);
        include->registered = t.accepted;
        return 0;
}

int ddns_bind_include_look(const DdnsBackendConfig *config, DdnsBindListed *listed,
                           DdnsMessage *message) {
        ddns_cleanup(ddns_bind_include_freep) DdnsBindInclude *include = NULL;
        struct stat st = { 0 };

        int r = open_place(config, &include, message);
        if (r < 0)
                return r;
        (void) fstatat(include->dirfd, include->name, &st, AT_SYMLINK_NOFOLLOW);
        if (st.st_ino == listed->ino && st.st_size == listed->size &&
            st.st_ctim.tv_sec == listed->changed.tv_sec && st.st_ctim.tv_nsec == listed->changed.tv_nsec)
                return 0;

        ddns_names_done(&listed->names);
        listed->ino = 0; /* until it is read */
        r = read_names(config, include, &listed->names);
        if (r < 0)
                return fail_file(include, r, message);
        listed->ino = st.st_ino;
        listed->size = st.st_size;
        listed->changed = st.st_ctim;
        return 0;
}

int ddns_bind_include_check(const DdnsBackendConfig *config, DdnsMessage *message) {
        ddns_cleanup(ddns_bind_include_freep) DdnsBindInclude *include = NULL;

        int r = open_place(config, &include, message);
        if (r >= 0 && faccessat(include->dirfd, include->name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                r = ddns_fail(message, -errno,
                              "include file %s: %m; named does not start without it: touch it",
                              include->path);
        return r;
}
