"""Converts past work items to the arrivals, outcomes and answers of a replay."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from handoff_service.rules.routing.replay import Outcome
from handoff_service.rules.routing.replay_figures import PastAnswers
from handoff_service.rules.routing.replay_input import Arrival
from handoff_service.rules.shared.vocabulary import TargetKind
from handoff_service.store.reports.replay_data import OwedInConversation, PastItem

_NOTHING = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPast:
    """The past as replays need it. The keys of each mapping are the arrivals' ids."""

    arrivals: Sequence[Arrival]
    happened: Mapping[int, Outcome]
    answers: Mapping[int, PastAnswers]


def past_of(found: Sequence[PastItem], about: Mapping[int, OwedInConversation]) -> ReplayPast:
    """Convert items to the past of a replay. ``about``: the items' conversations. A conversation's
    targets count only for its first item.
    """
    usual_busy = _usual(found, about, _busy)
    usual_answer = _usual(found, about, _answer)
    arrivals, answers = [], {}
    seen = set[int]()
    for one in found:
        past = about.get(one.interaction_id)
        is_first = one.interaction_id not in seen
        seen.add(one.interaction_id)
        gone = one.gone_at - one.created_at if one.gone_at is not None else None
        busy = _busy(one, past) if one.taken_at else usual_busy[one.queue_id]
        arrivals.append(
            Arrival(
                id=one.id,
                queue_id=one.queue_id,
                at=one.created_at,
                priority=one.priority,
                patience=gone,
                accepting=one.accepting,
                busy=busy or timedelta(),
                requester=one.requester,
                declines=one.declines,
            )
        )
        answers[one.id] = PastAnswers(
            spans=past.spans if past and is_first else (),
            holds=past.holds if past and is_first else (),
            taken_at=one.taken_at if is_first else one.created_at,
            usual_answer=usual_answer[one.queue_id],
        )
    happened = {one.id: Outcome(one.agent_id, one.taken_at) for one in found}
    return ReplayPast(arrivals=arrivals, happened=happened, answers=answers)


def _busy(one: PastItem, past: OwedInConversation | None) -> timedelta | None:
    if one.taken_at is None:
        return None
    held = sum(
        (
            max(min(h.ended_at or one.until, one.until) - max(h.began_at, one.taken_at), _NOTHING)
            for h in (past.holds if past else ())
        ),
        _NOTHING,
    )
    return max(one.until - one.taken_at - held, _NOTHING)


def _answer(one: PastItem, past: OwedInConversation | None) -> timedelta | None:
    if one.taken_at is None or past is None:
        return None
    first = next((s for s in past.spans if s.kind is TargetKind.FIRST_RESPONSE and s.reached), None)
    return None if first is None else max(first.ended_at - one.taken_at, _NOTHING)


def _usual(
    found: Sequence[PastItem], about: Mapping[int, OwedInConversation], of: Any
) -> defaultdict[int, timedelta]:
    """Return the median of the times that ``of`` returns for each queue's items, by queue."""
    times: dict[int, list[float]] = {}
    for one in found:
        time = of(one, about.get(one.interaction_id))
        if time is not None:
            times.setdefault(one.queue_id, []).append(time.total_seconds())
    usual = {key: timedelta(seconds=median(many)) for key, many in times.items()}
    return defaultdict(timedelta, usual)
