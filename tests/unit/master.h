/* SPDX-License-Identifier: MIT */
/* A DirectAdmin server of the test's own that lists zones on one page, on loopback without TLS. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define MASTER_ZONES_MAX 64

typedef struct Master {
        unsigned port;
        pthread_mutex_t lock; /* over what follows */
        const char *zones[MASTER_ZONES_MAX];
        size_t n;
        int status; /* of its answers; 200 at first */
        unsigned n_requests;
        /* Called in its own thread before it answers; NULL: not. */
        void (*asked)(void *userdata);
        void *userdata;

        int fd;
        pthread_t thread;
} Master;

void master_start(Master *m);
void master_stop(Master *m);

/* `zones`: constants, NULL behind the last. */
void master_list(Master *m, const char *const *zones);
void master_set_asked(Master *m, void (*asked)(void *userdata), void *userdata);
void master_set_status(Master *m, int status);
unsigned master_requests(Master *m);

#define MASTER_LIST(m, ...) master_list((m), (const char *const[]){ __VA_ARGS__, NULL })
