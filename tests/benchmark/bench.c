/* SPDX-License-Identifier: MIT */
/* Zones to push, and the question whether they are served. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "basic/clock.h"
#include "bench.h"
#include "dns/soa.h"

#define SERVED_USEC (120 * USEC_PER_SEC)
#define PAUSE_NSEC  (200 * 1000) /* between two questions: what a figure may be too high by */

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

size_t bench_zone(char ret[BENCH_ZONE_MAX], const char *zone, uint32_t serial) {
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
                         "www\t3600\tIN\tA\t192.0.2.10\n\n"
                         "%s.\t3600\tIN\tMX\t10 mail\n\n\n\n"
                         "%s.\t3600\tIN\tTXT\t\"v=spf1 a mx ip4:192.0.2.10 ip6:2001:db8::5bd ~all\"\n"
                         "_dmarc\t3600\tIN\tTXT\t\"v=DMARC1; p=none\"\n\n\n\n\n\n\n\n",
                         zone, serial, zone, zone, zone, zone, zone);
        if (n < 0 || n >= BENCH_ZONE_MAX)
                bench_fail("%s: the zone is too long", zone);
        return (size_t) n;
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
