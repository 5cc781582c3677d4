"""Consent keywords: how requesters opt out and opt in by text, and what the desk does then.

- The carriers' keywords always count. The keyword must be the whole text; case, accents,
  punctuation and a mail signature are ignored. So are courtesies around most opt-out keywords.
- The admin's own keywords count too. So does a clear opt-out request in other words
  (``opt_out_requests``).
- "STOP 12345" and "please stop calling" are ordinary texts.
- Opt-in keywords, such as YES, opt in only somebody who has opted out.

Source: 47 CFR 64.1200(a)(10), which lists keywords and makes a clear request in other words count
too. ``carrier_keywords`` has the keywords that carriers and providers add.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from handoff_service.rules.consent.opt_out_requests import OptOutIntent, folded, opt_out_intent
from handoff_service.rules.delivery.carrier_keywords import OPT_IN, OPT_OUT, SPELLED
from handoff_service.rules.shared.local_dates import date_phrase
from handoff_service.rules.shared.mail_signature import without_signature
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.virtual_agent.commands import Command, CommandWords

# the id that stands for all company numbers in an opt-out
EVERY_NUMBER = 0
HELP = ("HELP", "INFO")
LONGEST = 45  # characters; a longer text is never one of the admin's keywords
_CARRIERS: Mapping[str, Command] = {
    folded(word): command
    for command, words in (
        (Command.OPT_OUT, (*OPT_OUT, *SPELLED)),
        (Command.OPT_IN, OPT_IN),
        (Command.HELP, HELP),
    )
    for word in words
}
_COURTESY = r"(?:please|pls|plz|kindly|thanks|thank you|thank u|thx|ty|por favor|gracias)"
_COURTESIES = re.compile(rf"^(?:{_COURTESY} )+|(?: {_COURTESY})+$")
# "please cancel" may be about an order: see ``opt_out_requests``
_ALSO_OF_REQUESTS = frozenset({"cancel", "end"})


class Source(StrEnum):
    """Where a consent change comes from."""

    KEYWORD = "keyword"
    PROVIDER = "provider"
    AGENT = "agent"
    API = "api"
    IMPORT = "import"


class ConsentSituation(StrEnum):
    """What a text means for consent."""

    OPTS_OUT = "an opt-out word"
    OPTS_OUT_AGAIN = "an opt-out word from somebody who has already opted out"
    OPTS_IN = "an opt-in word from somebody who has opted out"
    ASKS_FOR_HELP = "HELP from somebody who has opted out, or where no virtual agent answers"
    BEGINS_WITH_HELP = "HELP in the same cases, as the first text of a conversation"
    MAY_OPT_OUT = "a text to the virtual agent that is probably an opt-out request"
    WRONG_NUMBER = "a text to the virtual agent from somebody who does not know this number"
    IS_ANSWERED = "HELP or START that starts a conversation, but that the provider has answered"
    ANYTHING_ELSE = "anything else"


class ConsentStep(StrEnum):
    RECORD = "record it in the consent ledger"
    CONFIRM = "text one confirmation, unless the provider does"
    HELP = "text the help message, unless the provider does"
    ASK_OPT_OUT = "ask once whether they want to opt out; after that, a live agent answers"
    EXPLAIN_NUMBER = "text what this number is and how to opt out"
    CLOSE = "close the conversation, unless a live agent owns it"


TABLE: Mapping[ConsentSituation, tuple[ConsentStep, ...]] = {
    ConsentSituation.OPTS_OUT: (ConsentStep.RECORD, ConsentStep.CONFIRM, ConsentStep.CLOSE),
    # the ledger gets an entry only if somebody else recorded the earlier opt-out
    ConsentSituation.OPTS_OUT_AGAIN: (
        ConsentStep.RECORD,
        ConsentStep.CLOSE,
    ),
    ConsentSituation.OPTS_IN: (ConsentStep.RECORD, ConsentStep.CONFIRM, ConsentStep.CLOSE),
    ConsentSituation.ASKS_FOR_HELP: (ConsentStep.HELP,),
    ConsentSituation.BEGINS_WITH_HELP: (ConsentStep.HELP, ConsentStep.CLOSE),
    ConsentSituation.MAY_OPT_OUT: (ConsentStep.ASK_OPT_OUT,),
    ConsentSituation.WRONG_NUMBER: (ConsentStep.EXPLAIN_NUMBER,),
    # after this text nothing more is sent, so the conversation must not wait for an agent
    ConsentSituation.IS_ANSWERED: (ConsentStep.CLOSE,),
    ConsentSituation.ANYTHING_ELSE: (),
}
# The sources of opt-outs that requesters made themselves. Only the requester can end such an
# opt-out.
REQUESTERS_OWN = frozenset({Source.KEYWORD, Source.PROVIDER})


def may_be_word(text: str) -> bool:
    """Whether a text is short enough to be one of the admin's keywords."""
    return len(without_signature(text)) <= LONGEST


