"""Decides when the company's own SMS gateway, such as a phone, counts as unavailable. Each fault
that lasts long enough has one alert, which ends when the gateway is available again."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from handoff_service.rules.shared.phrases import phrase

#: a phone's network may drop out for a moment
AWAY_AFTER = timedelta(minutes=3)
#: the time of three heartbeats, which a phone sends every five minutes
SILENT_AFTER = timedelta(minutes=15)


class AwayReason(StrEnum):
    #: it does not answer
    NO_ANSWER = "no_answer"
    #: it answers, but its heartbeats do not arrive
    SILENT = "silent"


#: what people read about a gateway that has been unavailable since {time}
AWAY = {
    AwayReason.NO_ANSWER: phrase(
        "The SMS gateway has not answered since {time}. Texts wait in both directions until it is "
        "back."
    ),
    AwayReason.SILENT: phrase(
        "The SMS gateway answers, but its heartbeats have not arrived since {time}. Texts from "
        "requesters may be waiting there. Check that it can reach this service, and register the "
        "webhooks again."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayWatch:
    """What is known about the gateway.

    - ``failing_since``, ``reason``: when and why the present fault began; None: the gateway works.
    - ``alerted_at``: when the alert began; None: there is no alert.
    - ``heard_at``: its last heartbeat; None: it has sent none.
    """

    failing_since: datetime | None = None
    reason: AwayReason | None = None
    alerted_at: datetime | None = None
    heard_at: datetime | None = None


def after_check(watch: GatewayWatch, *, answers: bool, now: datetime) -> GatewayWatch:
    """The state after a check. ``answers``: whether the gateway answered."""
    if not answers:
        return _failing(watch, AwayReason.NO_ANSWER, watch.failing_since or now, now)
    if watch.reason is AwayReason.NO_ANSWER and watch.heard_at is not None:
        # the gateway could send no heartbeat while it was unavailable
        watch = replace(watch, heard_at=now)
    if watch.heard_at is not None and now - watch.heard_at >= SILENT_AFTER:
        return _failing(watch, AwayReason.SILENT, watch.heard_at, now)
    return replace(watch, failing_since=None, reason=None, alerted_at=None)


def after_start(watch: GatewayWatch, now: datetime) -> GatewayWatch:
    """The state when a process starts. No process watched the gateway before, so a fault without an
    alert is forgotten, and the time since the last heartbeat is counted from now."""
    if watch.alerted_at is not None:
        return watch
    heard_at = None if watch.heard_at is None else now
    return GatewayWatch(heard_at=heard_at)


def _failing(
    watch: GatewayWatch, reason: AwayReason, since: datetime, now: datetime
) -> GatewayWatch:
    is_late = now - since >= AWAY_AFTER
    return replace(
        watch,
        failing_since=since,
        reason=reason,
        alerted_at=watch.alerted_at or (now if is_late else None),
    )
