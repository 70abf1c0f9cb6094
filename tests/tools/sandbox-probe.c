/* SPDX-License-Identifier: MIT */
/* Stands in the place of a program within its unit, and tries what /etc/sandbox-probe asks for: a line "VERB ARGUMENT..." each.
 * What came of it goes to standard output behind ": ": "ok", an error's name, or the signal that ended the attempt. Each attempt
 * is a process of its own. For the unit it is a program that starts well and ends well. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define ATTEMPTS "/etc/sandbox-probe"
#define SECONDS  10 /* that an attempt may take */

extern char **environ;

/* What a system call gave, as 0 or a negative errno. */
static int done(long r) {
        return r < 0 ? -errno : 0;
}

typedef struct {
        const char *name;
        long value;
} Word;

static long find(const Word *words, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(words[i].name, name) == 0)
                        return words[i].value;
        return -1; /* which is no socket of any kind */
}

#define FIND(words, name) find(words, sizeof(words) / sizeof *(words), name)

static int try_socket(char *argv[]) {
        static const Word families[] = {
                { "unix", AF_UNIX },       { "inet", AF_INET },     { "inet6", AF_INET6 },
                { "netlink", AF_NETLINK }, { "packet", AF_PACKET }, { "vsock", AF_VSOCK },
                { "alg", AF_ALG },
        };
        static const Word types[] = { { "stream", SOCK_STREAM },
                                      { "dgram", SOCK_DGRAM },
                                      { "raw", SOCK_RAW },
                                      { "seqpacket", SOCK_SEQPACKET } };

        long family = FIND(families, argv[0]), type = FIND(types, argv[1]);
        return done(socket((int) family, (int) type,
                           family == AF_INET && type == SOCK_RAW ? IPPROTO_ICMP : 0));
}

/* To a path, the name of an abstract socket behind an "@", or an address and a port. */
static int address(char *argv[], struct sockaddr_storage *ret, socklen_t *ret_size) {
        struct sockaddr_un *un = (struct sockaddr_un *) ret;
        struct sockaddr_in *in = (struct sockaddr_in *) ret;

        if (strchr("/@", argv[0][0])) {
                int length = snprintf(un->sun_path, sizeof un->sun_path, "%s", argv[0]);
                un->sun_family = AF_UNIX;
                if (un->sun_path[0] == '@')
                        un->sun_path[0] = '\0';
                *ret_size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + (size_t) length);
                return AF_UNIX;
        }
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t) atoi(argv[1]));
        *ret_size = sizeof *in;
        return inet_pton(AF_INET, argv[0], &in->sin_addr) == 1 ? AF_INET : -1;
}

static int try_connect(char *argv[]) {
        struct sockaddr_storage to = { 0 };
        socklen_t size = 0;
        int fd = socket(address(argv, &to, &size), SOCK_STREAM, 0);

        return fd < 0 ? -errno : done(connect(fd, (struct sockaddr *) &to, size));
}

static int try_send(char *argv[]) {
        struct sockaddr_storage to = { 0 };
        socklen_t size = 0;
        int fd = socket(address(argv, &to, &size), SOCK_DGRAM, 0);

        return fd < 0 ? -errno : done(sendto(fd, "", 1, 0, (struct sockaddr *) &to, size));
}

static int try_listen(char *argv[]) {
        struct sockaddr_storage on = { 0 };
        socklen_t size = 0;
        int fd = socket(address(argv, &on, &size), SOCK_STREAM, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *) &on, size) < 0)
                return -errno;
        return done(listen(fd, 1));
}

