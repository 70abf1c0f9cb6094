/* SPDX-License-Identifier: MIT */
/* What the numbers of the server and of libmariadb mean to us. */
#include <ctype.h>
#include <errmsg.h>
#include <errno.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <string.h>

#include "mysql/mysql-internal.h"

/* Numbers that not every version of the headers has. */
#define MARIADB_STATEMENT_TIMEOUT     1969
#define MARIADB_CONNECTION_KILLED     1927
#define MARIADB_ACCESS_DENIED_NO_PASS 1698
#define MARIADB_CHANGED_SINCE_READ    1020 /* snapshot isolation */
#define MYSQL_STATEMENT_TIMEOUT       3024
#define MYSQL_TOO_MANY_STATEMENTS     1461
#define MYSQL_IDLE_CLOSED             4031
#define MYSQL_TABLESPACE_FULL         1713
#define MYSQL_NEED_REPREPARE          1615
#define MYSQL_LOCK_NOWAIT             3572
#define MYSQL_READ_ONLY_MODE          1836
#define MYSQL_ACCOUNT_LOCKED          3118
#define MYSQL_GROUP_ROLLED_BACK       3101
#define MARIADB_ACCOUNT_LOCKED        4151
#define MYSQL_PASSWORD_EXPIRED        1820
#define MYSQL_PASSWORD_EXPIRED_LOGIN  1862
#define MARIADB_SECURE_TRANSPORT      3159

typedef struct Meaning {
        unsigned number;
        int error;
        const char *advice; /* NULL: the server's text says enough */
} Meaning;

