/* SPDX-License-Identifier: MIT */
/* Starting ddns-receiver as the service manager does, and talking to it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/file.h"
#include "receiver.h"
#include "test.h"

#define PATIENCE_MS 60000

static void write_config(const Receiver *r, const char *settings, const char *state) {
        FILE *f = fopen(r->config, "w");

        assert_non_null(f);
        fprintf(f,
                "state:\n  database: %s\n  wake: %s/wake\n%s"
                "receiver:\n  hostname: ns.test\n%s  masters:\n"
                "    - {name: da1, username: ddns, password-file: %s/hash}\n",
                r->database, r->directory, state, settings, r->directory);
        assert_int_equal(fclose(f), 0);
}

/* Of "pw", written down: the sanitizer's crypt() needs a libcrypt that nothing else here links. */
static const char cheap_hash[] = "$6$rounds=1000$saltsalt$nII71HJmawaDYdXrUHYtoWV/pe6ZN/eQzrZX"
                                 "dKjhrcMU0onLRg6A5m38udZu.lA6f53rIQturF4FMx1X99KF/0";

static void write_hash(const Receiver *r) {
        char path[96];
        FILE *f;

        (void) snprintf(path, sizeof path, "%s/hash", r->directory);
        f = fopen(path, "w");
        assert_non_null(f);
        fprintf(f, "%s\n", cheap_hash);
        assert_int_equal(fclose(f), 0);
}

static int listen_on_loopback(void) {
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *) &a, sizeof a), 0);
        assert_int_equal(listen(fd, 128), 0);
        return fd;
}

static Receiver *make(const char *settings, const char *state, bool metrics) {
        Receiver *r = calloc(1, sizeof *r);

        assert_non_null(r);
        strcpy(r->directory, "/tmp/ddns-test-XXXXXX");
        assert_non_null(mkdtemp(r->directory));
        (void) snprintf(r->database, sizeof r->database, "%s/ddns.db", r->directory);
        (void) snprintf(r->config, sizeof r->config, "%s/ddns.yaml", r->directory);
        (void) snprintf(r->log, sizeof r->log, "%s/log", r->directory);
        write_config(r, settings, state);
        write_hash(r);
        r->listener = listen_on_loopback();
        r->metrics = metrics ? listen_on_loopback() : -1;
        receiver_start(r);
        return r;
}

Receiver *receiver_new(const char *settings, const char *state) {
        return make(settings, state, false);
}

Receiver *receiver_new_with_metrics(const char *settings, const char *state) {
        return make(settings, state, true);
}

static void run_program(const Receiver *r) {
        char config[128], pid[16];
        int log = open(r->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        (void) snprintf(config, sizeof config, "--config=%s", r->config);
        (void) snprintf(pid, sizeof pid, "%d", (int) getpid());
        /* it ends with the test, however that ends */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || log < 0 || dup2(log, STDOUT_FILENO) < 0 ||
            dup2(log, STDERR_FILENO) < 0)
                _exit(120);

        /* out of the way first: each may have the other's number */
        int listener = fcntl(r->listener, F_DUPFD_CLOEXEC, 10);
        bool with_metrics = r->metrics >= 0;
        int metrics = with_metrics ? fcntl(r->metrics, F_DUPFD_CLOEXEC, 10) : -1;
        if (dup2(listener, 3) < 0 || (with_metrics && dup2(metrics, 4) < 0))
                _exit(120);
        (void) setenv("LISTEN_PID", pid, 1);
        (void) setenv("LISTEN_FDS", with_metrics ? "2" : "1", 1);
        (void) setenv("LISTEN_FDNAMES", with_metrics ? "ddns:metrics" : "ddns", 1);
        (void) execl(RECEIVER, "ddns-receiver", config, (char *) NULL);
        _exit(121);
}

void receiver_start(Receiver *r) {
        r->pid = fork();
        assert_true(r->pid >= 0);
        if (r->pid == 0)
                run_program(r);
}

int receiver_wait(Receiver *r) {
        uint64_t end = ddns_monotonic_usec() + PATIENCE_MS * USEC_PER_MSEC;
        int status;

        while (waitpid(r->pid, &status, WNOHANG) == 0) {
                if (ddns_monotonic_usec() > end) {
                        (void) kill(r->pid, SIGABRT);
                        (void) waitpid(r->pid, &status, 0);
                        fail_msg("ddns-receiver does not leave; it said: %s", receiver_log(r));
                }
                (void) poll(NULL, 0, 5);
        }
        r->pid = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void receiver_set_hash(Receiver *r, const char *hash) {
        char path[128];

        assert_true(client_push(r, "a.test", 0)); /* it is there, and takes signals */
        assert_int_equal(kill(r->pid, SIGTERM), 0);
        assert_int_equal(receiver_wait(r), 0);
        (void) snprintf(path, sizeof path, "%s/hash", r->directory);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fprintf(f, "%s\n", hash);
        assert_int_equal(fclose(f), 0);
        receiver_start(r);
}

void receiver_free(Receiver *r) {
        static const char *const files[] = { "ddns.db",   "ddns.db-wal", "ddns.db-shm",
                                             "ddns.yaml", "hash",        "log" };
        char path[128];
        int status = 0;

        if (r->pid > 0) {
                (void) kill(r->pid, SIGTERM);
                status = receiver_wait(r);
                if (status != 0)
                        print_error("ddns-receiver left with %d: %s", status, receiver_log(r));
        }
        (void) close(r->listener);
        ddns_closep(&r->metrics);
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                (void) snprintf(path, sizeof path, "%s/%s", r->directory, files[i]);
                (void) unlink(path);
        }
        (void) rmdir(r->directory);
        free(r);
        assert_int_equal(status, 0);
}

