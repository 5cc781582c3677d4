"""Recognizes the sender's name in a text, a new owner of the number, and a wrong number."""

import re

LONGEST = 40  # characters of a name in a reply
FEWEST_WORDS, MOST_WORDS = 2, 3  # words of a name without "I am"
_LEAD = (
    r"(?:(?:hi|hey|hello|good (?:morning|afternoon|evening)|hola|buenos dias|buenas"
    r"|hallo|guten (?:tag|morgen|abend)|moin|bonjour|salut|bonsoir)[,!. ]+"
    r"(?:there[,!. ]+)?)?"
)
# The list leaves out "ich bin" and "je suis", because most texts with them are reports: "je suis
# bloqué".
_SAYS = (
    r"(?:this is|it'?s|it is|its|i'?m|i am|my name is|soy|me llamo|habla|aqui"
    r"|hier spricht|ich hei(?:ß|ss)e|mein name ist|je m'appelle|mon nom est)"
)
_WORD = r"[^\W\d_][^\W\d_]*(?:['\u2019-][^\W\d_]+)*\.?"
_NAME = re.compile(
    rf"^{_LEAD}{_SAYS} (?P<name>{_WORD}(?: {_WORD}){{0,2}}?)"
    rf"(?: (?:here|again|speaking|from \w+(?: \w+){{0,2}}))?"
    rf"(?:[,.!;]| and | - |$)",
    re.IGNORECASE,
)
_NO_NAME = frozenset(
    re.findall(
        r"\w+",
        """
        not a an the me my just so very still also back here there in on at to no it its this that
        ok fine good sorry sure broken down dead stuck locked unable urgent black blocked late busy
        sick done ready happy new slow out off gone now again only all about for from really too
        unsure confused afraid able
        el la un una de que yo nuevo nueva lento todo muy otra otro
        der die das nicht anders le les pas autrement
        """,
    )
)
_COURTESIES = frozenset(
    re.findall(
        r"\w+",
        """
        good morning afternoon evening day night thank you thanks please hello hi hey dear help
        desk service employee number buenos buenas dias días tardes noches muchas gracias favor
        guten tag morgen abend vielen dank bitte hallo bonjour bonsoir merci beaucoup salut
        """,
    )
)
_NEW_OWNER = re.compile(
    r"\b(?:this|the|that|my|his|her) (?:\w+ )?(?:number|phone|cell)(?: \w+)?"
    r" (?:is|belongs to|was given to|has been given to|went to|now belongs to) (?:now )?"
    r"(?:somebody|someone) else(?:'?s)?\b"
    r"|\b(?:number|phone) (?:has|got) (?:a )?(?:new|different|another) owner\b"
    r"|\b(?:i )?(?:just |only |recently )*(?:got|have) (?:this|a new) number"
    r" (?:recently|last|yesterday|today|this|new)\b"
    r"|\b(?:no longer|not|isn'?t|doesn'?t have|does not have) (?:his|her|their) (?:number|phone)\b"
    r"|\bno longer (?:has|uses|owns) this (?:number|phone)\b"
    r"|\b(?:not|isn'?t|no longer|wasn'?t|never) (?:[^\W\d_]+\.? ){0,2}?(?:[^\W\d_]+'?s'?) "
    r"(?:number|phone|cell)(?: any ?(?:more|longer)| now)?(?=[,.;!]|$| (?:any|now|so|please|stop))"
    r"|\b(?:number|phone|cell) (?:changed hands|used to be|has been mine|is mine now)\b"
    r"|\b(?:got|took over|inherited|was given) (?:this|that) (?:number|phone|sim|line)\b"
    r"|\b(?:este )?ya no es (?:el|su) (?:numero|número|telefono|teléfono|celular)\b"
    r"|\beste (?:numero|número|telefono|teléfono|celular) (?:ya no es de|ya es mi)"
    r"|\beste (?:numero|número|telefono|teléfono) (?:ahora |ya )?(?:es|pertenece) "
    r"(?:de|a) otr[ao] persona\b"
    r"|\b(?:die|diese|meine|das ist) (?:\w+ )?nummer (?:geh[oö]rt|hat) (?:jetzt |nun |inzwischen )?"
    r"(?:jemand ander\w+|einen neuen besitzer|mir)\b"
    r"|\bce num[eé]ro (?:est|appartient) (?:maintenant |d[eé]sormais )?[aà] quelqu'un d'autre\b"
    r"|\bce n'est plus (?:son|le) num[eé]ro\b",
    re.IGNORECASE,
)
_WRONG_NUMBER = re.compile(
    r"\b(?:wrong (?:number|person|chat|text)|wrong #|texted the wrong"
    r"|meant (?:to text|for|that for) (?:somebody|someone)"
    r"|not meant for you|didn'?t mean to text|n[uú]mero equivocado"
    r"|mal (?:el|de) n[uú]mero|me equivoqu[eé]"
    r"|falsche (?:nummer|person)|falscher chat|verw[aä]hlt|mauvais (?:num[eé]ro|destinataire)"
    r"|mauvaise personne|tromp[eé]e? de (?:num[eé]ro|personne|destinataire))\b",
    re.IGNORECASE,
)


