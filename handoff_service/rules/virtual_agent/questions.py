"""Recognizes a question from the requester, which does not count as an answer to the virtual
agent's question."""

import re

_ASKS = (
    r"(?:how (?:long|much|many|do|does|can|will|soon|come)|when|why|where|who|what"
    r"(?:s| is| are| do| does| if| kind)"
    r"|which|do (?:i|you|we|u|they)|does|did|is (?:it|there|this|that)|are (?:you|there|they|we)"
    r"|(?:is|will|can|could|does|should) (?:any|some)(?:one|body)|can (?:you|i|u|we|they)"
    r"|could (?:you|i|we|they)|will (?:it|you|i|they|we)|would (?:it|you|they)|should (?:i|we)"
    r"|cuant\w+|cuando|donde|por que|quien|que (?:es|hago|pasa|modelos?)|cual\w*|puedo|hay"
    r"|van? a|vienen?|vendran?|me (?:llaman?|van|avisan?)|alguien (?:va|viene|puede)"
    r"|wie (?:lange?|viele?|oft|geht|kann|komme|bekomme|mache?|soll)|wann|warum|wieso|wo|wohin"
    r"|wer|wem|welche[rsmn]?|was (?:ist|kostet|mache?|passiert|soll|fur)"
    r"|(?:kann|muss|darf|soll) (?:ich|jemand|wer)|konnt ihr|konnen sie|gibt es|ist das"
    r"|(?:kommt|ruft|meldet) (?:das|jemand|wer|ihr|sich)|kommen sie|werde ich|wird (?:das|es)"
    r"|comment|combien|quand|pourquoi|ou (?:est|dois|puis|se)|qui|quel(?:le)?s?"
    r"|(?:qu)?estce|(?:puis|dois)je|peuton|pouvezvous|fautil|y atil"
    r"|je (?:dois|peux)|cest (?:quoi|pour quand|long|payant)|quelquun (?:va|vient|passe|peut)"
    r"|vous (?:venez|passez|allez|pouvez)|on (?:mappelle|vient))"
)
_COURTESY = (
    r"(?:and|but|ok(?:ay)?|so|wait|hm+|hi|hey|great|cool|perfect|alright|fine|good|sorry|please"
    r"|(?:many )?(?:thanks|thank you|thx|ty)(?: (?:so|very) much| a lot)?"
    r"|y|pero|hola|bueno|vale|perfecto|listo|(?:muchas |mil )?gracias|disculpe|perdon|por favor"
    r"|und|aber|gut|super|prima|(?:vielen |besten )?dank|danke(?: schon)?|bitte|entschuldigung"
    r"|et|mais|bien|parfait|daccord|merci(?: (?:beaucoup|bien))?|pardon)"
)
_BEGINS = re.compile(rf"^(?:{_COURTESY} )*{_ASKS}\b")
_ACCENTS = str.maketrans("áéíóúüäöàâçèêëîïôùû", "aeiouuaoaaceeeiiouu")


def is_question(text: str) -> bool:
    """Whether the text has "¿", or begins like a question and ends with a question mark.

    Without "¿", a text needs both: "why it broke I can't say" is an answer, and so is "monitor?".
    """
    folded = _folded(text)
    if "¿" in folded:
        return True
    return folded.rstrip(" !.").endswith("?") and bool(_BEGINS.match(_words(folded)))


def begins_like_question(text: str) -> bool:
    """Whether the text begins like a question, with or without a question mark. Courtesies can
    precede it: "thanks, when will they come"."""
    folded = _folded(text)
    return "¿" in folded or bool(_BEGINS.match(_words(folded)))


def _folded(text: str) -> str:
    plain = text.casefold().replace("'", "").replace("\u2019", "")
    return " ".join(plain.split()).translate(_ACCENTS)


def _words(folded: str) -> str:
    return " ".join(re.sub(r"[^\w\s]+", "", folded).split())
