/* SPDX-License-Identifier: MIT */
/* Answers of a DirectAdmin server: a page of its list in JSON, the legacy list, an HTML page. Whatever is taken are checked names. */
#include <string.h>

#include "basic/domain.h"
#include "directadmin/listing.h"
#include "fuzz.h"

static void check_names(DdnsDaNames *names) {
        const char *name = names->text.data;

        for (size_t i = 0; i < names->n; i++, name += strlen(name) + 1) {
                char checked[DDNS_ZONE_NAME_MAX + 1];

                must(ddns_zone_name_check(name, strlen(name), checked, NULL) >= 0);
                must(strcmp(name, checked) == 0);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        ddns_cleanup(ddns_da_names_done) DdnsDaNames page_names = { .max = 1000 },
                                                     legacy = { .max = 1000 };
        DdnsMessage message = DDNS_MESSAGE_NULL;
        char *text = malloc(size + 1);
        DdnsDaPage page;

        must(text);
        memcpy(text, data, size);
        text[size] = '\0';
        if (ddns_da_parse_page(text, size, &page_names, &page, &message) >= 0) {
                must(page.n_rows == page_names.n);
                check_names(&page_names);
        } else
                must(message.text[0]);
        if (ddns_da_parse_legacy(text, size, &legacy, &message) >= 0) {
                must(legacy.n > 0);
                check_names(&legacy);
        }
        must(ddns_da_fail_html(text, size, &message) < 0);
        free(text);
        return 0;
}
