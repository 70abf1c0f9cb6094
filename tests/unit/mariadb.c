/* SPDX-License-Identifier: MIT */
/* Starting and stopping a real MariaDB server for tests. */
#include <mysql.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "daemon.h"
#include "mariadb.h"
#include "test.h"

#define SERVER  "/usr/sbin/mariadbd"
#define INSTALL "/usr/bin/mariadb-install-db"
#define LOG     "mariadb.log"

bool mariadb_open(Mariadb *m) {
        char data[96];

        if (access(SERVER, X_OK) < 0 || access(INSTALL, X_OK) < 0)
                return false;
        *m = (Mariadb){ .port = daemon_free_port() };
        strcpy(m->root, "/tmp/ddns-test-mariadb-XXXXXX");
        assert_non_null(mkdtemp(m->root));
        (void) snprintf(m->socket, sizeof m->socket, "%s/socket", m->root);
        (void) snprintf(m->password_file, sizeof m->password_file, "%s/password", m->root);
        (void) snprintf(data, sizeof data, "--datadir=%s/data", m->root);
        daemon_write_file(m->root, "password", MARIADB_PASSWORD "\n");

        const char *argv[] = { INSTALL,
                               "--no-defaults",
                               data,
                               "--user=root",
                               "--auth-root-authentication-method=normal",
                               "--skip-test-db",
                               "--skip-name-resolve",
                               "--innodb-log-file-size=8M",
                               NULL };
        int status;
        pid_t pid = daemon_spawn(m->root, LOG, argv);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        return true;
}

static void write_config(const Mariadb *m, const char *options) {
        ddns_cleanup(ddns_freep) char *text = NULL;

        assert_true(asprintf(&text,
                             "[mysqld]\n"
                             "datadir = %s/data\n"
                             "socket = %s\n"
                             "pid-file = %s/pid\n"
                             "bind-address = 127.0.0.1\n"
                             "port = %u\n"
                             "skip-name-resolve\n"
                             "performance-schema = off\n"
                             "innodb-buffer-pool-size = 16M\n"
                             "innodb-log-file-size = 8M\n"
                             "innodb-log-buffer-size = 2M\n"
                             "key-buffer-size = 1M\n"
                             "aria-pagecache-buffer-size = 1M\n"
                             "innodb-fast-shutdown = 2\n"
                             "%s\n",
                             m->root, m->socket, m->root, m->port, options) >= 0);
        daemon_write_file(m->root, "my.cnf", text);
}

static MYSQL *connect_as_root(const Mariadb *m, const char *database) {
        unsigned protocol = MYSQL_PROTOCOL_SOCKET, seconds = 20;
        MYSQL *connection = mysql_init(NULL);

        assert_non_null(connection);
        (void) mysql_optionsv(connection, MYSQL_OPT_PROTOCOL, &protocol);
        (void) mysql_optionsv(connection, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
        (void) mysql_optionsv(connection, MYSQL_OPT_READ_TIMEOUT, &seconds);
        (void) mysql_optionsv(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
        if (mysql_real_connect(connection, NULL, "root", "", database, 0, m->socket,
                               CLIENT_MULTI_STATEMENTS))
                return connection;
        mysql_close(connection);
        return NULL;
}

static bool answers(const void *server) {
        MYSQL *connection = connect_as_root(server, NULL);

        if (connection)
                mysql_close(connection);
        return connection;
}

void mariadb_start(Mariadb *m, const char *options) {
        char config[128];

        write_config(m, options);
        (void) snprintf(config, sizeof config, "--defaults-file=%s/my.cnf", m->root);
        const char *argv[] = { SERVER, config, "--user=root", NULL };
        m->pid = daemon_spawn(m->root, LOG, argv);
        daemon_wait(m->pid, answers, m);
        /* A read-only server takes it too, from root. */
        mariadb_run(m, NULL,
                    "CREATE USER IF NOT EXISTS " MARIADB_USER " IDENTIFIED BY '" MARIADB_PASSWORD "';"
                    "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, PROCESS"
                    " ON *.* TO " MARIADB_USER);
}

void mariadb_stop(Mariadb *m, int signal) {
        daemon_stop(&m->pid, signal);
}

void mariadb_signal(const Mariadb *m, int signal) {
        assert_true(m->pid > 0);
        assert_int_equal(kill(m->pid, signal), 0);
        if (signal != SIGSTOP)
                return;
        int status; /* its threads run on for a moment */
        assert_int_equal(waitpid(m->pid, &status, WUNTRACED), m->pid);
        assert_true(WIFSTOPPED(status));
}

void mariadb_close(Mariadb *m) {
        mariadb_stop(m, SIGKILL);
        daemon_remove(m->root);
}

static MYSQL *send_as_root(const Mariadb *m, const char *database, const char *sql) {
        MYSQL *connection = connect_as_root(m, database);

        assert_non_null(connection);
        if (mysql_query(connection, sql) != 0)
                fail_msg("%s: %s", sql, mysql_error(connection));
        return connection;
}

void mariadb_run(const Mariadb *m, const char *database, const char *sql) {
        MYSQL *connection = send_as_root(m, database, sql);
        int r;

        do {
                mysql_free_result(mysql_store_result(connection));
                r = mysql_next_result(connection);
                if (r > 0)
                        fail_msg("%s: %s", sql, mysql_error(connection));
        } while (r == 0);
        mysql_close(connection);
}

char *mariadb_query(const Mariadb *m, const char *database, const char *sql) {
        MYSQL *connection = send_as_root(m, database, sql);
        MYSQL_RES *result = mysql_store_result(connection);
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        MYSQL_ROW row;

        assert_non_null(result);
        assert_non_null(f);
        for (bool first = true; (row = mysql_fetch_row(result)); first = false) {
                unsigned long *lengths = mysql_fetch_lengths(result);

                if (!first)
                        (void) fputc('\n', f);
                for (unsigned i = 0; i < mysql_num_fields(result); i++) {
                        if (i > 0)
                                (void) fputc('|', f);
                        (void) fwrite(row[i] ? row[i] : "NULL", 1, row[i] ? lengths[i] : 4, f);
                }
        }
        assert_int_equal(fclose(f), 0);
        mysql_free_result(result);
        mysql_close(connection);
        return text;
}

DdnsMysqlConfig mariadb_config(const Mariadb *m, const char *database) {
        return (DdnsMysqlConfig){
                .host = (char *) "127.0.0.1",
                .port = m->port,
                .database = (char *) database,
                .username = (char *) MARIADB_USER,
                .password_file = (char *) m->password_file,
                .connect_timeout_usec = 5 * USEC_PER_SEC,
                .read_timeout_usec = 5 * USEC_PER_SEC,
                .write_timeout_usec = 5 * USEC_PER_SEC,
        };
}
