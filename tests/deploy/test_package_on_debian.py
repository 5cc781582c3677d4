"""Installs the Debian package on a Debian 13 machine with systemd, receives a text, upgrades from
an older release, and removes and purges the package.

The test downloads Debian and builds two packages, which takes some minutes, so only
PATCHBOARD_LONG_TESTS=1 runs it.
"""

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from tests.support.debian_machine import DebianMachine, debian_machine, missing_tools

LONG = os.environ.get("PATCHBOARD_LONG_TESTS") == "1"
ROOT = Path(__file__).parents[2]
BUILD = ROOT / "deploy" / "debian" / "build_package.py"
MIGRATIONS = "handoff_service/store/engine/migrations/versions"
SETTINGS = "/etc/patchboard/patchboard.env"
TEXT, ANN, DESK = "my screen is black", "+12025550101", "+18885550200"

pytestmark = [
    pytest.mark.skipif(not LONG, reason="boots a Debian machine; PATCHBOARD_LONG_TESTS=1 runs it"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can boot a machine"),
    pytest.mark.skipif(bool(missing_tools()), reason=f"missing: {', '.join(missing_tools())}"),
]


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


def _migrations(commit: str) -> set[str]:
    return set(_git("ls-tree", commit, f"{MIGRATIONS}/").decode().splitlines())


def _older_release(folder: Path) -> Path:
    """Unpack the newest commit that has fewer migrations than this release. This release must
    contain all migrations of that commit.
    """
    now = _migrations("HEAD")
    for commit in _git("log", "--format=%H", "--", MIGRATIONS).decode().split():
        if _migrations(commit) < now:
            with tarfile.open(fileobj=BytesIO(_git("archive", commit))) as files:
                files.extractall(folder, filter="data")
            return folder
    pytest.skip("this clone has no older release")


def _build(out: Path, source: Path, version: str) -> str:
    """Build a package, and return its file's name."""
    given = ["--source", str(source), "--version", version, "--out", str(out)]
    uv = next(iter(ROOT.glob(".venv-uv/bin/uv")), "uv")
    fast = ["--uv", str(uv), "--compression", "none"]
    subprocess.run([sys.executable, str(BUILD), *given, *fast], check=True)
    return next(out.glob(f"patchboard_{version}_*.deb")).name


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DebianMachine]:
    with debian_machine(tmp_path_factory.mktemp("debian") / "machine") as booted:
        yield booted


def _thread(machine: DebianMachine) -> str:
    page = f"http://127.0.0.1:8000/phone/texts?from=%2B{ANN[1:]}&to=%2B{DESK[1:]}"
    return machine.run("curl", "-sS", "--fail", page)


def test_the_package_can_be_installed_upgraded_removed_and_purged(
    machine: DebianMachine, tmp_path: Path
) -> None:
    packages = machine.folder / "root"
    older = _build(packages, _older_release(tmp_path / "older"), "0.0.1")
    newer = _build(packages, ROOT, "99.0.0")

    machine.run("dpkg", "--install", f"/root/{older}")
    assert machine.run("stat", "-c", "%a %U", SETTINGS) == "640 root\n"
    machine.run("sh", "-c", f"echo 'PATCHBOARD_DEMO=\"1\"' >> {SETTINGS}")
    machine.run("systemctl", "enable", "--now", "patchboard", "patchboard-backup.timer")
    machine.wait_until_ready()
    parts = (f"from={ANN}", f"to={DESK}", f"body={TEXT}")
    fields = [word for part in parts for word in ("--data-urlencode", part)]
    machine.run("curl", "-sS", "--fail", *fields, "http://127.0.0.1:8000/phone/texts")
    assert TEXT in _thread(machine)

    assert "is backed up in" in machine.run("dpkg", "--install", f"/root/{newer}")
    machine.wait_until_ready()
    assert TEXT in _thread(machine)
    assert "PATCHBOARD_DEMO" in machine.run("cat", SETTINGS)  # The changed settings stay.
    backups = machine.run("ls", "/var/backups/patchboard")
    assert "from-0.0.1.patchboard" in backups
    # The hardened unit allows everything that the nightly backup needs.
    machine.run("systemctl", "start", "patchboard-backup.service")
    assert "nightly-" in machine.run("ls", "/var/backups/patchboard")
    assert "PATCHBOARD_DEMO=1" in machine.run("patchboard", "doctor", check=False)

    assert "The data stays" in machine.run("dpkg", "--remove", "patchboard")
    assert "inactive" in machine.run("systemctl", "is-active", "patchboard", check=False)
    assert "/var/lib/patchboard/home/patchboard.db" in machine.run(
        "find", "/var/lib/patchboard", "-name", "patchboard.db"
    )
    assert not (machine.folder / "usr/lib/patchboard").exists()

    assert "Deleting the data" in machine.run("dpkg", "--purge", "patchboard")
    left = machine.run("find", "/", "-xdev", "-path", "/root", "-prune", "-o", "-path", "/proc",
                       "-prune", "-o", "-name", "*patchboard*", "-print")  # fmt: skip
    assert [line for line in left.splitlines() if "/var/lib/dpkg/" not in line] == []


def test_a_failed_backup_keeps_the_installed_version(
    machine: DebianMachine, tmp_path: Path
) -> None:
    packages = machine.folder / "root"
    first, second = _build(packages, ROOT, "1.0.0"), _build(packages, ROOT, "2.0.0")
    machine.run("dpkg", "--install", f"/root/{first}")
    machine.run("patchboard", "migrate")
    unreachable = "PATCHBOARD_DATABASE_URL=postgresql://nobody@127.0.0.1:1/none"
    machine.run("sh", "-c", f"echo '{unreachable}' >> {SETTINGS}")

    assert "nothing was upgraded" in machine.run(
        "dpkg", "--install", f"/root/{second}", check=False
    )
    assert "1.0.0" in machine.run("dpkg-query", "--showformat=${Version}", "--show", "patchboard")
    machine.run("dpkg", "--purge", "patchboard")
