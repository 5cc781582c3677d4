"""A Redis server for one test. The test can kill, freeze and empty it, and make it send garbage."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tests.support.service import free_port


class OwnRedis:
    """``redis-server`` on a free port, without files."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        command = [
            "redis-server",
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
        ]
        try:
            self._process = subprocess.Popen(
                [*command, str(self._folder)], stdout=subprocess.DEVNULL
            )
        except FileNotFoundError as error:
            said = "redis-server is not installed"
            if os.environ.get("PATCHBOARD_TEST_REQUIRE_SERVICES") == "1":
                pytest.fail(said)
            pytest.skip(f"{said}: {error}")
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError("redis-server did not start")

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait()

    def hang(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def forget(self) -> None:
        """Delete all data and close all connections."""
        with self.client() as client:
            client.flushall()
            client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def publish_garbage(self) -> None:
        """Publish garbage on every channel with subscribers."""
        with self.client() as client:
            for channel in client.pubsub_channels():
                for message in GARBAGE:
                    client.publish(channel, message)


GARBAGE = [
    b"\xff\x00",
    b"",
    b"{}",
    b"[1]",
    b"null",
    b'["x", [7]]',
    b'["x", [["a", "1"]]]',
    b'["x", [[1, 2]]]',
    b"[" * 9999,
]


@contextmanager
def own_redis(folder: Path) -> Iterator[OwnRedis]:
    made = OwnRedis(folder)
    try:
        yield made
    finally:
        made.kill()
