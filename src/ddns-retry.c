/* SPDX-License-Identifier: MIT */
/* ddns-retry: brings what is in the log to every backend, and again what failed. */
#include "deliver/retry.h"
#include "program/program.h"

int main(int argc, char *argv[]) {
        return ddns_program_run("ddns-retry",
                                "Brings accepted zones to all backends, and repeats what failed.", argc,
                                argv, ddns_retry_run, NULL);
}
