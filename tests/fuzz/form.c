/* SPDX-License-Identifier: MIT */
/* Forms: fields lie within their storage, and what our encoder writes is read again as it was. */
#include <string.h>

#include "fuzz.h"
#include "receiver/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        ddns_cleanup(ddns_form_done) DdnsForm form = DDNS_FORM_NULL, again = DDNS_FORM_NULL;
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

        (void) ddns_form_looks_like((const char *) data, size);
        if (ddns_form_parse((const char *) data, size, &form) < 0)
                return 0;
        must(form.n <= DDNS_FORM_FIELDS_MAX);
        for (size_t i = 0; i < form.n; i++) {
                const DdnsFormField *f = &form.fields[i];

                must(f->name[f->name_size] == '\0' && f->value[f->size] == '\0');
        }
        if (form.n == 0)
                return 0;

        ddns_form_append(&b, "key", form.fields[0].value);
        must(ddns_buffer_status(&b) >= 0);
        must(ddns_form_parse(b.data, b.size, &again) >= 0);
        must(again.n == 1 && strcmp(again.fields[0].value, form.fields[0].value) == 0);
        return 0;
}
