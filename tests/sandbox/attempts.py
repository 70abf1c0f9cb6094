# SPDX-License-Identifier: MIT
"""What a program that was taken over would try, and what has to come of it in each unit. See tests/tools/sandbox-probe.c for the
verbs. {ddns} and the like are the process id of a service with a secret that runs as this user, see probing.py."""

import os
import platform

RECEIVER = "ddns.service"
CHECK = "ddns-check.service"
RETRY = "ddns-retry.service"
RECONCILE = "ddns-reconcile.service"
RELOAD = "ddns-reload.service"

# The programs that the probe takes the place of. A reload begins with a sleep.
UNITS = {
    RECEIVER: "/usr/lib/ddns/ddns-receiver",
    CHECK: "/usr/lib/ddns/ddns-receiver",
    RETRY: "/usr/lib/ddns/ddns-retry",
    RECONCILE: "/usr/lib/ddns/ddns-reconcile",
    RELOAD: "/usr/bin/sleep",
}


def only(*units, outcome="ok"):
    """What the row says is not for these."""
    return dict.fromkeys(units, outcome)


NETWORK = only(RETRY, RECONCILE)
# Where the service manager has its groups of processes; the first is of kernels that count in other trees.
CGROUPS = next(filter(os.path.isdir, ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup")), None)

STATE = only(RECEIVER, RETRY, RECONCILE)

# (attempt, outcome, other outcomes of units)
ROWS = (
    # The network
    ("socket inet stream", "EAFNOSUPPORT", NETWORK),
    ("socket inet dgram", "EAFNOSUPPORT", NETWORK),
    ("socket inet6 stream", "EAFNOSUPPORT", NETWORK),
    ("socket inet6 dgram", "EAFNOSUPPORT", NETWORK),
    ("socket inet raw", "EAFNOSUPPORT", only(RETRY, RECONCILE, outcome="EPERM")),
    ("socket netlink raw", "EAFNOSUPPORT", {}),
    ("socket packet raw", "EAFNOSUPPORT", {}),
    ("socket vsock stream", "EAFNOSUPPORT", {}),
    ("connect 127.0.0.1 953", "EAFNOSUPPORT", NETWORK),
    ("connect 192.0.2.1 953", "EAFNOSUPPORT", only(RETRY, RECONCILE, outcome="ECONNREFUSED")),
    ("listen 0.0.0.0 4444", "EAFNOSUPPORT", only(RETRY, RECONCILE, outcome="EPERM")),
    ("listen @mine", "EPERM", {}),

    # Sockets of others. Those that have no path are of a network, too.
    ("socket unix stream", "ok", {}),
    ("connect @decoy", "ECONNREFUSED", NETWORK),
    ("connect /run/decoy", "ENOENT", only(RETRY, RECONCILE, RELOAD)),
    ("connect /run/dbus/system_bus_socket", "ENOENT", only(RETRY, RECONCILE, RELOAD)),
    ("connect /run/systemd/private", "EACCES", {CHECK: "ENOENT", RELOAD: "ok"}),
    ("send /run/systemd/journal/socket", "ok", {}),
    ("send /run/ddns/wake", "ok", only(CHECK, outcome="ENOENT")),
    ("inherited", "ENOTSOCK", only(RECEIVER, RETRY)),

    # Programs: those that are there, and what it would write itself
    ("exec /bin/sh", "EACCES", only(RELOAD)),
    ("exec /usr/sbin/rndc", "EACCES", only(RELOAD)),
    ("exec /usr/bin/ddnsctl", "EACCES", only(RELOAD)),
    ("exec /usr/bin/systemctl", "EACCES", only(RELOAD)),
    ("run-own /var/lib/ddns/probe", "EACCES", only(CHECK, RELOAD, outcome="EROFS")),
    ("run-own /var/lib/bind/ddns/probe", "EACCES", {}),
    ("run-own /tmp/probe", "EACCES", {}),
    ("run-own /var/tmp/probe", "EACCES", {}),
    ("run-own /dev/shm/probe", "EACCES", {}),
    ("map-own /var/lib/ddns/probe", "EPERM", only(CHECK, RELOAD, outcome="EROFS")),
    ("map-own /tmp/probe", "EPERM", {}),
    ("memfd", "EPERM", {}),
    ("map-writable-code", "EPERM", {}),
    ("turn-into-code", "EPERM", {}),

    # Writing
    ("create /var/lib/ddns/probe", "EROFS", STATE),
    ("create /var/lib/bind/ddns/probe", "EACCES", only(RETRY)),
    ("create /tmp/probe", "ok", {}),
    ("create /open/probe", "EROFS", {}),
    ("create /run/open/probe", "EROFS", only(RECEIVER, CHECK, outcome="ENOENT")),
    ("create /dev/shm/probe", "EACCES", {}),
    ("create /dev/probe", "EROFS", {}),
    ("create /etc/probe", "EROFS", {}),
    ("create /etc/ddns/probe", "EROFS", {}),
    ("create /home/probe", "EACCES", {}),
    ("create /probe", "EROFS", {}),
    ("create /root/probe", "EACCES", {}),
    ("create /run/probe", "EROFS", {}),
    ("create /run/ddns/probe", "EROFS", only(CHECK, outcome="ENOENT")),
    ("create /srv/probe", "EROFS", {}),
    ("create /usr/probe", "EROFS", {}),
    ("create /usr/lib/probe", "EACCES", only(RELOAD, outcome="EROFS")),
    ("create /usr/lib/ddns/probe", "EACCES", only(RELOAD, outcome="EROFS")),
    ("create /var/cache/bind/probe", "EROFS", {}),
    ("create /var/lib/probe", "EROFS", {}),
    ("create /var/lib/bind/probe", "EROFS", {}),
    ("create /var/log/probe", "EROFS", {}),
    (f"open {CGROUPS}/cgroup.procs", "EACCES", only(RELOAD, outcome="EROFS")),
    ("setuid-file /tmp/probe", "EPERM", {}),
    ("device /tmp/probe", "EPERM", {}),

    # Reading
    ("read /var/lib/ddns/ddns.db", "ok", only(RELOAD, outcome="EACCES")),
    ("read /etc/ddns/ddns.yaml", "ok", {}),
    ("read /etc/bind/rndc.key", "EACCES", only(RETRY, RELOAD)),
    ("read /var/lib/bind/ddns", "EACCES", only(RETRY)),
    ("read /etc/ddns/credentials/receiver/da1.hash", "EACCES", {}),
    ("read /etc/ddns/credentials/retry/remote.password", "EACCES", {}),
    ("read /etc/ddns/credentials/reconcile/da1.login", "EACCES", {}),
    ("read /run/credentials/ddns.service/ddns_da1.hash", "ENOENT", {RECEIVER: "ok", RELOAD: "EACCES"}),
    ("read /run/credentials/ddns-check.service/ddns_da1.hash", "ENOENT", {CHECK: "ok", RELOAD: "EACCES"}),
    ("read /run/credentials/ddns-retry.service/ddns_remote.password", "ENOENT", {RETRY: "ok", RELOAD: "EACCES"}),
    ("read /run/credentials/ddns-reconcile.service/ddns_da1.login", "ENOENT", {RECONCILE: "ok", RELOAD: "EACCES"}),
    ("read /run/credentials/decoy-ddns.service/secret", "ENOENT", only(RELOAD, outcome="EACCES")),
    ("read /run/credentials/decoy-ddns-recv.service/secret", "ENOENT", only(RELOAD, outcome="EACCES")),
    ("read /run/credentials/decoy-ddns-reconcile.service/secret", "ENOENT", only(RELOAD, outcome="EACCES")),
    ("read /etc/shadow", "EACCES", {}),
    ("read /home/decoy", "EACCES", {}),
    ("read /root/decoy", "EACCES", {}),
    ("read /tmp/decoy", "ENOENT", {}),
    ("read /var/tmp/decoy", "ENOENT", {}),
    ("read /dev/shm/decoy", "EACCES", {}),
    ("read /dev/mqueue/decoy", "ENOENT", {}),
    ("read /dev/net/tun", "ENOENT", {}),
    ("read /dev/urandom", "ok", {}),
    ("read /usr/lib/modules", "EACCES", {}),
    ("read /proc/kallsyms", "ENOENT", {}),
    ("read /proc/meminfo", "ENOENT", {}),
    ("read /proc/sys/kernel/hostname", "ENOENT", {}),

    # Other processes: those of its own user it sees, and there is no other program
    ("read /proc/1/environ", "ENOENT", only(RELOAD, outcome="EACCES")),
    ("read /proc/1/cmdline", "ENOENT", only(RELOAD)),
    ("read /proc/{ddns}/environ", "ENOENT", {RETRY: "ok", RELOAD: "EACCES"}),
    ("read /proc/{ddns-recv}/environ", "ENOENT", {**only(RECEIVER, CHECK), RELOAD: "EACCES"}),
    ("read /proc/{ddns-reconcile}/environ", "ENOENT", {RECONCILE: "ok", RELOAD: "EACCES"}),
    ("memory-of {ddns}", "EPERM", only(RETRY)),
    ("memory-of {ddns-recv}", "EPERM", only(RECEIVER, CHECK)),
    ("memory-of {ddns-reconcile}", "EPERM", only(RECONCILE)),
    ("signal 1", "EPERM", only(RELOAD)),
    ("signal {ddns}", "EPERM", only(RETRY)),
    ("signal {ddns-recv}", "EPERM", only(RECEIVER, CHECK)),
    ("signal {ddns-reconcile}", "EPERM", only(RECONCILE)),

    # More rights
    ("capability", "EPERM", {}),
    ("new-privileges", "EPERM", {}),

    # System calls
    *((f"call {name}", "EPERM", {}) for name in (
        "acct", "add_key", "adjtimex", "bpf", "chroot", "clock_settime", "clone-user", "delete_module", "fanotify_init",
        "init_module", "io_uring_setup", "kcmp", "kexec_load", "keyctl", "mbind", "memfd_create", "mount",
        "open_by_handle_at", "open_tree", "perf_event_open", "personality", "pidfd_getfd", "pivot_root", "ptrace", "quotactl",
        "reboot", "request_key", "sched_setscheduler", "setgroups", "sethostname", "setns", "setpriority", "settimeofday",
        "setuid", "swapon", "syslog", "umount", "unshare-mount", "unshare-net", "unshare-user", "userfaultfd", "vhangup")),
    *((("call iopl", "EPERM", {}), ("call modify_ldt", "EPERM", {}), ("call x32-getpid", "SYS", {}))
      if platform.machine() == "x86_64" else ()),
)

# How a kernel says no, whatever the arguments.
REFUSALS = ("EPERM", "EACCES", "EROFS", "EAFNOSUPPORT", "SYS")

# What the root of a container may not either, so that what the unit says is not seen.
UNSEEN = {f"call {name}" for name in ("acct", "adjtimex", "open_by_handle_at", "settimeofday", "syslog")}

ATTEMPTS = [attempt for attempt, _, _ in ROWS]


def expected(unit):
    return {attempt: others.get(unit, outcome) for attempt, outcome, others in ROWS}
