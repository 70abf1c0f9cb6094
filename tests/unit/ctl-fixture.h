/* SPDX-License-Identifier: MIT */
/* A directory with a configuration and a database, and ddnsctl run on it in this process. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "reconcile/pass.h"
#include "store/store.h"

#define SOA  "@ 3600 IN SOA ns1.host.test. hostmaster.host.test. 2026010100 3600 3600 1209600 86400\n"
#define ZONE SOA "@ 3600 IN NS ns1.host.test.\nwww 300 IN A 192.0.2.1\n"

typedef struct Fixture {
        char directory[64], config[96], database[96], wake[96];
        DdnsStore *store;
        const char *input; /* standard input of the next run */
        int status;
        char *out, *err;
} Fixture;

/* Two backends without servers, "files" and "asked". With the database, or without one. */
int set_up(void **state);
int set_up_bare(void **state);
/* With the database, in which example.org waits for both, which ddns-retry has met. */
extern const DdnsStoreBackend both_backends[2];
int set_up_pushed(void **state);
int tear_down(void **state);
void open_store(Fixture *f);

void write_file(const Fixture *f, const char *name, const char *text);
/* Each %1$s of `format` becomes the directory. */
void write_config(Fixture *f, const char *format);

/* Runs ddnsctl with --config and the words given, up to NULL. What it prints is in `out` and `err`. */
int run(Fixture *f, ...) __attribute__((sentinel));
int run_to(Fixture *f, FILE *out, ...) __attribute__((sentinel));

/* Says what was looked for if it is not there. */
bool has(const char *text, const char *part);
json_t *parse(const char *text);
const char *text_of(const json_t *object, const char *key);
json_int_t number_of(const json_t *object, const char *key);

void push(Fixture *f, const char *zone);
/* Delivers what is due to `backend`; `error` NULL: with success. */
void deliver(Fixture *f, const char *backend, const char *error, size_t schedule_length);

int listen_for_wake(const Fixture *f);
bool was_woken(int fd);

/* What stands in the place of ddns_pass_run(); NULL: a pass that finds nothing. */
extern int (*fake_pass)(const DdnsConfig *config, const DdnsPassOptions *options, DdnsPass *ret,
                        DdnsMessage *message);
