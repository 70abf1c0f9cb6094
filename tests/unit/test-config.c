/* SPDX-License-Identifier: MIT */
/* Every key, every default and every kind of error of the configuration; the example and the man page. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "basic/buffer.h"
#include "basic/file.h"
#include "config/config.h"
#include "test.h"

#define MINUTE (60 * USEC_PER_SEC)
#define DAY    (24 * 60 * MINUTE)

static char path[] = "/tmp/ddns-test-config-XXXXXX";

static int make_file(void **state) {
        ddns_cleanup(ddns_closep) int fd = mkstemp(path);

        return fd < 0 ? -1 : 0;
}

static int remove_file(void **state) {
        return unlink(path);
}

/* Loads `text`; the errors are the caller's, one a line and without the name of the file. */
static int load_bytes(const char *text, size_t size, DdnsConfig *config, char **ret_errors) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer stripped = DDNS_BUFFER_NULL;
        ddns_cleanup(ddns_freep) char *errors = NULL;
        FILE *f = fopen(path, "w");

        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, size, f), size);
        assert_int_equal(fclose(f), 0);

        int r = ddns_config_load(path, config, &errors);
        assert_int_equal(r < 0, errors != NULL);
        for (char *line = errors, *end; line && (end = strchr(line, '\n')); line = end + 1) {
                assert_memory_equal(line, path, strlen(path));
                assert_int_equal(line[strlen(path)], ':');
                line += strlen(path) + 1;
                ddns_buffer_append(&stripped, line, (size_t) (end + 1 - line));
        }
        *ret_errors = ddns_buffer_take(&stripped, NULL);
        return r;
}

static int load(const char *text, DdnsConfig *config, char **ret_errors) {
        return load_bytes(text, strlen(text), config, ret_errors);
}

static void assert_defaults(const DdnsConfig *c) {
        static const uint64_t backoff[] = { 30 * USEC_PER_SEC, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE,
                                            30 * MINUTE };

        assert_string_equal(c->state.database, "/var/lib/ddns/ddns.db");
        assert_string_equal(c->state.wake, "/run/ddns/wake");
        assert_int_equal(c->state.history, 10);
        assert_int_equal(c->state.busy_usec, 5 * USEC_PER_SEC);
        assert_int_equal(c->state.deleted_usec, 90 * DAY);
        assert_int_equal(c->state.rejected, 1000);
        assert_int_equal(c->receiver.n_masters, 0);
        assert_null(c->receiver.hostname);
        assert_int_equal(c->receiver.parent_check, DDNS_PARENT_CHECK_OWNER);
        assert_false(c->receiver.delete_without_hostname);
        assert_int_equal(c->receiver.max_body_kib, 16384);
        assert_int_equal(c->receiver.max_header_kib, 16);
        assert_int_equal(c->receiver.max_memory_mib, 64);
        assert_int_equal(c->receiver.max_connections, 256);
        assert_int_equal(c->receiver.max_connections_per_address, 16);
        assert_int_equal(c->receiver.max_records, 500000);
        assert_int_equal(c->receiver.request_timeout_usec, 10 * USEC_PER_SEC);
        assert_int_equal(c->receiver.idle_timeout_usec, 5 * MINUTE);
        assert_int_equal(c->queue.n_backoff, ARRAY_SIZE(backoff));
        assert_memory_equal(c->queue.backoff_usec, backoff, sizeof backoff);
        assert_int_equal(c->queue.batch, 200);
        assert_int_equal(c->queue.linger_usec, 10 * USEC_PER_SEC);
        assert_int_equal(c->n_backends, 0);
        assert_int_equal(c->reconcile.n_masters, 0);
        assert_false(c->reconcile.dry_run);
        assert_int_equal(c->reconcile.brake_percent, 5);
        assert_int_equal(c->reconcile.brake_zones, 10);
        assert_true(c->reconcile.wait_for_all);
        assert_int_equal(c->reconcile.query_rate, 5000);
}

static void what_says_nothing_is_all_defaults(void **state) {
        static const char *const texts[] = {
                "",
                "# a comment\n",
                "---\n",
                "~\n",
                "{}\n",
                "---\n...\n",
                "\xef\xbb\xbf# BOM\n",
                "state:\nreceiver:\n  masters:\nqueue: {}\nbackends: []\nreconcile:\n  masters:\n"
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                ddns_cleanup(ddns_config_done) DdnsConfig c = DDNS_CONFIG_NULL;
                ddns_cleanup(ddns_freep) char *errors = NULL;

                assert_int_equal(load(texts[i], &c, &errors), 0);
                assert_string_equal(errors, "");
                assert_string_equal(c.path, path);
                assert_defaults(&c);
        }

        ddns_cleanup(ddns_config_done) DdnsConfig c = DDNS_CONFIG_NULL;
        assert_int_equal(ddns_config_default(&c), 0);
        assert_null(c.path);
        assert_defaults(&c);
}

#define PIN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+/A="

