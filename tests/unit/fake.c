/* SPDX-License-Identifier: MIT */
/* The fake's backend operations and its DNS thread. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "fake.h"
#include "test.h"

#define FAKES_MAX 2

struct DdnsBackend {
        Fake *fake;
};

static Fake *fakes[FAKES_MAX];

/* ---- the backend ---- */

static int fake_new(const DdnsBackendConfig *config, DdnsBackend **ret, DdnsMessage *message) {
        DdnsBackend *b = calloc(1, sizeof *b);

        for (size_t i = 0; i < FAKES_MAX; i++)
                if (fakes[i] && fakes[i]->config == config)
                        b->fake = fakes[i];
        *ret = b;
        return 0;
}

static int fake_incarnation(DdnsBackend *b, DdnsMessage *ret, DdnsMessage *message) {
        Fake *f = b->fake;
        int r = 0;

        (void) pthread_mutex_lock(&f->lock);
        f->probes++;
        if (f->down)
                r = ddns_fail(message, -ECONNREFUSED, "connection refused");
        else
                (void) ddns_fail(ret, 0, "%s", f->incarnation);
        (void) pthread_mutex_unlock(&f->lock);
        return r;
}

static size_t find(const Fake *f, const char *zone) {
        size_t i = 0;

        while (i < f->n && strcmp(f->zones[i].zone, zone) != 0)
                i++;
        return i;
}

static void drop(Fake *f, const char *zone) {
        size_t i = find(f, zone);

        if (i < f->n)
                f->zones[i] = f->zones[--f->n];
}

static void take(Fake *f, const DdnsTask *t) {
        size_t i = find(f, t->zone);
        bool stale = f->stale && strcmp(f->stale, t->zone) == 0;

        if (i == f->n) {
                if (stale || f->n == FAKE_ZONES_MAX)
                        return;
                f->n++;
        }
        (void) snprintf(f->zones[i].zone, sizeof f->zones[i].zone, "%s", t->zone);
        f->zones[i].hidden = stale ? t->serial : 0;
        if (!stale)
                f->zones[i].serial = t->serial;
}

static void note(Fake *f, const DdnsTask *t) {
        size_t n = strlen(f->order);

        (void) snprintf(f->order + n, sizeof f->order - n, t->delete ? "-%s " : "%s@%u ", t->zone,
                        t->serial);
}

static int fake_apply(DdnsBackend *b, DdnsTask *tasks, size_t n, DdnsMessage *message) {
        Fake *f = b->fake;
        int r = 0;

        (void) pthread_mutex_lock(&f->lock);
        f->applies++;
        f->hanging = true;
        while (f->hang) {
                (void) pthread_mutex_unlock(&f->lock);
                (void) usleep(1000);
                (void) pthread_mutex_lock(&f->lock);
        }
        f->hanging = false;
        if (f->down)
                r = ddns_fail(message, -ECONNREFUSED, "connection refused");
        for (size_t i = 0; r >= 0 && i < n; i++) {
                note(f, tasks + i);
                if (f->poison && strcmp(f->poison, tasks[i].zone) == 0) {
                        tasks[i].state = DDNS_TASK_FAILED;
                        (void) ddns_fail(&tasks[i].message, 0, "poison");
                        continue;
                }
                tasks[i].state = DDNS_TASK_WRITTEN;
                if (f->altered && strcmp(f->altered, tasks[i].zone) == 0)
                        f->altered = NULL;
                if (f->unloaded && strcmp(f->unloaded, tasks[i].zone) == 0)
                        f->unloaded = NULL;
                if (f->warned && strcmp(f->warned, tasks[i].zone) == 0)
                        (void) ddns_fail(&tasks[i].warning, 0, "not all of it");
                if (!tasks[i].delete)
                        take(f, tasks + i);
                else if (!f->stale || strcmp(f->stale, tasks[i].zone) != 0)
                        drop(f, tasks[i].zone);
        }
        (void) pthread_mutex_unlock(&f->lock);
        return r;
}

static int fake_settle(DdnsBackend *b, const char *zone, bool served, DdnsMessage *message) {
        Fake *f = b->fake;

        (void) pthread_mutex_lock(&f->lock);
        size_t n = strlen(f->ends);
        int r = f->down ? ddns_fail(message, -ECONNREFUSED, "connection refused") : 0;
        if (r >= 0)
                (void) snprintf(f->ends + n, sizeof f->ends - n, "%c%s ", served ? '=' : '!', zone);
        (void) pthread_mutex_unlock(&f->lock);
        return r;
}

static int fake_inspect(DdnsBackend *b, DdnsTask *tasks, size_t n, DdnsMessage *message) {
        Fake *f = b->fake;
        int r = 0;

        (void) pthread_mutex_lock(&f->lock);
        f->inspections++;
        f->inspecting = true;
        while (f->inspect_hangs) {
                (void) pthread_mutex_unlock(&f->lock);
                (void) usleep(1000);
                (void) pthread_mutex_lock(&f->lock);
        }
        f->inspecting = false;
        if (f->down || f->inspect_fails)
                r = ddns_fail(message, -ECONNREFUSED, "%s",
                              f->inspect_fails ? f->inspect_fails : "connection refused");
        for (size_t i = 0; r >= 0 && i < n; i++) {
                bool altered = f->altered && strcmp(f->altered, tasks[i].zone) == 0;

                tasks[i].state = altered ? DDNS_TASK_FAILED : DDNS_TASK_WRITTEN;
                if (altered)
                        (void) ddns_fail(&tasks[i].message, 0, "altered");
        }
        (void) pthread_mutex_unlock(&f->lock);
        return r;
}

