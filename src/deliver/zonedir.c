/* SPDX-License-Identifier: MIT */
/* Batches of zone files: temporary files, one flush, renames. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/crash-point.h"
#include "basic/domain.h"
#include "deliver/atomic-file.h"
#include "deliver/zonedir-internal.h"

#define SUFFIX DDNS_ZONEDIR_SUFFIX

/* named looks for a journal beside each file, and does not load the zone if there can't be one of that name. */
#define JOURNAL_SUFFIX ".jnl"
#define FILE_NAME_MAX  (NAME_MAX - (sizeof JOURNAL_SUFFIX - 1))

/* Where kept files stand under their own names: with a prefix the longest ones would not fit. */
#define KEPT ".ddns-kept"

/* Up to so many files an fsync each is cheaper than a flush of the whole file system. */
#define FSYNC_MAX 8

typedef DdnsZoneFileName FileName;

typedef struct KeptName {
        char text[sizeof KEPT + sizeof(FileName)];
} KeptName;

/* The last gate in front of the file system: the name is checked again, whoever called. */
int ddns_zonedir_file_name(const char *zone, DdnsZoneFileName *ret, DdnsMessage *message) {
        char checked[DDNS_ZONE_NAME_MAX + 1];

        int r = ddns_zone_name_check(zone, strlen(zone), checked, message);
        if (r < 0)
                return r;
        if ((size_t) snprintf(ret->text, sizeof ret->text, "%s" SUFFIX, checked) > FILE_NAME_MAX)
                return ddns_fail(message, -ENAMETOOLONG,
                                 "the zone name is too long for a file name: %zu of %zu octets",
                                 strlen(checked), FILE_NAME_MAX - strlen(SUFFIX));
        return 0;
}

static int kept_name(const char *zone, FileName *ret_name, KeptName *ret) {
        int r = ddns_zonedir_file_name(zone, ret_name, NULL);

        if (r >= 0)
                (void) snprintf(ret->text, sizeof ret->text, KEPT "/%s", ret_name->text);
        return r;
}

static void temp_name(size_t i, FileName *ret) {
        (void) snprintf(ret->text, sizeof ret->text, ".ddns-%zu.tmp", i);
}

static bool is_temp_name(const char *name) {
        unsigned i;
        int end = 0;

        /* NOLINTNEXTLINE(cert-err34-c): at most nine digits, so it fits */
        return sscanf(name, ".ddns-%9u.tmp%n", &i, &end) == 1 && end > 0 && name[end] == '\0';
}

/* What concerns this one file; anything else (no space, no permission, I/O error) would hit the next one as well. */
static bool is_about_one_file(int error) {
        return error == -ENAMETOOLONG || error == -EISDIR || error == -EFBIG || error == -ETXTBSY;
}

int ddns_zonedir_fail(const DdnsZoneDir *d, int error, DdnsMessage *message) {
        bool permission = error == -EACCES || error == -EPERM;

        return ddns_fail(message, error, "zone directory %s: %s%s", d->path, strerror(-error),
                         permission ? "; that of the package is put right by: systemd-tmpfiles --create"
                         : error == -EROFS
                                         ? "; it has to be mounted for writing, and ReadWritePaths= of "
                                           "ddns-retry.service to name it: ddns.yaml(5)"
                                         : "");
}

static int each_entry(const DdnsZoneDir *d,
                      int (*each)(const DdnsZoneDir *d, const char *name, void *userdata),
                      void *userdata, DdnsMessage *message) {
        int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        int r = 0;

        if (!dir) {
                r = ddns_zonedir_fail(d, -errno, message);
                ddns_closep(&fd);
                return r;
        }
        while (r == 0) {
                errno = 0;
                const struct dirent *entry = readdir(dir);
                if (!entry) {
                        if (errno != 0)
                                r = ddns_zonedir_fail(d, -errno, message);
                        break;
                }
                r = each(d, entry->d_name, userdata);
        }
        (void) closedir(dir);
        return r;
}

static int remove_leftover(const DdnsZoneDir *d, const char *name, void *userdata) {
        if (is_temp_name(name))
                (void) unlinkat(d->fd, name, 0); /* one that stays is removed when its name is used */
        return 0;
}

DdnsZoneDir *ddns_zonedir_free(DdnsZoneDir *d) {
        if (!d)
                return NULL;
        if (d->fd >= 0 && !d->reading) {
                (void) unlinkat(d->fd, KEPT, AT_REMOVEDIR); /* if it is empty */
                /* Not when it is opened: with many zones that is a long look before the first delivery. */
                (void) each_entry(d, remove_leftover, NULL, NULL);
        }
        ddns_closep(&d->fd);
        free(d->path);
        free(d);
        return NULL;
}

