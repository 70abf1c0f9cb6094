# SPDX-License-Identifier: MIT
"""Networks of a suite's own: nothing of this machine is touched, and all of it goes with the processes."""

import ctypes
import os
import random
import socket
import subprocess
import sys

from cases import DIE_WITH_US, wait_until

LOOPBACK = "127.0.0.1"
MARK = "DDNS_TEST_NETWORK"


def _ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, timeout=30, stdin=subprocess.DEVNULL)


def free_ports(count):
    """Ports that are free for TCP and UDP now, below the range from which the kernel takes its own."""
    ports = []
    while len(ports) < count:
        port = random.randrange(12000, 32000)
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind((LOOPBACK, port))
                udp.bind((LOOPBACK, port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


def missing():
    """Why there can be no networks here, or None."""
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    probe = subprocess.run(["unshare", "--net", "--mount", "ip", "link", "add", "probe0", "type", "veth"],
                           capture_output=True, text=True, timeout=30, check=False)
    return f"no permission to make network namespaces ({probe.stderr.strip()})" if probe.returncode != 0 else None


def enter():
    """Starts the suite anew where there is nothing but a loopback of its own, and mounts that nobody else sees."""
    if MARK not in os.environ:
        os.environ[MARK] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", "--propagation=private", sys.executable, *sys.argv])
    _ip("link", "set", "lo", "up")


def mount_tmpfs(path, size):
    """A small file system, seen by this suite only."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "none", path], check=True, timeout=30)


def unmount(path):
    # Lazily: whoever still uses it is about to end.
    ctypes.CDLL(None).umount2(path.encode(), 2)


class Site:
    """A place elsewhere: a network namespace behind a link of its own. `address` is there, `number` (1 to 250) makes it."""

    def __init__(self, number):
        self.address, self._gateway = f"10.77.{number}.2", f"10.77.{number}.1"
        self._link = f"site{number}"
        here = os.readlink("/proc/self/ns/net")
        # The namespace lasts as long as a process in it.
        self._holder = subprocess.Popen([*DIE_WITH_US, "KILL", "unshare", "--net", "sleep", "infinity"],
                                        stdin=subprocess.DEVNULL)
        self._path = f"/proc/{self._holder.pid}/ns/net"
        wait_until(lambda: os.readlink(self._path) != here, 10, "the network namespace")
        _ip("link", "add", self._link, "type", "veth", "peer", "name", "up0", "netns", str(self._holder.pid))
        _ip("address", "add", f"{self._gateway}/30", "dev", self._link)
        _ip("link", "set", self._link, "up")
        self._inside("address", "add", f"{self.address}/30", "dev", "up0")
        self._inside("link", "set", "lo", "up")
        self._inside("link", "set", "up0", "up")
        self._settle()

    def command(self, *command):
        """`command`, to be run there."""
        return ["nsenter", f"--net={self._path}", *command]

    def _inside(self, *arguments):
        subprocess.run(self.command("ip", *arguments), check=True, timeout=30, stdin=subprocess.DEVNULL)

    def _settle(self):
        """Who is where is known for good, so that nothing but silence tells that the link is cut."""
        _ip("neighbour", "replace", self.address, "lladdr", self._mac(self.command(), "up0"), "dev", self._link,
            "nud", "permanent")
        self._inside("neighbour", "replace", self._gateway, "lladdr", self._mac([], self._link), "dev", "up0",
                     "nud", "permanent")

    @staticmethod
    def _mac(where, device):
        line = subprocess.run([*where, "ip", "-o", "link", "show", "dev", device], capture_output=True, text=True,
                              timeout=30, check=True).stdout.split()
        return line[line.index("link/ether") + 1]

    def cut(self):
        """All packets are lost from now on, without a word."""
        self._inside("link", "set", "up0", "down")

    def mend(self):
        self._inside("link", "set", "up0", "up")
        self._settle()

    def close(self):
        if self._holder.poll() is None:
            self._holder.kill()
            self._holder.wait()


class Here:
    """The place of the suite itself, which need not be in a network of its own: what is here listens to the loopback only."""

    address = LOOPBACK

    @staticmethod
    def command(*command):
        return [*command]