static int fake_list(DdnsBackend *b, DdnsNameHandler *each, void *userdata, DdnsMessage *message) {
        Fake *f = b->fake;
        int r = 0;

        (void) pthread_mutex_lock(&f->lock);
        for (size_t i = 0; r == 0 && i < f->n; i++)
                r = each(f->zones[i].zone, userdata);
        (void) pthread_mutex_unlock(&f->lock);
        return r;
}

static void fake_free(DdnsBackend *b) {
        free(b);
}

const DdnsBackendOps fake_ops = {
        .new = fake_new,
        .incarnation = fake_incarnation,
        .apply = fake_apply,
        .settle = fake_settle,
        .inspect = fake_inspect,
        .list = fake_list,
        .free = fake_free,
};

const DdnsBackendOps fake_database_ops = {
        .new = fake_new,
        .incarnation = fake_incarnation,
        .apply = fake_apply,
        .inspect = fake_inspect,
        .list = fake_list,
        .free = fake_free,
        .apart = true,
        .rewrite = true,
        .without_aa = true,
        .keeps_deleted = true,
};

/* ---- DNS ---- */

static void read_name(const uint8_t *packet, char ret[256]) {
        size_t n = 0;

        for (const uint8_t *p = packet + 12; *p && n < 190; p += *p + 1)
                n += (size_t) sprintf(ret + n, "%s%.*s", n > 0 ? "." : "", *p, (const char *) p + 1);
        ret[n] = '\0';
}

static void show_in_time(Fake *f, size_t i) {
        if (f->zones[i].hidden == 0 || f->stale_for == 0 || --f->stale_for > 0)
                return;
        f->zones[i].serial = f->zones[i].hidden;
        f->zones[i].hidden = 0;
}

/* Makes the answer in place. */
static size_t answer(Fake *f, uint8_t *packet, size_t n) {
        static const uint8_t head[] = { 0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0 };
        char name[256];

        read_name(packet, name);
        size_t i = find(f, name);
        packet[2] = f->without_aa ? 0x80 : 0x84; /* QR, AA */
        packet[3] = i < f->n ? 0 : f->unloaded && strcmp(f->unloaded, name) == 0 ? 2 : 5;
        if (i == f->n)
                return n;
        show_in_time(f, i);
        uint32_t numbers[] = { htonl(f->zones[i].serial), 0, 0, 0, 0 };
        packet[7] = 1;
        memcpy(packet + n, head, sizeof head);
        memcpy(packet + n + sizeof head, numbers, sizeof numbers);
        return n + sizeof head + sizeof numbers;
}

static void *serve(void *userdata) {
        Fake *f = userdata;

        for (;;) {
                struct pollfd pfd[] = { { .fd = f->fd, .events = POLLIN },
                                        { .fd = f->stop, .events = POLLIN } };
                DdnsSockaddr from;
                socklen_t size = sizeof from;
                uint8_t packet[1024];

                if (poll(pfd, 2, -1) < 0 || pfd[1].revents)
                        return NULL;
                ssize_t n = recvfrom(f->fd, packet, 512, MSG_DONTWAIT, &from.sa, &size);
                if (n < 12)
                        continue;
                (void) pthread_mutex_lock(&f->lock);
                size_t k = f->silent ? 0 : answer(f, packet, (size_t) n);
                (void) pthread_mutex_unlock(&f->lock);
                if (k > 0)
                        (void) sendto(f->fd, packet, k, 0, &from.sa, size);
        }
}

void fake_start(Fake *f, DdnsBackendConfig *config) {
        socklen_t size = sizeof f->address;
        size_t i = 0;

        *f = (Fake){ .config = config,
                     .incarnation = "first",
                     .fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
                     .stop = eventfd(0, EFD_CLOEXEC) };
        (void) pthread_mutex_init(&f->lock, NULL);
        f->address.in = (struct sockaddr_in){ .sin_family = AF_INET,
                                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        assert_int_equal(bind(f->fd, &f->address.sa, sizeof f->address.in), 0);
        assert_int_equal(getsockname(f->fd, &f->address.sa, &size), 0);
        assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
        while (fakes[i])
                i++;
        assert_true(i < FAKES_MAX);
        fakes[i] = f;
}

void fake_stop(Fake *f) {
        assert_int_equal(eventfd_write(f->stop, 1), 0);
        assert_int_equal(pthread_join(f->thread, NULL), 0);
        (void) close(f->fd);
        (void) close(f->stop);
        (void) pthread_mutex_destroy(&f->lock);
        for (size_t i = 0; i < FAKES_MAX; i++)
                if (fakes[i] == f)
                        fakes[i] = NULL;
}

int64_t fake_serial(Fake *f, const char *zone) {
        (void) pthread_mutex_lock(&f->lock);
        size_t i = find(f, zone);
        int64_t serial = i < f->n ? (int64_t) f->zones[i].serial : -1;
        (void) pthread_mutex_unlock(&f->lock);
        return serial;
}

void fake_show(Fake *f, const char *zone, uint32_t serial) {
        (void) pthread_mutex_lock(&f->lock);
        take(f, &(DdnsTask){ .zone = zone, .serial = serial });
        (void) pthread_mutex_unlock(&f->lock);
}

void fake_lose(Fake *f, const char *zone) {
        (void) pthread_mutex_lock(&f->lock);
        drop(f, zone);
        (void) pthread_mutex_unlock(&f->lock);
}

unsigned fake_count(Fake *f, const char *text) {
        unsigned n = 0;

        (void) pthread_mutex_lock(&f->lock);
        for (const char *at = strstr(f->order, text); at; at = strstr(at + 1, text))
                n++;
        (void) pthread_mutex_unlock(&f->lock);
        return n;
}
