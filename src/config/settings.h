/* SPDX-License-Identifier: MIT */
/* The table of settings as the walk and the value parsers see it; private to src/config. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

typedef enum DdnsSettingType {
        DDNS_SETTING_NUMBER,    /* uint32_t; min..max */
        DDNS_SETTING_DURATION,  /* uint64_t usec; min..max */
        DDNS_SETTING_DURATIONS, /* uint64_t usec[], count; each min..max */
        DDNS_SETTING_CHOICE,    /* bool or an enum, the index in `choices` */
        DDNS_SETTING_WORD,      /* char *; letters, digits and `extra`, min..max bytes */
        DDNS_SETTING_TEXT,      /* char *; printable, no ':', min..max bytes */
        DDNS_SETTING_PATH, /* char *; absolute and safe to quote in named's configuration, up to max bytes */
        DDNS_SETTING_URL, /* char *; http:// or https://, a host and perhaps a port; up to max bytes */
        DDNS_SETTING_PIN, /* char *; "sha256//BASE64", several with ';' between; up to max bytes */
        DDNS_SETTING_SECRET,    /* char *; where a secret is, see ddns_secret_path() */
        DDNS_SETTING_ADDRESS,   /* char *; an IP address */
        DDNS_SETTING_ENDPOINTS, /* DdnsSockaddr *, count; one, or a list of up to max */
        DDNS_SETTING_PREFIXES,  /* DdnsPrefix *, count; up to max entries */
        DDNS_SETTING_RECORDS, /* array of structs, count; up to max entries, described by the rows "KEY[].…" */
        _DDNS_SETTING_TYPE_MAX,
} DdnsSettingType;

enum {
        DDNS_SETTING_REQUIRED = 1 << 0,
        DDNS_SETTING_UNIQUE = 1 << 1, /* no two records of a list have the same string here */
        DDNS_SETTING_SELECTS =
                        1
                        << 2, /* the choice decides which rows apply to its record: bit 1 << value of `types` */
        DDNS_SETTING_HOST = 1 << 4,  /* a name that is kept in lower case and without the last dot */
        DDNS_SETTING_PROSE = 1 << 3, /* the default is a description for people: the field stays empty */
};

/* `types` of a row that applies whatever SELECTS says. */
#define DDNS_SETTING_ALL_TYPES (~0U)

/* A row. A record is the whole file or one entry of a list of records; `offset` and `count` count from its start. */
typedef struct DdnsSetting {
        const char *key; /* dotted, "[]" behind the name of a list of records */
        DdnsSettingType type;
        const char *fallback; /* parsed like a value from the file; NULL: none */
        uint64_t min, max;
        size_t offset;
        size_t size;  /* of the field, of one element where there is a count */
        size_t count; /* offset of the size_t that counts the elements */
        unsigned flags;
        unsigned types;             /* 0: all */
        const char *const *choices; /* min..max, NULL where a number means nothing */
        const char *extra;
} DdnsSetting;

/* What two keys of one record say about each other when the file has the first. */
typedef struct DdnsRelation {
        const char *key,
                        *other; /* of the table; `other` may be a section: "backends[].tls" is all below it */
        bool excludes;          /* `other` must not be there; else it must be */
} DdnsRelation;

#define DDNS_SETTINGS_MAX 96

extern const DdnsRelation ddns_relations[];
extern const size_t ddns_n_relations;

extern const DdnsSetting ddns_settings[];
extern const size_t ddns_n_settings;

/* Which backend types a row applies to. */
unsigned ddns_setting_types(const DdnsSetting *s);
/* Length of the part of the key that names the record: "backends[]." of "backends[].control.port". */
size_t ddns_setting_record_length(const DdnsSetting *s);
/* Why a key that people like to try isn't there; NULL if there is nothing special to say. */
const char *ddns_setting_hint(const char *key);
