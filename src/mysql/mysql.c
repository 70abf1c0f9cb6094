/* SPDX-License-Identifier: MIT */
/* The connection: options, login, end of transactions. */
#include <errmsg.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "basic/clock.h"
#include "basic/file.h"
#include "mysql/mysql-internal.h"

/* A connection that was in use that long ago is asked whether it lives; for a younger one it is enough that the server has
 * not closed it. */
#define IDLE_USEC (2 * USEC_PER_SEC)

/* All waits of one call together, in time-outs for one. */
#define TOTAL_FACTOR 4

/* Where OpenSSL looks on Debian. Some versions of libmariadb check the name only if they are told of an authority. */
#define SYSTEM_CA_DIRECTORY "/etc/ssl/certs"

/* Ways of logging in that don't show the password to who is at the other end... */
#define AUTH_HIDING "mysql_native_password,client_ed25519,parsec"
/* ...and those that do (caching_sha2_password encrypts it with the key that the other end sends). */
#define AUTH_ALL AUTH_HIDING ",caching_sha2_password,sha256_password,mysql_clear_password"

static void initialize_library(void) {
        (void) mysql_library_init(0, NULL, NULL);
}

/* A socket on this machine needs none, and has no name that a certificate could have. */
static bool wants_tls(const DdnsMysqlConfig *c) {
        if (c->socket)
                return false;
        return c->tls.verify != DDNS_TLS_VERIFY_UNSET || c->tls.ca || c->tls.certificate || c->tls.key;
}

static bool verifies(const DdnsMysqlConfig *c) {
        return wants_tls(c) && c->tls.verify != DDNS_TLS_VERIFY_NO;
}

int ddns_mysql_new(const DdnsMysqlConfig *config, DdnsMysql **ret, DdnsMessage *message) {
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = calloc(1, sizeof *m);

        if (!m)
                return ddns_fail(message, -ENOMEM, "out of memory");
        (void) pthread_once(&once, initialize_library);
        m->config = config;
        if (config->socket)
                (void) snprintf(m->name, sizeof m->name, "%s", config->socket);
        else
                (void) snprintf(m->name, sizeof m->name, strchr(config->host, ':') ? "[%s]:%u" : "%s:%u",
                                config->host, config->port);
        *ret = TAKE_PTR(m);
        return 0;
}

static void close_connection(DdnsMysql *m) {
        if (!m->connection)
                return;
        ddns_mysql_wait_begin(0, 0, false); /* what can't be sent at once is not worth a wait */
        ddns_mysql_statements_drop(m);
        mysql_close(m->connection);
        m->connection = NULL;
}

void ddns_mysql_abandon(DdnsMysql *m) {
        /* Else libmariadb reads the rest of the rows, however long that takes. */
        (void) shutdown(mysql_get_socket(m->connection), SHUT_RDWR);
        close_connection(m);
}

void ddns_mysql_disconnect(DdnsMysql *m) {
        if (m->connection)
                ddns_mysql_abandon(m);
}

DdnsMysql *ddns_mysql_free(DdnsMysql *m) {
        if (!m)
                return NULL;
        close_connection(m);
        free(m);
        return NULL;
}

void ddns_mysql_begin(DdnsMysql *m) {
        uint64_t silence = m->config->read_timeout_usec > m->config->write_timeout_usec
                                           ? m->config->read_timeout_usec
                                           : m->config->write_timeout_usec;

        ddns_mysql_wait_begin(silence, TOTAL_FACTOR * silence, wants_tls(m->config));
        m->last_use_usec = ddns_monotonic_usec();
}

int ddns_mysql_failed(DdnsMysql *m, unsigned number, const char *text, DdnsMessage *message) {
        int r = ddns_mysql_explain(m, DOING_STATEMENT, number, text, message);

        if (r == -ENOTCONN)
                ddns_mysql_abandon(m);
        return r;
}

static unsigned whole_seconds(uint64_t usec) {
        return (unsigned) ((usec + USEC_PER_SEC - 1) / USEC_PER_SEC);
}

/* libmariadb does not say which of its files it can't read. */
static int check_file(const char *key, const char *path, DdnsMessage *message) {
        if (!path || access(path, R_OK) == 0)
                return 0;
        return ddns_fail(message, -EACCES, "%s: %s: %s", key, path, strerror(errno));
}

static int set_tls(MYSQL *connection, const DdnsMysqlConfig *c, DdnsMessage *message) {
        my_bool yes = 1;
        ddns_cleanup(ddns_freep) char *key = NULL;
        int r = 0;

        if (c->tls.key) {
                r = ddns_secret_path(c->tls.key, &key, message);
                if (r < 0)
                        return r == -ENOMEM ? r : -EACCES;
        }
        if (check_file("tls.ca", c->tls.ca, message) < 0 ||
            check_file("tls.certificate", c->tls.certificate, message) < 0 ||
            check_file("tls.key", key, message) < 0)
                return -EACCES;
        r |= mysql_optionsv(connection, MYSQL_OPT_SSL_ENFORCE, &yes);
        if (verifies(c))
                r |= c->tls.ca ? mysql_optionsv(connection, MYSQL_OPT_SSL_CA, c->tls.ca)
                               : mysql_optionsv(connection, MYSQL_OPT_SSL_CAPATH, SYSTEM_CA_DIRECTORY);
        if (c->tls.certificate)
                r |= mysql_optionsv(connection, MYSQL_OPT_SSL_CERT, c->tls.certificate);
        if (key)
                r |= mysql_optionsv(connection, MYSQL_OPT_SSL_KEY, key);
        return r ? ddns_fail(message, -ENOMEM, "out of memory") : 0;
}

