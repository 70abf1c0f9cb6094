/* SPDX-License-Identifier: MIT */
/* The configuration of all programs: /etc/ddns/ddns.yaml, read with libyaml, checked against one table of settings.
 *
 * The table in settings.c is the one place that knows a key's name, type, default and range. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "basic/address.h"
#include "basic/cleanup.h"
#include "basic/message.h"

#define DDNS_CONFIG_DEFAULT "/etc/ddns/ddns.yaml"

/* Exit status for a bad configuration (EX_CONFIG of sysexits.h; systemd.exec(5) knows it by that name). */
#define DDNS_EXIT_CONFIG 78

/* What to answer to `exists` with check_for_parent_domain=true when an ancestor is known: protocol, E3. */
typedef enum DdnsParentCheck {
        DDNS_PARENT_CHECK_OFF = 0,
        DDNS_PARENT_CHECK_EXISTS = 2,
        DDNS_PARENT_CHECK_OWNER = 3,
} DdnsParentCheck;

typedef enum DdnsBackendType {
        DDNS_BACKEND_ZONE_FILES,
        DDNS_BACKEND_BIND,
        DDNS_BACKEND_COREDNS_MYSQL,
        DDNS_BACKEND_POWERDNS_MYSQL,
        _DDNS_BACKEND_TYPE_MAX,
} DdnsBackendType;

typedef enum DdnsRegistration {
        DDNS_REGISTRATION_ADDZONE,
        DDNS_REGISTRATION_INCLUDE,
} DdnsRegistration;

/* Whether the other side of TLS has to prove who it is. UNSET: no TLS, unless another key of `tls` is there. */
typedef enum DdnsTlsVerify {
        DDNS_TLS_VERIFY_UNSET,
        DDNS_TLS_VERIFY_NO,
        DDNS_TLS_VERIFY_YES,
} DdnsTlsVerify;

/* PowerDNS' domains.type of new zones. */
typedef enum DdnsDomainType {
        DDNS_DOMAIN_TYPE_NATIVE,
        DDNS_DOMAIN_TYPE_MASTER,
} DdnsDomainType;

/* Where a database is and how to log in. */
typedef struct DdnsMysqlConfig {
        char *host; /* name or IP address */
        uint32_t port;
        char *socket; /* instead of host and port; NULL: those */
        char *database;
        char *username;
        char *password_file; /* see ddns_secret_path(); NULL: no password, as for unix_socket authentication */
        struct {
                char *ca;          /* NULL: the system's */
                char *certificate; /* ours; NULL: none */
                char *key;         /* of `certificate`: see ddns_secret_path() */
                DdnsTlsVerify verify;
        } tls;
        uint64_t connect_timeout_usec, read_timeout_usec, write_timeout_usec;
} DdnsMysqlConfig;

#define DDNS_MASTERS_MAX 256

/* One credential that may push: receiver.masters[]. */
typedef struct DdnsMaster {
        char *name;          /* how we call it: letters, digits, '-', '_', '.' */
        char *username;      /* of Basic auth */
        char *password_file; /* a crypt(5) hash: see ddns_secret_path() */
        DdnsPrefix *allow;   /* empty: from everywhere */
        size_t n_allow;
} DdnsMaster;

/* backends[]. */
typedef struct DdnsBackendConfig {
        char *name; /* letters, digits, '-', '_', '.' */
        DdnsBackendType type;
        char *zone_dir; /* absolute */

        DdnsSockaddr *nameservers; /* asked by SOA whether a change is served; none: deliveries end at "written" */
        size_t n_nameservers;
        uint64_t served_timeout_usec; /* how long it may take until all of them serve it */

        struct {
                char *address; /* IP address of named's control channel */
                uint32_t port;
                char *key_file;        /* rndc.key as rndc-confgen writes it: see ddns_secret_path() */
                uint64_t timeout_usec; /* for connecting and for each command */
        } control;
        DdnsRegistration registration;
        char *include_file; /* registration: include; default ZONE_DIR/ddns.zones.conf */
        char *view;         /* NULL: the default view */

        DdnsMysqlConfig mysql;
        struct {             /* letters, digits, '_', '-', '$' */
                char *zones; /* PowerDNS: domains */
                char *records;
                char *domainmetadata, *cryptokeys, *comments; /* PowerDNS */
        } tables;
        DdnsDomainType domain_type;
        char *control_socket; /* of PowerDNS on this machine; NULL: none */
} DdnsBackendConfig;

