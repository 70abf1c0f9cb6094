/* SPDX-License-Identifier: MIT */
/* Random names, kind by kind. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "basic/cleanup.h"
#include "name-maker.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"
#define PLAIN   LETTERS DIGITS "-_"

size_t name_maker_below(NameMaker *m, size_t n) {
        /* splitmix64 */
        uint64_t z = m->state += 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return (size_t) ((z ^ z >> 31) % n);
}

static void put(MadeName *n, const void *data, size_t size) {
        if (size > sizeof n->text - 1 - n->size)
                size = sizeof n->text - 1 - n->size;
        memcpy(n->text + n->size, data, size);
        n->size += size;
        n->text[n->size] = '\0';
}

static void put_text(MadeName *n, const char *text) {
        put(n, text, strlen(text));
}

static void put_label(NameMaker *m, MadeName *n, const char *of, size_t size) {
        while (size-- > 0)
                put(n, of + name_maker_below(m, strlen(of)), 1);
}

static void put_labels(NameMaker *m, MadeName *n, const char *of, size_t count) {
        for (size_t i = 0; i < count; i++) {
                if (i > 0)
                        put_text(n, ".");
                put_label(m, n, of, 1 + name_maker_below(m, 12));
        }
}

static void plain(NameMaker *m, MadeName *n) {
        put_labels(m, n, PLAIN, 1 + name_maker_below(m, 4));
}

#define PUT_ONE(m, n, texts) put_text(n, (texts)[name_maker_below(m, ARRAY_SIZE(texts))])

static void upper_case(NameMaker *m, MadeName *n) {
        put_labels(m, n, "ABCDEFGHIJKLMNOPQRSTUVWXYZ" PLAIN, 1 + name_maker_below(m, 3));
}

static void numeric(NameMaker *m, MadeName *n) {
        if (name_maker_below(m, 4) == 0)
                put_text(n, "0x");
        put_labels(m, n, DIGITS, 1 + name_maker_below(m, 5));
}

static void hyphens(NameMaker *m, MadeName *n) {
        put_label(m, n, "-", name_maker_below(m, 3));
        put_label(m, n, PLAIN, name_maker_below(m, 6));
        put_text(n, "-.-");
        put_label(m, n, PLAIN, name_maker_below(m, 6));
}

static void options(NameMaker *m, MadeName *n) {
        static const char *const all[] = { "-",  "--", "-c", "-clean", "-redirect",
                                           "-a", "-u", "-p", "-noall", "--help" };

        PUT_ONE(m, n, all);
        if (name_maker_below(m, 2) == 0)
                put_label(m, n, PLAIN, name_maker_below(m, 4));
}

static void underscores(NameMaker *m, MadeName *n) {
        static const char *const starts[] = { "_",      "__",       "_acme-challenge.",
                                              "_tcp._", "_default", "_bind" };

        PUT_ONE(m, n, starts);
        plain(m, n);
        if (name_maker_below(m, 2) == 0)
                put_text(n, "_");
}

static void international(NameMaker *m, MadeName *n) {
        static const char *const labels[] = { "xn--",
                                              "xn--mnchen-3ya",
                                              "xn--90a.xn--p1ai",
                                              "XN--A",
                                              "m\xc3\xbcnchen",
                                              "\xe4\xb8\xad\xe6\x96\x87",
                                              "\xff\xfe",
                                              ("a\xe3\x80\x82"
                                               "b") /* an ideographic full stop */ };

        PUT_ONE(m, n, labels);
        put_text(n, ".");
        plain(m, n);
}

static void reverse(NameMaker *m, MadeName *n) {
        if (name_maker_below(m, 4) == 0) { /* RFC 2317 */
                put_label(m, n, DIGITS, 1 + name_maker_below(m, 3));
                put_text(n, name_maker_below(m, 2) == 0 ? "/25." : "-25.");
        }
        if (name_maker_below(m, 3) > 0) {
                put_labels(m, n, DIGITS, 1 + name_maker_below(m, 4));
                put_text(n, ".in-addr.arpa");
                return;
        }
        for (size_t i = 1 + name_maker_below(m, 32); i > 0; i--) {
                put_label(m, n, DIGITS "abcdefABCDEF", 1);
                put_text(n, ".");
        }
        put_text(n, "ip6.arpa");
}

