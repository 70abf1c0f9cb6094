/* SPDX-License-Identifier: MIT */
/* Scope-bound release of resources, in the manner of the compiler's cleanup attribute. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define ddns_cleanup(fn) __attribute__((cleanup(fn)))

/* Declares `static inline void NAMEp(type *p)` that calls `fn(*p)`, for ddns_cleanup(). */
#define DDNS_DEFINE_CLEANUP(type, fn)       \
        static inline void fn##p(type *p) { \
                if (*p)                     \
                        (void) fn(*p);      \
        }

/* Hands the pointer over: evaluates to it and leaves NULL behind. */
#define TAKE_PTR(p)                          \
        ({                                   \
                __typeof__(p) *_pp = &(p);   \
                __typeof__(p) _taken = *_pp; \
                *_pp = NULL;                 \
                _taken;                      \
        })

#define TAKE_FD(fd)                 \
        ({                          \
                int *_pfd = &(fd);  \
                int _taken = *_pfd; \
                *_pfd = -EBADF;     \
                _taken;             \
        })

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define USEC_PER_SEC  UINT64_C(1000000)
#define USEC_PER_DAY  (86400 * USEC_PER_SEC)
#define USEC_PER_MSEC UINT64_C(1000)

static inline void ddns_freep(void *p) {
        free(*(void **) p);
}

static inline void ddns_closep(int *fd) {
        if (*fd >= 0)
                (void) close(*fd);
}
