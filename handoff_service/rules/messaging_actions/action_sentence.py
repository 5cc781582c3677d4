"""Describes a messaging action in one sentence with stressed parts."""

import re
from collections.abc import Callable
from datetime import timedelta

from handoff_service.rules.messaging_actions import condition_words
from handoff_service.rules.messaging_actions.messaging_actions import MessagingAction
from handoff_service.rules.shared import durations
from handoff_service.rules.shared.conditions import Operator
from handoff_service.rules.shared.phrases import (
    Phrase,
    all_of,
    any_of,
    count_phrase,
    filled,
    joined,
    phrase,
)
from handoff_service.rules.shared.vocabulary import Action, Unanswered
from handoff_service.rules.shared.vocabulary_words import WORDS

type Part = tuple[str, bool]  # words, and whether they are stressed

OPERATOR_LABELS = {
    Operator.IS: phrase("is"),
    Operator.IS_NOT: phrase("is not"),
    Operator.IN: phrase("is one of"),
    Operator.NOT_IN: phrase("is none of"),
    Operator.AT_LEAST: phrase("is at least"),
    Operator.AT_MOST: phrase("is at most"),
    Operator.IS_SET: phrase("is set"),
}
_WHO_WAITS = {
    Unanswered.REQUESTER_MESSAGE: phrase("When a requester has waited {time} for an agent"),
    Unanswered.AGENT_MESSAGE: phrase("When an agent has waited {time} for the requester"),
}
_DOES = {
    Action.PROMPT_AGENT: phrase("the <b>agent is prompted</b>"),
    Action.PROMPT_REQUESTER: phrase("the <b>requester is texted</b>"),
    Action.REASSIGN: phrase("the conversation returns <b>to its queue</b>"),
    Action.SET_STATE: phrase("the conversation's state becomes {state}"),
    Action.ALERT_SUPERVISORS: phrase("the <b>supervisors are alerted</b>"),
}
_MARKS = re.compile("<b>(.*?)</b>", re.DOTALL)


def sentence(action: MessagingAction, *, format_number: Callable[[str], str] = str) -> Phrase:
    """``When a requester has waited 2 business hours for an agent, and the state is On hold, the
    agent is prompted.``

    ``format_number``: formats a company number. ``parts`` splits the sentence or a translation of
    it.
    """
    begins = filled(_WHO_WAITS[action.event], time=_stressed(time_words(action)))
    state = WORDS[action.state] if action.state else phrase("nothing")
    does = filled(_DOES[action.action], state=_stressed(state))
    if limits := _limits(action, format_number):
        return phrase(
            "{when}, and {conditions}, {effect}.",
            when=begins,
            conditions=all_of(limits),
            effect=does,
        )
    return phrase("{when}, {effect}.", when=begins, effect=does)


def parts(sentence: str) -> list[Part]:
    """Split a sentence from ``sentence`` into stressed and other parts."""
    return [(part, bool(n % 2)) for n, part in enumerate(_MARKS.split(sentence)) if part]


def time_words(action: MessagingAction) -> str:
    """Format a duration: ``2 hours``, ``2 business hours``."""
    if not action.business_hours:
        return durations.describe(action.duration)
    return _business_time(action.duration)


def _business_time(duration: timedelta) -> str:
    written = durations.write(duration)
    number = int(written[:-1])
    match written[-1]:
        case "d":  # 24 hours of open time, which are several working days
            return count_phrase("{count} business hour", "{count} business hours", 24 * number)
        case "h":
            return count_phrase("{count} business hour", "{count} business hours", number)
        case "m":
            return count_phrase("{count} business minute", "{count} business minutes", number)
        case _:
            return count_phrase("{count} business second", "{count} business seconds", number)


def _limits(action: MessagingAction, format_number: Callable[[str], str]) -> list[str]:
    limits: list[str] = []
    if action.queues:
        queues = any_of(map(_stressed, action.queues))
        limits.append(phrase("the queue is {queues}", queues=queues))
    if action.provider_numbers:
        numbers = any_of(_stressed(format_number(one)) for one in action.provider_numbers)
        limits.append(phrase("the company number is {numbers}", numbers=numbers))
    if action.conditions:
        limits.append(
            condition_words.describe(
                action.conditions, action.match, number=format_number, stress=_stressed
            )
        )
    return limits


def _stressed(words: str) -> Phrase:
    return joined("", ("<b>", words, "</b>"))
