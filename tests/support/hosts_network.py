"""Simulated hosts for tests: network namespaces that each have an address and share a bridge.

Call ``enter`` first. It restarts the program in its own network, mount and process namespaces. The
kernel then removes every host, address and process when the program ends, even after a crash.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

HERE = "10.77.0.1"  # the address of the program itself
INSIDE = "PATCHBOARD_TEST_INSIDE_NAMESPACES"
NOWHERE = "02:00:00:00:00:99"  # a hardware address that no host has


def enter() -> None:
    """Restart this program in its own namespaces. The function returns only inside them."""
    if os.environ.get(INSIDE) == "1":
        _run("mount", "-t", "tmpfs", "none", "/run")  # host names are private too
        os.makedirs("/run/netns")
        return
    own = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    program = [sys.executable, *sys.orig_argv[1:]]
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", *own, *program])


@dataclass(frozen=True, slots=True)
class Host:
    """One host. ``address`` is its address on the common network."""

    name: str
    address: str

    def command(self, *words: str) -> list[str]:
        """Return a command line that runs on this host."""
        return ["ip", "netns", "exec", self.name, *words]

    def pull_cable(self) -> None:
        """Cut this host off from every other one."""
        _run("ip", "link", "set", f"port-{self.name}", "down")

    def plug_in(self) -> None:
        _run("ip", "link", "set", f"port-{self.name}", "up")

    def split_from(self, other: "Host") -> None:
        """Drop every packet between two hosts without an error."""
        for one, far in ((self, other), (other, self)):
            entry = [far.address, "lladdr", NOWHERE, "nud", "permanent", "dev", "eth0"]
            _run("ip", "-n", one.name, "neigh", "replace", *entry)

    def join(self, other: "Host") -> None:
        """End ``split_from``."""
        for one, far in ((self, other), (other, self)):
            _run("ip", "-n", one.name, "neigh", "del", far.address, "dev", "eth0")


def build(names: Sequence[str]) -> list[Host]:
    """Create a bridge with the address ``HERE``, and a host for each name."""
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "add", "bridge", "type", "bridge")
    _run("ip", "address", "add", f"{HERE}/24", "dev", "bridge")
    _run("ip", "link", "set", "bridge", "up")
    hosts = [Host(name, f"10.77.0.{11 + n}") for n, name in enumerate(names)]
    for host in hosts:
        port, inside = f"port-{host.name}", ["ip", "-n", host.name]
        _run("ip", "netns", "add", host.name)
        cable = ["type", "veth", "peer", "name", "eth0", "netns", host.name]
        _run("ip", "link", "add", port, *cable)
        _run("ip", "link", "set", port, "master", "bridge", "up")
        _run(*inside, "address", "add", f"{host.address}/24", "dev", "eth0")
        _run(*inside, "link", "set", "eth0", "up")
        _run(*inside, "link", "set", "lo", "up")
    return hosts


def _run(*words: str) -> None:
    subprocess.run(words, check=True)
