"""Sentences that the database stores in English, as phrases for the pages.

Lines of a conversation, notices and reasons are stored as English text. ``stored`` finds the
sentence that such a text was written with, and the names in it, so that a page can show it in
another language. A text that is not listed here is shown as it is.
"""

import re
from functools import lru_cache

from handoff_service.rules.shared.phrases import phrase

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
    phrase("{name} marked a text as sent"),
    phrase("{name} sent a text again"),
    phrase("{name} asked for an identity check"),
    phrase("{name} verified the requester as {person}"),
    phrase("{name} removed the requester's name"),
    phrase("{name} handed this back to the virtual agent"),
    phrase("{name} opened case {number}"),
    phrase("{name} changed case {number}"),
    phrase("{name} added a note to case {number}"),
    phrase("{name} mentioned you in a note"),
    phrase("{name} canceled the transfer"),
    phrase("{name} is transferring this to {other}"),
    phrase("{name} is transferring this to you."),
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
    phrase("A scheduled text waits for you, because the requester has written again"),
    phrase("A scheduled text waits for you, because the conversation has changed owner"),
    phrase("Identity check passed."),
    phrase("Identity check not finished"),
    phrase("Identity check not finished: {reason}."),
    phrase("Closed, because this person's data is being erased"),
    phrase("Asked for a person."),
    phrase("The requester texted {word}."),
    phrase("The requester did not answer the virtual agent's last question."),
    phrase("The virtual agent had no answer."),
    phrase("The virtual agent gave the same answer {count} times in a row."),
    phrase(
        "The virtual agent sent this number too many replies in ten minutes. The sender may be a "
        "bot."
    ),
    phrase("The requester may want to opt out: we asked them to reply STOP, and they wrote again."),
    phrase("because the conversation had moved on"),
    phrase("after {seconds} s"),
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
    phrase("Recorded by {name}. Opted out: no texts can be sent"),
    phrase("Recorded by {name}. Opted in: texts can be sent again"),
    phrase("{sentence}. It was your conversation"),
    phrase("{sentence}. This is your conversation"),
)
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = _PLACEHOLDER.split(sentence)  # constant, name, constant, …
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if n % 2 else re.escape(part) for n, part in enumerate(parts)),
        re.DOTALL,
    )


_CONSTANT = frozenset(str(one) for one in SENTENCES if "{" not in one)
#: the most constant letters first, so that the most exact sentence is found
_PATTERNS = tuple(
    (str(one), _pattern(one))
    for one in sorted(SENTENCES, key=lambda one: -len(_PLACEHOLDER.sub("", one)))
    if "{" in one
)


@lru_cache(4096)
def stored(text: str) -> str:
    """The phrase of a stored sentence. The text itself, if the sentence is not known."""
    if text in _CONSTANT:
        return phrase(text)
    for sentence, pattern in _PATTERNS:
        if found := pattern.fullmatch(text):
            values = found.groupdict()
            return phrase(sentence, **{k: _value(k, v) for k, v in values.items()})
    return text


def reason(text: str) -> str:
    """The phrase of a stored reason that has no names in it. Others are what a person wrote."""
    return phrase(text) if text in _CONSTANT else text


def _value(name: str, text: str) -> str:
    return stored(text) if name == NESTED else text
