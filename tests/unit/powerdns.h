/* SPDX-License-Identifier: MIT */
/* A database for PowerDNS in a real server, a real pdns_server that reads it, and the backend that writes into it. */
#pragma once

#include "basic/address.h"
#include "deliver/backend.h"
#include "mariadb.h"
#include "zone/zone.h"

typedef struct Powerdns {
        Mariadb database;
        char root[64]; /* temporary; pdns.conf, the control socket, keys */
        char control_socket[96];
        unsigned port;
        pid_t pid; /* 0: not running */
        DdnsBackendConfig config;
        DdnsBackend *backend;
        DdnsMessage message;
} Powerdns;

/* False: something that is needed is not installed. Asserts on anything else that fails. Nothing runs but the database. */
bool powerdns_open(Powerdns *p);
void powerdns_close(Powerdns *p);
/* Returns when it answers. Caches live as long as they do by default. */
void powerdns_start(Powerdns *p);
void powerdns_stop(Powerdns *p);
/* Empty tables, of which a running PowerDNS knows, and a new backend. */
void powerdns_reset(Powerdns *p);
void powerdns_reconnect(Powerdns *p);

/* The text of a zone file, canonical. The caller's. */
DdnsZone powerdns_zone(const char *zone, const char *text);
/* The same, signed by dnssec-signzone with keys of its own and these options. */
DdnsZone powerdns_sign(const Powerdns *p, const char *zone, const char *text, const char *options);

DdnsTask powerdns_save(const char *zone, const DdnsZone *content);
DdnsTask powerdns_delete(const char *zone);
/* Of one task. It must be WRITTEN. */
void powerdns_write(Powerdns *p, DdnsTask *task);

/* What a zone transfer brings, as canonical text that the caller frees. NULL: there is none. */
char *powerdns_transfer(const Powerdns *p, const char *zone);
/* What a program prints, with an end by force after seconds. `%s`: the root; the caller's. */
char *powerdns_output(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* dig's output for a question: header and sections. The caller's. */
char *powerdns_ask(const Powerdns *p, const char *name, const char *type);
/* delv's verdict, with the keys of powerdns_sign() of that zone as trust anchor. The caller's. */
char *powerdns_validate(const Powerdns *p, const char *zone, const char *name, const char *type);
/* All complaints of pdnsutil check-zone: "" if there are none. The caller's. */
char *powerdns_check_zone(const Powerdns *p, const char *zone);

void powerdns_run(const Powerdns *p, const char *sql);
/* Cells by '|', rows by line feeds. */
void powerdns_assert(const Powerdns *p, const char *sql, const char *want);
