/* SPDX-License-Identifier: MIT */
/* One connection to a MySQL or MariaDB server, kept over many statements: libmariadb with what we rely on asserted.
 *
 * Every session is utf8mb4, strict (an overlong or impossible value is an error, whatever the server's default), READ
 * COMMITTED, without autocommit, and gives up its locks within half a minute if we vanish. Values travel as bound parameters
 * only; a statement's text comes from our constants and, for names of tables, from the configuration.
 *
 * Errors tell who has to do something:
 *   -ENOTCONN      no connection, or it broke, or it timed out, or the server is out of order (shutting down, too many
 *                  connections, a damaged table). After ddns_mysql_commit() the outcome is unknown then.
 *   -EACCES        wrong user name, password or certificate, or a right is missing, or a secret can't be read
 *   -ENOENT        no such database, table or column
 *   -EROFS         the server is read-only, or its binary log can't take what we write
 *   -ENOSPC        the server's disk or table is full
 *   -EAGAIN        roll back and try again: a deadlock, a lost race for a unique or foreign key, a table that was altered
 *   -ETIME         waited too long for somebody's lock; or a change took the server itself too long (MariaDB only: with MySQL
 *                  the connection breaks, -ENOTCONN)
 *   -EMSGSIZE      more than the server's max_allowed_packet
 *   -EINVAL        anything else: the server does not like this very statement or value
 *   -ENOMEM
 * `message` has the server's number and text, never a password and never a value of ours that could be one. After
 * -ENOTCONN the connection is closed; the next ddns_mysql_connect() makes a new one.
 *
 * Time: a silent server costs the time-out of the configuration (a statement the longer one of read and write), one that
 * trickles four of them. Two things are not bounded so: the resolver has its own time-outs for a host name (resolv.conf(5)),
 * and under TLS a server may send its handshake, or a single row, octet by octet.
 *
 * Trust: with `tls` there is no way back to plain text, and with `verify` the chain and the name must be right. Only such a
 * server, or one behind a socket of this machine (where `tls` is not used), may ask for the password itself, as MySQL's
 * caching_sha2_password does. None gets a file of ours (LOCAL INFILE), and no option file and no environment is read.
 *
 * Not thread-safe: one DdnsMysql per thread. libmariadb has SIGPIPE ignored in the whole process. Nothing in here logs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/cleanup.h"
#include "basic/message.h"
#include "config/config.h"

typedef struct DdnsMysql DdnsMysql;

/* A parameter, or a cell of a row. `text` NULL: SQL's NULL. Numbers are their decimal text. Not NUL-terminated. */
typedef struct DdnsMysqlValue {
        const char *text;
        size_t size;
} DdnsMysqlValue;

#define DDNS_MYSQL_NULL ((DdnsMysqlValue){ 0 })

static inline DdnsMysqlValue ddns_mysql_text(const char *text) {
        return (DdnsMysqlValue){ text, text ? __builtin_strlen(text) : 0 };
}

/* Makes the object and connects to nothing. `config` outlives it. */
int ddns_mysql_new(const DdnsMysqlConfig *config, DdnsMysql **ret, DdnsMessage *message);
DdnsMysql *ddns_mysql_free(DdnsMysql *m);
DDNS_DEFINE_CLEANUP(DdnsMysql *, ddns_mysql_free)

/* Makes sure of a living connection, outside any transaction. 1: it is a new one; 0: it is the one that there was. The
 * password file is read anew for each login. */
int ddns_mysql_connect(DdnsMysql *m, DdnsMessage *message);

/* Ends the connection, if there is one. */
void ddns_mysql_disconnect(DdnsMysql *m);

/* Called for each row; the values live until it returns. Non-zero ends the reading and is what ddns_mysql_run() returns. */
typedef int DdnsMysqlRow(const DdnsMysqlValue *values, size_t n, void *userdata);

/* Runs one statement, prepared under its text and kept. `?` stands for each of the `n` parameters (at most 65,535). `each`
 * may be NULL. An error ends nothing but this statement, unless it says otherwise above; the transaction is the caller's. */
int ddns_mysql_run(DdnsMysql *m, const char *sql, const DdnsMysqlValue *parameters, size_t n,
                   DdnsMysqlRow *each, void *userdata, DdnsMessage *message);

/* Ends the transaction that the first statement after the last end began. */
int ddns_mysql_commit(DdnsMysql *m, DdnsMessage *message);
/* The same, undoing it. Errors close the connection, which undoes it too. */
void ddns_mysql_rollback(DdnsMysql *m);

/* The server's max_allowed_packet, in bytes; of the last connection. */
uint64_t ddns_mysql_max_packet(const DdnsMysql *m);
