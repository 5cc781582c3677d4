"""Opt-out wishes in words other than keywords, and texts from people who do not know this number.

Consent can be revoked by any words that a reasonable person understands so (47 CFR 64.1200(a)(10),
https://www.ecfr.gov/current/title-47/section-64.1200). A help desk gets "stop", "cancel" and
"remove me from the list" about computers all day, so the tables prefer precision: a pattern must
match the whole text, apart from courtesies around it.

- ``CLEAR`` opts out, as a keyword does.
- ``LIKELY`` is confirmed with one question, because it could be about something else.
- ``LIKELY_AT_FIRST`` is likely only as the first text of a conversation. Later it answers a
  question.

The tables cover English and Spanish. The admin's own opt-out keywords are a separate table for all
languages.
"""

import re
import unicodedata
from enum import StrEnum

from handoff_service.rules.shared.mail_signature import without_signature

LONGEST = 120  # characters of a wish; our own limit: a longer text needs a person to read it


class OptOutIntent(StrEnum):
    """The meaning of a text without a keyword, regarding further texts."""

    CLEAR = "clear"
    LIKELY = "likely"
    WRONG_NUMBER = "wrong_number"


_PLEASE = r"(?:please|pls|plz|kindly|por favor|porfa|porfavor)"
_THANKS = r"(?:thanks|thank you|thank u|thx|ty|many thanks|gracias|muchas gracias)"
_NUMBER_IS_WRONG = (
    r"(?:(?:i think )?(?:u |you |youve |you guys )?"
    r"(?:have |got |have got |are texting |texted )?(?:the |a )?"
    r"wrong (?:number|person|phone)|(?:es |este es )?(?:un )?numero equivocado"
    r"|se (?:equivoco|equivocaron|equivoca|ha equivocado|han equivocado) de (?:numero|persona))"
)
_WHO = (
    r"(?:(?:but )?who (?:is|are|r|the hell is) (?:this|you|u|it|texting me|that)|whos (?:this|it)"
    r"|i (?:do not|dont) know (?:you|who you are)"
    r"|(?:quien|quienes) (?:es|eres|son|habla))"
)
_LEAD = (
    rf"(?:(?:{_PLEASE}|{_THANKS}|hi|hey|hello|hola|ok|okay|sorry|no|guys|just|and|yes"
    rf"|can you|could you|would you|will you|u need to|you need to|you must|i want you to"
    rf"|i would like you to"
    rf"|id like you to|i need you to|i said|i told you to|i asked you to|for the last time"
    rf"|once again|puede|pueden"
    r"|(?:you guys|you all|yall|you people) (?:need|have) to|i am asking you to|im asking you to"
    rf"|quiero que|les pido que|ya|{_NUMBER_IS_WRONG}|{_WHO}) ){{0,6}}"
)
_TAIL = (
    rf"(?: (?:{_PLEASE}|{_THANKS}|now|right now|immediately|at once|asap|today|ever|again"
    rf"|any ?more|any longer"
    rf"|forever|permanently|for good|ya|ahora|mas|nunca|jamas|at all|thanks in advance|ok|okay"
    rf"|{_NUMBER_IS_WRONG}|{_WHO})){{0,5}}"
)
_ADJECTIVES = (
    r"(?:(?:all|any|more|any more|further|future|other|these|those|the|your|such|of"
    r"|automated|unwanted) )*"
)
_TEXTS = rf"{_ADJECTIVES}(?:texts?|text messages?|txts?|sms(?: messages?)?|messages?|msgs?)"
_SURE_TEXTS = rf"{_ADJECTIVES}(?:texts|text messages?|txts?|sms(?: messages?)?)"
_YOURS = (
    r"(?: (?:from (?:you|you guys|u|this number|your company|your number)|to (?:me|us|this number)"
    r"|to my (?:phone|number|cell)))*"
)
_ME = (
    r"(?:me|us|my (?:number|cell|phone|phone number|cell number|mobile number)|this "
    r"(?:number|phone|phone number))"
)
_DONT = r"(?:do not|dont|never|quit it and do not|you may not|you are not allowed to)"
_STOP = r"(?:stop|quit|cease|discontinue)"
_LISTS = (
    r"(?:lists?|(?:text(?:ing)?|sms|messag(?:e|ing)|call(?:ing)?|contacts?|phone"
    r"|mailing and text(?:ing)?) lists?|texts"
    r"|database|records|contacts)"
)
_TEXT_LISTS = r"(?:text(?:ing)?|texts|sms|text messag(?:e|ing)|messag(?:e|ing)) lists?"
_REMOVE = r"(?:take|remove|delete|drop|scratch|get|strike|erase|pull)"
_MENSAJES = (
    r"(?:(?:mas|ningun|ninguna|sus|tus|estos|esos|los|otro|otros|de) )*"
    r"(?:mensajes?|textos?|sms|mensajitos)(?: de texto)?"
)
_MI_NUMERO = (
    r"(?:mi (?:numero|telefono|celular|movil)|mi numero de (?:telefono|celular|movil)|este numero)"
)
_SU_LISTA = (
    r"(?:de )?(?:su|sus|tu|tus|vuestra) (?:listas?|base de datos|contactos|registros)(?: de "
    r"(?:contactos|mensajes|textos|sms))?"
)
_BORRAR = (
    r"(?:quit|borr|elimin|sac|saqu|remuev|remov|retir)"
    r"(?:a|e|en|ar|an|o|as|es|arme|ame|eme|enme|uen|ue|uenme|ueme)"
)

