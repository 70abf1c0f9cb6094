/* SPDX-License-Identifier: MIT */
/* The verb export: all zones with their owners in one file, which is replaced as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/archive.h"
#include "ctl/interrupt.h"
#include "ctl/progress.h"
#include "ctl/verb.h"

static int show(uint64_t done, uint64_t of, void *userdata) {
        ddns_progress_show(userdata, "zones written", done, of);
        return ddns_interrupted ? -EINTR : 0;
}

static int write_zones(DdnsCtl *c, FILE *f, uint64_t *ret_zones, DdnsMessage *message) {
        DdnsProgress progress = ddns_progress_start(c->err);

        int r = ddns_archive_write(c->store, f, c->now_usec, show, &progress, ret_zones, message);
        ddns_progress_end(&progress);
        return r;
}

/* Its data, then its name, then that this name is there. */
static int settle(FILE *f, const char *temp, const char *path, DdnsMessage *message) {
        ddns_cleanup(ddns_freep) char *copy = strdup(path);

        if (!copy)
                return ddns_fail(message, -ENOMEM, "out of memory");
        ddns_cleanup(ddns_closep) int directory =
                        open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fflush(f) != 0 || fsync(fileno(f)) < 0 || directory < 0 || rename(temp, path) < 0 ||
            fsync(directory) < 0)
                return ddns_fail(message, -errno, "%m");
        return 0;
}

static int write_file(DdnsCtl *c, const char *path, uint64_t *ret_zones, DdnsMessage *message) {
        DdnsInterrupt interrupt;
        char temp[PATH_MAX];
        struct stat st;

        if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
                return ddns_fail(message, -EINVAL, "is there, and no regular file");
        if ((size_t) snprintf(temp, sizeof temp, "%s.XXXXXX", path) >= sizeof temp)
                return ddns_fail(message, -ENAMETOOLONG, "the name is too long");
        ddns_interrupt_begin(&interrupt);   /* no half archive stays */
        int fd = mkostemp(temp, O_CLOEXEC); /* mode 0600 */
        FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
        if (!f) {
                int error = errno;

                ddns_closep(&fd);
                ddns_interrupt_end(&interrupt);
                return ddns_fail(message, -error, "%s", strerror(error));
        }
        int r = write_zones(c, f, ret_zones, message);
        if (r >= 0)
                r = settle(f, temp, path, message);
        (void) fclose(f);
        if (r < 0)
                (void) unlink(temp);
        ddns_interrupt_end(&interrupt);
        if (r == -EINTR)
                (void) raise(ddns_interrupted);
        return r;
}

static int report(DdnsCtl *c, const char *path, uint64_t zones) {
        if (c->options & DDNS_CTL_JSON) {
                json_t *document = json_pack("{s:s, s:I}", "outcome", "written", "zones",
                                             (json_int_t) zones);
                ddns_json_attach(&document, "file", ddns_json_text(path));
                return ddns_ctl_print_json(c, document);
        }
        (void) fprintf(c->out, "%s: %" PRIu64 " %s written.\n", path, zones,
                       zones == 1 ? "zone" : "zones");
        return EXIT_SUCCESS;
}

int ddns_verb_export(DdnsCtl *c, char *operands[], size_t n) {
        const char *path = n > 0 ? operands[0] : "-";
        DdnsMessage message = DDNS_MESSAGE_NULL;
        uint64_t zones = 0;

        if (strcmp(path, "-") != 0) {
                int r = write_file(c, path, &zones, &message);
                return r < 0 ? ddns_ctl_fail(c, "%s: %s", path, message.text) : report(c, path, zones);
        }
        if (c->options & DDNS_CTL_JSON)
                return ddns_ctl_fail(c,
                                     "standard output has the archive: name a file to have JSON there");
        if (isatty(fileno(c->out)))
                return ddns_ctl_fail(c, "an archive is not for a terminal: name a file, or redirect it");
        int r = write_zones(c, c->out, &zones, &message);
        return r < 0 ? ddns_ctl_fail(c, "standard output: %s", message.text) : EXIT_SUCCESS;
}
