"""Scores a practice run: compares first answers, topics and promises with those of the originals.

Both sides are measured with the same rules, so that the comparison is fair.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from handoff_service.rules.conversations.promises import counts_as_kept, is_call_note, promised
from handoff_service.rules.training.practice import Line, PracticeConversation, Speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseCount:
    """``waiting``: promises that were not due yet when the run ended."""

    made: int = 0
    kept: int = 0
    missed: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The figures of one conversation."""

    #: seconds; null without an answer, or if the start of the wait is not known
    first_answer: int | None
    topic: str | None
    promises: PromiseCount


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenLine:
    """A line of a conversation for the score page."""

    speaker: Speaker
    text: str
    pictures: int = 0  #: the number of pictures in the text


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationScore:
    """The score of one conversation, and the figures of its original."""

    mine: Measured
    original: Measured
    topic_right: bool | None  #: null for an original without a topic
    closed: bool
    #: texts that the requester did not send, because the agent closed the conversation before them
    left_out: int
    lines: list[WrittenLine]  #: empty after 30 days
    original_lines: list[WrittenLine]  #: empty after 30 days


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeScore:
    """A whole run. Times are in seconds."""

    conversations: list[ConversationScore]  #: empty in lists of runs
    answered: int
    first_answer: int | None  #: the median
    original_first_answer: int | None  #: the originals' median
    #: the desk's median, over at most 500 conversations in the chosen days
    desk_first_answer: int | None
    topics_right: int
    topics_known: int  #: conversations with a topic in the original
    promises: PromiseCount
    original_promises: PromiseCount


def measure(conversation: PracticeConversation, until: datetime | None = None) -> Measured:
    """Compute the figures of one conversation. ``until``: when the run ended. None: the
    conversation is an original, in which every promise was kept or missed."""
    return Measured(
        first_answer=first_answer(conversation),
        topic=conversation.topic,
        promises=promises_in(conversation.lines, until),
    )


def first_answer(conversation: PracticeConversation) -> int | None:
    """Seconds from the wait for a live agent to the agent's first text."""
    since = conversation.waits_since
    if since is None:
        return None
    answers = (
        one.at for one in conversation.lines if one.speaker is Speaker.AGENT and one.at >= since
    )
    first = next(answers, None)
    return None if first is None else round((first - since).total_seconds())


def promises_in(lines: Sequence[Line], until: datetime | None = None) -> PromiseCount:
    """Count the promises in the agent's texts, by their state."""
    kept = missed = waiting = 0
    for number, line in enumerate(lines):
        found = promised(line.text, line.at) if line.speaker is Speaker.AGENT else None
        if found is None:
            continue
        if any(_keeps(later, line.at, found.at) for later in lines[number + 1 :]):
            kept += 1
        elif until is not None and until < found.at:
            waiting += 1
        else:
            missed += 1
    return PromiseCount(made=kept + missed + waiting, kept=kept, missed=missed, waiting=waiting)


def score_one(
    mine: PracticeConversation, original: PracticeConversation, *, until: datetime, left_out: int
) -> ConversationScore:
    """Score one conversation of a run that ended at ``until``."""
    measured, past = measure(mine, until), measure(original)
    right = None if past.topic is None else past.topic == measured.topic
    return ConversationScore(
        mine=measured,
        original=past,
        topic_right=right,
        closed=mine.closed,
        left_out=left_out,
        lines=_written(mine.lines),
        original_lines=_written(original.lines),
    )


def score_run(
    conversations: Sequence[ConversationScore], desk_first_answer: int | None
) -> PracticeScore:
    """Combine the scores of the conversations into the score of the run."""
    known = [one.topic_right for one in conversations if one.topic_right is not None]
    mine = [one.mine.first_answer for one in conversations]
    return PracticeScore(
        conversations=list(conversations),
        answered=sum(one is not None for one in mine),
        first_answer=_median(mine),
        original_first_answer=_median([one.original.first_answer for one in conversations]),
        desk_first_answer=desk_first_answer,
        topics_right=sum(known),
        topics_known=len(known),
        promises=_sum([one.mine.promises for one in conversations]),
        original_promises=_sum([one.original.promises for one in conversations]),
    )


def _keeps(line: Line, made_at: datetime, promised_at: datetime) -> bool:
    if line.speaker is Speaker.REQUESTER:
        return False
    if line.speaker is Speaker.NOTE and not is_call_note(line.text):
        return False
    return counts_as_kept(made_at=made_at, promised_at=promised_at, written_at=line.at)


def _written(lines: Sequence[Line]) -> list[WrittenLine]:
    return [
        WrittenLine(speaker=one.speaker, text=one.text, pictures=one.pictures)
        for one in lines
        if one.speaker is not Speaker.NOTE
    ]


def _median(seconds: Sequence[int | None]) -> int | None:
    known = [one for one in seconds if one is not None]
    return round(median(known)) if known else None


def _sum(counts: Sequence[PromiseCount]) -> PromiseCount:
    return PromiseCount(
        made=sum(one.made for one in counts),
        kept=sum(one.kept for one in counts),
        missed=sum(one.missed for one in counts),
        waiting=sum(one.waiting for one in counts),
    )
