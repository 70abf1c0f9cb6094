/* SPDX-License-Identifier: MIT */
/* What each target has: libFuzzer calls it in a build with -Dfuzz=enabled, replay.c else. A property that does not hold ends the
 * process by must(). */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() that stays whatever the build. */
#define must(condition)                                                                                \
        do                                                                                             \
                if (!(condition)) {                                                                    \
                        (void) fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
                        abort();                                                                       \
                }                                                                                      \
        while (0)
