/* SPDX-License-Identifier: MIT */
/* The one place that knows the settings: loading, defaults, ranges, and the check of ddns.yaml(5). */
#include <limits.h>
#include <string.h>
#include <sys/un.h>

#include "config/settings.h"
#include "config/values.h"

#define MIN  (60 * USEC_PER_SEC)
#define HOUR (60 * MIN)
#define DAY  (24 * HOUR)

#define PATH_LENGTH   (PATH_MAX - 1)
#define SOCKET_LENGTH (sizeof((struct sockaddr_un *) NULL)->sun_path - 1)

#define FIELD(type, member) .offset = offsetof(type, member), .size = sizeof(((type *) NULL)->member)
#define LIST(type, member, n)                                                         \
        .offset = offsetof(type, member), .size = sizeof(((type *) NULL)->member[0]), \
        .count = offsetof(type, n)
#define ROOT(member)       FIELD(DdnsConfig, member)
#define MASTER(member)     FIELD(DdnsMaster, member)
#define BACKEND(member)    FIELD(DdnsBackendConfig, member)
#define RECONCILED(member) FIELD(DdnsReconcileMaster, member)
#define NAMESERVERS        LIST(DdnsBackendConfig, nameservers, n_nameservers)

#define ZONE_FILES (1U << DDNS_BACKEND_ZONE_FILES)
#define BIND       (1U << DDNS_BACKEND_BIND)
#define COREDNS    (1U << DDNS_BACKEND_COREDNS_MYSQL)
#define POWERDNS   (1U << DDNS_BACKEND_POWERDNS_MYSQL)
#define MYSQL      (COREDNS | POWERDNS)

static const char *const backend_types[] = {
        [DDNS_BACKEND_ZONE_FILES] = "zone-files",
        [DDNS_BACKEND_BIND] = "bind",
        [DDNS_BACKEND_COREDNS_MYSQL] = "coredns-mysql",
        [DDNS_BACKEND_POWERDNS_MYSQL] = "powerdns-mysql",
};
_Static_assert(ARRAY_SIZE(backend_types) == _DDNS_BACKEND_TYPE_MAX, "each type has a name");

static const char *const parent_checks[] = {
        [DDNS_PARENT_CHECK_OFF] = "0",
        [DDNS_PARENT_CHECK_EXISTS] = "2",
        [DDNS_PARENT_CHECK_OWNER] = "3",
};

static const char *const registrations[] = {
        [DDNS_REGISTRATION_ADDZONE] = "addzone",
        [DDNS_REGISTRATION_INCLUDE] = "include",
};

static const char *const verifies[] = {
        [DDNS_TLS_VERIFY_NO] = "no",
        [DDNS_TLS_VERIFY_YES] = "yes",
};

static const char *const domain_types[] = {
        [DDNS_DOMAIN_TYPE_NATIVE] = "native",
        [DDNS_DOMAIN_TYPE_MASTER] = "master",
};

static const char *const no_yes[] = { [false] = "no", [true] = "yes" };
static const char *const refuse_accept[] = { [false] = "refuse", [true] = "accept" };

