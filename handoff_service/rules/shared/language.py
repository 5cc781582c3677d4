"""The language in which a requester texts: English, Spanish, German or French.

Only a clear text decides. Each known word counts for its language:

- A text is Spanish, German or French if it has at least two words of that language, and more than
  of any other language. At least one of these words is neither a courtesy nor common in names. So
  "por favor" in an English text, "Ana de la Torre" and "El Paso" change nothing.
- A text is English if it has at least two English words, and more than of any other language.
- If the known words do not decide, the pieces of all words can (guess_language.py): "Etiketten
  kommen leer raus". They also overrule the words if they clearly show Spanish, German or French.
- A text that asks for a language ("in English please") decides by itself.

If the conversation has no clear text, the clear texts of the number's earlier conversations decide.
If there are none, weaker signs decide, in this order:

- The first text, if all its words belong to one language, even if they are only courtesies
  ("hola").
- All texts of the conversation together, with less certainty.
- A first text of one word that is typical of a language.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from handoff_service.rules.shared.guess_language import guess
from handoff_service.rules.shared.language_words import (
    COURTESIES,
    ENGLISH,
    FRENCH,
    GERMAN,
    SPANISH,
    LanguageWords,
)
from handoff_service.rules.shared.phrases import capitalized, phrase


class Language(StrEnum):
    """A language of the product's own texts. The values are ISO 639-1 codes."""

    ENGLISH = "en"
    SPANISH = "es"
    GERMAN = "de"
    FRENCH = "fr"


#: the languages' names in sentences of pages
LANGUAGE_NAMES: Mapping[Language, str] = {
    Language.ENGLISH: phrase("English"),
    Language.SPANISH: phrase("Spanish"),
    Language.GERMAN: phrase("German"),
    Language.FRENCH: phrase("French"),
}
#: the languages' names in choices and headings
LANGUAGE_TITLES = {one: capitalized(name) for one, name in LANGUAGE_NAMES.items()}
#: the languages' names in the languages themselves
OWN_NAMES: Mapping[Language, str] = {
    Language.ENGLISH: "English",
    Language.GERMAN: "Deutsch",
    Language.SPANISH: "Español",
    Language.FRENCH: "Français",
}
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
_ACCENTS = str.maketrans("áéíóúüñàâçèêëîïôùûäöß", "aeiouunaaceeeiiouuaos")
_CODE = re.compile(r"[{}\[\]<>\\|=_]")  # signs of code, whose pieces show no language
LEAST = 2  # words of the language in a clear text
# The least probability of a guess. Among the 17,000 examples, guesses this sure were wrong less
# often than the word lists.
SURE, OVERRULES, LIKELY = 0.9, 0.85, 0.6
SURE_OF_ONE_WORD = 0.97
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
    """The language that the pieces of the words show with at least this probability. None if too
    few of the words can show a language: courtesies and names cannot."""
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
    """The number of the language's words. Less clear words count half. 0 if there are too few."""
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
    folded = text.casefold().replace("\u2019", "'").translate(_ACCENTS)
    return re.findall(r"[\w']+", folded)


# Texts that ask for a language --------------------------------------------------------------------

_NAMED = {
    **dict.fromkeys(
        ("english", "ingles", "inglish", "eng", "englisch", "anglais"), Language.ENGLISH
    ),
    **dict.fromkeys(
        ("spanish", "espanol", "castellano", "spanol", "spanisch", "espagnol"), Language.SPANISH
    ),
    **dict.fromkeys(("german", "deutsch", "aleman", "allemand"), Language.GERMAN),
    **dict.fromkeys(("french", "francais", "frances", "franzosisch"), Language.FRENCH),
}
_REFUSES = re.compile(
    r"\b(?:not|no|don't|dont|can't|cant|cannot|instead of|en vez de|en lugar de|me cuesta|why"
    r"|por que)"
    r"(?: (?:hablo|entiendo|comprendo|se|leo|quiero|hablar|speak|understand|know|want|need|like"
    r"|read|write|good|much|mucho|muy|bien|in|en|el|the|to|me|any|is|are|was|it|this|that|you"
    r"|texting|writing|speaking|talking|answering|esta|esto|eso|escribe|habla|todo)){0,4}$"
)
#: The words after a language that the requester does not know well: "my English is not good".
_WEAK = re.compile(
    r"^(?:is|isn't|isnt|es|no es)"
    r"(?: (?:very|too|so|really|quite|a bit|muy|not|not very|not so))? ?"
    r"(?:good|bad|poor|hard|weak|difficult|malo|mala|dificil|poco|bueno)\b"
)
_EASY = re.compile(r"^is (?:very |so |really )?good\b")
#: Asks for another language without its name. Most people who ask like this speak Spanish.
_ANOTHER = re.compile(
    r"\b(?:other|another|change|switch|what|which) (?:the |your )?languages?\b"
    r"|\b(?:otros?|que|cambi\w+ (?:el|de)) idiomas?\b|\btradu[cz]\w+"
)


#: "Translate this to French" is a question to an assistant, but people who text in Spanish ask for
#: Spanish in this way.
_TRANSLATE = re.compile(r"\btradu[cz]\w+|\btranslate\b")
_TRANSLATED = {Language.ENGLISH, Language.SPANISH}


def requested_language(text: str) -> Language | None:
    """The language that the whole text asks for: "keep English", "en inglés por favor". None for
    every other text, even if it names a language."""
    folded = text.casefold().replace("\u2019", "'").translate(_ACCENTS)
    words = re.findall(r"[\w']+|[,.;!?]", folded)
    named = [at for at, word in enumerate(words) if word in _NAMED]
    others = [word for word in words if word not in _NAMED and word[0].isalnum()]
    if any(word not in COURTESIES for word in others):
        return None
    if not named:
        return Language.SPANISH if _ANOTHER.search(folded) else None
    if _TRANSLATE.search(folded) and not {_NAMED[words[at]] for at in named} & _TRANSLATED:
        return None
    refused = [_is_refused(words, at) for at in named]
    wanted = [_NAMED[words[at]] for at, no in zip(named, refused, strict=True) if not no]
    if wanted:
        return wanted[0]
    unwanted = _NAMED[words[named[0]]]
    return Language.SPANISH if unwanted is Language.ENGLISH else Language.ENGLISH


def _is_refused(words: list[str], at: int) -> bool:
    """Whether the text refuses the language that it names in this place, or the requester says that
    they do not know it well."""
    after = " ".join(words[at + 1 :])
    weak = bool(_WEAK.match(after)) and not _EASY.match(after)
    return weak or bool(_REFUSES.search(" ".join(words[:at])))
