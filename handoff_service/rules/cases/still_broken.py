"""Detects replies to an "it works again" text that report that the problem is not fixed, in
English, Spanish, German and French. The patterns match texts in lower case without accents.

Questions and a bare "yes" or "no" do not count: the virtual agent or a live agent answers those as
usual.
"""

import re
import unicodedata
from datetime import timedelta

from handoff_service.rules.cases.outages import shares_topic

ANSWERED_WITHIN = timedelta(days=7)  # the longest time between our text and the answer
MOST_TEXTS = 2  # the most other texts that the requester may send between our text and the answer
MAX_CHARACTERS = 300

_STILL = re.compile(
    r"\bstill (?:(?:is|its|it's|it is|very|totally|completely) )?(?:broken?|down|out\b|off\b"
    r"|not\b|no\b|nothing|dead|failing|fails|the same|same|happen\w*|stuck|slow|offline|having"
    r"|isn't|isnt|doesn't|doesnt|can't|cant|cannot|won't|wont|getting|get\b|see\w*|error"
    r"|an? (?:error|issue|problem)|unable|bad|acting up)"
    r"|\b(?:isn't|isnt|is not|not) (?:fixed|resolved|solved|back)\b"
    r"|\bnot (?:for me|on my end|on mine|yet)\b|\bno (?:change|luck|difference|it's not"
    r"|it isn't|it doesn't|it does not|not yet|still)\b"
    r"|\bsame (?:problem|issue|error|thing|here|as before)\b"
    r"|\b(?:broke|broken|down|out|failed|crashed|stopped working|dropped) again\b"
    r"|\b(?:nope|nah),? (?:still|it)\b"
    r"|\b(?:sigue|siguen|sigo) (?:sin|igual|caid[oa]s?|rot[oa]s?|fallando|mal\b|dando|con (?:el"
    r"|los) (?:mismo|error|problema|fallo)|lent[oa]|apagad[oa]|teniendo|apareciendo)"
    r"|\b(?:todavia|aun) (?:no|sigue|esta|falla|tengo|sin)\b"
    r"|\bmism[oa] (?:problema|error|fallo|falla|cosa)\b|\b(?:se cayo|fallo|falla|caid[oa]) "
    r"(?:otra vez|de nuevo)\b|\botra vez (?:falla|caid[oa]|sin|lo mismo)"
    r"|\b(?:immer noch|noch immer|weiterhin|nach wie vor) (?:\w+ ){0,2}?(?:nicht|nichts|kein\w*"
    r"|kaputt|gestort|defekt|down|offline|langsam|weg|tot|aus|fehler|probleme?"
    r"|das ?selbe|das gleiche)\b"
    r"|\bnoch nicht\b|\bnicht (?:behoben|gelost|repariert|erledigt)\b|\bbei mir (?:noch )?nicht\b"
    r"|\b(?:das |der |die )?(?:gleiche|selbe)[rsn]? (?:problem|fehler|storung|sache)\b"
    r"|\b(?:schon )?wieder (?:ausgefallen|abgesturzt|kaputt|weg|down|gestort)\b"
    r"|\b(?:toujours|encore) (?:pas|rien|en panne|cass\w+|bloqu\w+|hors service|impossible"
    r"|l[ea] meme|down|lente?|une? (?:erreur|probleme|panne))\b"
    r"|\bpas (?:encore|chez moi|pour moi)\b|\b(?:pas|rien) (?:repare|resolu|regle|retabli)"
    r"|\bmeme (?:probleme|erreur|panne|chose)\b|\bde nouveau (?:en panne|casse|bloque)"
)
# the text reports a problem, which may be the announced one or a new one
_BROKEN = re.compile(
    r"\b(?:isn't|isnt|is not|not) working\b"
    r"|\b(?:doesn't|doesnt|does not|don't|dont|do not|didn't|didnt|won't|wont) (?:\w+ )?"
    r"(?:work|connect|load|open|help|turn on|start)\b"
    r"|\bcan(?:'t|not|t) (?:connect|log|sign|get|open|access|print|reach|use)"
    r"|\bno (?:me |se |nos )?(?:funciona|sirve|anda|va\b|conecta|carga|abre|deja|arranca|prende"
    r"|enciende|esta (?:arreglad|resuelt|solucionad))"
    r"|\bno (?:puedo|podemos|logro) (?:entrar|acceder|conectar|abrir|iniciar|usar|imprimir)"
    r"|\b(?:geht|funktioniert|lauft|klappt|startet|ladt|verbindet) (?:\w+ ){0,3}?nicht\b"
    r"|\b(?:kann|konnen) (?:\w+ ){0,4}?nicht (?:\w+ ){0,2}?(?:einloggen|anmelden|offnen|verbinden"
    r"|drucken|zugreifen|starten)\b|\bkomme (?:\w+ ){0,3}?nicht (?:rein|rauf|drauf)\b"
    r"|\b(?:marche|fonctionne|demarre|charge|repond|imprime|connecte)(?:nt)? (?:toujours )?"
    r"(?:pas|plus|rien)\b|\bn'arrive (?:toujours )?pas a\b"
    r"|\bimpossible (?:de|d') ?(?:me |se )?(?:connecter|ouvrir|imprimer|acceder)"
)
_ASKS = re.compile(
    r"(?:is|are|was|does|did|when|how|what|why|where|any(?:one|body)?"
    r"|wann|wie|warum|wieso|weshalb|quand|comment|pourquoi|est-ce)\b"
)
# Longer answers count only if they name the subject of the announcement. An answer without "still"
# and the like may report a new problem, so its limit is lower.
MOST_WORDS, MOST_WORDS_ALONE = 12, 5
_WORKS = re.compile(
    r"\bno longer\b|\b(?:isn't|is not|not) (?:broken|down|out)\b|\bwas (?:still )?(?:broken|down"
    r"|not working)\b|\bthanks? for still\b|\bya no\b|\bno (?:esta|sigue) (?:caid|rot)"
    r"|\b(?:but|pero) (?:it |now |ahora |ya )?(?:is |it's )?(?:fixed|works|working|fine"
    r"|funciona|esta bien)\b"
    r"|\bnicht mehr (?:kaputt|gestort|defekt|down|offline|langsam)\b"
    r"|\bwar (?:heute |vorhin |gestern )?(?:noch |immer noch )?(?:kaputt|gestort|weg|down)\b"
    r"|\b(?:aber|jetzt) (?:es )?(?:geht|funktioniert|lauft|klappt) (?:es )?(?:jetzt|wieder|nun)\b"
    r"|\bplus (?:en panne|casse|de probleme)\b|\bmais (?:la |maintenant )?(?:ca |c'est |il |elle )?"
    r"(?:marche|fonctionne|repare|bon)(?! pas| plus)\b"
)


def is_still_broken(text: str, announced: str | None = None) -> bool:
    """Whether an answer says that the problem is not fixed. ``announced``: the text that it
    answers, if known. A long answer to a known text counts only if both name the same subject."""
    if len(text) > MAX_CHARACTERS or any(c in text for c in "?¿"):
        return False
    plain = unicodedata.normalize("NFD", text.replace("\u2019", "'").casefold())
    plain = " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())
    still = _STILL.search(plain)
    if _ASKS.match(plain) or _WORKS.search(plain) or not (still or _BROKEN.search(plain)):
        return False
    most = MOST_WORDS if still else MOST_WORDS_ALONE
    return announced is None or len(plain.split()) <= most or shares_topic(announced, text)
