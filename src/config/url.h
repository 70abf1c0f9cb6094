/* SPDX-License-Identifier: MIT */
/* What an HTTP server is called, and the pin of its key; private to src/config. */
#pragma once

#include <stdbool.h>

/* "http://HOST" or "https://HOST", perhaps with ":PORT", and nothing behind: which page is asked for is ours to say, and a
 * password in it would be seen. HOST is a name, an IPv4 address, or an IPv6 address in brackets. */
bool ddns_is_url(const char *text);

/* "sha256//BASE64" of 32 bytes, several with ';' between. */
bool ddns_is_pin(const char *text);
