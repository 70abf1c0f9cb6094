/* SPDX-License-Identifier: MIT */
/* ddns-reconcile: compares what is held with what the masters have, and puts right what differs. */
#include "program/program.h"
#include "reconcile/reconcile.h"

int main(int argc, char *argv[]) {
        return ddns_program_run("ddns-reconcile",
                                "Asks all masters for their zones, and puts right what differs here.",
                                argc, argv, ddns_reconcile_run, NULL);
}
