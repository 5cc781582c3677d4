"""Recognizes texts that add facts to the current report or request, although the classifier
misunderstands them: "error say authentication fail", "thanks, it is in room 4"."""

import re

from handoff_service.rules.virtual_agent.questions import begins_like_question

FEWEST = 4  # words of a fact
FEWEST_OF_QUESTION = 3  # words, without courtesies
#: Words with which requesters quote or describe what a program says.
_SAYS = re.compile(
    r"\b(?:errors?|fail\w*|denied|invalid|incorrect|expired|wrong|rejected|says?|said|shows?"
    r"|message|pop(?:s )?-?up|keeps asking|asks|asked|prompts?"
    r"|dice|decia|sale|salio|marca|pide|muestra|aparece|rechaza|falla|invalid[oa]|incorrect[oa]"
    r"|fehler\w*|meldung|sagt|zeigt|steht|fragt|verlangt|falsch\w*|ungultig\w*|abgelehnt"
    r"|fehlgeschlagen"
    r"|erreur|dit|affiche|demande|refuse\w*|invalide|incorrecte?|echou\w+|echec)\b"
)
_WANTS = re.compile(
    r"\b(?:reset\w*|unlock\w*|forgot\w*|forget|(?:can|could|would|will) (?:you|u|someone|somebody)"
    r"|please|pls|need|help|also|too|another|other|second"
    r"|olvid\w+|desbloque\w+|restable\w+|ayud\w+|puede[ns]?|podrian?|favor|necesito|tambien|otr[oa]"
    r"|vergess\w+|zurucksetz\w+|entsperr\w+|bitte|brauche|konnt\w*|konnen|auch|ander\w+|noch"
    r"|oubli\w+|reinitialis\w+|debloqu\w+|pouvez|pourriez|besoin|aussi|autre|svp)\b"
)
_REPLACEMENT = re.compile(
    r"\b(?:(?:new|another|replacement|spare|different|working) (?:ones?|pair)|replac\w+|swap\w*"
    r"|exchang\w+|otr[oa]s?(?: por favor)?$|un[oa]s? nuev[oa]s?|nuev[oa]s?$|reemplaz\w+"
    r"|cambi(?:ar|en|o)(?:me|lo|la|melo|mela)\w*|de repuesto"
    r"|(?:ein|eine|einen) (?:neue[nrs]?|andere[nrs]?)(?: bitte)?$|ersatz\w*|austausch\w*|tausch\w*"
    r"|(?:un|une) (?:autre|nouveau|nouvelle|neuve?)(?: svp)?$|rempla\w+|echang\w+)\b"
)
_ADDRESSED = re.compile(
    r"\b(?:you|u|ur|your|youre|yours|usted|ustedes|tu|te|du (?:bist|hast|kannst)|dich|dir|euch"
    r"|vous|votre|toi)\b"
)
_COURTESIES = re.compile(
    r"\b(?:thank you|thanks|thx|ty|(?:so|very) much|a lot|hi|hello|hey|good (?:morning|afternoon"
    r"|evening)|bye|goodbye|please|pls|ok|okay|yes|no|sorry|lol|haha\w*|great|cool|fine|nice"
    r"|gracias|muchas|hola|buen[oa]s? (?:dias?|tardes?|noches)|adios|por favor|si|jaja\w*"
    r"|danke\w*|hallo|guten (?:tag|morgen|abend)|bitte|tschuss|merci|beaucoup|bonjour|salut|svp"
    r"|au revoir|bonne journee|schonen tag|have a (?:good|nice|great) \w+)\b"
)
_ACCENTS = str.maketrans("áéíóúüäöàâçèêëîïôùû\u2019", "aeiouuaoaaceeeiiouu'")


def tells_of_error(text: str) -> bool:
    """Whether a text about an account reports what a program says, and asks for nothing: "error say
    authentication fail"."""
    return bool(_SAYS.search(_folded(text))) and not asks_for_help(text)


def asks_for_help(text: str) -> bool:
    """Whether a text about an account asks for help with it: "i forgot my password"."""
    folded = _folded(text)
    return "?" in folded or bool(_WANTS.search(folded))


def wants_replacement(text: str) -> bool:
    """Whether a request for equipment asks for another one of something: "i need a new one"."""
    return bool(_REPLACEMENT.search(_folded(text)))


def tells_fact(text: str) -> bool:
    """Whether a text contains a fact, although the classifier took it for a courtesy or small talk:
    "thanks, we let people in by hand". False for a remark to the virtual agent: "you are funny"."""
    rest = _without_courtesies(text)
    is_short = len(rest.split()) < FEWEST
    return not (is_short or "?" in text or begins_like_question(text) or _ADDRESSED.search(rest))


def asks_more(text: str) -> bool:
    """Whether a text asks something, although the classifier took it for thanks or a farewell:
    "thanks, are they coming?"."""
    is_short = len(_without_courtesies(text).split()) < FEWEST_OF_QUESTION
    return not is_short and (text.rstrip().endswith("?") or begins_like_question(text))


def _without_courtesies(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]+", " ", _COURTESIES.sub(" ", _folded(text))).split())


def _folded(text: str) -> str:
    return " ".join(text.casefold().translate(_ACCENTS).split())