static const char every_key[] =
                "state:\n"
                "  database: //srv/./ddns//x.db\n"
                "  wake: /run/x/wake\n"
                "  history: 3\n"
                "  busy-timeout: 250ms\n"
                "  keep-deleted: 1w\n"
                "  rejected: 0\n"
                "receiver:\n"
                "  masters:\n"
                "    - name: da1\n"
                "      username: ddns\n"
                "      password-file: da1.hash\n"
                "      allow: [192.0.2.10, '2001:db8::/64']\n"
                "    - {password-file: /etc/x/hash, username: \"u@2\", name: da_2.x-y, allow: "
                "[0.0.0.0/0]}\n"
                "  hostname: ns1.example.com\n"
                "  parent-check: 2\n"
                "  delete-without-hostname: accept\n"
                "  max-body-kib: 1\n"
                "  max-header-kib: 4\n"
                "  max-memory-mib: 2\n"
                "  max-connections: 5\n"
                "  max-connections-per-address: 6\n"
                "  max-records: 7\n"
                "  request-timeout: 1s 500ms\n"
                "  idle-timeout: 0\n"
                "queue:\n"
                "  backoff: 10 1 min 1h 2d\n"
                "  batch: 8\n"
                "  linger: 1h 30min\n"
                "backends:\n"
                "  - registration: include\n"
                "    include-file: /etc/bind/ddns.conf\n"
                "    view: ext_1\n"
                "    nameserver: 192.0.2.53@5300\n"
                "    served-timeout: 700ms\n"
                "    zone-dir: /srv/zones/\n"
                "    control: {address: '::1', port: 1953, key-file: rndc.key, timeout: 2s}\n"
                "    name: b1\n"
                "    type: bind\n"
                "  - {name: b2, type: bind}\n"
                "  - {type: zone-files, name: f1, zone-dir: /srv/files}\n"
                "  - name: c1\n"
                "    type: coredns-mysql\n"
                "    host: db1.dc-1.example.com\n"
                "    port: 3307\n"
                "    database: core_dns-1$\n"
                "    username: ddns@dc1\n"
                "    password-file: c1.mysql\n"
                "    tls: {ca: /etc/ssl/ca.pem, certificate: /etc/ssl/c.pem, key: c1.key, verify: no}\n"
                "    timeout: {connect: 1s, read: 2s, write: 10min}\n"
                "    tables: {zones: z, records: r$-_}\n"
                "    nameserver: [192.0.2.53, '2001:db8::53@5300']\n"
                "    served-timeout: 1h\n"
                "  - {name: c2, type: coredns-mysql, database: d, username: u, nameserver: []}\n"
                "  - name: p1\n"
                "    type: powerdns-mysql\n"
                "    socket: /run/mysqld/mysqld.sock\n"
                "    database: pdns\n"
                "    username: u\n"
                "    tables: {domains: d, records: r, domainmetadata: m, cryptokeys: k, comments: c}\n"
                "    domain-type: master\n"
                "    control-socket: /run/pdns/pdns.controlsocket\n"
                "    nameserver: 127.0.0.1\n"
                "  - {name: p2, type: powerdns-mysql, host: '::1', database: d, username: u}\n"
                "reconcile:\n"
                "  masters:\n"
                "    - name: da1\n"
                "      servername: Server1.Example.COM.\n"
                "      url: https://[2001:db8::10]:2222\n"
                "      username: admin\n"
                "      password-file: da1.login\n"
                "      tls:\n"
                "        ca: /etc/ssl/da1.pem\n"
                "        pin: sha256//" PIN ";sha256//" PIN "\n"
                "      timeout: 5s\n"
                "      total-timeout: 1min\n"
                "      axfr: {address: 192.0.2.10@5300, key-file: da1.tsig}\n"
                "    - {name: da2, servername: da2, url: http://da2, username: u, password-file: /p}\n"
                "  dry-run: yes\n"
                "  brake-percent: 100\n"
                "  brake-zones: 0\n"
                "  wait-for-all: no\n"
                "  query-rate: 1\n";

static void assert_mysql_keys(const DdnsBackendConfig *b) {
        assert_int_equal(b->type, DDNS_BACKEND_COREDNS_MYSQL);
        assert_string_equal(b->mysql.host, "db1.dc-1.example.com");
        assert_int_equal(b->mysql.port, 3307);
        assert_null(b->mysql.socket);
        assert_string_equal(b->mysql.database, "core_dns-1$");
        assert_string_equal(b->mysql.username, "ddns@dc1");
        assert_string_equal(b->mysql.password_file, "c1.mysql");
        assert_string_equal(b->mysql.tls.ca, "/etc/ssl/ca.pem");
        assert_string_equal(b->mysql.tls.certificate, "/etc/ssl/c.pem");
        assert_string_equal(b->mysql.tls.key, "c1.key");
        assert_int_equal(b->mysql.tls.verify, DDNS_TLS_VERIFY_NO);
        assert_int_equal(b->mysql.connect_timeout_usec, USEC_PER_SEC);
        assert_int_equal(b->mysql.read_timeout_usec, 2 * USEC_PER_SEC);
        assert_int_equal(b->mysql.write_timeout_usec, 10 * MINUTE);
        assert_string_equal(b->tables.zones, "z");
        assert_string_equal(b->tables.records, "r$-_");
        assert_null(b->tables.domainmetadata);
        assert_int_equal(b->n_nameservers, 2);
        assert_int_equal(ntohs(b->nameservers[0].in.sin_port), 53);
        assert_int_equal(b->nameservers[1].in6.sin6_family, AF_INET6);
        assert_int_equal(ntohs(b->nameservers[1].in6.sin6_port), 5300);
        assert_int_equal(b->served_timeout_usec, 60 * MINUTE);
        assert_null(b->zone_dir);
        assert_null(b->control.address);
        assert_null(b->include_file);
}

static void assert_mysql_defaults(const DdnsBackendConfig *b) {
        assert_string_equal(b->mysql.host, "127.0.0.1");
        assert_int_equal(b->mysql.port, 3306);
        assert_null(b->mysql.socket);
        assert_null(b->mysql.password_file);
        assert_null(b->mysql.tls.ca);
        assert_null(b->mysql.tls.certificate);
        assert_null(b->mysql.tls.key);
        assert_int_equal(b->mysql.tls.verify, DDNS_TLS_VERIFY_UNSET);
        assert_int_equal(b->mysql.connect_timeout_usec, 5 * USEC_PER_SEC);
        assert_int_equal(b->mysql.read_timeout_usec, 5 * USEC_PER_SEC);
        assert_int_equal(b->mysql.write_timeout_usec, 5 * USEC_PER_SEC);
        assert_string_equal(b->tables.zones, "zones");
        assert_string_equal(b->tables.records, "records");
        assert_int_equal(b->n_nameservers, 0);
        assert_int_equal(b->served_timeout_usec, 90 * USEC_PER_SEC);
}

