"""Finds the language in which a requester texts: English, Spanish, German or French.

Only a clear text decides. Each known word counts for its language:

- A text is Spanish, German or French if it has at least two words of that language, and more than
  of any other language. At least one of these words is neither a courtesy nor common in names. So
  "por favor" in an English text, "Ana de la Torre" and "El Paso" change nothing.
- A text is English if it has at least two English words, and more than of any other language.
- If the known words do not decide, the pieces of all words can (guess_language.py): "Etiketten
  kommen leer raus". They also overrule the words if they clearly show Spanish, German or French.
- A text that asks for a language decides by itself (requested_language.py).

If the conversation has no clear text, the clear texts of the number's earlier conversations decide.
If there are none, weaker signs decide, in this order:

- The first text, if all its words belong to one language, even if they are only courtesies
  ("hola").
- All texts of the conversation together, with less certainty.
- A first text of one word that is typical of a language.
"""

import re
from collections.abc import Iterable, Mapping

from handoff_service.rules.shared.guess_language import guess
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.language_words import (
    ENGLISH,
    FRENCH,
    GERMAN,
    SPANISH,
    LanguageWords,
    folded,
)
from handoff_service.rules.shared.requested_language import requested_language

_WORDS: Mapping[Language, LanguageWords] = {
    Language.SPANISH: SPANISH,
    Language.GERMAN: GERMAN,
    Language.FRENCH: FRENCH,
}
# Words with letters that occur in only one of the languages. The patterns match lower case only, to
# leave out names. The letter é does not count, because English has it ("resumé").
_LETTERS: Mapping[Language, re.Pattern[str]] = {
    Language.SPANISH: re.compile(r"(?<!\w)[a-zñáéíóúü]*[áíóúñ][a-zñáéíóúü]*(?!\w)"),
    Language.GERMAN: re.compile(r"(?<!\w)[a-zäöüß]*[äöß][a-zäöüß]*(?!\w)"),
    Language.FRENCH: re.compile(r"(?<!\w)[a-zàâçéèêîôùûœ]*[àâçèêîôùûœ][a-zàâçéèêîôùûœ]*(?!\w)"),
}
_CODE = re.compile(r"[{}\[\]<>\\|=_]")  # signs of code, whose pieces show no language
LEAST = 2  # words of the language in a clear text
# The least probability of a guess that decides if the known words do not (SURE), that overrules the
# known words (OVERRULES), and that decides for all texts of a conversation together (LIKELY).
SURE, OVERRULES, LIKELY = 0.9, 0.85, 0.6
SURE_OF_ONE_WORD = 0.97  # the same for a first text of one word
LONG = 4  # words; a shorter text can be a name, "de la Cruz", or a product, "dell docking station"


def language_of(text: str) -> Language | None:
    """The language of a clear text, or the language that the text asks for. None: the text does not
    decide."""
    if (asked := requested_language(text)) is not None:
        return asked
    by_words = language_by_words(text)
    if by_words is None:
        return _guess(text, SURE)
    guessed = _guess(text, OVERRULES)
    return by_words if guessed in (None, Language.ENGLISH) else guessed


def language_by_words(text: str) -> Language | None:
    """The language of a text in which known words decide. None: they do not decide."""
    words = _split(text)
    english = sum(word in ENGLISH for word in words)
    weights = {
        language: weight
        for language in _WORDS
        if (weight := _weight(language, text, words)) > english
    }
    if weights:
        best = max(weights, key=lambda one: weights[one])
        is_alone = sum(weight == weights[best] for weight in weights.values()) == 1
        return best if is_alone else None
    beside = max(_any_weight(language, text, words) for language in _WORDS)
    return Language.ENGLISH if english >= LEAST and english > beside else None


