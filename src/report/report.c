/* SPDX-License-Identifier: MIT */
/* Events to the journal or to standard error. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "basic/cleanup.h"
#include "report/report.h"

#define MESSAGE_MAX 1024
#define FIELDS_MAX  12
#define MORE_MAX    20

static const struct {
        int priority;
        const char *message_id;
} events[_DDNS_EVENT_MAX] = {
        [DDNS_EVENT_DEBUG] = { LOG_DEBUG, NULL },
        [DDNS_EVENT_INFO] = { LOG_INFO, NULL },
        [DDNS_EVENT_NOTICE] = { LOG_NOTICE, NULL },
        [DDNS_EVENT_WARNING] = { LOG_WARNING, NULL },
        [DDNS_EVENT_ERROR] = { LOG_ERR, NULL },
        [DDNS_EVENT_STARTED] = { LOG_DEBUG, NULL },
        [DDNS_EVENT_STOPPED] = { LOG_DEBUG, NULL },
        [DDNS_EVENT_CONFIG_BAD] = { LOG_ERR, "2d1f0b7c5e0e4c7e9a2b6c0f3a9d4e10" },
        [DDNS_EVENT_STORE_FAILED] = { LOG_ERR, "7b8e3a5dc4f24d0f8a6e1c9d2f5b7a31" },
        [DDNS_EVENT_PUSH_ACCEPTED] = { LOG_INFO, "5a9c2e4f8d1b4a63b7f0c6e2d9a81b54" },
        [DDNS_EVENT_PUSH_REFUSED] = { LOG_WARNING, "c3f6a1d8b2e94705ae61f8d3c4b09e76" },
        [DDNS_EVENT_DELETE_ACCEPTED] = { LOG_INFO, "91d4e7b3a8c64f2f95e0b1c7d6a3f208" },
        [DDNS_EVENT_DELETE_CONFLICT] = { LOG_WARNING, "e8b5c0d27f1a4e39b4d6a9f3c1e7082a" },
        [DDNS_EVENT_RECORDS_DROPPED] = { LOG_WARNING, "40f7d2a96c3b4b8e8e15d0c9b7a6f3e1" },
        [DDNS_EVENT_LOGIN_FAILED] = { LOG_WARNING, "b6a1c8e30d5f4f7291c4e7d8a2b3f960" },
        [DDNS_EVENT_NOT_SUPPORTED] = { LOG_NOTICE, "1e9b7f4ca6d8430cbf25e3a0d1c7b894" },
        [DDNS_EVENT_DELIVERED] = { LOG_INFO, "8c2d5f7ab1e0469ca3d9f6b4e8c0172d" },
        [DDNS_EVENT_DELIVERY_DEFERRED] = { LOG_WARNING, "f05a3c9e7d2b4816b0e4c7f1a9d5382b" },
        [DDNS_EVENT_DELIVERY_DEAD] = { LOG_ERR, "6d7e0f1b9a4c4c52a8f3e5d2b7c1906e" },
        [DDNS_EVENT_BACKEND_DOWN] = { LOG_ERR, "a4c9e1f6b3d74d089e7f2c5a8b0d61f3" },
        [DDNS_EVENT_BACKEND_UP] = { LOG_NOTICE, "3f8b6d0ec2a94e71bd5c1f7e9a3084c6" },
        [DDNS_EVENT_BACKEND_RESTARTED] = { LOG_NOTICE, "d7e2a5b8f0c3496f81b6d4e9c7a25f03" },
        [DDNS_EVENT_ZONE_LOST] = { LOG_WARNING, "29c0f4d6e8b1457ea9d3b7c5f1e6083a" },
        [DDNS_EVENT_DELIVERY_WARNING] = { LOG_WARNING, "57e3b0a9c41d4f6c8d92e6a7f0b5c318" },
        [DDNS_EVENT_NAMESERVER_SILENT] = { LOG_WARNING, "b0d46c7e93f84a15a7c2e8f5d1396b4a" },
        [DDNS_EVENT_PASS_ENDED] = { LOG_NOTICE, "d6d59b59b45d470c822ae0dc1b5e4bd7" },
        [DDNS_EVENT_ORPHAN_DELETED] = { LOG_NOTICE, "f91c4de4831449ef862980f5ec0c2931" },
        [DDNS_EVENT_ORPHAN_WAITS] = { LOG_NOTICE, "0b8ef25cd7c8492d8b91c501ac36c700" },
        [DDNS_EVENT_BRAKED] = { LOG_ERR, "13335c8217b245b0845e09dc2bacdad6" },
        [DDNS_EVENT_OWNER_CHANGED] = { LOG_NOTICE, "96f4ef3658f24fa99105eb1a52374e6f" },
        [DDNS_EVENT_MASTER_FAILED] = { LOG_WARNING, "6e4e8ab6d73a401faf9f8b90af04df23" },
        [DDNS_EVENT_ZONE_FETCHED] = { LOG_INFO, "837391e8ec5f491db479565dd752cf18" },
        [DDNS_EVENT_FETCH_FAILED] = { LOG_WARNING, "f30d9e69343c42969484bc3d42a82e5b" },
        [DDNS_EVENT_ZONE_LACKED] = { LOG_WARNING, "799867848c9a44f783f2b19d5e352cee" },
        [DDNS_EVENT_ZONE_DIFFERS] = { LOG_WARNING, "ea34836e204243f8a0bec498cf467f05" },
        [DDNS_EVENT_ZONES_FOREIGN] = { LOG_NOTICE, "e44c1c7bec88464bbd70d111553f1768" },
        [DDNS_EVENT_CERTIFICATE_EXPIRES] = { LOG_WARNING, "a9bb2b1ec2d3493aa4eb39318800d955" },
        [DDNS_EVENT_BACKEND_FORGOTTEN] = { LOG_WARNING, "d27f2372b16a4f9db2bead28c757cff9" },
        [DDNS_EVENT_NO_SOCKETS] = { LOG_ERR, "532e50f9e6314213b1c47d2b94852752" },
        [DDNS_EVENT_OWNER_UNCLEAR] = { LOG_WARNING, "f225f29c19df465c867eb8062c715615" },
};

static const char *identifier = "ddns";
static bool to_journal, never_to_stderr;
static int max_priority = LOG_INFO;

/* systemd.exec(5): which device and inode standard error has if it goes to the journal. Looking for the journal's socket
 * instead would send there what somebody redirected to a file. */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;

        /* NOLINTNEXTLINE(cert-err34-c): another number is another device */
        return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
               fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void ddns_report_open(const char *program, bool debug) {
        identifier = program;
        max_priority = debug ? LOG_DEBUG : LOG_INFO;
        to_journal = stderr_is_journal();
}

