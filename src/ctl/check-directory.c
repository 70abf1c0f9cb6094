/* SPDX-License-Identifier: MIT */
/* The verb check-backend, of a zone directory: what the service may do there, and what else is in it. */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/backends.h"
#include "ctl/units.h"
#include "deliver/zonedir.h"
#include "store/options.h"

#define USER "ddns" /* of ddns-retry.service as it is installed */

#define GROUPS_MAX 64

typedef struct Look {
        DdnsCtl *ctl;
        const char *path;
        DdnsFindingHandler *found;
        void *userdata;
        uint64_t foreign;
        char first[DDNS_ZONE_NAME_MAX + 1]; /* of these */
} Look;

static void say(const Look *l, DdnsFinding finding, const char *format, ...)
                __attribute__((format(printf, 3, 4)));
static void say(const Look *l, DdnsFinding finding, const char *format, ...) {
        DdnsMessage text;
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text.text, sizeof text.text, format, ap);
        va_end(ap);
        l->found(finding, text.text, l->userdata);
}

/* ---- may it be written? ---- */

static int become(const struct passwd *user, char **more_groups) {
        gid_t groups[GROUPS_MAX];

        int n = initgroups(user->pw_name, user->pw_gid) < 0 ? -1 : getgroups(GROUPS_MAX, groups);
        for (char **name = more_groups; n >= 0 && name && *name && n < GROUPS_MAX; name++) {
                const struct group *group = getgrnam(*name);

                if (group)
                        groups[n++] = group->gr_gid;
        }
        return n < 0 || setgroups((size_t) n, groups) < 0 || setgid(user->pw_gid) < 0
                               ? -1
                               : setuid(user->pw_uid);
}

/* Whether that user may, as a member of the unit's groups too: 0, or the errno. The kernel is asked, which knows of parent
 * directories and access lists. */
static int try_as(const struct passwd *user, const char *path) {
        ddns_cleanup(ddns_unit_free_list) char **groups =
                        ddns_unit_get_list(DDNS_UNIT_RETRY, "Service", "SupplementaryGroups");
        int status;
        pid_t child = fork();

        if (child < 0)
                return errno;
        if (child == 0) {
                if (become(user, groups) < 0)
                        _exit(errno);
                _exit(access(path, W_OK | X_OK) < 0 ? errno : 0);
        }
        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        return errno;
        return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

static void check_user(const Look *l, const char *name) {
        const struct passwd *user = getpwnam(name);

        if (!user) {
                say(l, DDNS_FINDING_BAD,
                    "there is no user %s, as which ddns-retry runs: systemd-sysusers", name);
                return;
        }
        if (geteuid() != 0 && geteuid() != user->pw_uid) {
                say(l, DDNS_FINDING_GOOD,
                    "whether user %s may write there is not looked at: only root can", name);
                return;
        }
        int error = geteuid() == 0                     ? try_as(user, l->path)
                    : access(l->path, W_OK | X_OK) < 0 ? errno
                                                       : 0;
        if (error == 0)
                say(l, DDNS_FINDING_GOOD, "user %s may write there", name);
        else
                say(l, DDNS_FINDING_BAD,
                    "user %s, as which ddns-retry runs, may not write there: %s; the directory of the package is "
                    "put right by systemd-tmpfiles --create, another one by chown %s, and its parents by chmod o+x",
                    name, strerror(error), name);
}

static bool is_below(const char *path, const char *granted) {
        ddns_cleanup(ddns_freep) char *real = realpath(path, NULL);
        ddns_cleanup(ddns_freep) char *top = realpath(granted + strspn(granted, "-+:"), NULL);
        size_t n = top ? strlen(top) : 0;

        return real && top && strncmp(real, top, n) == 0 && (real[n] == '/' || real[n] == '\0');
}

/* Its sandbox sees everything read-only but what it names. A list that is empty says nothing. */
static void check_sandbox(const Look *l) {
        ddns_cleanup(ddns_unit_free_list) char **granted =
                        ddns_unit_get_list(DDNS_UNIT_RETRY, "Service", "ReadWritePaths");

        if (!granted || !granted[0])
                return;
        for (char **path = granted; *path; path++)
                if (is_below(l->path, *path))
                        return;
        say(l, DDNS_FINDING_BAD,
            "ddns-retry.service may not write there: systemctl edit ddns-retry.service, and put ReadWritePaths=%s and "
            "NoExecPaths=%s below [Service]",
            l->path, l->path);
}

static void check_service(const Look *l) {
        ddns_cleanup(ddns_freep) char *user = ddns_unit_get_text(DDNS_UNIT_RETRY, "Service", "User");

        check_user(l, user && *user ? user : USER);
        check_sandbox(l);
}

/* ---- what else is there? ---- */

static int count_foreign(const char *zone, void *userdata) {
        Look *l = userdata;
        DdnsZoneRow row;

        int r = ddns_store_get_zone(l->ctl->store, zone, &row, NULL);
        if (r == -ENOENT && l->foreign++ == 0)
                (void) snprintf(l->first, sizeof l->first, "%s", zone);
        return r == -ENOENT ? 0 : r;
}

/* What ours is the database knows; it may be missing as yet, or not be for our eyes. */
static void check_foreign(Look *l) {
        const DdnsStoreOptions options = ddns_store_options(&l->ctl->config);
        const char *database = l->ctl->config.state.database;
        ddns_cleanup(ddns_zonedir_freep) DdnsZoneDir *d = NULL;

        if (access(database, R_OK | W_OK) < 0 ||
            ddns_store_open(database, &options, &l->ctl->store, NULL) < 0 ||
            ddns_zonedir_open_to_read(l->path, &d, NULL) < 0 ||
            ddns_zonedir_each(d, count_foreign, l, NULL) < 0 || l->foreign == 0)
                return;
        say(l, DDNS_FINDING_GOOD,
            "zone files there that are not ours, and are left alone: %" PRIu64 ", %s.db%s", l->foreign,
            l->first, l->foreign > 1 ? " and others" : "");
}

void ddns_ctl_check_directory(DdnsCtl *c, const char *path, DdnsFindingHandler *found, void *userdata) {
        Look l = { .ctl = c, .path = path, .found = found, .userdata = userdata };
        struct stat st;

        if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) /* which is told already */
                return;
        if (ddns_ctl_is_of_units(c))
                check_service(&l);
        check_foreign(&l);
}
