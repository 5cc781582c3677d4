"""Several worker processes: the supervisor replaces a worker that ends, no worker outlives its
supervisor, and no request fails during a restart.
"""

import asyncio
import os
import re
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from handoff_service.errors import SetupError
from handoff_service.server import serving
from handoff_service.server.process_supervisor import Supervisor
from tests.gateways.test_fanout import REDIS, channel  # noqa: F401  # the fixture that looks for Redis
from tests.support.fake_twilio import FakeTwilio
from tests.support.load_client import Load, get, text
from tests.support.service import Service, free_port, running_service
from tests.support.story import MAIN

REQUESTS = int(os.environ.get("PATCHBOARD_TEST_REQUESTS", "600"))
# seconds between a client's requests, so that new workers also get time on the two cores
PAUSE = 0.02
RESTARTS = int(os.environ.get("PATCHBOARD_TEST_RESTARTS", "1"))


def two_workers(postgres_url: str) -> dict[str, str]:
    return {"DATABASE_URL": postgres_url, "REDIS_URL": REDIS, "WORKERS": "2"}


async def logged(log: Path, pattern: str, count: int = 1) -> list[str]:
    """Wait until the log has this many matches of the pattern. Return their groups."""
    async with asyncio.timeout(60):
        while len(found := re.findall(pattern, log.read_text())) < count:
            await asyncio.sleep(0.02)
    return found


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def ended(pids: list[int]) -> None:
    async with asyncio.timeout(30):
        while any(map(is_running, pids)):
            await asyncio.sleep(0.02)


async def ready_workers(service: Service, count: int) -> list[int]:
    pids = [
        int(pid) for pid in await logged(service.log, r"action=worker_started pid=(\d+)", count)
    ]
    await logged(service.log, r"action=(started) ", count)
    return pids


@pytest.mark.usefixtures("channel")
async def test_a_killed_worker_is_replaced_and_a_killed_supervisor_leaves_no_worker(
    postgres_url: str, tmp_path: Path
) -> None:
    port = free_port()
    with running_service(tmp_path, port=port, program=True, **two_workers(postgres_url)) as service:
        killed, other = await ready_workers(service, 2)
        os.kill(killed, signal.SIGKILL)
        [(pid, code)] = await logged(service.log, r"action=worker_died pid=(\d+) code=(-?\d+)")
        assert (int(pid), int(code)) == (killed, -signal.SIGKILL)
        *_, new = await ready_workers(service, 3)
        assert is_running(other)
        service.kill()
        await ended([other, new])
    with running_service(tmp_path, port=port, **two_workers(postgres_url)) as service:
        assert service.process.poll() is None


@pytest.mark.usefixtures("channel")
async def test_a_rolling_restart_fails_no_request(postgres_url: str, tmp_path: Path) -> None:
    async with FakeTwilio() as twilio:
        settings = two_workers(postgres_url) | twilio.settings
        with running_service(tmp_path, **settings) as service:
            await ready_workers(service, 2)
            load = Load(service.url)
            texts = text(service.url, twilio.account_sid, twilio.auth_token, MAIN)
            clients = [
                asyncio.create_task(load.run(made, keep=keep, pause=PAUSE))
                for made in (texts, get("/readyz"))
                for keep in (True, False)
                for _ in range(2)
            ]
            for restart in range(1, RESTARTS + 1):
                service.process.send_signal(signal.SIGUSR1)
                [*done] = await logged(
                    service.log, r"action=rolling_restart_done replaced=(\d)", restart
                )
                assert done[-1] == "2"
            while load.count < REQUESTS:
                await asyncio.sleep(0.01)
            load.stop.set()
            await asyncio.gather(*clients)
            print(f"{load.count} requests over {RESTARTS} rolling restarts: {dict(load.outcomes)}")
            assert set(load.outcomes) == {"200"}
            pids = [
                int(pid)
                for pid in re.findall(r"action=worker_started pid=(\d+)", service.log.read_text())
            ]
            assert [is_running(pid) for pid in pids] == [False, False] * RESTARTS + [True, True]


async def test_a_worker_notices_a_supervisor_that_was_killed_with_unread_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In this case, the system resets the connection to the supervisor instead of ending it."""
    # The test waits for this, because the real function would end the process half a minute later.
    ends = threading.Event()
    monkeypatch.setattr(serving, "_end_in_time", ends.set)
    ours, theirs = socket.socketpair()
    with theirs:
        stopping = asyncio.Event()
        serving._watch(theirs, asyncio.get_running_loop(), stopping, lambda: None)
        theirs.sendall(b"ready")
        ours.close()
        assert await asyncio.to_thread(ends.wait, 10)
        await asyncio.wait_for(stopping.wait(), 10)


# The program of a worker that reports that it is ready, and writes the supervisor's messages to a
# file.
WORKER_PROGRAM = """
import os, pathlib, socket, sys
lifeline = socket.socket(fileno=int(sys.argv[3]))
lifeline.sendall(b"ready")
while said := lifeline.recv(1):
    pathlib.Path(sys.argv[1], str(os.getpid())).write_bytes(said)
"""


async def test_after_each_replacement_the_other_workers_check_for_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise the work that the old worker released would wait up to half a minute, until another
    worker checks.
    """
    caplog.set_level("INFO", "patchboard")
    with serving.listen("127.0.0.1", 0) as listening:
        supervisor = Supervisor(
            listening, 2, command=[sys.executable, "-c", WORKER_PROGRAM, str(tmp_path)]
        )
        running = asyncio.create_task(supervisor.run())
        async with asyncio.timeout(30):
            while caplog.text.count("action=worker_started") < 2:
                await asyncio.sleep(0.02)
            os.kill(os.getpid(), signal.SIGUSR1)
            while "action=rolling_restart_done replaced=2" not in caplog.text:
                await asyncio.sleep(0.02)
            pids = set(re.findall(r"action=worker_started pid=(\d+)", caplog.text)[2:])
            while {file.name for file in tmp_path.iterdir() if file.read_bytes()} < pids:
                await asyncio.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)
        await running


async def test_a_worker_that_keeps_ending_is_restarted_after_growing_pauses(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serving.listen("127.0.0.1", 0) as listening:
        supervisor = Supervisor(listening, 1, command=[sys.executable, "-c", "raise SystemExit(3)"])
        running = asyncio.create_task(supervisor.run())
        began = time.monotonic()
        async with asyncio.timeout(30):
            while caplog.text.count("action=worker_died") < 3:
                await asyncio.sleep(0.02)
        assert time.monotonic() - began >= 1.5
        assert re.findall(r"code=(\d) place=0 again_in=(\S+)", caplog.text) == [
            ("3", "0.5"),
            ("3", "1.0"),
            ("3", "2.0"),
        ]
        os.kill(os.getpid(), signal.SIGTERM)
        await running


def test_the_error_names_a_port_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "PORT_IS_FREE_WITHIN", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SetupError, match=f"Another program already uses 127.0.0.1:{port}"):
            serving.listen("127.0.0.1", port)


def test_the_error_names_an_address_that_is_not_of_this_host() -> None:
    with pytest.raises(SetupError, match=r"Patchboard cannot listen on 192\.0\.2\.1"):
        serving.listen("192.0.2.1", free_port())
