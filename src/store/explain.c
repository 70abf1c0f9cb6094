/* SPDX-License-Identifier: MIT */
/* Why a database can not be opened, in words that name the remedy. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/store-internal.h"

#define ROOM_MIN 65536 /* of an empty -shm and the first of the -wal */

static const char *remedy(int error) {
        static const struct {
                int error;
                const char *text;
        } remedies[] = {
                { EACCES, "; owners and modes are put right by: systemd-tmpfiles --create" },
                { EPERM, "; owners and modes are put right by: systemd-tmpfiles --create" },
                { EROFS, "; its file system has to be mounted for writing" },
                { EISDIR, "; move it away" },
                { ENOSPC, "; make room on its disk" },
                { EDQUOT, "; make room on its disk" },
                { EIO, "; look for the disk's errors in: journalctl -k" },
                { EAGAIN, "; fuser(1) shows who holds it" },
                { EBADMSG, "; put back a backup, as ddns(7) says under HOW TO" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
                if (remedies[i].error == -error)
                        return remedies[i].text;
        return "";
}

/* SQLite says that it can't, and not which of its files it is, nor why. 0: they can all be written. */
static int find_unwritable(const char *path, char ret[PATH_MAX]) {
        static const char *const suffixes[] = { "", "-wal", "-shm" };
        char copy[PATH_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
                if ((size_t) snprintf(ret, PATH_MAX, "%s%s", path, suffixes[i]) < PATH_MAX &&
                    access(ret, R_OK | W_OK) < 0 && errno != ENOENT)
                        return -errno;
        (void) snprintf(copy, sizeof copy, "%s", path);
        (void) snprintf(ret, PATH_MAX, "%s", dirname(copy));
        return access(ret, R_OK | W_OK | X_OK) < 0 ? -errno : 0;
}

/* SQLite says the same of a disk that fails and of one that is full: its -shm finds no place there. */
static bool is_full(const char *path) {
        struct statvfs fs;

        return statvfs(path, &fs) == 0 && fs.f_bavail < ROOM_MIN / fs.f_frsize;
}

int store_explain(const char *path, int error, const char *detail, DdnsMessage *message) {
        char culprit[PATH_MAX];
        int r;

        if (error == -EACCES || error == -EROFS) {
                r = find_unwritable(path, culprit);
                if (r < 0)
                        return ddns_fail(message, r, "%s: %s%s", culprit, strerror(-r), remedy(r));
        }
        if (error == -EIO && is_full(path))
                return ddns_fail(message, -ENOSPC, "%s: %s%s", path, strerror(ENOSPC), remedy(-ENOSPC));
        return ddns_fail(message, error, "%s: %s%s", path, detail, remedy(error));
}