static int open_directory(const char *path, bool reading, DdnsZoneDir **ret, DdnsMessage *message) {
        ddns_cleanup(ddns_zonedir_freep) DdnsZoneDir *d = calloc(1, sizeof *d);

        if (!d)
                return -ENOMEM;
        d->fd = -EBADF;
        d->reading = reading;
        d->path = strdup(path);
        if (!d->path)
                return -ENOMEM;
        d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (d->fd < 0)
                return ddns_zonedir_fail(d, -errno, message);
        *ret = TAKE_PTR(d);
        return 0;
}

int ddns_zonedir_open(const char *path, DdnsZoneDir **ret, DdnsMessage *message) {
        return open_directory(path, false, ret, message);
}

int ddns_zonedir_open_to_read(const char *path, DdnsZoneDir **ret, DdnsMessage *message) {
        return open_directory(path, true, ret, message);
}

bool ddns_zonedir_is_there(const DdnsZoneDir *d) {
        struct stat there, ours;

        return stat(d->path, &there) == 0 && fstat(d->fd, &ours) == 0 && there.st_dev == ours.st_dev &&
               there.st_ino == ours.st_ino;
}

typedef struct Listing {
        int (*each)(const char *zone, void *userdata);
        void *userdata;
} Listing;

static int list_zone(const DdnsZoneDir *d, const char *name, void *userdata) {
        const Listing *listing = userdata;
        size_t n = strlen(name), suffix = strlen(SUFFIX);
        char zone[DDNS_ZONE_NAME_MAX + 1];

        /* What is not in the form in which we write names is not ours. */
        if (n <= suffix || strcmp(name + n - suffix, SUFFIX) != 0 ||
            ddns_zone_name_check(name, n - suffix, zone, NULL) < 0 ||
            memcmp(zone, name, n - suffix) != 0 || zone[n - suffix] != '\0')
                return 0;
        return listing->each(zone, listing->userdata);
}

int ddns_zonedir_each(DdnsZoneDir *d, int (*each)(const char *zone, void *userdata), void *userdata,
                      DdnsMessage *message) {
        Listing listing = { each, userdata };

        return each_entry(d, list_zone, &listing, message);
}

