"""The servers of ``make chaos-hosts``, each on its own simulated host."""

import asyncio
import csv
import io
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from handoff_service.gateways.s3.media_store import Bucket, S3Media
from tests.chaos.hosts_bots import HostBot
from tests.support.fake_twilio import FakeTwilio
from tests.support.hosts_network import HERE, Host, build
from tests.support.own_postgres import DATABASE, OwnPostgres

ROOT = Path(__file__).parents[2]
DESK = "tests/desk.toml"
PROXY = ROOT / "docs/how-to/haproxy.cfg"
PROXY_PORT, SERVICE_PORT, REDIS_PORT, S3_PORT = 8080, 8000, 6379, 9000
BUCKET, PREFIX = "northwind-desk", "media"
MIGRATIONS = "handoff_service/store/engine/migrations/versions"
READY_WITHIN = 60.0  # seconds
TLS = (
    "    bind :80\n    bind :443 ssl crt /etc/haproxy/patchboard.pem alpn h2,http/1.1\n"
    "    http-request redirect scheme https unless { ssl_fc }\n"
)


def proxy_configuration(bind: str, admin: str, servers: dict[str, str]) -> str:
    """Return the proxy configuration of the docs, with other addresses and without TLS."""
    text = PROXY.read_text()
    changes = {
        TLS: f"    bind {bind}\n",
        "/run/haproxy/admin.sock mode 660": f"{admin} mode 600",
        "log /dev/log": "log stdout format raw",
        "10.0.0.11:8000": servers["a"],
        "10.0.0.12:8000": servers["b"],
    }
    for old, new in changes.items():
        assert old in text, f"docs/how-to/haproxy.cfg has no {old!r}"
        text = text.replace(old, new)
    return text


def older_release(folder: Path) -> Path:
    """Unpack the newest older release of this program: the last commit of this branch that has
    fewer migrations. ``PATCHBOARD_CHAOS_OLDER`` names another commit.
    """
    commit = os.environ.get("PATCHBOARD_CHAOS_OLDER") or _before_newest_migration()
    made = folder / "older"
    packed = _git("archive", commit, "handoff_service", "actions", "data", "domain.yml", DESK)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(made, filter="data")
    print(f"-> the older release is {commit[:8]}", file=sys.stderr, flush=True)
    return made


def _before_newest_migration() -> str:
    newest = max(path.name for path in (ROOT / MIGRATIONS).glob("[0-9]*.py"))
    for commit in _git("rev-list", "--first-parent", "HEAD").decode().split():
        if newest.encode() not in _git("ls-tree", "--name-only", commit, f"{MIGRATIONS}/"):
            return commit
    raise AssertionError(f"no commit without {newest}")


def _git(*words: str) -> bytes:
    return subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True).stdout


class ServiceHost:
    """A host with a service and a bot."""

    def __init__(self, host: Host, home: Path, environment: dict[str, str], bot: HostBot) -> None:
        self.host, self._environment, self._bot = host, environment, bot
        self._process: subprocess.Popen[bytes] | None = None
        home.mkdir()
        self.log, self._bot_log = home / "service.log", home / "bot.log"

    def start_bot(self) -> None:
        """Start the bot, and wait until it can answer."""
        process = self._run(self._bot_log, *self._bot.command(self._environment))
        self._bot.wait_until_up(self.host, process, self._bot_log)

    def start(self, release: Path = ROOT) -> None:
        self._process = self._patchboard("serve", release=release)

    def import_desk(self, release: Path) -> None:
        """Import the desk of the tests with this host's release."""
        done = self._patchboard("import", str(release / DESK), release=release)
        assert done.wait(READY_WITHIN) == 0, self.log.read_text()

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(40)

    def ended(self) -> int:
        """Wait until a service ends without being stopped. Return its exit code."""
        assert self._process is not None
        return self._process.wait(READY_WITHIN)

    def _patchboard(self, *words: str, release: Path) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "handoff_service.cli", *words]
        environment = os.environ | self._environment | {"PYTHONPATH": str(release)}
        return self._run(self.log, command, environment, release)

    def _run(
        self, log: Path, command: Sequence[str], environment: Mapping[str, str], folder: Path = ROOT
    ) -> "subprocess.Popen[bytes]":
        with log.open("ab") as sink:
            return subprocess.Popen(
                self.host.command(*command), cwd=folder, env=environment, stdout=sink, stderr=sink
            )


