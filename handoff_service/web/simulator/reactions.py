"""The reaction buttons on the simulator's phones, and the texts that real phones send for
reactions.

An iPhone sends a reaction or its removal as words, such as "Liked". Google Messages adds zero-width
spaces around the emoji and the quoted words. The sources are in
``rules/conversations/reaction_words.py``.
"""

from dataclasses import dataclass

from handoff_service.rules.conversations.reactions import is_same
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.views import Message

MOST_QUOTED = 600  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A reaction button."""

    label: str
    body: str  #: the text that the phone sends
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phone:
    """How one make of phone writes reactions."""

    does: str  #: the title of a button that adds a reaction
    takes_away: str  #: the title of the button that removes a reaction
    added: str  #: the text of an added reaction; braces mark the quoted text
    removed: str  #: the text of a removed reaction
    quote: str = "“{}”"  #: the phone's form of a quoted text


_HAIR, _ZERO, _APART = "\u200a", "\u200b", "\u200c"
_IPHONE = {
    "does": phrase("React as an iPhone does"),
    "takes_away": phrase("Take the reaction away as an iPhone does"),
}
_PHONES = {
    "👍": _Phone(**_IPHONE, added="Liked {}", removed="Removed a like from {}"),
    "❤️": _Phone(**_IPHONE, added="Loved {}", removed="Removed a heart from {}"),
    "😂": _Phone(
        does=phrase("React as Android does"),
        takes_away=phrase("Take the reaction away as Android does"),
        added=f"{_HAIR}{_ZERO}😂{_ZERO} to {{}}{_HAIR}",
        removed=f"{_HAIR}Removed {_APART}😂{_APART} from {{}}{_HAIR}",
        quote=f"“{_HAIR}{{}}{_HAIR}”",
    ),
}


def buttons(text: Message) -> list[Button]:
    """Return the buttons below a text of the company: one for each reaction or, if the text has a
    reaction, one that removes it."""
    if text.reaction is None:
        return [
            Button(
                label=emoji,
                body=_about(phone, phone.added, text),
                title=phone.does,
            )
            for emoji, phone in _PHONES.items()
        ]
    had = text.reaction
    other = _Phone(**_IPHONE, added="", removed=f"Removed {had} from {{}}")
    phone = next((phone for emoji, phone in _PHONES.items() if is_same(emoji, had)), other)
    label = phrase("Remove {reaction}", reaction=had)
    body = _about(phone, phone.removed, text)
    return [Button(label=label, body=body, title=phone.takes_away)]


def _about(phone: _Phone, template: str, text: Message) -> str:
    return template.format(phone.quote.format(text.body[:MOST_QUOTED]) if text.body else "an image")
