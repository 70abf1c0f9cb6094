/* SPDX-License-Identifier: MIT */
/* A table of addresses from which logins failed. */
#include <string.h>

#include "basic/address.h"
#include "basic/clock.h"
#include "receiver/guesses.h"

static DdnsGuesser *find(DdnsGuesses *g, const uint8_t key[16]) {
        for (size_t i = 0; i < DDNS_GUESSES_SOURCES; i++)
                if (g->sources[i].failures > 0 && memcmp(g->sources[i].address, key, 16) == 0)
                        return &g->sources[i];
        return NULL;
}

/* A free place, else the one whose last failure is longest ago and for which nothing waits. */
static DdnsGuesser *make_room(DdnsGuesses *g) {
        DdnsGuesser *oldest = NULL;

        for (size_t i = 0; i < DDNS_GUESSES_SOURCES; i++) {
                DdnsGuesser *s = &g->sources[i];

                if (s->failures == 0)
                        return s;
                if (s->held == 0 && (!oldest || s->last_usec < oldest->last_usec))
                        oldest = s;
        }
        return oldest;
}

bool ddns_guesses_is_full(DdnsGuesses *g, const struct sockaddr *address, unsigned looked_at) {
        uint8_t key[16];
        DdnsGuesser *s = ddns_address_site(address, key) ? find(g, key) : NULL;

        return s && s->held + looked_at >= DDNS_GUESSES_HELD_MAX;
}

static uint64_t delay_of(unsigned failures, uint64_t max_usec) {
        uint64_t delay = USEC_PER_SEC;

        if (failures <= DDNS_GUESSES_FREE)
                return 0;
        for (failures -= DDNS_GUESSES_FREE + 1; failures > 0 && delay < max_usec; failures--)
                delay *= 2;
        return delay < max_usec ? delay : max_usec;
}

uint64_t ddns_guesses_failed(DdnsGuesses *g, const struct sockaddr *address, uint64_t now_monotonic_usec,
                             uint64_t max_usec, DdnsGuesser **ret_guesser) {
        uint8_t key[16];
        DdnsGuesser *s;
        uint64_t delay;

        *ret_guesser = NULL;
        if (!ddns_address_site(address, key))
                return 0;
        s = find(g, key);
        if (!s) {
                s = make_room(g);
                if (!s) /* answers wait everywhere: whoever this is, he is not alone */
                        return max_usec;
                *s = (DdnsGuesser){ 0 };
                memcpy(s->address, key, sizeof key);
        } else if (s->held == 0 && now_monotonic_usec - s->last_usec > DDNS_GUESSES_FORGET_USEC)
                s->failures = 0;

        s->last_usec = now_monotonic_usec;
        if (s->failures < UINT32_MAX)
                s->failures++;
        delay = delay_of(s->failures, max_usec);
        if (delay > 0) {
                s->held++;
                *ret_guesser = s;
        }
        return delay;
}

void ddns_guesses_release(DdnsGuesser *guesser) {
        guesser->held--;
}
