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
#include "basic/domain.h"
#include "deliver/atomic-file.h"
#include "deliver/bind.h"

#define TEMP ".ddns-include.tmp"
#define GOOD ".ddns-include.good"

#define DEFAULT_NAME "ddns.zones.conf"
#define FILE_MAX     (256u << 20)

typedef struct Names {
        char **items;
        size_t n, allocated;
} Names;

struct DdnsBindInclude {
        int dirfd;
        char *path;
        const char *name; /* the last part of `path` */
        Names registered; /* sorted; what the file has */
        Names stray;      /* have a zone file, but are not registered: of a run that was killed */
};

static void names_done(Names *names) {
        for (size_t i = 0; i < names->n; i++)
                free(names->items[i]);
        free(names->items);
        *names = (Names){ 0 };
}

static int names_add(Names *names, const char *name) {
        if (names->n == names->allocated) {
                size_t more = names->allocated ? names->allocated * 2 : 64;
                char **items = reallocarray(names->items, more, sizeof *items);
                if (!items)
                        return -ENOMEM;
                names->items = items;
                names->allocated = more;
        }
        names->items[names->n] = strdup(name);
        if (!names->items[names->n])
                return -ENOMEM;
        names->n++;
        return 0;
}

static int names_add_all(Names *names, char *const *more, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (names_add(names, more[i]) < 0)
                        return -ENOMEM;
        return 0;
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static void names_sort(Names *names) {
        size_t kept = 0;

        if (names->n > 1)
                qsort(names->items, names->n, sizeof *names->items, compare);
        for (size_t i = 0; i < names->n; i++)
                if (kept > 0 && strcmp(names->items[kept - 1], names->items[i]) == 0)
                        free(names->items[i]);
                else
                        names->items[kept++] = names->items[i];
        names->n = kept;
}

static bool names_have(const Names *sorted, const char *name) {
        return sorted->n > 0 && bsearch(&name, sorted->items, sorted->n, sizeof *sorted->items, compare);
}

DdnsBindInclude *ddns_bind_include_free(DdnsBindInclude *include) {
        if (!include)
                return NULL;
        ddns_closep(&include->dirfd);
        free(include->path);
        names_done(&include->registered);
        names_done(&include->stray);
        free(include);
        return NULL;
}

bool ddns_bind_include_has(const DdnsBindInclude *include, const char *zone) {
        return names_have(&include->registered, zone);
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
        /* Between two names of the same file rename(2) does nothing. */
        if (unlinkat(include->dirfd, GOOD, 0) < 0 && errno != ENOENT)
                return -errno;
        return fsync(include->dirfd) < 0 ? -errno : 0;
}

/* One line of what write_file() wrote; the rest of a line that is not ours is dropped with the next write. */
static int take_line(const DdnsBackend *b, DdnsBindInclude *include, const char *line) {
        char text[DDNS_ZONE_NAME_MAX + 2], zone[DDNS_ZONE_NAME_MAX + 1];

        if (sscanf(line, "zone \"%254[^\"]\"", text) != 1 ||
            ddns_zone_name_check(text, strlen(text), zone, NULL) < 0 || !ddns_zonedir_has(b->dir, zone))
                return 0;
        return names_add(&include->registered, zone);
}

static int read_file(const DdnsBackend *b, DdnsBindInclude *include) {
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
        while (r >= 0 && getline(&line, &allocated, f) >= 0)
                r = take_line(b, include, line);
        if (r >= 0 && ferror(f))
                r = -EIO;
        if (f)
                (void) fclose(f);
        else
                (void) close(fd);
        names_sort(&include->registered);
        return r;
}

static int add_stray(const char *zone, void *userdata) {
        DdnsBindInclude *include = userdata;

        return names_have(&include->registered, zone) ? 0 : names_add(&include->stray, zone);
}

int ddns_bind_include_open(DdnsBackend *b, DdnsMessage *message) {
        ddns_cleanup(ddns_bind_include_freep) DdnsBindInclude *include = calloc(1, sizeof *include);

        if (!include)
                return ddns_fail(message, -ENOMEM, "out of memory");
        include->dirfd = -EBADF;
        if (asprintf(&include->path, "%s%s",
                     b->config->include_file ? b->config->include_file : b->config->zone_dir,
                     b->config->include_file ? "" : "/" DEFAULT_NAME) < 0) {
                include->path = NULL;
                return ddns_fail(message, -ENOMEM, "out of memory");
        }

        int r = open_directory(include);
        if (r >= 0)
                r = restore(include);
        if (r >= 0)
                r = read_file(b, include);
        if (r < 0)
                return fail_file(include, r, message);
        r = ddns_zonedir_each(b->dir, add_stray, include, message);
        if (r < 0)
                return r;
        b->include = TAKE_PTR(include);
        return 0;
}

static int write_file(const DdnsBackend *b, const Names *names) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer text = DDNS_BUFFER_NULL;

        ddns_buffer_append_text(&text, "# Kept by ddns; changes made here are lost.\n");
        for (size_t i = 0; i < names->n; i++)
                ddns_buffer_append_format(&text,
                                          "zone \"%s\" { type primary; file \"%s/%s.db\"; check-names "
                                          "ignore; };\n",
                                          names->items[i], b->config->zone_dir, names->items[i]);
        if (ddns_buffer_status(&text) < 0)
                return -ENOMEM;
        return ddns_atomic_file_replace(b->include->dirfd, TEMP, b->include->name, text.data, text.size);
}

