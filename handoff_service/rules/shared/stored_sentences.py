"""Sentences that the database stores in English, as phrases for the pages.

Lines of a conversation, notices, decisions and reasons are stored as English text. These functions
recognize the sentence and the names in a stored text, so that a page can show it in another
language. Pages show a text that is not listed here unchanged.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache

from handoff_service.rules.shared import durations
from handoff_service.rules.shared.local_dates import MONTHS, stored_time
from handoff_service.rules.shared.phrases import (
    Phrase,
    filled,
    joined,
    phrase,
    reworded,
    uncapitalized,
)
from handoff_service.rules.shared.provider_answers import ANSWERS
from handoff_service.rules.shared.vocabulary_words import CASE_STATES, STATES

#: The placeholder of a sentence that is itself a stored sentence.
NESTED = "sentence"
SENTENCES = (
    phrase("{name} took over"),
    phrase("{name} accepted"),
    phrase("{name} joined"),
    phrase("{name} left"),
    phrase("{name} wrote first"),
    phrase("{name} closed this conversation"),
    phrase("{name} reopened this conversation"),
    phrase("{name} put this on hold"),
    phrase("{name} put this on hold until {time}"),
    phrase("{name} took this off hold"),
    phrase("{name} changed the priority from {before} to {after}"),
    phrase("{name} changed the short description"),
    phrase("{name} changed its attributes"),
    phrase("{name} set “{attribute}” to “{value}”"),
    phrase("{name} changed “{attribute}” from “{before}” to “{after}”"),
    phrase("{name} removed “{attribute}”, which was “{before}”"),
    phrase("{name} added the label “{label}”"),
    phrase("{name} removed the label “{label}”"),
    phrase("{name} chose the topic “{label}”"),
    phrase("{name} ran the macro “{macro}”"),
    phrase("{name} scheduled a text for {time}"),
    phrase("{name} canceled a scheduled text"),
    phrase("{name} promised to be in touch by {time}"),
    phrase("{name} canceled the promise for {time}"),
    phrase("{name} marked it as sent"),
    phrase("{name} sent it again"),
    phrase("{name} marked a text as sent"),
    phrase("{name} sent a text again"),
    phrase("{name} asked for an identity check"),
    phrase("asked for by {name}"),
    phrase("{name} verified the requester as {person}"),
    phrase("{name} removed the requester's name"),
    phrase("{name} undid the verification: this is {person} again"),
    phrase("{name} undid the verification: the requester is not identified"),
    phrase(
        "{name} deactivated {person}: this conversation keeps their name until it is closed or "
        "somebody else is verified"
    ),
    phrase("{name} handed this back to the virtual agent"),
    phrase("{name} opened case {number}"),
    phrase("{name} changed case {number}"),
    phrase("{name} added a note to case {number}"),
    phrase("{name} mentioned you in a note"),
    phrase("{name} set case {number} to {state}"),
    phrase("{name} canceled the transfer"),
    phrase("{name} assigned this to {other}"),
    phrase("{name} rejected: {reason}. The conversation stays with its agent."),
    phrase("{name} did not answer in time. The conversation stays with its agent."),
    phrase("{name} is no longer available. The conversation stays with its agent."),
    phrase("Handed to {name}"),
    phrase("{person} was verified by {name}"),
    phrase("{person} was verified by a code to the e-mail on file"),
    phrase("{person} was verified by employee number and an identity fact"),
    phrase("{name} says that this is not {person}"),
    phrase("The requester says that this is not {person}"),
    phrase("The requester says that this is not this person"),
    phrase("{name} removed {person} from this conversation"),
    phrase("{name} removed this person from this conversation"),
    phrase("{name} linked this number to {person}"),
    phrase("{name} unlinked this number"),
    phrase("{name} merged {person} into {other}. This conversation now belongs to {now}"),
    phrase(
        "{name} undid the merge of {person} into {other}. This conversation now belongs to {now}"
    ),
    phrase("{name} postponed “{timer}” until {time}"),
    phrase("{name} canceled “{timer}”"),
    phrase("“{timer}” set this to {state}"),
    phrase("{name} kept a scheduled text for {time}"),
    phrase("{name} moved a scheduled text for {time}"),
    phrase("Not answered: it looks like {automated}."),
    phrase(
        "Not answered: this is the second text in a day that does not seem meant for this desk."
    ),
    phrase("Nobody in {queue} has accepted. Patchboard asks again in {duration}."),
    phrase(
        "Everybody available in {queue} has rejected this conversation for good. Assign it, or "
        "transfer it to another queue."
    ),
    phrase("Waiting in {queue} for {duration}."),
    phrase("{name} has been waiting for {duration}."),
    phrase("{name} has not answered for {duration}."),
    phrase("{name} is transferring this to {other}"),
    phrase("{name} transferred this to {other}"),
    phrase("Back with {name}"),
    phrase("Back with you. {reason}"),
    phrase("Case {number} opened"),
    phrase("Closed: a live agent wrote first"),
    phrase("Closed: {name} expects no answer here"),
    phrase("You promised to be in touch by {time}"),
    phrase("You promised to be in touch by {time}, but nobody was"),
    phrase("Promise missed: no agent was in touch by {time}"),
    phrase("The hold has ended"),
    phrase("A text from the requester took this off hold"),
    phrase("The requester started over"),
    phrase("The requester said goodbye"),
    phrase("The requester went back to the virtual agent"),
    phrase("The requester opted out"),
    phrase("The requester opted in"),
    phrase("The requester opted in again, so the virtual agent continues with its questions"),
    phrase("A scheduled text was canceled, because the requester has opted out"),
    phrase("A scheduled text was canceled by an admin after the desk was restored"),
    phrase("A scheduled text was canceled with the end of the conversation"),
    phrase("A scheduled text waits for you, because the requester has written again"),
    phrase("A scheduled text waits for you, because the conversation has changed owner"),
    phrase("Identity check passed."),
    phrase("Identity check not finished"),
    phrase("No code was e-mailed"),
    phrase("The code could not be sent by e-mail"),
    phrase("Closed, because this person's data is being erased"),
    phrase("Asked for a person."),
    phrase("The requester did not answer the virtual agent's last question."),
    phrase("The virtual agent had no answer."),
    phrase(
        "The virtual agent sent this number too many replies in ten minutes. The sender may be a "
        "bot."
    ),
    phrase("The requester may want to opt out: we asked them to reply STOP, and they wrote again."),
    phrase("because the conversation had moved on"),
    phrase("Canceled by an admin after the desk was restored from a backup."),
    phrase("Canceled, because the agent undid the macro before this text was sent."),
    phrase("Canceled, because the texts about the outage were stopped."),
    phrase("Canceled, because the agent reopened the conversation before this text was sent."),
    phrase("The connection was lost"),
    phrase("An offer expired"),
    phrase("Signed in or reconnected"),
    phrase("Waiting for the requester"),
    phrase("Waiting for a part or a delivery"),
    phrase("Waiting for another team"),
    phrase("The requester texted “{words}”. Opted out: no texts can be sent"),
    phrase("The requester texted “{words}”. Opted in: texts can be sent again"),
    phrase("The carrier blocks texts to this requester. Opted out: no texts can be sent"),
    phrase("The carrier blocks texts to this requester. Opted in: texts can be sent again"),
    phrase("Recorded. Opted out: no texts can be sent"),
    phrase("Recorded. Opted in: texts can be sent again"),
    phrase("Recorded by {name}. Opted out: no texts can be sent"),
    phrase("Recorded by {name}. Opted in: texts can be sent again"),
    phrase("{sentence}. It was your conversation"),
    phrase("{sentence}. This is your conversation"),
)
#: The product's own reasons. People write all other reasons.
REASONS = (
    phrase("Asked for a person: {about}."),
    phrase("Needs help with a password or a locked account. Identity verified."),
    phrase("The requester did not say who they are."),
    phrase("The virtual agent did not understand twice in a row."),
    phrase("The virtual agent did not find out how much this affects the requester."),
    phrase("The virtual agent was not sure twice in a row what the requester needs."),
    phrase("Live agents answer this number first."),
    phrase("There is no virtual agent."),
    phrase("The virtual agent is not answering right now."),
    phrase("The virtual agent answered with an error ({status})."),
    phrase("The virtual agent did not answer within {seconds} s."),
    phrase("The virtual agent could not be reached."),
    phrase("The virtual agent closed the connection."),
    phrase("The virtual agent's answer could not be read."),
    phrase("Still broken, after our text of {time}: “{quote}”"),
    phrase("{name} is away."),
    phrase("{name} is offline."),
    phrase("{name} deactivated {other}."),
    phrase("“{timer}”, {duration} without agent response"),
    phrase("“{timer}”, {duration} without requester response"),
    phrase("{duration} without agent response"),
    phrase("{duration} without requester response"),
    phrase("{name} is transferring this to you."),
    phrase("{name} transferred it."),
    phrase("{name} verified the requester manually."),
    phrase("The requester texted {word}."),
    phrase("The virtual agent gave the same answer {count} times in a row."),
    phrase("Identity check not finished: {reason}."),
    phrase("after {seconds} s"),
    phrase("sent {day} {month} at {time}"),
)
#: why an identity check failed
PROOF_FAILURES = (
    phrase("no answer for {duration}"),
    phrase("the requester does not know the identity fact"),
    phrase("the requester stopped the check"),
    phrase("this desk sends no e-mail, and nobody has an identity fact"),
    phrase("this number is locked out after {count} wrong answers within a day"),
    phrase("too many codes were requested from this number"),
    phrase("too many were requested for this person"),
    phrase("{count} wrong answers about this account within a day"),
    phrase("{count} wrong answers, the last one a wrong identity fact"),
    phrase("{count} wrong answers, the last one a wrong code"),
    phrase("{reason}; no user matches {claimed}"),
    phrase("{reason}; no e-mail address on file"),
)
#: the names of actors that are not users or agents
NAMES = (
    phrase("The requester"),
    phrase("The virtual agent"),
    phrase("A program"),
    phrase("The desk file"),
)
#: The words of the work assignment log about a decision and about each candidate.
DECISIONS = (
    phrase("offered to {names}"),
    phrase("all have rejected it"),
    phrase("all available agents have rejected it for good"),
    phrase("the queue is closed"),
    phrase("nobody is online"),
    phrase("everyone is busy"),
    phrase("is {presence}"),
    phrase("already has this offer"),
    phrase("lacks the skill {skills}"),
    phrase("joins after {after} s"),
    phrase("rejected this conversation"),
    phrase("rejected it in this round"),
    phrase("is at capacity: {load} of {capacity}"),
    phrase("last served this requester"),
    phrase("has the most free capacity: {load} of {capacity}"),
    phrase("has gone longest without an offer"),
    phrase("is next in turn"),
    phrase("gets the offer with all free agents"),
    phrase("was free, but the queue's rule chose another"),
)
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_DURATION = re.compile(r"(\d+) (day|hour|minute|second)s?")


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    parts = _PLACEHOLDER.split(sentence)  # constant, name, constant, …
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if n % 2 else re.escape(part) for n, part in enumerate(parts)),
        re.DOTALL,
    )


def _sorted(sentences: Iterable[Phrase]) -> tuple[Phrase, ...]:
    """The sentences with the most constant letters first, so that the most exact one is found."""
    return tuple(sorted(sentences, key=lambda one: -len(_PLACEHOLDER.sub("", one))))


_CONSTANT = {str(one): one for one in SENTENCES if "{" not in one}
_OF_LINES, _OF_DECISIONS = _sorted((*SENTENCES, *REASONS)), _sorted(DECISIONS)
_OF_PROOFS = _sorted(PROOF_FAILURES)
_OF_REASONS = (*REASONS, *_OF_PROOFS)


@lru_cache(4096)
def stored(text: str) -> str:
    """The phrase for a stored line or notice. Returns an unknown text unchanged."""
    return recognized(text, _OF_LINES)


def stored_line(text: str) -> str:
    """The phrase for a stored line that may end with its reason: ``line: reason``."""
    line, _colon, why = text.partition(": ")
    if not why or not isinstance(stored(line), Phrase):
        return stored(text)
    return phrase("{sentence}: {reason}", sentence=stored(line), reason=reason(why))


@lru_cache(4096)
def decision(text: str) -> str:
    """The phrase for a stored decision of work assignment, or for its reason about a candidate."""
    return recognized(text, _OF_DECISIONS)


def reason(text: str) -> str:
    """The phrase for a stored reason of the product. Returns a person's own reason unchanged."""
    return _CONSTANT.get(text) or recognized(text, _OF_REASONS)


