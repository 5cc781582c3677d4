"""Recognizes a text that corrects the one before it: "actually could somebody just fix it?"."""

import re

_CORRECTS = re.compile(
    r"(?:(?:oh|hm+|ok|sorry|wait|no)[,. ]+)*"
    r"(?:actually|on second thought|i mean|i meant|correction|instead|make that|scratch that"
    r"|en realidad|m[aá]s bien|mejor|quise decir|perd[oó]n[, ]+(?:no|quise))\b",
    re.IGNORECASE,
)


def is_correction(text: str) -> bool:
    return bool(_CORRECTS.match(text.strip()))
