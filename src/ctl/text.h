/* SPDX-License-Identifier: MIT */
/* Text that is safe on a terminal, and points in time for people and for programs. */
#pragma once

#include <stdint.h>

#include "basic/buffer.h"

/* Appends `text` with everything but printable ASCII as "\n", "\t" or "\xNN": one byte is one display cell then. */
void ddns_escape(DdnsBuffer *b, const char *text);

#define DDNS_TIME_TEXT_MAX 64

/* "2min ago", "in 5s", "now": the largest unit only. */
void ddns_time_relative(uint64_t usec, uint64_t now_usec, char ret[DDNS_TIME_TEXT_MAX]);
/* "2min", "0s": how far away it is, either way. */
void ddns_time_distance(uint64_t usec, uint64_t now_usec, char ret[DDNS_TIME_TEXT_MAX]);
/* "850us", "12ms", "3.4s", "2min", "5h": with as much as says something. */
void ddns_duration(uint64_t usec, char ret[DDNS_TIME_TEXT_MAX]);
/* "Mon 2026-11-23 05:31:16 UTC" in the local time zone. */
void ddns_time_local(uint64_t usec, char ret[DDNS_TIME_TEXT_MAX]);
/* "2026-11-23T05:31:16.000042Z", ISO 8601. */
void ddns_time_iso(uint64_t usec, char ret[DDNS_TIME_TEXT_MAX]);
