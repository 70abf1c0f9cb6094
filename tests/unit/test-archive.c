/* SPDX-License-Identifier: MIT */
/* Exports as they are written, and archives from outside, of which nothing may do harm. */
#include <string.h>

#include "archive/archive.h"
#include "archive/tar-internal.h"
#include "archive/tar.h"
#include "basic/domain.h"
#include "test.h"

#define HEAD(zones)  "{\"format\":\"ddns-export\",\"version\":1,\"zones\":" zones "}\n"
#define LINE(zone)   "{\"zone\":\"" zone "\"}\n"
#define MANIFEST     "manifest.jsonl"
#define PAST_THE_END 1024

/* An archive while it is made. */
typedef struct Made {
        FILE *f;
} Made;

static int set_up(void **state) {
        Made *m = calloc(1, sizeof *m);

        m->f = tmpfile();
        assert_non_null(m->f);
        *state = m;
        return 0;
}

static int tear_down(void **state) {
        Made *m = *state;

        (void) fclose(m->f);
        free(m);
        return 0;
}

static void add(Made *m, const char *name, const char *text) {
        assert_int_equal(ddns_tar_write(m->f, name, text, strlen(text), 1), 0);
}

static void end(Made *m) {
        assert_int_equal(ddns_tar_write_end(m->f), 0);
        assert_int_equal(fflush(m->f), 0);
        rewind(m->f);
}

/* The header at `offset`, after `change` and with a right checksum. */
static void change_header(Made *m, long offset, void (*change)(TarHeader *h)) {
        TarHeader h;

        assert_int_equal(fseek(m->f, offset, SEEK_SET), 0);
        assert_int_equal(fread(&h, sizeof h, 1, m->f), 1);
        change(&h);
        (void) snprintf(h.checksum, sizeof h.checksum, "%06o", tar_checksum(&h));
        assert_int_equal(fseek(m->f, offset, SEEK_SET), 0);
        assert_int_equal(fwrite(&h, sizeof h, 1, m->f), 1);
        rewind(m->f);
}

static int count_zone(const DdnsArchived *zone, void *userdata) {
        (*(unsigned *) userdata)++;
        return 0;
}

/* What is said about the archive; "" if it is taken. */
static const char *verdict(Made *m, DdnsMessage *message) {
        ddns_cleanup(ddns_archive_freep) DdnsArchive *a = NULL;
        unsigned n = 0;

        message->text[0] = '\0';
        rewind(m->f);
        int r = ddns_archive_open("-", m->f, &a, message);
        if (r >= 0)
                r = ddns_archive_each(a, count_zone, &n, message);
        assert_int_equal(r < 0, message->text[0] != '\0');
        return message->text;
}

static void refused(Made *m, const char *why) {
        DdnsMessage message;

        if (!strstr(verdict(m, &message), why))
                fail_msg("said \"%s\", not \"%s\"", message.text, why);
}

static void taken(Made *m) {
        DdnsMessage message;

        assert_string_equal(verdict(m, &message), "");
}

/* Two zones, of which the second has the longest name. */
static void make_sound(Made *m, char long_zone[DDNS_ZONE_NAME_MAX + 1]) {
        char manifest[1024], name[DDNS_ZONE_NAME_MAX + 32];

        memset(long_zone, 'a', DDNS_ZONE_NAME_MAX);
        for (size_t i = 63; i < DDNS_ZONE_NAME_MAX; i += 64)
                long_zone[i] = '.';
        long_zone[DDNS_ZONE_NAME_MAX] = '\0';
        (void) snprintf(manifest, sizeof manifest, HEAD("2") LINE("a.test") LINE("%s"), long_zone);
        (void) snprintf(name, sizeof name, "zones/%s.zone", long_zone);
        add(m, MANIFEST, manifest);
        add(m, "zones/a.test.zone", "first");
        add(m, name, "second");
        end(m);
}

static int look_at_long(const DdnsArchived *zone, void *userdata) {
        if (strlen(zone->zone) != DDNS_ZONE_NAME_MAX)
                return 0;
        assert_string_equal(zone->zone, userdata);
        assert_int_equal(zone->size, 6);
        assert_memory_equal(zone->text, "second", 6);
        assert_null(zone->hostname);
        return 1;
}

static void an_archive_is_read_as_often_as_it_is_asked_for(void **state) {
        ddns_cleanup(ddns_archive_freep) DdnsArchive *a = NULL;
        char zone[DDNS_ZONE_NAME_MAX + 1];
        DdnsMessage message = DDNS_MESSAGE_NULL;

        make_sound(*state, zone);
        assert_int_equal(ddns_archive_open("-", ((Made *) *state)->f, &a, &message), 0);
        assert_int_equal(ddns_archive_count(a), 2);
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(ddns_archive_each(a, look_at_long, zone, &message), 1);
}

