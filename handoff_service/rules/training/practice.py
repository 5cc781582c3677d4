"""Practice with past conversations: what the requesters text, and when.

A practice desk replays past conversations to one agent. The requester's texts form rounds: the
first round comes before the agent's first answer, and each later round follows an answer. Within
a round, the texts keep the gaps of the original, up to ``LONGEST_GAP``, divided by the run's speed.

The part with the virtual agent is not replayed. As in the original, it is complete when the
conversation reaches the agent.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from handoff_service.rules.shared.phrases import count_phrase, phrase

MOST_CONVERSATIONS, USUAL_CONVERSATIONS = 50, 10
FASTEST = 60
SPEEDS = (1, 2, 5, 10)
MOST_AT_ONCE = 3  # practice desks at the same time
ENDS_AFTER = timedelta(hours=1)  # time of inactivity after which a run ends
TEXTS_KEPT = timedelta(days=30)  # after this time, only the figures of a run are kept
USUAL_DAYS = 30
# the longest gap between two texts of one conversation, before the division by the speed
LONGEST_GAP = timedelta(minutes=10)
# the longest pause between the starts of two conversations, before the division by the speed
LONGEST_PAUSE = timedelta(minutes=5)
#: Answers to a menu of the virtual agent. Without the menu, they make no sense.
_TO_THE_BOT = re.compile(r"\W*(?:\d{1,2}|agent|restart)\W*", re.IGNORECASE)


class PracticeSource(StrEnum):
    """The source of the conversations: the desk's own past, or the set that ships with the
    product."""

    PAST = "past"
    DEMO = "demo"


class PracticeState(StrEnum):
    """The state of a run."""

    RUNNING = "running"
    FINISHED = "finished"  #: every conversation was closed
    ENDED = "ended"  #: a person ended it early
    IDLE = "idle"  #: the agent did nothing for an hour
    INTERRUPTED = "interrupted"  #: the service stopped


class Speaker(StrEnum):
    REQUESTER = "requester"
    VIRTUAL_AGENT = "virtual_agent"
    AGENT = "agent"
    NOTE = "note"  #: an agent's private note


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One masked text or note."""

    speaker: Speaker
    at: datetime  #: in the requester's time zone
    text: str
    pictures: int = 0  #: the number of pictures in the text


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeConversation:
    """A conversation: the original, or the agent's version from the practice run."""

    lines: tuple[Line, ...]
    topic: str | None  #: the topic that the closing agent chose
    waits_since: datetime | None  #: when the conversation began to wait for a live agent
    closed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptText:
    """A text that a practice requester sends."""

    after: float  #: seconds since the text or the answer before it
    text: str
    pictures: int = 0
    #: whether the text belongs to the part with the virtual agent, before the wait for a live agent
    past: bool = False
    replies: tuple[str, ...] = ()  #: the virtual agent's answers to the text


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeChoice:
    """The choice of conversations for a practice run. ``queue_id``: None means all queues."""

    source: PracticeSource
    conversations: int
    speed: int
    queue_id: int | None
    first_day: date
    last_day: date


type Round = tuple[ScriptText, ...]


def rounds_of(past: PracticeConversation, speed: int) -> tuple[Round, ...]:
    """The requester's texts in rounds. Empty if the requester wrote nothing besides answers to the
    virtual agent's menu."""
    made: list[list[ScriptText]] = [[]]
    answered, before, asked = False, None, False
    for line in past.lines:
        match line.speaker:
            case Speaker.NOTE:
                continue
            case Speaker.AGENT:
                answered = True
            case Speaker.VIRTUAL_AGENT:
                asked = True
                if made[-1] and not answered:
                    one = made[-1][-1]
                    made[-1][-1] = replace(one, replies=(*one.replies, line.text))
            case Speaker.REQUESTER if asked or len(made) > 1 or answered or not _for_bot(line):
                if answered and made[-1]:
                    made.append([])
                answered = False
                made[-1].append(_script(past, line, before if made != [[]] else None, speed))
        before = line
    return tuple(tuple(texts) for texts in made if texts)


def _for_bot(line: Line) -> bool:
    return _TO_THE_BOT.fullmatch(line.text) is not None


def _script(past: PracticeConversation, line: Line, before: Line | None, speed: int) -> ScriptText:
    since = past.waits_since
    is_past = since is not None and line.at < since
    gap = timedelta() if before is None or is_past else min(line.at - before.at, LONGEST_GAP)
    return ScriptText(
        after=max(gap.total_seconds(), 0) / speed,
        text=line.text,
        pictures=line.pictures,
        past=is_past,
    )


def starts_of(opened: Sequence[datetime], speed: int) -> list[float]:
    """When each conversation starts, in seconds after the agent has opened the practice desk.
    ``opened``: when the originals began, oldest first."""
    starts = [0.0] if opened else []
    for before, after in pairwise(opened):
        gap = min(after - before, LONGEST_PAUSE).total_seconds()
        starts.append(starts[-1] + max(gap, 0) / speed)
    return starts


def why_too_few(found: int, wanted: int) -> str:
    """The error message when too few conversations match."""
    if not found:
        return phrase(
            "No closed conversation from these days has both a requester's text and an answer. "
            "Choose more days or the demo set."
        )
    return count_phrase(
        "Only {count} conversation matches, and you asked for {wanted}. Choose fewer "
        "conversations, more days, or the demo set.",
        "Only {count} conversations match, and you asked for {wanted}. Choose fewer "
        "conversations, more days, or the demo set.",
        found,
        wanted=wanted,
    )