/* What systemd handed over: a socket that listens, or datagrams, which are taken. */
static int try_inherited(char *argv[]) {
        int listening = 0;
        socklen_t size = sizeof listening;
        char byte;

        if (getsockopt(SD_LISTEN_FDS_START, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0)
                return -errno;
        if (listening)
                return 0;
        while (recv(SD_LISTEN_FDS_START, &byte, 1, MSG_DONTWAIT) >= 0)
                ;
        return errno == EAGAIN ? 0 : -errno;
}

static int try_read(char *argv[]) {
        char byte;
        int fd = open(argv[0], O_RDONLY | O_NONBLOCK);

        if (fd < 0)
                return -errno;
        int r = done(read(fd, &byte, 1));
        return r == -EISDIR ? 0 : r;
}

static int try_open(char *argv[]) {
        return done(open(argv[0], O_WRONLY | O_NONBLOCK));
}

static int try_create(char *argv[]) {
        if (open(argv[0], O_CREAT | O_EXCL | O_WRONLY, 0600) < 0)
                return -errno;
        return done(unlink(argv[0]));
}

static int try_setuid_file(char *argv[]) {
        int fd = open(argv[0], O_CREAT | O_EXCL | O_WRONLY, 0600);

        if (fd < 0)
                return -errno;
        int r = done(fchmod(fd, 04755));
        (void) unlink(argv[0]);
        return r;
}

static int try_device(char *argv[]) {
        if (mknod(argv[0], S_IFCHR | 0600, makedev(1, 7)) < 0)
                return -errno;
        return done(unlink(argv[0]));
}

static int try_exec(char *argv[]) {
        return done(execl(argv[0], argv[0], NULL));
}

static int copy_of_us(int to) {
        char buffer[65536];
        ssize_t n;
        int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

        if (from < 0 || to < 0)
                return -errno;
        while ((n = read(from, buffer, sizeof buffer)) > 0)
                if (write(to, buffer, (size_t) n) != n)
                        return -errno;
        return close(to) < 0 ? -errno : 0;
}

static int try_memfd(char *argv[]) {
        char path[64], *arguments[] = { path, (char *) "nothing", NULL };
        int fd = memfd_create("probe", 0), r;

        if (fd < 0)
                return -errno;
        (void) snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        r = copy_of_us(open(path, O_WRONLY));
        return r < 0 ? r : done(execve(path, arguments, environ));
}

/* A file that the program writes itself and then runs, or maps as a library. */
static int copy_at(const char *path) {
        return copy_of_us(open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0700));
}

static int try_run_own(char *argv[]) {
        pid_t child;
        int status, r = copy_at(argv[0]);

        if (r >= 0 && (child = fork()) == 0) {
                (void) execl(argv[0], argv[0], "nothing", NULL);
                _exit(errno);
        }
        if (r >= 0)
                r = waitpid(child, &status, 0) < 0 ? -errno : -WEXITSTATUS(status);
        (void) unlink(argv[0]);
        return r;
}

static int try_map_own(char *argv[]) {
        int r = copy_at(argv[0]);

        if (r >= 0)
                r = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, open(argv[0], O_RDONLY), 0) ==
                                                    MAP_FAILED
                                    ? -errno
                                    : 0;
        (void) unlink(argv[0]);
        return r;
}

static int try_map_writable_code(char *argv[]) {
        return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                    0) == MAP_FAILED
                               ? -errno
                               : 0;
}

