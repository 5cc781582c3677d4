"""The buttons with which a phone of the simulator reacts to a text, and what real phones send for
each.

Apple names its six reactions, also when they are taken away; Google Messages puts spaces of no
width around the emoji and the quoted words (``rules/conversations/reaction_words.py`` has the
sources).
"""

from dataclasses import dataclass

from handoff_service.rules.conversations.reactions import is_same
from handoff_service.store.views import Message

MOST_QUOTED = 600  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """``body``: the text that it sends."""

    label: str
    body: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phone:
    """How one make of phones writes. ``added`` and ``removed`` say where the quoted text stands, in
    ``quote``."""

    name: str
    added: str
    removed: str
    quote: str = "“{}”"


_HAIR, _ZERO, _APART = "\u200a", "\u200b", "\u200c"
_PHONES = {
    "👍": _Phone(name="an iPhone", added="Liked {}", removed="Removed a like from {}"),
    "❤️": _Phone(name="an iPhone", added="Loved {}", removed="Removed a heart from {}"),
    "😂": _Phone(
        name="Android",
        added=f"{_HAIR}{_ZERO}😂{_ZERO} to {{}}{_HAIR}",
        removed=f"{_HAIR}Removed {_APART}😂{_APART} from {{}}{_HAIR}",
        quote=f"“{_HAIR}{{}}{_HAIR}”",
    ),
}


def buttons(text: Message) -> list[Button]:
    """One for each reaction to a text of the company; or the one that takes the reaction away."""
    if text.reaction is None:
        return [
            Button(
                label=emoji,
                body=_about(phone, phone.added, text),
                title=f"React as {phone.name} does",
            )
            for emoji, phone in _PHONES.items()
        ]
    had = text.reaction
    other = _Phone(name="an iPhone", added="", removed=f"Removed {had} from {{}}")
    phone = next((phone for emoji, phone in _PHONES.items() if is_same(emoji, had)), other)
    title = f"Take the reaction away as {phone.name} does"
    return [Button(label=f"Remove {had}", body=_about(phone, phone.removed, text), title=title)]


def _about(phone: _Phone, said: str, text: Message) -> str:
    return said.format(phone.quote.format(text.body[:MOST_QUOTED]) if text.body else "an image")
