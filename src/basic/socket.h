/* SPDX-License-Identifier: MIT */
/* Stream sockets that never block, with an end to every wait. `deadline` is monotonic, in microseconds.
 *
 * Errors: -ETIMEDOUT, or the errno of the call that failed. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "basic/address.h"

/* TCP. On success the caller owns `*ret`. */
int ddns_socket_connect(const DdnsSockaddr *server, uint64_t deadline, int *ret);

/* All of it. */
int ddns_socket_send(int fd, const void *data, size_t size, uint64_t deadline);

/* What is there, up to `size` octets, at least one; 0: the connection ended. */
ssize_t ddns_socket_receive(int fd, void *data, size_t size, uint64_t deadline);
