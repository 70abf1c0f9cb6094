/* SPDX-License-Identifier: MIT */
/* What a zone directory lacks, for an operator. */
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "deliver/zonedir.h"

/* One zone needs as much; what is enough for a batch of small ones is little all the same. */
static void check_room(const char *path, const struct statvfs *fs, DdnsFindingHandler *found,
                       void *userdata) {
        const struct {
                const char *what;
                uint64_t left, bad, little;
                bool counted;
        } rooms[] = {
                { "KiB", (uint64_t) fs->f_bavail * fs->f_frsize / 1024, 1024, 64 * 1024, true },
                { "files", fs->f_favail, 10, 1000, fs->f_files > 0 }, /* btrfs does not count them */
        };

        for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
                DdnsMessage text;

                if (!rooms[i].counted || rooms[i].left >= rooms[i].little)
                        continue;
                (void) ddns_fail(&text, 0,
                                 "zone-dir %s: its file system has room for %" PRIu64 " %s only", path,
                                 rooms[i].left, rooms[i].what);
                found(rooms[i].left < rooms[i].bad ? DDNS_FINDING_BAD : DDNS_FINDING_WARNING, text.text,
                      userdata);
        }
}

void ddns_zonedir_check(const char *path, DdnsFindingHandler *found, void *userdata) {
        DdnsFinding finding = DDNS_FINDING_BAD;
        struct statvfs fs;
        DdnsMessage text;
        struct stat st;

        if (stat(path, &st) < 0 || statvfs(path, &fs) < 0)
                (void) ddns_fail(&text, 0, "zone-dir %s: %m", path);
        else if (!S_ISDIR(st.st_mode))
                (void) ddns_fail(&text, 0, "zone-dir %s is no directory", path);
        else if (fs.f_flag & ST_RDONLY)
                (void) ddns_fail(&text, 0, "zone-dir %s: its file system is mounted read-only", path);
        else {
                (void) ddns_fail(&text, 0, "zone-dir %s is there", path);
                finding = DDNS_FINDING_GOOD;
        }
        found(finding, text.text, userdata);
        if (finding == DDNS_FINDING_GOOD)
                check_room(path, &fs, found, userdata);
}
