"""Metrics for Prometheus at ``/metrics``: this process's counts and times. Built in ``app.py`` and
passed to the modules that count."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

TEXT_FORMAT = CONTENT_TYPE_LATEST


class Metrics:
    """Each process has its own. With several workers, one of them answers a scrape."""

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
            "patchboard_webhook_calls", "Calls of the case webhook by the state of the event",
            ["state"],
            registry=self._registry,
        )  # fmt: skip
        self.promises = Counter(
            "patchboard_promises", "Agents' promises by what became of them", ["state"],
            registry=self._registry,
        )  # fmt: skip
        self.background_failures = Counter(
            "patchboard_background_failures",
            "Failures of background tasks, which are then "
            "restarted", ["task"],
            registry=self._registry,
        )  # fmt: skip
        self.trouble = Counter(
            "patchboard_work_failed",
            "Due work that failed and will be retried",
            ["kind"],
            registry=self._registry,
        )
        self.bot_breaker = Gauge(
            "patchboard_bot_breaker_open",
            "1 while the service sends no turns to a bot that did not answer", ["bot"],
            registry=self._registry,
        )  # fmt: skip
        self.claims_lost = Counter(
            "patchboard_claims_lost",
            "Due work that a process finished after another had claimed it",
            ["kind"],
            registry=self._registry,
        )  # fmt: skip

    def shown(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)
