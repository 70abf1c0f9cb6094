/* SPDX-License-Identifier: MIT */
/* A real MariaDB server of the test's own, on loopback, with its own directory, port and socket.
 *
 *         Mariadb db;
 *         if (!mariadb_open(&db))
 *                 skip();
 *         mariadb_start(&db, "");
 *         mariadb_run(&db, NULL, "CREATE DATABASE dns; CREATE TABLE dns.t (x INT)");
 *         DdnsMysqlConfig config = mariadb_config(&db, "dns");
 *         ...
 *         mariadb_close(&db);
 *
 * Everything asserts on what fails. Several servers may run at a time, and each ends with the test, however that ends. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "config/config.h"

#define MARIADB_USER     "ddns"
#define MARIADB_PASSWORD "not in any message"

typedef struct Mariadb {
        char root[64]; /* temporary; data/, my.cnf, mariadb.log and the password file are below it */
        char socket[96];
        char password_file[96];
        unsigned port;
        pid_t pid; /* 0: not running */
} Mariadb;

/* Makes the directory with an empty database system in it; root has no password. False: no mariadbd is installed. */
bool mariadb_open(Mariadb *m);
/* `options` are more lines for the section [mysqld] of its configuration (may be ""). Returns when it answers; MARIADB_USER may do
 * everything then. May be called again after mariadb_stop(), and finds the data as they were. */
void mariadb_start(Mariadb *m, const char *options);
/* Sends SIGTERM or SIGKILL, and waits for the end. */
void mariadb_stop(Mariadb *m, int signal);
/* SIGSTOP (returns when it stands still) or SIGCONT. */
void mariadb_signal(const Mariadb *m, int signal);
void mariadb_close(Mariadb *m);

/* Runs the statements of `sql`, separated by ';', as root with a connection of its own. `database` may be NULL. */
void mariadb_run(const Mariadb *m, const char *database, const char *sql);
/* The rows of one query, as root: a line each, cells separated by '|', "NULL" for NULL, no newline at the end. The caller's. */
char *mariadb_query(const Mariadb *m, const char *database, const char *sql);

/* How MARIADB_USER reaches it over TCP, with time-outs of 5 s. The texts are the fixture's: they live until mariadb_close(), and
 * must not be given to ddns_config_done(). */
DdnsMysqlConfig mariadb_config(const Mariadb *m, const char *database);
