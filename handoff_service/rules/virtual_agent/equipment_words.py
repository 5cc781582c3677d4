"""Finds the equipment that a request names, if it names any."""

import re

#: Words of a request that name no equipment, without accents.
_ASKING = frozenset(
    re.findall(
        r"\w+",
        """
        i im id we my our me us you u can could may might would will do does did is there a an any
        the some something anything stuff things thing equipment hardware gear device devices item
        items order ordering request requesting get getting have need needs needed needing want
        wanted wanting like to for of at on in new another one more please pls plz hi hello hey good
        morning afternoon evening thanks thank how where what who submit place make put put open
        arrange quick just also and so work office desk job
        hola buenas buenos dias tardes quiero quisiera necesito necesitamos pedir solicitar pido
        ordenar un una unos unas algo equipo equipos material nuevo nueva otro otra por favor porfa
        me nos puedo puede pueden dar de para el la los las mi trabajo
        ich wir mir uns man brauche brauchen brauchte mochte mochten hatte gern gerne will kann
        kannst konnte konnt bestellen anfordern beantragen bekommen haben etwas was neues neue neuen
        gerat gerate ausstattung bitte hallo guten tag ein eine einen und fur
        je jai il nous faut faudrait besoin voudrais veux souhaite souhaiterais demander commander
        avoir obtenir quelque chose du materiel equipement dun une des nouveau nouvelle bonjour svp
        sil plait vous pour
        """,
    )
)
_LEAD = re.compile(
    r"^(?:(?:hi|hello|hey|good (?:morning|afternoon|evening)|please|pls|hola|buenas|buenos dias"
    r"|hallo|guten (?:tag|morgen)|bonjour)"
    r"(?: there)?[,.!]* )*"
    r"(?:(?:(?:can|could|may) (?:i|we|you) (?:please |pls )?(?:get|have|order|send)(?: me| us)?"
    r"|(?:i|we)(?:'d|\u2019d| would| do| really| also)? (?:need|want|like)"
    r"(?: to (?:get|have|order|request|arrange))?"
    r"|¿?(?:podr[ií]a|puedo|se puede|me (?:pueden|puede|podr[ií]an))"
    r" (?:tener|dar|pedir|conseguir|enviar)"
    r"|(?:quiero|quisiera|necesito|necesitamos)(?: pedir)?"
    r"|(?:ich|wir) (?:brauchen?|br[aä]uchten?|m[oö]chten?|h[aä]tten?)(?: gerne?)?"
    r"|il (?:me|nous) fau(?:t|drait)|j'ai besoin de|je (?:voudrais|souhaite(?:rais)?)"
    r"(?: demander| commander)?) |j'ai besoin d')(?=\S)",
    re.IGNORECASE,
)
_ACCENTS = str.maketrans("áéíóúüñäöàâçèêëîïôùû", "aeiouunaoaaceeeiiouu")


def names_equipment(text: str) -> bool:
    """True for "can we get 2 more scanners", false for "i want to request equipment"."""
    plain = text.casefold().replace("'", "").replace("\u2019", "").translate(_ACCENTS)
    return any(word not in _ASKING for word in re.findall(r"[^\W\d_]+", plain))


def equipment_in(text: str) -> str:
    """The equipment in a request: "a second monitor for my desk" from "can i get a second monitor
    for my desk". The whole text if it names none."""
    rest = _LEAD.sub("", text, count=1)
    return rest if names_equipment(rest) else text
