/* SPDX-License-Identifier: MIT */
/* The built ddns-receiver on a loopback socket of the test's own, and a client that speaks to it octet by octet.
 *
 * Everything fails the test by itself. Waits are for conditions, with a generous end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct Receiver {
        char directory[64], database[96], config[96], log[96];
        int listener;
        int metrics; /* the socket for scrapes; -1: none */
        pid_t pid;   /* 0: not running */
} Receiver;

/* Makes directory, configuration and socket, and starts the program. `settings`: lines of YAML below `receiver:`, indented by
 * two; `state`: likewise below `state:`. */
Receiver *receiver_new(const char *settings, const char *state);
/* Likewise, with ddns-metrics.socket beside it. */
Receiver *receiver_new_with_metrics(const char *settings, const char *state);
/* Ends the program, which must leave with status 0, and removes everything. */
void receiver_free(Receiver *r);

void receiver_start(Receiver *r);
/* Waits until it has left by itself; gives the exit status. */
int receiver_wait(Receiver *r);
/* Starts it anew with another hash of the master's password. */
void receiver_set_hash(Receiver *r, const char *hash);
/* What it reported so far; valid until the next call. */
const char *receiver_log(const Receiver *r);

/* The login of the one master: ddns, password pw. */
#define AUTHORIZATION "Authorization: Basic ZGRuczpwdw==\r\n"

/* A connection; reads and writes end the test when nothing happens for long. */
int client_connect(const Receiver *r);
int client_connect_metrics(const Receiver *r);
void client_write(int fd, const char *data, size_t size);
void client_say(int fd, const char *text);
/* The other side has closed, and said nothing before. */
void client_expect_end(int fd);
/* Anything to read within `ms`? */
bool client_has_answer(int fd, int ms);

typedef struct Answer {
        int status;
        char headers[2048];
        char body[16384];
} Answer;

/* The next answer on the connection; `head`: one without body. */
Answer client_read(int fd);
Answer client_read_head(int fd);

/* Connects, says it, reads one answer and closes. */
Answer client_ask(const Receiver *r, const char *request);

/* A rawsave of a small zone; false if it was not `error=0`. */
bool client_push(const Receiver *r, const char *zone, unsigned serial);
/* The bytes of that request. */
char *push_request(const char *zone, unsigned serial, const char *version);
bool client_has_zone(const Receiver *r, const char *zone);
