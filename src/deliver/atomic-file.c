/* SPDX-License-Identifier: MIT */
/* Write, fsync, rename, fsync of the directory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/cleanup.h"
#include "basic/crash-point.h"
#include "deliver/atomic-file.h"

static int create(int dirfd, const char *temp) {
        int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

        int fd = openat(dirfd, temp, flags, 0640);
        if (fd < 0 && errno == EEXIST && unlinkat(dirfd, temp, 0) == 0)
                fd = openat(dirfd, temp, flags, 0640);
        return fd < 0 ? -errno : fd;
}

static int fill(int fd, const char *data, size_t size, bool sync) {
        /* The name server reads by its group, whatever our umask is. */
        if (fchmod(fd, 0640) < 0)
                return -errno;
        DDNS_CRASH_POINT("file-created");
        while (size > 0) {
                ssize_t k = write(fd, data, size);
                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                data += k;
                size -= (size_t) k;
        }
        DDNS_CRASH_POINT("file-written");
        return sync && fsync(fd) < 0 ? -errno : 0;
}

int ddns_atomic_file_create(int dirfd, const char *temp, const void *data, size_t size, bool sync) {
        int fd = create(dirfd, temp);
        if (fd < 0)
                return fd;

        int r = fill(fd, data, size, sync);
        /* NFS and quotas report what write() promised too early here. */
        if (close(fd) < 0 && r >= 0)
                r = -errno;
        if (r < 0)
                (void) unlinkat(dirfd, temp, 0);
        return r;
}

int ddns_atomic_file_replace(int dirfd, const char *temp, const char *name, const void *data,
                             size_t size) {
        int r = ddns_atomic_file_create(dirfd, temp, data, size, true);
        if (r < 0)
                return r;
        DDNS_CRASH_POINT("include-synced");
        if (renameat(dirfd, temp, dirfd, name) < 0) {
                r = -errno;
                (void) unlinkat(dirfd, temp, 0);
                return r;
        }
        DDNS_CRASH_POINT("include-renamed");
        return fsync(dirfd) < 0 ? -errno : 0;
}