static int try_turn_into_code(char *argv[]) {
        void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        return p == MAP_FAILED ? -errno : done(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

/* Another process' memory: of an address that is not mapped there, which is the second thing that the kernel looks at. */
static int try_memory_of(char *argv[]) {
        char byte;
        struct iovec to = { &byte, 1 }, from = { (void *) 1, 1 };

        int r = done(process_vm_readv(atoi(argv[0]), &to, 1, &from, 1, 0));
        return r == -EFAULT ? 0 : r;
}

static int try_signal(char *argv[]) {
        return done(kill(atoi(argv[0]), 0));
}

/* As a bounding set is not felt by a user without capabilities, it is asked for. */
static int try_capability(char *argv[]) {
        for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++)
                if (prctl(PR_CAPBSET_READ, cap) == 1)
                        return 0;
        return -EPERM;
}

static int try_new_privileges(char *argv[]) {
        return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? -EPERM : 0;
}

/* Calls that no program of ours makes, with arguments that do nothing where they are let through: then the kernel finds
 * fault with them, or they concern this process alone. */
static struct sched_param first = { .sched_priority = 1 };
static struct perf_event_attr event = {
        .type = PERF_TYPE_SOFTWARE, .size = sizeof event, .exclude_kernel = 1, .exclude_hv = 1
};
static struct timex setting = { .modes = ADJ_TICK };
static char zeroes[256];

static const struct {
        const char *name;
        long number, argument[6];
} calls[] = {
        { "acct", SYS_acct, { (long) "/nowhere/file" } },
        { "add_key",
          SYS_add_key,
          { (long) "user", (long) "probe", (long) "x", 1, -3 /* the session's */ } },
        { "adjtimex", SYS_adjtimex, { (long) &setting } },
        { "bpf", SYS_bpf, { 1000, (long) zeroes, sizeof zeroes } },
        { "chroot", SYS_chroot, { (long) "/" } },
        { "clock_settime", SYS_clock_settime, { 1000, 0 } },
        { "clone-user", SYS_clone, { CLONE_NEWUSER | SIGCHLD } },
        { "delete_module", SYS_delete_module, { (long) "nothing", O_NONBLOCK } },
        { "fanotify_init", SYS_fanotify_init, { 0x200, 0 } },
        { "init_module", SYS_init_module, { (long) zeroes, 0, (long) "" } },
        { "io_uring_setup", SYS_io_uring_setup, { 0, (long) zeroes } },
        { "kcmp", SYS_kcmp, { 1, 1, 1000 } },
        { "kexec_load", SYS_kexec_load, { 0, 1000, 0, 1 } },
        { "keyctl", SYS_keyctl, { 0 /* KEYCTL_GET_KEYRING_ID */, -3, 1 } },
        { "mbind", SYS_mbind, { 0, 0, 1000 } },
        { "memfd_create", SYS_memfd_create, { (long) "probe", 0 } },
        { "mount", SYS_mount, { (long) "none", (long) "/nowhere/directory", (long) "tmpfs" } },
        { "name_to_handle_at", SYS_name_to_handle_at, { -1, (long) "x" } },
        { "open_by_handle_at", SYS_open_by_handle_at, { -1, (long) zeroes, 0 } },
        { "open_tree", SYS_open_tree, { AT_FDCWD, (long) "/nowhere/file", 0 } },
        { "perf_event_open", SYS_perf_event_open, { (long) &event, 0, -1, -1, 0 } },
        { "personality", SYS_personality, { PER_LINUX | ADDR_NO_RANDOMIZE } },
        { "pidfd_getfd", SYS_pidfd_getfd, { -1, 0, 0 } },
        { "pivot_root", SYS_pivot_root, { (long) "/nowhere/a", (long) "/nowhere/b" } },
        { "ptrace", SYS_ptrace, { PTRACE_TRACEME } },
        { "quotactl", SYS_quotactl, { 0, (long) "/nowhere/file", 0, 0 } },
        { "reboot", SYS_reboot, { 0, 0, 0 } },
        { "request_key", SYS_request_key, { (long) "user", (long) "nothing", 0, 0 } },
        { "sched_setscheduler", SYS_sched_setscheduler, { 0, SCHED_FIFO, (long) &first } },
        { "setgroups", SYS_setgroups, { 0, 0 } },
        { "sethostname", SYS_sethostname, { (long) "probe", -1 } },
        { "setns", SYS_setns, { -1, 0 } },
        { "setpriority", SYS_setpriority, { PRIO_PROCESS, 0, 5 } },
        { "settimeofday", SYS_settimeofday, { 0, 0 } },
        { "setuid", SYS_setuid, { -1 } },
        { "swapon", SYS_swapon, { (long) "/nowhere/file", 0 } },
        { "syslog", SYS_syslog, { 3 /* read all */, (long) zeroes, sizeof zeroes } },
        { "umount", SYS_umount2, { (long) "/nowhere/directory", 0 } },
        { "unshare-mount", SYS_unshare, { CLONE_NEWNS } },
        { "unshare-net", SYS_unshare, { CLONE_NEWNET } },
        { "unshare-user", SYS_unshare, { CLONE_NEWUSER } },
        { "userfaultfd", SYS_userfaultfd, { 1 /* of user mode only */ } },
        { "vhangup", SYS_vhangup, { 0 } },
#ifdef __x86_64__
        { "iopl", SYS_iopl, { 0 } },
        { "modify_ldt", SYS_modify_ldt, { 0, (long) zeroes, sizeof zeroes } },
        { "x32-getpid", 0x40000000 | SYS_getpid, { 0 } },
#endif
};

static int try_call(char *argv[]) {
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
                if (strcmp(calls[i].name, argv[0]) == 0) {
                        const long *a = calls[i].argument;
                        long r = syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4], a[5]);
                        if (r == 0 && strncmp(argv[0], "clone", 5) == 0)
                                _exit(0);
                        return done(r);
                }
        return -ENOTSUP; /* on this machine */
}