def word(text: str, words: CommandWords) -> Command | None:
    """OPT_OUT, OPT_IN or HELP if the whole text is a keyword, else None. A clear opt-out request in
    other words is OPT_OUT too. ``words``: the admin's keywords."""
    plain = folded(text)
    if plain in _CARRIERS:
        return _CARRIERS[plain]
    for command in (Command.OPT_OUT, Command.OPT_IN):
        if plain and plain in map(folded, words.get(command, ())):
            return command
    if (
        _is_keyword_with_courtesy(plain, words)
        or opt_out_intent(text, first=False) is OptOutIntent.CLEAR
    ):
        return Command.OPT_OUT
    return None


def _is_keyword_with_courtesy(plain: str, words: CommandWords) -> bool:
    """Whether this is an opt-out keyword, perhaps repeated or with courtesies around it."""
    bare = _COURTESIES.sub("", plain)
    word = next(iter(set(bare.split())), "") if len(set(bare.split())) == 1 else bare
    if word == plain or word in _ALSO_OF_REQUESTS:
        return False
    return _CARRIERS.get(word) is Command.OPT_OUT or word in map(
        folded, words.get(Command.OPT_OUT, ())
    )


_INTENTS: Mapping[OptOutIntent | None, ConsentSituation] = {
    OptOutIntent.LIKELY: ConsentSituation.MAY_OPT_OUT,
    OptOutIntent.WRONG_NUMBER: ConsentSituation.WRONG_NUMBER,
}


def situation(
    word: Command | None,
    *,
    opted_out: bool,
    bot_answers: bool,
    is_answered: bool,
    begins: bool = False,
    opt_out_intent: OptOutIntent | None = None,
) -> ConsentSituation:
    """The table row that applies.

    - ``bot_answers``: the virtual agent owns the conversation, so it answers HELP.
    - ``begins``: the text starts a conversation.
    - ``is_answered``: the text starts a conversation, and the provider has already answered this
      keyword.
    - ``opt_out_intent``: what a text without a keyword means.
    """
    match word:
        case None if bot_answers and not opted_out:
            return _INTENTS.get(opt_out_intent, ConsentSituation.ANYTHING_ELSE)
        case Command.OPT_OUT:
            return ConsentSituation.OPTS_OUT_AGAIN if opted_out else ConsentSituation.OPTS_OUT
        case Command.OPT_IN if opted_out:
            return ConsentSituation.OPTS_IN
        case Command.HELP | Command.OPT_IN if is_answered:
            return ConsentSituation.IS_ANSWERED
        case Command.HELP if opted_out or not bot_answers:
            return ConsentSituation.BEGINS_WITH_HELP if begins else ConsentSituation.ASKS_FOR_HELP
        case _:
            return ConsentSituation.ANYTHING_ELSE


def affected_numbers(
    entries: Sequence[tuple[int, bool, frozenset[int]]],
) -> dict[int, frozenset[int]]:
    """Entry id -> the company numbers for which the entry changed something.

    ``entries``: all entries of one requester number, oldest first: id, opted out, and the company
    numbers it covers (EVERY_NUMBER: all of them). An opt-in also ends an opt-out from every number.
    """
    in_force: set[int] = set()
    found = {}
    for entry, opted_out, places in entries:
        found[entry] = places if opted_out else frozenset(in_force & {EVERY_NUMBER, *places})
        in_force = in_force | places if opted_out else in_force - found[entry]
    return found


def is_overruled(word: Command, since: Iterable[tuple[Command | None, bool]]) -> bool:
    """Whether later texts overrule a lost keyword that the gap sweep found.

    ``since``: the later keywords, each with a flag that tells whether its time is certain. The time
    is uncertain if the webhook of that keyword was lost, too. Any later STOP overrules a lost
    START. Only a START that is certainly later overrules a lost STOP.
    """
    other = Command.OPT_OUT if word is Command.OPT_IN else Command.OPT_IN
    return any(meaning is other and (sure or other is Command.OPT_OUT) for meaning, sure in since)


def why_not(
    source: Source, since: datetime, *, words: str | None = None, by: str | None = None
) -> str:
    """A sentence for agents: why nobody can text this requester, and how that can change.
    ``since`` is in the desk's time zone. ``words``: the requester's text. ``by``: the person who
    recorded the opt-out.
    """
    day = date_phrase(since, "month_day_year")
    match source:
        case Source.KEYWORD:
            texted = (words or "").rstrip(".!? ")
            return phrase(
                "Opted out on {day} by texting {words}. Only they can opt back in, by "
                "texting START.",
                day=day,
                words=texted,
            )
        case Source.PROVIDER:
            return phrase(
                "Opted out on {day}, reported by the carrier. Only they can opt back in, by "
                "texting START.",
                day=day,
            )
        case _:
            return phrase(
                "Opted out on {day}, recorded by {name}.",
                day=day,
                name=by or phrase("another system"),
            )
