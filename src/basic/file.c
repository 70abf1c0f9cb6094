/* SPDX-License-Identifier: MIT */
/* Bounded reading of files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/cleanup.h"
#include "basic/file.h"

#define SECRET_MAX        4096
#define CREDENTIAL_PREFIX "ddns_"

int ddns_file_read(const char *path, size_t max, char **ret, size_t *ret_size, DdnsMessage *message) {
        ddns_cleanup(ddns_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return ddns_fail(message, -errno, "%s: %m", path);

        struct stat st;
        if (fstat(fd, &st) < 0)
                return ddns_fail(message, -errno, "%s: %m", path);
        if (!S_ISREG(st.st_mode))
                return ddns_fail(message, S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL,
                                 "%s: not a regular file", path);

        ddns_cleanup(ddns_freep) char *data = malloc(max + 1);
        if (!data)
                return ddns_fail(message, -ENOMEM, "%s: out of memory", path);

        size_t size = 0;
        for (;;) {
                ssize_t n = read(fd, data + size, max + 1 - size);
                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return ddns_fail(message, -errno, "%s: %m", path);
                }
                if (n == 0)
                        break;
                size += (size_t) n;
                if (size > max)
                        return ddns_fail(message, -EFBIG, "%s: longer than %zu bytes", path, max);
        }

        data[size] = '\0';
        char *shrunk = realloc(data, size + 1);
        if (shrunk)
                data = shrunk;
        *ret = TAKE_PTR(data);
        if (ret_size)
                *ret_size = size;
        return 0;
}

/* LoadCredential=ddns:DIRECTORY, as our units have it, makes ddns_NAME of each file NAME; LoadCredential=NAME:FILE, which
 * an operator may add, makes NAME. */
static char *credential_path(const char *directory, const char *name) {
        char *path = NULL;

        if (asprintf(&path, "%s/" CREDENTIAL_PREFIX "%s", directory, name) < 0)
                return NULL;
        if (access(path, F_OK) == 0)
                return path;

        free(path);
        return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

int ddns_secret_path(const char *name, char **ret, DdnsMessage *message) {
        char *path;

        if (name[0] == '/')
                path = strdup(name);
        else {
                const char *directory = getenv("CREDENTIALS_DIRECTORY");
                if (!directory || directory[0] != '/')
                        return ddns_fail(message, -ENOENT,
                                         "%s: a relative name is a systemd credential, but no "
                                         "$CREDENTIALS_DIRECTORY is set",
                                         name);
                path = credential_path(directory, name);
        }
        if (!path)
                return ddns_fail(message, -ENOMEM, "%s: out of memory", name);
        *ret = path;
        return 0;
}

int ddns_secret_read(const char *name, char **ret, DdnsMessage *message) {
        ddns_cleanup(ddns_freep) char *path = NULL;
        char *secret;
        size_t size;
        int r;

        r = ddns_secret_path(name, &path, message);
        if (r < 0)
                return r;
        r = ddns_file_read(path, SECRET_MAX, &secret, &size, message);
        if (r < 0)
                return r;

        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): -errno is negative, so it was read */
        size_t line = strcspn(secret, "\r\n");
        if (line == 0 || memchr(secret, '\0', size)) {
                explicit_bzero(secret, size);
                free(secret);
                return ddns_fail(message, -EBADMSG, "%s: the first line is empty or has a NUL", path);
        }
        explicit_bzero(secret + line, size - line);
        *ret = secret;
        return 0;
}
