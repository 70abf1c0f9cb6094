/* SPDX-License-Identifier: MIT */
/* ddnsctl: shows and changes what ddns holds and where it is served. */
#include <signal.h>
#include <stdio.h>

#include "ctl/ctl.h"

int main(int argc, char *argv[]) {
        /* A reader that goes away shows up as a failed write. */
        (void) signal(SIGPIPE, SIG_IGN);
        return ddns_ctl_main(argc, argv, &(DdnsCtlStreams){ stdin, stdout, stderr });
}