/* Writes the file with `names` and has named read it. What it said stands in `reply`. */
static int try_names(DdnsBackend *b, const Names *names, DdnsRndcReply *reply, DdnsMessage *message) {
        int r = write_file(b, names);
        if (r < 0)
                return fail_file(b->include, r, message);
        return ddns_bind_command(b, reply, message, "reconfig");
}

/* A zone that named refuses: for its task, if it has one, else it is forgotten until the next start. */
static void refuse(DdnsBackend *b, DdnsBindPlan *plans, size_t n, const char *zone,
                   const DdnsRndcReply *reply) {
        for (size_t i = 0; i < n; i++)
                if (ddns_bind_is_save(plans + i) && strcmp(plans[i].task->zone, zone) == 0) {
                        (void) ddns_bind_refused(plans[i].task, "its configuration with this zone",
                                                 reply);
                        if (!plans[i].existed)
                                ddns_zonedir_discard(b->dir, zone);
                }
}

typedef struct Try {
        DdnsBindPlan *plans;
        size_t n_plans;
        Names accepted; /* what named runs with */
} Try;

/* Adds `more` to what is accepted, by halves if named refuses it as a whole. */
static int add_by_halves(DdnsBackend *b, Try *t, char **more, size_t n, bool known_bad,
                         DdnsMessage *message) {
        ddns_cleanup(names_done) Names names = { 0 };
        DdnsRndcReply reply;
        int r;

        if (!known_bad) {
                if (names_add_all(&names, t->accepted.items, t->accepted.n) < 0 ||
                    names_add_all(&names, more, n) < 0)
                        return ddns_fail(message, -ENOMEM, "out of memory");
                names_sort(&names);
                r = try_names(b, &names, &reply, message);
                if (r < 0)
                        return r;
                if (reply.result == 0) {
                        names_done(&t->accepted);
                        t->accepted = names;
                        names = (Names){ 0 };
                        return 0;
                }
                if (n == 1) {
                        refuse(b, t->plans, t->n_plans, more[0], &reply);
                        return 0;
                }
        }

        r = add_by_halves(b, t, more, n / 2, false, message);
        return r < 0 ? r : add_by_halves(b, t, more + n / 2, n - n / 2, false, message);
}

/* Without the additions first, so that a configuration that is broken for other reasons is not charged to them. */
static int find_refused(DdnsBackend *b, Try *t, Names *more, const char *text, DdnsMessage *message) {
        DdnsRndcReply reply;

        int r = try_names(b, &t->accepted, &reply, message);
        if (r < 0)
                return r;
        if (reply.result != 0)
                return ddns_fail(message, -EBADMSG,
                                 "named refuses its configuration, also without new zones: %s", text);
        r = add_by_halves(b, t, more->items, more->n, more->n > 1, message);
        if (r < 0)
                return r;
        r = write_file(b,
                       &t->accepted); /* the last try may have been refused; named never took that one */
        return r < 0 ? fail_file(b->include, r, message) : 0;
}

