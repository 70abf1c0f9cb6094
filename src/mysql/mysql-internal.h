/* SPDX-License-Identifier: MIT */
/* What the files of this directory share. */
#pragma once

#include <mysql.h>

#include "mysql/mysql.h"

/* More than any batch of ours has of different texts; each costs memory on the server too. */
#define STATEMENTS_MAX 64

/* A longer packet is neither sent nor taken: a bound on memory, whatever the server allows. */
#define PACKET_MAX (UINT64_C(64) << 20)

typedef struct Statement {
        MYSQL_STMT *handle; /* NULL: the place is free */
        char *sql;
        unsigned n;    /* parameters */
        bool prepared; /* the server knows it */
        size_t size;
        uint64_t last_use;
} Statement;

struct DdnsMysql {
        const DdnsMysqlConfig *config;
        MYSQL *connection;      /* NULL: there is none */
        uint64_t last_use_usec; /* monotonic */
        uint64_t max_packet;
        Statement statements[STATEMENTS_MAX];
        uint64_t uses;
        char name[256]; /* for messages: HOST:PORT or the socket */
};

/* mysql-error.c */

/* What the caller was about. */
typedef enum Doing {
        DOING_CONNECT,
        DOING_STATEMENT,
} Doing;

/* Fills `message` for an error of the server or the library and returns our errno for it. */
int ddns_mysql_explain(const DdnsMysql *m, Doing doing, unsigned number, const char *text,
                       DdnsMessage *message);

/* mysql-session.c */

/* Bounds the next calls of this thread: `silence_usec` without an octet, and `total_usec` in all. `in_socket`: the silence was
 * waited for before our hook is called, and the total is not for a single row. */
void ddns_mysql_wait_begin(uint64_t silence_usec, uint64_t total_usec, bool in_socket);
/* Did a wait end by its time-out since then? */
bool ddns_mysql_wait_is_over(void);
/* The same, also if no wait was needed. */
bool ddns_mysql_wait_is_late(void);
/* Where the hook of the waits is put in. */
int ddns_mysql_wait_set(MYSQL *connection);

/* Makes the new connection what the header promises. */
int ddns_mysql_session_begin(DdnsMysql *m, DdnsMessage *message);

/* mysql.c */

/* The waits of one statement. */
void ddns_mysql_begin(DdnsMysql *m);
/* Ends what failed: explains, and closes the connection if nothing can be done with it any more. */
int ddns_mysql_failed(DdnsMysql *m, unsigned number, const char *text, DdnsMessage *message);
/* Closes it without a word: it is broken, or out of step. */
void ddns_mysql_abandon(DdnsMysql *m);

/* mysql-statement.c */
void ddns_mysql_statements_drop(DdnsMysql *m);
