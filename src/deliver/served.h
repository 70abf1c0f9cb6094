/* SPDX-License-Identifier: MIT */
/* Deliveries that are written, and of which the name servers do not yet all show that they serve them. While they wait for
 * their deadline, others go on. Private to src/deliver. */
#pragma once

#include "dns/soa.h"
#include "store/store.h"

/* How it stands with one delivery; the worst that any of the name servers says. */
typedef enum DdnsServed {
        DDNS_SERVED_YES,
        DDNS_SERVED_SILENT, /* a name server answers nothing at all, whatever it is asked */
        DDNS_SERVED_NO,
} DdnsServed;

/* A name server that is asked. */
typedef struct DdnsReader {
        const DdnsSockaddr *address;
        uint64_t silent_usec; /* monotonic: since when it is silent; 0: it answered last time */
        uint64_t ask_usec;    /* monotonic: silent: left alone until then */
        bool reported;        /* its silence */
} DdnsReader;

typedef struct DdnsWaiting {
        DdnsDelivery delivery;    /* without content */
        DdnsSoaQuestion question; /* as `reader` answered it */
        DdnsServed served;
        const DdnsReader *reader; /* the one that `served` is about */
        uint64_t since_usec;      /* all monotonic */
        uint64_t deadline_usec;
        uint64_t asked_usec; /* when that was; 0: not yet */
        uint64_t ask_usec;   /* when it is asked about again */
} DdnsWaiting;

typedef struct DdnsWaitingList {
        DdnsWaiting *items;
        size_t n, allocated, sorted; /* the first `sorted` are in the order of their zones */
        size_t next; /* where the search for some that are due goes on, so that none is left behind */
        DdnsReader *readers;
        size_t n_readers;
        bool without_aa; /* the name servers don't say that they are authoritative */
} DdnsWaitingList;

#define DDNS_WAITING_LIST_NULL ((DdnsWaitingList){ 0 })

/* `servers` outlive the list. -ENOMEM. */
int ddns_waiting_list_init(DdnsWaitingList *w, const DdnsSockaddr *servers, size_t n, bool without_aa);
void ddns_waiting_list_done(DdnsWaitingList *w);
/* Drops all deliveries. */
void ddns_waiting_list_clear(DdnsWaitingList *w);

/* Copies what it needs of `d`. A zone stands in the list once: forget it before. -ENOMEM. */
int ddns_waiting_list_add(DdnsWaitingList *w, const DdnsDelivery *d, uint64_t now_usec,
                          uint64_t timeout_usec);
/* NULL if it is not there. Valid until the list is changed. */
DdnsWaiting *ddns_waiting_list_find(DdnsWaitingList *w, const char *zone);
/* It is delivered anew, or something newer is. */
void ddns_waiting_list_forget(DdnsWaitingList *w, const char *zone);
/* Drops those whose zone's name was taken away (NULL). */
void ddns_waiting_list_sweep(DdnsWaitingList *w);

/* Asks all name servers about those that are due, each for at most `timeout_usec`. One that is silent is left alone for a
 * while. -ENOMEM: nothing was asked. */
int ddns_waiting_list_ask(DdnsWaitingList *w, uint64_t timeout_usec);

/* What a name server must say of `d`. The zone's name stays the delivery's. */
DdnsSoaQuestion ddns_served_question(const DdnsDelivery *d, bool without_aa);
