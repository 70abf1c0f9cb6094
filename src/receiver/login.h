/* SPDX-License-Identifier: MIT */
/* Logins of one socket: whose password is worth a look, and the answers to those that failed, which are held back. Private to the
 * HTTP side; all of it belongs to the event loop's thread. */
#pragma once

#include <stdint.h>

#include "receiver/transaction.h"

/* The time that passwords take is bounded for each address, and those whose passwords are looked at leave room for others. NULL: this
 * one may be looked at; else why not. */
const char *ddns_login_why_not_verify(DdnsTransaction *t);

/* Reports the failure; answers it at once, or suspends the connection until ddns_login_resume() finds that it is time. */
enum MHD_Result ddns_login_refuse(DdnsTransaction *t);

/* Those whose time has come, or all when the program leaves. */
void ddns_login_resume(DdnsHttp *h);
/* When to call it again, from now on; UINT64_MAX: nothing waits. */
uint64_t ddns_login_wait_usec(const DdnsHttp *h);
