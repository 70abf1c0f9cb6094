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

/* Each of them holds for what an administrator may have set for the whole server. */
static const char *const settings[] = {
        "SET NAMES utf8mb4",
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
        "SET SESSION autocommit = 0, completion_type = 0, sql_safe_updates = 0,"
        " sql_select_limit = 18446744073709551615,"
        " net_read_timeout = 30, net_write_timeout = 30",
};

/* All shorter than we wait for an answer, so that it is the server that says what took too long, and ends it. */
static int set_lock_timeouts(DdnsMysql *m, DdnsMessage *message) {
        uint64_t seconds = m->config->read_timeout_usec / USEC_PER_SEC;
        char text[24];

        (void) snprintf(text, sizeof text, "%llu",
                        seconds > 1 ? (unsigned long long) seconds - 1 : 1ULL);
        DdnsMysqlValue values[] = { ddns_mysql_text(text), ddns_mysql_text(text) };
        return ddns_mysql_run(m,
                              "SET SESSION innodb_lock_wait_timeout = CAST(? AS UNSIGNED),"
                              " lock_wait_timeout = CAST(? AS UNSIGNED)",
                              values, ARRAY_SIZE(values), NULL, NULL, message);
}

/* Longer than a lock is waited for. In a comment for MariaDB, because MySQL knows no such thing. */
static int set_statement_timeout(DdnsMysql *m, DdnsMessage *message) {
        uint64_t milliseconds = m->config->read_timeout_usec / USEC_PER_MSEC - 500;
        char sql[128];

        (void) snprintf(sql, sizeof sql,
                        "SET SESSION wait_timeout = 30 /*M!100101 , max_statement_time = %llu / 1000 */",
                        (unsigned long long) milliseconds);
        return ddns_mysql_run(m, sql, NULL, 0, NULL, NULL, message);
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

        for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
                ddns_mysql_begin(m);
                if (mysql_query(m->connection, settings[i]) != 0)
                        return ddns_mysql_failed(m, mysql_errno(m->connection),
                                                 mysql_error(m->connection), message);
        }
        int r = set_lock_timeouts(m, message);
        if (r < 0)
                return r;
        r = set_statement_timeout(m, message);
        if (r < 0)
                return r;
        r = ddns_mysql_run(m, "SELECT @@max_allowed_packet", NULL, 0, take_max_packet, &max, message);
        if (r < 0)
                return r;
        m->max_packet = max < PACKET_MAX ? max : PACKET_MAX;
        return 0;
}
