/* SPDX-License-Identifier: MIT */
/* A database for CoreDNS in a real server, and the backend that writes into it. */
#pragma once

#include "deliver/backend.h"
#include "mariadb.h"

typedef struct Coredns {
        Mariadb server;
        DdnsBackendConfig config;
        DdnsBackend *backend;
        DdnsMessage message;
} Coredns;

/* False: no mariadbd is installed. */
bool coredns_open(Coredns *c);
void coredns_close(Coredns *c);

/* An empty database with the tables that come with ddns, or with those that the plugin makes itself; and a new backend. */
void coredns_reset(Coredns *c, bool shipped);
/* The backend with a connection of its own that is yet to be made. */
void coredns_reconnect(Coredns *c);

/* A zone with SOA, NS and what `more` has: lines of a zone file, relative to it. */
DdnsTask coredns_save(const char *zone, unsigned serial, const char *more);
DdnsTask coredns_delete(const char *zone);

/* Releases the contents. */
int coredns_apply(Coredns *c, DdnsTask *tasks, size_t n);
/* Which must be WRITTEN. */
void coredns_write(Coredns *c, DdnsTask task);

void coredns_run(const Coredns *c, const char *sql);
/* Cells by '|', rows by line feeds. */
void coredns_assert(const Coredns *c, const char *sql, const char *want);
/* Of the server, since its start. An upsert of a row that is there counts as two. */
unsigned long coredns_rows_written(const Coredns *c);

/* Three zones, of three records each. */
void coredns_save_three(DdnsTask tasks[3], unsigned serial);
void coredns_assert_states(const DdnsTask tasks[3], DdnsTaskState a, DdnsTaskState b, DdnsTaskState c);
/* There are so many zones, and each has its three records. */
void coredns_assert_whole(const Coredns *c, const char *n_zones);

#define WRITTEN DDNS_TASK_WRITTEN
#define FAILED  DDNS_TASK_FAILED
#define PENDING DDNS_TASK_PENDING