void ddns_report_open_journal(const char *program) {
        identifier = program;
        to_journal = never_to_stderr = true;
}

static void print_to_stderr(int priority, const char *text) {
        /* sd-daemon(3): the prefix carries the level when a service manager reads standard error. */
        if (isatty(STDERR_FILENO))
                (void) fprintf(stderr, "%s: %s\n", identifier, text);
        else
                (void) fprintf(stderr, "<%d>%s: %s\n", priority, identifier, text);
}

void ddns_report(DdnsEvent event, const DdnsReportFields *fields, const char *format, ...) {
        static const DdnsReportFields none = { 0 };
        int saved_errno = errno, priority = events[event].priority;
        char text[MESSAGE_MAX];
        va_list ap;

        if (priority > max_priority)
                return;
        if (!fields)
                fields = &none;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof text, format, ap);
        va_end(ap);
        /* Of what a client said: half a character of UTF-8 makes all of the message a blob to journalctl, and terminals obey
         * octets from 0x80 on too. */
        for (char *p = text; *p; p++)
                if ((unsigned char) *p < ' ' || (unsigned char) *p >= 0x7f)
                        *p = '?';

        if (!to_journal) {
                print_to_stderr(priority, text);
                errno = saved_errno;
                return;
        }

        char lines[FIELDS_MAX][MESSAGE_MAX + 32];
        struct iovec iov[FIELDS_MAX + MORE_MAX];
        int n = 0;

#define FIELD(cond, ...)                                                                    \
        do                                                                                  \
                if (cond) {                                                                 \
                        int length = snprintf(lines[n], sizeof lines[n], __VA_ARGS__);      \
                        if (length > 0)                                                     \
                                iov[n] = (struct iovec){ lines[n], strlen(lines[n]) }, n++; \
                }                                                                           \
        while (false)

        FIELD(true, "MESSAGE=%s", text);
        FIELD(true, "PRIORITY=%d", priority);
        FIELD(true, "SYSLOG_IDENTIFIER=%s", identifier);
        FIELD(events[event].message_id, "MESSAGE_ID=%s", events[event].message_id);
        FIELD(fields->zone, "DDNS_ZONE=%s", fields->zone);
        FIELD(fields->backend, "DDNS_BACKEND=%s", fields->backend);
        FIELD(fields->master, "DDNS_MASTER=%s", fields->master);
        FIELD(fields->client, "DDNS_CLIENT=%s", fields->client);
        FIELD(fields->hostname, "DDNS_HOSTNAME=%s", fields->hostname);
        FIELD(fields->generation, "DDNS_GENERATION=%" PRIu64, fields->generation);
        FIELD(fields->has_serial, "DDNS_SERIAL=%" PRIu32, fields->serial);
#undef FIELD
        for (int i = 0; fields->more && fields->more[i] && i < MORE_MAX; i++)
                iov[n++] = (struct iovec){ (char *) fields->more[i], strlen(fields->more[i]) };

        if (sd_journal_sendv(iov, n) < 0 && !never_to_stderr)
                print_to_stderr(priority, text);
        errno = saved_errno;
}
