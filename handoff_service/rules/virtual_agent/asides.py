"""Recognizes texts within a form that do not answer its question: "hang on", "i have no number",
"why do you ask?"."""

import re

LONGEST_PAUSE = 7  # words; a longer text does more than ask the virtual agent to wait
_PAUSE = re.compile(
    r"(?:(?:ah|oh|ok|okay|pls|please|sorry|um+|hm+) )*"
    r"(?:(?:hang|hold) on|wait(?! (?:is|are|what|how|for))|one (?:sec|second|min|minute|moment)"
    r"|(?:just )?(?:a|give me a) (?:sec|second|min|minute|moment)|let me (?:check|look|see)"
    r"|brb|un (?:momento|segundo|momentito)|esper[ae](?:me)?|dejeme (?:ver|revisar)"
    r"|(?:einen? |n )?(?:moment|augenblick|sekunde)|warte(?:n sie)?(?: mal| kurz)?$"
    r"|ich schaue? (?:kurz )?nach"
    r"|un (?:petit )?instant|une (?:seconde|minute)|attend(?:s|ez)(?: un peu)?$"
    r"|je (?:regarde|verifie))\b"
)
_NO_ACCOUNT = re.compile(
    r"\b(?:dont|do not|never|havent|have not|no longer|didnt|did not|cant|cannot) "
    r"(?:(?:yet|even|really|currently) )?(?:have|had|got|get|know|remember|recall|find)\b"
    r".{0,25}?\b(?:number|id|badge|e-?mail|one|either|any|it|those|them)\b"
    r"|\b(?:have|got) (?:no|neither)\b.{0,20}?\b(?:number|id|e-?mail|of (?:them|those|these))\b"
    r"|\b(?:no|ni) (?:tengo|recuerdo|me acuerdo|se|conozco|cuento con)\b"
    r".{0,25}?\b(?:numero|id|correo|ningun[oa]|nada|eso|cual)\b"
    r"|\b(?:habe?|weiss|weiß|kenne|finde)\b.{0,25}?\b(?:keine?s?|nicht|weder)\b"
    r"(?=.{0,25}\b(?:nummer|personalnummer|mail|adresse|ausweis|davon)\b|$)"
    r"|\b(?:keine|weder) (?:nummer|personalnummer|e-?mail|mailadresse)\b"
    r"|\b(?:n|ne )?(?:ai|connais|trouve|sais|retrouve) (?:pas|plus|ni|aucun)\b"
    r".{0,25}?\b(?:numero|matricule|mail|adresse|badge|ca|deux)\b"
)
LONGEST_WHY = 9  # words
_WHY = re.compile(
    r"(?:(?:but|and|so|wait|ok|hm+|y|pero|a ver|und|aber|et|mais) )*"
    r"(?:why|what for|how come|whats (?:that|it|this) for|por que|para que"
    r"|warum|wieso|weshalb|wozu|wofur|pourquoi|pour quoi faire|a quoi ca sert)\b"
)
_ACCENTS = str.maketrans("áéíóúüäöàâçèêëîïôùû", "aeiouuaoaaceeeiiouu")


def is_pause(text: str) -> bool:
    """Whether the text only asks the virtual agent to wait."""
    plain = _plain(text)
    return len(plain.split()) <= LONGEST_PAUSE and bool(_PAUSE.match(plain))


def has_no_account(text: str) -> bool:
    """Whether the text says that the requester lacks, or does not know, an employee number or
    e-mail address."""
    return bool(_NO_ACCOUNT.search(_plain(text)))


def asks_why(text: str) -> bool:
    """Whether a short text asks for the reason for the virtual agent's question."""
    plain = _plain(text)
    return len(plain.split()) <= LONGEST_WHY and bool(_WHY.match(plain))


def _plain(text: str) -> str:
    """The words in lower case, without apostrophes, accents and other marks."""
    folded = text.casefold().replace("'", "").replace("\u2019", "").translate(_ACCENTS)
    return " ".join(re.findall(r"[\w-]+", folded))
