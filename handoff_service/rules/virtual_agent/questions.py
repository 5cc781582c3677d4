"""Recognizes a question, because a question does not answer the virtual agent's question."""

import re

_ASKS = (
    r"(?:how (?:long|much|many|do|does|can|will|soon|come)|when|why|where|who|what"
    r"(?:s| is| are| do| does| if| kind)"
    r"|which|do (?:i|you|we|u)|does|did|is (?:it|there|this|that)|are (?:you|there|they|we)"
    r"|can (?:you|i|u)"
    r"|could (?:you|i)|will (?:it|you|i|they)|would it|should i"
    r"|cuant\w+|cuando|donde|por que|quien|que (?:es|hago|pasa|modelos?)|cual\w*|puedo|hay"
    r"|wie (?:lange?|viele?|oft|geht|kann|komme|bekomme|mache?|soll)|wann|warum|wieso|wo|wohin"
    r"|wer|wem|welche[rsmn]?|was (?:ist|kostet|mache?|passiert|soll|fur)"
    r"|(?:kann|muss|darf|soll) ich|konnt ihr|konnen sie|gibt es|ist das|kommt (?:das|jemand)"
    r"|comment|combien|quand|pourquoi|ou (?:est|dois|puis|se)|qui|quel(?:le)?s?"
    r"|(?:qu)?estce|(?:puis|dois)je|peuton|pouvezvous|fautil|y atil"
    r"|je (?:dois|peux)|cest (?:quoi|pour quand|long|payant))"
)
_BEGINS = re.compile(
    rf"^(?:(?:and|but|ok|so|wait|hm+|y|pero|hola|hi|hey|und|aber|et|mais) )*{_ASKS}\b"
)
_ACCENTS = str.maketrans("áéíóúüäöàâçèêëîïôùû", "aeiouuaoaaceeeiiouu")


def is_question(text: str) -> bool:
    """Whether the text has "¿", or begins like a question and ends with a question mark.

    Without "¿" it needs both: "why it broke I can't say" is an answer, and so is "monitor?".
    """
    folded = " ".join(text.casefold().replace("'", "").replace("\u2019", "").split()).translate(
        _ACCENTS
    )
    if "¿" in folded:
        return True
    words = re.sub(r"[^\w\s]+", "", folded)
    return folded.rstrip(" !.").endswith("?") and bool(_BEGINS.match(words))
