/* SPDX-License-Identifier: MIT */
/* Starting, watching and stopping a program for tests. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>

#include "basic/clock.h"
#include "daemon.h"
#include "test.h"

#define START_SEC 30

/* Below those that the kernel gives to connections: one of them would take the port before the program, which may go on without. */
#define PORT_MIN 10000
#define PORT_MAX 32000

unsigned daemon_free_port(void) {
        for (unsigned tries = 0; tries < 100; tries++) {
                ddns_cleanup(ddns_closep) int udp = socket(AF_INET, SOCK_DGRAM, 0),
                                              tcp = socket(AF_INET, SOCK_STREAM, 0);
                unsigned port;

                assert_int_equal(getrandom(&port, sizeof port, 0), sizeof port);
                port = PORT_MIN + port % (PORT_MAX - PORT_MIN);
                struct sockaddr_in in = { .sin_family = AF_INET,
                                          .sin_port = htons((uint16_t) port),
                                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
                if (bind(udp, (struct sockaddr *) &in, sizeof in) == 0 &&
                    bind(tcp, (struct sockaddr *) &in, sizeof in) == 0)
                        return port;
        }
        fail_msg("no free port");
        return 0;
}

void daemon_write_file(const char *root, const char *name, const char *text) {
        char path[256];

        (void) snprintf(path, sizeof path, "%s/%s", root, name);
        ddns_cleanup(ddns_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

pid_t daemon_spawn(const char *root, const char *log, const char *const argv[]) {
        char path[128];

        (void) snprintf(path, sizeof path, "%s/%s", root, log);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid > 0)
                return pid;
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        /* Each mariadbd deletes the temporary tables that it finds there, whosoever they are. */
        (void) setenv("TMPDIR", root, 1);
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
                _exit(126);
        (void) execv(argv[0], (char *const *) argv);
        _exit(127);
}

void daemon_wait(pid_t pid, bool (*answers)(const void *userdata), const void *userdata) {
        uint64_t deadline = ddns_monotonic_usec() + START_SEC * USEC_PER_SEC;

        while (!answers(userdata)) {
                assert_true(ddns_monotonic_usec() < deadline);
                assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
                (void) usleep(5000);
        }
}

void daemon_stop(pid_t *pid, int signal) {
        if (*pid == 0)
                return;
        assert_int_equal(kill(*pid, signal), 0);
        (void) kill(*pid, SIGCONT);
        assert_int_equal(waitpid(*pid, NULL, 0), *pid);
        *pid = 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

void daemon_remove(const char *root) {
        (void) nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
