/* SPDX-License-Identifier: MIT */
/* What the readers of both formats share. */
#pragma once

#include "directadmin/listing.h"

/* Checks a name and appends it. */
int ddns_da_names_add(DdnsDaNames *names, const char *name, size_t size, DdnsMessage *message);

/* Nothing, HTML, NULs, or `error=1&text=…`: what is a failure in either format. */
int ddns_da_check_text(const char *data, size_t size, DdnsMessage *message);
