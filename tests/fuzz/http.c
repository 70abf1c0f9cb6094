/* SPDX-License-Identifier: MIT */
/* What a client sends on a connection, through libmicrohttpd and all that stands behind it. The first octet chooses the socket: 'm' that
 * for metrics, else the one for masters, where "AUTH" stands for a right login. Nothing is answered 200 to masters without one, nothing
 * is changed without one, and nothing is left of the connection. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/clock.h"
#include "fuzz.h"
#include "receiver/http.h"
#include "report/report.h"
#include "store/figures.h"

#define LOGIN      "AUTH"
#define HASH       "$2b$04$abcdefghijklmnopqrstuu/Egp0tXdDmswvLfX/92nRHVhkTXBiS." /* the cheapest there is */
#define RIGHT      "Basic ZGRuczpLcTctdloyeC5XbTQ="
#define ANSWER_MAX 65536
#define LONG_USEC  (20 * USEC_PER_SEC)

/* In the place of report.c: nobody listens. */
void ddns_report(DdnsEvent event, const DdnsReportFields *fields, const char *format, ...) {
}

typedef struct Server {
        char directory[64];
        DdnsMaster master;
        DdnsConfig config;
        DdnsService service;
        DdnsGuesses guesses;
        DdnsHttpShared shared;
        DdnsPipeline *pipeline;
        DdnsStore *store;
        DdnsHttp *http[2];
        struct sockaddr_in address[2];
} Server;

static Server server;

static const char *path(const char *name) {
        static char text[128];

        (void) snprintf(text, sizeof text, "%s/%s", server.directory, name);
        return text;
}

