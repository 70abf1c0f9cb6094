/* SPDX-License-Identifier: MIT */
/* Starting and stopping a real PowerDNS for tests, and asking it. */
#include <ctype.h>
#include <ldns/ldns.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic/buffer.h"
#include "basic/file.h"
#include "daemon.h"
#include "deliver/powerdns-control.h"
#include "powerdns.h"
#include "test.h"

#define SERVER "/usr/sbin/pdns_server"

static const char *const programs[] = { SERVER, "/usr/bin/pdnsutil", "/usr/bin/dig", "/usr/bin/delv",
                                        "/usr/bin/dnssec-signzone" };

static void write_config(const Powerdns *p) {
        ddns_cleanup(ddns_freep) char *text = NULL;

        assert_true(asprintf(&text,
                             "launch=gmysql\n"
                             "gmysql-socket=%s\n"
                             "gmysql-user=root\n"
                             "gmysql-dbname=pdns\n"
                             "gmysql-dnssec=yes\n"
                             "local-address=127.0.0.1\n"
                             "local-port=%u\n"
                             "socket-dir=%s\n"
                             "daemon=no\n"
                             "guardian=no\n"
                             "setuid=\n"
                             "setgid=\n"
                             "allow-axfr-ips=127.0.0.0/8\n"
                             "write-pid=no\n"
                             "disable-syslog=yes\n"
                             "security-poll-suffix=\n",
                             p->database.socket, p->port, p->root) >= 0);
        daemon_write_file(p->root, "pdns.conf", text);
}

bool powerdns_open(Powerdns *p) {
        *p = (Powerdns){ 0 };
        for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
                if (access(programs[i], X_OK) < 0)
                        return false;
        if (!mariadb_open(&p->database))
                return false;
        mariadb_start(&p->database, "");
        p->port = daemon_free_port();
        strcpy(p->root, "/tmp/ddns-test-powerdns-XXXXXX");
        assert_non_null(mkdtemp(p->root));
        (void) snprintf(p->control_socket, sizeof p->control_socket, "%s/pdns.controlsocket", p->root);
        write_config(p);

        ddns_cleanup(ddns_freep) char *schema = NULL;
        assert_int_equal(ddns_file_read(SCHEMA, 1 << 20, &schema, NULL, NULL), 0);
        mariadb_run(&p->database, NULL, "CREATE DATABASE pdns");
        powerdns_run(p, schema);
        p->config = (DdnsBackendConfig){
                .name = (char *) "dc1",
                .type = DDNS_BACKEND_POWERDNS_MYSQL,
                .mysql = mariadb_config(&p->database, "pdns"),
                .tables = { .zones = (char *) "domains",
                            .records = (char *) "records",
                            .domainmetadata = (char *) "domainmetadata",
                            .cryptokeys = (char *) "cryptokeys",
                            .comments = (char *) "comments" },
                .control_socket = p->control_socket,
        };
        return true;
}

static bool answers(const void *powerdns) {
        const Powerdns *p = powerdns;
        ddns_cleanup(ddns_freep) char *answer = powerdns_ask(p, "nowhere.test", "SOA");

        return strstr(answer, "status: REFUSED") &&
               ddns_powerdns_ping(p->control_socket, USEC_PER_SEC, NULL) >= 0;
}

void powerdns_start(Powerdns *p) {
        char config[128];
        const char *const argv[] = { SERVER, config, NULL };

        if (p->pid > 0)
                return;
        (void) snprintf(config, sizeof config, "--config-dir=%s", p->root);
        p->pid = daemon_spawn(p->root, "pdns.log", argv);
        daemon_wait(p->pid, answers, p);
}

void powerdns_stop(Powerdns *p) {
        daemon_stop(&p->pid, SIGKILL);
        (void) unlink(p->control_socket);
}

static void free_backend(Powerdns *p) {
        if (p->backend)
                ddns_backend_powerdns_mysql.free(p->backend);
        p->backend = NULL;
}

void powerdns_reconnect(Powerdns *p) {
        free_backend(p);
        assert_int_equal(ddns_backend_powerdns_mysql.new(&p->config, &p->backend, &p->message), 0);
}

