/* SPDX-License-Identifier: MIT */
/* The wake-up of ddns-retry: one datagram to its socket, whose content means nothing. */
#pragma once

/* Never waits. 0: sent, or the socket's buffer is full, so a wake-up is waiting there already. -ENOENT, -ECONNREFUSED: nobody
 * listens, ddns-retry.timer will do it; -ENAMETOOLONG; else the errno of socket() or sendto(). */
int ddns_wake(const char *path);
