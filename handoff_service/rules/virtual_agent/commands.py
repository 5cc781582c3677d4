"""Commands to the desk: AGENT, BYE, HELP, RESTART. They work at any point, even inside a form of
the bot.

A command is the whole text; case and punctuation are ignored. "Agent!" is a command, "agent smith
called" is not. Admins choose the words; the words below are the default. The admin's words for
opting out and in are stored with them; ``consent`` says what those do.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from handoff_service.rules.delivery.carrier_keywords import OPT_IN, OPT_OUT
from handoff_service.rules.shared.mail_signature import without_signature
from handoff_service.rules.virtual_agent.bot_text import plain

LONGEST = 40  # characters of a command word
MOST = 20  # words for one command
_POLITE = re.compile(r"^(?:please|pls|plz) | (?:please|pls|plz)$")


class Command(StrEnum):
    """What a requester asks the desk to do."""

    AGENT = "agent"
    BYE = "bye"
    HELP = "help"
    RESTART = "restart"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"


type CommandWords = Mapping[Command, Sequence[str]]

SHIPPED: CommandWords = {
    Command.AGENT: (
        "agent",
        "live agent",
        "human",
        "person",
        "real person",
        "operator",
        "representative",
        "agente",
    ),
    Command.BYE: ("bye", "goodbye", "good bye", "bye bye", "adios", "adiós"),
    Command.HELP: ("help", "info"),
    Command.RESTART: ("restart", "start over", "start again", "begin again", "empezar de nuevo"),
    Command.OPT_OUT: (),  # besides the carriers' keywords, which always count
    Command.OPT_IN: (),
}
CONSENT = frozenset({Command.OPT_OUT, Command.OPT_IN})


def with_shipped(chosen: Mapping[str, Sequence[str]]) -> dict[Command, list[str]]:
    """The admin's words for each command, with defaults for commands that the admin has not
    changed."""
    return {command: list(chosen.get(command, words)) for command, words in SHIPPED.items()}


def may_be(text: str) -> bool:
    """Whether a text is short enough to be a command, whatever the admin's words are."""
    return len(without_signature(text)) <= 2 * LONGEST


def meant(text: str, words: CommandWords) -> Command | None:
    """The command that the whole text means. None when it is for the bot or about consent."""
    if not may_be(text):
        return None
    said = plain(without_signature(text))
    known = _by_word(tuple((command, tuple(its_words)) for command, its_words in words.items()))
    return known.get(said) or known.get(_POLITE.sub("", said))


@functools.lru_cache(64)  # the same words serve text after text
def _by_word(words: tuple[tuple[Command, tuple[str, ...]], ...]) -> Mapping[str, Command]:
    plain_words = {
        plain(word): command
        for command, its_words in words
        if command not in CONSENT
        for word in its_words
    }
    return {word: command for word, command in plain_words.items() if word}


def error(words: CommandWords) -> str | None:
    """What is wrong with an admin's command words. None when they are valid."""
    taken: dict[str, Command] = {}
    for command, its_words in words.items():
        if len(its_words) > MOST:
            return f"must have at most {MOST} words for {command}"
        for word in its_words:
            said = plain(word)
            if not said or len(word) > LONGEST:
                return (
                    f"has {word!r} for {command}; write a word or a few, at most {LONGEST} "
                    "characters"
                )
            # carriers' keywords need no repeating among the words for opting out and in
            if said.upper() in (*OPT_OUT, *OPT_IN):
                return f"has {word!r} for {command}, which always opts out or in; use another word"
            if taken.setdefault(said, command) != command:
                return f"has {word!r} for {taken[said]} and for {command}"
    return None
