/* SPDX-License-Identifier: MIT */
/* Tests of src/mysql/ with a real server: TLS. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "basic/clock.h"
#include "daemon.h"
#include "mysql-server.h"

static bool has_tls;
static char ca[96], other_ca[96], client[96], client_key[96];

/* Makes an authority and what it signs, below the server's root. */
static void make_certificates(void) {
        static const char script[] =
                        "set -e\n"
                        "authority() {\n"
                        "  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30"
                        " -subj /CN=$1 -keyout $1.key -out $1.pem; }\n"
                        "signed() {\n" /* NAME AUTHORITY ALTERNATIVE-NAME */
                        "  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=$1"
                        " -keyout $1.key -out $1.csr\n"
                        "  echo subjectAltName=$3 >$1.ext\n"
                        "  openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days 30"
                        " -extfile $1.ext -out $1.pem; }\n"
                        "authority ca; authority other\n"
                        "signed server ca IP:127.0.0.1\n"
                        "signed elsewhere ca DNS:elsewhere.example\n"
                        "signed client ca DNS:client\n";
        char command[256];

        daemon_write_file(server.root, "certificates.sh", script);
        (void) snprintf(command, sizeof command, "cd %s && sh certificates.sh >certificates.log 2>&1",
                        server.root);
        assert_int_equal(system(command), 0);
        (void) snprintf(ca, sizeof ca, "%s/ca.pem", server.root);
        (void) snprintf(other_ca, sizeof other_ca, "%s/other.pem", server.root);
        (void) snprintf(client, sizeof client, "%s/client.pem", server.root);
        (void) snprintf(client_key, sizeof client_key, "%s/client.key", server.root);
}

/* `certificate`: what the server shows; NULL: it has no TLS. */
static void serve_with(const char *certificate) {
        char options[512] = "";

        if (certificate)
                (void) snprintf(options, sizeof options,
                                "ssl-ca = %s\nssl-cert = %s/%s.pem\nssl-key = %s/%s.key\n", ca,
                                server.root, certificate, server.root, certificate);
        mariadb_stop(&server, SIGKILL);
        mariadb_start(&server, options);
}

static int cipher_of(const DdnsMysqlValue *values, size_t n, void *userdata) {
        assert_int_equal(n, 2);
        has_tls = values[1].size > 0;
        return 0;
}

/* Logs in and looks whether the connection is under TLS. */
static int connect_with(const DdnsMysqlConfig *config) {
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = NULL;

        has_tls = false;
        message.text[0] = '\0';
        assert_int_equal(ddns_mysql_new(config, &m, &message), 0);
        int r = ddns_mysql_connect(m, &message);
        if (r < 0) {
                assert_null(strstr(message.text, MARIADB_PASSWORD));
                return r;
        }
        assert_int_equal(ddns_mysql_run(m, "SHOW STATUS LIKE 'Ssl_cipher'", NULL, 0, cipher_of, NULL,
                                        &message),
                         0);
        return 0;
}

static DdnsMysqlConfig tls_config(char *authority, DdnsTlsVerify verify) {
        DdnsMysqlConfig config = mariadb_config(&server, NULL);

        config.tls.ca = authority;
        config.tls.verify = verify;
        return config;
}

static void a_certificate_of_the_authority_with_the_name_is_good(void **state) {
        serve_with("server");
        DdnsMysqlConfig config = tls_config(ca, DDNS_TLS_VERIFY_YES);
        assert_int_equal(connect_with(&config), 0);
        assert_true(has_tls);

        config.tls.verify = DDNS_TLS_VERIFY_UNSET; /* any other key asks for it */
        assert_int_equal(connect_with(&config), 0);
        assert_true(has_tls);
}

static void another_authority_is_refused(void **state) {
        serve_with("server");
        DdnsMysqlConfig config = tls_config(other_ca, DDNS_TLS_VERIFY_YES);
        assert_int_equal(connect_with(&config), -EACCES);
        assert_message("certificate");
        assert_message("; is its authority in `tls.ca`?");

        /* That of the test is none of the system's. */
        config = tls_config(NULL, DDNS_TLS_VERIFY_YES);
        assert_int_equal(connect_with(&config), -EACCES);
}

