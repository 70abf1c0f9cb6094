/* SPDX-License-Identifier: MIT */
/* Gives each file named on the command line to a target: an ordinary test of what fuzzing has found. */
#include <errno.h>
#include <string.h>

#include "basic/cleanup.h"
#include "basic/file.h"
#include "fuzz.h"

#define SIZE_MAX_KEPT (1024 * 1024)

int main(int argc, char *argv[]) {
        for (int i = 1; i < argc; i++) {
                ddns_cleanup(ddns_freep) char *data = NULL;
                DdnsMessage message = DDNS_MESSAGE_NULL;
                size_t size;

                if (ddns_file_read(argv[i], SIZE_MAX_KEPT, &data, &size, &message) < 0) {
                        (void) fprintf(stderr, "%s\n", message.text);
                        return EXIT_FAILURE;
                }
                /* a copy of just that size, so that a sanitizer sees what is read behind it */
                ddns_cleanup(ddns_freep) uint8_t *exact = malloc(size > 0 ? size : 1);
                must(exact);
                memcpy(exact, data, size);
                (void) LLVMFuzzerTestOneInput(exact, size);
        }
        return EXIT_SUCCESS;
}
