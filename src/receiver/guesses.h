/* SPDX-License-Identifier: MIT */
/* Who guesses passwords: how often logins failed from an address, and how late the next failure is answered.
 *
 * A right password is never slowed, and one that was right once in this process is known without a hash: from then on nobody
 * locks out the master he shares an address with. A master's first login can be refused while guesses wait, and that has to be so:
 * only the slow hash tells it from a guess. To look at more would let a guesser try more, and a line to wait in would be
 * filled by him. To know it from the process before, what is quick to check would have to be written down somewhere.
 *
 * An address is an IPv4 address or an IPv6 /64, which is what one customer has. The table has a fixed size; all of it belongs to the
 * event loop's thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Failures that are answered at once: somebody mistypes. */
#define DDNS_GUESSES_FREE 3
/* Answers that are held back for one address at a time. */
#define DDNS_GUESSES_HELD_MAX    4
#define DDNS_GUESSES_FORGET_USEC (UINT64_C(600) * 1000 * 1000)
#define DDNS_GUESSES_SOURCES     1024

typedef struct DdnsGuesser {
        uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
        unsigned failures;   /* 0: the place is free */
        unsigned held;       /* answers that wait */
        uint64_t last_usec;  /* monotonic */
} DdnsGuesser;

typedef struct DdnsGuesses {
        DdnsGuesser sources[DDNS_GUESSES_SOURCES];
} DdnsGuesses;

/* Whether so many answers wait for that address that another password is not worth a slow hash: refuse it unseen. `looked_at`:
 * logins from there whose passwords are being looked at; they count from the first failure on, since a master that pushes for
 * the first time may do so over many connections. */
bool ddns_guesses_is_full(DdnsGuesses *g, const struct sockaddr *address, unsigned looked_at);

/* A login failed. Gives how long to hold back the answer: 0 for the first ones, then a second, doubled with each, at most
 * `max_usec`. `*ret_guesser`: for ddns_guesses_release() when it goes out; NULL: it need not be called. */
uint64_t ddns_guesses_failed(DdnsGuesses *g, const struct sockaddr *address, uint64_t now_monotonic_usec,
                             uint64_t max_usec, DdnsGuesser **ret_guesser);
void ddns_guesses_release(DdnsGuesser *guesser);