static void assert_powerdns(const DdnsBackendConfig *b) {
        assert_int_equal(b[0].type, DDNS_BACKEND_POWERDNS_MYSQL);
        assert_string_equal(b[0].mysql.socket, "/run/mysqld/mysqld.sock");
        assert_string_equal(b[0].tables.zones, "d");
        assert_string_equal(b[0].tables.records, "r");
        assert_string_equal(b[0].tables.domainmetadata, "m");
        assert_string_equal(b[0].tables.cryptokeys, "k");
        assert_string_equal(b[0].tables.comments, "c");
        assert_int_equal(b[0].domain_type, DDNS_DOMAIN_TYPE_MASTER);
        assert_string_equal(b[0].control_socket, "/run/pdns/pdns.controlsocket");
        assert_int_equal(b[0].n_nameservers, 1);

        assert_string_equal(b[1].mysql.host, "::1");
        assert_string_equal(b[1].tables.zones, "domains");
        assert_string_equal(b[1].tables.records, "records");
        assert_string_equal(b[1].tables.domainmetadata, "domainmetadata");
        assert_string_equal(b[1].tables.cryptokeys, "cryptokeys");
        assert_string_equal(b[1].tables.comments, "comments");
        assert_int_equal(b[1].domain_type, DDNS_DOMAIN_TYPE_NATIVE);
        assert_null(b[1].control_socket);
        assert_int_equal(b[1].served_timeout_usec, 6 * MINUTE);
}

static void assert_reconcile_keys(const DdnsConfig *c) {
        assert_int_equal(c->reconcile.n_masters, 2);
        const DdnsReconcileMaster *m = c->reconcile.masters;
        assert_string_equal(m[0].name, "da1");
        assert_string_equal(m[0].servername, "server1.example.com");
        assert_string_equal(m[0].url, "https://[2001:db8::10]:2222");
        assert_string_equal(m[0].username, "admin");
        assert_string_equal(m[0].password_file, "da1.login");
        assert_string_equal(m[0].tls.ca, "/etc/ssl/da1.pem");
        assert_string_equal(m[0].tls.pin, "sha256//" PIN ";sha256//" PIN);
        assert_int_equal(m[0].timeout_usec, 5 * USEC_PER_SEC);
        assert_int_equal(m[0].total_timeout_usec, MINUTE);
        assert_int_equal(m[0].axfr.n_address, 1);
        assert_int_equal(ntohs(m[0].axfr.address->in.sin_port), 5300);
        assert_string_equal(m[0].axfr.key_file, "da1.tsig");

        assert_string_equal(m[1].url, "http://da2");
        assert_null(m[1].tls.ca);
        assert_null(m[1].tls.pin);
        assert_int_equal(m[1].timeout_usec, 30 * USEC_PER_SEC);
        assert_int_equal(m[1].total_timeout_usec, 10 * MINUTE);
        assert_int_equal(m[1].axfr.n_address, 0);
        assert_null(m[1].axfr.key_file);

        assert_true(c->reconcile.dry_run);
        assert_int_equal(c->reconcile.brake_percent, 100);
        assert_int_equal(c->reconcile.brake_zones, 0);
        assert_false(c->reconcile.wait_for_all);
        assert_int_equal(c->reconcile.query_rate, 1);
}

static void every_key_reaches_its_place(void **state) {
        static const uint64_t backoff[] = { 10 * USEC_PER_SEC, MINUTE, 60 * MINUTE, 2 * DAY };
        ddns_cleanup(ddns_config_done) DdnsConfig c = DDNS_CONFIG_NULL;
        ddns_cleanup(ddns_freep) char *errors = NULL;

        int r = load(every_key, &c, &errors);
        if (r < 0)
                fail_msg("%s", errors);

        assert_string_equal(c.state.database, "/srv/ddns/x.db");
        assert_string_equal(c.state.wake, "/run/x/wake");
        assert_int_equal(c.state.history, 3);
        assert_int_equal(c.state.busy_usec, 250 * USEC_PER_MSEC);
        assert_int_equal(c.state.deleted_usec, 7 * DAY);
        assert_int_equal(c.state.rejected, 0);

        assert_int_equal(c.receiver.n_masters, 2);
        const DdnsMaster *m = c.receiver.masters;
        assert_string_equal(m[0].name, "da1");
        assert_string_equal(m[0].username, "ddns");
        assert_string_equal(m[0].password_file, "da1.hash");
        assert_int_equal(m[0].n_allow, 2);
        assert_int_equal(m[0].allow[0].bits, 128);
        assert_int_equal(m[0].allow[1].bits, 64);
        assert_string_equal(m[1].name, "da_2.x-y");
        assert_string_equal(m[1].username, "u@2");
        assert_string_equal(m[1].password_file, "/etc/x/hash");
        assert_int_equal(m[1].n_allow, 1);
        assert_int_equal(m[1].allow[0].bits, 96);

        assert_string_equal(c.receiver.hostname, "ns1.example.com");
        assert_int_equal(c.receiver.parent_check, DDNS_PARENT_CHECK_EXISTS);
        assert_true(c.receiver.delete_without_hostname);
        assert_int_equal(c.receiver.max_body_kib, 1);
        assert_int_equal(c.receiver.max_header_kib, 4);
        assert_int_equal(c.receiver.max_memory_mib, 2);
        assert_int_equal(c.receiver.max_connections, 5);
        assert_int_equal(c.receiver.max_connections_per_address, 6);
        assert_int_equal(c.receiver.max_records, 7);
        assert_int_equal(c.receiver.request_timeout_usec, 1500 * USEC_PER_MSEC);
        assert_int_equal(c.receiver.idle_timeout_usec, 0);

        assert_int_equal(c.queue.n_backoff, ARRAY_SIZE(backoff));
        assert_memory_equal(c.queue.backoff_usec, backoff, sizeof backoff);
        assert_int_equal(c.queue.batch, 8);
        assert_int_equal(c.queue.linger_usec, 90 * MINUTE);

        assert_int_equal(c.n_backends, 7);
        const DdnsBackendConfig *b = c.backends;
        assert_string_equal(b[0].name, "b1");
        assert_int_equal(b[0].type, DDNS_BACKEND_BIND);
        assert_string_equal(b[0].zone_dir, "/srv/zones");
        assert_int_equal(b[0].n_nameservers, 1);
        assert_int_equal(ntohs(b[0].nameservers[0].in.sin_port), 5300);
        assert_int_equal(b[0].served_timeout_usec, 700 * USEC_PER_MSEC);
        assert_string_equal(b[0].control.address, "::1");
        assert_int_equal(b[0].control.port, 1953);
        assert_string_equal(b[0].control.key_file, "rndc.key");
        assert_int_equal(b[0].control.timeout_usec, 2 * USEC_PER_SEC);
        assert_int_equal(b[0].registration, DDNS_REGISTRATION_INCLUDE);
        assert_string_equal(b[0].include_file, "/etc/bind/ddns.conf");
        assert_string_equal(b[0].view, "ext_1");

        assert_string_equal(b[1].name, "b2");
        assert_string_equal(b[1].zone_dir, DDNS_BIND_ZONE_DIR);
        assert_int_equal(b[1].n_nameservers, 0);
        assert_int_equal(b[1].served_timeout_usec, 5 * USEC_PER_SEC);
        assert_string_equal(b[1].control.address, "127.0.0.1");
        assert_int_equal(b[1].control.port, 953);
        assert_string_equal(b[1].control.key_file, DDNS_BIND_KEY_FILE);
        assert_int_equal(b[1].control.timeout_usec, 10 * USEC_PER_SEC);
        assert_int_equal(b[1].registration, DDNS_REGISTRATION_ADDZONE);
        assert_string_equal(b[1].include_file, DDNS_BIND_ZONE_DIR "/ddns.zones.conf");
        assert_null(b[1].view);

        assert_int_equal(b[2].type, DDNS_BACKEND_ZONE_FILES);
        assert_string_equal(b[2].zone_dir, "/srv/files");
        assert_null(b[2].include_file);
        assert_int_equal(b[2].served_timeout_usec, 5 * USEC_PER_SEC);
        assert_null(b[2].mysql.host);
        assert_null(b[2].tables.zones);
        assert_string_equal(ddns_backend_type_to_string(b[2].type), "zone-files");
        assert_string_equal(ddns_backend_type_to_string(b[3].type), "coredns-mysql");
        assert_string_equal(ddns_backend_type_to_string(b[5].type), "powerdns-mysql");
        assert_null(ddns_backend_type_to_string(_DDNS_BACKEND_TYPE_MAX));

        assert_mysql_keys(&b[3]);
        assert_mysql_defaults(&b[4]);
        assert_powerdns(&b[5]);
        assert_reconcile_keys(&c);
}

