/* SPDX-License-Identifier: MIT */
/* The ddns-retry that was built, started as the service manager does it: wake-ups, lingering, lock, end. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "basic/clock.h"
#include "basic/wake.h"
#include "store/store.h"
#include "test.h"

/* What must happen does so much sooner; only a failure takes that long. */
#define PATIENCE_MS 20000

typedef struct Fixture {
        char root[64], zones[96], wake[96], config[96], database[96];
        int wake_fd, notify_fd;
        pid_t pid; /* 0: not running */
        uint32_t serial;
} Fixture;

static int bind_datagram(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        (void) snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof address), 0);
        return fd;
}

static void write_config(const Fixture *f, const char *linger, const char *backends) {
        FILE *file = fopen(f->config, "w");

        assert_non_null(file);
        assert_true(fprintf(file,
                            "state: {database: %s, wake: %s}\nqueue: {linger: %s}\n"
                            "backends:\n  - {name: files, type: zone-files, zone-dir: %s}\n%s",
                            f->database, f->wake, linger, f->zones, backends) > 0);
        assert_int_equal(fclose(file), 0);
}

static int set_up(void **state) {
        Fixture *f = calloc(1, sizeof *f);
        char notify[96];

        strcpy(f->root, "/tmp/ddns-test-retry-XXXXXX");
        assert_non_null(mkdtemp(f->root));
        (void) snprintf(f->zones, sizeof f->zones, "%s/zones", f->root);
        (void) snprintf(f->wake, sizeof f->wake, "%s/wake", f->root);
        (void) snprintf(f->config, sizeof f->config, "%s/ddns.yaml", f->root);
        (void) snprintf(f->database, sizeof f->database, "%s/ddns.db", f->root);
        (void) snprintf(notify, sizeof notify, "%s/notify", f->root);
        assert_int_equal(mkdir(f->zones, 0700), 0);
        f->wake_fd = bind_datagram(f->wake);
        f->notify_fd = bind_datagram(notify);
        write_config(f, "60s", "");
        *state = f;
        return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

static int tear_down(void **state) {
        Fixture *f = *state;

        if (f->pid > 0) {
                (void) kill(f->pid, SIGKILL);
                (void) waitpid(f->pid, NULL, 0);
        }
        (void) close(f->wake_fd);
        (void) close(f->notify_fd);
        (void) nftw(f->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        free(f);
        return 0;
}

static void exec_retry(const Fixture *f, int error_fd) {
        char pid[16], notify[128];

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) snprintf(pid, sizeof pid, "%d", (int) getpid());
        (void) snprintf(notify, sizeof notify, "%s/notify", f->root);
        (void) setenv("LISTEN_PID", pid, 1);
        (void) setenv("LISTEN_FDS", "1", 1);
        (void) setenv("NOTIFY_SOCKET", notify, 1);
        (void) unsetenv("JOURNAL_STREAM");
        if (error_fd >= 0)
                (void) dup2(error_fd, STDERR_FILENO);
        if (f->wake_fd == 3)
                (void) fcntl(3, F_SETFD, 0);
        else
                (void) dup2(f->wake_fd, 3);
        (void) execl(RETRY, "ddns-retry", "--config", f->config, (char *) NULL);
        _exit(127);
}

static pid_t spawn(const Fixture *f, int error_fd) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
                exec_retry(f, error_fd);
        return pid;
}

/* Waits for a notification that contains `text`. */
static void await(Fixture *f, const char *text) {
        uint64_t end = ddns_monotonic_usec() + PATIENCE_MS * USEC_PER_MSEC;
        char buffer[512] = "";

        while (!strstr(buffer, text)) {
                struct pollfd pfd = { .fd = f->notify_fd, .events = POLLIN };

                if (poll(&pfd, 1, 100) == 1) {
                        ssize_t n = recv(f->notify_fd, buffer, sizeof buffer - 1, 0);
                        assert_true(n >= 0);
                        buffer[n] = '\0';
                }
                if (ddns_monotonic_usec() > end)
                        fail_msg("no notification \"%s\"", text);
        }
}

static void start(Fixture *f) {
        f->pid = spawn(f, -1);
        await(f, "READY=1");
}

