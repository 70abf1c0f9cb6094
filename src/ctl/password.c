/* SPDX-License-Identifier: MIT */
/* Reading a password without showing it. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <termios.h>

#include "ctl/password.h"

#define ANSWER_TIMEOUT (5 * 60 * 1000) /* ms */

/* Reads a line byte by byte past stdio, so that no other buffer keeps it. `signals`: a descriptor that ends the wait, or -1.
 * -EINTR: it did; -ETIMEDOUT; -EMSGSIZE: too long; -EBADMSG: has a NUL. */
static int read_line(int fd, int signals, DdnsPassword *ret) {
        struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
        size_t size = 0;

        for (;;) {
                char byte;
                int r = poll(fds, ARRAY_SIZE(fds), ANSWER_TIMEOUT);
                if (r < 0)
                        return -errno;
                if (r == 0)
                        return -ETIMEDOUT;
                if (fds[1].revents)
                        return -EINTR;

                ssize_t n = read(fd, &byte, 1);
                if (n < 0)
                        return -errno;
                if (n == 0 || byte == '\n')
                        break;
                if (byte == '\0')
                        return -EBADMSG;
                /* One more than fits may be the CR of a CRLF. */
                if (size == sizeof ret->text)
                        return -EMSGSIZE;
                ret->text[size++] = byte;
        }
        if (size > 0 && ret->text[size - 1] == '\r')
                size--;
        if (size > DDNS_PASSWORD_MAX)
                return -EMSGSIZE;
        ret->text[size] = '\0';
        return 0;
}

static int ask(DdnsCtl *c, const char *prompt, int fd, int signals, DdnsPassword *ret) {
        (void) fputs(prompt, c->err);
        (void) fflush(c->err);
        int r = read_line(fd, signals, ret);
        (void) fputc('\n', c->err);
        return r;
}

/* Asks with the echo off. Signals that would end or stop us are held back meanwhile, but end the wait; they act when the
 * terminal has its echo back. -EKEYREJECTED: the answers differ. */
static int ask_terminal(DdnsCtl *c, int fd, bool twice, DdnsPassword *ret) {
        ddns_cleanup(ddns_password_wipe) DdnsPassword again = { "" };
        ddns_cleanup(ddns_closep) int signals = -EBADF;
        struct termios before, quiet;
        sigset_t hold, old;

        (void) sigemptyset(&hold);
        for (size_t i = 0; i < 5; i++)
                (void) sigaddset(&hold, (const int[]){ SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP }[i]);
        signals = signalfd(-1, &hold, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signals < 0 || tcgetattr(fd, &before) < 0 || sigprocmask(SIG_BLOCK, &hold, &old) < 0)
                return -errno;

        quiet = before;
        quiet.c_lflag &= ~(tcflag_t) ECHO;
        int r = tcsetattr(fd, TCSAFLUSH, &quiet) < 0 ? -errno : 0;
        if (r == 0)
                r = ask(c, "Password: ", fd, signals, ret);
        if (r == 0 && twice)
                r = ask(c, "Once more: ", fd, signals, &again);
        if (r == 0 && twice && strcmp(ret->text, again.text) != 0)
                r = -EKEYREJECTED;
        (void) tcsetattr(fd, TCSAFLUSH, &before);
        (void) sigprocmask(SIG_SETMASK, &old, NULL);
        return r;
}

int ddns_ctl_read_password(DdnsCtl *c, bool twice, DdnsPassword *ret) {
        int fd = fileno(c->in);

        int r = isatty(fd) ? ask_terminal(c, fd, twice, ret) : read_line(fd, -1, ret);
        switch (r) {
        case 0:
                break;
        case -EKEYREJECTED:
                return ddns_ctl_fail(c, "the passwords differ");
        case -EMSGSIZE:
                return ddns_ctl_fail(c, "the password is longer than %d bytes", DDNS_PASSWORD_MAX);
        case -EBADMSG:
                return ddns_ctl_fail(c, "the password has a NUL");
        default:
                return ddns_ctl_fail(c, "no password was read: %s", strerror(-r));
        }
        if (ret->text[0] == '\0')
                return ddns_ctl_fail(c, "the password is empty");
        return EXIT_SUCCESS;
}