/* A DirectAdmin server that is asked which zones it has: reconcile.masters[]. */
typedef struct DdnsReconcileMaster {
        char *name;       /* how we call it */
        char *servername; /* what it calls itself in pushes */
        char *url;
        char *username;
        char *password_file; /* see ddns_secret_path() */
        struct {
                char *ca;  /* NULL: the system's */
                char *pin; /* "sha256//BASE64"; NULL: none */
        } tls;
        uint64_t timeout_usec;       /* for connecting, and without a byte */
        uint64_t total_timeout_usec; /* for a whole listing */
        struct {
                DdnsSockaddr *address; /* its name server; none: no zones are fetched */
                size_t n_address;
                char *key_file; /* TSIG, see ddns_secret_path(); NULL: none */
        } axfr;
} DdnsReconcileMaster;

typedef struct DdnsConfig {
        char *path; /* the file it came from */

        struct {
                char *database;
                char *wake;            /* datagram socket of ddns-retry */
                uint32_t history;      /* versions kept of each zone */
                uint64_t busy_usec;    /* longest wait for the database's write lock */
                uint64_t deleted_usec; /* how long the history of a deleted zone is kept */
                uint32_t rejected;     /* refused pushes kept */
        } state;

        struct {
                DdnsMaster *masters;
                size_t n_masters;
                char *hostname; /* how we call ourselves in answers; NULL: the machine's name */
                DdnsParentCheck parent_check;
                bool delete_without_hostname; /* obey a delete without hostname= of a zone that has an owner */
                uint32_t max_body_kib;
                uint32_t max_header_kib;
                uint32_t max_memory_mib; /* of all bodies being received or checked */
                uint32_t max_connections;
                uint32_t max_connections_per_address;
                uint32_t max_records;      /* of one zone */
                uint64_t login_delay_usec; /* longest time that the answer to a failed login is held back */
                uint64_t request_timeout_usec; /* from accept() to the last byte of the request */
                uint64_t idle_timeout_usec;    /* exit after that long without a connection; 0: never */
                struct {
                        char *certificate; /* chain in PEM: see ddns_secret_path() */
                        char *key;         /* likewise */
                } tls;
        } receiver;

        struct {
                uint64_t backoff_usec
                                [16]; /* "30s 2min 5min 15min 30min": waits before each further try */
                size_t n_backoff;
                uint32_t batch;       /* zones handed to a backend at a time */
                uint64_t linger_usec; /* how long ddns-retry stays for more work */
        } queue;

        DdnsBackendConfig *backends;
        size_t n_backends;

        struct {
                DdnsReconcileMaster *masters;
                size_t n_masters;
                bool dry_run;           /* passes only tell what they would do */
                uint32_t brake_percent; /* of a master's zones */
                uint32_t brake_zones;
                uint64_t patience_usec; /* between the passes that miss a zone, at least */
                bool wait_for_all;      /* nothing is deleted while a master fails */
                uint32_t query_rate;    /* SOA queries a second, to each name server */
        } reconcile;
} DdnsConfig;

#define DDNS_CONFIG_NULL ((DdnsConfig){ 0 })

/* Reads and checks the whole file; `*ret` is filled only on success (release with ddns_config_done()).
 * Every error found becomes one line "FILE:LINE:COLUMN: what is wrong and what is allowed" in `*ret_errors` (newline
 * after each; the caller's; NULL on success). Line and column count from 1; a file that can't be read has no numbers.
 * 0; -EBADMSG: the file is there but not right; else the errno of reading it. */
int ddns_config_load(const char *path, DdnsConfig *ret, char **ret_errors);

/* All defaults and nothing else, as an empty file would give. -ENOMEM. */
int ddns_config_default(DdnsConfig *ret);

void ddns_config_done(DdnsConfig *c);

const char *ddns_backend_type_to_string(DdnsBackendType type);

/* For `ddnsctl config` and the check of ddns.yaml(5): one line a setting, "KEY\tTYPE\tDEFAULT\tRANGE", to `f`. */
void ddns_config_print_settings(FILE *f);
