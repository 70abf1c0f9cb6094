/* SPDX-License-Identifier: MIT */
/* da-list URL USERNAME PASSWORD-FILE [NAME=VALUE...]: prints what ddns_da_list() finds, a zone a line after "listing" or
 * "legacy" and their number, or its error, as "EACCES: message". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directadmin/directadmin.h"

static const char *arg_ca, *arg_pin;
static unsigned long arg_timeout_ms = 5000, arg_total_ms = 20000, arg_page = 100, arg_max = 1000000,
                     arg_times = 1;

static const struct {
        const char *name;
        const char **text;
        unsigned long *number;
} arguments[] = {
        { "ca", &arg_ca, NULL },
        { "pin", &arg_pin, NULL },
        { "timeout-ms", NULL, &arg_timeout_ms },
        { "total-ms", NULL, &arg_total_ms },
        { "page", NULL, &arg_page },
        { "max", NULL, &arg_max },
        { "times", NULL, &arg_times }, /* lists so often, and prints the last */
};

static int parse(const char *argument) {
        for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
                size_t n = strlen(arguments[i].name);
                if (strncmp(argument, arguments[i].name, n) != 0 || argument[n] != '=')
                        continue;
                if (arguments[i].text)
                        *arguments[i].text = argument + n + 1;
                else
                        *arguments[i].number = strtoul(argument + n + 1, NULL, 10);
                return 0;
        }
        return -EINVAL;
}

int main(int argc, char *argv[]) {
        ddns_cleanup(ddns_da_listing_done) DdnsDaListing listing = DDNS_DA_LISTING_NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;
        int r = argc >= 4 ? 0 : -EINVAL;

        for (int i = 4; i < argc && r == 0; i++)
                r = parse(argv[i]);
        if (r < 0) {
                (void) fprintf(stderr, "da-list URL USERNAME PASSWORD-FILE [NAME=VALUE...]\n");
                return 2;
        }
        const DdnsDirectAdmin server = { .url = argv[1],
                                         .username = argv[2],
                                         .password_file = argv[3],
                                         .ca = arg_ca,
                                         .pin = arg_pin,
                                         .timeout_usec = arg_timeout_ms * USEC_PER_MSEC,
                                         .total_usec = arg_total_ms * USEC_PER_MSEC,
                                         .page_size = (uint32_t) arg_page,
                                         .max_zones = (uint32_t) arg_max };
        for (unsigned long i = 0; i < arg_times && r == 0; i++) {
                ddns_da_listing_done(&listing);
                r = ddns_da_list(&server, &listing, &message);
        }
        if (r < 0) {
                (void) printf("%s: %s\n", strerrorname_np(-r), message.text);
                return 1;
        }
        (void) printf("%s %zu\n", listing.legacy ? "legacy" : "listing", listing.n);
        for (size_t i = 0; i < listing.n; i++)
                (void) printf("%s\n", listing.zones[i].name);
        return 0;
}
