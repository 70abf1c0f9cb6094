/* SPDX-License-Identifier: MIT */
/* Reading of archives from outside. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "archive/tar-internal.h"
#include "archive/tar.h"

/* Of a header that extends the next one. */
#define EXTENSION_MAX 65536

static int get(DdnsTarReader *t, void *data, size_t size, DdnsMessage *message) {
        errno = 0;
        size_t n = fread(data, 1, size, t->f);

        t->offset += n;
        if (n == size)
                return 0;
        if (ferror(t->f))
                return ddns_fail(message, errno > 0 ? -errno : -EIO, "can't be read: %m");
        return ddns_fail(message, -EBADMSG, "is cut off at byte %" PRIu64, t->offset);
}

static int skip(DdnsTarReader *t, uint64_t size, DdnsMessage *message) {
        char bytes[16 * TAR_BLOCK];
        int r = 0;

        for (uint64_t left = size; left > 0 && r >= 0;) {
                size_t n = left < sizeof bytes ? (size_t) left : sizeof bytes;

                r = get(t, bytes, n, message);
                left -= n;
        }
        return r;
}

/* Octal digits, then spaces or NULs. */
static bool parse_octal(const char *field, size_t size, uint64_t *ret) {
        uint64_t value = 0;
        size_t i = 0, digits = 0;

        while (i < size && field[i] == ' ')
                i++;
        for (; i < size && field[i] >= '0' && field[i] <= '7'; i++, digits++)
                value = value << 3 | (uint64_t) (field[i] - '0');
        for (; i < size; i++)
                if (field[i] != ' ' && field[i] != '\0')
                        return false;
        *ret = value;
        return digits > 0;
}