static void long_labels(NameMaker *m, MadeName *n) {
        put_label(m, n, PLAIN, 61 + name_maker_below(m, 4));
        put_text(n, ".");
        plain(m, n);
}

/* Labels of one size each, cut where the limits of a name and of a file's name are. */
static void long_names(NameMaker *m, MadeName *n) {
        static const size_t sizes[] = { 1, 2, 31, 62, 63 };
        size_t label = sizes[name_maker_below(m, ARRAY_SIZE(sizes))],
               size = 248 + name_maker_below(m, 10);

        while (n->size < size) {
                put_label(m, n, PLAIN, label);
                put_text(n, ".");
        }
        n->size = size;
        n->text[n->size] = '\0';
        if (n->text[n->size - 1] == '.' && name_maker_below(m, 2) == 0)
                n->text[n->size - 1] = 'z';
        if (name_maker_below(m, 4) == 0)
                put_text(n, ".");
}

static void paths(NameMaker *m, MadeName *n) {
        static const char *const steps[] = { "..",    ".",         "/",
                                             "../",   "//",        "/etc/bind/named.conf",
                                             "~root", "a/b",       "\\",
                                             "..\\",  "/dev/null", "/proc/self/environ",
                                             "con" };

        for (size_t i = 1 + name_maker_below(m, 4); i > 0; i--) {
                PUT_ONE(m, n, steps);
                if (name_maker_below(m, 2) == 0)
                        plain(m, n);
        }
}

static void our_files(NameMaker *m, MadeName *n) {
        static const char *const files[] = {
                "named.conf",   "ddns.zones.conf", "ddns.zones.conf.db", ".ddns-0.tmp",
                ".ddns-kept",   ".ddns-kept/a.db", "ddns-0.tmp",         ".ddns-include.good",
                "rndc.key",     "ddns.db",         "ddns.db-wal",        "_default.nzd",
                "_default.nzf", "ddns.yaml",       "manifest.jsonl",     "managed-keys.bind"
        };
        static const char *const ends[] = { "",     ".db",   ".jnl",    ".db.jnl", ".tmp",
                                            ".nzf", ".zone", ".signed", "~" };

        if (name_maker_below(m, 2) == 0)
                PUT_ONE(m, n, files);
        else
                plain(m, n);
        PUT_ONE(m, n, ends);
}

static void escapes(NameMaker *m, MadeName *n) {
        static const char *const all[] = { "\\046", "\\.",     "\\097", "\\000", "\\\\", "\\\"",
                                           "\\x41", "\\u0041", "\\n",   "\\",    "\\#",  "\\[x41]" };

        put_label(m, n, PLAIN, name_maker_below(m, 4));
        PUT_ONE(m, n, all);
        plain(m, n);
}

static void percents(NameMaker *m, MadeName *n) {
        static const char *const all[] = { "%2e%2e%2f", "%2f", "%00", "%252f", "%zz", "%",
                                           "%2e",       "%0a", "+",   "&",     "=" };

        put_label(m, n, PLAIN, name_maker_below(m, 4));
        PUT_ONE(m, n, all);
        plain(m, n);
}

/* What means something where the name is put: configurations, commands, SQL, JSON, shells, logs, zone files. */
static void syntax(NameMaker *m, MadeName *n) {
        static const char *const all[] = { "\"",
                                           "\"; };",
                                           "\" { type primary; file \"/etc/passwd\"; }; zone \"x",
                                           "{",
                                           "}",
                                           ";",
                                           "{};",
                                           "'",
                                           "//",
                                           "/*",
                                           "*/",
                                           "#",
                                           "\n",
                                           "\r\n",
                                           "\t",
                                           " ",
                                           " IN view",
                                           "\n\"zone\"",
                                           "' OR '1'='1",
                                           "` id `",
                                           "$(id)",
                                           "${IFS}",
                                           "$INCLUDE /etc/passwd",
                                           "$",
                                           "*",
                                           "?",
                                           "@",
                                           "!",
                                           "(",
                                           ")",
                                           ",",
                                           ":",
                                           "|",
                                           "<b>",
                                           "\\\"",
                                           "\x7f",
                                           "\x1b[31m",
                                           "\x01",
                                           "\x80",
                                           "%s%n",
                                           "\xc2\xa0" };

        put_label(m, n, PLAIN, name_maker_below(m, 6));
        PUT_ONE(m, n, all);
        if (name_maker_below(m, 8) == 0)
                put(n, "", 1); /* a NUL */
        plain(m, n);
}

