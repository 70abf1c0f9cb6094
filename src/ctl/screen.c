/* SPDX-License-Identifier: MIT */
/* The screen of a live view. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "ctl/screen.h"

/* The other screen, no cursor, long lines are cut; and back. */
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"
#define HOME  "\033[H"
#define LINE  "\033[K\n" /* the rest of the line is empty */
#define REST  "\033[J"

bool ddns_screen_obeys(FILE *f) {
        const char *term = getenv("TERM");

        return isatty(fileno(f)) && term && strcmp(term, "") != 0 && strcmp(term, "dumb") != 0;
}

static void fill_signals(sigset_t *set) {
        static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH };

        (void) sigemptyset(set);
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
                (void) sigaddset(set, numbers[i]);
}

static void take_over(DdnsScreen *s) {
        struct termios quiet = s->before;

        quiet.c_lflag &= ~(tcflag_t) (ECHO | ICANON);
        quiet.c_cc[VMIN] = 0;
        quiet.c_cc[VTIME] = 0;
        (void) tcsetattr(fileno(s->in), TCSADRAIN, &quiet);
        (void) fputs(ENTER, s->out);
        (void) fflush(s->out);
}

static void give_back(DdnsScreen *s) {
        (void) fputs(LEAVE, s->out);
        (void) fflush(s->out);
        (void) tcsetattr(fileno(s->in), TCSAFLUSH, &s->before);
}

int ddns_screen_enter(DdnsScreen *s, FILE *in, FILE *out, bool live) {
        sigset_t set;

        *s = (DdnsScreen){ .in = in, .out = out, .signals = -1 };
        if (!live || !ddns_screen_obeys(out) || !isatty(fileno(in)))
                return 0;
        fill_signals(&set);
        if (tcgetattr(fileno(in), &s->before) < 0)
                return -errno;
        s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (s->signals < 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        s->live = true;
        take_over(s);
        return 0;
}

void ddns_screen_leave(DdnsScreen *s) {
        sigset_t set;

        if (s->page)
                (void) fclose(s->page);
        free(s->text);
        s->page = NULL;
        s->text = NULL;
        if (s->live) {
                give_back(s);
                fill_signals(&set);
                (void) sigprocmask(SIG_UNBLOCK, &set, NULL);
        }
        s->live = false;
        ddns_closep(&s->signals);
        s->signals = -1;
}

FILE *ddns_screen_begin(DdnsScreen *s) {
        if (!s->live)
                return s->out;
        s->page = open_memstream(&s->text, &s->size);
        return s->page;
}

static size_t count_rows(const DdnsScreen *s) {
        struct winsize size;

        return ioctl(fileno(s->out), TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

int ddns_screen_end(DdnsScreen *s) {
        if (!s->live) {
                (void) fflush(s->out);
                return 0;
        }
        bool lost = fclose(s->page) != 0;
        s->page = NULL;
        if (!lost) {
                size_t left = count_rows(s);

                (void) fputs(HOME, s->out);
                for (char *line = s->text; *line && left > 0; left--) {
                        size_t n = strcspn(line, "\n");

                        (void) fprintf(s->out, "%.*s%s", (int) n, line, left > 1 ? LINE : "\033[K");
                        line += n + (line[n] == '\n');
                }
                if (left > 0)
                        (void) fputs(REST, s->out);
                (void) fflush(s->out);
        }
        free(s->text);
        s->text = NULL;
        return lost ? -ENOMEM : 0;
}

/* True: it is to end. */
static bool hear_signals(DdnsScreen *s) {
        struct signalfd_siginfo info;

        while (read(s->signals, &info, sizeof info) == (ssize_t) sizeof info) {
                if (info.ssi_signo == SIGWINCH)
                        continue;
                if (info.ssi_signo != SIGTSTP)
                        return true;
                /* The shell gets its screen for as long as we are stopped. */
                give_back(s);
                (void) raise(SIGSTOP);
                take_over(s);
        }
        return false;
}

bool ddns_screen_wait(DdnsScreen *s, uint64_t usec) {
        if (!s->live) {
                (void) nanosleep(&(struct timespec){ .tv_sec = (time_t) (usec / USEC_PER_SEC),
                                                     .tv_nsec = (long) (usec % USEC_PER_SEC) * 1000 },
                                 NULL);
                return false;
        }
        struct pollfd fds[] = { { .fd = fileno(s->in), .events = POLLIN },
                                { .fd = s->signals, .events = POLLIN } };
        int r = poll(fds, ARRAY_SIZE(fds), (int) (usec / USEC_PER_MSEC));
        if (r < 0)
                return errno != EINTR;
        if (fds[1].revents && hear_signals(s))
                return true;
        if (fds[0].revents) {
                char keys[64];
                ssize_t n = read(fileno(s->in), keys, sizeof keys);

                return n <= 0 || memchr(keys, 'q', (size_t) n) || memchr(keys, 'Q', (size_t) n);
        }
        return false;
}
