"""``make soak MINUTES=60``: 50 texts a second with 200 event streams open, on SQLite.

Every few seconds it samples the service: memory, open files, the sizes of the database and its WAL,
the webhook's p99, and the longest delay from a text to the event on an agent's stream. At the end
it writes a picture, a table and slopes. Ctrl-C ends the run early and keeps the samples. The first
third of the run is a warm-up in which caches fill, and the slopes leave it out. The exit code is 1
if memory or open files certainly grow faster than the limits. "Certainly" means that the whole 95 %
interval is above the limit. A short run has wide intervals and finds only fast leaks.
"""

import asyncio
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import aiohttp

from tests.bench.desks import DIRECT, Desk, Desks, agent
from tests.bench.machine import look
from tests.bench.picture import Panel, draw
from tests.bench.report import figure, table
from tests.bench.result import percentile
from tests.bench.signed_in_agents import open_streams
from tests.bench.trend import Slope, slope
from tests.support.fake_twilio import FakeTwilio
from tests.support.service import free_port
from tests.web.test_api import Client, read_events

MINUTES = float(os.environ.get("MINUTES") or 60)
OUT = os.environ.get("OUT") or "soak"
RATE = 50  # texts a second
STREAMS = int(os.environ.get("PATCHBOARD_SOAK_STREAMS", "200"))
REQUESTERS = 500
SAMPLE_EVERY = 5.0  # seconds
PROBE_EVERY = 0.5
PROBE = "+12025550999"
LATEST = 30.0  # seconds; a slower probe counts as this long
#: limits of the growth per hour
MOST_MEMORY_MB, MOST_FILES = 12.0, 12.0
WARM_UP = 1 / 3  # share of the run


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    seconds: float  #: seconds since the load began
    memory: float  #: MB
    files: float
    wal: float  #: MB
    database: float  #: MB
    webhook_p99: float | None  #: ms, for the texts since the last sample
    hint_longest: float | None  #: ms
    texts: float  #: accepted texts a second since the last sample
    refused: int  #: refused requests since the last sample


SERIES: Sequence[tuple[str, str, Callable[[Sample], float | None]]] = (
    ("memory", "MB", lambda one: one.memory),
    ("open files", "", lambda one: one.files),
    ("size of the WAL", "MB", lambda one: one.wal),
    ("size of the database", "MB", lambda one: one.database),
    ("webhook, p99", "ms", lambda one: one.webhook_p99),
    ("longest delay of an event", "ms", lambda one: one.hint_longest),
    ("texts accepted", "/s", lambda one: one.texts),
)