static int wait_for_exit(pid_t pid) {
        uint64_t end = ddns_monotonic_usec() + PATIENCE_MS * USEC_PER_MSEC;
        int status;

        while (waitpid(pid, &status, WNOHANG) == 0) {
                if (ddns_monotonic_usec() > end) {
                        (void) kill(pid, SIGKILL);
                        fail_msg("ddns-retry does not end");
                }
                (void) usleep(2000);
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int await_exit(Fixture *f) {
        int status = wait_for_exit(f->pid);

        f->pid = 0;
        return status;
}

/* Into the log, as the receiver does it; nobody is woken. */
static void accept_change(Fixture *f, DdnsChange change) {
        DdnsStoreOptions options = { .busy_usec = 5 * USEC_PER_SEC, .history = 2, .rejected = 2 };
        ddns_cleanup(ddns_store_freep) DdnsStore *store = NULL;

        change.master = "da1";
        assert_int_equal(ddns_store_open(f->database, &options, &store, NULL), 0);
        assert_int_equal(ddns_store_accept(store, &change, 1, ddns_now_usec()), 0);
}

static void push(Fixture *f, const char *zone) {
        uint8_t digest[DDNS_DIGEST_SIZE];
        char content[64];

        int n = snprintf(content, sizeof content, "%s %u\n", zone, ++f->serial);
        assert_int_equal(ddns_digest(content, (size_t) n, digest), 0);
        DdnsChange c = { .kind = DDNS_CHANGE_SAVE,
                         .zone = zone,
                         .content = content,
                         .size = (size_t) n,
                         .digest = digest,
                         .serial = f->serial };
        accept_change(f, c);
}

static bool has_file(const Fixture *f, const char *zone) {
        char path[256];

        (void) snprintf(path, sizeof path, "%s/%s.db", f->zones, zone);
        return access(path, F_OK) == 0;
}

static void await_file(const Fixture *f, const char *zone) {
        uint64_t end = ddns_monotonic_usec() + PATIENCE_MS * USEC_PER_MSEC;
        char ignored[512];

        while (!has_file(f, zone)) {
                while (recv(f->notify_fd, ignored, sizeof ignored, MSG_DONTWAIT) >= 0)
                        ; /* it waits when nobody reads its notifications */
                if (ddns_monotonic_usec() > end)
                        fail_msg("%s is not delivered", zone);
                (void) usleep(2000);
        }
}

static void wake_up_delivers_at_once(void **state) {
        Fixture *f = *state;

        assert_int_equal(ddns_wake(f->wake), 0);
        start(f);
        await(f, "nothing left to do");
        for (unsigned i = 0; i < 20; i++) {
                char zone[32];

                (void) snprintf(zone, sizeof zone, "z%u.test", i);
                push(f, zone);
                assert_int_equal(ddns_wake(f->wake), 0);
                await_file(f, zone);
        }
}

static void it_leaves_with_0_after_lingering(void **state) {
        Fixture *f = *state;

        write_config(f, "1s", "");
        push(f, "a.test");
        uint64_t begin = ddns_monotonic_usec();
        start(f);
        assert_int_equal(await_exit(f), 0);
        assert_true(ddns_monotonic_usec() - begin >= USEC_PER_SEC);
        assert_true(has_file(f, "a.test"));
}

static void started_for_nothing_it_does_not_linger(void **state) {
        Fixture *f = *state;

        start(f);
        assert_int_equal(await_exit(f), 0);
}

/* Somebody plays the service manager: whenever it has left and a datagram waits, it is started again. */
static void wake_up_while_it_leaves_is_not_lost(void **state) {
        Fixture *f = *state;

        write_config(f, "0s", "");
        for (unsigned i = 0; i < 4; i++) {
                char zone[32];

                start(f);
                await(f, "STOPPING=1");
                (void) snprintf(zone, sizeof zone, "z%u.test", i);
                push(f, zone);
                assert_int_equal(ddns_wake(f->wake), 0);
                assert_int_equal(await_exit(f), 0);
                struct pollfd pfd = { .fd = f->wake_fd, .events = POLLIN };
                assert_int_equal(poll(&pfd, 1, 0), 1);
                start(f);
                await_file(f, zone);
                assert_int_equal(await_exit(f), 0);
                assert_int_equal(poll(&pfd, 1, 0), 0);
        }
}

static void second_instance_leaves_and_says_why(void **state) {
        Fixture *f = *state;
        char text[1024] = "";
        int fds[2];

        assert_int_equal(ddns_wake(f->wake), 0);
        start(f);
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid_t second = spawn(f, fds[1]);
        (void) close(fds[1]);
        assert_int_equal(wait_for_exit(second), 1);
        assert_true(read(fds[0], text, sizeof text - 1) > 0);
        (void) close(fds[0]);
        assert_non_null(strstr(text, "another ddns-retry is at work"));

        /* The lock goes with the process, however it ends. */
        assert_int_equal(kill(f->pid, SIGKILL), 0);
        assert_int_equal(await_exit(f), -1);
        assert_int_equal(ddns_wake(f->wake), 0);
        start(f);
}

/* Runs it until it has nothing to do; what it said. */
static void run_and_read(Fixture *f, char *ret, size_t size) {
        size_t used = 0;
        ssize_t n;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        f->pid = spawn(f, fds[1]);
        (void) close(fds[1]);
        while ((n = read(fds[0], ret + used, size - 1 - used)) > 0)
                used += (size_t) n;
        ret[used] = '\0';
        (void) close(fds[0]);
        assert_int_equal(await_exit(f), 0);
}

static void a_backend_that_is_taken_out_is_said_to_be_forgotten(void **state) {
        Fixture *f = *state;
        char text[4096];

        write_config(f, "0", "  - {name: gone, type: zone-files, zone-dir: /nonexistent}\n");
        run_and_read(f, text, sizeof text);
        assert_null(strstr(text, "forgotten"));
        push(f, "a.test");
        write_config(f, "0", "");
        run_and_read(f, text, sizeof text);
        assert_non_null(strstr(
                        text,
                        "gone is not in the configuration any more and forgotten; changes that it did "
                        "not get: 1. Zones that are deleted from now on stay in it"));
        run_and_read(f, text, sizeof text);
        assert_null(strstr(text, "forgotten"));
}

static void a_backend_whose_place_changed_is_said_to_start_anew(void **state) {
        Fixture *f = *state;
        char text[4096];

        write_config(f, "0", "  - {name: moved, type: zone-files, zone-dir: /nonexistent}\n");
        run_and_read(f, text, sizeof text);
        write_config(f, "0", "  - {name: moved, type: zone-files, zone-dir: /nonexistent/new}\n");
        run_and_read(f, text, sizeof text);
        assert_non_null(strstr(
                        text, "moved delivers to another place now (zone-files /nonexistent/new instead "
                              "of zone-files /nonexistent): it starts anew and gets all zones"));
        assert_null(strstr(text, "files delivers to"));
        run_and_read(f, text, sizeof text);
        assert_null(strstr(text, "starts anew"));
}

static void nothing_is_said_to_be_gone_that_nobody_was_asked_for(void **state) {
        Fixture *f = *state;
        char text[4096];

        write_config(f, "0", "");
        push(f, "a.test");
        run_and_read(f, text, sizeof text);
        assert_non_null(strstr(text, "a.test: serial 1 written by files"));
        accept_change(f, (DdnsChange){ .kind = DDNS_CHANGE_DELETE, .zone = "a.test" });
        run_and_read(f, text, sizeof text);
        assert_non_null(strstr(text, "a.test: deleted from files"));
        assert_null(strstr(text, "gone"));
}

static void sigterm_ends_it_with_0(void **state) {
        Fixture *f = *state;

        assert_int_equal(ddns_wake(f->wake), 0);
        start(f);
        assert_int_equal(kill(f->pid, SIGTERM), 0);
        await(f, "STOPPING=1");
        assert_int_equal(await_exit(f), 0);
}

/* A port where named would listen, and nobody ever answers. */
static int open_hanging_port(unsigned *ret) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof in;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(bind(fd, (struct sockaddr *) &in, size), 0);
        assert_int_equal(listen(fd, 5), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *) &in, &size), 0);
        *ret = ntohs(in.sin_port);
        return fd;
}

