"""The targets that a conversation met and missed. They are computed from its lines and holds, and
from the present targets and opening hours of its queue."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handoff_service.rules.reports.conversation_record import FactLine
from handoff_service.rules.routing.targets import HeldTime, OpeningHours, Span, moment, was_met
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    Kind,
    Owner,
    Status,
    TargetKind,
)

LIVE = (Owner.QUEUE, Owner.AGENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFacts:
    """1: met, 0: missed, None: no target, or not decided. Each later answer counts once."""

    first_response_target: int | None = None
    resolution_target: int | None = None
    next_responses_met: int = 0
    next_responses_missed: int = 0


def target_facts(
    spans: Sequence[Span],
    minutes: Mapping[TargetKind, int],
    holds: Sequence[HeldTime],
    hours: OpeningHours,
    now: datetime,
) -> TargetFacts:
    """The facts. ``minutes``: the targets of the conversation's queue for its priority."""
    met: dict[TargetKind, list[bool]] = {kind: [] for kind in TargetKind}
    for one in spans:
        if one.kind in minutes:
            found = was_met(one, minutes[one.kind], holds, hours, now)
            met[one.kind] += [] if found is None else [found]
    later = met[TargetKind.NEXT_RESPONSE]
    return TargetFacts(
        first_response_target=_all(met[TargetKind.FIRST_RESPONSE]),
        resolution_target=_all(met[TargetKind.RESOLUTION]),
        next_responses_met=sum(later),
        next_responses_missed=len(later) - sum(later),
    )


def _all(met: Sequence[bool]) -> int | None:
    return int(all(met)) if met else None


def decided_at(
    spans: Sequence[Span],
    minutes: Mapping[TargetKind, int],
    holds: Sequence[HeldTime],
    hours: OpeningHours,
    now: datetime,
) -> datetime | None:
    """When the next running target will be missed. None: no running target has a due time that is
    still to come."""
    running = [one for one in spans if one.ended_at is None and one.kind in minutes]
    due = [
        moment(one.started_at, timedelta(minutes=minutes[one.kind]), holds, hours)
        for one in running
    ]
    return min((at for at in due if at is not None and at >= now), default=None)


def spans_of(lines: Sequence[FactLine], closed_at: datetime | None) -> list[Span]:
    """The spans of time in which live agents owed the requester an answer or the resolution.
    ``lines``: oldest first.

    A response is owed from the requester's first unanswered text, or from the handoff by the
    virtual agent. Resolution is owed from the first of these two moments. The stored targets follow
    the same rules (store/conversations/target_facts.py).
    """
    found = list(_responses(lines, closed_at))
    if not found:
        return []
    started_at = min(one.started_at for one in found)
    end = Span(TargetKind.RESOLUTION, started_at, closed_at, reached=closed_at is not None)
    return [*found, end]


def _responses(lines: Sequence[FactLine], closed_at: datetime | None) -> Iterator[Span]:
    kind, since, owed, was_live = TargetKind.FIRST_RESPONSE, None, False, False
    for one in lines:
        is_live = one.owner in LIVE
        if one.is_answer:
            if since is not None:
                yield Span(kind, since, one.at, reached=True)
            kind, since, owed = TargetKind.NEXT_RESPONSE, None, False
        elif one.direction is Direction.INBOUND:
            owed = True
            since = since or (one.at if is_live else None)
        elif since is not None and _is_bots_answer(one):
            yield Span(kind, since, one.at, reached=False)
            since = None
        if is_live and not was_live and owed and since is None:
            since = one.at
        was_live = is_live
    if since is not None:
        yield Span(kind, since, closed_at, reached=False)


def _is_bots_answer(one: FactLine) -> bool:
    return (
        one.kind is Kind.MESSAGE
        and one.author is Author.VIRTUAL_AGENT
        and one.owner is Owner.VIRTUAL_AGENT
        and one.direction is Direction.OUTBOUND
        and one.status is not Status.CANCELED
    )