/* Rows of one section stand together; the order is that of "allowed here" in errors and of the man page. */
/* clang-format off */
const DdnsSetting ddns_settings[] = {
        { "state.database",                         DDNS_SETTING_PATH,      "/var/lib/ddns/ddns.db", 1, PATH_LENGTH,   ROOT(state.database) },
        { "state.wake",                             DDNS_SETTING_PATH,      "/run/ddns/wake",        1, SOCKET_LENGTH, ROOT(state.wake) },
        { "state.history",                          DDNS_SETTING_NUMBER,    "10",                    1, 1000,          ROOT(state.history) },
        { "state.busy-timeout",                     DDNS_SETTING_DURATION,  "5s",  10 * USEC_PER_MSEC, 10 * MIN,      ROOT(state.busy_usec) },
        { "state.keep-deleted",                     DDNS_SETTING_DURATION,  "90 days",             DAY, 3650 * DAY,    ROOT(state.deleted_usec) },
        { "state.rejected",                         DDNS_SETTING_NUMBER,    "1000",                  0, 1000000,       ROOT(state.rejected) },

        { "receiver.masters",                       DDNS_SETTING_RECORDS,   NULL,                    0, DDNS_MASTERS_MAX, LIST(DdnsConfig, receiver.masters, receiver.n_masters) },
        { "receiver.masters[].name",                DDNS_SETTING_WORD,      NULL,                    1, 64,            MASTER(name), .extra = "-_.",
          .flags = DDNS_SETTING_REQUIRED | DDNS_SETTING_UNIQUE },
        { "receiver.masters[].username",            DDNS_SETTING_TEXT,      NULL,                    1, 128,           MASTER(username),
          .flags = DDNS_SETTING_REQUIRED | DDNS_SETTING_UNIQUE },
        { "receiver.masters[].password-file",       DDNS_SETTING_SECRET,    NULL,                    1, PATH_LENGTH,   MASTER(password_file),
          .flags = DDNS_SETTING_REQUIRED },
        { "receiver.masters[].allow",               DDNS_SETTING_PREFIXES,  "everywhere",            0, 1024,          LIST(DdnsMaster, allow, n_allow),
          .flags = DDNS_SETTING_PROSE },
        { "receiver.hostname",                      DDNS_SETTING_WORD,      "the machine's name",    1, 253,           ROOT(receiver.hostname), .extra = "-_.",
          .flags = DDNS_SETTING_PROSE },
        { "receiver.parent-check",                  DDNS_SETTING_CHOICE,    "3",                     0, 3,             ROOT(receiver.parent_check), .choices = parent_checks },
        { "receiver.delete-without-hostname",       DDNS_SETTING_CHOICE,    "refuse",                0, 1,             ROOT(receiver.delete_without_hostname), .choices = refuse_accept },
        { "receiver.max-body-kib",                  DDNS_SETTING_NUMBER,    "16384",                 1, 1 << 20,       ROOT(receiver.max_body_kib) },
        { "receiver.max-header-kib",                DDNS_SETTING_NUMBER,    "16",                    4, 1024,          ROOT(receiver.max_header_kib) },
        { "receiver.max-memory-mib",                DDNS_SETTING_NUMBER,    "64",                    1, 1 << 20,       ROOT(receiver.max_memory_mib) },
        { "receiver.max-connections",               DDNS_SETTING_NUMBER,    "256",                   1, 100000,        ROOT(receiver.max_connections) },
        { "receiver.max-connections-per-address",   DDNS_SETTING_NUMBER,    "16",                    1, 100000,        ROOT(receiver.max_connections_per_address) },
        { "receiver.login-delay",                   DDNS_SETTING_DURATION,  "16s",                   0, HOUR,          ROOT(receiver.login_delay_usec) },
        { "receiver.max-records",                   DDNS_SETTING_NUMBER,    "500000",                2, 100000000,     ROOT(receiver.max_records) },
        { "receiver.request-timeout",               DDNS_SETTING_DURATION,  "10s", 100 * USEC_PER_MSEC, HOUR,         ROOT(receiver.request_timeout_usec) },
        { "receiver.idle-timeout",                  DDNS_SETTING_DURATION,  "5min",                  0, 365 * DAY,     ROOT(receiver.idle_timeout_usec) },
        { "receiver.tls.certificate",               DDNS_SETTING_SECRET,    "tls.crt",               1, PATH_LENGTH,   ROOT(receiver.tls.certificate) },
        { "receiver.tls.key",                       DDNS_SETTING_SECRET,    "tls.key",               1, PATH_LENGTH,   ROOT(receiver.tls.key) },

        { "queue.backoff",                          DDNS_SETTING_DURATIONS, "30s 2min 5min 15min 30min", 10 * USEC_PER_MSEC, 30 * DAY,
          LIST(DdnsConfig, queue.backoff_usec, queue.n_backoff) },
        { "queue.batch",                            DDNS_SETTING_NUMBER,    "200",                   1, 100000,        ROOT(queue.batch) },
        { "queue.linger",                           DDNS_SETTING_DURATION,  "10s",                   0, DAY,           ROOT(queue.linger_usec) },

        { "backends",                               DDNS_SETTING_RECORDS,   NULL,                    0, 64,            LIST(DdnsConfig, backends, n_backends) },
        { "backends[].name",                        DDNS_SETTING_WORD,      NULL,                    1, 64,            BACKEND(name), .extra = "-_.",
          .flags = DDNS_SETTING_REQUIRED | DDNS_SETTING_UNIQUE },
        { "backends[].type",                        DDNS_SETTING_CHOICE,    NULL, 0, _DDNS_BACKEND_TYPE_MAX - 1,     BACKEND(type), .choices = backend_types,
          .flags = DDNS_SETTING_REQUIRED | DDNS_SETTING_SELECTS },
        { "backends[].zone-dir",                    DDNS_SETTING_PATH,      NULL,                    1, PATH_LENGTH,   BACKEND(zone_dir), .types = ZONE_FILES,
          .flags = DDNS_SETTING_REQUIRED | DDNS_SETTING_UNIQUE },
        { "backends[].zone-dir",                    DDNS_SETTING_PATH,      DDNS_BIND_ZONE_DIR,      1, PATH_LENGTH,   BACKEND(zone_dir), .types = BIND,
          .flags = DDNS_SETTING_UNIQUE },
        { "backends[].nameserver",                  DDNS_SETTING_ENDPOINTS, "none",                  0, 1,             NAMESERVERS, .types = ZONE_FILES | BIND,
          .flags = DDNS_SETTING_PROSE },
        { "backends[].nameserver",                  DDNS_SETTING_ENDPOINTS, "none",                  0, 16,            NAMESERVERS, .types = MYSQL,
          .flags = DDNS_SETTING_PROSE },
        { "backends[].served-timeout",              DDNS_SETTING_DURATION,  "5s",  100 * USEC_PER_MSEC, 10 * MIN,     BACKEND(served_timeout_usec), .types = ZONE_FILES | BIND },
        { "backends[].served-timeout",              DDNS_SETTING_DURATION,  "90s", 100 * USEC_PER_MSEC, HOUR,         BACKEND(served_timeout_usec), .types = COREDNS },
        { "backends[].served-timeout",              DDNS_SETTING_DURATION,  "6min", 100 * USEC_PER_MSEC, HOUR,        BACKEND(served_timeout_usec), .types = POWERDNS },
        { "backends[].control.address",             DDNS_SETTING_ADDRESS,   "127.0.0.1",             0, 0,             BACKEND(control.address), .types = BIND },
        { "backends[].control.port",                DDNS_SETTING_NUMBER,    "953",                   1, UINT16_MAX,    BACKEND(control.port), .types = BIND },
        { "backends[].control.key-file",            DDNS_SETTING_SECRET,    DDNS_BIND_KEY_FILE,      1, PATH_LENGTH,   BACKEND(control.key_file), .types = BIND },
        { "backends[].control.timeout",             DDNS_SETTING_DURATION,  "10s", 100 * USEC_PER_MSEC, 10 * MIN,     BACKEND(control.timeout_usec), .types = BIND },
        { "backends[].registration",                DDNS_SETTING_CHOICE,    "addzone",               0, 1,             BACKEND(registration), .types = BIND, .choices = registrations },
        { "backends[].include-file",                DDNS_SETTING_PATH,      "ZONE-DIR/ddns.zones.conf", 1, PATH_LENGTH, BACKEND(include_file), .types = BIND,
          .flags = DDNS_SETTING_PROSE | DDNS_SETTING_UNIQUE },
        { "backends[].view",                        DDNS_SETTING_WORD,      "the default view",      1, 64,            BACKEND(view), .types = BIND, .extra = "-_",
          .flags = DDNS_SETTING_PROSE },
        { "backends[].host",                        DDNS_SETTING_WORD,      "127.0.0.1",             1, 253,           BACKEND(mysql.host), .types = MYSQL, .extra = "-_.:" },
        { "backends[].port",                        DDNS_SETTING_NUMBER,    "3306",                  1, UINT16_MAX,    BACKEND(mysql.port), .types = MYSQL },
        { "backends[].socket",                      DDNS_SETTING_PATH,      "none",                  1, SOCKET_LENGTH, BACKEND(mysql.socket), .types = MYSQL,
          .flags = DDNS_SETTING_PROSE },
        { "backends[].database",                    DDNS_SETTING_WORD,      NULL,                    1, 64,            BACKEND(mysql.database), .types = MYSQL, .extra = "-_$",
          .flags = DDNS_SETTING_REQUIRED },
        { "backends[].username",                    DDNS_SETTING_TEXT,      NULL,                    1, 80,            BACKEND(mysql.username), .types = MYSQL,
          .flags = DDNS_SETTING_REQUIRED },
        { "backends[].password-file",               DDNS_SETTING_SECRET,    "none",                  1, PATH_LENGTH,   BACKEND(mysql.password_file), .types = MYSQL,
          .flags = DDNS_SETTING_PROSE },
        { "backends[].tls.ca",                      DDNS_SETTING_PATH,      "the system's",          1, PATH_LENGTH,   BACKEND(mysql.tls.ca), .types = MYSQL,
          .flags = DDNS_SETTING_PROSE },
        { "backends[].tls.certificate",             DDNS_SETTING_PATH,      "none",                  1, PATH_LENGTH,   BACKEND(mysql.tls.certificate), .types = MYSQL,
          .flags = DDNS_SETTING_PROSE },
        { "backends[].tls.key",                     DDNS_SETTING_SECRET,    "none",                  1, PATH_LENGTH,   BACKEND(mysql.tls.key), .types = MYSQL,
          .flags = DDNS_SETTING_PROSE },
        { "backends[].tls.verify",                  DDNS_SETTING_CHOICE,    "yes with any other key of tls", 1, 2,     BACKEND(mysql.tls.verify), .types = MYSQL, .choices = verifies,
          .flags = DDNS_SETTING_PROSE },
        { "backends[].timeout.connect",             DDNS_SETTING_DURATION,  "5s",        USEC_PER_SEC, 10 * MIN,        BACKEND(mysql.connect_timeout_usec), .types = MYSQL },
        { "backends[].timeout.read",                DDNS_SETTING_DURATION,  "5s",        USEC_PER_SEC, 10 * MIN,        BACKEND(mysql.read_timeout_usec), .types = MYSQL },
        { "backends[].timeout.write",               DDNS_SETTING_DURATION,  "5s",        USEC_PER_SEC, 10 * MIN,        BACKEND(mysql.write_timeout_usec), .types = MYSQL },
        { "backends[].tables.zones",                DDNS_SETTING_WORD,      "zones",                 1, 64,            BACKEND(tables.zones), .types = COREDNS, .extra = "-_$" },
        { "backends[].tables.domains",              DDNS_SETTING_WORD,      "domains",               1, 64,            BACKEND(tables.zones), .types = POWERDNS, .extra = "-_$" },
        { "backends[].tables.records",              DDNS_SETTING_WORD,      "records",               1, 64,            BACKEND(tables.records), .types = MYSQL, .extra = "-_$" },
        { "backends[].tables.domainmetadata",       DDNS_SETTING_WORD,      "domainmetadata",        1, 64,            BACKEND(tables.domainmetadata), .types = POWERDNS, .extra = "-_$" },
        { "backends[].tables.cryptokeys",           DDNS_SETTING_WORD,      "cryptokeys",            1, 64,            BACKEND(tables.cryptokeys), .types = POWERDNS, .extra = "-_$" },
        { "backends[].tables.comments",             DDNS_SETTING_WORD,      "comments",              1, 64,            BACKEND(tables.comments), .types = POWERDNS, .extra = "-_$" },
        { "backends[].domain-type",                 DDNS_SETTING_CHOICE,    "native",                0, 1,             BACKEND(domain_type), .types = POWERDNS, .choices = domain_types },
        { "backends[].control-socket",              DDNS_SETTING_PATH,      "none",                  1, SOCKET_LENGTH, BACKEND(control_socket), .types = POWERDNS,
          .flags = DDNS_SETTING_PROSE },

        { "reconcile.masters",                      DDNS_SETTING_RECORDS,   NULL,                    0, DDNS_MASTERS_MAX, LIST(DdnsConfig, reconcile.masters, reconcile.n_masters) },
        { "reconcile.masters[].name",               DDNS_SETTING_WORD,      NULL,                    1, 64,            RECONCILED(name), .extra = "-_.",
          .flags = DDNS_SETTING_REQUIRED | DDNS_SETTING_UNIQUE },
        { "reconcile.masters[].servername",         DDNS_SETTING_WORD,      NULL,                    1, 253,           RECONCILED(servername), .extra = "-_.",
          .flags = DDNS_SETTING_REQUIRED | DDNS_SETTING_UNIQUE | DDNS_SETTING_HOST },
        { "reconcile.masters[].url",                DDNS_SETTING_URL,       NULL,                    1, 300,           RECONCILED(url),
          .flags = DDNS_SETTING_REQUIRED },
        { "reconcile.masters[].username",           DDNS_SETTING_TEXT,      NULL,                    1, 128,           RECONCILED(username),
          .flags = DDNS_SETTING_REQUIRED },
        { "reconcile.masters[].password-file",      DDNS_SETTING_SECRET,    NULL,                    1, PATH_LENGTH,   RECONCILED(password_file),
          .flags = DDNS_SETTING_REQUIRED },
        { "reconcile.masters[].tls.ca",             DDNS_SETTING_PATH,      "the system's",          1, PATH_LENGTH,   RECONCILED(tls.ca),
          .flags = DDNS_SETTING_PROSE },
        { "reconcile.masters[].tls.pin",            DDNS_SETTING_PIN,       "none",                  1, 512,           RECONCILED(tls.pin),
          .flags = DDNS_SETTING_PROSE },
        { "reconcile.masters[].timeout",            DDNS_SETTING_DURATION,  "30s",       USEC_PER_SEC, 10 * MIN,        RECONCILED(timeout_usec) },
        { "reconcile.masters[].total-timeout",      DDNS_SETTING_DURATION,  "10min",     USEC_PER_SEC, HOUR,            RECONCILED(total_timeout_usec) },
        { "reconcile.masters[].axfr.address",       DDNS_SETTING_ENDPOINTS, "none",                  0, 1,             LIST(DdnsReconcileMaster, axfr.address, axfr.n_address),
          .flags = DDNS_SETTING_PROSE },
        { "reconcile.masters[].axfr.key-file",      DDNS_SETTING_SECRET,    "none",                  1, PATH_LENGTH,   RECONCILED(axfr.key_file),
          .flags = DDNS_SETTING_PROSE },
        { "reconcile.dry-run",                      DDNS_SETTING_CHOICE,    "no",                    0, 1,             ROOT(reconcile.dry_run), .choices = no_yes },
        { "reconcile.brake-percent",                DDNS_SETTING_NUMBER,    "5",                     0, 100,           ROOT(reconcile.brake_percent) },
        { "reconcile.patience",                     DDNS_SETTING_DURATION,  "30min",                 0, 3 * DAY,       ROOT(reconcile.patience_usec) },
        { "reconcile.brake-zones",                  DDNS_SETTING_NUMBER,    "10",                    0, 1000000,       ROOT(reconcile.brake_zones) },
        { "reconcile.wait-for-all",                 DDNS_SETTING_CHOICE,    "yes",                   0, 1,             ROOT(reconcile.wait_for_all), .choices = no_yes },
        { "reconcile.query-rate",                   DDNS_SETTING_NUMBER,    "5000",                  1, 1000000,       ROOT(reconcile.query_rate) },
};
/* clang-format on */

