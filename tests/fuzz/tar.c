/* SPDX-License-Identifier: MIT */
/* Archives from outside: as they came, and with right checksums, since nothing behind a wrong one is read. What is taken out of one lies
 * within it, and written as an export it is read again as it was. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "archive/archive-internal.h"
#include "archive/tar-internal.h"
#include "archive/tar.h"
#include "basic/digest.h"
#include "basic/domain.h"
#include "fuzz.h"

static FILE *memory_file(const void *data, size_t size) {
        int fd = memfd_create("archive", MFD_CLOEXEC);

        must(fd >= 0 && write(fd, data, size) == (ssize_t) size && lseek(fd, 0, SEEK_SET) == 0);
        FILE *f = fdopen(fd, "r+");
        must(f);
        return f;
}

/* The reader alone: names of the contract, data of the size that was told, no more than is there. */
static void check_entries(FILE *f, size_t size) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer data = DDNS_BUFFER_NULL;
        DdnsTarReader t = { .f = f };
        DdnsMessage message = DDNS_MESSAGE_NULL;
        DdnsTarEntry entry;
        int r;

        for (unsigned n = 0; (r = ddns_tar_next(&t, &entry, &message)) > 0; n++) {
                size_t length = strnlen(entry.name, sizeof entry.name);

                must(length > 0 && length <= DDNS_TAR_NAME_MAX);
                must(entry.name[0] != '/' && strncmp(entry.name, "./", 2) != 0);
                must(length == 1 || entry.name[length - 1] != '/');
                must(strcmp(entry.name, "..") != 0 && strncmp(entry.name, "../", 3) != 0);
                must(!strstr(entry.name, "/../"));
                must(length < 3 || strcmp(entry.name + length - 3, "/..") != 0);
                for (size_t i = 0; i < length; i++)
                        must(entry.name[i] > ' ' && entry.name[i] <= '~');
                if (n % 2 == 1) /* every other one is passed over */
                        continue;
                r = ddns_tar_read(&t, &entry, size, &data, &message);
                if (r < 0)
                        break;
                must(data.size == entry.size && data.allocated <= 4 * size + 4096);
        }
        must(r >= 0 || message.text[0]);
        must(t.offset <= size);
}

/* What an archive has, beside the manifest and the files of an export of it. */
typedef struct Taken {
        DdnsBuffer all;
        DdnsBuffer manifest;
        FILE *files;
        unsigned n;
} Taken;

static json_t *text_or_null(const char *text) {
        return text ? json_string(text) : json_null();
}

static int take(const DdnsArchived *z, void *userdata) {
        char name[DDNS_ZONE_NAME_MAX + 1], hex[2 * DDNS_DIGEST_SIZE + 1], path[DDNS_TAR_NAME_MAX];
        uint8_t digest[DDNS_DIGEST_SIZE];
        Taken *t = userdata;

        must(!z->unusable);
        must(ddns_zone_name_check(z->zone, strlen(z->zone), name, NULL) >= 0 &&
             strcmp(name, z->zone) == 0);
        must(!z->hostname || strlen(z->hostname) <= DDNS_OWNER_MAX);
        must(!z->username || strlen(z->username) <= DDNS_OWNER_MAX);
        must(!z->master || strlen(z->master) <= DDNS_OWNER_MAX);
        ddns_buffer_append_format(&t->all, "%s %s %s %s %ju %zu\n", z->zone, z->hostname ?: "-",
                                  z->username ?: "-", z->master ?: "-", (uintmax_t) z->accepted_usec,
                                  z->size);
        ddns_buffer_append(&t->all, z->text, z->size);
        t->n++;
        if (!t->files)
                return 0;

        must(ddns_digest(z->text, z->size, digest) >= 0);
        ddns_digest_format(digest, hex);
        json_t *line = json_pack("{s:s, s:o, s:o, s:o, s:I, s:s}", "zone", z->zone, "hostname",
                                 text_or_null(z->hostname), "username", text_or_null(z->username),
                                 "master", text_or_null(z->master), "accepted_usec",
                                 (json_int_t) z->accepted_usec, "digest", hex);
        char *text = json_dumps(line, JSON_COMPACT);
        must(line && text);
        ddns_buffer_append_format(&t->manifest, "%s\n", text);
        free(text);
        json_decref(line);
        (void) snprintf(path, sizeof path, ARCHIVE_DIRECTORY "/%s" ARCHIVE_SUFFIX, z->zone);
        must(ddns_tar_write(t->files, path, z->text, z->size, 1) == 0);
        return 0;
}

/* 0: `ret` has what the archive has. */
static int read_archive(FILE *f, Taken *ret) {
        ddns_cleanup(ddns_archive_freep) DdnsArchive *a = NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;
        char path[32];

        (void) snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(f));
        int r = ddns_archive_open(path, NULL, &a, &message);
        if (r >= 0)
                r = ddns_archive_each(a, take, ret, &message);
        must(r == 0 || (r < 0 && message.text[0]));
        must(r < 0 || ddns_archive_count(a) == ret->n);
        return r;
}

static FILE *export(const Taken *t) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer manifest = DDNS_BUFFER_NULL;
        FILE *f = memory_file("", 0);
        char bytes[4096];
        size_t n;

        ddns_buffer_append_format(&manifest, "{\"format\":\"%s\",\"version\":%d,\"zones\":%u}\n",
                                  ARCHIVE_FORMAT, ARCHIVE_VERSION, t->n);
        ddns_buffer_append(&manifest, t->manifest.data ?: "", t->manifest.size);
        must(ddns_tar_write(f, ARCHIVE_MANIFEST, manifest.data, manifest.size, 1) == 0);
        rewind(t->files);
        while ((n = fread(bytes, 1, sizeof bytes, t->files)) > 0)
                must(fwrite(bytes, 1, n, f) == n);
        must(ddns_tar_write_end(f) == 0 && fflush(f) == 0);
        return f;
}

static void taken_done(Taken *t) {
        ddns_buffer_done(&t->all);
        ddns_buffer_done(&t->manifest);
        if (t->files)
                (void) fclose(t->files);
}

static void check(const uint8_t *data, size_t size) {
        ddns_cleanup(taken_done) Taken taken = { .files = memory_file("", 0) }, again = { 0 };
        FILE *f = memory_file(data, size);

        check_entries(f, size);
        if (read_archive(f, &taken) == 0) {
                FILE *exported = export(&taken);

                must(read_archive(exported, &again) == 0);
                must(taken.n == again.n && taken.all.size == again.all.size);
                must(memcmp(taken.all.data ?: "", again.all.data ?: "", taken.all.size) == 0);
                (void) fclose(exported);
        }
        (void) fclose(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char database[] = "SQLite format 3";
        uint8_t *fixed = malloc(size > 0 ? size : 1);

        if (size >= sizeof database && memcmp(data, database, sizeof database) == 0) {
                free(fixed); /* not what is looked at here */
                return 0;
        }
        must(fixed);
        check(data, size);
        memcpy(fixed, data, size);
        for (size_t at = 0; at + TAR_BLOCK <= size; at += TAR_BLOCK) {
                TarHeader *h = (TarHeader *) (fixed + at);
                char sum[8];

                if (memcmp(h->magic, "ustar", 5) != 0)
                        continue;
                (void) snprintf(sum, sizeof sum, "%06o", tar_checksum(h));
                memcpy(h->checksum, sum, sizeof sum);
        }
        if (memcmp(fixed, data, size) != 0)
                check(fixed, size);
        free(fixed);
        return 0;
}
