"""Work assignment: which live agents get an offer for a work item, and why the others get none.

First, ``FILTERS`` remove candidates. Then affinity, optional skills and the queue's rule, in this
order, choose among the rest.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from handoff_service.rules.shared.phrases import Phrase, phrase
from handoff_service.rules.shared.vocabulary import Assignment, Presence

ROUND_PAUSE = timedelta(seconds=30)  # the pause after a round in which everybody declined


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An agent in one of a queue's groups.

    - ``takes_work``: whether the agent's presence allows work.
    - ``capacity``: the lower of the agent's and the group's.
    - ``load``: open offers plus active conversations, without those on hold.
    - ``after_seconds``: when the agent's pool joins.
    """

    agent_id: int
    name: str
    presence: str
    takes_work: bool
    capacity: int
    load: int
    skills: frozenset[str] = frozenset()
    after_seconds: int = 0
    last_assigned_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A work item: what it needs, how long it has waited, and how agents have answered so far.

    - ``declined``: agent -> (round, may be asked again).
    - ``asked``: agents with an open offer of this item.
    - ``affinity``: the agent who last served this requester.
    - ``last_agent``: the agent this queue asked last.
    """

    rule: Assignment
    waited: timedelta
    round: int = 1
    mandatory: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    declined: Mapping[int, tuple[int, bool]] = field(default_factory=dict)
    asked: frozenset[int] = frozenset()
    affinity: int | None = None
    last_agent: int | None = None


class LeftOut(StrEnum):
    """Why a candidate is not asked."""

    NOT_AVAILABLE = "not_available"
    ASKED = "asked"
    LACKS_SKILL = "lacks_skill"
    JOINS_LATER = "joins_later"
    NEVER_AGAIN = "never_again"
    REJECTED_IN_ROUND = "rejected_in_round"
    NO_ROOM = "no_room"


# The filters that remove candidates. The first one that matches is the reason.
FILTERS: Mapping[LeftOut, Callable[[Candidate, Need], bool]] = {
    LeftOut.NOT_AVAILABLE: lambda c, _: not c.takes_work,
    LeftOut.ASKED: lambda c, n: c.agent_id in n.asked,
    LeftOut.LACKS_SKILL: lambda c, n: not n.mandatory <= c.skills,
    LeftOut.JOINS_LATER: lambda c, n: n.waited < timedelta(seconds=c.after_seconds),
    LeftOut.NEVER_AGAIN: lambda c, n: not n.declined.get(c.agent_id, (0, True))[1],
    LeftOut.REJECTED_IN_ROUND: lambda c, n: n.declined.get(c.agent_id, (0, True))[0] == n.round,
    LeftOut.NO_ROOM: lambda c, _: c.load >= c.capacity,
}


def left_out(candidate: Candidate, need: Need) -> LeftOut | None:
    """The first filter that removes a candidate. None when the item can be offered."""
    return next((why for why, filters in FILTERS.items() if filters(candidate, need)), None)


def _spare(c: Candidate, _n: Need) -> tuple[int, int]:
    return (c.load - c.capacity, 0)


def _idle(_c: Candidate, _n: Need) -> tuple[int, int]:
    return (0, 0)  # the agent asked longest ago comes first, as for all ties


def _turn(c: Candidate, n: Need) -> tuple[int, int]:
    return (int(c.agent_id <= (n.last_agent or 0)), c.agent_id)


# Each rule's order of candidates, best first. Ties: the agent asked longest ago, then the lower id.
ORDER: Mapping[Assignment, Callable[[Candidate, Need], tuple[int, int]]] = {
    Assignment.MOST_CAPACITY: _spare,
    Assignment.LONGEST_IDLE: _idle,
    Assignment.ROUND_ROBIN: _turn,
    Assignment.FIRST_TO_ACCEPT: _spare,
}


class Because(StrEnum):
    """Why an agent is asked. NOT_FIRST: why a free agent is not asked."""

    AFFINITY = "affinity"
    MOST_CAPACITY = "most_capacity"
    LONGEST_IDLE = "longest_idle"
    ROUND_ROBIN = "round_robin"
    FIRST_TO_ACCEPT = "first_to_accept"
    NOT_FIRST = "not_first"


#: the rest of a sentence about the candidate, for the work item's log and pages
REASONS: Mapping[LeftOut | Because, Callable[[Mapping[str, object]], Phrase]] = {
    LeftOut.NOT_AVAILABLE: lambda given: phrase("is {presence}", **given),
    LeftOut.ASKED: lambda _: phrase("already has this offer"),
    LeftOut.LACKS_SKILL: lambda given: phrase("lacks the skill {skills}", **given),
    LeftOut.JOINS_LATER: lambda given: phrase("joins after {after} s", **given),
    LeftOut.NEVER_AGAIN: lambda _: phrase("rejected this conversation"),
    LeftOut.REJECTED_IN_ROUND: lambda _: phrase("rejected it in this round"),
    LeftOut.NO_ROOM: lambda given: phrase("is at capacity: {load} of {capacity}", **given),
    Because.AFFINITY: lambda _: phrase("last served this requester"),
    Because.MOST_CAPACITY: lambda given: phrase(
        "has the most free capacity: {load} of {capacity}", **given
    ),
    Because.LONGEST_IDLE: lambda _: phrase("has gone longest without an offer"),
    Because.ROUND_ROBIN: lambda _: phrase("is next in turn"),
    Because.FIRST_TO_ACCEPT: lambda _: phrase("gets the offer with all free agents"),
    Because.NOT_FIRST: lambda _: phrase("was free, but the queue's rule chose another"),
}
#: the states of presence that every desk has
PRESENCES: Mapping[str, Phrase] = {
    Presence.AVAILABLE: phrase("available"),
    Presence.AWAY: phrase("away"),
    Presence.OFFLINE: phrase("offline"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """One candidate of a decision: asked or not, and why."""

    agent_id: int
    after_seconds: int
    chosen: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The candidates to ask (none, one, or all who are free), and every candidate with the reason.

    ``next_round``: somebody can be asked once a new round starts; ``joins_in``: the time until the
    next pool joins; ``all_rejected``: every available agent with the skills has rejected it for
    good.
    """

    chosen: tuple[Candidate, ...]
    considered: tuple[Considered, ...]
    next_round: bool
    joins_in: timedelta | None
    all_rejected: bool