const size_t ddns_n_settings = ARRAY_SIZE(ddns_settings);
_Static_assert(ARRAY_SIZE(ddns_settings) <= DDNS_SETTINGS_MAX,
               "room in a record's list of what was seen");

const DdnsRelation ddns_relations[] = {
        { "backends[].tls.certificate", "backends[].tls.key" },
        { "backends[].tls.key", "backends[].tls.certificate" },
        { "backends[].socket", "backends[].host", .excludes = true },
        { "backends[].socket", "backends[].port", .excludes = true },
        { "backends[].socket", "backends[].tls", .excludes = true },
        { "reconcile.masters[].axfr.key-file", "reconcile.masters[].axfr.address" },
};
const size_t ddns_n_relations = ARRAY_SIZE(ddns_relations);

static const char secrets_are_files[] =
                "secrets never stand in this file, name the file that holds it with password-file";

static const struct {
        const char *key, *hint;
} hints[] = {
        { "password", secrets_are_files },
        { "passwd", secrets_are_files },
        { "secret", secrets_are_files },
        { "<<", "merging of mappings is not supported" },
};

const char *ddns_setting_hint(const char *key) {
        for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
                if (strcmp(hints[i].key, key) == 0)
                        return hints[i].hint;
        return NULL;
}

unsigned ddns_setting_types(const DdnsSetting *s) {
        return s->types ? s->types : DDNS_SETTING_ALL_TYPES;
}

size_t ddns_setting_record_length(const DdnsSetting *s) {
        size_t length = 0;

        for (const char *p = s->key; (p = strstr(p, "[].")); p += 3)
                length = (size_t) (p + 3 - s->key);
        return length;
}

const char *ddns_backend_type_to_string(DdnsBackendType type) {
        return (size_t) type < ARRAY_SIZE(backend_types) ? backend_types[type] : NULL;
}

void ddns_config_print_settings(FILE *f) {
        for (size_t i = 0; i < ddns_n_settings; i++) {
                const DdnsSetting *s = &ddns_settings[i];
                const char *missing = s->flags & DDNS_SETTING_REQUIRED ? "required" : "none";
                DdnsMessage allowed;

                ddns_value_describe(s, &allowed);
                (void) fprintf(f, "%s\t%s\t%s\t%s", s->key, ddns_value_type_name(s->type),
                               s->fallback ? s->fallback : missing, allowed.text);
                for (unsigned t = 0; s->types && t < _DDNS_BACKEND_TYPE_MAX; t++)
                        if (s->types & (1U << t))
                                (void) fprintf(f, ", type %s", backend_types[t]);
                (void) fputc('\n', f);
        }
}