/* clang-format off */
static const Meaning meanings[] = {
        { ER_DBACCESS_DENIED_ERROR,          -EACCES,   NULL },
        { ER_ACCESS_DENIED_ERROR,            -EACCES,   NULL },
        { ER_TABLEACCESS_DENIED_ERROR,       -EACCES,   NULL },
        { ER_COLUMNACCESS_DENIED_ERROR,      -EACCES,   NULL },
        { ER_HOST_NOT_PRIVILEGED,            -EACCES,   NULL },
        { ER_HOST_IS_BLOCKED,                -EACCES,   NULL },
        { ER_SPECIFIC_ACCESS_DENIED_ERROR,   -EACCES,   NULL },
        { ER_NONEXISTING_GRANT,              -EACCES,   NULL },
        { ER_NONEXISTING_TABLE_GRANT,        -EACCES,   NULL },
        { ER_PROCACCESS_DENIED_ERROR,        -EACCES,   NULL },
        { MARIADB_ACCESS_DENIED_NO_PASS,     -EACCES,   NULL },
        { MARIADB_ACCOUNT_LOCKED,            -EACCES,   NULL },
        { MARIADB_SECURE_TRANSPORT,          -EACCES,   "the server wants TLS" },
        { MYSQL_ACCOUNT_LOCKED,              -EACCES,   NULL },
        { MYSQL_PASSWORD_EXPIRED,            -EACCES,   NULL },
        { MYSQL_PASSWORD_EXPIRED_LOGIN,      -EACCES,   NULL },
        { ER_NOT_SUPPORTED_AUTH_MODE,        -EACCES,   NULL },
        { CR_AUTH_PLUGIN_CANNOT_LOAD,        -EACCES,   "this way of logging in is not known here" },
        { CR_AUTH_PLUGIN_ERR,                -EACCES,   NULL },
        { CR_PLUGIN_NOT_ALLOWED,             -EACCES,
          "the server wants to learn the password itself, which needs TLS with a verified certificate" },
        { CR_SECURE_AUTH,                    -EACCES,   NULL },

        { ER_BAD_DB_ERROR,                   -ENOENT,   NULL },
        { ER_NO_DB_ERROR,                    -ENOENT,   NULL },
        { ER_NO_SUCH_TABLE,                  -ENOENT,   NULL },
        { ER_BAD_TABLE_ERROR,                -ENOENT,   NULL },
        { ER_BAD_FIELD_ERROR,                -ENOENT,   NULL },
        { ER_NO_SUCH_TABLE_IN_ENGINE,        -ENOENT,   NULL },

        { ER_OPTION_PREVENTS_STATEMENT,      -EROFS,    NULL },
        { ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, -EROFS, NULL },
        { MYSQL_READ_ONLY_MODE,              -EROFS,    NULL },
        { ER_OPEN_AS_READONLY,               -EROFS,    NULL },
        { ER_BINLOG_LOGGING_IMPOSSIBLE,      -EROFS,    NULL },
        { ER_BINLOG_STMT_MODE_AND_ROW_ENGINE, -EROFS,   "set binlog_format = MIXED or ROW" },

        { ER_DISK_FULL,                      -ENOSPC,   NULL },
        { ER_RECORD_FILE_FULL,               -ENOSPC,   NULL },
        { MYSQL_TABLESPACE_FULL,             -ENOSPC,   NULL },

        { ER_LOCK_DEADLOCK,                  -EAGAIN,   NULL },
        { ER_DUP_ENTRY,                      -EAGAIN,   NULL },
        { ER_DUP_ENTRY_WITH_KEY_NAME,        -EAGAIN,   NULL },
        { ER_CHECKREAD,                      -EAGAIN,   NULL },
        { ER_XA_RBDEADLOCK,                  -EAGAIN,   NULL },
        { ER_NO_REFERENCED_ROW_2,            -EAGAIN,   NULL },
        { ER_ROW_IS_REFERENCED_2,            -EAGAIN,   NULL },
        { MYSQL_NEED_REPREPARE,              -EAGAIN,   NULL },
        { ER_UNKNOWN_STMT_HANDLER,           -EAGAIN,   NULL },
        { CR_NEW_STMT_METADATA,              -EAGAIN,   NULL },
        { ER_TABLE_DEF_CHANGED,              -EAGAIN,   NULL },
        { MYSQL_GROUP_ROLLED_BACK,           -EAGAIN,   NULL },

        { ER_LOCK_WAIT_TIMEOUT,              -ETIME,
          "another connection there holds a lock on it; SHOW FULL PROCESSLIST tells which" },
        { ER_XA_RBTIMEOUT,                   -ETIME,    NULL },
        { MYSQL_LOCK_NOWAIT,                 -ETIME,    NULL },
        { MARIADB_STATEMENT_TIMEOUT,         -ETIME,    NULL },
        { MYSQL_STATEMENT_TIMEOUT,           -ETIME,    NULL },

        { ER_NET_PACKET_TOO_LARGE,           -EMSGSIZE, NULL },
        { CR_NET_PACKET_TOO_LARGE,           -EMSGSIZE, NULL },

        { CR_SOCKET_CREATE_ERROR,            -ENOTCONN, NULL },
        { CR_CONNECTION_ERROR,               -ENOTCONN, NULL },
        { CR_CONN_HOST_ERROR,                -ENOTCONN, NULL },
        { CR_IPSOCK_ERROR,                   -ENOTCONN, NULL },
        { CR_UNKNOWN_HOST,                   -ENOTCONN, NULL },
        { CR_SERVER_GONE_ERROR,              -ENOTCONN, NULL },
        { CR_VERSION_ERROR,                  -ENOTCONN, NULL },
        { CR_SERVER_HANDSHAKE_ERR,           -ENOTCONN, NULL },
        { CR_SERVER_LOST,                    -ENOTCONN, NULL },
        { CR_SERVER_LOST_EXTENDED,           -ENOTCONN, NULL },
        { CR_COMMANDS_OUT_OF_SYNC,           -ENOTCONN, NULL },
        { CR_MALFORMED_PACKET,               -ENOTCONN, NULL },
        { CR_UNKNOWN_ERROR,                  -ENOTCONN, NULL },
        { CR_STMT_CLOSED,                    -ENOTCONN, NULL },
        { CR_ERR_NET_READ,                   -ENOTCONN, NULL },
        { CR_ERR_NET_WRITE,                  -ENOTCONN, NULL },
        { CR_ERR_MISSING_ERROR_INFO,         -ENOTCONN, NULL },
        { ER_CON_COUNT_ERROR,                -ENOTCONN, NULL },
        { ER_TOO_MANY_USER_CONNECTIONS,      -ENOTCONN, NULL },
        { ER_USER_LIMIT_REACHED,             -ENOTCONN, NULL },
        { ER_SERVER_SHUTDOWN,                -ENOTCONN, NULL },
        { ER_NORMAL_SHUTDOWN,                -ENOTCONN, NULL },
        { ER_ABORTING_CONNECTION,            -ENOTCONN, NULL },
        { ER_NEW_ABORTING_CONNECTION,        -ENOTCONN, NULL },
        { ER_NET_READ_ERROR,                 -ENOTCONN, NULL },
        { ER_NET_READ_INTERRUPTED,           -ENOTCONN, NULL },
        { ER_NET_ERROR_ON_WRITE,             -ENOTCONN, NULL },
        { ER_NET_WRITE_INTERRUPTED,          -ENOTCONN, NULL },
        { ER_NET_PACKETS_OUT_OF_ORDER,       -ENOTCONN, NULL },
        { ER_QUERY_INTERRUPTED,              -ENOTCONN, NULL },
        { ER_OUTOFMEMORY,                    -ENOTCONN, NULL }, /* the server's */
        { ER_OUT_OF_SORTMEMORY,              -ENOTCONN, NULL },
        { ER_OUT_OF_RESOURCES,               -ENOTCONN, NULL },
        { ER_CANT_CREATE_THREAD,             -ENOTCONN, NULL },
        { ER_HANDSHAKE_ERROR,                -ENOTCONN, NULL },
        { ER_UNKNOWN_COM_ERROR,              -ENOTCONN, NULL }, /* a Galera node outside its cluster */
        { ER_CRASHED_ON_USAGE,               -ENOTCONN, NULL },
        { ER_CRASHED_ON_REPAIR,              -ENOTCONN, NULL },
        { ER_NOT_KEYFILE,                    -ENOTCONN, NULL },
        { ER_OLD_KEYFILE,                    -ENOTCONN, NULL },
        { ER_CANT_OPEN_FILE,                 -ENOTCONN, NULL },
        { ER_ERROR_ON_READ,                  -ENOTCONN, NULL },
        { MARIADB_CONNECTION_KILLED,         -ENOTCONN, NULL },
        { MYSQL_TOO_MANY_STATEMENTS,         -ENOTCONN, NULL },
        { MYSQL_IDLE_CLOSED,                 -ENOTCONN, NULL },

        { CR_OUT_OF_MEMORY,                  -ENOMEM,   NULL }, /* ours */
};
/* clang-format on */