static const struct {
        const char *verb;
        int (*try)(char *argv[]);
} verbs[] = {
        { "call", try_call },
        { "capability", try_capability },
        { "connect", try_connect },
        { "create", try_create },
        { "device", try_device },
        { "exec", try_exec },
        { "inherited", try_inherited },
        { "listen", try_listen },
        { "map-own", try_map_own },
        { "map-writable-code", try_map_writable_code },
        { "memfd", try_memfd },
        { "memory-of", try_memory_of },
        { "new-privileges", try_new_privileges },
        { "open", try_open },
        { "read", try_read },
        { "run-own", try_run_own },
        { "send", try_send },
        { "setuid-file", try_setuid_file },
        { "signal", try_signal },
        { "socket", try_socket },
        { "turn-into-code", try_turn_into_code },
};

static int attempt(char *line) {
        char *argv[4] = { NULL }, *rest = NULL;
        size_t n = 0;

        for (char *word = strtok_r(line, " ", &rest); word && n < 3; word = strtok_r(NULL, " ", &rest))
                argv[n++] = word;
        for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
                if (strcmp(verbs[i].verb, argv[0]) == 0)
                        return verbs[i].try(argv + 1);
        return -ENOTSUP;
}

/* In a child, which may be killed for it, or become another program. */
static const char *outcome(const char *line) {
        int tube[2], error = 0, status = 0;
        char copy[256];

        (void) fflush(stdout);
        if (pipe2(tube, O_CLOEXEC) < 0)
                exit(1);
        pid_t child = fork();
        if (child == 0) {
                (void) alarm(SECONDS);
                (void) snprintf(copy, sizeof copy, "%s", line);
                int null = open("/dev/null", O_RDWR), r;
                (void) dup2(null, STDIN_FILENO);
                (void) dup2(null, STDOUT_FILENO);
                (void) dup2(null, STDERR_FILENO);
                r = attempt(copy);
                _exit(write(tube[1], &r, sizeof r) != sizeof r);
        }
        (void) close(tube[1]);
        ssize_t n = read(tube[0], &error, sizeof error);
        (void) close(tube[0]);
        if (child < 0 || waitpid(child, &status, 0) < 0)
                exit(1);
        if (n == sizeof error && error < 0)
                return strerrorname_np(-error);
        return WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : "ok";
}

int main(int argc, char *argv[]) {
        char line[256];

        if (argc > 1 && strcmp(argv[1], "nothing") == 0)
                return 0;
        FILE *attempts = fopen(ATTEMPTS, "re");
        if (!attempts)
                return 1;
        while (fgets(line, sizeof line, attempts)) {
                line[strcspn(line, "\n")] = '\0';
                (void) printf("%s: %s\n", line, outcome(line));
        }
        (void) fclose(attempts);
        (void) fflush(stdout);
        return sd_notify(false, "READY=1") < 0;
}