static int reconfigure(DdnsBackend *b, Try *t, Names *more, DdnsMessage *message) {
        ddns_cleanup(names_done) Names all = { 0 };
        ddns_cleanup(ddns_freep) char *text = NULL;
        DdnsRndcReply reply;

        if (names_add_all(&all, t->accepted.items, t->accepted.n) < 0 ||
            names_add_all(&all, more->items, more->n) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");
        names_sort(&all);
        int r = try_names(b, &all, &reply, message);
        if (r < 0)
                return r;
        if (reply.result == 0) {
                names_done(&t->accepted);
                t->accepted = all;
                all = (Names){ 0 };
                return 0;
        }
        text = strdup(reply.text[0] ? reply.text : reply.error);
        return find_refused(b, t, more, text ? text : "", message);
}

/* Keeps the accepted version beside the file while another one is tried. */
static int keep_good(DdnsBackend *b) {
        DdnsBindInclude *include = b->include;

        if (faccessat(include->dirfd, include->name, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
                int r = write_file(b, &include->registered);
                if (r < 0)
                        return r;
        }
        if (linkat(include->dirfd, include->name, include->dirfd, GOOD, 0) < 0)
                return -errno;
        return 0; /* the directory is synced with the try's own rename */
}

static int forget_good(const DdnsBindInclude *include) {
        if (unlinkat(include->dirfd, GOOD, 0) < 0)
                return -errno;
        return fsync(include->dirfd) < 0 ? -errno : 0;
}

/* Sorts the batch into what stays registered and what comes anew. */
static int sort_out(const DdnsBackend *b, DdnsBindPlan *plans, size_t n, Names *ret_stay,
                    Names *ret_more) {
        ddns_cleanup(names_done) Names deleted = { 0 };
        const Names *lists[] = { &b->include->registered, &b->include->stray };
        Names *to[] = { ret_stay, ret_more };

        for (size_t i = 0; i < n; i++) {
                const char *zone = plans[i].task->zone;

                if (ddns_bind_is_delete(plans + i) && names_add(&deleted, zone) < 0)
                        return -ENOMEM;
                if (ddns_bind_is_save(plans + i) && !names_have(&b->include->registered, zone)) {
                        plans[i].registered = true;
                        if (names_add(ret_more, zone) < 0)
                                return -ENOMEM;
                }
        }
        names_sort(&deleted);
        for (size_t l = 0; l < ARRAY_SIZE(lists); l++)
                for (size_t i = 0; i < lists[l]->n; i++)
                        if (!names_have(&deleted, lists[l]->items[i]) &&
                            names_add(to[l], lists[l]->items[i]) < 0)
                                return -ENOMEM;
        names_sort(ret_more);
        return 0;
}

int ddns_bind_include_sync(DdnsBackend *b, DdnsBindPlan *plans, size_t n, DdnsMessage *message) {
        ddns_cleanup(names_done) Names more = { 0 };
        Try t = { .plans = plans, .n_plans = n };
        DdnsBindInclude *include = b->include;

        int r = sort_out(b, plans, n, &t.accepted, &more);
        if (r < 0)
                r = ddns_fail(message, r, "out of memory");
        else if (more.n > 0 || t.accepted.n != include->registered.n) {
                r = keep_good(b);
                if (r < 0)
                        r = fail_file(include, r, message);
                if (r >= 0)
                        r = reconfigure(b, &t, &more, message);
                if (r >= 0) {
                        r = forget_good(include);
                        if (r < 0)
                                r = fail_file(include, r, message);
                }
        }
        if (r < 0) {
                names_done(&t.accepted);
                (void) restore(include);
                b->include = ddns_bind_include_free(include);
                return r;
        }
        names_done(&include->registered);
        names_done(&include->stray);
        include->registered = t.accepted;
        return 0;
}