/* The storage engine's own error, which stands only in the text: `Got error 28 "No space left on device" from ...`. What is
 * wrong with an engine is no fault of the statement. */
static int from_engine(const char *text) {
        static const char digits[] = "0123456789";

        for (const char *p = strpbrk(text, digits); p; p = strpbrk(p + strspn(p, digits), digits))
                if (strtol(p, NULL, 10) == ENOSPC)
                        return -ENOSPC;
        return -ENOTCONN;
}

static const Meaning *find(unsigned number) {
        for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
                if (meanings[i].number == number)
                        return &meanings[i];
        return NULL;
}

static int errno_from(Doing doing, unsigned number, const char *text) {
        const Meaning *meaning = find(number);

        if (meaning)
                return meaning->error;
        switch (number) {
        case CR_SSL_CONNECTION_ERROR: /* later it is only the way that libmariadb says that the connection broke */
                return doing == DOING_CONNECT ? -EACCES : -ENOTCONN;
        case ER_GET_ERRNO:
        case ER_ERROR_DURING_COMMIT:
        case ER_ERROR_ON_WRITE:
                return from_engine(text);
        default:
                return -EINVAL;
        }
}

/* libmariadb has the system's number in brackets at the end: 115 is its word for a time-out, 111 for refused. */
static const char *system_reason(const char *text) {
        const char *p = strrchr(text, '(');
        long number = p ? strtol(p + 1, NULL, 10) : 0;

        return number > 0 && number < 200 ? strerrordesc_np((int) number) : NULL;
}

/* Did it end because nothing came? Another address of the same host may have answered after all. */
static bool timed_out(unsigned number) {
        bool from_server = number >= 1000 &&
                           (number < CR_MIN_ERROR || (number > CR_MAX_ERROR && number < 5000));

        return ddns_mysql_wait_is_over() && !from_server;
}

static const char *readable(const DdnsMysql *m, Doing doing, unsigned number, const char *text) {
        if (timed_out(number))
                return doing == DOING_CONNECT ? "no answer within the connect time-out"
                                              : "no answer within the time-out";
        if (number == CR_CONNECTION_ERROR || number == CR_CONN_HOST_ERROR) {
                const char *reason = system_reason(text);
                if (reason)
                        return reason;
        }
        return text;
}

/* What the text of a login that failed leaves open. "": nothing that we know of. */
static const char *hint(const DdnsMysqlConfig *c, Doing doing, unsigned number, const char *text) {
        bool tls = c->tls.ca || c->tls.key || c->tls.verify != DDNS_TLS_VERIFY_UNSET;

        if (doing != DOING_CONNECT)
                return "";
        if (number == ER_ACCESS_DENIED_ERROR && !tls && !c->socket)
                return "; there is no `tls`, which the user may need (REQUIRE SSL)";
        if (number != CR_SSL_CONNECTION_ERROR)
                return "";
        if (strstr(text, "Validation of SSL server certificate"))
                return "; is the certificate made for this host name?";
        if (strstr(text, "self-signed") || strstr(text, "self signed") ||
            strstr(text, "issuer certificate"))
                return "; is its authority in `tls.ca`?";
        return "";
}

/* One line, whatever the server sends. */
static void make_line(const char *text, char *ret, size_t size) {
        size_t n = 0;

        for (; *text && n + 1 < size; text++)
                ret[n++] = iscntrl((unsigned char) *text) ? ' ' : *text;
        ret[n] = '\0';
}

int ddns_mysql_explain(const DdnsMysql *m, Doing doing, unsigned number, const char *text,
                       DdnsMessage *message) {
        if (number == 0) { /* what libmariadb did not notice */
                number = CR_MALFORMED_PACKET;
                text = "the server sends what makes no sense";
        }
        const Meaning *meaning = find(number);
        int error = timed_out(number) ? -ENOTCONN : errno_from(doing, number, text);
        char line[384];

        make_line(readable(m, doing, number, text), line, sizeof line);
        if (meaning && meaning->advice)
                return ddns_fail(message, error, "database %s: %s: %s (error %u)", m->name,
                                 meaning->advice, line, number);
        return ddns_fail(message, error, "database %s: %s (error %u)%s", m->name, line, number,
                         hint(m->config, doing, number, text));
}
