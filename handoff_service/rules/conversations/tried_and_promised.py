"""Finds sentences about attempts to solve the problem and about promises, in English and
Spanish."""

import re
from collections.abc import Sequence

from handoff_service.rules.conversations.quotes import BriefLine, Quote, full_text, quote, sentences
from handoff_service.rules.shared.vocabulary import Author, Event, Kind

_DID = (
    r"tried|restarted|rebooted|reinstalled|unplugged|plugged|replaced|reset|swapped|switched"
    r"|turned|updated|checked|changed|cleared|reconnected|removed|unlocked|escalated|ordered|sent"
    r"|fixed|called|power[- ]?cycled|logged|signed|installed|looked"
)
_TRY = (
    r"try|restart|reboot|reinstall|unplug|plug|replace|reset|swap|switch|turn|update|check|change"
    r"|clear|reconnect|remove|log|sign|install|press|hold|open|power"
)
_TRIED = re.compile(
    rf"\b(?:(?:i|we)(?:['’]ve| have| had|['’]d)?(?: already| just| also| now| both)*|already)"
    rf" (?:{_DID})\b"
    r"|\b(?:did ?n['’]?o?t|does ?n['’]?o?t|has ?n['’]?o?t) (?:help|work)\b|\bno luck\b"
    r"|\b(?:ya (?:lo |la )?(?:prob|intent|reinici|apag|desenchuf|cambi)\w+|he (?:probado|intentado"
    r"|reiniciado|apagado|cambiado)|reinici[eé]\b|prob[eé]\b|no (?:ha )?funcion[oó])",
    re.IGNORECASE,
)
_SUGGESTED = re.compile(
    rf"^(?:[\w’' ]+, )?(?:(?:please|pls|kindly|can you|could you|would you|first|then|next|now|just"
    rf"|let['’]?s) )+(?:just |please |also )?(?:{_TRY})\b|^(?:{_TRY})(?:ing)? (?:it|the|your|that|a"
    r"|again|to|and|in|off|on|out)\b"
    r"|\b(?:reinicie|pruebe|intente|apague|desenchufe|compruebe|reinicia|prueba|intenta)\b",
    re.IGNORECASE,
)


def tried(lines: Sequence[BriefLine]) -> list[Quote]:
    """Sentences that say what somebody tried or did, what agents and the virtual agent told the
    requester to do, and the cases that were opened or changed."""
    found = []
    for line in lines:
        if line.event in (Event.CASE_OPENED, Event.CASE_CHANGED):
            found.append(quote(line, full_text(line)))
        if line.kind is not Kind.MESSAGE:
            continue
        by_desk = line.author in (Author.AGENT, Author.VIRTUAL_AGENT)
        found += [
            quote(line, one)
            for one in sentences(line.body)
            if _TRIED.search(one) or (by_desk and _SUGGESTED.search(one))
        ]
    return found


_WILL = re.compile(
    r"\b(?:i|we|someone|somebody|a (?:colleague|technician))(?:['’]ll| will|['’](?:m|re) going to"
    r"| am going to| are going to)\b(?! (?:be (?:happy|glad)|need|just need|never))"
    r"|\b(?:let|keep) you (?:know|posted|updated)\b|\bget back to you\b|\bi promise\b"
    r"|\b(?:le|te|les|os) (?:\w+ar|\w+er|\w+ir)(?:é|emos)\b|\b(?:\w+ar|\w+er|\w+ir)emos\b"
    r"|\b(?:voy|vamos) a \w+r(?:le|te|lo|la)?\b",
    re.IGNORECASE,
)


def promised(lines: Sequence[BriefLine]) -> list[Quote]:
    """Sentences in which an agent or the virtual agent says what the desk will do. Questions
    promise nothing."""
    return [
        quote(line, one)
        for line in lines
        if line.kind is Kind.MESSAGE and line.author in (Author.AGENT, Author.VIRTUAL_AGENT)
        for one in sentences(line.body)
        if not one.endswith("?") and _WILL.search(one)
    ]
