"""Promises in an agent's text: "I'll text you by 3" names a time by which the requester hears from
us.

A sentence is a promise if it has both parts, in English or Spanish:

- a commitment: the agent says that they will text, call, answer, send something or finish it;
- a deadline: see ``promise_times``.

The rule is conservative, because a wrong offer costs an agent's attention. A question, a condition
("if", "when"), a doubt ("maybe", "should"), a negation and somebody else's promise do not count.
Between the commitment and a deadline that begins with "at", "on", "in" or a day, only words of an
answer may occur, such as "an update". Therefore "the meeting at 3" is not a deadline.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from handoff_service.rules.conversations.promise_times import Deadline, deadlines, normal

MAX_CHARACTERS = 1600
REMIND_BEFORE = timedelta(minutes=15)
GRACE = timedelta(minutes=5)

_DOT_IN_TIME = re.compile(r"\b([ap])\.\s?m\b\.?", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+|;\s*|\s[–—-]+\s")
_NOT_A_PROMISE = re.compile(
    r"[?¿]|\b(?:if|unless|when|whenever|once|as soon as|until|till|or else|might|maybe|perhaps|try"
    r"|hope|hopefully|should|would|could|cannot|can't|won't|will not|not|never|don't"
    r"|si|cuando|en cuanto|hasta|tal vez|quizas?|quiza|intentar[ea]|intento|espero|a lo mejor"
    r"|no|nunca|podria|deberia)\b"
)
_NOT_LATER = re.compile(r"\bnot? later than\b")
_ENGLISH = re.compile(
    r"(?:\b(?:i|we)(?:'ll| will|'m going to| am going to|'re going to| are going to|'m gonna"
    r"| promise to| shall)|(?P<bare>^(?:(?:ok|okay|sure|thanks|great),? )?(?:will|gonna|going to)))"
    r"\s+(?P<first>(?:[\w']+\s+){0,6}?)"
    r"(?P<verb>(?:text|message|call|phone|ring|ping|email|e-mail|tell|update|notify|contact|write"
    r"|answer|reply|respond|send|get|bring|give|drop|shoot|keep)\s+(?:you|it to you|this to you"
    r"|that to you|them to you|back to you)|write to you|get back to (?:you|this|it)"
    r"|come back to you|report back|check back(?: with you)?|check in(?: with you)?|circle back"
    r"|follow up(?: with you)?|be in touch|be back(?: in touch)?(?: with you)?|touch base"
    r"|reach out(?: to you)?|let you know|call back|text back|reply|respond|answer"
    r"|(?:text|call)(?! (?:them|him|her|the|our|my|your|an?|it|this|that|in)\b)"
    r"|have (?:it|this|that|an answer|an update|news|your [\w]+|the [\w]+|a [\w]+)"
    r"(?: for you)?(?: (?:ready|done|fixed|solved|sorted|working|resolved|finished))?(?: for you)?"
    r"|fix (?:it|this|that)|finish (?:it|this|that)|sort (?:it|this|that) out)\b"
)
_ENGLISH_YOURS = re.compile(
    r"\b(?P<first>)(?P<verb>you(?:'ll| will) (?:hear (?:back )?from (?:me|us)|have (?:it|an answer"
    r"|an update|news)(?: from (?:me|us))?|get (?:it|an answer|an update|a text|a call"
    r"|a reply)(?: from (?:me|us))?)"
    r"|expect (?:a text|a call|an answer|an update|a reply)(?: from (?:me|us))?)\b"
)
_DONE = (
    r"escrib|avis|llam|envi|mand|respond|contest|confirm|inform|notific|actualiz|dir|pas|comunic"
    r"|marc|contact"
)
_SPANISH = re.compile(
    r"\b(?P<first>)(?P<verb>"
    r"(?:te|le|les|os|se l[oa]s?|te l[oa]s?)\s+(?:vuelvo a (?:escribir|llamar)|voy a (?:escribir"
    r"|avisar|llamar|enviar|mandar|responder|contestar|confirmar|informar|decir)"
    rf"|(?:{_DONE})(?:o|io|imos|amos|emos|are|ere|ire|aremos|eremos|iremos)|digo|dire|diremos"
    r"|tengo(?: una respuesta)?|tendre(?: una respuesta)?|doy|dare|daremos)"
    r"|(?:voy|vamos) a (?:escribir|avisar|llamar|enviar|mandar|responder|contestar|confirmar)"
    r"(?:te|le|les|selo|telo)"
    r"|(?:me|nos) (?:pongo|ponemos|pondre|pondremos|comunico|comunicamos|comunicare|comunicaremos)"
    r"(?: en contacto)?(?: con(?:tigo| usted| ustedes))?"
    r"|tendra[s]? (?:una respuesta|noticias|la respuesta)(?: mias?| nuestras?)?"
    r"|lo (?:tengo|tendre|tendremos|dejo|dejare) (?:listo|resuelto|arreglado)"
    r"|lo (?:arreglo|arreglare|resuelvo|resolvere|termino|terminare))\b"
)
# words that may come between the commitment and any deadline
_ANSWER = (
    r"you|it|this|that|them|me|us|back|again|here|then|so|news|an?|the|some|more|another|quick"
    r"|answer|update|updates|reply|result|results|text|call|message|note|status|word|link|info"
    r"|information|details|with|to|on|about|later|later today|latest|sometime|early|shortly|sure"
    r"|for|your|my|know|over|something|first|thing|myself|personally"
    r"|un|una|el|la|lo|los|las|mas|otra|otro|vez|nuevo|de|respuesta|noticias|mensaje|novedades"
    r"|aviso|informacion|resultado|sobre|con|contigo|usted|luego|nuevamente|resumen|enlace|por"
    r"|aqui|texto|favor|seguro|algo"
)
_NEAR = re.compile(rf"[\s,:]*(?:(?:{_ANSWER})[\s,:]+)*")
# words after which a deadline belongs to something else
_BREAKS = re.compile(
    r"\b(?:that|which|who|whom|whose|where|because|since|but|it|it's|it'll|they|he|she|you(?!r)"
    r"|expires?|expiring|valid|due|can|must|need|needs|will|to(?! you)|after|before|during|from"
    r"|meeting|appointment|window|que|quien|porque|pero|puede|puedes|debe|debes|vence|caduca|valido"
    r"|reunion|cita|despues|desde)\b"
)
_BREAKS_BEFORE_VERB = re.compile(r"\b(?:you|they|he|she|it'll|have to|need|ask|let(?! you))\b")
_LONGEST_GAP = 60


class PromiseState(StrEnum):
    """The state of a promise. DECLINED: the agent declined the reminder, so the promise does not
    count."""

    OPEN = "open"
    KEPT = "kept"
    MISSED = "missed"
    CANCELED = "canceled"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """``words``: the sentence; ``at``: its deadline; ``remind_at``: when the agent gets the
    reminder."""

    words: str
    at: datetime
    remind_at: datetime


def promised(text: str, now: datetime) -> Promise | None:
    """The first promise in an agent's text. ``now``: when the text was sent, in the requester's
    time zone, which also applies to the deadline."""
    if len(text) > MAX_CHARACTERS:
        return None
    for sentence in _SENTENCE_END.split(_DOT_IN_TIME.sub(r"\1m", text)):
        if (at := _deadline(normal(sentence), now)) is not None:
            return Promise(words=sentence.strip(), at=at, remind_at=remind_at(now, at))
    return None


def remind_at(now: datetime, at: datetime) -> datetime:
    """When to remind the agent: a quarter of an hour before the deadline. For a deadline within an
    hour, it is when a quarter of the time is left."""
    return (at - min(REMIND_BEFORE, (at - now) / 4)).replace(second=0, microsecond=0)


def counts_as_kept(*, made_at: datetime, promised_at: datetime, written_at: datetime) -> bool:
    """Whether a text or call note keeps a promise. It must come by the deadline. It must also come
    at least ``GRACE`` after the promise, or after a quarter of the time until the deadline if that
    is shorter, because an earlier text belongs to the same exchange.
    """
    grace = min(GRACE, (promised_at - made_at) / 4)
    return made_at + grace <= written_at <= promised_at


_CALL_NOTE = re.compile(
    r"(?:i |we )?(?:just )?(?:called|phoned|rang|spoke|talked|left (?:a |them a |him a |her a )?"
    r"voice ?mail)\b|(?:phone )?call(?:ed)?\s*(?:with|:)|on the phone"
    r"|(?:la |lo |le )?(?:llame|hable con|deje un mensaje)|llamada\b"
)


def is_call_note(note: str) -> bool:
    """Whether a private note records a call to the requester: "Called her, all fine"."""
    return _CALL_NOTE.match(normal(note).strip()) is not None


def _deadline(sentence: str, now: datetime) -> datetime | None:
    if _NOT_A_PROMISE.search(_NOT_LATER.sub("by", sentence)):
        return None
    commitments = [
        found
        for commitment in (_ENGLISH, _ENGLISH_YOURS, _SPANISH)
        for found in commitment.finditer(sentence)
        if not _BREAKS_BEFORE_VERB.search(found["first"])
        # a question: "will the VPN be back by 3"
        and not (found["first"] and found.groupdict().get("bare"))
    ]
    if not commitments:
        return None
    later = [deadline for deadline in deadlines(sentence, now) if deadline.at > now]
    return next(
        (one.at for found in commitments for one in later if _belongs(sentence, found, one)), None
    )


def _belongs(sentence: str, found: re.Match[str], deadline: Deadline) -> bool:
    """Whether the deadline belongs to the commitment: the deadline stands at the beginning of the
    sentence, is inside the commitment, or follows it closely. A firm deadline may follow at a
    distance of up to ``_LONGEST_GAP`` characters."""
    if deadline.begin < found.start():
        lead = sentence[: deadline.begin].strip(" ,").split()
        between = sentence[deadline.end : found.start()].strip(" ,").split()
        return len(lead) <= 2 and len(between) <= 1
    if deadline.begin < found.end():
        # the deadline is inside the commitment: "I'll by 3 text you"
        return found.start("first") <= deadline.begin < found.end("first")
    gap = sentence[found.end() : deadline.begin]
    if _NEAR.fullmatch(gap):
        return True
    return deadline.firm and len(gap) <= _LONGEST_GAP and not _BREAKS.search(gap)
