/* SPDX-License-Identifier: MIT */
/* URLs of masters, and pins. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic/address.h"
#include "basic/cleanup.h"
#include "config/url.h"

#define DIGITS  "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* Length of an IPv6 address in brackets; 0: there is none. */
static size_t bracketed_length(const char *text) {
        size_t length = strcspn(text, "]");
        char address[DDNS_ADDRESS_MAX];
        DdnsSockaddr a;

        if (text[length] != ']' || length > sizeof address || memchr(text, '@', length))
                return 0;
        (void) snprintf(address, sizeof address, "%.*s", (int) length - 1, text + 1);
        if (ddns_sockaddr_parse(address, 0, &a) < 0 || a.sa.sa_family != AF_INET6)
                return 0;
        return length + 1;
}

static size_t host_length(const char *text) {
        if (*text == '[')
                return bracketed_length(text);
        return strchr("-.", *text) ? 0 : strspn(text, LETTERS DIGITS "-_.");
}

static bool is_port(const char *text) {
        size_t length = strspn(text, DIGITS);

        return length > 0 && length <= 5 && text[length] == '\0' && text[0] != '0' &&
               strtoul(text, NULL, 10) <= UINT16_MAX;
}

bool ddns_is_url(const char *text) {
        static const char *const schemes[] = { "https://", "http://" };
        size_t i = 0;

        while (i < ARRAY_SIZE(schemes) && strncmp(text, schemes[i], strlen(schemes[i])) != 0)
                i++;
        if (i == ARRAY_SIZE(schemes))
                return false;

        const char *host = text + strlen(schemes[i]);
        size_t length = host_length(host);
        return length > 0 &&
               (host[length] == '\0' || (host[length] == ':' && is_port(host + length + 1)));
}

/* libcurl would not say what is wrong with it: a pin that is none matches no key. */
bool ddns_is_pin(const char *text) {
        static const char prefix[] = "sha256//";

        for (;; text++) {
                if (strncmp(text, prefix, strlen(prefix)) != 0)
                        return false;
                text += strlen(prefix);
                if (strspn(text, LETTERS DIGITS "+/") != 43 || text[43] != '=')
                        return false;
                text += 44;
                if (*text != ';')
                        return *text == '\0';
        }
}
