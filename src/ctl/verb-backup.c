/* SPDX-License-Identifier: MIT */
/* The verb backup: a copy of the database. */
#include <errno.h>
#include <string.h>

#include "ctl/interrupt.h"
#include "ctl/progress.h"
#include "ctl/verb.h"

static int show(uint64_t done, uint64_t of, void *userdata) {
        ddns_progress_show(userdata, "pages copied", done, of);
        return ddns_interrupted ? -EINTR : 0;
}

int ddns_verb_backup(DdnsCtl *c, char *operands[], size_t n) {
        DdnsProgress progress = ddns_progress_start(c->err);
        DdnsMessage message = DDNS_MESSAGE_NULL;
        DdnsInterrupt interrupt;

        if (strcmp(operands[0], "-") == 0)
                return ddns_ctl_fail(c, "a backup needs the name of a file: it is checked there");
        ddns_interrupt_begin(&interrupt); /* no half copy stays */
        int r = ddns_store_backup(c->store, operands[0], show, &progress, &message);
        ddns_progress_end(&progress);
        ddns_interrupt_end(&interrupt);
        if (r == -EINTR)
                (void) raise(ddns_interrupted);
        if (r < 0)
                return ddns_ctl_fail(c, "%s: %s", operands[0], message.text);
        if (c->options & DDNS_CTL_JSON) {
                json_t *document = json_pack("{s:s}", "outcome", "written");
                ddns_json_attach(&document, "file", ddns_json_text(operands[0]));
                return ddns_ctl_print_json(c, document);
        }
        (void) fprintf(c->out, "%s: written and checked.\n", operands[0]);
        return EXIT_SUCCESS;
}
