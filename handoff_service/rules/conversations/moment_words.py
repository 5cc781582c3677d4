"""Describes each event of a conversation: its kind, and a sentence."""

from enum import StrEnum

from handoff_service.rules.conversations.past import (
    PastDecision,
    PastEntry,
    PastEvent,
    UnderstoodThen,
)
from handoff_service.rules.shared.intent_words import intent_name
from handoff_service.rules.shared.phrases import capitalized, joined, phrase
from handoff_service.rules.shared.stored_sentences import decision as decision_words
from handoff_service.rules.shared.stored_sentences import reason, stored
from handoff_service.rules.shared.vocabulary import Author, Event, Kind
from handoff_service.rules.shared.vocabulary_words import AUTHORS

LONGEST = 160  # characters of a quoted text


class MomentKind(StrEnum):
    """The kinds of moments. Pages mark every kind except texts."""

    TEXT = "text"
    NOTE = "note"
    OWNER = "owner"
    STATE = "state"
    IDENTITY = "identity"
    CASE = "case"
    TIMER = "timer"
    OFFER = "offer"
    UNDERSTOOD = "understood"
    OTHER = "other"


_KINDS = {
    Event.OWNER_CHANGED: MomentKind.OWNER,
    Event.STATE: MomentKind.STATE,
    Event.IDENTITY: MomentKind.IDENTITY,
    Event.CASE_OPENED: MomentKind.CASE,
    Event.CASE_CHANGED: MomentKind.CASE,
    Event.TIMER: MomentKind.TIMER,
    Event.PROMPT: MomentKind.TIMER,
    Event.ALARM: MomentKind.TIMER,
    Event.WAITING: MomentKind.TIMER,
    Event.TRANSFER: MomentKind.OFFER,
}


def describe(one: PastEvent) -> tuple[int | None, MomentKind, str]:
    """Return (the seq of the line that reports the event, the event's kind, its sentence). The seq
    is None when no line reports the event."""
    match one.entry:
        case PastEntry() as line:
            return line.seq, _kind(line), _words(line)
        case PastDecision() as decision:
            return None, MomentKind.OFFER, capitalized(decision_words(decision.said))
        case UnderstoodThen() as turn:
            sure = f" ({turn.confidence:.0%})" if turn.confidence is not None else ""
            if not turn.intent:
                words = phrase("Virtual agent: intent not reported")
                return None, MomentKind.UNDERSTOOD, words
            what = joined("", [intent_name(turn.intent), sure])
            words = phrase("Virtual agent understood: {intent}", intent=what)
            return None, MomentKind.UNDERSTOOD, words
    return None, MomentKind.OFFER, one.text


def _kind(line: PastEntry) -> MomentKind:
    if line.kind is Kind.NOTE:
        return MomentKind.NOTE
    if line.kind is Kind.MESSAGE:
        return MomentKind.TEXT
    return _KINDS.get(line.event, MomentKind.OTHER) if line.event else MomentKind.TEXT


def _words(line: PastEntry) -> str:
    text = " ".join(line.body.split())
    text = text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
    if line.kind is Kind.NOTE:
        return phrase("Private note by {name}: {text}", name=line.by, text=text)
    if line.event is Event.GRADE:
        return phrase(
            "Requester graded this conversation {grade} of 5: {text}", grade=line.reason, text=text
        )
    if line.kind is Kind.MESSAGE or line.event is None:
        who = {
            Author.REQUESTER: AUTHORS[Author.REQUESTER],
            Author.VIRTUAL_AGENT: AUTHORS[Author.VIRTUAL_AGENT],
        }
        by = who.get(line.author) or line.by or "Patchboard"
        return joined(": ", [by, text or phrase("(picture)")])
    return joined(": ", [stored(text), reason(line.reason)]) if line.reason else stored(text)
