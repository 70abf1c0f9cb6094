/* SPDX-License-Identifier: MIT */
/* What zonedir.c (writing) and zonedir-inspect.c (comparing) share. */
#pragma once

#include "basic/domain.h"
#include "deliver/zonedir.h"

#define DDNS_ZONEDIR_SUFFIX ".db"

struct DdnsZoneDir {
        int fd;
        char *path;
        bool reading; /* nothing is to be changed */
};

typedef struct DdnsZoneFileName {
        char text[DDNS_ZONE_NAME_MAX + sizeof DDNS_ZONEDIR_SUFFIX];
} DdnsZoneFileName;

int ddns_zonedir_file_name(const char *zone, DdnsZoneFileName *ret, DdnsMessage *message);

/* The directory as a whole is out of order. */
int ddns_zonedir_fail(const DdnsZoneDir *d, int error, DdnsMessage *message);
