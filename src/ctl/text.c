/* SPDX-License-Identifier: MIT */
/* Escaping and time formats. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "basic/cleanup.h"
#include "ctl/text.h"

void ddns_escape(DdnsBuffer *b, const char *text) {
        /* Names and reasons come from the network: no byte of theirs may steer the terminal. C1 controls hide in UTF-8, so
         * all of it is escaped. */
        for (const unsigned char *p = (const unsigned char *) text; *p; p++)
                if (*p == '\n')
                        ddns_buffer_append_text(b, "\\n");
                else if (*p == '\t')
                        ddns_buffer_append_text(b, "\\t");
                else if (*p < 0x20 || *p > 0x7e)
                        ddns_buffer_append_format(b, "\\x%02x", *p);
                else
                        ddns_buffer_append_byte(b, (char) *p);
}

void ddns_time_distance(uint64_t usec, uint64_t now_usec, char ret[DDNS_TIME_TEXT_MAX]) {
        static const struct {
                uint64_t seconds;
                const char *name;
        } units[] = {
                { 86400, "d" },
                { 3600, "h" },
                { 60, "min" },
                { 1, "s" },
        };
        uint64_t seconds = (usec > now_usec ? usec - now_usec : now_usec - usec) / USEC_PER_SEC;

        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (seconds >= units[i].seconds) {
                        (void) snprintf(ret, DDNS_TIME_TEXT_MAX, "%" PRIu64 "%s",
                                        seconds / units[i].seconds, units[i].name);
                        return;
                }
        (void) snprintf(ret, DDNS_TIME_TEXT_MAX, "0s");
}

void ddns_time_relative(uint64_t usec, uint64_t now_usec, char ret[DDNS_TIME_TEXT_MAX]) {
        char distance[DDNS_TIME_TEXT_MAX];

        ddns_time_distance(usec, now_usec, distance);
        if (strcmp(distance, "0s") == 0)
                (void) snprintf(ret, DDNS_TIME_TEXT_MAX, "now");
        else
                (void) snprintf(ret, DDNS_TIME_TEXT_MAX, "%s%.32s%s", usec > now_usec ? "in " : "",
                                distance, usec > now_usec ? "" : " ago");
}

void ddns_duration(uint64_t usec, char ret[DDNS_TIME_TEXT_MAX]) {
        static const struct {
                uint64_t usec;
                const char *name;
        } units[] = {
                { 86400 * USEC_PER_SEC, "d" }, { 3600 * USEC_PER_SEC, "h" },
                { 60 * USEC_PER_SEC, "min" },  { USEC_PER_SEC, "s" },
                { USEC_PER_MSEC, "ms" },       { 1, "us" },
        };
        size_t i = 0;

        while (i + 1 < ARRAY_SIZE(units) && usec < units[i].usec)
                i++;
        uint64_t tenths = usec % units[i].usec * 10 / units[i].usec;
        if (usec / units[i].usec < 10 && tenths > 0)
                (void) snprintf(ret, DDNS_TIME_TEXT_MAX, "%" PRIu64 ".%" PRIu64 "%s",
                                usec / units[i].usec, tenths, units[i].name);
        else
                (void) snprintf(ret, DDNS_TIME_TEXT_MAX, "%" PRIu64 "%s", usec / units[i].usec,
                                units[i].name);
}

void ddns_time_local(uint64_t usec, char ret[DDNS_TIME_TEXT_MAX]) {
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;

        /* Not "%a", whose language is the locale's. */
        static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
        if (!localtime_r(&seconds, &tm) ||
            strftime(ret + 4, DDNS_TIME_TEXT_MAX - 4, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0) {
                (void) snprintf(ret, DDNS_TIME_TEXT_MAX, "@%" PRIu64, usec / USEC_PER_SEC);
                return;
        }
        memcpy(ret, days[tm.tm_wday], 3);
        ret[3] = ' ';
}

void ddns_time_iso(uint64_t usec, char ret[DDNS_TIME_TEXT_MAX]) {
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        struct tm tm = { 0 };

        (void) gmtime_r(&seconds, &tm);
        size_t n = strftime(ret, DDNS_TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
        (void) snprintf(ret + n, DDNS_TIME_TEXT_MAX - n, ".%06uZ", (unsigned) (usec % USEC_PER_SEC));
}