static void another_name_is_refused(void **state) {
        serve_with("elsewhere");
        DdnsMysqlConfig config = tls_config(ca, DDNS_TLS_VERIFY_YES);
        assert_int_equal(connect_with(&config), -EACCES);
        assert_message("certificate");
        assert_message("; is the certificate made for this host name?");
}

static void files_that_can_not_be_read_are_named(void **state) {
        serve_with("server");
        DdnsMysqlConfig config = tls_config((char *) "/nonexistent/ca.pem", DDNS_TLS_VERIFY_YES);
        assert_int_equal(connect_with(&config), -EACCES);
        assert_message("tls.ca: /nonexistent/ca.pem: No such file or directory");
        config = tls_config(ca, DDNS_TLS_VERIFY_YES);
        config.tls.certificate = (char *) "/nonexistent/cert.pem";
        config.tls.key = client_key;
        assert_int_equal(connect_with(&config), -EACCES);
        assert_message("tls.certificate: /nonexistent/cert.pem: No such file or directory");
        config.tls.certificate = client;
        config.tls.key = (char *) "/nonexistent/key";
        assert_int_equal(connect_with(&config), -EACCES);
        assert_message("tls.key: /nonexistent/key: No such file or directory");
}

static void who_may_need_tls_is_told_so(void **state) {
        serve_with("server");
        mariadb_run(&server, NULL, "ALTER USER " MARIADB_USER " REQUIRE SSL");
        DdnsMysqlConfig config = tls_config(NULL, DDNS_TLS_VERIFY_UNSET);
        assert_int_equal(connect_with(&config), -EACCES);
        assert_message("; there is no `tls`, which the user may need (REQUIRE SSL)");
        mariadb_run(&server, NULL, "ALTER USER " MARIADB_USER " REQUIRE NONE");
}

/* Makes the authority the only one that the system knows, in a mount namespace of this process. */
static bool make_ca_the_systems(void) {
        char command[256];

        if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("ddns-test", "/etc/ssl/certs", "tmpfs", 0, NULL) < 0)
                return false;
        (void) snprintf(command, sizeof command,
                        "cp %s /etc/ssl/certs/ && openssl rehash /etc/ssl/certs", ca);
        assert_int_equal(system(command), 0);
        return true;
}

static void the_systems_authorities_are_asked_where_none_is_named(void **state) {
        if (!make_ca_the_systems())
                skip(); /* needs root */
        serve_with("server");
        DdnsMysqlConfig config = tls_config(NULL, DDNS_TLS_VERIFY_YES);
        assert_int_equal(connect_with(&config), 0);
        assert_true(has_tls);

        serve_with("elsewhere");
        assert_int_equal(connect_with(&config), -EACCES);
}

static void without_verification_any_certificate_will_do(void **state) {
        serve_with("elsewhere");
        DdnsMysqlConfig config = tls_config(other_ca, DDNS_TLS_VERIFY_NO);
        assert_int_equal(connect_with(&config), 0);
        assert_true(has_tls);
}

static void a_server_without_tls_gets_nothing_in_plain_text(void **state) {
        serve_with(NULL);
        DdnsMysqlConfig config = tls_config(ca, DDNS_TLS_VERIFY_YES);
        assert_int_equal(connect_with(&config), -EACCES);
        assert_message("TLS");
        config = tls_config(NULL, DDNS_TLS_VERIFY_NO);
        assert_int_equal(connect_with(&config), -EACCES);
        assert_message("TLS");
        config = tls_config(NULL, DDNS_TLS_VERIFY_UNSET);
        assert_int_equal(connect_with(&config), 0);
        assert_false(has_tls);
}

static void without_a_word_on_tls_there_is_none(void **state) {
        serve_with("server");
        DdnsMysqlConfig config = tls_config(NULL, DDNS_TLS_VERIFY_UNSET);
        assert_int_equal(connect_with(&config), 0);
        assert_false(has_tls);
}

