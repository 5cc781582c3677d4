"""Who may be texted: the words by which requesters themselves end and give consent, and what follows from each text.

The carriers' words count always, as the whole text, whatever its case and the marks around it; the admin's own count
as well. "STOP 12345" and "please stop calling" are texts like any others. YES counts only from somebody who has opted
out. Sources: https://help.twilio.com/articles/223134027 (the words), and the FCC's rule of 2025 (REVOKE, OPTOUT).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from handoff_service.rules.bot_text import plain
from handoff_service.rules.commands import Command, Words
from handoff_service.rules.keyword_traps import OPT_IN, OPT_OUT
from handoff_service.rules.mail_signature import without_signature

EVERY_NUMBER = 0  # an opt-out of all the company's numbers, where a provider number's id would stand
HELP = ("HELP", "INFO")
LONGEST = 45  # characters; a text that is longer is no keyword
_CARRIERS: Mapping[str, Command] = {
    plain(word): command
    for command, words in ((Command.OPT_OUT, OPT_OUT), (Command.OPT_IN, OPT_IN), (Command.HELP, HELP))
    for word in words
}


class Source(StrEnum):
    """Where a change of consent comes from."""

    KEYWORD = "keyword"
    PROVIDER = "provider"
    AGENT = "agent"
    API = "api"
    IMPORT = "import"


class If(StrEnum):
    """What a text means for consent."""

    OPTS_OUT = "an opt-out word"
    OPTS_OUT_AGAIN = "an opt-out word from who has opted out already"
    OPTS_IN = "an opt-in word from who has opted out"
    ASKS_FOR_HELP = "HELP from who has opted out, or has no virtual agent to answer it"
    IS_ANSWERED = "HELP or START that the provider has answered, where there was no conversation"
    ANYTHING_ELSE = "anything else"


class Step(StrEnum):
    RECORD = "write it into the ledger"
    CONFIRM = "text one confirmation, unless the provider does"
    HELP = "text the help line, unless the provider does"
    CLOSE = "close the conversation, unless a live agent has it"


TABLE: Mapping[If, tuple[Step, ...]] = {
    If.OPTS_OUT: (Step.RECORD, Step.CONFIRM, Step.CLOSE),
    If.OPTS_OUT_AGAIN: (Step.RECORD, Step.CLOSE),  # which changes something if they had not said so themselves
    If.OPTS_IN: (Step.RECORD, Step.CONFIRM, Step.CLOSE),
    If.ASKS_FOR_HELP: (Step.HELP,),
    If.IS_ANSWERED: (Step.CLOSE,),  # nothing else is said, so it must not wait for anybody
    If.ANYTHING_ELSE: (),
}
# These words lift only what is left to the desk; what requesters themselves said, only they take back.
REQUESTERS_OWN = frozenset({Source.KEYWORD, Source.PROVIDER})


def may_be_word(text: str) -> bool:
    """Whether a text is short enough to be a keyword, whatever the admin's words are."""
    return len(without_signature(text)) <= LONGEST


def word(text: str, words: Words) -> Command | None:
    """OPT_OUT, OPT_IN or HELP when the whole text is such a word, None otherwise. ``words``: the admin's own."""
    said = plain(without_signature(text))
    if said in _CARRIERS:
        return _CARRIERS[said]
    return next((c for c in (Command.OPT_OUT, Command.OPT_IN) if said and said in map(plain, words.get(c, ()))), None)


def situation(word: Command | None, *, opted_out: bool, bot_answers: bool, is_answered: bool) -> If:
    """The row that holds. ``bot_answers``: the virtual agent has the conversation, whose command HELP is;
    ``is_answered``: the provider took it for this word, has answered it, and it begins a conversation."""
    match word:
        case Command.OPT_OUT:
            return If.OPTS_OUT_AGAIN if opted_out else If.OPTS_OUT
        case Command.OPT_IN if opted_out:
            return If.OPTS_IN
        case Command.HELP | Command.OPT_IN if is_answered:
            return If.IS_ANSWERED
        case Command.HELP if opted_out or not bot_answers:
            return If.ASKS_FOR_HELP
        case _:
            return If.ANYTHING_ELSE


def concerned(entries: Sequence[tuple[int, bool, frozenset[int]]]) -> dict[int, frozenset[int]]:
    """Entry -> the places of which it changed something. ``entries``: a number's, oldest first: id, opted out, and the
    company's numbers that it is about (EVERY_NUMBER: all of them). Who opts in, also ends what holds for all."""
    standing: set[int] = set()
    found = {}
    for entry, opted_out, places in entries:
        found[entry] = places if opted_out else frozenset(standing & {EVERY_NUMBER, *places})
        standing = standing | places if opted_out else standing - found[entry]
    return found


def is_overruled(word: Command, since: Iterable[tuple[Command | None, bool]]) -> bool:
    """Whether a lost word, found later, does not hold any more. ``since``: what was texted after it, each with whether
    it was not lost itself. A lost START is overruled by any later STOP; a lost STOP only by a START that is surely
    later."""
    other = Command.OPT_OUT if word is Command.OPT_IN else Command.OPT_IN
    return any(said is other and (sure or other is Command.OPT_OUT) for said, sure in since)


def why_not(source: Source, since: datetime, *, words: str | None = None, by: str | None = None) -> str:
    """Why nobody can be texted, and what would change it, in words for agents. ``since`` is in the desk's own zone;
    ``words``: what the requester texted; ``by``: who recorded it."""
    day = f"{since.day} {since:%B %Y}"
    match source:
        case Source.KEYWORD:
            return f"Has opted out since {day}, by texting “{words}”. Only START, texted by them, changes that."
        case Source.PROVIDER:
            return f"Has opted out since {day}, as the carrier says. Only START, texted by them, changes that."
        case _:
            return f"Has opted out since {day}, recorded by {by or 'another system'}."
