/* SPDX-License-Identifier: MIT */
/* ddns.yaml: either a configuration, or errors that each begin with the file's name. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        ddns_cleanup(ddns_config_done) DdnsConfig config = DDNS_CONFIG_NULL;
        ddns_cleanup(ddns_freep) char *errors = NULL;
        char path[32];
        int fd = memfd_create("config", MFD_CLOEXEC);

        must(fd >= 0 && write(fd, data, size) == (ssize_t) size);
        (void) snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        int r = ddns_config_load(path, &config, &errors);
        (void) close(fd);
        if (r >= 0)
                return 0;
        must(errors && errors[0]);
        for (const char *line = errors; *line; line = strchr(line, '\n') + 1) {
                must(strncmp(line, path, strlen(path)) == 0);
                must(strchr(line, '\n'));
        }
        return 0;
}