const char *receiver_log(const Receiver *r) {
        static char *log;

        free(log);
        log = NULL;
        return ddns_file_read(r->log, 16 << 20, &log, NULL, NULL) < 0 ? "" : log;
}

static int connect_to(int listener) {
        struct sockaddr_in a;
        socklen_t size = sizeof a;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *) &a, &size), 0);
        assert_int_equal(connect(fd, (struct sockaddr *) &a, size), 0);
        return fd;
}

int client_connect(const Receiver *r) {
        return connect_to(r->listener);
}

int client_connect_metrics(const Receiver *r) {
        return connect_to(r->metrics);
}

void client_write(int fd, const char *data, size_t size) {
        while (size > 0) {
                struct pollfd p = { .fd = fd, .events = POLLOUT };
                assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
                ssize_t n = send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n < 0)
                        fail_msg("the receiver does not read to the end: %s", strerror(errno));
                data += n;
                size -= (size_t) n;
        }
}

void client_say(int fd, const char *text) {
        client_write(fd, text, strlen(text));
}

bool client_has_answer(int fd, int ms) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        return poll(&p, 1, ms) == 1;
}

/* 0 at the end, or when the connection was reset. */
static size_t read_some(int fd, char *data, size_t size) {
        if (!client_has_answer(fd, PATIENCE_MS))
                fail_msg("no answer");
        ssize_t n = recv(fd, data, size, 0);

        return n < 0 ? 0 : (size_t) n;
}

void client_expect_end(int fd) {
        char c;

        assert_int_equal(read_some(fd, &c, 1), 0);
}

Answer client_read_head(int fd) {
        Answer a = { 0 };
        size_t n = 0;

        while (!strstr(a.headers, "\r\n\r\n")) {
                assert_true(n + 1 < sizeof a.headers);
                if (read_some(fd, a.headers + n, 1) == 0)
                        fail_msg("the connection ends within an answer's headers: \"%s\"", a.headers);
                n++;
        }
        assert_int_equal(sscanf(a.headers, "HTTP/1.%*1[01] %d", &a.status), 1);
        return a;
}

Answer client_read(int fd) {
        Answer a = client_read_head(fd);
        const char *length = strcasestr(a.headers, "\r\nContent-Length: ");
        size_t n = 0, size = length ? strtoul(length + 18, NULL, 10) : 0;

        assert_true(size < sizeof a.body);
        while (n < size) {
                size_t k = read_some(fd, a.body + n, size - n);

                if (k == 0)
                        fail_msg("the connection ends within an answer's body: \"%s\"", a.body);
                n += k;
        }
        return a;
}

Answer client_ask(const Receiver *r, const char *request) {
        int fd = client_connect(r);

        client_say(fd, request);
        Answer a = client_read(fd);
        (void) close(fd);
        return a;
}

char *push_request(const char *zone, unsigned serial, const char *version) {
        char *body, *request;

        assert_true(asprintf(&body,
                             "$TTL 60\n@ IN SOA ns.%s. host.%s. %u 1 1 1 1\n@ IN NS ns.%s.\n"
                             "ns IN A 192.0.2.1\n",
                             zone, zone, serial, zone) > 0);
        assert_true(asprintf(&request,
                             "POST /CMD_API_DNS_ADMIN?action=rawsave&domain=%s&hostname=server1.test "
                             "%s\r\n"
                             "Host: ns.test\r\n" AUTHORIZATION "Content-Length: %zu\r\n\r\n%s",
                             zone, version, strlen(body), body) > 0);
        free(body);
        return request;
}

bool client_push(const Receiver *r, const char *zone, unsigned serial) {
        ddns_cleanup(ddns_freep) char *request = push_request(zone, serial, "HTTP/1.0");
        Answer a = client_ask(r, request);

        return a.status == 200 && strcmp(a.body, "error=0") == 0;
}

bool client_has_zone(const Receiver *r, const char *zone) {
        char request[512];

        (void) snprintf(request, sizeof request,
                        "GET /CMD_API_DNS_ADMIN?action=exists&domain=%s HTTP/1.0\r\n" AUTHORIZATION
                        "\r\n",
                        zone);
        Answer a = client_ask(r, request);
        assert_int_equal(a.status, 200);
        return strncmp(a.body, "error=0&exists=1", 16) == 0;
}
