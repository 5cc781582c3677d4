"""The brief: a summary of a conversation for an agent who takes it over or returns to it. Rules
select its sentences from the lines, without a language model, in English and Spanish. Every
sentence is a quote with its place in the conversation.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from handoff_service.rules.conversations.quotes import (
    BriefLine,
    Quote,
    full_text,
    is_text_of,
    quote,
    sentences,
)
from handoff_service.rules.conversations.thanks import is_thanks
from handoff_service.rules.conversations.tried_and_promised import promised, tried
from handoff_service.rules.shared.vocabulary import Author, Event, Kind
from handoff_service.rules.virtual_agent import farewells

MAX_ENTRIES = 5  # entries of each part, so that the brief stays short
#: intents of texts that say nothing about the problem
NO_PROBLEM = frozenset(
    {"greet", "help", "talk_to_person", "thanks", "bye", "affirm", "deny", "never_mind"}
    | {"speak_spanish", "speak_english", "speak_german", "speak_french"}
    | {"nlu_fallback", "who_am_i", "have_a_problem"}
)


@dataclass(frozen=True, slots=True)
class UnderstoodTurn:
    """A turn of the virtual agent: the last line that the turn answered, and the intent that the
    virtual agent understood."""

    up_to_seq: int
    intent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question of the virtual agent, and what the requester answered."""

    question: Quote
    answer: Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The parts of a brief that quote the lines. Lists are oldest first.

    - ``problem``: the requester's text that says what is wrong; null without one;
    - ``asked``: what the virtual agent asked, with the answers;
    - ``tried``: what anybody has tried or done or was told to do, and the cases that were opened or
      changed, except sentences that ``problem`` already quotes;
    - ``promised``: what agents and the virtual agent have promised;
    - ``identity_checks``: the identity checks and their results;
    - ``new``: the newest lines since the agent last read; ``new_count`` counts all of them.
    """

    problem: Quote | None
    asked: list[Exchange]
    tried: list[Quote]
    promised: list[Quote]
    identity_checks: list[Quote]
    new: list[Quote]
    new_count: int


def brief(
    lines: Sequence[BriefLine], turns: Sequence[UnderstoodTurn], read_seq: int | None
) -> Brief:
    """The brief of these lines, oldest first. ``read_seq``: how far the agent has read; None for an
    agent outside the live group, for whom nothing is new."""
    found = problem(lines, turns)
    tries = [
        one
        for one in tried(lines)
        if not (found and one.seq == found.seq and one.text in found.text)
    ]
    new = [
        line for line in lines if read_seq is not None and line.seq > read_seq and _is_news(line)
    ]
    return Brief(
        problem=found,
        asked=asked(lines)[-MAX_ENTRIES:],
        tried=_newest(tries),
        promised=_newest(promised(lines)),
        identity_checks=[
            quote(line, full_text(line)) for line in lines if line.event is Event.IDENTITY
        ][-MAX_ENTRIES:],
        new=[quote(line, full_text(line)) for line in new[-MAX_ENTRIES:]],
        new_count=len(new),
    )


# The problem --------------------------------------------------------------------------------------

_GREETING = re.compile(
    r"(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening)|greetings|dear \w+|hola|buen[oa]s"
    r"(?: d[ií]as| tardes| noches)?|there|again|team|all|everyone|everybody|please|por favor|qu[eé]"
    r" tal|how are you|are you there)[\s,.!?¿¡]*",
    re.IGNORECASE,
)
ENOUGH = 3  # words that a text needs to describe a problem


def problem(lines: Sequence[BriefLine], turns: Sequence[UnderstoodTurn]) -> Quote | None:
    """The requester's first text with at least ``ENOUGH`` words after a greeting. If there is none,
    the first shorter text. Leaves out texts that are only a greeting, thanks or a goodbye, and
    texts whose intent is in ``NO_PROBLEM``."""
    without_problem = _without_problem(lines, turns)
    found = None
    for line in lines:
        text = _without_greeting(line.body) if is_text_of(line, Author.REQUESTER) else ""
        if not text or line.seq in without_problem or _is_polite(line.body):
            continue
        found = found or line
        if len(text.split()) >= ENOUGH:
            return quote(line, line.body)
    return quote(found, found.body) if found else None


def _is_polite(text: str) -> bool:
    return is_thanks(text) or farewells.is_goodbye(text)


def _without_greeting(text: str) -> str:
    rest = text.strip()
    while found := _GREETING.match(rest):
        rest = rest[found.end() :]
    return rest


def _without_problem(
    lines: Sequence[BriefLine], turns: Sequence[UnderstoodTurn]
) -> Collection[int]:
    """The positions of the lines that a turn with an intent of ``NO_PROBLEM`` answered."""
    found: set[int] = set()
    begin = 0
    for turn in turns:
        if turn.intent in NO_PROBLEM:
            found |= {line.seq for line in lines if begin < line.seq <= turn.up_to_seq}
        begin = turn.up_to_seq
    return found


# Asked and answered -------------------------------------------------------------------------------


def asked(lines: Sequence[BriefLine]) -> list[Exchange]:
    """The virtual agent's questions, each with the texts that answered it. Leaves out questions
    without an answer."""
    found: list[Exchange] = []
    question: Quote | None = None
    answers: list[BriefLine] = []

    def end() -> None:
        if question is not None and answers:
            text = " ".join(line.body for line in answers)
            found.append(Exchange(question=question, answer=quote(answers[0], text)))

    for line in lines:
        if is_text_of(line, Author.REQUESTER):
            answers.append(line)
        elif line.kind is Kind.MESSAGE:
            end()
            sentence = _question(line.body) if line.author is Author.VIRTUAL_AGENT else None
            question, answers = quote(line, sentence) if sentence else None, []
    end()
    return found


def _question(text: str) -> str | None:
    """The last question in a text. The choices for the answer may follow it."""
    return next((one for one in reversed(list(sentences(text))) if one.endswith("?")), None)


# Lines --------------------------------------------------------------------------------------------

_NEWS = frozenset(
    {Event.CASE_OPENED, Event.CASE_CHANGED, Event.IDENTITY, Event.STATE, Event.OWNER_CHANGED}
    | {Event.CONSENT, Event.TRANSFER, Event.TIMER, Event.SCHEDULED}
)


def _is_news(line: BriefLine) -> bool:
    return not line.is_mine and (line.kind is not Kind.SYSTEM or line.event in _NEWS)


def _newest(quotes: Sequence[Quote]) -> list[Quote]:
    """The newest quotes, without repeated wordings."""
    once = {one.text.casefold(): one for one in quotes}
    return sorted(once.values(), key=lambda one: one.seq)[-MAX_ENTRIES:]