static void dots(NameMaker *m, MadeName *n) {
        static const char *const all[] = { "", ".", "..", "..." };

        PUT_ONE(m, n, all);
        plain(m, n);
        PUT_ONE(m, n, all);
        if (name_maker_below(m, 2) == 0)
                plain(m, n);
        PUT_ONE(m, n, all);
}

/* Names that name servers have a meaning of their own for, and words of their configuration. */
static void words(NameMaker *m, MadeName *n) {
        static const char *const all[] = { "zone",
                                           "in",
                                           "view",
                                           "none",
                                           "any",
                                           "type",
                                           "file",
                                           "include",
                                           "primary",
                                           "master",
                                           "key",
                                           "acl",
                                           "root",
                                           "ch",
                                           "hs",
                                           "arpa",
                                           "com",
                                           "invalid",
                                           "bind",
                                           "version.bind",
                                           "id.server",
                                           "hostname.bind",
                                           "authors.bind",
                                           "localhost",
                                           "localdomain",
                                           "default",
                                           "all",
                                           "null",
                                           "true",
                                           "0",
                                           "127.0.0.1",
                                           "10.in-addr.arpa",
                                           "0.in-addr.arpa",
                                           "127.in-addr.arpa",
                                           "255.255.255.255.in-addr.arpa",
                                           "168.192.in-addr.arpa",
                                           "8.b.d.0.1.0.0.2.ip6.arpa",
                                           "home.arpa",
                                           "empty.as112.arpa",
                                           "in-addr.arpa",
                                           "ip6.arpa",
                                           "in-addr",
                                           "redirect",
                                           "rpz",
                                           "_default",
                                           "_bind",
                                           "_meta",
                                           "_",
                                           "-",
                                           "example",
                                           "test" };

        PUT_ONE(m, n, all);
        if (name_maker_below(m, 2) == 0) {
                put_text(n, ".");
                PUT_ONE(m, n, all);
        }
}

static void bytes(NameMaker *m, MadeName *n) {
        for (size_t i = name_maker_below(m, 2) == 0 ? name_maker_below(m, 12) : name_maker_below(m, 300);
             i > 0; i--)
                put(n, &(char){ (char) name_maker_below(m, 256) }, 1);
}

static const struct {
        const char *name;
        void (*make)(NameMaker *m, MadeName *n);
} kinds[] = {
        { "plain", plain },
        { "upper-case", upper_case },
        { "numeric", numeric },
        { "hyphens", hyphens },
        { "options", options },
        { "underscores", underscores },
        { "international", international },
        { "reverse", reverse },
        { "long-labels", long_labels },
        { "long-names", long_names },
        { "paths", paths },
        { "our-files", our_files },
        { "escapes", escapes },
        { "percents", percents },
        { "syntax", syntax },
        { "dots", dots },
        { "words", words },
        { "bytes", bytes },
};

/* One octet more, less, or another one. */
static void spoil(NameMaker *m, MadeName *n) {
        size_t at = name_maker_below(m, n->size + 1);
        static const char marks[] = "./\\\"%;{}-_ \n";
        char c = (char) name_maker_below(m, 256);

        if (name_maker_below(m, 2) == 0)
                c = marks[name_maker_below(m, sizeof marks)];
        switch (name_maker_below(m, 3)) {
        case 0:
                if (n->size + 1 == sizeof n->text)
                        return;
                memmove(n->text + at + 1, n->text + at, n->size - at + 1);
                n->text[at] = c;
                n->size++;
                break;
        case 1:
                if (at == n->size)
                        return;
                memmove(n->text + at, n->text + at + 1, n->size - at);
                n->size--;
                break;
        default:
                if (at < n->size)
                        n->text[at] = c;
        }
}

void name_maker_next(NameMaker *m, MadeName *ret) {
        size_t kind = name_maker_below(m, ARRAY_SIZE(kinds));

        *ret = (MadeName){ .kind = kinds[kind].name };
        kinds[kind].make(m, ret);
        if (name_maker_below(m, 8) == 0)
                spoil(m, ret);
}
