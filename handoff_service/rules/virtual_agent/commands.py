"""Commands to the desk: AGENT, BYE, HELP and RESTART. They also work within a form of the bot.

A command is the whole text, without regard to case and punctuation: "Agent!" is a command, "agent
smith called" is not. Admins can change the words, and the words below are the defaults. The admin's
words for opting out and in are stored with the words of commands, but only the rules in ``consent``
use them.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from handoff_service.rules.delivery.carrier_keywords import OPT_IN, OPT_OUT
from handoff_service.rules.shared.mail_signature import without_signature
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.virtual_agent.bot_text import plain

LONGEST = 40  # characters of a command word
MAX_WORDS = 20  # words for one command
_POLITE = re.compile(r"^(?:please|pls|plz) | (?:please|pls|plz)$")


class Command(StrEnum):
    """A command of a requester to the desk."""

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
    Command.OPT_OUT: (),  # in addition to the carriers' keywords, which always count
    Command.OPT_IN: (),
}
CONSENT = frozenset({Command.OPT_OUT, Command.OPT_IN})


def with_shipped(chosen: Mapping[str, Sequence[str]]) -> dict[Command, list[str]]:
    """The words of each command: the admin's, or the defaults for unchanged commands."""
    return {command: list(chosen.get(command, words)) for command, words in SHIPPED.items()}


def may_be(text: str) -> bool:
    """Whether a text is short enough to be a command, whatever the admin's words are."""
    return len(without_signature(text)) <= 2 * LONGEST


def find_command(text: str, words: CommandWords) -> Command | None:
    """The command if the whole text is a command word, with or without "please", else None. The
    admin's words for consent are ignored."""
    if not may_be(text):
        return None
    words_of_text = plain(without_signature(text))
    known = _by_word(tuple((command, tuple(its_words)) for command, its_words in words.items()))
    return known.get(words_of_text) or known.get(_POLITE.sub("", words_of_text))


@functools.lru_cache(64)  # cached, because the same words apply to every text
def _by_word(words: tuple[tuple[Command, tuple[str, ...]], ...]) -> Mapping[str, Command]:
    plain_words = {
        plain(word): command
        for command, its_words in words
        if command not in CONSENT
        for word in its_words
    }
    return {word: command for word, command in plain_words.items() if word}


def error(words: CommandWords) -> str | None:
    """The error in an admin's command words. None when they are valid."""
    taken: dict[str, Command] = {}
    for command, its_words in words.items():
        if len(its_words) > MAX_WORDS:
            return phrase(
                "must have at most {most} words for {command}",
                most=MAX_WORDS,
                command=command,
            )
        for word in its_words:
            folded = plain(word)
            if not folded or len(word) > LONGEST:
                return phrase(
                    "“{word}” is empty or too long. Use 1 to {most} characters",
                    word=word,
                    most=LONGEST,
                )
            # the carriers' keywords always opt out or in, so no command may have one
            if folded.upper() in (*OPT_OUT, *OPT_IN):
                return phrase("“{word}” always opts people out or in. Use another word", word=word)
            if taken.setdefault(folded, command) != command:
                return phrase(
                    "“{word}” is a word for {one} and for {other}. Remove one of the two",
                    word=word,
                    one=taken[folded],
                    other=command,
                )
    return None
