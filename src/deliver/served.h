/* SPDX-License-Identifier: MIT */
/* Deliveries that are written, and of which the name server does not yet show that it serves them. While they wait for
 * their deadline, others go on. Private to src/deliver. */
#pragma once

#include "dns/soa.h"
#include "store/store.h"

typedef struct DdnsWaiting {
        DdnsDelivery delivery; /* without content */
        DdnsSoaQuestion question;
        uint64_t deadline_usec; /* monotonic */
} DdnsWaiting;

typedef struct DdnsWaitingList {
        DdnsWaiting *items;
        size_t n, allocated;
} DdnsWaitingList;

#define DDNS_WAITING_LIST_NULL ((DdnsWaitingList){ 0 })

void ddns_waiting_list_done(DdnsWaitingList *w);

/* Moves the delivery's names out of `d`, its content is not needed any more. -ENOMEM. */
int ddns_waiting_list_add(DdnsWaitingList *w, DdnsDelivery *d, uint64_t deadline_usec);
/* Asks about all of them once. False: no answer to any of them, or asking failed; then what is known of them stays or is
 * SILENT. */
bool ddns_waiting_list_ask(DdnsWaitingList *w, const DdnsSockaddr *server, uint64_t timeout_usec);
/* That generation of that zone is in the list. An entry of an older generation is dropped: it is overtaken. */
bool ddns_waiting_list_has(DdnsWaitingList *w, const char *zone, uint64_t generation);
/* The deadline of one of them has come. */
bool ddns_waiting_list_is_over(const DdnsWaitingList *w, uint64_t now_usec);
void ddns_waiting_list_drop(DdnsWaitingList *w, size_t i);

/* What the name server must say of `d`. The zone's name stays the delivery's. */
DdnsSoaQuestion ddns_served_question(const DdnsDelivery *d);
