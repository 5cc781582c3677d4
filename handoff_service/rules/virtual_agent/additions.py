"""Recognizes a text that adds to a case right after it was opened: "the fan spins though".

The classifier knows only the text and not the case, so it would take the text for a new report.
"""

import re
from collections.abc import Collection

from handoff_service.rules.virtual_agent.questions import begins_like_question, is_question

LONGEST = 8  # words of an addition that begins with "the", "its" or "their"
_NEW = re.compile(
    r"\b(?:another|new|different|second|other|separate|unrelated) (?:\w+ )?"
    r"(?:problem|issue|thing|one|ticket|case|report|request)\b"
    r"|\bsomething else|unrelated|\botr[oa] (?:problema|caso|cosa|falla)|aparte de eso"
)
_LEAD = r"(?:(?:oh|ah|ok|okay|yes|no|well|hm+|sorry|btw|fyi|si|bueno|and|but|also|y|pero)[,. ]+)*"
_REFERS = re.compile(_LEAD + r"(?:it|it's|its|that|that's|this|they|se|eso|esto|sigue)\b")
_BEGINS = re.compile(
    r"(?:and|but|plus|also|still|now|only|just|same|because|since|when|whenever|if|after|before"
    r"|while|maybe|by the way|in fact|not even|even|y|pero|tambien|ademas|solo|porque|cuando"
    r"|desde|si|despues|aun|todavia|ahora|ni)\b"
)
_ENDS = re.compile(
    r"\b(?:though|tho|too|as well|either|anyway|btw|again|still|also|tambien|igual|todavia|aun)"
    r"[.!]*$"
)
_OF_IT = re.compile(r"(?:the|its|their|el|la|los|las|su|sus)\b")
_HAS_NOW = re.compile(
    _LEAD + r"(?:(?:the )?ones? (?:i|we|that|which|from)\b|mine\b|ours\b"
    r"|(?:my|our|the) (?:old|current|present|existing|last) (?:ones?|pair)\b"
    r"|(?:el|la|los|las) (?:que (?:tengo|traigo|uso|tenemos|usamos|hay)"
    r"|viej[oa]s?|mi[oa]s?|actual(?:es)?)\b)"
)
_ANNOUNCES = re.compile(
    r"\b(?:problem\w*|issue|help|report|trouble|wrong|broken|ayud\w+|falla|hilfe|helfen|storung"
    r"|probleme|aider|aide|souci|panne)\b"
)
FEWEST_OF_AVAILABILITY = 5  # words
_ASKS_HOURS = re.compile(
    r"^(?:(?:and|so|ok|y|und|et) )*(?:are|is|do|does|can|will|any\w*|hay|estan|seid|habt|vous)\b"
    r"|\b(?:what|when|how|which|open\w*|clos\w+|hours|horari\w*|abren|abierto|cierran|atienden"
    r"|que hora|hasta|cuando|wann|wie|offen|geoffnet|offnungszeiten|ouvert|horaires|quand"
    r"|quelle|you there|you around|you guys)\b"
)
_NAMES_CASES = re.compile(
    r"\b(?:status|state|tickets?|cases?|requests?|orders?|ordered|progress|updates?|news|track\w*"
    r"|cs\d+|inc\d+|other|another|old|last|yesterday|weeks?"
    r"|estado|casos?|solicitud\w*|pedidos?|novedad\w*|seguimiento|otr[oa]s?|anterior|ayer"
    r"|stand|status|fall|falls|ticket|anfrage|bestell\w*|neuigkeiten|neues|ander\w+|gestern"
    r"|etat|statut|dossiers?|demandes?|commandes?|nouvelles|suivi|autres?|hier)\b"
)
_REACH = re.compile(
    r"\b(?:reach|contact|call|ring|phone|mail|email|text|write|find|tell|let me know)\b"
    r"|\b(?:llam\w+|contact\w+|escrib\w+|avis\w+|erreich\w+|ruf\w*|anruf\w*|schreib\w*|mailen"
    r"|meld\w+|joindre|appel\w+|ecri\w+|contacter|envoy\w+)\b"
)
#: Devices that can also be a part of another device.
_PARTS = frozenset({"monitor", "keyboard", "mouse", "webcam", "headset"})
_WHOLE = frozenset({"laptop", "computer", "phone", "tablet"})
_ACCENTS = str.maketrans("áéíóúüäöàâçèêëîïôùû\u2019", "aeiouuaoaaceeeiiouu'")


def is_addition(text: str, devices: Collection[str], of_case: str | None) -> bool:
    """Whether the text adds to the case. ``devices``: the devices and systems that the text names.
    ``of_case``: the case's device, if it is known."""
    folded = _folded(text)
    is_part = of_case in _WHOLE and bool(_OF_IT.match(folded))
    if _NEW.search(folded):
        return False
    if _REFERS.match(folded):
        return True
    others = {name for name in devices if name != of_case and not (is_part and name in _PARTS)}
    if others:
        return False
    is_short = bool(_OF_IT.match(folded)) and len(folded.split()) <= LONGEST
    return bool(_BEGINS.match(folded) or _ENDS.search(folded)) or is_short


def is_about_present_equipment(text: str) -> bool:
    """Whether the text refers to the requester's present equipment without naming it: "the one I
    have is broken". After a request for equipment, this is a reason for the request."""
    return bool(_HAS_NOW.match(_folded(text)))


def asks_about_case(text: str) -> bool:
    """Whether a text right after a case asks about it: "When I can have it please?". False for a
    question that announces a problem: "can you help me with another issue?"."""
    return is_question(text) and not _ANNOUNCES.search(_folded(text))


def asks_about_new_case(text: str) -> bool:
    """Whether a question about cases, right after a case, is about that case: "are they coming?".
    False if it can be about an earlier case: "any update on my other ticket?"."""
    return begins_like_question(text) and not _NAMES_CASES.search(_folded(text))


def tells_how_to_reach(text: str) -> bool:
    """Whether a text with an address or number tells how to reach the sender: "you can mail me at
    ann@example.com"."""
    return bool(_REACH.search(_folded(text)))


def is_availability(text: str) -> bool:
    """Whether a text with times says when the sender is available, such as "I am at my desk until 7
    pm". A question about the desk's hours does not count."""
    folded = _folded(text)
    is_long = len(folded.split()) >= FEWEST_OF_AVAILABILITY
    return is_long and "?" not in folded and not _ASKS_HOURS.search(folded)


def _folded(text: str) -> str:
    return " ".join(text.casefold().translate(_ACCENTS).split())