static int set_options(MYSQL *connection, const DdnsMysqlConfig *c, DdnsMessage *message) {
        unsigned connect = whole_seconds(c->connect_timeout_usec);
        unsigned read_sec = whole_seconds(c->read_timeout_usec),
                 write_sec = whole_seconds(c->write_timeout_usec);
        unsigned protocol = c->socket ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP, none = 0;
        unsigned long packet = PACKET_MAX;
        my_bool no = 0, yes = 1, verify = verifies(c);
        int r = 0;

        r |= mysql_optionsv(connection, MYSQL_OPT_PROTOCOL, &protocol);
        r |= mysql_optionsv(connection, MYSQL_OPT_CONNECT_TIMEOUT, &connect);
        r |= mysql_optionsv(connection, MYSQL_OPT_READ_TIMEOUT, &read_sec);
        r |= mysql_optionsv(connection, MYSQL_OPT_WRITE_TIMEOUT, &write_sec);
        r |= mysql_optionsv(connection, MYSQL_OPT_RECONNECT, &no);
        r |= mysql_optionsv(connection, MYSQL_OPT_LOCAL_INFILE, &none);
        r |= mysql_optionsv(connection, MYSQL_SECURE_AUTH, &yes);
        r |= mysql_optionsv(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
        r |= mysql_optionsv(connection, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
        r |= mysql_optionsv(connection, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
        r |= mysql_optionsv(connection, MYSQL_REPORT_DATA_TRUNCATION, &yes);
        r |= mysql_optionsv(connection, MARIADB_OPT_RESTRICTED_AUTH,
                            verifies(c) || c->socket ? AUTH_ALL : AUTH_HIDING);
        r |= ddns_mysql_wait_set(connection);
        if (r)
                return ddns_fail(message, -ENOMEM, "out of memory");
        return wants_tls(c) ? set_tls(connection, c, message) : 0;
}

static void wipe(char *secret) {
        if (!secret)
                return;
        explicit_bzero(secret, strlen(secret));
}

static int log_in(DdnsMysql *m, MYSQL *connection, DdnsMessage *message) {
        const DdnsMysqlConfig *c = m->config;
        ddns_cleanup(ddns_freep) char *password = NULL;

        if (c->password_file) {
                int r = ddns_secret_read(c->password_file, &password, message);
                if (r < 0)
                        return r == -ENOMEM ? r : -EACCES;
        }
        ddns_mysql_wait_begin(c->connect_timeout_usec, TOTAL_FACTOR * c->connect_timeout_usec, false);
        /* "" and not NULL, for which libmariadb looks into the environment. */
        MYSQL *done = mysql_real_connect(connection, c->socket ? NULL : c->host, c->username,
                                         password ? password : "", c->database, c->port, c->socket, 0);
        wipe(password);
        wipe(connection->passwd); /* for a reconnect, which we don't want */
        if (!done)
                return ddns_mysql_explain(m, DOING_CONNECT, mysql_errno(connection),
                                          mysql_error(connection), message);
        if (wants_tls(c) && !mysql_get_ssl_cipher(connection))
                return ddns_fail(message, -EACCES, "database %s: the server has no TLS", m->name);

        (void) fcntl(mysql_get_socket(connection), F_SETFD, FD_CLOEXEC);
        return 0;
}

static int make_connection(DdnsMysql *m, DdnsMessage *message) {
        MYSQL *connection = mysql_init(NULL);

        if (!connection)
                return ddns_fail(message, -ENOMEM, "out of memory");
        int r = set_options(connection, m->config, message);
        if (r == 0)
                r = log_in(m, connection, message);
        if (r < 0) {
                ddns_mysql_wait_begin(0, 0, false);
                mysql_close(connection);
                return r;
        }
        m->connection = connection;
        r = ddns_mysql_session_begin(m, message);
        if (r < 0 && m->connection)
                ddns_mysql_abandon(m);
        return r;
}

static bool is_alive(DdnsMysql *m) {
        struct pollfd pfd = { .fd = mysql_get_socket(m->connection), .events = POLLIN };
        bool idle = ddns_monotonic_usec() - m->last_use_usec > IDLE_USEC;

        /* The server never speaks first: readable means closed. */
        if (!idle && poll(&pfd, 1, 0) == 0)
                return true;
        ddns_mysql_begin(m);
        return mysql_ping(m->connection) == 0;
}

int ddns_mysql_connect(DdnsMysql *m, DdnsMessage *message) {
        if (m->connection && is_alive(m))
                return 0;
        if (m->connection)
                ddns_mysql_abandon(m);
        int r = make_connection(m, message);
        return r < 0 ? r : 1;
}

int ddns_mysql_commit(DdnsMysql *m, DdnsMessage *message) {
        if (!m->connection)
                return ddns_fail(message, -ENOTCONN, "database %s: there is no connection", m->name);
        ddns_mysql_begin(m);
        if (mysql_commit(m->connection) != 0)
                return ddns_mysql_failed(m, mysql_errno(m->connection), mysql_error(m->connection),
                                         message);
        return 0;
}

void ddns_mysql_rollback(DdnsMysql *m) {
        if (!m->connection)
                return;
        ddns_mysql_begin(m);
        if (mysql_rollback(m->connection) != 0)
                ddns_mysql_abandon(m);
}

uint64_t ddns_mysql_max_packet(const DdnsMysql *m) {
        return m->max_packet;
}
