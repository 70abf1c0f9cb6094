/* SPDX-License-Identifier: MIT */
/* Zones, pushes of them, and the question whether they are served. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "basic/clock.h"
#include "bench.h"
#include "dns/soa.h"

#define SERVED_USEC (600 * USEC_PER_SEC) /* what is far behind gets there */
#define PAUSE_NSEC  (200 * 1000)         /* between two questions: what a figure may be too high by */
#define ANSWER_SEC  60

/* A string of a public key, of which there are two. */
#define KEY                                                                            \
        "AQEFAAOCAQ8AMIIBCgKCAQEA0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP" \
        "QRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijkl"

void bench_fail(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vfprintf(stderr, format, ap);
        va_end(ap);
        (void) fputc('\n', stderr);
        exit(EXIT_FAILURE);
}

uint32_t bench_number(const char *text, uint32_t min, uint32_t max) {
        char *end;

        errno = 0;
        unsigned long n = strtoul(text, &end, 10);
        if (errno != 0 || end == text || *end != '\0' || n < min || n > max)
                bench_fail("%s: a number from %" PRIu32 " to %" PRIu32 " is wanted", text, min, max);
        return (uint32_t) n;
}

DdnsSockaddr bench_loopback(const char *port) {
        return (DdnsSockaddr){ .in = { .sin_family = AF_INET,
                                       .sin_port = htons((uint16_t) bench_number(port, 1, UINT16_MAX)),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
}

void bench_name(char ret[BENCH_NAME_MAX], uint32_t i, const char *parent) {
        (void) snprintf(ret, BENCH_NAME_MAX, "z%06" PRIu32 ".%s", i, parent);
}

static size_t write_zone(char ret[BENCH_ZONE_MAX], const char *zone, uint32_t serial, uint8_t www,
                         const char *more) {
        int n = snprintf(ret, BENCH_ZONE_MAX,
                         "\n\n\n\n\n\n\n\n\n\n\n\n\n$TTL 3600\n"
                         "@       IN      SOA     ns1.host.example.      hostmaster.%s. (\n"
                         "                                                %" PRIu32 "\n"
                         "                                                3600\n"
                         "                                                3600\n"
                         "                                                1209600\n"
                         "                                                86400 )\n\n"
                         "%s.\t3600\tIN\tNS\tns1.host.example.\n"
                         "%s.\t3600\tIN\tNS\tns2.host.example.\n\n"
                         "ftp\t3600\tIN\tA\t192.0.2.10\n"
                         "%s.\t3600\tIN\tA\t192.0.2.10\n"
                         "mail\t3600\tIN\tA\t192.0.2.10\n"
                         "pop\t3600\tIN\tA\t192.0.2.10\n"
                         "smtp\t3600\tIN\tA\t192.0.2.10\n"
                         "www\t3600\tIN\tA\t192.0.2.%u\n\n"
                         "%s.\t3600\tIN\tMX\t10 mail\n\n\n\n"
                         "%s.\t3600\tIN\tTXT\t\"v=spf1 a mx ip4:192.0.2.10 ip6:2001:db8::5bd ~all\"\n"
                         "_dmarc\t3600\tIN\tTXT\t\"v=DMARC1; p=none\"\n%s\n\n\n\n\n\n\n",
                         zone, serial, zone, zone, zone, www, zone, zone, more);
        if (n < 0 || n >= BENCH_ZONE_MAX)
                bench_fail("%s: the zone is too long", zone);
        return (size_t) n;
}

size_t bench_zone(char ret[BENCH_ZONE_MAX], const char *zone, uint32_t serial) {
        return write_zone(ret, zone, serial, 10, "");
}

size_t bench_zone_of_15(char ret[BENCH_ZONE_MAX], const char *zone, uint32_t serial, uint8_t www) {
        return write_zone(ret, zone, serial, www,
                          "webmail\t3600\tIN\tA\t192.0.2.10\n"
                          "webmail\t3600\tIN\tAAAA\t2001:db8::5bd\n"
                          "x._domainkey\t3600\tIN\tTXT\t\"v=DKIM1; k=rsa; p=" KEY "\" \"" KEY "\"\n");
}

void bench_wait_served(const DdnsSockaddr *nameserver, const char *zone, uint32_t serial) {
        uint64_t deadline = ddns_monotonic_usec() + SERVED_USEC;

        for (;;) {
                DdnsSoaQuestion q = { .zone = zone, .want_serial = serial };

                int r = ddns_soa_ask(nameserver, &q, 1, USEC_PER_SEC);
                if (r < 0)
                        bench_fail("asking the name server: errno %d", -r);
                if (ddns_soa_is_served(&q))
                        return;
                if (ddns_monotonic_usec() > deadline)
                        bench_fail("%s is not served with serial %" PRIu32, zone, serial);
                (void) clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ .tv_nsec = PAUSE_NSEC },
                                       NULL);
        }
}

void bench_secret(char *ret, size_t size) {
        if (!fgets(ret, (int) size, stdin))
                bench_fail("credentials are missing on standard input");
        ret[strcspn(ret, "\n")] = '\0';
}

double bench_seconds_since(uint64_t monotonic_usec) {
        return (double) (ddns_monotonic_usec() - monotonic_usec) / (double) USEC_PER_SEC;
}

/* ---- a master ---- */

static int connect_receiver(const BenchMaster *m) {
        struct timeval timeout = { .tv_sec = ANSWER_SEC };

        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0 ||
            connect(fd, &m->receiver.sa, ddns_sockaddr_length(&m->receiver)) < 0)
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

void bench_push(const BenchMaster *m, const char *zone, const char *body, size_t size) {
        char request[BENCH_ZONE_MAX + 1024];

        int n = snprintf(request, sizeof request,
                         "POST /CMD_API_DNS_ADMIN?action=rawsave&domain=%s&hostname=server1.example.com "
                         "HTTP/1.0\r\nAuthorization: Basic %s\r\nHost: ns9.example.net\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         zone, m->authorization, size, body);
        if (n < 0 || (size_t) n >= sizeof request)
                bench_fail("%s: the request is too long", zone);

        int fd = connect_receiver(m);
        if (send(fd, request, (size_t) n, MSG_NOSIGNAL) != n)
                bench_fail("send: %s", strerror(errno));
        check_answer(fd);
        (void) close(fd);
}