static bool is_zero(const void *block, size_t size) {
        const char *bytes = block;

        return size == 0 || (bytes[0] == '\0' && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Behind the first of the blocks of zeros that end it. */
static int read_end(DdnsTarReader *t, DdnsMessage *message) {
        char block[TAR_BLOCK];

        int r = get(t, block, sizeof block, message);
        if (r < 0)
                return r;
        for (size_t n = sizeof block; n > 0; n = fread(block, 1, sizeof block, t->f), t->offset += n)
                if (!is_zero(block, n))
                        return ddns_fail(message, -EBADMSG, "goes on behind its end, at byte %" PRIu64,
                                         t->offset - n);
        return ferror(t->f) ? ddns_fail(message, -EIO, "can't be read") : 0;
}

/* 1: a header; 0: that was the end. */
static int read_header(DdnsTarReader *t, TarHeader *ret, uint64_t *ret_size, DdnsMessage *message) {
        uint64_t at = t->offset, sum;

        int r = get(t, ret, sizeof *ret, message);
        if (r < 0)
                return r;
        if (is_zero(ret, sizeof *ret))
                return read_end(t, message);
        if (memcmp(ret->magic, "ustar", 5) != 0)
                return ddns_fail(message, -EBADMSG, "has no tar header at byte %" PRIu64, at);
        if (!parse_octal(ret->checksum, sizeof ret->checksum, &sum) || sum != tar_checksum(ret))
                return ddns_fail(message, -EBADMSG, "has a wrong checksum at byte %" PRIu64, at);
        if (!parse_octal(ret->size, sizeof ret->size, ret_size))
                return ddns_fail(message, -EBADMSG,
                                 "has a size that is no octal number at byte %" PRIu64, at);
        return 1;
}

/* Removes "./" in front and "/" behind, and lets nothing pass that could mean another place. */
static int take_name(const char *raw, size_t size, uint64_t at, char ret[DDNS_TAR_NAME_MAX + 1],
                     DdnsMessage *message) {
        const char *why = NULL;

        while (size >= 2 && raw[0] == '.' && raw[1] == '/')
                raw += 2, size -= 2;
        while (size > 1 && raw[size - 1] == '/')
                size--;
        if (size == 0)
                why = "is empty";
        else if (size > DDNS_TAR_NAME_MAX)
                why = "is too long";
        else if (raw[0] == '/')
                why = "is absolute";
        for (size_t i = 0; i < size && !why; i++)
                if (raw[i] <= ' ' || raw[i] > '~')
                        why = "has a byte that is no printable ASCII";
        for (size_t i = 0, start = 0; i <= size && !why; i++)
                if (i == size || raw[i] == '/') {
                        if (i - start == 2 && memcmp(raw + start, "..", 2) == 0)
                                why = "has \"..\" in it";
                        start = i + 1;
                }
        if (why)
                return ddns_fail(message, -EBADMSG, "has a name at byte %" PRIu64 " that %s", at, why);
        memcpy(ret, raw, size);
        ret[size] = '\0';
        return 0;
}

static void header_name(const TarHeader *h, DdnsBuffer *ret) {
        /* GNU tar's own format ("ustar ") has other things there */
        if (memcmp(h->magic, "ustar", sizeof h->magic) == 0 && h->prefix[0]) {
                ddns_buffer_append(ret, h->prefix, strnlen(h->prefix, sizeof h->prefix));
                ddns_buffer_append_byte(ret, '/');
        }
        ddns_buffer_append(ret, h->name, strnlen(h->name, sizeof h->name));
}

/* One pax record, "KEY=VALUE": the name is taken, what says nothing about the content is passed over. */
static int take_record(const char *record, size_t size, DdnsBuffer *name) {
        static const char *const refused[] = { "size=", "linkpath=", "GNU.sparse." };

        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
                if (strncmp(record, refused[i], strlen(refused[i])) == 0)
                        return -EBADMSG;
        if (strncmp(record, "path=", 5) == 0) {
                ddns_buffer_reset(name);
                ddns_buffer_append(name, record + 5, size - 5);
        }
        return 0;
}

/* "LENGTH KEY=VALUE\n", one after the other. */
static int take_records(const DdnsBuffer *data, uint64_t at, DdnsBuffer *name, DdnsMessage *message) {
        for (size_t start = 0; start < data->size;) {
                const char *line = data->data + start;
                size_t left = data->size - start, length = 0, digits = 0;

                for (; digits < left && digits < 6 && line[digits] >= '0' && line[digits] <= '9';
                     digits++)
                        length = length * 10 + (size_t) (line[digits] - '0');
                if (digits == 0 || length > left || length < digits + 3 || line[digits] != ' ' ||
                    line[length - 1] != '\n' ||
                    take_record(line + digits + 1, length - digits - 2, name) < 0)
                        return ddns_fail(message, -EBADMSG,
                                         "has an extended header at byte %" PRIu64 " that is not taken",
                                         at);
                start += length;
        }
        return 0;
}

/* A header that says something of the next one. */
static int read_extension(DdnsTarReader *t, const TarHeader *h, uint64_t size, uint64_t at,
                          DdnsBuffer *name, DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer data = DDNS_BUFFER_NULL;
        const DdnsTarEntry entry = { .name = "extended header", .size = size };

        int r = ddns_tar_read(t, &entry, EXTENSION_MAX, &data, message);
        if (r < 0)
                return r;
        if (h->type == 'L') {
                ddns_buffer_reset(name);
                ddns_buffer_append(name, data.data ? data.data : "",
                                   data.data ? strnlen(data.data, data.size) : 0);
                return 0;
        }
        DdnsBuffer *taken = h->type == 'x' ? name : &(DdnsBuffer){ 0 };
        r = take_records(&data, at, taken, message);
        if (taken != name)
                ddns_buffer_done(taken);
        return r;
}

static const char *what_it_is(char type) {
        switch (type) {
        case '1':
        case '2':
        case 'K':
                return "link";
        case '3':
        case '4':
                return "device";
        case '6':
                return "FIFO";
        default:
                return "file of an unknown kind";
        }
}

int ddns_tar_next(DdnsTarReader *t, DdnsTarEntry *ret, DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer name = DDNS_BUFFER_NULL;

        for (;;) {
                TarHeader h;
                uint64_t size = 0;

                int r = skip(t, t->left, message);
                t->left = 0;
                uint64_t at = t->offset;
                if (r < 0 || (r = read_header(t, &h, &size, message)) < 0)
                        return r;
                if (r == 0)
                        return name.size == 0 ? 0
                                              : ddns_fail(message, -EBADMSG, "ends behind a long name");
                t->left = size + (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
                if (h.type == 'x' || h.type == 'g' || h.type == 'L') {
                        r = read_extension(t, &h, size, at, &name, message);
                        if (r < 0)
                                return r;
                        continue;
                }

                if (name.size == 0)
                        header_name(&h, &name);
                if (ddns_buffer_status(&name) < 0)
                        return ddns_fail(message, -ENOMEM, "out of memory");
                r = take_name(name.size > 0 ? name.data : "", name.size, at, ret->name, message);
                if (r < 0)
                        return r;
                if (!memchr("0\0"
                            "5",
                            h.type, 3))
                        return ddns_fail(message, -EBADMSG, "has a %s, \"%.200s\"", what_it_is(h.type),
                                         ret->name);
                ret->directory = h.type == '5';
                ret->size = size;
                return 1;
        }
}

int ddns_tar_read(DdnsTarReader *t, const DdnsTarEntry *entry, uint64_t max, DdnsBuffer *ret,
                  DdnsMessage *message) {
        char bytes[16 * TAR_BLOCK];

        ddns_buffer_reset(ret);
        if (entry->size > max)
                return ddns_fail(message, -EBADMSG,
                                 "has \"%.200s\" with %" PRIu64 " bytes: more than %" PRIu64,
                                 entry->name, entry->size, max);
        /* In pieces: memory is only taken for what is really there. */
        for (uint64_t left = entry->size; left > 0;) {
                size_t n = left < sizeof bytes ? (size_t) left : sizeof bytes;

                int r = get(t, bytes, n, message);
                if (r < 0)
                        return r;
                ddns_buffer_append(ret, bytes, n);
                left -= n;
                t->left -= n;
        }
        return ddns_buffer_status(ret) < 0 ? ddns_fail(message, -ENOMEM, "out of memory") : 0;
}
