/* SPDX-License-Identifier: MIT */
/* Reading DirectAdmin's url-encoded answers: errors, and the legacy listing. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "directadmin/listing-internal.h"

/* A field of an answer, as it stands there. */
typedef struct Piece {
        const char *text;
        size_t size;
} Piece;

/* Cuts the next piece off `rest`; false at the end. */
static bool next_piece(Piece *rest, Piece *ret) {
        if (rest->size == 0)
                return false;
        size_t n = 0;
        while (n < rest->size && !memchr("&\r\n", rest->text[n], 3))
                n++;
        *ret = (Piece){ rest->text, n };
        if (n < rest->size)
                n++;
        rest->text += n;
        rest->size -= n;
        return true;
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        c = (char) tolower((unsigned char) c);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends it decoded. -EBADMSG: a '%' without two hex digits. */
static int decode(Piece p, DdnsBuffer *ret) {
        for (size_t i = 0; i < p.size; i++) {
                char c = p.text[i];
                if (c == '+')
                        c = ' ';
                else if (c == '%') {
                        int high = i + 2 < p.size ? hex_digit(p.text[i + 1]) : -1;
                        int low = i + 2 < p.size ? hex_digit(p.text[i + 2]) : -1;
                        if (high < 0 || low < 0)
                                return -EBADMSG;
                        c = (char) (high << 4 | low);
                        i += 2;
                }
                ddns_buffer_append_byte(ret, c);
        }
        return ddns_buffer_status(ret);
}

static Piece cut_key(Piece *p) {
        const char *equals = memchr(p->text, '=', p->size);
        Piece key = { p->text, equals ? (size_t) (equals - p->text) : p->size };
        size_t skip = key.size + (equals ? 1 : 0);

        *p = (Piece){ p->text + skip, p->size - skip };
        return key;
}

static bool piece_is(Piece p, const char *text) {
        return p.size == strlen(text) && memcmp(p.text, text, p.size) == 0;
}

static int fail_said(Piece text, Piece details, DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer said = DDNS_BUFFER_NULL;
        char quoted[DDNS_DA_QUOTE_MAX];

        (void) decode(text, &said);
        if (text.size > 0 && details.size > 0)
                ddns_buffer_append_text(&said, ": ");
        (void) decode(details, &said);
        if (ddns_buffer_status(&said) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");
        return ddns_fail(message, -EBADMSG, "it answers with an error: %s",
                         said.size > 0 ? ddns_da_quote(said.data, said.size, quoted)
                                       : "(without a text)");
}

/* `error=1&text=…&details=…`. Without `text`, `error=0` is no listing either, which the caller finds out. */
static int check_error(const char *data, size_t size, DdnsMessage *message) {
        Piece rest = { data, size }, p, text = { "", 0 }, details = text;
        bool found = false;

        if (size > 0 && (data[0] == '{' || data[0] == '['))
                return 0;
        while (next_piece(&rest, &p)) {
                Piece key = cut_key(&p);
                if (piece_is(key, "error"))
                        found |= !piece_is(p, "0");
                else if (piece_is(key, "text"))
                        text = p;
                else if (piece_is(key, "details"))
                        details = p;
        }
        return found ? fail_said(text, details, message) : 0;
}

int ddns_da_check_text(const char *data, size_t size, DdnsMessage *message) {
        if (memchr(data, '\0', size))
                return ddns_fail(message, -EBADMSG, "its answer has a NUL");
        while (size > 0 && isspace((unsigned char) *data)) {
                data++;
                size--;
        }
        if (size == 0)
                return ddns_fail(message, -EBADMSG, "its answer is empty");
        if (*data == '<') {
                /* not terminated when it is a part of something else */
                ddns_cleanup(ddns_freep) char *html = strndup(data, size);
                return html ? ddns_da_fail_html(html, size, message)
                            : ddns_fail(message, -ENOMEM, "out of memory");
        }
        return check_error(data, size, message);
}

/* "&#91" is '[': two digits, and no semicolon. It has to go before the text is split at '&'. */
static int decode_entities(const char *data, size_t size, DdnsBuffer *ret) {
        ddns_buffer_reserve(ret, size);
        for (size_t i = 0; i < size; i++)
                if (i + 3 < size && data[i] == '&' && data[i + 1] == '#' &&
                    isdigit((unsigned char) data[i + 2]) && isdigit((unsigned char) data[i + 3])) {
                        ddns_buffer_append_byte(ret,
                                                (char) ((data[i + 2] - '0') * 10 + data[i + 3] - '0'));
                        i += 3;
                } else
                        ddns_buffer_append_byte(ret, data[i]);
        return ddns_buffer_status(ret);
}

static int take_field(Piece p, DdnsBuffer *scratch, DdnsDaNames *names, DdnsMessage *message) {
        Piece key = cut_key(&p);
        char quoted[DDNS_DA_QUOTE_MAX];

        ddns_buffer_reset(scratch);
        int r = decode(key, scratch);
        if (r == 0 && !piece_is((Piece){ scratch->data, scratch->size }, "list[]"))
                r = -EBADMSG;
        if (r == -EBADMSG)
                return ddns_fail(message, r, "its list has a field \"%s\"",
                                 ddns_da_quote(key.text, key.size, quoted));
        ddns_buffer_reset(scratch);
        r = r ?: decode(p, scratch);
        if (r == -EBADMSG)
                return ddns_fail(message, r, "its list has \"%s\", which is not url-encoded",
                                 ddns_da_quote(p.text, p.size, quoted));
        if (r < 0)
                return ddns_fail(message, r, "out of memory");
        return ddns_da_names_add(names, scratch->data ?: "", scratch->size, message);
}

int ddns_da_parse_legacy(const char *data, size_t size, DdnsDaNames *names, DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer text = DDNS_BUFFER_NULL, scratch = DDNS_BUFFER_NULL;
        size_t before = names->n;
        Piece p;

        int r = ddns_da_check_text(data, size, message);
        if (r < 0)
                return r;
        if (decode_entities(data, size, &text) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");
        Piece rest = { text.data, text.size };
        while (next_piece(&rest, &p)) {
                if (p.size == 0)
                        continue;
                r = take_field(p, &scratch, names, message);
                if (r < 0)
                        return r;
        }
        if (names->n == before)
                return ddns_fail(message, -EBADMSG, "it lists no zones");
        return 0;
}
