"""The brief of a conversation: what an agent who takes it, or comes back to it, must know.

Rules over its lines, no model: every sentence is somebody's own words, with its place in the
conversation. English and Spanish.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.conversations.thanks import is_thanks
from handoff_service.rules.shared.vocabulary import Author, Event, Kind
from handoff_service.rules.virtual_agent import farewells

MOST = 5  # entries of each part; more would be no brief
LONGEST = 240  # characters of a quoted sentence
#: what the virtual agent took a text for that says nothing about the problem
NO_PROBLEM = frozenset(
    {"greet", "help", "talk_to_person", "thanks", "bye", "affirm", "deny", "never_mind"}
    | {"speak_spanish", "speak_english", "nlu_fallback", "who_am_i", "have_a_problem"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefLine:
    """A line of a conversation. ``by``: the name of the agent who wrote it; ``is_mine``: the agent
    for whom the brief is wrote it, or it tells of their own act."""

    seq: int
    at: datetime
    kind: Kind
    author: Author
    by: str | None
    body: str
    event: Event | None = None
    reason: str | None = None
    is_mine: bool = False


@dataclass(frozen=True, slots=True)
class UnderstoodTurn:
    """A turn of the virtual agent: the last line that it answered, and what it took it for."""

    up_to_seq: int
    intent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Somebody's words. ``seq``: their place in the conversation; ``by``: an agent's name."""

    seq: int
    at: datetime
    author: Author
    by: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question of the virtual agent, and what the requester answered."""

    question: Quote
    answer: Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The parts that come from the lines. Lists are oldest first.

    - ``problem``: the requester's text that says what is wrong; null: there is none;
    - ``asked``: what the virtual agent asked, with the answers;
    - ``tried``: what was tried or done, by anybody, besides what ``problem`` tells;
    - ``promised``: what agents and the virtual agent have promised;
    - ``identity_checks``: what happened to the requester's identity;
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
    said = problem(lines, turns)
    tries = [
        one for one in tried(lines) if not (said and one.seq == said.seq and one.text in said.text)
    ]
    new = [
        line for line in lines if read_seq is not None and line.seq > read_seq and _is_news(line)
    ]
    return Brief(
        problem=said,
        asked=asked(lines)[-MOST:],
        tried=_newest(tries),
        promised=_newest(promised(lines)),
        identity_checks=[
            _quote(line, _told(line)) for line in lines if line.event is Event.IDENTITY
        ][-MOST:],
        new=[_quote(line, _told(line)) for line in new[-MOST:]],
        new_count=len(new),
    )


# The problem --------------------------------------------------------------------------------------

_GREETING = re.compile(
    r"(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening)|greetings|dear \w+|hola|buen[oa]s"
    r"(?: d[ií]as| tardes| noches)?|there|again|team|all|everyone|everybody|please|por favor|qu[eé]"
    r" tal|how are you|are you there)[\s,.!?¿¡]*",
    re.IGNORECASE,
)
ENOUGH = 3  # words that say what is wrong


def problem(lines: Sequence[BriefLine], turns: Sequence[UnderstoodTurn]) -> Quote | None:
    """The requester's first text of some length that is no greeting, thanks or request for a
    person. Else the first one that says anything."""
    said_nothing = _without_problem(lines, turns)
    found = None
    for line in lines:
        says = _without_greeting(line.body) if _is_text_of(line, Author.REQUESTER) else ""
        if not says or line.seq in said_nothing or _is_polite(line.body):
            continue
        found = found or line
        if len(says.split()) >= ENOUGH:
            return _quote(line, line.body)
    return _quote(found, found.body) if found else None


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
    """The places of the texts that the virtual agent took for something else."""
    found: set[int] = set()
    begin = 0
    for turn in turns:
        if turn.intent in NO_PROBLEM:
            found |= {line.seq for line in lines if begin < line.seq <= turn.up_to_seq}
        begin = turn.up_to_seq
    return found


# Asked and answered -------------------------------------------------------------------------------


def asked(lines: Sequence[BriefLine]) -> list[Exchange]:
    """The virtual agent's questions with the requester's next texts. A question that was not
    answered, or asked again, is left out."""
    found: list[Exchange] = []
    question: Quote | None = None
    answers: list[BriefLine] = []

    def end() -> None:
        if question is not None and answers:
            text = " ".join(line.body for line in answers)
            found.append(Exchange(question=question, answer=_quote(answers[0], text)))

    for line in lines:
        if _is_text_of(line, Author.REQUESTER):
            answers.append(line)
        elif line.kind is Kind.MESSAGE:
            end()
            sentence = _question(line.body) if line.author is Author.VIRTUAL_AGENT else None
            question, answers = _quote(line, sentence) if sentence else None, []
    end()
    return found


def _question(text: str) -> str | None:
    """The last question of a text: its choices may follow it."""
    return next((one for one in reversed(list(_sentences(text))) if one.endswith("?")), None)


# Tried and promised -------------------------------------------------------------------------------

_DID = (
    r"tried|restarted|rebooted|reinstalled|unplugged|plugged|replaced|reset|swapped|switched"
    r"|turned|updated|checked|changed|cleared|reconnected|removed|unlocked|escalated|ordered|sent"
    r"|fixed|called|power[- ]?cycled|logged|signed|installed|looked"
)
_TRY = (
    r"try|restart|reboot|reinstall|unplug|plug|replace|reset|swap|switch|turn|update|check|change"
    r"|clear|reconnect|remove|log|sign|install|press|hold|open|power"
)
_TRIED = re.compile(
    rf"\b(?:(?:i|we)(?:['’]ve| have| had|['’]d)?(?: already| just| also| now| both)*|already)"
    rf" (?:{_DID})\b"
    r"|\b(?:did ?n['’]?o?t|does ?n['’]?o?t|has ?n['’]?o?t) (?:help|work)\b|\bno luck\b"
    r"|\b(?:ya (?:lo |la )?(?:prob|intent|reinici|apag|desenchuf|cambi)\w+|he (?:probado|intentado"
    r"|reiniciado|apagado|cambiado)|reinici[eé]\b|prob[eé]\b|no (?:ha )?funcion[oó])",
    re.IGNORECASE,
)
_SUGGESTED = re.compile(
    rf"^(?:[\w’' ]+, )?(?:(?:please|pls|kindly|can you|could you|would you|first|then|next|now|just"
    rf"|let['’]?s) )+(?:just |please |also )?(?:{_TRY})\b|^(?:{_TRY})(?:ing)? (?:it|the|your|that|a"
    r"|again|to|and|in|off|on|out)\b"
    r"|\b(?:reinicie|pruebe|intente|apague|desenchufe|compruebe|reinicia|prueba|intenta)\b",
    re.IGNORECASE,
)


def tried(lines: Sequence[BriefLine]) -> list[Quote]:
    """Sentences that say what somebody tried or did, what agents and the virtual agent told the
    requester to do, and the cases that were opened or changed."""
    found = []
    for line in lines:
        if line.event in (Event.CASE_OPENED, Event.CASE_CHANGED):
            found.append(_quote(line, _told(line)))
        if line.kind is not Kind.MESSAGE:
            continue
        by_desk = line.author in (Author.AGENT, Author.VIRTUAL_AGENT)
        found += [
            _quote(line, one)
            for one in _sentences(line.body)
            if _TRIED.search(one) or (by_desk and _SUGGESTED.search(one))
        ]
    return found


_WILL = re.compile(
    r"\b(?:i|we|someone|somebody|a (?:colleague|technician))(?:['’]ll| will|['’](?:m|re) going to"
    r"| am going to| are going to)\b(?! (?:be (?:happy|glad)|need|just need|never))"
    r"|\b(?:let|keep) you (?:know|posted|updated)\b|\bget back to you\b|\bi promise\b"
    r"|\b(?:le|te|les|os) (?:\w+ar|\w+er|\w+ir)(?:é|emos)\b|\b(?:\w+ar|\w+er|\w+ir)emos\b"
    r"|\b(?:voy|vamos) a \w+r(?:le|te|lo|la)?\b",
    re.IGNORECASE,
)


def promised(lines: Sequence[BriefLine]) -> list[Quote]:
    """Sentences in which an agent or the virtual agent says what the desk will do. Questions
    promise nothing."""
    return [
        _quote(line, one)
        for line in lines
        if line.kind is Kind.MESSAGE and line.author in (Author.AGENT, Author.VIRTUAL_AGENT)
        for one in _sentences(line.body)
        if not one.endswith("?") and _WILL.search(one)
    ]


# Lines --------------------------------------------------------------------------------------------

_END = re.compile(r"(?<=[.!?…])\s+|\n+")
_NEWS = frozenset(
    {Event.CASE_OPENED, Event.CASE_CHANGED, Event.IDENTITY, Event.STATE, Event.OWNER_CHANGED}
    | {Event.CONSENT, Event.TRANSFER, Event.TIMER, Event.SCHEDULED}
)


def _is_news(line: BriefLine) -> bool:
    return not line.is_mine and (line.kind is not Kind.SYSTEM or line.event in _NEWS)


def _is_text_of(line: BriefLine, author: Author) -> bool:
    return line.kind is Kind.MESSAGE and line.author is author and bool(line.body.strip())


def _sentences(text: str) -> Iterator[str]:
    return (part.strip() for part in _END.split(text) if part.strip())


def _told(line: BriefLine) -> str:
    return f"{line.body}: {line.reason}" if line.reason and line.event else line.body


def _newest(quotes: Sequence[Quote]) -> list[Quote]:
    """The newest ones, without those that say the same again."""
    once = {one.text.casefold(): one for one in quotes}
    return sorted(once.values(), key=lambda one: one.seq)[-MOST:]


def _quote(line: BriefLine, text: str) -> Quote:
    text = " ".join(text.split())
    cut = text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
    return Quote(seq=line.seq, at=line.at, author=line.author, by=line.by, text=cut)
