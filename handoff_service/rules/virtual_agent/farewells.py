"""Recognizes a farewell. The classifier alone would take "hold on a sec" for one."""

import re

_FAREWELL = re.compile(
    r"\b(?:bye+|goodbye|good ?night|cya|see (?:you|ya|u)|ttyl|talk (?:to you )?(?:later|soon)"
    r"|later|laters|cheers|farewell|take care|peace out|gotta (?:go|run)|have to go"
    r"|have a (?:good|great|nice)\b|that(?:'|\u2019)?s all|im done|i(?:'|\u2019)m done|signing off"
    r"|adi[oó]s|chao|chau|hasta (?:luego|pronto|ma[nñ]ana)|nos vemos|me voy|eso es todo"
    r"|tsch(?:ü|ue|u)ss|auf wiedersehen|ciao|bis (?:dann|bald|morgen|sp[aä]ter)"
    r"|sch[oö]nen (?:tag|abend|feierabend)|das war(?:'|\u2019)?s|mach(?:'|\u2019)?s gut"
    r"|au revoir|[aà] (?:bient[oô]t|plus|demain)|bonne (?:journ[eé]e|soir[eé]e|nuit)"
    r"|bon week-?end|c(?:'|\u2019)est tout\b)",
    re.IGNORECASE,
)


def is_goodbye(text: str) -> bool:
    return bool(_FAREWELL.search(text))