static void remove_all(void) {
        static const char *const names[] = { "hash", "ddns.db", "ddns.db-wal", "ddns.db-shm", "" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                (void) remove(path(names[i]));
}

static void missing(const DdnsMaster *master, const char *why) {
        (void) fprintf(stderr, "%s\n", why);
}

static int listen_on(struct sockaddr_in *address) {
        socklen_t size = sizeof *address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        *address = (struct sockaddr_in){ .sin_family = AF_INET,
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        must(fd >= 0 && bind(fd, (struct sockaddr *) address, size) == 0 && listen(fd, 16) == 0);
        must(getsockname(fd, (struct sockaddr *) address, &size) == 0);
        return fd;
}

static void start(void) {
        static const DdnsHttpKind kinds[] = { DDNS_HTTP_PLAIN, DDNS_HTTP_METRICS };
        Server *s = &server;
        DdnsMessage message = DDNS_MESSAGE_NULL;
        DdnsPipelineOptions options = {
                .store = { .busy_usec = LONG_USEC, .history = 3, .rejected = 10 },
                .workers = 2,
                .metrics = true,
                .done = ddns_http_done
        };

        (void) signal(SIGPIPE, SIG_IGN);
        (void) snprintf(s->directory, sizeof s->directory, "%s/ddns-fuzz-XXXXXX",
                        getenv("TMPDIR") ?: "/tmp");
        must(mkdtemp(s->directory) && atexit(remove_all) == 0);
        FILE *f = fopen(path("hash"), "w");
        must(f && fputs(HASH "\n", f) >= 0 && fclose(f) == 0);

        s->master = (DdnsMaster){ .name = (char *) "m",
                                  .username = (char *) "ddns",
                                  .password_file = strdup(path("hash")) };
        s->config = (DdnsConfig){ .receiver = { .masters = &s->master,
                                                .n_masters = 1,
                                                .max_body_kib = 2,
                                                .max_header_kib = 4,
                                                .max_memory_mib = 1,
                                                .max_records = 100,
                                                .max_connections_per_address = 16,
                                                .request_timeout_usec = LONG_USEC } };
        s->config.state.database = strdup(path("ddns.db"));
        ddns_service_init(&s->service, &s->config);
        s->shared = (DdnsHttpShared){ .config = &s->config,
                                      .metrics = &s->service.metrics,
                                      .guesses = &s->guesses,
                                      .max_connections = 16 };
        must(ddns_credentials_new(&s->master, 1, missing, &s->shared.credentials) == 0);
        options.database = s->config.state.database;
        options.wake = strdup(path("wake"));
        must(ddns_pipeline_new(&s->service, s->shared.credentials, &options, &s->pipeline, &message) ==
             0);
        must(ddns_store_open(options.database, &options.store, &s->store, &message) == 0);
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                must(ddns_http_new(&s->shared, listen_on(&s->address[i]), kinds[i], NULL, &s->http[i],
                                   &message) == 0);
                ddns_http_set_pipeline(s->http[i], s->pipeline);
        }
}

static uint64_t generation(void) {
        DdnsStoreCounts counts;

        must(ddns_store_count(server.store, &counts) == 0);
        return counts.generation;
}

/* As much as goes. False: the other side is through. */
static bool move(int fd, const DdnsBuffer *request, size_t *sent, DdnsBuffer *answer) {
        char bytes[4096];

        if (*sent < request->size) {
                ssize_t k = send(fd, request->data + *sent, request->size - *sent,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);

                if (k > 0)
                        *sent += (size_t) k;
                else if (k < 0 && errno != EAGAIN)
                        *sent = request->size; /* it takes no more */
                if (*sent == request->size)
                        (void) shutdown(fd, SHUT_WR);
        }
        ssize_t k = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (k > 0 && answer->size < ANSWER_MAX)
                ddns_buffer_append(answer, bytes, (size_t) k);
        return k > 0 || (k < 0 && errno == EAGAIN);
}

static void exchange(DdnsHttp *h, const struct sockaddr_in *address, const DdnsBuffer *request,
                     DdnsBuffer *answer) {
        uint64_t deadline = ddns_monotonic_usec() + LONG_USEC, timeout;
        /* each time from another address: one alone would soon have all its ports in TIME_WAIT */
        static uint32_t n;
        const struct sockaddr_in from = { .sin_family = AF_INET,
                                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK + n++ % 65536) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool open = true;
        size_t sent = 0;

        must(fd >= 0 && bind(fd, (const struct sockaddr *) &from, sizeof from) == 0);
        must(connect(fd, (const struct sockaddr *) address, sizeof *address) == 0);
        if (request->size == 0)
                (void) shutdown(fd, SHUT_WR);
        while (open || ddns_http_connections(h) > 0) {
                open = open && move(fd, request, &sent, answer);
                must(ddns_http_run(h, &timeout) == 0);
                must(ddns_monotonic_usec() < deadline);
                struct pollfd fds[] = { { .fd = ddns_http_fd(h), .events = POLLIN },
                                        { .fd = ddns_http_done_fd(h), .events = POLLIN },
                                        { .fd = open ? fd : -1, .events = POLLIN } };
                /* a request that will never be complete is cut when its time is over: here, when nothing moves any more */
                if (timeout > 0 && poll(fds, ARRAY_SIZE(fds), sent < request->size ? 0 : 2) == 0 &&
                    sent == request->size)
                        ddns_http_sweep(h, ddns_monotonic_usec() + 2 * LONG_USEC);
        }
        (void) close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer request = DDNS_BUFFER_NULL, answer = DDNS_BUFFER_NULL;
        bool metrics = size > 0 && data[0] == 'm', right = false;

        if (size == 0)
                return 0;
        if (!server.store)
                start();
        for (size_t i = 1; i < size; i++)
                if (size - i >= strlen(LOGIN) && memcmp(data + i, LOGIN, strlen(LOGIN)) == 0) {
                        ddns_buffer_append_text(&request, RIGHT);
                        i += strlen(LOGIN) - 1;
                        right = true;
                } else
                        ddns_buffer_append(&request, data + i, 1);
        must(ddns_buffer_status(&request) >= 0);

        memset(&server.guesses, 0, sizeof server.guesses);
        uint64_t before = generation();
        exchange(server.http[metrics], &server.address[metrics], &request, &answer);
        must(server.shared.memory == 0);
        if (answer.size > 0)
                must(strncmp(answer.data, "HTTP/1.", 7) == 0);
        if (metrics || !right)
                must(generation() == before);
        if (!metrics && !right)
                must(answer.size == 0 || !strstr(answer.data, "HTTP/1.1 200"));
        return 0;
}