class Cluster:
    """All servers of the drills. The services start with the older release. The provider and the
    proxy run at ``HERE``.
    """

    def __init__(self, folder: Path, older: Path, bot: HostBot) -> None:
        self.folder, self.older, self.bot = folder, older, bot
        self.url = f"http://{HERE}:{PROXY_PORT}"
        # credentials that only this drill's services have
        self.twilio = FakeTwilio(auth_token=secrets.token_hex(16))
        one, two, self.data, spare = build(["a", "b", "data", "spare"])
        self.primary = OwnPostgres(self.data, self._owned("primary"))
        self.standby = OwnPostgres(spare, self._owned("standby"))
        hosts = "&".join(f"host={host.address}:5432" for host in (self.data, spare))
        self.database_url = (
            f"postgresql://postgres@/{DATABASE}?{hosts}&target_session_attrs=read-write"
        )
        self._hosts = one, two
        self._redis: subprocess.Popen[bytes] | None = None
        self._s3: subprocess.Popen[bytes] | None = None
        self._s3_url = f"http://{self.data.address}:{S3_PORT}"
        # the test's S3 server accepts any keys
        self._s3_keys = secrets.token_hex(10), secrets.token_hex(20)
        self._admin = folder / "proxy.sock"

    def _owned(self, name: str) -> Path:
        made = self.folder / name
        made.mkdir(mode=0o700)
        shutil.chown(made, "postgres")
        return made

    async def __aenter__(self) -> Self:
        await self.twilio.start(HERE)
        self.twilio.answer_delay = 0.05
        self.start_redis()
        await asyncio.to_thread(self._start_s3)
        await asyncio.to_thread(self._start_databases)
        settings = {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": f"redis://{self.data.address}:{REDIS_PORT}",
            "MEDIA_STORE": f"s3://{BUCKET}/{PREFIX}",
            "S3_URL": self._s3_url,
            "S3_ACCESS_KEY": self._s3_keys[0],
            "S3_SECRET_KEY": self._s3_keys[1],
            "PUBLIC_URL": self.url,
            "TRUSTED_PROXIES": HERE,
            "SECRET_KEY": secrets.token_hex(16),
            "BOT_TOKEN": secrets.token_hex(16),
            **self.bot.settings(self.database_url),
            "BURST_WINDOW": "0.3",
            "PORT": str(SERVICE_PORT),
            **self.twilio.settings,
        }
        self.services = [
            ServiceHost(
                host,
                self.folder / host.name,
                _environment(host, self.folder, settings),
                self.bot,
            )
            for host in self._hosts
        ]
        first, second = self.services
        first.start(self.older)
        self._start_proxy()
        await self.proxy_sees(1)
        await asyncio.to_thread(first.import_desk, self.older)
        second.start(self.older)
        await self.proxy_sees(2)
        for one in self.services:
            await asyncio.to_thread(one.start_bot)
        return self

    async def __aexit__(self, *_: object) -> None:
        # The kernel ends the other processes; see tests/support/hosts_network.py.
        await self.twilio.close()

    def _start_databases(self) -> None:
        self.primary.start_primary()
        self.standby.start_standby(self.primary)
        self.primary.wait_for_standby()

    def _start_s3(self) -> None:
        """An S3 server without objects, on the host of the database."""
        words = (sys.executable, "-m", "moto.server", "-H", "0.0.0.0", "-p", str(S3_PORT))
        log = (self.folder / "s3.log").open("wb")
        self._s3 = subprocess.Popen(self.data.command(*words), stdout=log, stderr=log)
        until = time.monotonic() + READY_WITHIN
        while time.monotonic() < until:
            asked = urllib.request.Request(f"{self._s3_url}/{BUCKET}", method="PUT")
            with suppress(OSError), urllib.request.urlopen(asked, timeout=5):
                return
            time.sleep(0.2)
        raise AssertionError("the S3 server did not start")

    def hang_s3(self) -> None:
        """Let the S3 server answer nothing."""
        assert self._s3 is not None
        self._s3.send_signal(signal.SIGSTOP)

    def resume_s3(self) -> None:
        assert self._s3 is not None
        self._s3.send_signal(signal.SIGCONT)

    def media(self) -> S3Media:
        """The media store of all hosts."""
        access, secret = self._s3_keys
        return S3Media(
            Bucket(
                name=BUCKET, prefix=PREFIX, region="us-east-1", url=self._s3_url,
                access_key=access, secret_key=secret,
            )
        )  # fmt: skip

    def start_redis(self) -> None:
        """Start a Redis server without data."""
        words = ["redis-server", "--port", str(REDIS_PORT), "--bind", "0.0.0.0", "--save", ""]
        command = self.data.command(*words, "--protected-mode", "no", "--dir", str(self.folder))
        self._redis = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def stop_redis(self) -> None:
        assert self._redis is not None
        self._redis.kill()
        self._redis.wait()

    def _start_proxy(self) -> None:
        file = self.folder / "haproxy.cfg"
        servers = {host.name: f"{host.address}:{SERVICE_PORT}" for host in self._hosts}
        bind = f"{HERE}:{PROXY_PORT}"
        file.write_text(proxy_configuration(bind, str(self._admin), servers))
        log = (self.folder / "haproxy.log").open("wb")
        subprocess.Popen(["haproxy", "-db", "-f", str(file)], stdout=log, stderr=log)

    async def proxy_sees(self, count: int) -> None:
        """Wait until this many hosts are in service."""
        until = time.monotonic() + READY_WITHIN
        while self._up() != count:
            if time.monotonic() > until:
                logs = "\n".join(
                    one.log.read_text()[-2000:] for one in self.services if one.log.exists()
                )
                raise AssertionError(f"the proxy does not see {count} hosts:\n{logs}")
            await asyncio.sleep(0.1)

    def _up(self) -> int:
        try:
            text = self.ask_proxy("show stat")
        except OSError:
            return 0
        rows = csv.DictReader(io.StringIO(text.removeprefix("# ")))
        return sum(row["status"] == "UP" for row in rows if row["svname"] in ("a", "b"))

    def ask_proxy(self, command: str) -> str:
        """Send a command to the proxy. Return its answer."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self._admin))
            admin.sendall(f"{command}\n".encode())
            return admin.makefile().read()


def _environment(host: Host, folder: Path, settings: dict[str, str]) -> dict[str, str]:
    own = {"HOME": str(folder / host.name), "HOST": host.address}
    return {f"PATCHBOARD_{name}": value for name, value in (settings | own).items()}
