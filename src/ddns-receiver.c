/* SPDX-License-Identifier: MIT */
/* ddns-receiver: takes DirectAdmin's pushes on inherited sockets and commits them to the log. */
#include "program/program.h"
#include "receiver/loop.h"

int main(int argc, char *argv[]) {
        return ddns_program_run("ddns-receiver",
                                "Takes DirectAdmin's pushes on the sockets that systemd passes on, and "
                                "commits them to the log.",
                                argc, argv, ddns_receiver_run, ddns_receiver_check);
}
