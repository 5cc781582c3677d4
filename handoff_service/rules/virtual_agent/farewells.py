"""Whether a text says goodbye, which the classifier also takes "hold on a sec" for."""

import re

_FAREWELL = re.compile(
    r"\b(?:bye+|goodbye|good ?night|cya|see (?:you|ya|u)|ttyl|talk (?:to you )?(?:later|soon)"
    r"|later|laters|cheers|farewell|take care|peace out|gotta (?:go|run)|have to go"
    r"|have a (?:good|great|nice)\b|that(?:'|\u2019)?s all|im done|i(?:'|\u2019)m done|signing off"
    r"|adi[oó]s|chao|chau|hasta (?:luego|pronto|ma[nñ]ana)|nos vemos|me voy|eso es todo)",
    re.IGNORECASE,
)


def says_goodbye(text: str) -> bool:
    return bool(_FAREWELL.search(text))
