/* SPDX-License-Identifier: MIT */
/* A child between us and the terminal. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/pager.h"

#define WORDS_MAX 16

/* Quit if it fits the screen or on Ctrl-C, keep colours and the screen, cut long lines. */
#define LESS "FRSXMK"

/* Whoever got our rights by sudo must not get them again by a pager of the caller's choice. */
static bool is_elevated(void) {
        return geteuid() != getuid() || (geteuid() == 0 && getenv("SUDO_UID"));
}

/* The words of the pager to start. True: none is wanted. */
static bool choose(char *words[WORDS_MAX + 1], char **ret_storage) {
        const char *wanted = is_elevated() ? NULL : getenv("DDNS_PAGER");
        char *saved = NULL;
        size_t n = 0;

        if (!wanted && !is_elevated())
                wanted = getenv("PAGER");
        if (!wanted)
                wanted = "less";
        *ret_storage = strdup(wanted);
        for (char *w = *ret_storage ? strtok_r(*ret_storage, " \t", &saved) : NULL; w && n < WORDS_MAX;
             w = strtok_r(NULL, " \t", &saved))
                words[n++] = w;
        words[n] = NULL;
        return n == 0 || strcmp(words[0], "cat") == 0;
}

/* In the child: shows what comes, by whatever there is. */
static void __attribute__((noreturn)) show(char *words[]) {
        static const char *const others[] = { "less", "more" };
        char bytes[4096];
        ssize_t n;

        (void) setenv("LESS", LESS, 1);
        (void) setenv("LESSSECURE", "1", 1);
        (void) signal(SIGPIPE, SIG_DFL);
        (void) execvp(words[0], words);
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
                (void) execlp(others[i], others[i], (char *) NULL);
        while ((n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0)
                if (write(STDOUT_FILENO, bytes, (size_t) n) != n)
                        _exit(EXIT_FAILURE);
        _exit(EXIT_SUCCESS);
}

void ddns_pager_start(DdnsPager *p, FILE *out) {
        ddns_cleanup(ddns_freep) char *storage = NULL;
        char *words[WORDS_MAX + 1];
        int fds[2];

        *p = DDNS_PAGER_NULL;
        if (fileno(out) != STDOUT_FILENO || !isatty(STDOUT_FILENO) || choose(words, &storage) ||
            pipe2(fds, O_CLOEXEC) < 0)
                return;
        (void) fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
                if (dup2(fds[0], STDIN_FILENO) < 0)
                        _exit(EXIT_FAILURE);
                ddns_closep(&fds[0]);
                ddns_closep(&fds[1]);
                show(words);
        }
        ddns_closep(&fds[0]);
        FILE *f = pid > 0 ? fdopen(fds[1], "w") : NULL;
        if (!f)
                ddns_closep(&fds[1]);
        if (!f && pid > 0)
                (void) waitpid(pid, NULL, 0);
        if (f)
                *p = (DdnsPager){ .f = f, .pid = pid };
}

int ddns_pager_end(DdnsPager *p) {
        const struct sigaction ignore = { .sa_handler = SIG_IGN };
        struct sigaction before_int, before_quit;
        int error = 0;

        if (!p->f)
                return 0;
        /* Ctrl-C is the pager's now. */
        (void) sigaction(SIGINT, &ignore, &before_int);
        (void) sigaction(SIGQUIT, &ignore, &before_quit);
        errno = 0;
        bool lost = ferror(p->f);
        if (fclose(p->f) != 0 || lost)
                error = errno == 0 || errno == EPIPE ? 0 : -errno;
        while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        (void) sigaction(SIGINT, &before_int, NULL);
        (void) sigaction(SIGQUIT, &before_quit, NULL);
        *p = DDNS_PAGER_NULL;
        return error;
}
