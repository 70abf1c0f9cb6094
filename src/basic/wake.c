/* SPDX-License-Identifier: MIT */
/* Sends the wake-up datagram. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "basic/cleanup.h"
#include "basic/wake.h"

int ddns_wake(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        size_t length = strlen(path);

        if (length >= sizeof address.sun_path)
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, length);

        ddns_cleanup(ddns_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;

        /* One byte, since some readers take an empty datagram for the end of input. */
        if (sendto(fd, "w", 1, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *) &address,
                   sizeof address) < 0 &&
            errno != EAGAIN)
                return -errno;
        return 0;
}
