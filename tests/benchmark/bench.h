/* SPDX-License-Identifier: MIT */
/* What the measuring programs share. They end the process on any failure, since there is no figure then. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "basic/address.h"

#define BENCH_NAME_MAX 64
#define BENCH_ZONE_MAX 2048

/* Ends the process with a message. */
_Noreturn void bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A number between `min` and `max` from the command line. */
uint32_t bench_number(const char *text, uint32_t min, uint32_t max);

DdnsSockaddr bench_loopback(const char *port);

/* Name of the i-th zone below `parent`. */
void bench_name(char ret[BENCH_NAME_MAX], uint32_t i, const char *parent);

/* A zone as a master writes it, of common size. Returns its length. */
size_t bench_zone(char ret[BENCH_ZONE_MAX], const char *zone, uint32_t serial);

/* Asks until the name server answers with `serial`. */
void bench_wait_served(const DdnsSockaddr *nameserver, const char *zone, uint32_t serial);
