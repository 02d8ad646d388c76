"""Hosts with cables to switches, any of which can be cut: both ways, or one.

`Namespaces` makes them of what the kernel has: each host is a network namespace, a cable is a pair of
virtual devices, a switch a bridge. It needs root, or leave to be root in a user namespace (`enter`).
The namespaces are kept by descriptors of this process and by what runs in them, so that nothing is
left of them however the test ends.

`Proxies` does the same worse, where there are no namespaces: hosts listen on files, and each pair of
them has a proxy between, which holds what passes while a cable is cut. It knows no one-way cuts.
"""

import ctypes
import os
import subprocess
import sys

import flaky_proxy  # found by whoever imports this after the harness

NEW_NETWORK = 0x40000000  # CLONE_NEWNET
BOTH, INTO, OUT_OF = "both ways", "into", "out of"


def can_be_root(*command):
    try:
        return subprocess.run(["unshare", *command, "-n", "ip", "link", "add", "name", "probe", "type",
                               "veth", "peer", "name", "eborp"], capture_output=True,
                              check=False).returncode == 0
    except OSError:
        return False


def enter():
    """To be called first: starts this program again, as root of a user namespace, if need be."""
    if os.getuid() != 0 and can_be_root("-r"):
        # In a network of its own, since it may come back only to one that it has a right to.
        os.execvp("unshare", ["unshare", "-rn", sys.executable, *sys.argv])


def make(folder, cables, may_be_real=True):
    """The best there is. `cables` is, for each host's name, the switches that it is connected to."""
    if may_be_real and os.getuid() == 0 and can_be_root():
        return Namespaces(cables)
    return Proxies(folder, cables)


def new_namespace():
    """A descriptor of one."""
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(NEW_NETWORK) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        made = os.open("/proc/self/ns/net", os.O_RDONLY)
        if libc.setns(own, NEW_NETWORK) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        return made
    finally:
        os.close(own)


class Namespaces:
    one_way = True

    def __init__(self, cables):
        self.names = []
        self.switches = sorted({switch for each in cables.values() for switch in each})
        self.middle = self.namespace()
        self.hosts = {host: self.namespace() for host in cables}
        self.address = {}
        for number, switch in enumerate(self.switches):
            self.ip(self.middle, "link", "add", "name", switch, "type", "bridge")
            self.ip(self.middle, "link", "set", switch, "up")
            for at, host in enumerate(cables):
                if switch in cables[host]:
                    self.address[host, switch] = f"10.0.{number}.{at + 1}"
                    self.plug(host, switch)

    def namespace(self):
        made = new_namespace()
        self.names.append(made)
        self.ip(made, "link", "set", "lo", "up")
        return made

    def plug(self, host, switch):
        port = self.port(host, switch)
        self.ip(self.middle, "link", "add", "name", port, "type", "veth", "peer", "name", switch,
                "netns", self.path(self.hosts[host]))
        self.ip(self.middle, "link", "set", port, "master", switch, "up")
        self.ip(self.hosts[host], "address", "add", self.address[host, switch] + "/24", "dev", switch)
        self.ip(self.hosts[host], "link", "set", switch, "up")

    def port(self, host, switch):
        return f"{host}.{switch}"

    def path(self, namespace):
        return f"/proc/{os.getpid()}/fd/{namespace}"

    def run(self, namespace, *command):
        subprocess.run(["nsenter", "--net=" + self.path(namespace), *command], check=True)

    def ip(self, namespace, *command):
        self.run(namespace, "ip", *command)

    def on(self, host):
        """What a command begins with that is to run there."""
        return "nsenter", "--net=" + self.path(self.hosts[host])

    def listens(self, host, switch, port):
        """The endpoint that a program on the host binds; every port of a namespace is free."""
        return f"tcp://{self.address[host, switch]}:{port}"

    def reaches(self, _, host, switch, port):
        """The endpoint by which a program on another host gets there."""
        return self.listens(host, switch, port)

    def cut(self, host, switch, way=BOTH):
        if way == BOTH:
            self.ip(self.middle, "link", "set", self.port(host, switch), "down")
        else:
            where, device = self.end(host, switch, way)
            self.run(where, "tc", "qdisc", "replace", "dev", device, "root", "pfifo", "limit", "0")

    def mend(self, host, switch, way=BOTH):
        if way == BOTH:
            self.ip(self.middle, "link", "set", self.port(host, switch), "up")
        else:
            where, device = self.end(host, switch, way)
            self.run(where, "tc", "qdisc", "delete", "dev", device, "root")

    def end(self, host, switch, way):
        """The device that would send what is not to pass."""
        if way == OUT_OF:
            return self.hosts[host], switch
        return self.middle, self.port(host, switch)

    def close(self):
        for each in self.names:
            os.close(each)


class Proxies:
    one_way = False

    def __init__(self, folder, _):
        self.folder = folder
        self.proxies = {}
        self.down = set()

    def on(self, _):
        return ()

    def listens(self, host, switch, port):
        return f"ipc://{self.folder}/{host}.{switch}.{port}"

    def reaches(self, from_, host, switch, port):
        key = from_, host, switch, port
        if key not in self.proxies:
            path = self.listens(host, switch, port).removeprefix("ipc://")
            self.proxies[key] = flaky_proxy.FlakyProxy(path)
        return self.proxies[key].endpoint

    def between(self, host, switch):
        """The proxies that this cable is on the way of, and whether another one on it is cut."""
        for (from_, to, by, _), proxy in self.proxies.items():
            if by == switch and host in (from_, to):
                other = to if host == from_ else from_
                yield proxy, (other, switch) in self.down

    def cut(self, host, switch, _=BOTH):
        for proxy, held in self.between(host, switch):
            if not held:
                proxy.hold(True)
        self.down.add((host, switch))

    def mend(self, host, switch, _=BOTH):
        self.down.discard((host, switch))
        for proxy, held in self.between(host, switch):
            if not held:
                proxy.hold(False)

    def close(self):
        for proxy in self.proxies.values():
            proxy.close()
