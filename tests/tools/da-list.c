/* SPDX-License-Identifier: MIT */
/* da-list URL USERNAME PASSWORD-FILE [NAME=VALUE...]: prints what ddns_da_list() finds, a zone a line after "listing" or
 * "legacy" and their number, or its error, as "EACCES: message". */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directadmin/directadmin.h"

static const char *arg_ca, *arg_pin;
static unsigned long arg_timeout_ms = 5000, arg_total_ms = 20000, arg_page = 100, arg_max = 1000000,
                     arg_threads = 1;

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
        { "threads", NULL, &arg_threads }, /* that list at the same time */
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

#define THREADS_MAX 16

typedef struct Run {
        pthread_t thread;
        const DdnsDirectAdmin *server;
        DdnsDaListing listing;
        DdnsMessage message;
        int result;
} Run;

static void *list(void *userdata) {
        Run *run = userdata;

        run->result = ddns_da_list(run->server, &run->listing, &run->message);
        return NULL;
}

/* The first that fails, else any. */
static const Run *list_all(const DdnsDirectAdmin *server, Run runs[THREADS_MAX]) {
        size_t n = arg_threads < THREADS_MAX ? arg_threads : THREADS_MAX;

        for (size_t i = 0; i < n; i++) {
                runs[i].server = server;
                if (pthread_create(&runs[i].thread, NULL, list, &runs[i]) != 0)
                        abort();
        }
        for (size_t i = 0; i < n; i++)
                (void) pthread_join(runs[i].thread, NULL);
        for (size_t i = 0; i < n; i++)
                if (runs[i].result < 0)
                        return &runs[i];
        return &runs[0];
}

static int print(const Run *run) {
        if (run->result < 0) {
                (void) printf("%s: %s\n", strerrorname_np(-run->result), run->message.text);
                return 1;
        }
        (void) printf("%s %zu\n", run->listing.legacy ? "legacy" : "listing", run->listing.n);
        for (size_t i = 0; i < run->listing.n; i++)
                (void) printf("%s\n", run->listing.zones[i].name);
        return 0;
}

int main(int argc, char *argv[]) {
        static Run runs[THREADS_MAX];
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
        r = print(list_all(&server, runs));
        for (size_t i = 0; i < THREADS_MAX; i++)
                ddns_da_listing_done(&runs[i].listing);
        return r;
}
