"""Facts about the machine that runs the benchmarks."""

import os
import platform
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.conftest import POSTGRES

BUSY = 0.15  # Share of a core. If other programs use more, they distort the figures.
LOOK = 1.0  # seconds of watching the processor before the run


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    cores: int
    processor: str
    memory_gb: float
    kernel: str
    python: str
    sqlite: str
    postgresql: str
    load: float  #: load average over the minute before the run
    busy_cores: float  #: cores that other programs used just before the run

    @property
    def warning(self) -> str:
        """Return the reason not to quote the figures, or "" if there is none."""
        if self.busy_cores < BUSY:
            return ""
        return (
            f"Other programs used {self.busy_cores:.1f} of {self.cores} cores when this run began. "
            "Do not quote its figures."
        )

    def facts(self) -> dict[str, str]:
        return {
            "cores": str(self.cores),
            "processor": self.processor,
            "memory": f"{self.memory_gb:.0f} GB",
            "kernel": self.kernel,
            "Python": self.python,
            "SQLite": self.sqlite,
            "PostgreSQL": self.postgresql,
            "load average at the start": f"{self.load:.2f}",
        }


def look() -> Machine:
    """Watch the machine for a second before the run."""
    before = busy_seconds(Path("/proc/stat").read_text())
    time.sleep(LOOK)
    busy = (busy_seconds(Path("/proc/stat").read_text()) - before) / LOOK
    return Machine(
        cores=os.cpu_count() or 1,
        processor=processor(Path("/proc/cpuinfo").read_text()),
        memory_gb=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        kernel=platform.release(),
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        postgresql=_postgresql(),
        load=os.getloadavg()[0],
        busy_cores=busy,
    )


def processor(cpuinfo: str) -> str:
    """Return the processor's model, from ``/proc/cpuinfo``."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Hardware", "Model"):
            return " ".join(value.split())
    return platform.machine()


def busy_seconds(stat: str) -> float:
    """Return the seconds that all cores together have worked since the machine's start, from
    ``/proc/stat``.
    """
    user, nice, system, _idle, _wait, interrupts, soft, *_ = map(
        int, stat.split("\n", maxsplit=1)[0].split()[1:]
    )
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


def _postgresql() -> str:
    try:
        with psycopg.connect(POSTGRES) as conn:
            return str(conn.execute("SHOW server_version").fetchone()[0]).split()[0]  # type: ignore[index]
    except psycopg.OperationalError:
        return "not there"
