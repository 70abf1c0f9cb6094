/* SPDX-License-Identifier: MIT */
/* What a new session is made to be, and how long it may be silent. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "basic/clock.h"
#include "mysql/mysql-internal.h"

/* libmariadb's own time-outs begin anew with each octet, so a server that trickles would hold us for ever; and its hook has
 * no argument of ours. One thread waits for one thing at a time. Under TLS the waits are in the socket (SO_RCVTIMEO), since
 * libmariadb waits for the wrong direction when OpenSSL can't write; its hook is called when they are over. */
static _Thread_local struct {
        uint64_t silence_usec;
        uint64_t deadline;
        bool in_socket;
        bool over;
} waiting;

void ddns_mysql_wait_begin(uint64_t silence_usec, uint64_t total_usec, bool in_socket) {
        waiting.silence_usec = silence_usec;
        waiting.in_socket = in_socket;
        waiting.deadline = ddns_monotonic_usec() + total_usec;
        waiting.over = false;
}

bool ddns_mysql_wait_is_over(void) {
        return waiting.over;
}

bool ddns_mysql_wait_is_late(void) {
        waiting.over |= ddns_monotonic_usec() > waiting.deadline;
        return waiting.over;
}

static int give_up(void) {
        waiting.over = true;
        errno = ETIMEDOUT;
        return 0;
}

/* libmariadb forgets why a connect() failed. */
static int refuse(int fd) {
        int error = 0;
        socklen_t size = sizeof error;

        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0)
                errno = error;
        return -1;
}

static int wait_for(my_socket fd, my_bool is_read, int timeout_ms) {
        uint64_t now = ddns_monotonic_usec(), end = now + waiting.silence_usec;

        if (waiting.in_socket)
                return give_up();
        if (end > waiting.deadline)
                end = waiting.deadline;
        for (;;) {
                struct pollfd pfd = { .fd = fd, .events = is_read ? POLLIN : POLLOUT };
                uint64_t left = end > now ? end - now : 0;

                int r = poll(&pfd, 1, (int) ((left + 999) / 1000));
                if (r > 0)
                        return pfd.revents & POLLERR ? refuse(fd) : 1;
                if (r < 0 && errno != EINTR)
                        return -1;
                now = ddns_monotonic_usec();
                if (now >= end)
                        return give_up();
        }
}

int ddns_mysql_wait_set(MYSQL *connection) {
        return mysql_optionsv(connection, MARIADB_OPT_IO_WAIT, wait_for);
}

/* Each of them holds for what an administrator may have set for the whole server. In as few statements as can be, since the
 * server may be far away. Locks are waited for and statements run for less than we wait for an answer, so that it is the server
 * that says what took too long, and ends it; the latter in a comment for MariaDB, because MySQL knows no such thing. */
static const char isolation[] = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE";
static const char settings[] =
                "SET NAMES utf8mb4,"
                " SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION',"
                " SESSION autocommit = 0, SESSION completion_type = 0, SESSION sql_safe_updates = 0,"
                " SESSION sql_select_limit = 18446744073709551615, SESSION wait_timeout = 30,"
                " SESSION net_read_timeout = 30, SESSION net_write_timeout = 30,"
                " SESSION innodb_lock_wait_timeout = %llu, SESSION lock_wait_timeout = %llu"
                " /*M!100101 , SESSION max_statement_time = %llu / 1000 */";

static int run_text(DdnsMysql *m, const char *sql, DdnsMessage *message) {
        ddns_mysql_begin(m);
        if (mysql_query(m->connection, sql) != 0)
                return ddns_mysql_failed(m, mysql_errno(m->connection), mysql_error(m->connection),
                                         message);
        return 0;
}

static int set_session(DdnsMysql *m, DdnsMessage *message) {
        unsigned long long milliseconds = m->config->read_timeout_usec / USEC_PER_MSEC;
        unsigned long long seconds = milliseconds > 2000 ? milliseconds / 1000 - 1 : 1;
        char sql[sizeof settings + 64];

        (void) snprintf(sql, sizeof sql, settings, seconds, seconds, milliseconds - 500);
        int r = run_text(m, sql, message);
        return r < 0 ? r : run_text(m, isolation, message);
}

static int take_max_packet(const DdnsMysqlValue *values, size_t n, void *userdata) {
        uint64_t *max = userdata;
        char text[24] = "";

        if (n == 1 && values[0].text && values[0].size < sizeof text)
                memcpy(text, values[0].text, values[0].size);
        *max = strtoull(text, NULL, 10);
        return 0;
}

int ddns_mysql_session_begin(DdnsMysql *m, DdnsMessage *message) {
        uint64_t max = 0;
        int r;

        r = set_session(m, message);
        if (r >= 0)
                r = ddns_mysql_run(m, "SELECT @@max_allowed_packet", NULL, 0, take_max_packet, &max,
                                   message);
        if (r < 0)
                return r;
        m->max_packet = max < PACKET_MAX ? max : PACKET_MAX;
        return 0;
}