def decide(candidates: Sequence[Candidate], need: Need) -> Decision:
    """Choose the candidates to ask, and give every candidate a reason."""
    reasons = {c.agent_id: left_out(c, need) for c in candidates}
    free = sorted(
        (c for c in candidates if reasons[c.agent_id] is None), key=lambda c: _place(c, need)
    )
    chosen = tuple(free if need.rule is Assignment.FIRST_TO_ACCEPT else free[:1])
    if chosen and chosen[0].agent_id == need.affinity:
        chosen = chosen[:1]
    picked = {c.agent_id for c in chosen}
    return Decision(
        chosen=chosen,
        considered=tuple(_considered(c, need, reasons[c.agent_id], picked) for c in candidates),
        next_round=any(why is LeftOut.REJECTED_IN_ROUND for why in reasons.values()),
        joins_in=_joins_in(candidates, need, reasons),
        all_rejected=LeftOut.NEVER_AGAIN in reasons.values() and {*reasons.values()} <= _REJECTED,
    )


#: the reasons of a queue in which nobody who could take a conversation is left
_REJECTED = {LeftOut.NEVER_AGAIN, LeftOut.NOT_AVAILABLE, LeftOut.LACKS_SKILL}


def _place(c: Candidate, need: Need) -> tuple[object, ...]:
    never = datetime.min.replace(tzinfo=c.last_assigned_at.tzinfo if c.last_assigned_at else None)
    return (
        c.agent_id != need.affinity,
        -len(need.optional & c.skills),
        ORDER[need.rule](c, need),
        c.last_assigned_at is not None,
        c.last_assigned_at or never,
        c.agent_id,
    )


def _joins_in(
    candidates: Iterable[Candidate], need: Need, reasons: Mapping[int, LeftOut | None]
) -> timedelta | None:
    later = [c.after_seconds for c in candidates if reasons[c.agent_id] is LeftOut.JOINS_LATER]
    return timedelta(seconds=min(later)) - need.waited if later else None


def _considered(c: Candidate, need: Need, why: LeftOut | None, picked: set[int]) -> Considered:
    chosen = c.agent_id in picked
    return Considered(
        agent_id=c.agent_id,
        after_seconds=c.after_seconds,
        chosen=chosen,
        why=_words(c, need, why, chosen=chosen),
    )


def _words(c: Candidate, need: Need, why: LeftOut | None, *, chosen: bool) -> str:
    reason: LeftOut | Because = why or Because.NOT_FIRST
    if chosen:
        reason = Because.AFFINITY if c.agent_id == need.affinity else Because[need.rule.name]
    return REASONS[reason](
        {
            "presence": presence_words(c.presence),
            "skills": ", ".join(sorted(need.mandatory - c.skills)),
            "after": c.after_seconds,
            "load": c.load,
            "capacity": c.capacity,
        }
    )


def presence_words(presence: str) -> str:
    """Return a presence for use within a sentence. Presences that an admin added keep the admin's
    spelling.
    """
    return PRESENCES.get(presence) or presence.replace("_", " ")


class Nobody(StrEnum):
    """Why nobody can be asked. The reason determines the text to the requester."""

    CLOSED = "the queue is closed"
    NOBODY_ONLINE = "nobody is online"
    ALL_FULL = "everyone is busy"


def nobody(candidates: Iterable[Candidate]) -> Nobody:
    """The reason why nobody was chosen although the queue is open."""
    return Nobody.ALL_FULL if any(c.takes_work for c in candidates) else Nobody.NOBODY_ONLINE