/* Whether there are as many lines as in `expected`, each beginning with the text there. */
static bool lines_begin(const char *lines, const char *expected) {
        while (*lines && *expected) {
                size_t length = strcspn(expected, "\n");

                if (strncmp(lines, expected, length) != 0)
                        return false;
                lines += strcspn(lines, "\n");
                lines += *lines == '\n';
                expected += length;
                expected += *expected == '\n';
        }
        return !*lines && !*expected;
}

static void every_error_has_its_place_and_says_what_is_allowed(void **state) {
/* clang-format off */
#define M "name: m, username: u, password-file: p"
#define R "name: r, username: u, password-file: p"
#define C "name: c, type: coredns-mysql, database: d, username: u"
        static const struct {
                const char *text;
                const char *errors; /* the beginning of each line */
        } cases[] = {
                /* keys */
                { "stat: 1\n",
                  "1:1: unknown key 'stat'; allowed here: state, receiver, queue, backends, reconcile\n" },
                { "queue:\n  bach: 1\n",
                  "2:3: unknown key 'bach'; allowed here: backoff, batch, linger\n" },
                { "Queue: 1\n",
                  "1:1: unknown key 'Queue'; allowed here: state" },
                { "queue.batch: 1\n",
                  "1:1: unknown key (not a plain word); allowed here: state" },
                { "receiver:\n  masters[]:\n    name: x\n",
                  "2:3: unknown key (not a plain word); " },
                { "peers: {}\n",
                  "1:1: unknown key 'peers'" },
                { "? [a, b]\n: 1\n",
                  "1:3: unknown key (not a plain word)" },
                { "receiver: {masters: [{" M ", password: hunter2}]}\n",
                  "1:63: unknown key 'password', secrets never stand in this file, name the file that holds it with password-file; allowed here: name, username, password-file, allow\n" },
                { "queue: &q {batch: 5}\nstate:\n  <<: *q\n",
                  "3:3: unknown key '<<', merging" },
                { "queue: {batch: 1}\nqueue: {batch: 2}\n",
                  "2:1: 'queue' is here twice, first in line 1; " },
                { "queue:\n  batch: 1\n  'batch': 2\n",
                  "3:3: 'batch' is here twice, first in line 2; " },
                { "backends:\n- {name: x, type: zone-files, zone-dir: /x, view: y}\n",
                  "2:45: 'view' is not for a backend of this type; allowed with type bind\n" },
                { "backends:\n- {control: {port: 1}, name: x, type: zone-files, zone-dir: /x}\n",
                  "2:4: 'control' is not for a backend of this type; allowed with type bind\n" },
                { "backends:\n- type: bind\n",
                  "2:3: 'name' is missing; allowed: at most 64 letters, digits and '-_.'" },
                { "backends:\n- name: x\n",
                  "2:3: 'type' is missing; allowed: zone-files, bind, coredns-mysql, powerdns-mysql\n" },
                { "backends:\n- {name: x, type: zone-files}\n",
                  "2:3: 'zone-dir' is missing; allowed: an absolute " },
                { "backends:\n- {name: x, type: nsd, zone-dir: /x, view: y}\n",
                  "2:19: backends[].type: not an allowed choice; allowed: zone-files, bind, coredns-mysql, powerdns-mysql\n" },
                { "backends:\n- {" C ", zone-dir: /x}\n",
                  "2:60: 'zone-dir' is not for a backend of this type; allowed with type zone-files, bind\n" },
                { "backends:\n- {" C ", tables: {domains: x}}\n",
                  "2:69: 'domains' is not for a backend of this type; allowed with type powerdns-mysql\n" },
                { "backends:\n- {name: p, type: powerdns-mysql, database: d, username: u, tables: {zones: x}}\n",
                  "2:70: 'zones' is not for a backend of this type; allowed with type coredns-mysql\n" },
                { "backends:\n- {name: x, type: bind, host: h, tls: {ca: /x}}\n",
                  "2:25: 'host' is not for a backend of this type; allowed with type coredns-mysql, powerdns-mysql\n"
                  "2:34: 'tls' is not for a backend of this type; allowed with type coredns-mysql, powerdns-mysql\n" },
                { "backends:\n- {name: c, type: coredns-mysql}\n",
                  "2:3: 'database' is missing\n"
                  "2:3: 'username' is missing\n" },
                { "backends:\n- {" C ", password: hunter2}\n",
                  "2:60: unknown key 'password', secrets never stand in this file" },
                { "backends:\n- {" C ", timeouts: {read: 1s}}\n",
                  "2:60: unknown key 'timeouts'; allowed here: name, type, nameserver, served-timeout, host, port, socket, "
                  "database, username, password-file, tls, timeout, tables\n" },
                { "receiver: {masters: [{}]}\n",
                  "1:22: 'name' is missing\n"
                  "1:22: 'username' is missing\n"
                  "1:22: 'password-file' is missing" },
                /* kinds */
                { "[]\n",
                  "1:1: a list where a mapping belongs; allowed keys: state, receiver, queue, backends, reconcile\n" },
                { "hunter2\n",
                  "1:1: a single value where a mapping belongs; " },
                { "queue: 5\n",
                  "1:8: a single value where a mapping belongs; allowed keys: backoff, batch, linger\n" },
                { "queue:\n  batch: [1]\n",
                  "2:10: queue.batch: a list where one number belongs; allowed: 1 to 100000\n" },
                { "queue:\n  batch: {a: 1}\n",
                  "2:10: queue.batch: a mapping where one number belongs" },
                { "queue:\n  batch:\n",
                  "2:9: queue.batch: nothing where one number belongs" },
                { "queue:\n  batch: ''\n",
                  "2:10: queue.batch: no valid number; allowed" },
                { "backends: x\n",
                  "1:11: backends: a single value where a list belongs" },
                { "backends: {name: x}\n",
                  "1:11: backends: a mapping where a list belongs" },
                { "backends: [x]\n",
                  "1:12: a single value where a mapping belongs; allowed keys: name, type, " },
                { "receiver: {masters: [{" M ", allow: [[]]}]}\n",
                  "1:71: receiver.masters[].allow: a list where one network belongs" },
                /* values */
                { "state: {history: 0}\n",
                  "1:18: state.history: not an allowed number; allowed: 1 to 1000\n" },
                { "state: {history: 1001}\n",
                  "1:18: state.history: not an allowed number; allowed: 1 to 1000\n" },
                { "state: {history: 99999999999999999999999}\n",
                  "1:18: state.history: not an allowed number" },
                { "state: {history: 010}\n",
                  "1:18: state.history: no valid number; allowed: 1 to 1000\n" },
                { "state: {history: -1}\n",
                  "1:18: state.history: no valid number" },
                { "state: {history: 1.5}\n",
                  "1:18: state.history: no valid number" },
                { "state: {history: \"1\\0\"}\n",
                  "1:18: state.history: has a NUL character; allowed: 1 to 1000\n" },
                { "state: {history: !!binary MQ==}\n",
                  "1:18: state.history: tags are not supported" },
                { "state: {history: !x 1}\n",
                  "1:18: state.history: tags are not supported" },
                { "state: !x {history: 1}\n",
                  "1:8: a tag where a mapping belongs" },
                { "backends: !x []\n",
                  "1:11: backends: a tag where a list belongs" },
                { "queue: {linger: 25h}\n",
                  "1:17: queue.linger: not an allowed duration; allowed: 0 to 1d\n" },
                { "queue: {linger: 1 hour}\n",
                  "1:17: queue.linger: no valid duration" },
                { "queue: {linger: 1s,}\nstate: {busy-timeout: 1ms}\n",
                  "2:23: state.busy-timeout: not an allowed duration; allowed: 10ms to 10min\n" },
                { "queue: {linger: ' 1s'}\n",
                  "1:17: queue.linger: no valid duration" },
                { "queue: {linger: s}\n",
                  "1:17: queue.linger: no valid duration" },
                { "queue: {linger: 99999999999999999999w}\n",
                  "1:17: queue.linger: not an allowed duration" },
                { "queue: {linger: 9999999999999w 99999999w}\n",
                  "1:17: queue.linger: not an allowed duration" },
                { "queue: {backoff: ''}\n",
                  "1:18: queue.backoff: no valid duration list; allowed: 1 to 16 durations of 10ms to 30d, blanks between them\n" },
                { "queue: {backoff: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17}\n",
                  "1:18: queue.backoff: not an allowed duration list" },
                { "queue: {backoff: 1s 0}\n",
                  "1:18: queue.backoff: not an allowed duration list" },
                { "receiver: {parent-check: 1}\n",
                  "1:26: receiver.parent-check: not an allowed choice; allowed: 0, 2, 3\n" },
                { "receiver: {delete-without-hostname: yes}\n",
                  "1:37: receiver.delete-without-hostname: not an allowed choice; allowed: refuse, accept\n" },
                { "receiver: {hostname: 'a b'}\n",
                  "1:22: receiver.hostname: not an allowed name; allowed: at most 253 letters" },
                { "receiver: {masters: [{name: -x, username: 'a:b', password-file: ../x}]}\n",
                  "1:29: receiver.masters[].name: not an allowed name\n"
                  "1:43: receiver.masters[].username: not an allowed text\n"
                  "1:65: receiver.masters[].password-file: not an allowed secret; allowed: an absolute path, or " },
                { "receiver: {masters: [{" M ", allow: [192.0.2.1/24, x]}]}\n",
                  "1:71: receiver.masters[].allow: no valid network; allowed: at most 1024 IP addresses\n"
                  "1:85: receiver.masters[].allow: no valid network" },
                { "state: {database: ddns.db}\n",
                  "1:19: state.database: no valid path; allowed: an absolute path of at most 4095 bytes" },
                { "state: {database: /a/../b}\n",
                  "1:19: state.database: not an allowed path" },
                { "state: {database: /}\n",
                  "1:19: state.database: not an allowed path" },
                { "backends: [{name: x, type: bind, zone-dir: '/a\"b', include-file: /a;b}]\n",
                  "1:44: backends[].zone-dir: not an allowed path; \n"
                  "1:66: backends[].include-file: not an allowed path" },
                { "backends: [{name: x, type: bind, zone-dir: '/a\\b', include-file: \"/a\\nb\", view: a.b}]\n",
                  "1:44: backends[].zone-dir: not an\n"
                  "1:66: backends[].include-file: not an\n"
                  "1:81: backends[].view: not an allowed name" },
                { "backends: [{name: x, type: bind, nameserver: localhost, control: {address: 127.0.0.1@953, port: 0}}]\n",
                  "1:46: backends[].nameserver: no valid endpoint; allowed: IP or IP@PORT\n"
                  "1:76: backends[].control.address: no valid address; allowed: an IP address\n"
                  "1:97: backends[].control.port: not an allowed number; allowed: 1 to 65535\n" },
                { "backends: [{name: x, type: bind, nameserver: [127.0.0.1, 127.0.0.2]}]\n",
                  "1:46: backends[].nameserver: 2 entries; allowed: IP or IP@PORT\n" },
                { "backends: [{" C ", nameserver: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]}]\n",
                  "1:81: backends[].nameserver: 17 entries; allowed: IP or IP@PORT, or a list of at most 16\n" },
                { "backends: [{" C ", nameserver: [127.0.0.1, ns.example.com]}]\n",
                  "1:93: backends[].nameserver: no valid endpoint; allowed: IP or IP@PORT, or a list of at most 16\n" },
                { "backends: [{" C ", nameserver: {a: 1}}]\n",
                  "1:81: backends[].nameserver: a mapping where one endpoint belongs" },
                { "backends: [{" C ", served-timeout: 2h, timeout: {read: 1ms}}]\n",
                  "1:85: backends[].served-timeout: not an allowed duration; allowed: 100ms to 1h\n"
                  "1:105: backends[].timeout.read: not an allowed duration; allowed: 1s to 10min\n" },
                { "backends: [{" C ", host: 'a b', tables: {records: 'x`y'}}]\n",
                  "1:75: backends[].host: not an allowed name; allowed: at most 253\n"
                  "1:100: backends[].tables.records: not an allowed name\n" },
                { "backends: [{" C ", tls: {verify: maybe}}]\n",
                  "1:83: backends[].tls.verify: not an allowed choice; allowed: no, yes\n" },
                /* what only the whole entry shows */
                { "backends: [{" C ", tls: {key: k}}]\n",
                  "1:80: backends[].tls.key: 'tls.certificate' is missing; allowed: both or none\n" },
                { "backends: [{" C ", tls: {certificate: /c}}]\n",
                  "1:88: backends[].tls.certificate: 'tls.key' is missing; allowed: both or none\n" },
                { "backends: [{" C ", host: h, port: 1, socket: /s, tls: {ca: /a, verify: no}}]\n",
                  "1:75: backends[].host: means nothing beside 'socket'; allowed: one of them\n"
                  "1:84: backends[].port: means nothing\n"
                  "1:109: backends[].tls: means nothing\n" },
                { "reconcile: {masters: [{" R ", servername: s, url: http://h, axfr: {key-file: k}}]}\n",
                  "1:111: reconcile.masters[].axfr.key-file: 'axfr.address' is missing; allowed: beside it only\n" },
                { "reconcile: {masters: [{" R ", servername: s, url: http://h, tls: {pin: sha256//" PIN ";}}]}\n",
                  "1:105: reconcile.masters[].tls.pin: no valid pin; allowed: sha256//BASE64, several with ';' between\n" },
                { "reconcile: {masters: [{" R ", servername: s, url: http://h, axfr: {address: [127.0.0.1, 127.0.0.2]}}]}\n",
                  "1:110: reconcile.masters[].axfr.address: 2 entries; allowed: IP or IP@PORT\n" },
                { "reconcile: {dry-run: true, brake-percent: 101, query-rate: 0, wait-for-all: 1}\n",
                  "1:22: reconcile.dry-run: not an allowed choice; allowed: no, yes\n"
                  "1:43: reconcile.brake-percent: not an allowed number; allowed: 0 to 100\n"
                  "1:60: reconcile.query-rate: not an allowed number; allowed: 1 to 1000000\n"
                  "1:77: reconcile.wait-for-all: not an allowed choice; allowed: no, yes\n" },
                { "reconcile: {masters: [{}]}\n",
                  "1:23: 'name' is missing\n"
                  "1:23: 'servername' is missing\n"
                  "1:23: 'url' is missing; allowed: http://HOST[:PORT] or https://HOST[:PORT]\n"
                  "1:23: 'username' is missing\n"
                  "1:23: 'password-file' is missing\n" },
                /* what only the whole list shows */
                { "reconcile:\n  masters:\n  - {" R ", servername: S.test, url: http://h}\n"
                  "  - {name: q, username: u, password-file: p, servername: s.TEST., url: http://h}\n",
                  "4:58: reconcile.masters[].servername: the same as that of entry 1; \n" },
                { "receiver:\n  masters:\n  - {" M "}\n  - {" M "}\n",
                  "4:12: receiver.masters[].name: the same as that of entry 1; \n"
                  "4:25: receiver.masters[].username: the same" },
                { "backends:\n- {name: x, type: bind}\n- {name: y, type: bind}\n",
                  "3:3: backends[].zone-dir: the same as that of entry 1; allowed: one of its own\n" },
                { "backends:\n- {name: x, type: bind, zone-dir: /z}\n- {name: y, type: zone-files, zone-dir: //z/}\n",
                  "3:41: backends[].zone-dir: the same as that of entry 1; " },
                { "backends:\n- &a {name: x, type: bind}\n- *a\n",
                  "2:3: backends[].zone-dir: the same as that of entry 1\n"
                  "2:13: backends[].name: the same" },
                /* YAML */
                { "a: [\n",
                  "2:1: not YAML: while parsing a flow node, did not find expected node content\n" },
                { "queue:\n\tbatch: 1\n",
                  "2:1: not YAML: " },
                { "a: *nowhere\n",
                  "1:4: not YAML: found undefined alias" },
                { "queue: {}\n---\nqueue: {}\n",
                  "2:1: a second document; allowed: one\n" },
                { "queue: {batch: 0}\n--- [\n",
                  "1:16: queue.batch: not an allowed number\n"
                  "2:1: a second document; " },
                { "# \xc3\xa4\nx\xff\n",
                  "2:2: invalid leading UTF-8 octet; allowed: YAML 1.1 in UTF-8\n" },
                /* cycles end where the table ends */
                { "backends: &a [*a]\n",
                  "1:11: a list where a mapping belongs" },
                { "&a receiver: &b {masters: &c [*b]}\n",
                  "1:14: 'name' is missing\n"
                  "1:14: 'username' is missing\n"
                  "1:14: 'password-file' is missing\n"
                  "1:18: unknown key 'masters'; allowed here: name" },
        };
        /* clang-format on */
        unsigned wrong = 0;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                ddns_cleanup(ddns_config_done) DdnsConfig c = DDNS_CONFIG_NULL;
                ddns_cleanup(ddns_freep) char *errors = NULL;

                int r = load(cases[i].text, &c, &errors);
                if (r != -EBADMSG || !lines_begin(errors, cases[i].errors)) {
                        print_error("%s\ngave %d:\n%s\nand not:\n%s\n", cases[i].text, r, errors,
                                    cases[i].errors);
                        wrong++;
                }
                assert_null(c.state.database); /* untouched */
                assert_null(strstr(errors, "hunter2"));
        }
        assert_int_equal(wrong, 0);
}

