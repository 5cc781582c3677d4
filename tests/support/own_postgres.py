"""PostgreSQL servers for one test, a primary and a standby, each on its own simulated host."""

import subprocess
import time
from pathlib import Path

from tests.support.hosts_network import Host

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
DATABASE = "patchboard"
PORT = 5432
READY_WITHIN = 30.0  # seconds


class OwnPostgres:
    """One server on one host. ``folder`` must belong to the user postgres."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host, self._folder = host, folder
        self._process: subprocess.Popen[bytes] | None = None

    def start_primary(self) -> None:
        """Start a new primary server. After ``wait_for_standby``, it answers a commit only when the
        standby also has it.
        """
        self._run("initdb", "-D", str(self._folder), "-A", "trust", "-U", "postgres")
        with (self._folder / "pg_hba.conf").open("a") as access:
            access.write("host all all 10.77.0.0/24 trust\n")
            access.write("host replication all 10.77.0.0/24 trust\n")
        self._start()
        self._run("createdb", "-h", self.host.address, "-U", "postgres", DATABASE)

    def wait_for_standby(self) -> None:
        """Let the primary wait for the standby at each commit. Wait until the standby follows."""
        self._sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self._sql("SELECT pg_reload_conf()")
        until = time.monotonic() + READY_WITHIN
        while "sync" not in self._sql("SELECT sync_state FROM pg_stat_replication"):
            if time.monotonic() > until:
                raise AssertionError("the standby does not follow")
            time.sleep(0.1)

    def start_standby(self, primary: "OwnPostgres") -> None:
        """Start a standby: a copy of the primary that follows it."""
        source = ["-h", primary.host.address, "-U", "postgres"]
        self._run(
            "pg_basebackup", *source, "-D", str(self._folder), "-R", "-X", "stream", "-c", "fast"
        )
        self._start()

    def kill(self) -> None:
        """Kill the server at once, as when its host loses power."""
        assert self._process is not None
        pid = int((self._folder / "postmaster.pid").read_text().split()[0])
        # All processes in this namespace belong to this server.
        subprocess.run(["kill", "-9", str(pid)], check=True)
        self._process.wait()

    def promote(self) -> None:
        """Make this standby the primary."""
        self._run("pg_ctl", "promote", "-D", str(self._folder), "-w")

    def _start(self) -> None:
        options = {"listen_addresses": "*", "fsync": "off", "max_connections": "60"}
        given = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        # no Unix socket, because a copy of the folder would contain the socket's lock file
        given += ["-k", ""]
        command = self._as_postgres("postgres", "-D", str(self._folder), "-p", str(PORT), *given)
        with Path(f"{self._folder}.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + READY_WITHIN
        probe = self._as_postgres("pg_isready", "-q", "-h", self.host.address, "-p", str(PORT))
        while subprocess.run(probe, check=False).returncode:
            if time.monotonic() > until or self._process.poll() is not None:
                raise AssertionError(Path(f"{self._folder}.log").read_text()[-3000:])
            time.sleep(0.1)

    def _sql(self, query: str) -> str:
        words = ["psql", "-h", self.host.address, "-U", "postgres", "-Atc", query]
        return self._run(*words)

    def _run(self, program: str, *words: str) -> str:
        done = subprocess.run(
            self._as_postgres(program, *words), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise AssertionError(f"{program}: {done.stderr[-2000:]}")
        return done.stdout

    def _as_postgres(self, program: str, *words: str) -> list[str]:
        return self.host.command("runuser", "-u", "postgres", "--", str(PROGRAMS / program), *words)
