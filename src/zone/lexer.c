/* SPDX-License-Identifier: MIT */
/* Lexer of master files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "basic/array.h"
#include "basic/cleanup.h"
#include "zone/lexer.h"

/* More tokens than the longest rdata has octets make no record. */
#define TOKENS_MAX 65536

static int add_token(ZoneEntry *e, const char *text, size_t size, bool quoted, DdnsMessage *message) {
        if (e->n == TOKENS_MAX)
                return ddns_fail(message, -EBADMSG, "line %u: more than %d fields", e->line, TOKENS_MAX);

        ZoneToken *tokens = ddns_array_grow(e->tokens, e->n, &e->allocated, sizeof *tokens);
        if (!tokens)
                return ddns_fail(message, -ENOMEM, "out of memory");
        e->tokens = tokens;
        e->tokens[e->n++] = (ZoneToken){ text, size, quoted };
        return 0;
}

/* Behind the opening quote; a string does not go over the end of its line. */
static int read_quoted(ZoneLexer *l, ZoneEntry *e, DdnsMessage *message) {
        const char *start = ++l->p;

        while (l->p < l->end && *l->p != '"') {
                if (*l->p == '\n')
                        break;
                if (*l->p == '\\' && l->p + 1 < l->end && l->p[1] != '\n')
                        l->p++;
                l->p++;
        }
        if (l->p >= l->end || *l->p != '"')
                return ddns_fail(message, -EBADMSG, "line %u: a quoted string does not end on its line",
                                 l->line);
        return add_token(e, start, (size_t) (l->p++ - start), true, message);
}

static bool ends_word(char c) {
        switch (c) {
        case ' ':
        case '\t':
        case '\r':
        case '\n':
        case '"':
        case '(':
        case ')':
        case ';':
                return true;
        default:
                return false;
        }
}

static int read_word(ZoneLexer *l, ZoneEntry *e, DdnsMessage *message) {
        const char *start = l->p;

        while (l->p < l->end && !ends_word(*l->p)) {
                if (*l->p == '\\' && l->p + 1 < l->end && l->p[1] != '\n' && l->p[1] != '\r')
                        l->p++;
                l->p++;
        }
        return add_token(e, start, (size_t) (l->p - start), false, message);
}

int zone_lexer_next(ZoneLexer *l, ZoneEntry *e, DdnsMessage *message) {
        bool line_start =
                        true; /* nothing of the entry was seen yet, so a blank here stands for the owner */
        unsigned depth = 0;
        int r = 0;

        e->n = 0;
        e->blank_owner = false;
        e->line = l->line;

        while (l->p < l->end && r >= 0) {
                switch (*l->p) {
                case '\r':
                        if (l->p + 1 < l->end && l->p[1] != '\n')
                                return ddns_fail(message, -EBADMSG,
                                                 "line %u: a carriage return within the line", l->line);
                        l->p++;
                        break;
                case '\n':
                        l->p++;
                        l->line++;
                        if (depth > 0)
                                break;
                        if (e->n > 0)
                                return 1;
                        line_start = true;
                        e->blank_owner = false;
                        e->line = l->line;
                        break;
                case ' ':
                case '\t':
                        if (line_start && e->n == 0)
                                e->blank_owner = true;
                        l->p++;
                        line_start = false;
                        break;
                case ';':
                        while (l->p < l->end && *l->p != '\n')
                                l->p++;
                        break;
                case '(':
                        depth++;
                        l->p++;
                        line_start = false;
                        break;
                case ')':
                        if (depth == 0)
                                return ddns_fail(message, -EBADMSG, "line %u: ')' without '('", l->line);
                        depth--;
                        l->p++;
                        break;
                case '"':
                        line_start = false;
                        r = read_quoted(l, e, message);
                        break;
                default:
                        line_start = false;
                        r = read_word(l, e, message);
                }
        }
        if (r < 0)
                return r;
        if (depth > 0)
                return ddns_fail(message, -EBADMSG, "line %u: '(' is never closed", e->line);
        return e->n > 0;
}

void zone_entry_done(ZoneEntry *e) {
        free(e->tokens);
        *e = (ZoneEntry){ 0 };
}

static int digit(char c) {
        return c >= '0' && c <= '9' ? c - '0' : -1;
}

int zone_token_decode(const ZoneToken *t, unsigned char *ret, size_t max, size_t *ret_size) {
        size_t n = 0;

        for (size_t i = 0; i < t->size; i++) {
                unsigned char c = (unsigned char) t->text[i];

                if (c == '\\') {
                        if (++i >= t->size)
                                return -EBADMSG;
                        c = (unsigned char) t->text[i];
                        if (digit(t->text[i]) >= 0) {
                                if (i + 2 >= t->size || digit(t->text[i + 1]) < 0 ||
                                    digit(t->text[i + 2]) < 0)
                                        return -EBADMSG;
                                int value = digit(t->text[i]) * 100 + digit(t->text[i + 1]) * 10 +
                                            digit(t->text[i + 2]);
                                if (value > 255)
                                        return -EBADMSG;
                                c = (unsigned char) value;
                                i += 2;
                        }
                }
                if (n >= max)
                        return -EFBIG;
                ret[n++] = c;
        }
        *ret_size = n;
        return 0;
}

bool zone_token_is(const ZoneToken *t, const char *word) {
        return !t->quoted && t->size == strlen(word) && strncasecmp(t->text, word, t->size) == 0;
}
