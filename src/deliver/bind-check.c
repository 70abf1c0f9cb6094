/* SPDX-License-Identifier: MIT */
/* What an operator is told of BIND before the first push. */
#include <string.h>

#include "deliver/bind.h"

static void check_include_file(const DdnsBackend *b, DdnsFindingHandler *found, void *userdata) {
        DdnsMessage text = DDNS_MESSAGE_NULL;

        int r = ddns_bind_include_check(b->config, &text);
        found(r < 0 ? DDNS_FINDING_BAD : DDNS_FINDING_GOOD,
              r < 0 ? text.text : "the include file is there", userdata);
}

/* Asks for the change of a zone that nobody has (RFC 6761): before named looks for it, it looks whether it may. */
static int check_new_zones(DdnsBackend *b, DdnsFindingHandler *found, void *userdata,
                           DdnsMessage *message) {
        DdnsTask probe = { .zone = "ddns.invalid" };
        DdnsRndcReply reply;

        int r = ddns_bind_command(b, &reply, message,
                                  "modzone \"%s\"%s { type primary; file \"%s/%s.db\"; };", probe.zone,
                                  b->in_view, b->config->zone_dir, probe.zone);
        if (r < 0)
                return r;
        bool refused = ddns_bind_is_closed(&reply) || strstr(reply.text, "no matching view");
        if (refused)
                (void) ddns_bind_refused(&probe, "new zones", &reply);
        found(refused ? DDNS_FINDING_BAD : DDNS_FINDING_GOOD,
              refused ? probe.message.text : "named takes new zones", userdata);
        return 0;
}

int ddns_bind_check(DdnsBackend *b, DdnsFindingHandler *found, void *userdata, DdnsMessage *message) {
        DdnsMessage text = DDNS_MESSAGE_NULL;
        DdnsRndcReply reply;

        ddns_zonedir_check(b->config->zone_dir, found, userdata);
        int r = ddns_bind_command(b, &reply, message, "null");
        if (r < 0)
                return r;
        (void) ddns_fail(&text, 0, "control channel %s@%u answers and takes the key",
                         b->config->control.address, b->config->control.port);
        found(DDNS_FINDING_GOOD, text.text, userdata);
        if (b->config->registration != DDNS_REGISTRATION_INCLUDE)
                return check_new_zones(b, found, userdata, message);
        check_include_file(b, found, userdata);
        return 0;
}
