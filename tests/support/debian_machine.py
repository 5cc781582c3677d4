"""A Debian 13 machine in a folder, booted with its own systemd. Tests install the Debian packages
on it.

Its network is not connected to other networks, so nothing on the machine can download files.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NEEDED = ("mmdebstrap", "systemd-nspawn", "nsenter", "dpkg-deb")
PACKAGES = "python3.13,libstdc++6,ca-certificates,tzdata,systemd,systemd-sysv,dbus,curl"
BOOTED_WITHIN = STARTED_WITHIN = 120.0  # seconds
TOOLS = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"


def missing_tools() -> list[str]:
    return [tool for tool in NEEDED if shutil.which(tool) is None]


@dataclass(frozen=True, slots=True)
class DebianMachine:
    """A booted machine. ``init``: the process id of its first process."""

    folder: Path
    init: int

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command as root, and return everything that it prints."""
        inside = ["nsenter", "--target", str(self.init), "--all", "env", "-i", TOOLS, *command]
        done = subprocess.run(
            inside, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        assert not check or done.returncode == 0, done.stdout
        return done.stdout

    def wait_until_ready(self) -> None:
        """Wait until the service reports that everything works."""
        every_second = ["--retry-delay", "1", "--retry-max-time", f"{STARTED_WITHIN:.0f}"]
        patient = ["--retry", "1000", "--retry-all-errors", *every_second]
        self.run("curl", "-sS", "--fail", *patient, "http://127.0.0.1:8000/readyz")


@contextmanager
def debian_machine(folder: Path) -> Iterator[DebianMachine]:
    """Download Debian into the folder, and boot it."""
    install = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}"]
    subprocess.run([*install, "trixie", str(folder)], check=True)
    boot = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit"]
    alone = ["--private-network", "--console=pipe", "--directory", str(folder)]
    with (folder / "root" / "boot.log").open("wb") as log:
        process = subprocess.Popen(
            [*boot, *alone], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        machine = DebianMachine(folder, _init_of(process.pid))
        machine.run("systemctl", "is-system-running", "--wait", check=False)
        yield machine
    finally:
        process.terminate()  # This asks the machine to power off.
        process.wait(60)


def _init_of(nspawn: int) -> int:
    """Return the machine's first process: the child of systemd-nspawn that became systemd."""
    children = Path(f"/proc/{nspawn}/task/{nspawn}/children")
    until = time.monotonic() + BOOTED_WITHIN
    while time.monotonic() < until:
        for child in children.read_text().split():
            if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return int(child)
        time.sleep(0.1)
    raise AssertionError("the machine did not boot")