void powerdns_reset(Powerdns *p) {
        powerdns_run(p, "DELETE FROM records; DELETE FROM domainmetadata; DELETE FROM cryptokeys;"
                        "DELETE FROM comments; DELETE FROM domains");
        powerdns_start(p);
        assert_int_equal(ddns_powerdns_rediscover(p->control_socket, 5 * USEC_PER_SEC, NULL), 0);
        free(powerdns_output("pdns_control --config-dir=%s purge", p->root));
        p->config.control_socket = p->control_socket;
        p->config.domain_type = DDNS_DOMAIN_TYPE_NATIVE;
        powerdns_reconnect(p);
}

void powerdns_close(Powerdns *p) {
        free_backend(p);
        powerdns_stop(p);
        daemon_remove(p->root);
        mariadb_close(&p->database);
}

/* ---- programs ---- */

char *powerdns_output(const char *format, ...) {
        ddns_cleanup(ddns_freep) char *command = NULL, *bounded = NULL;
        char *text = NULL;
        size_t size = 0;
        va_list ap;

        va_start(ap, format);
        assert_true(vasprintf(&command, format, ap) >= 0);
        va_end(ap);
        assert_true(asprintf(&bounded, "timeout 30 %s 2>&1", command) >= 0);
        FILE *f = popen(bounded, "re");
        assert_non_null(f);
        if (getdelim(&text, &size, '\0', f) < 0) {
                free(text);
                text = strdup("");
        }
        (void) pclose(f);
        return text;
}

char *powerdns_ask(const Powerdns *p, const char *name, const char *type) {
        return powerdns_output("dig @127.0.0.1 -p %u +norec +tries=3 +time=2 '%s' %s", p->port, name,
                               type);
}

char *powerdns_validate(const Powerdns *p, const char *zone, const char *name, const char *type) {
        return powerdns_output("delv @127.0.0.1 -p %u -a %s/%s.anchor +root=%s '%s' %s", p->port,
                               p->root, zone, zone, name, type);
}

char *powerdns_check_zone(const Powerdns *p, const char *zone) {
        return powerdns_output("pdnsutil --config-dir=%s check-zone %s 2>&1 | grep -v '^Checked'",
                               p->root, zone);
}

/* ---- zones ---- */

DdnsZone powerdns_zone(const char *zone, const char *text) {
        static const DdnsZoneLimits limits = { .max_records = 10000 };
        DdnsZone checked = DDNS_ZONE_NULL;
        DdnsMessage message;

        if (ddns_zone_check(zone, text, strlen(text), &limits, &checked, &message) < 0)
                fail_msg("%s: %s", zone, message.text);
        return checked;
}

DdnsZone powerdns_sign(const Powerdns *p, const char *zone, const char *text, const char *options) {
        ddns_cleanup(ddns_zone_done) DdnsZone plain = powerdns_zone(zone, text);
        ddns_cleanup(ddns_freep) char *signed_text = NULL;
        char name[128];

        (void) snprintf(name, sizeof name, "%s.plain", zone);
        daemon_write_file(p->root, name, plain.text);
        free(powerdns_output("sh -c 'cd %s; rm -f K%s.*;"
                             " for flags in \"\" \"-f KSK\"; do"
                             "  dnssec-keygen -q -a ECDSAP256SHA256 $flags %s; done;"
                             " dnssec-signzone -q -S -K . -o %s -O full -e 20360101000000"
                             "  -f %s.signed %s %s.plain;"
                             " sed -n \"s/.*257 3 13 \\(.*\\)/trust-anchors {"
                             " %s. static-key 257 3 13 \\\"\\1\\\"; };/p\" K%s.*.key >%s.anchor'",
                             p->root, zone, zone, zone, zone, options, zone, zone, zone, zone));
        (void) snprintf(name, sizeof name, "%s/%s.signed", p->root, zone);
        assert_int_equal(ddns_file_read(name, 1 << 24, &signed_text, NULL, NULL), 0);
        return powerdns_zone(zone, signed_text);
}

