/* SPDX-License-Identifier: MIT */
/* Parsing, matching and printing of IP addresses. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "basic/address.h"

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* Decimal without sign, blanks or leading zeros beyond "0". */
static int parse_number(const char *text, unsigned max, unsigned *ret) {
        unsigned n = 0;

        if (*text == '\0' || (text[0] == '0' && text[1] != '\0'))
                return -EINVAL;
        for (; *text; text++) {
                if (*text < '0' || *text > '9')
                        return -EINVAL;
                n = n * 10 + (unsigned) (*text - '0');
                if (n > max)
                        return -EINVAL;
        }
        *ret = n;
        return 0;
}

/* Copies the part of `text` before `separator` and points `ret_rest` behind it (NULL: no separator). */
static int split(const char *text, char separator, char head[DDNS_ADDRESS_MAX], const char **ret_rest) {
        const char *s = strchr(text, separator);
        size_t n = s ? (size_t) (s - text) : strlen(text);

        if (n >= DDNS_ADDRESS_MAX)
                return -EINVAL;
        memcpy(head, text, n);
        head[n] = '\0';
        *ret_rest = s ? s + 1 : NULL;
        return 0;
}

int ddns_prefix_parse(const char *text, DdnsPrefix *ret) {
        char head[DDNS_ADDRESS_MAX];
        const char *rest;
        DdnsPrefix p = { .bits = 128 };

        if (split(text, '/', head, &rest) < 0)
                return -EINVAL;

        unsigned offset = 0;
        if (inet_pton(AF_INET, head, p.address + 12) == 1) {
                memcpy(p.address, mapped, sizeof mapped);
                offset = 96;
        } else if (inet_pton(AF_INET6, head, p.address) != 1)
                return -EINVAL;

        if (rest) {
                if (parse_number(rest, 128 - offset, &p.bits) < 0)
                        return -EINVAL;
                p.bits += offset;
        }
        for (unsigned i = p.bits; i < 128; i++)
                if (p.address[i / 8] & (0x80 >> i % 8))
                        return -EINVAL;

        *ret = p;
        return 0;
}

static bool to_bytes(const struct sockaddr *sa, uint8_t ret[16]) {
        if (sa->sa_family == AF_INET) {
                memcpy(ret, mapped, sizeof mapped);
                memcpy(ret + 12, &((const struct sockaddr_in *) sa)->sin_addr, 4);
                return true;
        }
        if (sa->sa_family == AF_INET6) {
                memcpy(ret, &((const struct sockaddr_in6 *) sa)->sin6_addr, 16);
                return true;
        }
        return false;
}

bool ddns_prefix_contains(const DdnsPrefix *prefix, const struct sockaddr *sa) {
        uint8_t a[16];

        if (!to_bytes(sa, a))
                return false;

        unsigned whole = prefix->bits / 8, rest = prefix->bits % 8;
        if (memcmp(a, prefix->address, whole) != 0)
                return false;
        return rest == 0 || ((a[whole] ^ prefix->address[whole]) & (0xff << (8 - rest)) & 0xff) == 0;
}

int ddns_sockaddr_parse(const char *text, uint16_t default_port, DdnsSockaddr *ret) {
        char head[DDNS_ADDRESS_MAX];
        const char *rest;
        unsigned port = default_port;
        DdnsSockaddr a = { 0 };

        if (split(text, '@', head, &rest) < 0)
                return -EINVAL;
        if (rest && (parse_number(rest, UINT16_MAX, &port) < 0 || port == 0))
                return -EINVAL;

        if (inet_pton(AF_INET, head, &a.in.sin_addr) == 1) {
                a.in.sin_family = AF_INET;
                a.in.sin_port = htons((uint16_t) port);
        } else if (inet_pton(AF_INET6, head, &a.in6.sin6_addr) == 1) {
                a.in6.sin6_family = AF_INET6;
                a.in6.sin6_port = htons((uint16_t) port);
        } else
                return -EINVAL;

        *ret = a;
        return 0;
}

socklen_t ddns_sockaddr_length(const DdnsSockaddr *a) {
        return a->sa.sa_family == AF_INET ? sizeof a->in : sizeof a->in6;
}

void ddns_address_format(const struct sockaddr *sa, char ret[DDNS_ADDRESS_MAX]) {
        uint8_t a[16];
        const char *done = NULL;

        if (to_bytes(sa, a))
                done = memcmp(a, mapped, sizeof mapped) == 0
                                       ? inet_ntop(AF_INET, a + 12, ret, DDNS_ADDRESS_MAX)
                                       : inet_ntop(AF_INET6, a, ret, DDNS_ADDRESS_MAX);
        if (!done)
                (void) snprintf(ret, DDNS_ADDRESS_MAX, "-");
}

bool ddns_address_site(const struct sockaddr *sa, uint8_t ret[16]) {
        const DdnsSockaddr *a = (const DdnsSockaddr *) sa;

        memset(ret, 0, 16);
        if (sa->sa_family == AF_INET) {
                memcpy(ret, mapped, sizeof mapped);
                memcpy(ret + 12, &a->in.sin_addr, 4);
        } else if (sa->sa_family == AF_INET6) {
                bool is_v4 = memcmp(&a->in6.sin6_addr, mapped, sizeof mapped) == 0;

                memcpy(ret, &a->in6.sin6_addr, is_v4 ? 16 : 8);
        } else
                return false;
        return true;
}
