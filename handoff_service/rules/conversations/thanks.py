"""Thanks and similar texts, which need no answer once a conversation has been closed.

The words come from the intents "thanks", "bye" and "yes" in help desk texts, in English and
Spanish, with common short forms. The emoji are those that Unicode's CLDR (https://cldr.unicode.org)
names for approval, thanks, joy and hearts. A text counts only if each of its words is listed here,
so a question or a problem never counts.
"""

import re
from collections.abc import Collection, Iterator, Sequence

from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.delivery.sms_characters import INVISIBLE_NAMES
from handoff_service.rules.virtual_agent.bot_text import plain

#: Phrases of which the text must contain at least one.
THANKS: Sequence[str] = (
    *(
        "thanks",
        "thank you",
        "thank u",
        "thankyou",
        "thank ya",
        "thx",
        "thnx",
        "thanx",
        "tnx",
        "thks",
        "ty",
        "tysm",
    ),
    *(
        "tyvm",
        "tks",
        "cheers",
        "much appreciated",
        "appreciated",
        "appreciate it",
        "i appreciate it",
        "many thanks",
    ),
    *(
        "i appreciate your help",
        "appreciate your help",
        "ta",
        "kudos",
        "bless you",
        "god bless",
        "you rock",
    ),
    *(
        "you are the best",
        "youre the best",
        "you re the best",
        "lifesaver",
        "you are a lifesaver",
        "youre a star",
    ),
    *(
        "perfect",
        "great",
        "awesome",
        "excellent",
        "wonderful",
        "brilliant",
        "fantastic",
        "lovely",
        "amazing",
        "super",
    ),
    *(
        "ok",
        "okay",
        "k",
        "kk",
        "oki",
        "okey",
        "okie",
        "alright",
        "all right",
        "got it",
        "will do",
        "sounds good",
    ),
    *(
        "all good",
        "good",
        "cool",
        "nice",
        "noted",
        "understood",
        "great job",
        "good job",
        "well done",
        "yay",
        "np",
    ),
    *(
        "no problem",
        "no worries",
        "it works",
        "it works now",
        "works now",
        "works",
        "that worked",
        "it worked",
        "all set",
    ),
    *("works", "works fine", "works again"),
    *(
        "all fixed",
        "fixed",
        "working now",
        "its working",
        "its working now",
        "it is working now",
        "sorted",
        "done",
    ),
    *(
        "problem solved",
        "that did it",
        "that helped",
        "you too",
        "bye",
        "goodbye",
        "bye bye",
        "see you",
        "cya",
    ),
    *(
        "have a good day",
        "have a great day",
        "have a nice day",
        "have a good one",
        "have a great one",
    ),
    *(
        "have a good weekend",
        "have a great weekend",
        "have a nice weekend",
        "good night",
        "have a good evening",
    ),
    *(
        "gracias",
        "muchas gracias",
        "mil gracias",
        "muchísimas gracias",
        "muchisimas gracias",
        "grax",
        "graciass",
    ),
    *(
        "te lo agradezco",
        "se lo agradezco",
        "agradecido",
        "agradecida",
        "muy amable",
        "muy amables",
        "perfecto",
    ),
    *(
        "genial",
        "excelente",
        "estupendo",
        "vale",
        "de acuerdo",
        "listo",
        "entendido",
        "buenísimo",
        "buenisimo",
        "bien",
    ),
    *(
        "muy bien",
        "ya funciona",
        "ya está",
        "ya esta",
        "igualmente",
        "adiós",
        "adios",
        "hasta luego",
        "chao",
        "bueno",
    ),
    *(
        "que tenga buen día",
        "que tengas buen día",
        "que pase buen día",
        "que pases buen día",
        "que esté bien",
    ),
    *(
        "feliz día",
        "bendiciones",
        "dios le bendiga",
        "dios te bendiga",
        "excelente servicio",
        "buen trabajo",
    ),
    *(
        "ya quedó",
        "todo bien",
        "ya pude",
        "muy agradecido",
        "muy agradecida",
        "te agradezco",
        "le agradezco",
    ),
    *("se agradece", "qué bien", "que bien", "fenomenal", "buenas noches"),
)
#: Words that may accompany them.
BESIDE: Sequence[str] = (
    *(
        "so much",
        "very much",
        "a lot",
        "a ton",
        "a bunch",
        "a million",
        "again",
        "all",
        "everyone",
        "guys",
        "folks",
    ),
    *("ms", "mr", "mrs", "miss", "dr", "sr", "sra"),
    *(
        "team",
        "sir",
        "madam",
        "maam",
        "for your help",
        "for the help",
        "for all your help",
        "for helping",
        "so",
    ),
    *(
        "for everything",
        "for your time",
        "for the quick response",
        "for the quick reply",
        "for your support",
        "very",
    ),
    *(
        "for the quick help",
        "for the fast help",
        "for your assistance",
        "for the support",
        "for getting back to me",
    ),
    *(
        "for fixing it",
        "for fixing that",
        "for the info",
        "for the update",
        "for letting me know",
        "really",
        "oh",
    ),
    *(
        "and",
        "yes",
        "yep",
        "yeah",
        "yup",
        "great help",
        "then",
        "that is",
        "thats",
        "that s",
        "it",
        "its",
        "bud",
        "mate",
    ),
    *(
        "for helping me",
        "for your patience",
        "to you",
        "you",
        "too",
        "kindly",
        "wow",
        "haha",
        "lol",
        "ah",
        "now",
        "i",
    ),
    *(
        "por todo",
        "por la ayuda",
        "por su ayuda",
        "por tu ayuda",
        "por ayudarme",
        "por su tiempo",
        "muy",
        "y",
        "sí",
    ),
    *(
        "si",
        "a todos",
        "equipo",
        "amigo",
        "amiga",
        "señor",
        "señora",
        "de verdad",
        "otra vez",
        "de nuevo",
        "pues",
    ),
    *(
        "buen día",
        "buenas tardes",
        "saludos",
        "un saludo",
        "un abrazo",
        "por la atención",
        "por su atención",
    ),
    *(
        "por tu atención",
        "por tu tiempo",
        "por tu apoyo",
        "por la rapidez",
        "por su paciencia",
        "mucho",
        "mucha",
    ),
    *(
        "por la respuesta",
        "por responder",
        "por su apoyo",
        "tan",
        "también",
        "tambien",
        "todo",
        "está",
        "esta",
    ),
)
EMOJI = frozenset(
    "👍👌🙏🙌👏💪🤝🫡✅✔☑💯🎉🥳🎊⭐🌟✨🫶🤙👊✌🤟🫂😀😃😄😁😊🙂😇😍🥰😘🤗😎😌🤩😉☺❤🧡💛💚💙💜🤎🖤🤍🩷🩵💕💖💗💓💞💐🌹🌻♥"
)
_ASIDE = frozenset("\u200d\ufe0f\ufe0e♀♂") | frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_SMILES = re.compile(r"(?<!\S)[:;=8]-?[)DdpP]+(?!\S)|<3+|\^_?\^|:\)|;\)")
MOST_LETTERS = 120


