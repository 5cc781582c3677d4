"""Senders of texts that cannot be texted back: names instead of numbers, and withheld numbers."""

import re

from handoff_service.rules.shared.phrases import filled, phrase

# One to eleven characters with a letter among them: 3GPP TS 23.040, 9.1.2.5 gives a sender's name
# ten bytes, enough for eleven GSM-7 characters. Names from carriers can contain characters that
# providers do not offer to their customers, such as the dot of "Booking.com". The colon and the at
# sign are left out, because they mark addresses of other channels, such as "client:ann".
NAME = r"(?=.*[A-Za-z])[ -9;-?A-Z_a-z]{1,11}"
_NAME = re.compile(NAME)

# Carriers write a withheld number as one of these words, spelled on a telephone's keys (ITU-T
# E.161).
_KEYS = {
    letter: key
    for key, letters in enumerate(["ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ"], 2)
    for letter in letters
}
WITHHELD = {
    "+" + "".join(str(_KEYS[letter]) for letter in word): word
    for word in ("ANONYMOUS", "BLOCKED", "RESTRICTED", "UNAVAILABLE", "UNKNOWN")
}
#: The names that replace erased or removed numbers begin with one of these.
ERASED, DELETED = "erased-", "deleted-"
REMOVED_WHY = phrase("The requester's number was removed, so nobody can text them from here.")
NAME_WHY = phrase("{sender} is a name, not a phone number. Nobody can reply to it by text.")
WITHHELD_WHY = phrase("The sender withheld their number ({word}). Nobody can reply to it by text.")
OWN_WHY = phrase(
    "{sender} is one of the company's own numbers. A text to it would come back to this desk."
)


def is_name(sender: str) -> bool:
    """Whether this is an alphanumeric sender, such as SUPPORT."""
    return _NAME.fullmatch(sender) is not None and bool(sender.strip())


def stands_for_number(sender: str) -> bool:
    """Whether this name replaces a number that was removed."""
    return sender.startswith((ERASED, DELETED))


def why_unanswerable(sender: str, *, is_own: bool = False) -> str | None:
    """Why a text to this sender is refused, as a sentence for agents; None when it can be texted.

    Args:
        sender: A phone number, a short code or a name.
        is_own: Whether it is one of the company's provider numbers.
    """
    if is_own:
        return filled(OWN_WHY, sender=sender)
    if sender in WITHHELD:
        return filled(WITHHELD_WHY, word=WITHHELD[sender])
    if stands_for_number(sender):
        return REMOVED_WHY
    return filled(NAME_WHY, sender=sender) if is_name(sender) else None
