/* SPDX-License-Identifier: MIT */
/* What no implementation can be faster than: bare commits, connections with nothing but a commit, bare files and control commands.
 *
 * Standard output: seconds; with "reload", "commits", "exchanges" and "checks" (which are exchanges with a zone check) those of each,
 * with the latter three of all in the end. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "basic/clock.h"
#include "bench.h"
#include "rndc/rndc.h"
#include "zone/zone.h"

#define PARENT "floor.example"

/* ---- commits ----------------------------------------------------------------------------------------------------- */

static void execute(sqlite3 *db, const char *sql) {
        if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
                bench_fail("%s: %s", sql, sqlite3_errmsg(db));
}

static void insert(sqlite3 *db, sqlite3_stmt *statement, uint32_t i) {
        char zone[BENCH_NAME_MAX], body[BENCH_ZONE_MAX];

        bench_name(zone, i, PARENT);
        size_t size = bench_zone(body, zone, i + 1);
        if (sqlite3_bind_text(statement, 1, zone, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_blob(statement, 2, body, (int) size, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_step(statement) != SQLITE_DONE || sqlite3_reset(statement) != SQLITE_OK)
                bench_fail("insert: %s", sqlite3_errmsg(db));
}

static sqlite3_stmt *open_table(const char *path) {
        sqlite3_stmt *statement;
        sqlite3 *db;

        if (sqlite3_open(path, &db) != SQLITE_OK)
                bench_fail("%s: %s", path, sqlite3_errmsg(db));
        execute(db, "PRAGMA journal_mode = WAL");
        execute(db, "PRAGMA synchronous = FULL");
        execute(db, "CREATE TABLE zone (id INTEGER PRIMARY KEY, name TEXT NOT NULL, body BLOB NOT NULL) "
                    "STRICT");
        if (sqlite3_prepare_v2(db, "INSERT INTO zone (name, body) VALUES (?, ?)", -1, &statement,
                               NULL) != SQLITE_OK)
                bench_fail("prepare: %s", sqlite3_errmsg(db));
        return statement;
}

static void close_table(sqlite3_stmt *statement) {
        sqlite3 *db = sqlite3_db_handle(statement);

        (void) sqlite3_finalize(statement);
        (void) sqlite3_close(db);
}

static void commit(sqlite3_stmt *statement, uint32_t first, uint32_t n) {
        sqlite3 *db = sqlite3_db_handle(statement);

        execute(db, "BEGIN IMMEDIATE");
        for (uint32_t i = first; i < first + n; i++)
                insert(db, statement, i);
        execute(db, "COMMIT");
}

static void commits(const char *path, uint32_t n, uint32_t rows_each) {
        sqlite3_stmt *statement = open_table(path);
        uint64_t start = ddns_monotonic_usec();

        for (uint32_t i = 0; i < n; i += rows_each) {
                uint64_t began = ddns_monotonic_usec();

                commit(statement, i, rows_each < n - i ? rows_each : n - i);
                (void) printf("%.6f\n", bench_seconds_since(began));
        }
        (void) printf("%.6f\n", bench_seconds_since(start));
        close_table(statement);
}

/* ---- connections, each with a commit --------------------------------------------------------------------------------- */

typedef struct Server {
        int fd;
        sqlite3_stmt *statement;
        uint32_t n;
        bool checks; /* the zone, as the receiver does */
} Server;

static void read_request(int fd) {
        static const char length[] = "Content-Length: ";
        char request[BENCH_ZONE_MAX + 1024];
        size_t size = 0, wanted = sizeof request;

        while (size < wanted) {
                ssize_t n = recv(fd, request + size, sizeof request - 1 - size, 0);
                if (n <= 0)
                        bench_fail("recv: %s", n < 0 ? strerror(errno) : "no whole request");
                size += (size_t) n;
                request[size] = '\0';
                const char *body = strstr(request, "\r\n\r\n"), *header = strstr(request, length);
                if (body && header)
                        wanted = (size_t) (body + 4 - request) +
                                 strtoul(header + strlen(length), NULL, 10);
        }
}

static void check(uint32_t i) {
        static const DdnsZoneLimits limits = { .max_records = 1000 };
        ddns_cleanup(ddns_zone_done) DdnsZone checked = DDNS_ZONE_NULL;
        char zone[BENCH_NAME_MAX], body[BENCH_ZONE_MAX];
        DdnsMessage message;

        bench_name(zone, i, PARENT);
        if (ddns_zone_check(zone, body, bench_zone(body, zone, i + 1), &limits, &checked, &message) < 0)
                bench_fail("%s: %s", zone, message.text);
}

static void *serve(void *userdata) {
        static const char answer[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nerror=0";
        const Server *s = userdata;

        for (uint32_t i = 0; i < s->n; i++) {
                int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
                if (fd < 0)
                        bench_fail("accept: %s", strerror(errno));
                read_request(fd);
                if (s->checks)
                        check(i);
                commit(s->statement, i, 1);
                if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0 || close(fd) < 0)
                        bench_fail("send: %s", strerror(errno));
        }
        return NULL;
}

/* What is there to do for a push if nothing is looked at, or the zone alone. */
static void exchanges(const char *path, uint32_t n, bool checks) {
        Server server = { .statement = open_table(path), .n = n, .checks = checks };
        BenchMaster master = { .receiver = { .in = { .sin_family = AF_INET,
                                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } },
                               .authorization = "-" };
        socklen_t size = sizeof master.receiver;
        char zone[BENCH_NAME_MAX], body[BENCH_ZONE_MAX];
        pthread_t thread;

        server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (server.fd < 0 || bind(server.fd, &master.receiver.sa, sizeof master.receiver.in) < 0 ||
            listen(server.fd, 16) < 0 || getsockname(server.fd, &master.receiver.sa, &size) < 0)
                bench_fail("a listening socket: %s", strerror(errno));
        if (pthread_create(&thread, NULL, serve, &server) != 0)
                bench_fail("no more threads");

        uint64_t start = ddns_monotonic_usec();
        for (uint32_t i = 0; i < n; i++) {
                uint64_t began = ddns_monotonic_usec();

                bench_name(zone, i, PARENT);
                bench_push(&master, zone, body, bench_zone(body, zone, i + 1));
                (void) printf("%.6f\n", bench_seconds_since(began));
        }
        (void) printf("%.6f\n", bench_seconds_since(start));
        (void) pthread_join(thread, NULL);
        (void) close(server.fd);
        close_table(server.statement);
}

/* ---- files and control commands ---------------------------------------------------------------------------------- */

typedef struct Site {
        const char *directory;
        DdnsSockaddr nameserver;
        DdnsHmacKey key;
        DdnsRndc *rndc;
} Site;

static void open_site(Site *s, char *arguments[]) {
        DdnsSockaddr control = bench_loopback(arguments[1]);
        DdnsMessage message;

        s->directory = arguments[0];
        s->nameserver = bench_loopback(arguments[3]);
        if (ddns_hmac_key_read(arguments[2], &s->key, &message) < 0 ||
            ddns_rndc_connect(&control, &s->key, 10 * USEC_PER_SEC, &s->rndc, &message) < 0)
                bench_fail("%s", message.text);
}

static void command(const Site *s, const char *text) {
        DdnsRndcReply reply;
        DdnsMessage message;

        if (ddns_rndc_command(s->rndc, text, &reply, &message) < 0)
                bench_fail("%s", message.text);
        if (reply.result != 0)
                bench_fail("%s: %s %s", text, reply.error, reply.text);
}

/* As every writer of zone files has to do it: a temporary file, then the rename. */
static void write_zone(const Site *s, const char *zone, uint32_t serial, bool sync) {
        char body[BENCH_ZONE_MAX], path[512], temp[520];

        size_t size = bench_zone(body, zone, serial);
        (void) snprintf(path, sizeof path, "%s/%s.db", s->directory, zone);
        (void) snprintf(temp, sizeof temp, "%s.tmp", path);
        int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0 || write(fd, body, size) != (ssize_t) size || (sync && fsync(fd) < 0) ||
            close(fd) < 0 || rename(temp, path) < 0)
                bench_fail("%s: %s", path, strerror(errno));
}

static void sync_directory(const Site *s) {
        int fd = open(s->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 || syncfs(fd) < 0 || close(fd) < 0)
                bench_fail("%s: %s", s->directory, strerror(errno));
}

static void add_zone(const Site *s, const char *zone) {
        char text[1024];

        (void) snprintf(text, sizeof text, "addzone %s { type primary; file \"%s/%s.db\"; };", zone,
                        s->directory, zone);
        command(s, text);
}

static void addzones(const Site *s, uint32_t n) {
        char zone[BENCH_NAME_MAX];
        uint64_t start = ddns_monotonic_usec();

        for (uint32_t i = 0; i < n; i++) {
                bench_name(zone, i, PARENT);
                write_zone(s, zone, 1, false);
        }
        sync_directory(s);
        for (uint32_t i = 0; i < n; i++) {
                bench_name(zone, i, PARENT);
                add_zone(s, zone);
        }
        bench_wait_served(&s->nameserver, zone, 1);
        (void) printf("%.6f\n", bench_seconds_since(start));
}

/* named takes a file for the one that it has if it is not younger than its loading, and files have the time of the last tick. */
static void wait_for_next_tick(void) {
        uint64_t now = ddns_now_usec();
        struct timespec tick;

        do
                (void) clock_gettime(CLOCK_REALTIME_COARSE, &tick);
        while ((uint64_t) tick.tv_sec * USEC_PER_SEC + (uint64_t) tick.tv_nsec / 1000 <= now);
}

/* A change of each of `n` zones, which are there. */
static void reloads(const Site *s, uint32_t n) {
        char zone[BENCH_NAME_MAX], text[BENCH_NAME_MAX + 8];

        for (uint32_t i = 0; i < n; i++) {
                bench_name(zone, i, "reload." PARENT);
                write_zone(s, zone, 1, true);
                add_zone(s, zone);
        }
        for (uint32_t i = 0; i < n; i++) {
                bench_name(zone, i, "reload." PARENT);
                bench_wait_served(&s->nameserver, zone, 1);
        }
        wait_for_next_tick();
        for (uint32_t i = 0; i < n; i++) {
                uint64_t start = ddns_monotonic_usec();

                bench_name(zone, i, "reload." PARENT);
                (void) snprintf(text, sizeof text, "reload %s", zone);
                write_zone(s, zone, 2, true);
                command(s, text);
                bench_wait_served(&s->nameserver, zone, 2);
                (void) printf("%.6f\n", bench_seconds_since(start));
        }
}

int main(int argc, char *argv[]) {
        Site site = { 0 };

        if (argc == 5 && strcmp(argv[1], "commits") == 0) {
                commits(argv[2], bench_number(argv[3], 1, 10000000), bench_number(argv[4], 1, 100000));
                return EXIT_SUCCESS;
        }
        if (argc == 4 && (strcmp(argv[1], "exchanges") == 0 || strcmp(argv[1], "checks") == 0)) {
                (void) mallopt(M_TRIM_THRESHOLD, BENCH_TRIM_THRESHOLD);
                exchanges(argv[2], bench_number(argv[3], 1, 10000000), strcmp(argv[1], "checks") == 0);
                return EXIT_SUCCESS;
        }
        if (argc != 7 || (strcmp(argv[1], "addzone") != 0 && strcmp(argv[1], "reload") != 0))
                bench_fail("Usage: bench-floor commits FILE ROWS ROWS-A-COMMIT\n"
                           "       bench-floor exchanges|checks FILE ROWS\n"
                           "       bench-floor addzone|reload DIRECTORY CONTROL-PORT KEY-FILE "
                           "NAMESERVER-PORT ZONES");

        uint32_t n = bench_number(argv[6], 1, 1000000);
        open_site(&site, argv + 2);
        (strcmp(argv[1], "addzone") == 0 ? addzones : reloads)(&site, n);
        (void) ddns_rndc_free(site.rndc);
        ddns_hmac_key_done(&site.key);
        return EXIT_SUCCESS;
}
