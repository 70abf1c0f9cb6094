/* SPDX-License-Identifier: MIT */
/* Whether the receiver can use its certificate, and lacks one. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ctl/units.h"

#define UNIT    "ddns-tls.socket"
#define ENABLED "/etc/systemd/system/sockets.target.wants/" UNIT

static bool is_wanted(const DdnsCtl *c) {
        ddns_cleanup(ddns_freep) char *state = NULL;

        if (!ddns_ctl_is_of_units(c))
                return false;
        if (access(ENABLED, F_OK) == 0)
                return true;
        state = ddns_unit_get_text(DDNS_UNIT_TLS_SOCKET, "Unit", "ActiveState");
        return state && strcmp(state, "active") == 0;
}

DdnsCertificateGrade ddns_ctl_look_at_certificate(DdnsCtl *c, DdnsMessage *message) {
        ddns_cleanup(ddns_certificate_done) DdnsCertificate certificate = DDNS_CERTIFICATE_NULL;
        char **chain = &c->config.receiver.tls.certificate, **key = &c->config.receiver.tls.key;

        if (ddns_ctl_resolve_secret(c, chain, "receiver") < 0 ||
            ddns_ctl_resolve_secret(c, key, "receiver") < 0) {
                (void) ddns_fail(message, 0, "out of memory");
                return DDNS_CERTIFICATE_BAD;
        }
        if (ddns_certificate_is_absent(&c->config)) {
                if (!is_wanted(c))
                        return DDNS_CERTIFICATE_GOOD;
                (void) ddns_fail(
                                message, 0,
                                UNIT
                                " is on without a certificate, so TLS is refused: put the chain into %s "
                                "and its key into %s, or: systemctl disable --now " UNIT,
                                *chain, *key);
                return DDNS_CERTIFICATE_BAD;
        }
        int r = ddns_certificate_load(&c->config, c->now_usec, &certificate, message);
        if (r < 0)
                return r == -EACCES ? DDNS_CERTIFICATE_GOOD : DDNS_CERTIFICATE_BAD;
        return ddns_certificate_grade(&c->config, certificate.expires_usec, c->now_usec, message);
}
