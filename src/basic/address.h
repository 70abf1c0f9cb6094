/* SPDX-License-Identifier: MIT */
/* IP addresses, prefixes and endpoints as they stand in the configuration and come from sockets. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

typedef union DdnsSockaddr {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
} DdnsSockaddr;

/* An address and how many of its leading bits count. IPv4 is held as ::ffff:a.b.c.d with bits + 96. */
typedef struct DdnsPrefix {
        uint8_t address[16];
        unsigned bits;
} DdnsPrefix;

/* "192.0.2.1", "192.0.2.0/24", "2001:db8::/64". -EINVAL if it is none of them or has bits set beyond the prefix. */
int ddns_prefix_parse(const char *text, DdnsPrefix *ret);
/* `sa` is AF_INET or AF_INET6; an IPv4-mapped address counts as IPv4. */
bool ddns_prefix_contains(const DdnsPrefix *prefix, const struct sockaddr *sa);

/* "192.0.2.1", "2001:db8::1", either with "@PORT" behind it, as Knot and NSD write it; no names, so no look-ups.
 * -EINVAL if it is none of them. */
int ddns_sockaddr_parse(const char *text, uint16_t default_port, DdnsSockaddr *ret);
socklen_t ddns_sockaddr_length(const DdnsSockaddr *a);

/* What one customer has: an IPv4 address (as ::ffff:a.b.c.d) or an IPv6 /64, whose hosts choose the lower half of their address as
 * they like. False for any other family. */
bool ddns_address_site(const struct sockaddr *sa, uint8_t ret[16]);

#define DDNS_ADDRESS_MAX 46 /* INET6_ADDRSTRLEN */
/* The address without the port, IPv4-mapped ones as IPv4; "-" for any other family. */
void ddns_address_format(const struct sockaddr *sa, char ret[DDNS_ADDRESS_MAX]);