DdnsTask powerdns_save(const char *zone, const DdnsZone *content) {
        return (DdnsTask){ .zone = zone,
                           .generation = 1,
                           .content = content->text,
                           .size = content->size,
                           .serial = content->serial };
}

DdnsTask powerdns_delete(const char *zone) {
        return (DdnsTask){ .zone = zone, .generation = 2, .delete = true };
}

void powerdns_write(Powerdns *p, DdnsTask *task) {
        if (ddns_backend_powerdns_mysql.apply(p->backend, task, 1, &p->message) < 0)
                fail_msg("%s: %s", task->zone, p->message.text);
        if (task->state != DDNS_TASK_WRITTEN)
                fail_msg("%s: %s", task->zone, task->message.text);
}

/* ---- zone transfer ---- */

static void append_owner(DdnsBuffer *b, const ldns_rdf *owner) {
        const uint8_t *o = ldns_rdf_data(owner);

        while (*o) {
                for (unsigned n = *o++; n > 0; n--, o++)
                        if (isalnum(*o) || (*o && strchr("-_*/", *o)))
                                ddns_buffer_append_byte(b, (char) *o);
                        else
                                ddns_buffer_append_format(b, "\\%03u", *o);
                ddns_buffer_append_byte(b, '.');
        }
}

/* In RFC 3597 form, which leaves no doubt about octets. */
static void append_record(DdnsBuffer *b, const ldns_rr *rr) {
        ldns_buffer *wire = ldns_buffer_new(65536);

        assert_non_null(wire);
        for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
                assert_int_equal(ldns_rdf2buffer_wire(wire, ldns_rr_rdf(rr, i)), LDNS_STATUS_OK);
        append_owner(b, ldns_rr_owner(rr));
        ddns_buffer_append_format(b, "\t%u\tIN\tTYPE%u\t\\# %zu ", ldns_rr_ttl(rr), ldns_rr_get_type(rr),
                                  ldns_buffer_position(wire));
        for (size_t i = 0; i < ldns_buffer_position(wire); i++)
                ddns_buffer_append_format(b, "%02x", *ldns_buffer_at(wire, i));
        ddns_buffer_append_byte(b, '\n');
        ldns_buffer_free(wire);
}

static char *receive(ldns_resolver *resolver, const char *zone) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        unsigned n_soa = 0;

        while (n_soa < 2) {
                ldns_rr *rr = ldns_axfr_next(resolver);

                if (!rr)
                        return NULL;
                n_soa += ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA;
                if (n_soa < 2)
                        append_record(&b, rr);
                ldns_rr_free(rr);
        }
        DdnsZone checked = powerdns_zone(zone, b.data);
        return checked.text;
}

char *powerdns_transfer(const Powerdns *p, const char *zone) {
        ldns_resolver *resolver = ldns_resolver_new();
        ldns_rdf *address = ldns_rdf_new_frm_str(LDNS_RDF_TYPE_A, "127.0.0.1"),
                 *name = ldns_dname_new_frm_str(zone);
        char *text = NULL;

        assert_true(resolver && address && name);
        assert_int_equal(ldns_resolver_push_nameserver(resolver, address), LDNS_STATUS_OK);
        ldns_resolver_set_port(resolver, (uint16_t) p->port);
        if (ldns_axfr_start(resolver, name, LDNS_RR_CLASS_IN) == LDNS_STATUS_OK)
                text = receive(resolver, zone);
        ldns_rdf_deep_free(address);
        ldns_rdf_deep_free(name);
        ldns_resolver_deep_free(resolver);
        return text;
}

/* ---- the database ---- */

void powerdns_run(const Powerdns *p, const char *sql) {
        mariadb_run(&p->database, "pdns", sql);
}

void powerdns_assert(const Powerdns *p, const char *sql, const char *want) {
        ddns_cleanup(ddns_freep) char *got = mariadb_query(&p->database, "pdns", sql);

        if (strcmp(got, want) != 0)
                fail_msg("%s\ngives\n%s\ninstead of\n%s", sql, got, want);
}
