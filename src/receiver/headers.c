/* SPDX-License-Identifier: MIT */
/* Reads headers. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "receiver/headers.h"

#define DIGITS "0123456789"
#define TOKEN  DIGITS "!#$%&'*+-.^_`|~abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* More of them than a length in 64 bits has. */
#define DIGITS_MAX 19

/* Of these there may be one. */
typedef enum Single { HOST, LENGTH, ENCODING, AUTHORIZATION, _SINGLE_MAX } Single;

static const struct {
        const char *name, *twice;
} singles[] = {
        [HOST] = { "Host", "two Host headers" },
        [LENGTH] = { "Content-Length", "two Content-Length headers" },
        [ENCODING] = { "Transfer-Encoding", "two Transfer-Encoding headers" },
        [AUTHORIZATION] = { "Authorization", "two Authorization headers" },
};

typedef struct Reading {
        const char *values[_SINGLE_MAX]; /* NULL: it has none */
        const char *next;                /* where the next header has to stand; NULL: anywhere */
        const char *why;
} Reading;

static enum MHD_Result read_one(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                const char *value, size_t value_size) {
        Reading *r = cls;
        (void) kind;

        if (name_size == 0 || strspn(name, TOKEN) != name_size)
                r->why = "the name of a header has a blank, or what else is none";
        else if (memchr(value, '\r', value_size))
                r->why = "a carriage return within a header";
        else if (r->next && r->next != name)
                r->why = "a header that is folded, has a NUL, or ends without CRLF";
        if (r->why)
                return MHD_NO;
        if (r->next)
                r->next = value + value_size + strlen("\r\n");

        for (Single i = 0; i < _SINGLE_MAX; i++) {
                if (strcasecmp(singles[i].name, name) != 0)
                        continue;
                if (r->values[i])
                        r->why = singles[i].twice;
                r->values[i] = value;
        }
        return r->why ? MHD_NO : MHD_YES;
}

/* Before 1.0 libmicrohttpd takes a folded line for more of the header's *name*, a NUL for the end of a value, and a bare LF for the end
 * of a line, without a word. But it cuts up what came where it lies, with NULs in place of CR and LF, and has only what was folded
 * elsewhere: so all is well if each header stands right behind the one before. From 1.0 on it refuses these by itself, if told. */
static bool keeps_in_place(void) {
        return MHD_get_version()[0] == '0';
}

int ddns_headers_strictness(void) {
        return keeps_in_place() ? 0 : 1;
}

static bool is_length(const char *value) {
        size_t n = strspn(value, DIGITS);

        return n > 0 && n <= DIGITS_MAX && value[n] == '\0';
}

static size_t header_size(struct MHD_Connection *mhd) {
        const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

        return info ? info->header_size : 0;
}

const char *ddns_headers_read(struct MHD_Connection *mhd, const char *method, const char *version,
                              DdnsHeaders *ret) {
        size_t size = header_size(mhd);
        Reading r = { 0 };
        bool is_placed = method && version && keeps_in_place();

        if (is_placed)
                r.next = version + strlen(version) + strlen("\r\n");
        (void) MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, read_one, &r);
        if (r.why)
                return r.why;
        if (is_placed && r.next + strlen("\r\n") != method + size)
                return "a header that has a NUL or ends without CRLF";

        const char *length = r.values[LENGTH], *encoding = r.values[ENCODING];
        bool is_old = version && strcmp(version, "HTTP/1.0") == 0;

        if (length && encoding)
                return "a Content-Length beside a Transfer-Encoding";
        if (length && !is_length(length))
                return "a Content-Length that is no number";
        if (encoding && strcasecmp(encoding, "chunked") != 0)
                return "a Transfer-Encoding that is not \"chunked\"";
        if (encoding && is_old)
                return "a Transfer-Encoding in HTTP/1.0";
        if (version && !is_old && !r.values[HOST])
                return "no Host header";
        *ret = (DdnsHeaders){
                .authorization = r.values[AUTHORIZATION],
                .size = size,
                .length = length ? strtoull(length, NULL, 10) : 0,
        };
        return NULL;
}
