/* SPDX-License-Identifier: MIT */
/* Starting and stopping a real named for tests. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "basic/clock.h"
#include "dns/soa.h"
#include "named.h"
#include "rndc/rndc.h"
#include "test.h"

#define NAMED     "/usr/sbin/named"
#define START_SEC 20

void named_write_file(const Named *n, const char *name, const char *text) {
        char path[256];

        (void) snprintf(path, sizeof path, "%s/%s", n->root, name);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

/* A port that is free for UDP and TCP now. */
static unsigned free_port(void) {
        for (unsigned tries = 0; tries < 100; tries++) {
                struct sockaddr_in in = { .sin_family = AF_INET,
                                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
                socklen_t size = sizeof in;
                ddns_cleanup(ddns_closep) int udp = socket(AF_INET, SOCK_DGRAM, 0),
                                              tcp = socket(AF_INET, SOCK_STREAM, 0);

                assert_int_equal(bind(udp, (struct sockaddr *) &in, size), 0);
                assert_int_equal(getsockname(udp, (struct sockaddr *) &in, &size), 0);
                if (bind(tcp, (struct sockaddr *) &in, size) == 0)
                        return ntohs(in.sin_port);
        }
        fail_msg("no free port");
        return 0;
}

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

        *n = (Named){ .port = free_port(), .control_port = free_port() };
        strcpy(n->root, "/tmp/ddns-test-named-XXXXXX");
        assert_non_null(mkdtemp(n->root));
        (void) snprintf(n->zones, sizeof n->zones, "%s/zones", n->root);
        (void) snprintf(n->key_file, sizeof n->key_file, "%s/rndc.key", n->root);
        assert_int_equal(mkdir(n->zones, 0755), 0);
        copy_program(n);
        n->address.in = (struct sockaddr_in){ .sin_family = AF_INET,
                                              .sin_port = htons((uint16_t) n->port),
                                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        named_write_file(n, "rndc.key",
                         "key \"test\" {\n\talgorithm hmac-sha256;\n"
                         "\tsecret \"dGhpcyBpcyBub3QgYSBzZWNyZXQgYXQgYWxsISEhIQ==\";\n};\n");
        return true;
}

static bool answers(const Named *n) {
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

static void run_named(const Named *n) {
        char program[128], config[128], log[128];

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) snprintf(program, sizeof program, "%s/named", n->root);
        (void) snprintf(config, sizeof config, "%s/named.conf", n->root);
        (void) snprintf(log, sizeof log, "%s/named.log", n->root);
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
        if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
                _exit(126);
        (void) execl(program, program, "-g", "-n", "1", "-U", "1", "-c", config, (char *) NULL);
        _exit(127);
}

void named_start(Named *n, const char *extra) {
        char text[2048];

        (void) snprintf(text, sizeof text,
                        "include \"%s\";\n"
                        "options { directory \"%s\"; allow-new-zones yes; recursion no; "
                        "dnssec-validation no;\n"
                        "  listen-on port %u { 127.0.0.1; }; listen-on-v6 { none; };\n"
                        "  pid-file \"%s/named.pid\"; session-keyfile none; };\n"
                        "controls { inet 127.0.0.1 port %u allow { 127.0.0.1; } keys { \"test\"; }; "
                        "};\n%s",
                        n->key_file, n->root, n->port, n->root, n->control_port, extra);
        named_write_file(n, "named.conf", text);

        n->pid = fork();
        assert_true(n->pid >= 0);
        if (n->pid == 0)
                run_named(n);

        uint64_t deadline = ddns_monotonic_usec() + START_SEC * USEC_PER_SEC;
        while (!answers(n)) {
                assert_true(ddns_monotonic_usec() < deadline);
                assert_int_equal(waitpid(n->pid, NULL, WNOHANG), 0);
                (void) usleep(5000);
        }
}

void named_stop(Named *n, int signal) {
        if (n->pid == 0)
                return;
        assert_int_equal(kill(n->pid, signal), 0);
        (void) kill(n->pid, SIGCONT);
        assert_int_equal(waitpid(n->pid, NULL, 0), n->pid);
        n->pid = 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

void named_close(Named *n) {
        named_stop(n, SIGKILL);
        (void) nftw(n->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