def is_thanks(text: str, names: Collection[str] = ()) -> bool:
    """Return whether a text only says thanks or something similar. ``names``: words that may
    accompany it, such as the agent's name."""
    if len(text) > MOST_LETTERS or any(c in text for c in "?¿"):
        return False
    said = "".join(
        c for c in _SMILES.sub("👍", text) if c not in _ASIDE and c not in INVISIBLE_NAMES
    )
    has_emoji = any(c in EMOJI for c in said)
    rest = "".join(" " if c in EMOJI else c for c in said)
    if any(ord(c) > 0x2190 and not c.isalnum() for c in rest):
        return False  # another emoji, such as a thumb that points down
    words = plain(rest).split()
    if not words:
        return has_emoji
    return _consists(words, {folded(word) for name in names for word in plain(name).split()})


def has_thanks(text: str) -> bool:
    """Return whether a text may say thanks among other words. This quick check comes before the
    names are looked up."""
    if len(text) > MOST_LETTERS:
        return False
    return (
        any(c in EMOJI for c in text)
        or bool(_SMILES.search(text))
        or any(_phrases(plain(text).split()))
    )


def _phrases(words: list[str]) -> Iterator[bool]:
    for at in range(len(words)):
        for length in range(1, _LONGEST + 1):
            yield folded(_short(" ".join(words[at : at + length]))) in _THANKS


def _consists(words: list[str], names: Collection[str]) -> bool:
    thanked, at = False, 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            phrase = folded(_short(" ".join(words[at : at + length])))
            if phrase in _THANKS or phrase in _BESIDE or phrase in names:
                thanked = thanked or phrase in _THANKS
                at += length
                break
        else:
            return False
    return thanked


def _short(phrase: str) -> str:
    """ "thaaanks" and "okkkk" as people mean them: three equal letters or more are one."""
    return re.sub(r"([^\W\d])\1{2,}", r"\1", phrase)


_THANKS, _BESIDE = (
    frozenset(folded(plain(phrase)) for phrase in table) for table in (THANKS, BESIDE)
)
_LONGEST = max(len(phrase.split()) for phrase in _THANKS | _BESIDE)