CLEAR = (
    # Texting itself
    rf"{_STOP} (?:calling|emailing) (?:me )?(?:and|or) texting(?: {_ME})?{_YOURS}",
    rf"{_DONT} (?:call|email|mail) (?:me )?(?:and|or) text {_ME}",
    rf"(?:cancel|end) (?:(?:my|all|the|these|your) )?{_SURE_TEXTS}{_YOURS}",
    rf"{_STOP} (?:texting|messaging|sms ?ing|txting|spam texting)(?: {_ME})?{_YOURS}",
    rf"{_STOP} (?:sending|with)(?: {_ME})? {_TEXTS}{_YOURS}",
    rf"{_STOP} {_SURE_TEXTS}{_YOURS}",
    rf"{_STOP} (?:all|these|the|your|any|further) (?:messages|msgs){_YOURS}",
    rf"{_STOP} (?:contacting|spamming) (?:me|us|this number)"
    rf"(?: (?:by|via|with|through) (?:text|texts|sms))?",
    rf"{_DONT} (?:text|txt|message|msg|sms|contact|send (?:texts|messages) to) {_ME}",
    rf"{_DONT} send(?: {_ME})? {_TEXTS}{_YOURS}",
    rf"{_DONT} text",
    rf"no more {_TEXTS}{_YOURS}",
    rf"(?:i )?(?:do not|dont|no longer|never) (?:want|wish|care|need) "
    rf"(?:to (?:get|receive|have) )?{_TEXTS}{_YOURS}",
    r"(?:i )?(?:do not|dont|no longer|never) (?:want|wish) to be "
    r"(?:texted|messaged|contacted by text)(?: by you)?",
    r"(?:i )?(?:do not|dont|no longer|never) (?:want|wish) you to (?:text|message) (?:me|us)",
    # Lists, numbers and consent
    rf"{_REMOVE} (?:{_ME}|my name) (?:off|from|out of|off of) (?:your|ur) {_LISTS}",
    rf"{_REMOVE} {_ME} (?:off|from|out of|off of) (?:the|this|these|any|all) {_TEXT_LISTS}",
    r"(?:remove|delete|erase|lose|forget) (?:my|this) "
    r"(?:number|phone number|cell number|mobile number)",
    rf"i (?:want|wish|would like|ask|need) to be (?:removed|taken off|off)"
    rf"(?: from| of)? your {_LISTS}",
    rf"(?:unsubscribe|opt out|opt ?out|opt)(?: {_ME})?(?: out)?"
    rf"(?: (?:of|from) (?:{_TEXTS}|your {_LISTS}"
    rf"|everything))?",
    rf"(?:i (?:want|wish|would like|need|choose)|id like|let me) to? ?"
    rf"(?:unsubscribe|opt ?out|be opted out"
    rf"|be unsubscribed)"
    rf"(?: (?:of|from) (?:{_TEXTS}|your {_LISTS}))?",
    rf"(?:i am |im |i )?opt(?:ing)? out(?: (?:of|from) (?:{_TEXTS}|your {_LISTS}))?",
    r"(?:i )?(?:hereby )?(?:revoke|withdraw|am revoking|am withdrawing) (?:my |all "
    r"|any )?consent(?: to be texted| to texts?)?",
    r"i (?:do not|dont|never|no longer|did not|didnt) (?:consent|agree)(?:ed)?"
    r"(?: to (?:these |your |any |get "
    r"|receive )*"
    r"(?:texts|messages|be(?:ing)? texted))?",
    # Spanish
    rf"(?:basta de|no mandar|no enviar) {_MENSAJES}",
    rf"(?:ya )?no (?:me|nos) (?:mand|envi|escrib|mensaje|text|contact)"
    rf"(?:e|en|es|a|an|as|i|eis|ee|een"
    rf"|ees)(?: {_MENSAJES}| mas)",
    r"(?:ya )?no (?:me|nos) (?:mensajee|mensajeen|mensajees|textee|texteen|textees)",
    rf"no (?:mas|quiero|quiero mas|quiero recibir|quiero recibir mas|deseo"
    rf"|deseo recibir) {_MENSAJES}(?: suyos"
    rf"| de ustedes)?",
    r"(?:dej|par)(?:a|e|en|ad|es) de (?:mandar|enviar|escribir|textear|mensajear)(?:me|nos)"
    r"(?: mas)?"
    rf"(?: {_MENSAJES})?",
    rf"(?:ya )?no (?:quiero|deseo) (?:que me (?:manden|envien|escriban|mandes|envies|escribas)"
    rf"|recibir)(?: {_MENSAJES}| mas)",
    rf"{_BORRAR}(?: {_MI_NUMERO})? {_SU_LISTA}",
    rf"{_BORRAR} mi numero(?: de (?:telefono|celular|movil))?",
    rf"(?:(?:quiero |deseo )?dar(?:me|nos)|d(?:a|e|en)(?:me|nos)|dame) de baja "
    rf"(?:de {_MENSAJES}|{_SU_LISTA})",
)
LIKELY = (
    rf"{_REMOVE} {_ME} (?:off|from|out of|off of) (?:the|this|that|any|all|these) {_LISTS}",
    rf"{_REMOVE} (?:{_ME}|my name) (?:off|from|out of|off of) "
    r"(?:texting|your (?:messaging|text|texting|sms) (?:service|system))",
    rf"{_STOP} (?:sending|with) (?:(?:me|us) )?"
    rf"(?:this|these|stuff|things|this stuff|these things|crap|spam|junk|them)",
    rf"{_DONT} send (?:me|us) "
    rf"(?:any ?more|any more of these|any of these|anything|anything else|stuff)",
    r"(?:i want|want) (?:out|off)(?: (?:of )?(?:this|your|the|these) lists?)?"
    r"|i want to be off (?:this|the) list",
    r"(?:cancel|end) (?:all|these|the|your|my) messages",
    rf"(?:can|could|may) (?:i|we) be (?:removed|taken off)(?: (?:from|of))?"
    rf"(?: (?:this|your|the) {_LISTS})?",
    rf"i (?:never|did not|didnt) (?:sign(?:ed)? up|ask(?:ed)?|subscribed?|opt(?:ed)? in) "
    rf"(?:for|to) "
    rf"(?:this|these|{_TEXTS})",
    r"(?:remove|unenroll|unregister|delete) (?:me|us)",
    r"(?:take|get) (?:me|us) off(?: (?:this|of this|it|here))?",
    rf"(?:how (?:do|can|would) i|how to|i cannot|i cant|where (?:do|can) i) (?:unsubscribe|opt ?out"
    rf"|{_STOP} {_TEXTS})(?: (?:from|of) (?:this|these|here|{_TEXTS}))?",
    rf"{_STOP} (?:bothering|harassing|pestering|annoying|bugging|disturbing) (?:me|us)",
    rf"{_STOP} messages",
    r"(?:leave|let) (?:me|us) (?:alone|be)",
    r"(?:go away|get lost|f(?:uck)? off|piss off)",
    r"why (?:are|r|do|did) (?:you|u|they) (?:keep |still )?(?:texting|text|messaging) (?:me|us)",
    r"i (?:do not|dont) (?:want|need) (?:this|these|your) "
    r"(?:service|notifications|alerts|messages)",
    r"(?:stopp+|stpo|sotp|stoop|stop+ed|sto|stp|stoppp*)",
    r"(?:un ?s?ub?scri?be?d?|unsubscibe|unsuscribe|unsubcribe|unsubscrib|unsubscirbe"
    r"|unsubsribe|desubscribe)",
    r"(?:no me moleste[ns]?|dejen?me en paz|dejame en paz|no me contacte[ns]?|no me escriba[ns]?"
    r"|no me mande[ns] nada)",
    r"(?:quiero |deseo )?(?:darme|darnos) de baja|(?:deme|denme|dame) de baja|baja|dar de baja",
    r"(?:quiero )?(?:desuscribir(?:me)?|desuscribirse|cancelar (?:la |mi )?suscripcion)",
    rf"{_BORRAR} de (?:la|esta|esa) lista",
)
LIKELY_AT_FIRST = (
    r"(?:cancel|end|cancel all|end all|cancel (?:everything|this|it)|no texts|no text messages)",
    r"(?:(?:stop|quit) (?:it|this|that)|just stop|enough|no more)",
    r"(?:not interested|im not interested|i am not interested|alto|parar|pare|paren)",
    r"(?:basta|ya basta|cancelar|no mas|detener|detengan)",
)
_KEYWORD = r"(?:stop|stop ?all|unsubscribe|opt ?out)"  # with more around it than courtesies
_KEYWORD_AND = (
    rf"(?:(?:{_NUMBER_IS_WRONG}|{_WHO}|{_PLEASE}|no|{_THANKS}|hi|hello) )+{_KEYWORD}{_TAIL}"
    rf"|{_KEYWORD}"
    rf"(?: (?:{_NUMBER_IS_WRONG}|{_WHO}|{_PLEASE}|{_THANKS}|now|right now|immediately"
    rf"|i said stop|{_KEYWORD}))+"
)
_NOT_KNOWN = (
    rf"(?:(?:hi|hello|hey|sorry|hola|um|uh) )*"
    rf"(?:(?:{_NUMBER_IS_WRONG} {_WHO}|{_WHO} {_NUMBER_IS_WRONG})"
    r"|(?:i think )?(?:you |u )(?:have |got |have got )(?:the )?wrong number|how did "
    r"(?:you|u) get (?:my|this) number"
    rf"|de quien es este numero){_TAIL}"
)
_NOT_KNOWN_AT_FIRST = rf"(?:(?:hi|hello|hey|sorry|hola|this is) )*{_NUMBER_IS_WRONG}{_TAIL}"


