"""Dry run of a messaging action: replays past conversations with the rules of the real timers.

For values that the history does not keep, the replay uses today's values (``judged_by_today``). It
replays each wait as it happened. It ignores what agents did with the timers, and what the action
itself would have changed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from handoff_service.rules.messaging_actions.messaging_actions import MessagingAction, begins
from handoff_service.rules.shared.conditions import Facts
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Author, Owner, State, Unanswered

# the start of a timer -> when the timer would be due; None: outside the period
type WouldFire = Callable[[datetime], datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastConversation:
    """The facts about an interaction besides its lines.

    - ``state``, ``priority``, ``queue``, ``guest`` and ``attributes``: today's values;
    - ``open_before``: the unanswered streak that was open before the first line;
    - ``taken_before``: whether a live agent had accepted it before the first line.
    """

    id: int
    open_before: Unanswered | None
    taken_before: bool
    closed_at: datetime | None
    state: State
    priority: int
    queue: str | None
    provider_number: str
    guest: bool
    attributes: Mapping[str, str] = field(default_factory=dict)


class PastLine(NamedTuple):  # a NamedTuple because there are many
    """A line of the history. ``owner``: the interaction's owner at that time. ``author``: the
    author of a message; None for any other line."""

    at: datetime
    owner: Owner
    author: Author | None


@dataclass(frozen=True, slots=True)
class Wait:
    """One unanswered streak. ``fires_at``: None when the action would not have fired."""

    began: datetime
    fires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """A conversation with its lines. ``taken``: when a live agent first got it. ``last_text``: when
    the requester last wrote.
    """

    conversation: PastConversation
    lines: Sequence[PastLine]
    taken: datetime | None
    last_text: datetime | None


def replay(
    action: MessagingAction,
    conversation: PastConversation,
    lines: Sequence[PastLine],
    due: WouldFire,
    now: datetime,
) -> list[Wait]:
    """The waits that start in these lines (oldest first), as if the action had always existed."""
    past = _Past(
        conversation=conversation,
        lines=lines,
        taken=next((line.at for line in lines if line.owner is Owner.AGENT), None),
        last_text=next(
            (line.at for line in reversed(lines) if line.author is Author.REQUESTER), None
        ),
    )
    found: list[Wait] = []
    is_open, first = conversation.open_before, None
    for place, line in enumerate(lines):
        run = begins(line.author, is_open) if line.author else None
        if run is None:
            continue
        if first is not None:
            found.append(_wait(action, past, first, line.at, due))
        is_open, first = run, place if run is action.event else None
    if first is not None:
        found.append(_wait(action, past, first, conversation.closed_at or now, due))
    return found


def _wait(
    action: MessagingAction, past: _Past, first: int, ended: datetime, due: WouldFire
) -> Wait:
    began = past.lines[first].at
    at = due(began)
    fires = at is not None and at <= ended and action.applies(_facts(past, first, at))
    return Wait(began, at if fires else None)


def _facts(past: _Past, first: int, at: datetime) -> Facts:
    """The interaction at this moment of the wait. ``first``: index of the wait's first line."""
    last, lines = first, past.lines
    while last + 1 < len(lines) and lines[last + 1].at < at:
        last += 1
    owner, today = lines[last].owner, past.conversation
    return Facts(
        state=_state(past, at),
        owner=owner,
        priority=today.priority,
        queue=today.queue,
        provider_number=today.provider_number,
        assigned=owner is Owner.AGENT,
        guest=today.guest,
        attributes=today.attributes,
    )


def _state(past: _Past, at: datetime) -> State:
    """The state at this moment: New until a live agent accepts the interaction. The history does
    not record On hold. An interaction that is on hold today counts as on hold since the requester's
    last text, because a text ends the hold."""
    if past.conversation.state is State.ON_HOLD and (past.last_text is None or past.last_text < at):
        return State.ON_HOLD
    taken = past.conversation.taken_before or (past.taken is not None and past.taken < at)
    return State.WORK_IN_PROGRESS if taken else State.NEW


def judged_by_today(action: MessagingAction) -> list[str]:
    """The values that the action checks but the history does not keep, in words."""
    fields = {c.field for c in action.conditions}
    asked = [
        value
        for c in action.conditions
        for value in (c.value if isinstance(c.value, list) else [c.value])
    ]
    words = {
        phrase("priority"): "priority" in fields,
        phrase("queue"): "queue" in fields or bool(action.queues),
        phrase("guest"): "guest" in fields,
        phrase("attributes"): action.uses_attributes,
        phrase("on hold"): State.ON_HOLD in asked,
        phrase("the queue's schedule"): action.business_hours,
    }
    return [name for name, is_asked in words.items() if is_asked]
