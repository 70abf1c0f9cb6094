/* SPDX-License-Identifier: MIT */
/* Starting and stopping a real named for tests. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "daemon.h"
#include "dns/soa.h"
#include "named.h"
#include "rndc/rndc.h"
#include "test.h"

#define NAMED "/usr/sbin/named"

/* A copy of the program, since a distribution's AppArmor profile for its path would keep it out of our directory. */
static void copy_program(const Named *n) {
        char path[128];

        (void) snprintf(path, sizeof path, "%s/named", n->root);
        ddns_cleanup(ddns_closep) int from = open(NAMED, O_RDONLY | O_CLOEXEC);
        ddns_cleanup(ddns_closep) int to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
        assert_true(from >= 0 && to >= 0);
        ssize_t k;
        while ((k = sendfile(to, from, NULL, 1 << 20)) > 0)
                ;
        assert_int_equal(k, 0);
}

bool named_open(Named *n) {
        if (access(NAMED, X_OK) < 0)
                return false;

        *n = (Named){ .port = daemon_free_port(), .control_port = daemon_free_port() };
        strcpy(n->root, "/tmp/ddns-test-named-XXXXXX");
        assert_non_null(mkdtemp(n->root));
        (void) snprintf(n->zones, sizeof n->zones, "%s/zones", n->root);
        (void) snprintf(n->key_file, sizeof n->key_file, "%s/rndc.key", n->root);
        assert_int_equal(mkdir(n->zones, 0755), 0);
        copy_program(n);
        n->address.in = (struct sockaddr_in){ .sin_family = AF_INET,
                                              .sin_port = htons((uint16_t) n->port),
                                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        daemon_write_file(n->root, "rndc.key",
                          "key \"test\" {\n\talgorithm hmac-sha256;\n"
                          "\tsecret \"dGhpcyBpcyBub3QgYSBzZWNyZXQgYXQgYWxsISEhIQ==\";\n};\n");
        return true;
}

static bool answers(const void *named) {
        const Named *n = named;
        DdnsSockaddr control = n->address;
        DdnsHmacKey key;
        DdnsRndc *c;

        control.in.sin_port = htons((uint16_t) n->control_port);
        assert_int_equal(ddns_hmac_key_read(n->key_file, &key, NULL), 0);
        if (ddns_rndc_connect(&control, &key, USEC_PER_SEC, &c, NULL) < 0)
                return false;
        (void) ddns_rndc_free(c);

        DdnsSoaQuestion q = { .zone = "nowhere.test", .want_absent = true };
        return ddns_soa_ask(&n->address, &q, 1, USEC_PER_SEC) == 0 && ddns_soa_is_served(&q);
}

void named_start(Named *n, const char *extra) {
        char program[128], config[128], text[2048];
        const char *const argv[] = { program, "-g", "-n", "1", "-U", "1", "-c", config, NULL };

        (void) snprintf(text, sizeof text,
                        "include \"%s\";\n"
                        "options { directory \"%s\"; allow-new-zones yes; recursion no; "
                        "dnssec-validation no;\n"
                        "  listen-on port %u { 127.0.0.1; }; listen-on-v6 { none; };\n"
                        "  pid-file \"%s/named.pid\"; session-keyfile none; };\n"
                        "controls { inet 127.0.0.1 port %u allow { 127.0.0.1; } keys { \"test\"; }; "
                        "};\n%s",
                        n->key_file, n->root, n->port, n->root, n->control_port, extra);
        daemon_write_file(n->root, "named.conf", text);

        (void) snprintf(program, sizeof program, "%s/named", n->root);
        (void) snprintf(config, sizeof config, "%s/named.conf", n->root);
        n->pid = daemon_spawn(n->root, "named.log", argv);
        daemon_wait(n->pid, answers, n);
}

void named_stop(Named *n, int signal) {
        daemon_stop(&n->pid, signal);
}

void named_close(Named *n) {
        named_stop(n, SIGKILL);
        daemon_remove(n->root);
}