static void our_own_certificate_is_shown(void **state) {
        serve_with("server");
        mariadb_run(&server, NULL, "ALTER USER " MARIADB_USER " REQUIRE X509");
        DdnsMysqlConfig config = tls_config(ca, DDNS_TLS_VERIFY_YES);
        assert_int_equal(connect_with(&config), -EACCES);

        config.tls.certificate = client;
        config.tls.key = client_key;
        assert_int_equal(connect_with(&config), 0);
        assert_true(has_tls);

        config.tls.key = other_ca; /* no key at all */
        assert_int_equal(connect_with(&config), -EACCES);
        config.tls.key = (char *) "/nonexistent/key";
        assert_int_equal(connect_with(&config), -EACCES);
        mariadb_run(&server, NULL, "ALTER USER " MARIADB_USER " REQUIRE NONE");
}

static void a_server_that_stands_still_costs_the_read_timeout(void **state) {
        serve_with("server");
        DdnsMysqlConfig config = tls_config(ca, DDNS_TLS_VERIFY_YES);
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = NULL;

        config.connect_timeout_usec = config.read_timeout_usec = config.write_timeout_usec =
                        USEC_PER_SEC;
        assert_int_equal(ddns_mysql_new(&config, &m, &message), 0);
        assert_int_equal(ddns_mysql_connect(m, &message), 1);
        mariadb_signal(&server, SIGSTOP);
        uint64_t begin = ddns_monotonic_usec();
        int r = ddns_mysql_run(m, "SELECT 1", NULL, 0, NULL, NULL, &message);
        uint64_t end = ddns_monotonic_usec();
        mariadb_signal(&server, SIGCONT);
        assert_int_equal(r, -ENOTCONN);
        assert_message("time-out");
        assert_in_range(end - begin, USEC_PER_SEC, 2 * USEC_PER_SEC);
}

static void a_killed_server_kills_nobody_else(void **state) {
        serve_with("server");
        DdnsMysqlConfig config = tls_config(ca, DDNS_TLS_VERIFY_YES);
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = NULL;

        assert_int_equal(ddns_mysql_new(&config, &m, &message), 0);
        assert_int_equal(ddns_mysql_connect(m, &message), 1);
        mariadb_stop(&server, SIGKILL);
        assert_int_equal(ddns_mysql_run(m, "SELECT 1", NULL, 0, NULL, NULL, &message), -ENOTCONN);
        assert_int_equal(ddns_mysql_run(m, "SELECT 1", NULL, 0, NULL, NULL, &message), -ENOTCONN);
}

static int take_size(const DdnsMysqlValue *values, size_t n, void *userdata) {
        *(size_t *) userdata = values[0].size;
        return 0;
}

static void large_values_pass_in_both_directions(void **state) {
        serve_with("server");
        DdnsMysqlConfig config = tls_config(ca, DDNS_TLS_VERIFY_YES);
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = NULL;
        static char text[8 << 20];
        DdnsMysqlValue value = { text, sizeof text };
        size_t size = 0;

        memset(text, 'x', sizeof text);
        assert_int_equal(ddns_mysql_new(&config, &m, &message), 0);
        assert_int_equal(ddns_mysql_connect(m, &message), 1);
        assert_int_equal(ddns_mysql_run(m, "SELECT ?", &value, 1, take_size, &size, &message), 0);
        assert_int_equal(size, sizeof text);
}

static int start(void **state) {
        if (access("/usr/bin/openssl", X_OK) == 0 && mariadb_open(&server))
                make_certificates();
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_certificate_of_the_authority_with_the_name_is_good),
                TEST(another_authority_is_refused),
                TEST(another_name_is_refused),
                TEST(files_that_can_not_be_read_are_named),
                TEST(who_may_need_tls_is_told_so),
                TEST(without_verification_any_certificate_will_do),
                TEST(a_server_without_tls_gets_nothing_in_plain_text),
                TEST(without_a_word_on_tls_there_is_none),
                TEST(our_own_certificate_is_shown),
                TEST(a_server_that_stands_still_costs_the_read_timeout),
                TEST(a_killed_server_kills_nobody_else),
                TEST(large_values_pass_in_both_directions),
                TEST(the_systems_authorities_are_asked_where_none_is_named), /* last: it changes what is mounted */
        };
        return cmocka_run_group_tests(tests, start, stop_server);
}
