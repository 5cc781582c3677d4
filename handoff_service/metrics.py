"""Metrics for Prometheus at ``/metrics``. Built in ``app/service.py`` and passed to the modules
that count.

A single process keeps its counts in memory. Several worker processes keep them in files of one
folder (``share``), so each process can report the counts of all of them to Prometheus."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
    values,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

TEXT_FORMAT = CONTENT_TYPE_LATEST
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client reads this variable


def share(folder: str, place: int) -> None:
    """Keep this process's counts in files of the folder. ``place``: a number that no other running
    process has. A process that gets the place of an ended process continues its counts, so that
    counts never decrease.

    https://prometheus.github.io/client_python/multiprocess/
    """
    os.environ[_FOLDER] = folder
    kept: Any = values.MultiProcessValue
    values.ValueClass = kept(process_identifier=lambda: place)


def has_ended(folder: str, place: int) -> None:
    """Remove the gauges of the process that had this place, because it has ended. Its counts
    stay."""
    multiprocess.mark_process_dead(place, folder)  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingInQueue:
    """The conversations that wait in a queue."""

    queue: str
    count: int
    longest: float  #: the longest wait, in seconds; 0 if no conversation waits


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskState:
    """The figures that each request from Prometheus reads from the database."""

    queues: Sequence[WaitingInQueue]
    agents: int  #: the agents who are available for work
    work_late: float  #: how many seconds the oldest due work has waited for a worker
    #: name of a webhook -> how many seconds its oldest event has waited
    webhooks: Mapping[str, float] = field(default_factory=dict)
    #: how many seconds the company's own SMS gateway has been unavailable; 0 without an alert
    gateway_away: float = 0


class Metrics:
    """The metrics that this process counts."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.texts = Counter(
            "patchboard_texts",
            "Texts from requesters by outcome",
            ["outcome"],
            registry=self._registry,
        )
        self.receipts = Counter(
            "patchboard_receipts",
            "Delivery receipts by status",
            ["status"],
            registry=self._registry,
        )
        self.recovered = Counter(
            "patchboard_recovered_texts", "Texts whose webhook was lost", registry=self._registry
        )
        self.sends = Counter(
            "patchboard_sends",
            "Sends by the provider's answer",
            ["result"],
            registry=self._registry,
        )
        self.held_back = Counter(
            "patchboard_replies_held_back",
            "Automatic replies to unknown numbers that a limit stopped",
            ["limit"],
            registry=self._registry,
        )  # fmt: skip
        self.notifications = Counter(
            "patchboard_notifications", "Notifications to agents without an open page",
            ["way", "result"],
            registry=self._registry,
        )  # fmt: skip
        self.turns = Counter(
            "patchboard_bot_turns", "Bot turns by outcome", ["outcome"], registry=self._registry
        )
        self.turn_seconds = Histogram(
            "patchboard_bot_turn_seconds",
            "Seconds that the bot took for a turn",
            registry=self._registry,
        )
        self.calls = Counter(
            "patchboard_webhook_calls", "Webhook calls by the state of the event",
            ["state"],
            registry=self._registry,
        )  # fmt: skip
        self.promises = Counter(
            "patchboard_promises", "Agents' promises by outcome", ["state"],
            registry=self._registry,
        )  # fmt: skip
        self.background_failures = Counter(
            "patchboard_background_failures",
            "Failures of background tasks, which are then "
            "restarted", ["task"],
            registry=self._registry,
        )  # fmt: skip
        self.work_failures = Counter(
            "patchboard_work_failed",
            "Due work that failed and will be retried",
            ["kind"],
            registry=self._registry,
        )
        self.bot_breaker = Gauge(
            "patchboard_bot_breaker_open",
            "1 while the service sends at most a test turn to a bot that did not answer", ["bot"],
            registry=self._registry, multiprocess_mode="livemax",
        )  # fmt: skip
        self.media_seconds = Histogram(
            "patchboard_media_store_seconds", "Seconds that the S3 store took, by operation",
            ["operation"],
            registry=self._registry,
        )  # fmt: skip
        self.media_failures = Counter(
            "patchboard_media_store_failures", "Requests to the S3 store that failed",
            ["operation"],
            registry=self._registry,
        )  # fmt: skip
        self.claims_lost = Counter(
            "patchboard_claims_lost",
            "Due work that a process finished after another had claimed it",
            ["kind"],
            registry=self._registry,
        )  # fmt: skip

    def shown(self, state: DeskState | None = None) -> bytes:
        """All metrics of all worker processes, in Prometheus' text format. ``state`` None: the
        database is unavailable."""
        counted, now = self._registry, CollectorRegistry()
        if folder := os.environ.get(_FOLDER):
            counted = CollectorRegistry()
            multiprocess.MultiProcessCollector(counted, folder)  # type: ignore[no-untyped-call]
        now.register(_StateCollector(state))
        return generate_latest(counted) + generate_latest(now)


class _StateCollector(Collector):
    """The gauges of the figures in the database, which are the same in all processes."""

    def __init__(self, state: DeskState | None) -> None:
        self._state = state

    def collect(self) -> Iterator[GaugeMetricFamily]:
        state = self._state
        waiting = GaugeMetricFamily(
            "patchboard_conversations_waiting", "Conversations that wait for an agent",
            labels=["queue"],
        )  # fmt: skip
        longest = GaugeMetricFamily(
            "patchboard_longest_wait_seconds",
            "The longest wait of a conversation for an agent",
            labels=["queue"],
        )
        agents = GaugeMetricFamily(
            "patchboard_agents_available", "Agents who are available for work"
        )
        late = GaugeMetricFamily(
            "patchboard_work_late_seconds",
            "For how long the oldest due work has waited for a worker",
        )
        events = GaugeMetricFamily(
            "patchboard_webhook_oldest_seconds",
            "For how long the oldest event that a webhook has not accepted yet has waited",
            labels=["webhook"],
        )
        gateway = GaugeMetricFamily(
            "patchboard_gateway_away_seconds",
            "For how long the company's own SMS gateway, such as a phone, has been unavailable",
        )
        if state is not None:
            gateway.add_metric([], state.gateway_away)
            for name, age in state.webhooks.items():
                events.add_metric([name], age)
            for one in state.queues:
                waiting.add_metric([one.queue], one.count)
                longest.add_metric([one.queue], one.longest)
            agents.add_metric([], state.agents)
            late.add_metric([], state.work_late)
        yield from (waiting, longest, agents, late, events, gateway)


class NoMetrics(Metrics):
    """The metrics of a practice desk. They count nothing, because the metrics are about the real
    desk."""

    def __init__(self) -> None:
        """Make no metrics."""

    def __getattr__(self, name: str) -> Any:
        return _NOTHING

    def shown(self, state: DeskState | None = None) -> bytes:
        return b""


class _Nothing:
    """A metric that counts nothing."""

    def labels(self, *_labels: object) -> "_Nothing":
        return self

    def inc(self, _amount: float = 1) -> None:
        pass

    def set(self, _value: float) -> None:
        pass

    def time(self) -> AbstractContextManager[None]:
        return nullcontext()


_NOTHING = _Nothing()