def provider_answer(text: str) -> str:
    """The phrase for a stored answer of a provider. Returns a provider's own words unchanged."""
    return text if isinstance(text, Phrase) else recognized(text, ANSWERS)


def short_reason(text: str) -> str | None:
    """The phrase for the part of a stored reason before its colon, without a full stop. None: the
    reason is not known."""
    if found := _SHORT.get(text):
        return found
    known = reason(f"{text}.")
    return reworded(known, _short) if isinstance(known, Phrase) else None


def _short(sentence: str) -> str:
    return sentence.split(":", maxsplit=1)[0].strip().rstrip(".")


_SHORT = {
    _short(one): reworded(one, _short) for one in (*REASONS, *SENTENCES) if "{" not in _short(one)
}


def recognized(text: str, sentences: Iterable[Phrase]) -> str:
    """The phrase for a stored text that is one of these sentences. Returns any other text
    unchanged."""
    for sentence in sentences:
        if found := _pattern(sentence).fullmatch(text):
            values = {name: _value(name, part) for name, part in found.groupdict().items()}
            if isinstance(values.get("duration", sentence), Phrase):  # else a person wrote it
                return filled(sentence, **values)
    return text


def _value(name: str, text: str) -> str:
    """The phrase for a value that is a word or a sentence of the product. Returns any other value
    unchanged."""
    return _VALUES[name](text) if name in _VALUES else text


def _duration(text: str) -> str:
    found = _DURATION.findall(text)
    units = ("day", "hour", "minute", "second")
    words = joined(" ", [durations.WORDS[units.index(unit)](int(count)) for count, unit in found])
    return words if words == text else text


def _one_of(*words: Phrase) -> Callable[[str], str]:
    table = {str(one): one for one in words}
    return lambda text: table.get(text, text)


_VALUES: Mapping[str, Callable[[str], str]] = {
    NESTED: stored,
    "reason": reason,
    "why": lambda text: provider_answer(reason(text)),
    "name": _one_of(*NAMES),
    "duration": _duration,
    "state": _one_of(*(uncapitalized(one) for one in (*STATES.values(), *CASE_STATES.values()))),
    "month": _one_of(*MONTHS),
    "time": stored_time,
    "presence": _one_of(phrase("available"), phrase("away"), phrase("offline")),
    "automated": _one_of(
        phrase("a verification code"), phrase("marketing"), phrase("a delivery notice")
    ),
}
