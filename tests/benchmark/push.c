/* SPDX-License-Identifier: MIT */
/* Pushes zones as a master does, one HTTP/1.0 connection each, as fast as they are answered.
 *
 * Standard input: base64 of USERNAME:PASSWORD. Standard output: with "all", the seconds until the last answer, and with a
 * name server also until it serves the last zone; with "each", the seconds from each push until it is served. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "basic/clock.h"
#include "bench.h"

#define PARENT          "bench.example"
#define CONNECTIONS_MAX 256
#define ANSWER_SEC      60

static char authorization[512];
static DdnsSockaddr receiver;
static uint32_t n_pushes, n_zones, first_serial;
static atomic_uint_fast32_t next_push;

static int connect_receiver(void) {
        struct timeval timeout = { .tv_sec = ANSWER_SEC };

        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0 ||
            connect(fd, &receiver.sa, ddns_sockaddr_length(&receiver)) < 0)
                bench_fail("connect: %s", strerror(errno));
        return fd;
}

static void check_answer(int fd) {
        char answer[2048];
        size_t size = 0;
        ssize_t n;

        while ((n = recv(fd, answer + size, sizeof answer - 1 - size, 0)) > 0)
                size += (size_t) n;
        answer[size] = '\0';
        if (n < 0 || !strstr(answer, "\r\n\r\nerror=0"))
                bench_fail("push: %s", n < 0 ? strerror(errno) : answer);
}

static void push(const char *zone, uint32_t serial) {
        char body[BENCH_ZONE_MAX], request[BENCH_ZONE_MAX + 1024];

        size_t size = bench_zone(body, zone, serial);
        int n = snprintf(request, sizeof request,
                         "POST /CMD_API_DNS_ADMIN?action=rawsave&domain=%s&hostname=server1.example.com "
                         "HTTP/1.0\r\nAuthorization: Basic %s\r\nHost: ns9.example.net\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         zone, authorization, size, body);
        if (n < 0 || (size_t) n >= sizeof request)
                bench_fail("%s: the request is too long", zone);

        int fd = connect_receiver();
        if (send(fd, request, (size_t) n, MSG_NOSIGNAL) != n)
                bench_fail("send: %s", strerror(errno));
        check_answer(fd);
        (void) close(fd);
}

static void *run_connection(void *unused) {
        char zone[BENCH_NAME_MAX];
        uint32_t i;

        while ((i = (uint32_t) atomic_fetch_add(&next_push, 1)) < n_pushes) {
                bench_name(zone, i % n_zones, PARENT);
                push(zone, first_serial + i / n_zones);
        }
        return unused;
}

static void wait_all_served(const DdnsSockaddr *nameserver) {
        char zone[BENCH_NAME_MAX];

        /* The last one first: while the others wait they must not be asked for. */
        for (uint32_t i = n_pushes; i-- > (n_pushes > n_zones ? n_pushes - n_zones : 0);) {
                bench_name(zone, i % n_zones, PARENT);
                bench_wait_served(nameserver, zone, first_serial + i / n_zones);
        }
}

static double seconds_since(uint64_t usec) {
        return (double) (ddns_monotonic_usec() - usec) / (double) USEC_PER_SEC;
}

static void push_all(uint32_t n_connections, const DdnsSockaddr *nameserver) {
        pthread_t threads[CONNECTIONS_MAX];
        uint64_t start = ddns_monotonic_usec();

        for (uint32_t i = 0; i < n_connections; i++)
                if (pthread_create(threads + i, NULL, run_connection, NULL) != 0)
                        bench_fail("no more threads");
        for (uint32_t i = 0; i < n_connections; i++)
                (void) pthread_join(threads[i], NULL);
        (void) printf("%.6f\n", seconds_since(start));
        if (nameserver) {
                wait_all_served(nameserver);
                (void) printf("%.6f\n", seconds_since(start));
        }
}

static void push_each(const DdnsSockaddr *nameserver) {
        char zone[BENCH_NAME_MAX];

        for (uint32_t i = 0; i < n_pushes; i++) {
                uint64_t start = ddns_monotonic_usec();

                bench_name(zone, i % n_zones, PARENT);
                push(zone, first_serial + i / n_zones);
                bench_wait_served(nameserver, zone, first_serial + i / n_zones);
                (void) printf("%.6f\n", seconds_since(start));
        }
}

int main(int argc, char *argv[]) {
        DdnsSockaddr nameserver;

        if (argc != 8 || (strcmp(argv[1], "all") != 0 && strcmp(argv[1], "each") != 0))
                bench_fail("Usage: bench-push all|each PORT NAMESERVER-PORT|- CONNECTIONS PUSHES ZONES "
                           "SERIAL");
        if (!fgets(authorization, sizeof authorization, stdin))
                bench_fail("credentials are missing on standard input");
        authorization[strcspn(authorization, "\n")] = '\0';

        bool ask = strcmp(argv[3], "-") != 0;
        receiver = bench_loopback(argv[2]);
        if (ask)
                nameserver = bench_loopback(argv[3]);
        uint32_t n_connections = bench_number(argv[4], 1, CONNECTIONS_MAX);
        n_pushes = bench_number(argv[5], 1, 10000000);
        n_zones = bench_number(argv[6], 1, 1000000);
        first_serial = bench_number(argv[7], 1, INT32_MAX);

        if (strcmp(argv[1], "all") == 0)
                push_all(n_connections, ask ? &nameserver : NULL);
        else if (ask)
                push_each(&nameserver);
        else
                bench_fail("without a name server nobody knows when a push is served");
        return EXIT_SUCCESS;
}
