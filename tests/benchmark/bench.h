/* SPDX-License-Identifier: MIT */
/* What the measuring programs share. They end the process on any failure, since there is no figure then. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "basic/address.h"

#define BENCH_NAME_MAX 64
#define BENCH_ZONE_MAX 2048

/* For mallopt(), as the receiver has it: else the heap shrinks with each zone check, which takes longer than it. */
#define BENCH_TRIM_THRESHOLD (1024 * 1024)

/* The zones that bench-push pushes are below this one. */
#define BENCH_PARENT "bench.example"

/* Ends the process with a message. */
_Noreturn void bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A number between `min` and `max` from the command line. */
uint32_t bench_number(const char *text, uint32_t min, uint32_t max);

DdnsSockaddr bench_loopback(const char *port);

/* Name of the i-th zone below `parent`. */
void bench_name(char ret[BENCH_NAME_MAX], uint32_t i, const char *parent);

/* A zone as a master writes it, of common size. Returns its length. */
size_t bench_zone(char ret[BENCH_ZONE_MAX], const char *zone, uint32_t serial);

/* The same with 15 records, and with that last octet in the address of its host www. */
size_t bench_zone_of_15(char ret[BENCH_ZONE_MAX], const char *zone, uint32_t serial, uint8_t www);

/* A line of standard input without its end: what must not stand in a command. */
void bench_secret(char *ret, size_t size);

double bench_seconds_since(uint64_t monotonic_usec);

/* Where to push, and who does it. */
typedef struct BenchMaster {
        DdnsSockaddr receiver;
        char authorization[512]; /* base64 of USERNAME:PASSWORD */
} BenchMaster;

/* Pushes a zone as a master does, by one HTTP/1.0 connection, until it is acknowledged. */
void bench_push(const BenchMaster *m, const char *zone, const char *body, size_t size);

/* Asks until the name server answers with `serial`. */
void bench_wait_served(const DdnsSockaddr *nameserver, const char *zone, uint32_t serial);
