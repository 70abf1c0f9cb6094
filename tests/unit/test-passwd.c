/* SPDX-License-Identifier: MIT */
/* ddnsctl passwd: from a pipe and on a terminal, where the password must not show and the echo must come back. */
#include <crypt.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>

#include "basic/cleanup.h"
#include "ctl/ctl.h"
#include "test.h"

typedef struct Run {
        int status;
        char *out, *err;
} Run;

static void run_done(Run *r) {
        free(r->out);
        free(r->err);
}

static Run run(const char *input) {
        char *argv[] = { (char[]){ "ddnsctl" }, (char[]){ "passwd" }, NULL };
        size_t size;
        Run r = { 0 };

        FILE *in = tmpfile(), *out = open_memstream(&r.out, &size), *err = open_memstream(&r.err, &size);
        assert_true(in && out && err);
        assert_true(fputs(input, in) >= 0);
        rewind(in);
        r.status = ddns_ctl_main(ARRAY_SIZE(argv) - 1, argv, &(DdnsCtlStreams){ in, out, err });
        (void) fclose(in);
        (void) fclose(out);
        (void) fclose(err);
        return r;
}

static void is_refused(const char *input, const char *reason) {
        ddns_cleanup(run_done) Run r = run(input);

        assert_int_equal(r.status, 1);
        assert_non_null(strstr(r.err, reason));
        assert_string_equal(r.out, "");
}

static bool verifies(const char *hash, const char *password) {
        ddns_cleanup(ddns_freep) char *line = strndup(hash, strcspn(hash, "\n"));
        const char *again = crypt(password, line);

        return again && strcmp(again, line) == 0;
}

static void passwd_hashes_the_first_line_of_its_input(void **state) {
        static const struct {
                const char *input, *password;
        } cases[] = {
                { "secret\n", "secret" },
                { "se:cr et", "se:cr et" },
                { "windows\r\nmore\n", "windows" },
                { "\xc3\xa4\n", "\xc3\xa4" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                ddns_cleanup(run_done) Run r = run(cases[i].input);

                assert_int_equal(r.status, 0);
                assert_int_equal(strncmp(r.out, "$y$", 3), 0);
                assert_true(verifies(r.out, cases[i].password));
                assert_false(verifies(r.out, "other"));
        }
}

static void passwd_refuses_what_crypt_can_not_keep(void **state) {
        char longest[514];

        memset(longest, 'x', 511);
        strcpy(longest + 511, "\n");
        ddns_cleanup(run_done) Run r = run(longest);
        assert_int_equal(r.status, 0);
        strcpy(longest + 511, "x\n");
        is_refused(longest, "longer than 511 bytes");
        is_refused("\nsecond\n", "the password is empty");
        is_refused("", "the password is empty");
}

/* Reads what the terminal shows until `wanted` was seen; false after ten seconds. */
static bool wait_for(int terminal, const char *wanted, char *seen, size_t size) {
        size_t n = strlen(seen);

        while (!strstr(seen, wanted)) {
                struct pollfd p = { .fd = terminal, .events = POLLIN };
                if (poll(&p, 1, 10000) <= 0 || n + 1 >= size)
                        return false;
                ssize_t k = read(terminal, seen + n, size - 1 - n);
                if (k <= 0)
                        return false;
                n += (size_t) k;
                seen[n] = '\0';
        }
        return true;
}

/* Answers both prompts of a ddnsctl that runs on a terminal of its own; its exit status. */
static int answer(const char *first, const char *second, char *seen, size_t size) {
        int terminal, status;

        (void) fflush(NULL);
        pid_t child = forkpty(&terminal, NULL, NULL, NULL);
        assert_true(child >= 0);
        if (child == 0) {
                char *argv[] = { (char[]){ "ddnsctl" }, (char[]){ "passwd" }, NULL };

                status = ddns_ctl_main(ARRAY_SIZE(argv) - 1, argv,
                                       &(DdnsCtlStreams){ stdin, stdout, stderr });
                /* What the terminal has still to show must be read before it goes. */
                (void) fputs("end", stdout);
                (void) fflush(stdout);
                (void) tcdrain(STDOUT_FILENO);
                _exit(status);
        }
        seen[0] = '\0';
        bool asked = wait_for(terminal, "Password: ", seen, size) &&
                     write(terminal, first, strlen(first)) == (ssize_t) strlen(first);
        if (asked && second)
                asked = wait_for(terminal, "Once more: ", seen, size) &&
                        write(terminal, second, strlen(second)) == (ssize_t) strlen(second);
        (void) wait_for(terminal, second ? "end" : "\n", seen, size);
        if (!asked)
                (void) kill(child, SIGKILL);
        struct termios after;
        bool echo = tcgetattr(terminal, &after) == 0 && (after.c_lflag & ECHO);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFSIGNALED(status))
                echo = tcgetattr(terminal, &after) == 0 && (after.c_lflag & ECHO);
        (void) close(terminal);
        assert_true(asked);
        assert_true(echo);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void passwd_asks_a_terminal_twice_and_shows_nothing(void **state) {
        char seen[1024];

        assert_int_equal(answer("visible\n", "visible\n", seen, sizeof seen), 0);
        assert_null(strstr(seen, "visible"));
        const char *hash = strstr(seen, "$y$");
        assert_non_null(hash);
        ddns_cleanup(ddns_freep) char *line = strndup(hash, strcspn(hash, "\r\n"));
        assert_true(verifies(line, "visible"));

        assert_int_equal(answer("one\n", "two\n", seen, sizeof seen), 1);
        assert_non_null(strstr(seen, "the passwords differ"));
}

static void an_interrupted_passwd_leaves_the_echo_on(void **state) {
        char seen[1024];

        assert_int_equal(answer("\003", NULL, seen, sizeof seen), 128 + SIGINT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(passwd_hashes_the_first_line_of_its_input),
                cmocka_unit_test(passwd_refuses_what_crypt_can_not_keep),
                cmocka_unit_test(passwd_asks_a_terminal_twice_and_shows_nothing),
                cmocka_unit_test(an_interrupted_passwd_leaves_the_echo_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
