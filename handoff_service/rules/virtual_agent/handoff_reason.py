"""Finds the reason in a request for a person: "can i talk to someone about my laptop"."""

import re

LONGEST = 80
_REASON = re.compile(
    r"\b(?P<word>about|regarding|concerning|re:|because|cause|cuz|bc|since|sobre|porque)\s+"
    r"(?P<what>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_SUBJECT = ("about", "regarding", "concerning", "re:", "sobre")


def reason_in(text: str) -> str | None:
    """The words after ``about``, ``because`` and the like, on one line, cut after ``LONGEST``
    characters. None: the text gives no reason."""
    found = _REASON.search(text)
    if found is None:
        return None
    what = " ".join(found["what"].split())
    reason = f"about {what}" if found["word"].lower() in _SUBJECT else what
    return (
        f"{reason[:LONGEST].rsplit(' ', 1)[0]}..."
        if len(reason) > LONGEST
        else reason.rstrip(" .!?") or None
    )