def _whole(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"{_LEAD}(?:{'|'.join(patterns)}){_TAIL}")


_CLEAR = re.compile(rf"{_whole(*CLEAR).pattern}|{_KEYWORD_AND}")
_LIKELY, _AT_FIRST = _whole(*LIKELY), _whole(*LIKELY, *LIKELY_AT_FIRST)
_UNKNOWN, _UNKNOWN_AT_FIRST = (
    re.compile(_NOT_KNOWN),
    re.compile(f"{_NOT_KNOWN}|{_NOT_KNOWN_AT_FIRST}"),
)
_WORTH_IT = re.compile(  # every pattern contains one of these, so most texts need only this check
    r"\b(?:stop|sto+p|stp|stpo|sotp|sto|quit|ceas|discontinu|tex|txt|sms|msg|mess|mens|list"
    r"|number|uns"
    r"|un s|opt|remov|delet|tak|lose|forget|get|consent|agree|revok|withdraw|cancel|end|leav"
    r"|let|alone|away|off"
    r"|interest|wrong|numer"
    r"|baja|paz|molest|escrib|mand|contact|moment|d[eo]sus|desub|suscr|borr|elim|saq|sac"
    r"|quit|remu|retir|basta|alto|par[aeo]"
    r"|deten|no m|enough|out|send|want|equivoc|fuck|f off|piss|sign|ask|subscri|unen|unre)"
)
_MARKS = re.compile(r"[^\w]+")


