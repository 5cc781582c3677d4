"""Thanks and similar texts, which need no answer once a conversation has been closed.

``thanks_words`` has the words. The emoji are those that Unicode's CLDR (https://cldr.unicode.org)
names for approval, thanks, joy and hearts. A text counts if it has one of these emoji or a phrase
of thanks, and if each of its words is listed or belongs to a given name. So a question or a problem
never counts.
"""

import re
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.conversations.thanks_words import BESIDE, THANKS
from handoff_service.rules.delivery.sms_characters import INVISIBLE_NAMES
from handoff_service.rules.virtual_agent.bot_text import plain

EMOJI = frozenset(
    "👍👌🙏🙌👏💪🤝🫡✅✔☑💯🎉🥳🎊⭐🌟✨🫶🤙👊✌🤟🫂😀😃😄😁😊🙂😇😍🥰😘🤗😎😌🤩😉☺❤🧡💛💚💙💜🤎🖤🤍🩷🩵💕💖💗💓💞💐🌹🌻♥"
)
# Parts of an emoji that do not change its meaning: joiner, style, gender and skin tone.
_EMOJI_PARTS = frozenset("\u200d\ufe0f\ufe0e♀♂") | frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_SMILES = re.compile(r"(?<!\S)[:;=8]-?[)DdpP]+(?!\S)|<3+|\^_?\^|:\)|;\)")
MAX_CHARACTERS = 120


def is_thanks(text: str, names: Collection[str] = ()) -> bool:
    """Return whether a text only says thanks or something similar. ``names``: words that may
    accompany it, such as the agent's name."""
    if len(text) > MAX_CHARACTERS or any(c in text for c in "?¿"):
        return False
    shown = "".join(
        c for c in _SMILES.sub("👍", text) if c not in _EMOJI_PARTS and c not in INVISIBLE_NAMES
    )
    has_emoji = any(c in EMOJI for c in shown)
    rest = "".join(" " if c in EMOJI else c for c in shown)
    if any(ord(c) > 0x2190 and not c.isalnum() for c in rest):
        return False  # an emoji that does not mean thanks, such as a thumb that points down
    words = plain(rest).split()
    name_words = {folded(word) for name in names for word in plain(name).split()}
    if has_emoji and all(folded(word) in name_words for word in words):
        return True
    return _consists_of_thanks(words, name_words)


def stays_closed(
    closed_at: datetime | None, now: datetime, minutes: int, *, question_waits: bool
) -> bool:
    """Whether a thank-you text is added to the line's newest conversation, which is closed, and
    starts no new one. It is added within ``minutes`` after closing. It is also added until the
    satisfaction question is sent, because thanks must not cancel that question."""
    if closed_at is None:
        return False
    return question_waits or (minutes > 0 and now - closed_at <= timedelta(minutes=minutes))


def has_thanks(text: str) -> bool:
    """Return whether a text may say thanks among other words. For most texts, this quick check
    makes it unnecessary to look up names."""
    if len(text) > MAX_CHARACTERS:
        return False
    return (
        any(c in EMOJI for c in text)
        or bool(_SMILES.search(text))
        or any(_phrases(plain(text).split()))
    )


def _phrases(words: list[str]) -> Iterator[bool]:
    forms = [folded(_short(word)) for word in words]
    for at in range(len(forms)):
        for length in range(1, _LONGEST + 1):
            yield " ".join(forms[at : at + length]) in _THANKS


def _consists_of_thanks(words: list[str], names: Collection[str]) -> bool:
    found_thanks, at = False, 0
    forms = [folded(_short(word)) for word in words]
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            phrase = " ".join(forms[at : at + length])
            if phrase in _THANKS or phrase in _BESIDE or phrase in names:
                found_thanks = found_thanks or phrase in _THANKS
                at += length
                break
        else:
            return False
    return found_thanks


def _short(phrase: str) -> str:
    """The text with repeated letters shortened, as in "thaaanks" and "okkkk": three or more equal
    letters become one."""
    return re.sub(r"([^\W\d])\1{2,}", r"\1", phrase)


_THANKS, _BESIDE = (
    frozenset(folded(plain(phrase)) for phrase in table) for table in (THANKS, BESIDE)
)
_LONGEST = max(len(phrase.split()) for phrase in _THANKS | _BESIDE)
