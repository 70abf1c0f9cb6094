/* SPDX-License-Identifier: MIT */
/* Whether the receiver can use its certificate, and lacks one. */
#include <errno.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "basic/clock.h"
#include "ctl/verb.h"

#define UNIT     "ddns-tls.socket"
#define ENABLED  "/etc/systemd/system/sockets.target.wants/" UNIT
#define OBJECT   "/org/freedesktop/systemd1/unit/ddns_2dtls_2esocket"
#define BUS_USEC (3 * USEC_PER_SEC)

/* Anybody may ask that. Without a bus, as in a small container, nobody knows. */
static bool is_active(void) {
        ddns_cleanup(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        ddns_cleanup(ddns_freep) char *state = NULL;

        return sd_bus_open_system(&bus) >= 0 && sd_bus_set_method_call_timeout(bus, BUS_USEC) >= 0 &&
               sd_bus_get_property_string(bus, "org.freedesktop.systemd1", OBJECT,
                                          "org.freedesktop.systemd1.Unit", "ActiveState", NULL,
                                          &state) >= 0 &&
               strcmp(state, "active") == 0;
}

/* The units of this machine are about no other configuration. */
static bool is_wanted(const DdnsCtl *c) {
        return strcmp(c->config.path, DDNS_CONFIG_DEFAULT) == 0 &&
               (access(ENABLED, F_OK) == 0 || is_active());
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