def opt_out_intent(text: str, *, first: bool) -> OptOutIntent | None:
    """The opt-out wish in a text that is not a keyword. ``first``: the text starts its
    conversation."""
    plain = folded(text)
    if len(plain) > LONGEST or not _WORTH_IT.search(plain):
        return None
    if _CLEAR.fullmatch(plain):
        return OptOutIntent.CLEAR
    if (_AT_FIRST if first else _LIKELY).fullmatch(plain):
        return OptOutIntent.LIKELY
    return (
        OptOutIntent.WRONG_NUMBER
        if (_UNKNOWN_AT_FIRST if first else _UNKNOWN).fullmatch(plain)
        else None
    )


def folded(text: str) -> str:
    """The text as consent rules compare it: without signature, case, accents and punctuation, with
    single spaces."""
    kept = without_signature(text)
    if not kept.isascii():
        apart = unicodedata.normalize("NFKD", kept.casefold())
        kept = unicodedata.normalize(
            "NFC", "".join(c for c in apart if not unicodedata.combining(c))
        )
    plain = _MARKS.sub(
        " ", kept.casefold().replace("'", "").replace("\u2019", "").replace("_", " ")
    ).strip()
    return (
        plain.replace(" ", "")
        if len(plain) > 3 and all(len(word) == 1 for word in plain.split())
        else plain
    )
