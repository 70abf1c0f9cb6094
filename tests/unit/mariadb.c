/* SPDX-License-Identifier: MIT */
/* Starting and stopping a real MariaDB server for tests. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <mysql.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "basic/clock.h"
#include "mariadb.h"
#include "test.h"

#define SERVER    "/usr/sbin/mariadbd"
#define INSTALL   "/usr/bin/mariadb-install-db"
#define START_SEC 30

void mariadb_write_file(const Mariadb *m, const char *name, const char *text) {
        char path[256];

        (void) snprintf(path, sizeof path, "%s/%s", m->root, name);
        ddns_cleanup(ddns_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static unsigned free_port(void) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof in;
        ddns_cleanup(ddns_closep) int fd = socket(AF_INET, SOCK_STREAM, 0);

        assert_int_equal(bind(fd, (struct sockaddr *) &in, size), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *) &in, &size), 0);
        return ntohs(in.sin_port);
}

/* Starts a program whose output goes to mariadb.log. It ends with the thread that started it. */
static pid_t spawn(const Mariadb *m, const char *const argv[]) {
        char log[128];

        (void) snprintf(log, sizeof log, "%s/mariadb.log", m->root);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid > 0)
                return pid;
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        /* Each server deletes the temporary tables that it finds there, whosoever they are. */
        (void) setenv("TMPDIR", m->root, 1);
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
                _exit(126);
        (void) execv(argv[0], (char *const *) argv);
        _exit(127);
}

bool mariadb_open(Mariadb *m) {
        char data[96];

        if (access(SERVER, X_OK) < 0 || access(INSTALL, X_OK) < 0)
                return false;
        *m = (Mariadb){ .port = free_port() };
        strcpy(m->root, "/tmp/ddns-test-mariadb-XXXXXX");
        assert_non_null(mkdtemp(m->root));
        (void) snprintf(m->socket, sizeof m->socket, "%s/socket", m->root);
        (void) snprintf(m->password_file, sizeof m->password_file, "%s/password", m->root);
        (void) snprintf(data, sizeof data, "--datadir=%s/data", m->root);
        mariadb_write_file(m, "password", MARIADB_PASSWORD "\n");

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
        pid_t pid = spawn(m, argv);
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
        mariadb_write_file(m, "my.cnf", text);
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

static bool answers(const Mariadb *m) {
        MYSQL *connection = connect_as_root(m, NULL);

        if (connection)
                mysql_close(connection);
        return connection;
}

void mariadb_start(Mariadb *m, const char *options) {
        char config[128];

        write_config(m, options);
        (void) snprintf(config, sizeof config, "--defaults-file=%s/my.cnf", m->root);
        const char *argv[] = { SERVER, config, "--user=root", NULL };
        m->pid = spawn(m, argv);

        uint64_t deadline = ddns_monotonic_usec() + START_SEC * USEC_PER_SEC;
        while (!answers(m)) {
                assert_true(ddns_monotonic_usec() < deadline);
                assert_int_equal(waitpid(m->pid, NULL, WNOHANG), 0);
                (void) usleep(5000);
        }
        /* A read-only server takes it too, from root. */
        mariadb_run(m, NULL,
                    "CREATE USER IF NOT EXISTS " MARIADB_USER " IDENTIFIED BY '" MARIADB_PASSWORD "';"
                    "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, PROCESS"
                    " ON *.* TO " MARIADB_USER);
}

void mariadb_stop(Mariadb *m, int signal) {
        if (m->pid == 0)
                return;
        assert_int_equal(kill(m->pid, signal), 0);
        (void) kill(m->pid, SIGCONT);
        assert_int_equal(waitpid(m->pid, NULL, 0), m->pid);
        m->pid = 0;
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

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

void mariadb_close(Mariadb *m) {
        mariadb_stop(m, SIGKILL);
        (void) nftw(m->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
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
