/* SPDX-License-Identifier: MIT */
/* The progress line. */
#include <inttypes.h>

#include "basic/buffer.h"
#include "basic/clock.h"
#include "ctl/progress.h"
#include "ctl/screen.h"
#include "ctl/text.h"

#define BAR 20

DdnsProgress ddns_progress_start(FILE *f) {
        return (DdnsProgress){ .f = ddns_screen_obeys(f) ? f : NULL };
}

void ddns_progress_format(const char *what, uint64_t done, uint64_t of, char ret[DDNS_PROGRESS_MAX]) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer text = DDNS_BUFFER_NULL;
        char bar[BAR + 1] = "";

        ddns_escape(&text, what);
        const char *name = ddns_buffer_status(&text) < 0 || text.size == 0 ? "" : text.data;
        if (of == 0) {
                (void) snprintf(ret, DDNS_PROGRESS_MAX, "%.80s: %" PRIu64, name, done);
                return;
        }
        if (done > of)
                done = of;
        double part = (double) done / (double) of;
        for (size_t i = 0; i < BAR; i++)
                bar[i] = (double) i < part * BAR ? '#' : '.';
        (void) snprintf(ret, DDNS_PROGRESS_MAX, "%.80s [%s] %3u%% %" PRIu64 "/%" PRIu64, name, bar,
                        (unsigned) (part * 100), done, of);
}

void ddns_progress_show(DdnsProgress *p, const char *what, uint64_t done, uint64_t of) {
        uint64_t now = p->f ? ddns_monotonic_usec() : 0;
        char line[DDNS_PROGRESS_MAX];

        if (!p->f || (p->visible && now < p->shown_usec + USEC_PER_SEC))
                return;
        ddns_progress_format(what, done, of, line);
        /* A narrow terminal cuts it: of a line that wraps, the next one would replace only the end. */
        (void) fprintf(p->f, "\r\033[?7l%s\033[K\033[?7h", line);
        (void) fflush(p->f);
        p->shown_usec = now;
        p->visible = true;
}

void ddns_progress_end(DdnsProgress *p) {
        if (p->f && p->visible) {
                (void) fputs("\r\033[K", p->f);
                (void) fflush(p->f);
        }
        p->visible = false;
}