def _guess(text: str, least: float) -> Language | None:
    """The language that the pieces of the words show with at least this probability. None if it is
    less probable, if the text looks like code or names a product, or if too few words can show a
    language: courtesies and names cannot."""
    telling, is_long = _telling_words(text), len(_split(text)) >= LONG
    if _CODE.search(text) or len(telling) < (1 if is_long else LEAST):
        return None
    code, probability = guess(text)
    if probability < least:
        return None
    found = Language(code)
    may_be_product = found is Language.ENGLISH and not any(word in ENGLISH for word in telling)
    return None if may_be_product and len(telling) < LONG else found


def _language_of_one_word(text: str) -> Language | None:
    """The language that a first text of one word surely shows: "Öffnungszeiten"."""
    if len(_split(text)) > 1 or not _telling_words(text.lower()):
        return None
    code, probability = guess(text)
    return Language(code) if probability >= SURE_OF_ONE_WORD else None


def _telling_words(text: str) -> list[str]:
    """The words that are neither a courtesy nor common in names. Capitalized words can be names,
    so they count only if a word list has them."""
    if text.isupper():
        text = text.lower()
    found = []
    for written in re.findall(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*", text):
        (word,) = _split(written)
        known = [one for one in _WORDS.values() if word in one.own]
        vague = any(word in one.shared | one.courtesy for one in _WORDS.values())
        if known or not (vague or written[0].isupper()):
            found.append(word)
    return found


def _weight(language: Language, text: str, words: list[str]) -> float:
    """The number of the language's words. Less clear words count half. 0 if there are too few, or
    if none of them is clear."""
    own, beside = _counts(language, text, words)
    return own + beside / 2 if own and own + beside >= LEAST else 0


def _any_weight(language: Language, text: str, words: list[str]) -> float:
    own, beside = _counts(language, text, words)
    return own + beside / 2


def _counts(language: Language, text: str, words: list[str]) -> tuple[int, int]:
    """The number of words that belong to the language alone, and of words that count only next to
    such a word."""
    known = _WORDS[language]
    own = sum(word in known.own for word in words)
    beside = sum(word in known.shared for word in words)
    beside += any(word in known.courtesy for word in words)
    lettered = [_split(word)[0] for word in _LETTERS[language].findall(text)]
    own += sum(word not in known.own | known.shared | known.courtesy for word in lettered)
    own += language is Language.SPANISH and ("¿" in text or "¡" in text)
    return own, beside


def is_unknown(text: str) -> bool:
    """Whether the text has no known word. It may be in another language."""
    return not any(
        word in ENGLISH or any(_is_known(language, word) for language in _WORDS)
        for word in _split(text)
    )


def _is_known(language: Language, word: str) -> bool:
    known = _WORDS[language]
    return word in known.own or word in known.shared or word in known.courtesy


def conversation_language(
    texts: Iterable[str], before: Iterable[str] = (), otherwise: Language = Language.ENGLISH
) -> Language:
    """The language of the replies. ``texts``: the requester's texts in this conversation, the
    newest first. ``before``: their texts in earlier conversations, which count if ``texts`` do not
    decide. ``otherwise``: the language if no text decides."""
    unclear = []
    for text in texts:
        if (clear := language_of(text)) is not None:
            return clear
        unclear.append(text)
    for text in before:
        if (clear := language_of(text)) is not None:
            return clear
    oldest = unclear[-1] if unclear else ""
    return (
        _language_of_all(oldest)
        or _guess(" ".join(unclear), LIKELY)
        or _language_of_one_word(oldest)
        or otherwise
    )


def _language_of_all(text: str) -> Language | None:
    """The language to which all words of the text belong, if there is exactly one. Words that are
    common in names are not enough."""
    words = _split(text)
    found = [
        language
        for language, known in _WORDS.items()
        if any(word in known.own or word in known.courtesy for word in words)
        and all(_is_known(language, word) for word in words)
    ]
    return found[0] if len(found) == 1 else None


def _split(text: str) -> list[str]:
    return re.findall(r"[\w']+", folded(text))