static void sigterm_ends_it_while_a_backend_hangs_and_others_go_on(void **state) {
        Fixture *f = *state;
        char key[96], backend[512];
        unsigned port;

        ddns_cleanup(ddns_closep) int fd = open_hanging_port(&port);
        (void) snprintf(key, sizeof key, "%s/rndc.key", f->root);
        FILE *file = fopen(key, "w");
        assert_non_null(file);
        (void) fputs("key \"test\" { algorithm hmac-sha256; secret \"d3Jvbmc=\"; };\n", file);
        assert_int_equal(fclose(file), 0);
        (void) snprintf(backend, sizeof backend,
                        "  - {name: hangs, type: bind, zone-dir: %s, control: {address: 127.0.0.1, port: "
                        "%u, key-file: %s, timeout: 2s}}\n",
                        f->root, port, key);
        write_config(f, "60s", backend);
        push(f, "a.test");
        start(f);
        await_file(f, "a.test");
        struct pollfd pfd = { .fd = fd, .events = POLLIN };
        assert_int_equal(poll(&pfd, 1, PATIENCE_MS), 1);
        uint64_t begin = ddns_monotonic_usec();
        assert_int_equal(kill(f->pid, SIGTERM), 0);
        assert_int_equal(await_exit(f), 0);
        assert_true(ddns_monotonic_usec() - begin < 10 * USEC_PER_SEC);
}

static void watchdog_is_fed_and_the_state_is_told(void **state) {
        Fixture *f = *state;

        assert_int_equal(setenv("WATCHDOG_USEC", "30000000", 1), 0);
        push(f, "a.test");
        start(f);
        assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
        await(f, "WATCHDOG=1");
        await(f, "STATUS=1 deliveries, nothing left to do");
        await(f, "WATCHDOG=1");
}

static void bad_configuration_is_exit_status_78(void **state) {
        Fixture *f = *state;

        write_config(f, "soon", "");
        f->pid = spawn(f, -1);
        assert_int_equal(await_exit(f), 78);
}

int main(void) {
#define RUN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                RUN(wake_up_delivers_at_once),
                RUN(it_leaves_with_0_after_lingering),
                RUN(started_for_nothing_it_does_not_linger),
                RUN(wake_up_while_it_leaves_is_not_lost),
                RUN(second_instance_leaves_and_says_why),
                RUN(a_backend_that_is_taken_out_is_said_to_be_forgotten),
                RUN(a_backend_whose_place_changed_is_said_to_start_anew),
                RUN(nothing_is_said_to_be_gone_that_nobody_was_asked_for),
                RUN(sigterm_ends_it_with_0),
                RUN(sigterm_ends_it_while_a_backend_hangs_and_others_go_on),
                RUN(watchdog_is_fed_and_the_state_is_told),
                RUN(bad_configuration_is_exit_status_78),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