_FOR_SOMEBODY_ELSE = re.compile(
    r"\b(?:not|isn'?t|aren'?t) (?:really )?for me\b"
    r"|\b(?:it'?s|it is|this is|that'?s|these are) (?:actually )?for (?:my|our|the|an?|his|her) \w"
    r"|\bno (?:es|son) para m[ií]\b|\b(?:es|son) para (?:mi|un|una|el|la|nuestr[oa]) \w+"
    r"|\bnicht f[uü]r mich\b|\bist f[uü]r (?:mein\w*|unser\w*|ein\w*|den|die|das) \w+"
    r"|\bpas pour moi\b|\bc'est pour (?:mon|ma|une?|notre|le|la) \w+",
    re.IGNORECASE,
)


def bare_name(text: str) -> str | None:
    """The name in "Oleksandr Bondar" and in "Oleksandr Bondar, warehouse". None unless the text, or
    its part before the first comma, is two or three capitalized words. Use it only for an answer to
    a question such as "Who are you?"."""
    words = text.partition(",")[0].strip(" .!").split()
    if not (FEWEST_WORDS <= len(words) <= MOST_WORDS and len(text) <= LONGEST):
        return None
    is_name = all(re.fullmatch(_WORD, word) and word.istitle() for word in words)
    plain = {word.casefold().strip(".") for word in words}
    return " ".join(words) if is_name and not plain & (_NO_NAME | _COURTESIES) else None


def introduced_name(text: str) -> str | None:
    """The name in "hi, it's Ann Lee" or "soy Ana". None when the text gives no name at its
    start."""
    found = _NAME.match(" ".join(text.replace("\u2019", "'").split()))
    if found is None:
        return None
    words = found["name"].split()
    if any(word.casefold().strip(".") in _NO_NAME or word.endswith("ing") for word in words):
        return None
    name = " ".join(word if word != word.lower() else word.capitalize() for word in words)
    return name.rstrip(".") if len(name) <= LONGEST else None


def has_new_owner(text: str) -> bool:
    """Whether the text says that this number now belongs to another person."""
    return bool(_NEW_OWNER.search(text.replace("\u2019", "'")))


def is_for_somebody_else(text: str) -> bool:
    """Whether the text says that something is for another person: "its not for me, its for my
    colleague". The number still belongs to the sender."""
    return bool(_FOR_SOMEBODY_ELSE.search(text.replace("\u2019", "'")))


def is_wrong_number(text: str) -> bool:
    """Whether the sender says that they reached, or meant to reach, somebody else."""
    return bool(_WRONG_NUMBER.search(text.replace("\u2019", "'")))