static int load_master(const char *url, const char *pin) {
        ddns_cleanup(ddns_config_done) DdnsConfig c = DDNS_CONFIG_NULL;
        ddns_cleanup(ddns_freep) char *errors = NULL;
        char text[1024];

        (void) snprintf(text, sizeof text,
                        "reconcile: {masters: [{name: a, servername: s, username: u, password-file: p, "
                        "url: '%s', tls: {pin: '%s'}}]}\n",
                        url, pin);
        int r = load(text, &c, &errors);
        if (r == -EBADMSG) {
                assert_true(strstr(errors, ": reconcile.masters[].url: no valid URL; allowed: ") ||
                            strstr(errors, ": reconcile.masters[].tls.pin: no valid pin; allowed: "));
        }
        return r;
}

static void url_of_a_master_is_host_and_port_and_nothing_else(void **state) {
        static const char *const good[] = {
                "https://da1.example.com:2222", "http://192.0.2.1",       "https://[2001:db8::1]",
                "https://[::1]:65535",          "https://a_b-c.example.", "http://h:1",
        };
        static const char *const bad[] = {
                "",
                "da1",
                "da1:2222",
                "ftp://da1",
                "HTTPS://da1",
                "https:/da1",
                "https://",
                "https:///",
                "https://:2222",
                "https://da1/",
                "https://da1/CMD_X",
                "https://da1:2222/",
                "https://da1?x",
                "https://da1#x",
                "https://u:p@da1",
                "https://u@da1",
                "https://da1:",
                "https://da1:0",
                "https://da1:02222",
                "https://da1:65536",
                "https://da1:99999999999999999999",
                "https://da1:22a",
                "https://da1:-1",
                "https://-x",
                "https://.x",
                "https://a b",
                "https://a\\b",
                "https://2001:db8::1",
                "https://[]",
                "https://[",
                "https://[::1",
                "https://[::1]x",
                "https://[192.0.2.1]",
                "https://[::1@53]",
                "https://[zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz]",
                "https://\xc3\xa4.test",
        };

        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                if (load_master(good[i], "sha256//" PIN) != 0)
                        fail_msg("'%s' was refused", good[i]);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                if (load_master(bad[i], "sha256//" PIN) != -EBADMSG)
                        fail_msg("'%s' was taken", bad[i]);
}

