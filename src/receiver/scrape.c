/* SPDX-License-Identifier: MIT */
/* Answers scrapes. */
#include <errno.h>
#include <string.h>

#include "receiver/scrape.h"
#include "report/report.h"

static void answer(DdnsExchange *x, unsigned status, const char *text) {
        x->status = status;
        x->content_type = "text/plain; charset=utf-8";
        ddns_buffer_reset(&x->answer);
        ddns_buffer_append_text(&x->answer, text);
}

bool ddns_scrape_judge(DdnsExchange *x) {
        if (strcmp(x->path, "/metrics") != 0)
                answer(x, 404, "There is only /metrics here.\n");
        else if (strcmp(x->method, "GET") != 0 && strcmp(x->method, "HEAD") != 0)
                answer(x, 405, "The metrics can only be read.\n");
        else
                return true;
        return false;
}

void ddns_scrape_handle(DdnsService *s, DdnsStore *store, DdnsExchange *x) {
        int r;

        answer(x, 200, "");
        x->content_type = DDNS_METRICS_CONTENT_TYPE;
        r = ddns_metrics_write(store, s->config, &s->metrics, &x->answer);
        if (r >= 0)
                return;
        ddns_report(DDNS_EVENT_STORE_FAILED, &(DdnsReportFields){ .client = x->client },
                    "no metrics, answered 503: %s",
                    r == -ENOMEM ? "out of memory" : ddns_store_error(store));
        answer(x, 503,
               r == -ENOMEM ? "Out of memory; ask again later.\n"
                            : "The database can not be read; the journal has the details.\n");
}
