"""``make language-ngrams``: compute the weights in ``rules/shared/language_ngrams.py``.

The weights come from the project's own texts: the catalogs of the pages and of the texts to
requesters, and those training examples whose language the word lists recognize. Run this command
after the catalogs or the examples have changed a lot.
"""

import math
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from babel.messages.pofile import read_po

from handoff_service.bot_control import nlu_file
from handoff_service.rules.shared import language_ngrams
from handoff_service.rules.shared.guess_language import LONGEST_NGRAM, ngrams_of, words_of
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.language_of_text import language_by_words

PACKAGE = Path(__file__).parents[1]
KEPT = 8000  # the number of n-grams to keep; 20,000 recognize the language hardly more often
UNSEEN = 0.3  # added to each count, so that its logarithm is finite
LONGEST_LINE = 100
_PLACEHOLDER = re.compile(r"\{[^}]*\}|<[^>]*>|%\(?\w*\)?s?")
HEADER = '''"""The weights of n-grams for guess_language.py. `make language-ngrams` writes this
file; do not edit it.

Each n-gram is followed by a digit for each of the ``LANGUAGES``, in the same order: how much rarer
the n-gram is than in the language that has it most often, as a logarithm.
"""

LANGUAGES = {languages}
NGRAMS = """
{ngrams}
"""
'''

type Words = Mapping[Language, Counter[str]]


def write(data: Path) -> None:
    """Compute the weights and write the module. ``data``: the folder with the training examples."""
    words: Words = {one: Counter() for one in Language}
    for language, text in [*catalog_texts(), *example_texts(data)]:
        words[language].update(words_of(text))
    Path(language_ngrams.__file__).write_text(as_python(weights(words)))


def catalog_texts() -> Iterator[tuple[Language, str]]:
    """The texts of all catalogs. Each catalog contains the English texts, which are read only
    once."""
    translated = [one for one in Language if one is not Language.ENGLISH]
    for language in translated:
        for path in sorted((PACKAGE / "locale" / language / "LC_MESSAGES").glob("*.po")):
            with path.open("rb") as file:
                for message in read_po(file):
                    if not message.id:
                        continue
                    if language is translated[0]:
                        yield from ((Language.ENGLISH, text) for text in _texts(message.id))
                    yield from ((language, text) for text in _texts(message.string))


def example_texts(data: Path) -> Iterator[tuple[Language, str]]:
    for path in sorted(data.glob("*.yml")):
        for examples in nlu_file.intents(nlu_file.read(path.read_text())).values():
            for one in examples:
                if (language := language_by_words(one.text)) is not None:
                    yield language, one.text


def weights(words: Words) -> dict[str, tuple[int, ...]]:
    """n-gram -> for each language, how much rarer it is than in the language in which it is most
    frequent. Contains only the KEPT n-grams that distinguish the languages best."""
    counts = {language: _ngram_counts(found) for language, found in words.items()}
    ngrams = sorted(set().union(*counts.values()))
    number = Counter(map(len, ngrams))
    totals = {
        (language, size): sum(n for ngram, n in found.items() if len(ngram) == size)
        + UNSEEN * number[size]
        for language, found in counts.items()
        for size in range(1, LONGEST_NGRAM + 1)
    }
    found_weights, values = {}, {}
    for ngram in ngrams:
        shares = [
            math.log((counts[one].get(ngram, 0) + UNSEEN) / totals[one, len(ngram)])
            for one in Language
        ]
        highest = max(shares)
        found_weights[ngram] = tuple(min(9, round(highest - share)) for share in shares)
        times = sum(counts[one].get(ngram, 0) for one in Language)
        values[ngram] = times * max(found_weights[ngram])
    best = sorted(ngrams, key=lambda ngram: -values[ngram])[:KEPT]
    return {ngram: found_weights[ngram] for ngram in best if values[ngram] > 0}


def _ngram_counts(words: Mapping[str, int]) -> dict[str, float]:
    """How often the words contain each n-gram. A word counts by the logarithm of its frequency, so
    that a few frequent words do not dominate."""
    counts: dict[str, float] = {}
    for word, times in words.items():
        for ngram in ngrams_of(word):
            counts[ngram] = counts.get(ngram, 0) + math.log1p(times)
    return counts


def as_python(found: Mapping[str, tuple[int, ...]]) -> str:
    """The source code of the module."""
    written = [f"{ngram}{''.join(map(str, found[ngram]))}" for ngram in sorted(found)]
    lines = textwrap.wrap(
        " ".join(written), LONGEST_LINE, break_long_words=False, break_on_hyphens=False
    )
    languages = ", ".join(f'"{one}"' for one in Language)
    return HEADER.format(languages=f"({languages})", ngrams="\n".join(lines))


def _texts(text: str | Sequence[str] | None) -> list[str]:
    """The text, or all of its plural forms, without placeholders."""
    forms = [text] if isinstance(text, str) else text or ()
    return [_PLACEHOLDER.sub(" ", form) for form in forms if form]


if __name__ == "__main__":
    write(Path("data/nlu"))
