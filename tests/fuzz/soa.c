/* SPDX-License-Identifier: MIT */
/* A datagram in answer to a SOA question. The first two octets become the question's own, else nothing would be read. */
#include "dns/soa.c" /* for what handles a datagram */
#include "fuzz.h"

#define ID 0x1234

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        DdnsSoaQuestion question = { .zone = "example.test", .want_serial = 1 };
        Pending pending = { .question = &question, .id = ID, .phase = PHASE_ASKED, .pause_usec = 1 };
        Run run = { .fd = -EBADF, .pending = &pending, .n = 1, .n_asked = 1 };
        uint8_t packet[ANSWER_MAX];

        if (size < 2 || size > sizeof packet)
                return 0;
        memcpy(packet, data, size);
        packet[0] = ID >> 8;
        packet[1] = ID & 0xff;
        pending.name = ldns_dname_new_frm_str(question.zone);
        must(pending.name);
        handle_packet(&run, packet, size, 0);
        must(run.n_asked <= 1 && run.n_done <= 1);
        must((pending.phase == PHASE_ASKED) == !run.answered);
        ldns_rdf_deep_free(pending.name);
        return 0;
}