@dataclass
class Load:
    """Sends texts at a steady rate, without waiting for earlier answers."""

    twilio: FakeTwilio
    url: str
    webhooks: list[float] = field(default_factory=list)
    hints: list[float] = field(default_factory=list)
    refused: int = 0
    sampled_at: float = 0.0  #: seconds

    async def texts(self) -> None:
        began, sent = time.perf_counter(), 0
        async with asyncio.TaskGroup() as group:
            while True:
                due = int((time.perf_counter() - began) * RATE)
                for _ in range(due - sent):
                    number = f"+1303555{secrets.randbelow(REQUESTERS):04d}"
                    group.create_task(self.text(number, "my laptop will not start"))
                sent = due
                await asyncio.sleep(1 / RATE)

    async def text(self, number: str, body: str) -> None:
        began = time.perf_counter()
        try:
            answer = await self.twilio.send_inbound(
                f"{self.url}/webhooks/twilio/sms", number, DIRECT, body
            )
        except (aiohttp.ClientError, OSError, TimeoutError):
            self.refused += 1
            return
        if answer.status == 200:
            self.webhooks.append((time.perf_counter() - began) * 1000)
        else:
            self.refused += 1

    async def probe(self, client: Client) -> None:
        """Send texts in one agent's conversation, and time each until its event on the agent's
        stream.
        """
        waiting: dict[str, asyncio.Future[None]] = {}
        headers = {"Authorization": f"Bearer {client.token}"}
        timeout = aiohttp.ClientTimeout(total=None)
        async with (
            client.session.get(
                f"{client.url}/api/v1/events", headers=headers, timeout=timeout
            ) as stream,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(_listen(stream, waiting))
            while True:
                body = f"probe {secrets.token_hex(4)}"
                arrived = waiting[body] = asyncio.get_running_loop().create_future()
                began = time.perf_counter()
                await self.text(PROBE, body)
                with suppress(TimeoutError):
                    await asyncio.wait_for(arrived, LATEST)
                self.hints.append((time.perf_counter() - began) * 1000)
                waiting.pop(body, None)
                await asyncio.sleep(PROBE_EVERY)

    def sample(self, desk: Desk, seconds: float) -> Sample:
        """Sample the service, and begin the next sample."""
        file = Path(desk.database.removeprefix("sqlite:///"))
        made = Sample(
            seconds=seconds,
            memory=desk.memory() / 1024,
            files=len(os.listdir(f"/proc/{desk.service.process.pid}/fd")),
            wal=_megabytes(file.with_name(f"{file.name}-wal")),
            database=_megabytes(file),
            webhook_p99=percentile(self.webhooks, 0.99) if self.webhooks else None,
            hint_longest=max(self.hints, default=None),
            texts=len(self.webhooks) / (seconds - self.sampled_at),
            refused=self.refused,
        )
        self.webhooks, self.hints, self.refused, self.sampled_at = [], [], 0, seconds
        return made


async def _listen(stream: aiohttp.ClientResponse, waiting: dict[str, asyncio.Future[None]]) -> None:
    async for event in read_events(stream):
        if event["event"] == "message":
            arrived = waiting.get(event["data"]["body"])
            if arrived and not arrived.done():
                arrived.set_result(None)


def _megabytes(file: Path) -> float:
    return file.stat().st_size / 1e6 if file.exists() else 0.0


async def soak(minutes: float, desks: Desks, samples: list[Sample]) -> None:
    """Run the load and add to the samples. Ctrl-C ends it early."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    port = free_port()
    async with FakeTwilio() as twilio, aiohttp.ClientSession() as session:
        settings = {**twilio.settings, "PUBLIC_URL": f"http://127.0.0.1:{port}"}
        # in threads, because the service calls the fake Twilio on this event loop
        desk = await asyncio.to_thread(
            desks.desk, agents=STREAMS + 1, port=port, demo=False, **settings
        )
        load = Load(twilio, desk.url)
        client = await _with_conversation(load, Client(session, desk.url))
        async with AsyncExitStack() as stack:
            streams = open_streams(desk, 1, STREAMS, looks=True)
            await asyncio.to_thread(stack.enter_context, streams)
            running = [asyncio.create_task(one) for one in (load.texts(), load.probe(client))]
            began = time.monotonic()
            while time.monotonic() - began < minutes * 60 and not stop.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), SAMPLE_EVERY)
                if failed := next((one for one in running if one.done()), None):
                    await failed  # This raises the task's error, if any.
                samples.append(load.sample(desk, time.monotonic() - began))
                _progress(samples[-1], minutes)
            for one in running:
                one.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        await asyncio.to_thread(desks.close)


async def _with_conversation(load: Load, client: Client) -> Client:
    """Sign in the first agent, who accepts the probe's conversation."""
    answer = await client.call("POST", "/login", agent(0))
    client.token = answer["token"]
    await client.call("PUT", "/agents/me/presence", {"presence": "available"})
    await load.text(PROBE, "hello")
    offers = await client.until("/inbox", lambda found: found["items"])
    await client.call("POST", f"/work-items/{offers['items'][0]['id']}/accept")
    return client


def _progress(sample: Sample, minutes: float) -> None:
    words = ", ".join(
        f"{name} {figure(value)} {unit}".strip()
        for name, unit, of in SERIES
        if (value := of(sample)) is not None
    )
    print(f"-> {sample.seconds / 60:.1f} of {minutes:g} min: {words}", file=sys.stderr, flush=True)


def slopes(samples: Sequence[Sample]) -> dict[str, Slope]:
    """Return the growth per hour after the warm-up, for each series with a limit."""
    kept = samples[int(len(samples) * WARM_UP) :]
    hours = [one.seconds / 3600 for one in kept]
    found = {
        "memory": slope(hours, [one.memory for one in kept]),
        "open files": slope(hours, [one.files for one in kept]),
    }
    return {name: one for name, one in found.items() if one is not None}


def grows(found: dict[str, Slope]) -> list[str]:
    """Return the series that certainly grow faster than their limits."""
    limits = {"memory": MOST_MEMORY_MB, "open files": MOST_FILES}
    return [name for name, one in found.items() if one.low > limits[name]]


def panels(samples: Sequence[Sample], found: dict[str, Slope]) -> list[Panel]:
    made = []
    for name, unit, of in SERIES:
        growth = found.get(name)
        note = (
            f"{growth.low:+.1f} to {growth.high:+.1f} {unit} an hour".replace("  ", " ")
            if growth
            else ""
        )
        values = [of(one) for one in samples]
        made.append(Panel(title=name, unit=unit, values=values, note=note))
    return made


def as_table(samples: Sequence[Sample], rows: int = 12) -> str:
    """Return evenly spread samples as a Markdown table."""
    step = max(len(samples) // rows, 1)
    head = ("minute", *(f"{name} ({unit})" if unit else name for name, unit, _ in SERIES))
    cells = [
        (
            f"{one.seconds / 60:.1f}",
            *("" if (value := of(one)) is None else figure(value) for _, _, of in SERIES),
        )
        for one in samples[::step]
    ]
    return table(head, cells)


def _write(samples: Sequence[Sample], warning: str) -> int:
    """Write the picture, the table and the samples. Return 1 if a series grows too fast."""
    found = slopes(samples)
    minutes = samples[-1].seconds / 60
    title = f"make soak: {RATE} texts a second, {STREAMS} event streams, SQLite"
    out = Path(OUT.removesuffix(".svg"))
    out.parent.mkdir(parents=True, exist_ok=True)
    along = f"minute 0 to {minutes:.1f}"
    out.with_suffix(".svg").write_text(draw(title, panels(samples, found), along))
    out.with_suffix(".json").write_text(
        json.dumps({"warning": warning, "samples": [asdict(one) for one in samples]}) + "\n"
    )
    print(as_table(samples))
    for name, one in found.items():
        print(f"{name}: {one.middle:+.1f} an hour, 95 % interval {one.low:+.1f} to {one.high:+.1f}")
    if not found:
        print("The run was too short for slopes: it needs 30 samples.")
    refused = sum(one.refused for one in samples)
    print(f"texts refused: {refused}; picture: {out.with_suffix('.svg')}")
    if warning:
        print(f"Warning: {warning}")
    for name in grows(found):
        print(f"FAILED: {name} grows faster than the limit.")
    return 1 if grows(found) else 0


def main() -> int:
    machine = look()
    if machine.warning:
        print(f"Warning: {machine.warning}", file=sys.stderr)
    samples: list[Sample] = []
    with closing(Desks("SQLite")) as desks:
        asyncio.run(soak(MINUTES, desks, samples))
    if not samples:
        print("The run has no samples.", file=sys.stderr)
        return 1
    return _write(samples, machine.warning)


if __name__ == "__main__":
    sys.exit(main())