static void an_archive_that_is_cut_off_anywhere_is_refused(void **state) {
        char zone[DDNS_ZONE_NAME_MAX + 1], *bytes;
        Made *m = *state;

        make_sound(m, zone);
        assert_int_equal(fseek(m->f, 0, SEEK_END), 0);
        long size = ftell(m->f);
        bytes = malloc((size_t) size);
        rewind(m->f);
        assert_int_equal(fread(bytes, (size_t) size, 1, m->f), 1);
        for (long i = 1; i < size; i += 97) {
                Made cut = { fmemopen(bytes, (size_t) i, "r") };
                DdnsMessage message;

                assert_string_not_equal(verdict(&cut, &message), "");
                (void) fclose(cut.f);
        }
        /* one of both blocks of zeros is no end */
        Made cut = { fmemopen(bytes, (size_t) size - TAR_BLOCK, "r") };
        refused(&cut, "is cut off");
        (void) fclose(cut.f);
        free(bytes);
}

static void manifests_that_are_none_are_refused(void **state) {
        static const struct {
                const char *manifest, *why;
        } cases[] = {
                { "", "says that it has" },
                { "[]\n", "line 1: not of an export" },
                { "{\"format\":\"ddns-export\",\"version\":2,\"zones\":0}\n",
                  "version 2 of the format" },
                { HEAD("1") "nonsense\n", "line 2: " },
                { HEAD("1") "{}\n", "line 2: no object with \"zone\"" },
                { HEAD("1") LINE("../a"), "line 2: no zone name" },
                { HEAD("1") "{\"zone\":\"a.test\",\"hostname\":7}\n", "line 2: no object" },
                { HEAD("1") "{\"zone\":\"a.test\",\"accepted_usec\":-7}\n", "line 2: no object" },
                { HEAD("1") "{\"zone\":\"a.test\",\"zone\":\"b.test\"}\n", "line 2: " },
                { HEAD("2") LINE("a.test") LINE("A.test"), "line 3: a.test is there twice" },
                { HEAD("2") LINE("a.test"), "has 1 zones, but says that it has 2" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Made m = { tmpfile() };

                add(&m, MANIFEST, cases[i].manifest);
                add(&m, "zones/a.test.zone", "");
                end(&m);
                refused(&m, cases[i].why);
                (void) fclose(m.f);
        }
}

static void what_is_not_in_the_manifest_is_refused(void **state) {
        static const struct {
                const char *name, *why;
        } cases[] = {
                { "zones/b.test.zone", "which is not in manifest.jsonl" },
                { "zones/a.test", "which is not in manifest.jsonl" },
                { "zones/.zone", "which is not in manifest.jsonl" },
                { "a.test.zone", "which is not in manifest.jsonl" },
                { "zones/x/a.test.zone", "which is not in manifest.jsonl" },
                { "zones/a.test.zone", "twice" },
                { "manifest.jsonl", "which is not in manifest.jsonl" },
                { "/zones/a.test.zone", "that is absolute" },
                { "zones/../zones/a.test.zone", "that has \"..\" in it" },
                { "..", "that has \"..\" in it" },
                { "zones/a\ntest.zone", "no printable ASCII" },
                { "./", "that is empty" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Made m = { tmpfile() };

                add(&m, MANIFEST, HEAD("1") LINE("a.test"));
                add(&m, "./zones/a.test.zone", "");
                add(&m, cases[i].name, "");
                end(&m);
                refused(&m, cases[i].why);
                (void) fclose(m.f);
        }
}

static void what_the_manifest_has_must_be_there_unchanged(void **state) {
        Made *m = *state, other = { tmpfile() };

        add(m, MANIFEST, HEAD("2") LINE("a.test") LINE("b.test"));
        add(m, "zones/a.test.zone", "");
        end(m);
        refused(m, "lacks zones/b.test.zone");

        add(&other, MANIFEST, HEAD("1") "{\"zone\":\"a.test\",\"digest\":\"00ff\"}\n");
        add(&other, "zones/a.test.zone", "");
        end(&other);
        refused(&other, "has a.test with another content");
        (void) fclose(other.f);
}

static void be_a_symlink(TarHeader *h) {
        h->type = '2';
        strcpy(h->link, "/etc/shadow");
}

static void be_a_hardlink(TarHeader *h) {
        h->type = '1';
}

static void be_a_device(TarHeader *h) {
        h->type = '3';
}

static void be_sparse(TarHeader *h) {
        h->type = 'S';
}

static void be_huge(TarHeader *h) {
        memcpy(h->size, "77777777777", 12);
}

static void have_a_binary_size(TarHeader *h) {
        memset(h->size, 0xff, sizeof h->size);
}

static void have_no_magic(TarHeader *h) {
        memset(h->magic, 0, sizeof h->magic);
}

static void hostile_headers_are_refused(void **state) {
        static const struct {
                void (*change)(TarHeader *h);
                const char *why;
        } cases[] = {
                { be_a_symlink, "has a link, \"zones/a.test.zone\"" },
                { be_a_hardlink, "has a link" },
                { be_a_device, "has a device" },
                { be_sparse, "has a file of an unknown kind" },
                { be_huge, "bytes: more than" },
                { have_a_binary_size, "no octal number" },
                { have_no_magic, "has no tar header at byte 1024" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Made m = { tmpfile() };

                add(&m, MANIFEST, HEAD("1") LINE("a.test"));
                add(&m, "zones/a.test.zone", "");
                end(&m);
                taken(&m);
                change_header(&m, PAST_THE_END, cases[i].change);
                refused(&m, cases[i].why);
                (void) fclose(m.f);
        }
}

/* One byte of it is another. */
static void a_damaged_header_is_refused(void **state) {
        Made *m = *state;

        add(m, MANIFEST, HEAD("1") LINE("a.test"));
        add(m, "zones/a.test.zone", "");
        end(m);
        assert_int_equal(fseek(m->f, PAST_THE_END + 6, SEEK_SET), 0);
        (void) fputc('b', m->f);
        refused(m, "has a wrong checksum at byte 1024");
}

static void be_pax(TarHeader *h) {
        h->type = 'x';
}

static void extended_headers_change_nothing_but_the_name(void **state) {
        static const struct {
                const char *records, *why; /* NULL: taken */
        } cases[] = {
                { "26 path=zones/a.test.zone\n", NULL },
                { "20 mtime=1234567890\n26 path=zones/a.test.zone\n", NULL },
                { "16 path=../a.zo\n", "has \"..\" in it" },
                { "10 size=9\n", "extended header" },
                { "23 linkpath=/etc/shadow\n", "extended header" },
                { "25 GNU.sparse.realsize=1\n", "extended header" },
                { "99 path=a\n", "extended header" },
                { "0 path=a\n", "extended header" },
                { "path=a\n", "extended header" },
                { "10 path=ab", "extended header" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Made m = { tmpfile() };

                add(&m, MANIFEST, HEAD("1") LINE("a.test"));
                add(&m, "extension", cases[i].records);
                add(&m, "zones/a.test.zone", "");
                end(&m);
                change_header(&m, PAST_THE_END, be_pax);
                if (cases[i].why)
                        refused(&m, cases[i].why);
                else
                        taken(&m);
                (void) fclose(m.f);
        }
}

static void what_follows_the_end_is_refused(void **state) {
        Made *m = *state;

        add(m, MANIFEST, HEAD("0"));
        end(m);
        taken(m);
        assert_int_equal(fseek(m->f, 0, SEEK_END), 0);
        for (size_t i = 0; i < 10000; i++)
                (void) fputc('\0', m->f);
        taken(m);
        assert_int_equal(fseek(m->f, 0, SEEK_END), 0);
        (void) fputc('x', m->f);
        refused(m, "goes on behind its end, at byte 11776");
}

static void other_files_are_told_apart(void **state) {
        static const struct {
                const char *bytes;
                size_t size;
                const char *why;
        } cases[] = {
                { "", 0, "is empty" },
                { "\x1f\x8b\x08\x00 and more", 13, "is compressed" },
                { "hello", 5, "is neither a tar archive nor" },
                { "SQLite format 3\0 and more", 26, "is a database: name the file" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Made m = { tmpfile() };

                (void) fwrite(cases[i].bytes, 1, cases[i].size, m.f);
                refused(&m, cases[i].why);
                (void) fclose(m.f);
        }
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                T(an_archive_is_read_as_often_as_it_is_asked_for),
                T(an_archive_that_is_cut_off_anywhere_is_refused),
                T(manifests_that_are_none_are_refused),
                T(what_is_not_in_the_manifest_is_refused),
                T(what_the_manifest_has_must_be_there_unchanged),
                T(hostile_headers_are_refused),
                T(a_damaged_header_is_refused),
                T(extended_headers_change_nothing_but_the_name),
                T(what_follows_the_end_is_refused),
                T(other_files_are_told_apart),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
