"""Sentences that the database stores in English, as phrases for pages.

A sentence with {placeholders} is marked once, with ``phrase`` and without values. ``filled`` fills
it. ``recognized`` finds the sentence that a stored text was written with.
"""

import functools
import re
from collections.abc import Iterable

from handoff_service.rules.shared.phrases import Phrase, translated

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def filled(sentence: Phrase, /, **values: object) -> Phrase:
    """Fill the {placeholders} of a sentence. A value that is a phrase is translated too."""
    return Phrase.of(
        lambda catalog: translated(sentence, catalog).format(
            **{name: translated(value, catalog) for name, value in values.items()}
        )
    )


def recognized(stored: str, sentences: Iterable[Phrase]) -> str:
    """The stored text as a phrase if it is one of these sentences; otherwise as it is."""
    for sentence in sentences:
        if found := _pattern(sentence).fullmatch(stored):
            return filled(sentence, **found.groupdict())
    return stored


@functools.cache
def _pattern(sentence: str) -> re.Pattern[str]:
    parts = _PLACEHOLDER.split(sentence)
    return re.compile(
        "".join(f"(?P<{part}>.+)" if n % 2 else re.escape(part) for n, part in enumerate(parts)),
        re.DOTALL,
    )
