"""Recognizes texts that ask for a language: "in English please", "my English is not good"."""

import re

from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.language_words import COURTESIES, folded

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
#: A text with "translate" asks for a language only if it names English or Spanish. "Translate this
#: to French" is a question to an assistant, but people who text in Spanish ask for Spanish in this
#: way.
_TRANSLATE = re.compile(r"\btradu[cz]\w+|\btranslate\b")
_TRANSLATED = {Language.ENGLISH, Language.SPANISH}


def requested_language(text: str) -> Language | None:
    """The language that the whole text asks for: "keep English", "en inglés por favor". Spanish for
    a text that asks for another language without its name. None for every other text, even if it
    names a language."""
    plain = folded(text)
    words = re.findall(r"[\w']+|[,.;!?]", plain)
    named = [at for at, word in enumerate(words) if word in _NAMED]
    others = [word for word in words if word not in _NAMED and word[0].isalnum()]
    if any(word not in COURTESIES for word in others):
        return None
    if not named:
        return Language.SPANISH if _ANOTHER.search(plain) else None
    if _TRANSLATE.search(plain) and not {_NAMED[words[at]] for at in named} & _TRANSLATED:
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