static void pin_that_can_match_no_key_is_refused(void **state) {
        static const char *const bad[] = {
                "",
                PIN,
                "sha256//",
                "sha1//" PIN,
                "sha256//" PIN "=",
                "sha256//" PIN ";",
                "sha256//" PIN " ;sha256//" PIN,
                "sha256//A" PIN,
                "sha256//AAAA=",
                "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.",
                "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                if (load_master("https://h", bad[i]) != -EBADMSG)
                        fail_msg("'%s' was taken", bad[i]);
}

static void all_errors_come_in_one_run_in_their_order(void **state) {
        ddns_cleanup(ddns_config_done) DdnsConfig c = DDNS_CONFIG_NULL;
        ddns_cleanup(ddns_freep) char *errors = NULL;

        assert_int_equal(load("backends:\n"
                              "- type: bind\n"
                              "  zone-dir: zones\n"
                              "queue:\n"
                              "  batch: none\n"
                              "  linger: 3 parsecs\n"
                              "state: {history: 0, wake: /x, oops: 1}\n"
                              "---\n"
                              "second: 1\n",
                              &c, &errors),
                         -EBADMSG);
        assert_true(lines_begin(errors, "2:3: 'name' is missing\n"
                                        "3:13: backends[].zone-dir: no valid path\n"
                                        "5:10: queue.batch: \n"
                                        "6:11: queue.linger: \n"
                                        "7:18: state.history: \n"
                                        "7:31: unknown key 'oops'\n"
                                        "8:1: a second document\n"));
}

static void hostile_files_are_refused_in_bounds(void **state) {
        ddns_cleanup(ddns_freep) char *big = malloc((1 << 20) + 1);
        ddns_cleanup(ddns_config_done) DdnsConfig c = DDNS_CONFIG_NULL;

        assert_non_null(big);
        static const struct {
                const char *unit; /* repeated to the size */
                size_t size;
                const char *errors;
        } cases[] = {
                { "#", (1 << 20) + 1, " longer than 1048576 bytes" },
                { "[", 1 << 20, "" },
                { "{a: ", 1 << 20, "" },
                { "- ", 1 << 20, "" },
                { "x: 1\n", 5 * 200000, "1:1: unknown key 'x'" },
                { "queue: 1\n", 9 * 100000, "1:8: a single value" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                ddns_cleanup(ddns_freep) char *errors = NULL;

                for (size_t n = 0; n < cases[i].size; n++)
                        big[n] = cases[i].unit[n % strlen(cases[i].unit)];
                assert_int_equal(load_bytes(big, cases[i].size, &c, &errors), -EBADMSG);
                assert_memory_equal(errors, cases[i].errors, strlen(cases[i].errors));
                assert_true(strlen(errors) < 100 * 512);
        }

        ddns_cleanup(ddns_freep) char *errors = NULL;
        assert_int_equal(load_bytes("queue:\n  \xc3\xa4\0", 12, &c, &errors), -EBADMSG);
        assert_string_equal(errors, "2:4: a NUL byte; allowed: YAML 1.1 in UTF-8\n");
}

static void unreadable_files_are_named_without_numbers(void **state) {
        ddns_cleanup(ddns_config_done) DdnsConfig c = DDNS_CONFIG_NULL;
        ddns_cleanup(ddns_freep) char *absent = NULL, *directory = NULL;

        assert_int_equal(ddns_config_load("/nonexistent/ddns.yaml", &c, &absent), -ENOENT);
        assert_string_equal(absent, "/nonexistent/ddns.yaml: No such file or directory\n");
        assert_int_equal(ddns_config_load("/tmp", &c, &directory), -EISDIR);
        assert_string_equal(directory, "/tmp: not a regular file\n");
}

static void shipped_example_is_ready_to_use(void **state) {
        ddns_cleanup(ddns_config_done) DdnsConfig c = DDNS_CONFIG_NULL;
        ddns_cleanup(ddns_freep) char *errors = NULL;

        int r = ddns_config_load(EXAMPLE, &c, &errors);
        if (r < 0)
                fail_msg("%s", errors);
        assert_int_equal(c.receiver.n_masters, 1);
        assert_string_equal(c.receiver.masters[0].password_file, "da1.hash");
        assert_int_equal(c.n_backends, 1);
        assert_string_equal(c.backends[0].name, "local");
        assert_int_equal(c.backends[0].type, DDNS_BACKEND_BIND);
        assert_string_equal(c.backends[0].zone_dir, DDNS_BIND_ZONE_DIR);
        assert_int_equal(c.backends[0].n_nameservers, 1);
}

static void the_examples_of_topologies_are_usable(void **state) {
        static const struct {
                const char *path;
                size_t n_backends, n_masters;
                DdnsBackendType type; /* of the first */
        } examples[] = {
                { EXAMPLES "/topology-a.yaml", 1, 2, DDNS_BACKEND_BIND },
                { EXAMPLES "/topology-b.yaml", 2, 1, DDNS_BACKEND_COREDNS_MYSQL },
        };

        for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
                ddns_cleanup(ddns_config_done) DdnsConfig c = DDNS_CONFIG_NULL;
                ddns_cleanup(ddns_freep) char *errors = NULL;

                int r = ddns_config_load(examples[i].path, &c, &errors);
                if (r < 0)
                        fail_msg("%s", errors);
                assert_int_equal(c.n_backends, examples[i].n_backends);
                assert_int_equal(c.backends[0].type, examples[i].type);
                assert_int_equal(c.receiver.n_masters, examples[i].n_masters);
                assert_int_equal(c.reconcile.n_masters, examples[i].n_masters);
        }
}

/* Takes the escapes of scdoc away. */
static void unescape(char *text) {
        char *out = text;

        for (; *text; text++)
                if (*text != '\\' || text[1] == '\0')
                        *out++ = *text;
        *out = '\0';
}

/* What other types allow is prose, which the page words in its own way. */
static bool has_range(const char *type) {
        static const char *const types[] = { "number", "duration", "duration list", "choice" };

        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (strcmp(types[i], type) == 0)
                        return true;
        return false;
}

static void man_page_names_every_key_with_default_and_range(void **state) {
        ddns_cleanup(ddns_freep) char *page = NULL, *settings = NULL;
        size_t size;

        assert_int_equal(ddns_file_read(MAN_PAGE, 1 << 20, &page, NULL, NULL), 0);
        unescape(page);

        FILE *f = open_memstream(&settings, &size);
        assert_non_null(f);
        ddns_config_print_settings(f);
        assert_int_equal(fclose(f), 0);

        size_t n = 0;
        for (char *rest = settings, *line; (line = strsep(&rest, "\n")) && *line; n++) {
                char *key = strsep(&line, "\t"), *type = strsep(&line, "\t"),
                     *fallback = strsep(&line, "\t");
                char start[128];

                (void) snprintf(start, sizeof start, "\n*%s* (%s, ", key, type);
                const char *entry = strstr(page, start);
                if (!entry) {
                        fail_msg("ddns.yaml(5) has no line '%s'", start + 1);
                        return;
                }
                entry += strlen("\n");
                ddns_cleanup(ddns_freep) char *head = strndup(entry, strcspn(entry, "\n"));
                assert_non_null(head);

                line[has_range(type) ? strcspn(line, ",") : 0] = '\0';
                if (!strstr(head, fallback) || !strstr(head, line))
                        fail_msg("'%s' lacks '%s' or '%s'", head, fallback, line);
        }
        assert_true(n > 30);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_says_nothing_is_all_defaults),
                cmocka_unit_test(every_key_reaches_its_place),
                cmocka_unit_test(every_error_has_its_place_and_says_what_is_allowed),
                cmocka_unit_test(url_of_a_master_is_host_and_port_and_nothing_else),
                cmocka_unit_test(pin_that_can_match_no_key_is_refused),
                cmocka_unit_test(all_errors_come_in_one_run_in_their_order),
                cmocka_unit_test(hostile_files_are_refused_in_bounds),
                cmocka_unit_test(unreadable_files_are_named_without_numbers),
                cmocka_unit_test(shipped_example_is_ready_to_use),
                cmocka_unit_test(the_examples_of_topologies_are_usable),
                cmocka_unit_test(man_page_names_every_key_with_default_and_range),
        };

        return cmocka_run_group_tests(tests, make_file, remove_file);
}