bool ddns_zonedir_has(const DdnsZoneDir *d, const char *zone) {
        FileName name;

        return ddns_zonedir_file_name(zone, &name, NULL) >= 0 &&
               faccessat(d->fd, name.text, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Fails the task, or the directory. */
static int file_failed(const DdnsZoneDir *d, DdnsTask *task, const char *what, int error,
                       DdnsMessage *message) {
        if (!is_about_one_file(error))
                return ddns_zonedir_fail(d, error, message);
        task->state = DDNS_TASK_FAILED;
        return ddns_fail(&task->message, 0, "%s %s" SUFFIX ": %s", what, task->zone, strerror(-error));
}

static bool is_save(const DdnsTask *task) {
        return task->state == DDNS_TASK_PENDING && !task->delete;
}

static int create_all(const DdnsZoneDir *d, DdnsTask *tasks, size_t n, bool each_synced,
                      DdnsMessage *message) {
        for (size_t i = 0; i < n; i++) {
                FileName name;

                if (!is_save(tasks + i))
                        continue;
                if (ddns_zonedir_file_name(tasks[i].zone, &name, &tasks[i].message) < 0) {
                        tasks[i].state = DDNS_TASK_FAILED;
                        continue;
                }
                temp_name(i, &name);
                int r = ddns_atomic_file_create(d->fd, name.text, tasks[i].content, tasks[i].size,
                                                each_synced);
                if (r < 0)
                        r = file_failed(d, tasks + i, "writing", r, message);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int rename_all(const DdnsZoneDir *d, DdnsTask *tasks, size_t n, DdnsMessage *message) {
        for (size_t i = 0; i < n; i++) {
                struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
                FileName temp, name;

                if (!is_save(tasks + i) || ddns_zonedir_file_name(tasks[i].zone, &name, NULL) < 0)
                        continue;
                temp_name(i, &temp);
                /* named loads a file only if it is younger than its last load. The kernel's own stamp is up to 4 ms late,
                 * enough to be older than a load of the version before. */
                (void) clock_gettime(CLOCK_REALTIME, times + 1);
                int r = utimensat(d->fd, temp.text, times, AT_SYMLINK_NOFOLLOW) < 0 ||
                                                        renameat(d->fd, temp.text, d->fd, name.text) < 0
                                        ? -errno
                                        : 0;
                if (r < 0) {
                        (void) unlinkat(d->fd, temp.text, 0);
                        r = file_failed(d, tasks + i, "replacing", r, message);
                }
                if (r < 0)
                        return r;
                DDNS_CRASH_POINT("zone-renamed");
        }
        return 0;
}

int ddns_zonedir_write(DdnsZoneDir *d, DdnsTask *tasks, size_t n, DdnsMessage *message) {
        size_t n_saves = 0;

        for (size_t i = 0; i < n; i++)
                n_saves += is_save(tasks + i);
        if (n_saves == 0)
                return 0;

        int r = create_all(d, tasks, n, n_saves <= FSYNC_MAX, message);
        DDNS_CRASH_POINT("zones-written");
        if (r >= 0 && n_saves > FSYNC_MAX && syncfs(d->fd) < 0)
                r = ddns_zonedir_fail(d, -errno, message);
        DDNS_CRASH_POINT("zones-synced");
        if (r >= 0)
                r = rename_all(d, tasks, n, message);
        DDNS_CRASH_POINT("zones-renamed");
        if (r >= 0 && fsync(d->fd) < 0)
                r = ddns_zonedir_fail(d, -errno, message);
        DDNS_CRASH_POINT("zones-in-place");
        if (r < 0)
                (void) each_entry(d, remove_leftover, NULL, NULL);
        return r;
}

int ddns_zonedir_keep(DdnsZoneDir *d, const char *zone) {
        FileName name;
        KeptName kept;

        if (kept_name(zone, &name, &kept) < 0 || linkat(d->fd, name.text, d->fd, kept.text, 0) == 0)
                return 0;
        if (errno == EEXIST)
                return 1;
        if (errno == ENOENT && ddns_zonedir_has(d, zone) && mkdirat(d->fd, KEPT, 0700) == 0)
                (void) linkat(d->fd, name.text, d->fd, kept.text, 0);
        return 0;
}

void ddns_zonedir_keep_loaded(DdnsZoneDir *d, const char *zone, time_t loaded_sec) {
        struct stat now, old;
        FileName name;
        KeptName kept;

        if (kept_name(zone, &name, &kept) < 0 ||
            fstatat(d->fd, name.text, &now, AT_SYMLINK_NOFOLLOW) < 0 ||
            fstatat(d->fd, kept.text, &old, AT_SYMLINK_NOFOLLOW) < 0 ||
            now.st_mtim.tv_sec != loaded_sec || old.st_mtim.tv_sec == loaded_sec)
                return;
        ddns_zonedir_forget(d, zone);
        (void) ddns_zonedir_keep(d, zone);
}

int ddns_zonedir_put_back(DdnsZoneDir *d, const char *zone) {
        FileName name;
        KeptName kept;

        if (kept_name(zone, &name, &kept) < 0)
                return 0; /* too long to have been written */
        if (renameat(d->fd, kept.text, d->fd, name.text) < 0)
                return errno == ENOENT ? 0 : -errno;
        /* If both are the same file, as before a save that could not be written, rename(2) does nothing. */
        (void) unlinkat(d->fd, kept.text, 0);
        return fsync(d->fd) < 0 ? -errno : 1;
}

void ddns_zonedir_forget(DdnsZoneDir *d, const char *zone) {
        FileName name;
        KeptName kept;

        if (kept_name(zone, &name, &kept) >= 0)
                (void) unlinkat(d->fd, kept.text, 0);
}

int ddns_zonedir_remove(DdnsZoneDir *d, DdnsTask *tasks, size_t n, DdnsMessage *message) {
        bool removed = false;

        for (size_t i = 0; i < n; i++) {
                FileName name;

                /* A name that is too long can't have been written. */
                if (tasks[i].state != DDNS_TASK_PENDING || !tasks[i].delete ||
                    ddns_zonedir_file_name(tasks[i].zone, &name, NULL) < 0)
                        continue;
                ddns_zonedir_forget(d, tasks[i].zone);
                if (unlinkat(d->fd, name.text, 0) == 0)
                        removed = true;
                else if (errno != ENOENT) {
                        int r = file_failed(d, tasks + i, "removing", -errno, message);
                        if (r < 0)
                                return r;
                }
                DDNS_CRASH_POINT("zone-removed");
        }
        if (removed && fsync(d->fd) < 0)
                return ddns_zonedir_fail(d, -errno, message);
        return 0;
}

void ddns_zonedir_discard(DdnsZoneDir *d, const char *zone) {
        FileName name;

        if (ddns_zonedir_file_name(zone, &name, NULL) >= 0)
                (void) unlinkat(d->fd, name.text, 0);
}

int ddns_zonedir_set_mtime(DdnsZoneDir *d, const char *zone, time_t seconds) {
        struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = seconds } };
        FileName name;

        int r = ddns_zonedir_file_name(zone, &name, NULL);
        if (r < 0)
                return r;
        return utimensat(d->fd, name.text, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}
