/* SPDX-License-Identifier: MIT */
/* A copy of the database, by SQLite's online backup, put in its place as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "basic/file.h"
#include "store/store-internal.h"

#define PAGES_PER_STEP 4096 /* 16 MiB: often enough for who watches */

/* Page by page within one read transaction of `s`, so that it is one moment's content however much is written meanwhile.
 * `*ret_error`: that of `show`. */
static int copy(DdnsStore *s, sqlite3 *to, int (*show)(uint64_t done, uint64_t of, void *userdata),
                void *userdata, int *ret_error) {
        sqlite3_backup *backup = sqlite3_backup_init(to, "main", s->db, "main");
        int rc;

        if (!backup)
                return sqlite3_errcode(to);
        do {
                rc = sqlite3_backup_step(backup, PAGES_PER_STEP);
                int of = sqlite3_backup_pagecount(backup);
                if (show)
                        *ret_error = show((uint64_t) (of - sqlite3_backup_remaining(backup)),
                                          (uint64_t) of, userdata);
        } while (rc == SQLITE_OK && *ret_error >= 0);
        int end = sqlite3_backup_finish(backup);
        return rc == SQLITE_DONE || rc == SQLITE_OK ? end : rc;
}

static int is_ok(void *userdata, int n, char *values[], char *names[]) {
        bool *ok = userdata;

        *ok = n == 1 && values[0] && strcmp(values[0], "ok") == 0;
        return 0;
}

static int fill(DdnsStore *s, const char *temp, int (*show)(uint64_t done, uint64_t of, void *userdata),
                void *userdata, DdnsMessage *message) {
        sqlite3 *to = NULL;
        bool ok = false;
        int r = 0;

        int rc = sqlite3_open_v2(temp, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL);
        if (rc == SQLITE_OK)
                rc = copy(s, to, show, userdata, &r);
        /* Without a -wal beside it the copy is one file; whoever opens it makes it WAL again. */
        if (rc == SQLITE_OK && r >= 0)
                rc = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
        if (rc == SQLITE_OK && r >= 0)
                rc = sqlite3_exec(to, "PRAGMA quick_check", is_ok, &ok, NULL);
        if (rc != SQLITE_OK)
                r = ddns_fail(message, store_errno(rc), "%s",
                              to ? sqlite3_errmsg(to) : sqlite3_errstr(rc));
        else if (r < 0)
                (void) ddns_fail(message, r, "%s", strerror(-r));
        else if (!ok)
                r = ddns_fail(message, -EBADMSG, "the copy is damaged");
        (void) sqlite3_close(to);
        return r;
}

/* Its data, then its name: link(2) never takes the place of a file that came meanwhile. */
static int settle(const char *temp, const char *path, DdnsMessage *message) {
        ddns_cleanup(ddns_freep) char *copy = strdup(path);
        ddns_cleanup(ddns_closep) int fd = open(temp, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        if (!copy)
                return ddns_fail(message, -ENOMEM, "out of memory");
        ddns_cleanup(ddns_closep) int directory =
                        open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || directory < 0 || fsync(fd) < 0 || link(temp, path) < 0 || fsync(directory) < 0)
                return ddns_fail(message, -errno, "%m");
        return 0;
}

int ddns_store_backup(DdnsStore *s, const char *path,
                      int (*show)(uint64_t done, uint64_t of, void *userdata), void *userdata,
                      DdnsMessage *message) {
        char temp[PATH_MAX];
        int r;

        if (access(path, F_OK) == 0)
                return ddns_fail(message, -EEXIST, "is there already");
        if ((size_t) snprintf(temp, sizeof temp, "%s.XXXXXX", path) >= sizeof temp)
                return ddns_fail(message, -ENAMETOOLONG, "the name is too long");
        ddns_cleanup(ddns_closep) int fd = mkostemp(temp, O_CLOEXEC); /* mode 0600 */
        if (fd < 0)
                return ddns_fail(message, -errno, "%m");

        r = store_begin_read(s);
        if (r >= 0) /* the transaction has its moment from the first read on */
                r = store_exec(s, "SELECT 1 FROM sqlite_schema LIMIT 1");
        if (r < 0)
                (void) ddns_fail(message, r, "%s", s->error.text);
        else
                r = fill(s, temp, show, userdata, message);
        store_rollback_pending(&s);
        if (r >= 0)
                r = settle(temp, path, message);
        (void) unlink(temp);
        return r;
}
