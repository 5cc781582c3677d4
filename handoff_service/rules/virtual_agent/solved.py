"""Recognizes a text that reports a problem as solved: "forget it, it was caps lock"."""

import re

_SOLVED = re.compile(
    r"\b(?:forget (?:it|about it)|never ?mind|nvm|no worries|false alarm|figured it out|solved"
    r"|all (?:good|set|fixed|sorted)(?: now)?|(?:it )?fixed itself|got it (?:working|to work)"
    r"|(?:it'?s|its|it is|they'?re|that'?s) (?:working|fixed|back|fine|ok|okay)(?: (?:now|again))"
    r"|(?:it )?works (?:now|again)(?! and then)|i'?m in(?: now)?(?=[.,!;]|$)|i got in\b"
    r"|ya (?:funciona|funciono|quedo|sirve|pude|entre|esta|prendio)|olvidelo|olvidalo"
    r"|no importa|resuelto|falsa alarma"
    r"|hat sich erledigt|vergiss es|vergessen sie es|schon gut|geloest|gelost|fehlalarm"
    r"|(?:geht|funktioniert|lauft|klappt) (?:jetzt )?wieder|ich bin (?:jetzt )?drin"
    r"|laissez? tomber|c'est (?:bon|regle|resolu|arrange)\b(?!')|probleme (?:regle|resolu)"
    r"|ca (?:re(?:marche|fonctionne)|(?:marche|fonctionne) (?:a|de) nouveau)"
    r"|fausse alerte)\b"
)
_NOT = re.compile(
    r"\b(?:not|never|no longer|n't|stopped|stops|until|if|when|once"
    r"|nicht|nie|wenn|falls|ne|pas|quand)\b(?! ?mind)"
)
_ACCENTS = str.maketrans("áéíóúüñäöàâçèêëîïôùû\u2019", "aeiouunaoaaceeeiiouu'")


def is_solved(text: str) -> bool:
    """Whether the text says that the problem is solved. A phrase with a negation in the same part
    of the text does not count."""
    parts = re.split(r"[.!?;,\n]", text.casefold().translate(_ACCENTS))
    return any(_SOLVED.search(part + ".") and not _NOT.search(part) for part in parts)
