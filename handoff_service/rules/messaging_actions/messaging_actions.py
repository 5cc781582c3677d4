"""Table 4 of docs/product.md: messaging actions.

An unanswered streak is a run of messages from one side that the other side has not answered. An
interaction has at most one open streak.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handoff_service.rules.delivery.sms_text import segments
from handoff_service.rules.shared import conditions, durations, placeholders
from handoff_service.rules.shared.conditions import Condition, Facts, Match
from handoff_service.rules.shared.names import first_name
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.placeholders import PEOPLE
from handoff_service.rules.shared.vocabulary import Action, Author, State, Unanswered

STARTS: Mapping[Author, Unanswered | None] = {
    Author.REQUESTER: Unanswered.REQUESTER_MESSAGE,
    Author.AGENT: Unanswered.AGENT_MESSAGE,
    # A message from the virtual agent or the system neither starts nor ends an unanswered streak.
    Author.VIRTUAL_AGENT: None,
    Author.SYSTEM: None,
}


def begins(author: Author, is_open: Unanswered | None) -> Unanswered | None:
    """The unanswered streak that a message starts. None if it starts none. A new streak ends the
    open one.

    More messages from the same side do not restart the timers.
    """
    streak = STARTS[author]
    return None if streak is is_open else streak


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagingAction:
    """An admin's rule. It applies only to these ``queues`` (names) and ``provider_numbers``; empty:
    to all.

    ``business_hours``: the duration counts only the queue's opening hours. ``{waiting}`` in texts
    always uses elapsed time.
    """

    name: str
    event: Unanswered
    duration: timedelta
    action: Action
    conditions: tuple[Condition, ...] = ()
    match: Match = Match.ALL
    text: str | None = None
    state: State | None = None
    business_hours: bool = False
    queues: tuple[str, ...] = ()
    provider_numbers: tuple[str, ...] = ()
    active: bool = True

    def applies(self, facts: Facts) -> bool:
        """Whether the rule applies to the interaction's facts at the moment when its timer
        fires."""
        return (
            self.active
            and (not self.queues or facts.queue in self.queues)
            and (not self.provider_numbers or facts.provider_number in self.provider_numbers)
            and conditions.matches(self.conditions, self.match, facts)
            and all(one in facts.attributes for one in self.needs_set)
        )

    @property
    def needs_set(self) -> list[str]:
        """The fields of the attributes in the text to the requester. The text is sent only if all
        of them have a value."""
        texts = self.action is Action.PROMPT_REQUESTER and self.text
        return placeholders.attributes_in(texts) if texts else []

    @property
    def uses_attributes(self) -> bool:
        """Whether its conditions or its text name an attribute."""
        return any(conditions.is_attribute(one.field) for one in self.conditions) or bool(
            placeholders.attributes_in(self.text or "")
        )

    @property
    def needs_consent(self) -> bool:
        """Whether the action is useless for a requester who has opted out, because it would send a
        text or ask people to answer one."""
        if self.action is Action.SET_STATE:
            return False
        return self.event is Unanswered.REQUESTER_MESSAGE or self.action is Action.PROMPT_REQUESTER


WAITING = phrase("{requester.name} has been waiting for {waiting}.")
SHIPPED = (
    MessagingAction(
        name="Remind the agent",
        event=Unanswered.REQUESTER_MESSAGE,
        duration=timedelta(minutes=30),
        # An answer of the virtual agent does not end the streak. A requester who talks to it is not
        # waiting for an agent, so this action excludes such conversations.
        conditions=(
            Condition(field="owner", operator=conditions.Operator.IS_NOT, value="virtual_agent"),
        ),
        action=Action.PROMPT_AGENT,
        text=WAITING,
    ),
    MessagingAction(
        name="Close when abandoned",
        event=Unanswered.AGENT_MESSAGE,
        duration=timedelta(days=2),
        action=Action.SET_STATE,
        state=State.CLOSED_ABANDONED,
    ),
)
DEFAULT_PROMPT: Mapping[Unanswered, str] = {
    Unanswered.REQUESTER_MESSAGE: WAITING,
    Unanswered.AGENT_MESSAGE: phrase("{requester.name} has not answered for {waiting}."),
}
#: stored text -> its phrase. Prompts for agents are stored in English, and each agent reads them in
#: their own language. The form shows these texts in the language of the page.
DEFAULT_TEXTS: Mapping[str, str] = {str.__str__(one): one for one in DEFAULT_PROMPT.values()}

# Texts --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPlaceholders(placeholders.Placeholders):
    """Values for the placeholders, including ``waiting``."""

    waiting: timedelta


PLACEHOLDERS = (*PEOPLE, "waiting")
_SHORTEST = ActionPlaceholders(
    requester="Al", agent="Al", number="INT0000001", waiting=timedelta(minutes=30)
)


def for_agents(text: str, who: ActionPlaceholders) -> str:
    """A filled prompt for agents."""
    return _filled(text, who, guest="The requester", nobody="nobody", unset="not set")


def for_requester(text: str, who: ActionPlaceholders) -> str:
    """A filled prompt for the requester. To fit one segment, full names become first names, and
    then the end is cut off."""
    filled = _filled(text, who, guest="there", nobody="our team")
    if segments(filled).count > 1:
        short = [first_name(name) if name else None for name in (who.requester, who.agent)]
        who = replace(who, requester=short[0], agent=short[1])
        filled = _filled(text, who, guest="there", nobody="our team")
    while segments(filled).count > 1:
        filled = filled[: filled.rfind(" ")] if " " in filled else filled[:-1]
    return filled


def _filled(text: str, who: ActionPlaceholders, *, guest: str, nobody: str, unset: str = "") -> str:
    """Fill a text. ``unset`` replaces attributes without a value."""
    people = placeholders.people(who, guest=guest, nobody=nobody)
    waiting = {"waiting": durations.describe(who.waiting)}
    unknown = dict.fromkeys(placeholders.attributes_in(text), unset)
    return placeholders.fill(text, {**unknown, **people, **waiting})


# What an admin may save ---------------------------------------------------------------------------

STATES = frozenset(State) - {State.NEW}
#: actions with a text
PROMPTS = frozenset({Action.PROMPT_AGENT, Action.PROMPT_REQUESTER, Action.ALERT_SUPERVISORS})


def errors(action: MessagingAction, attributes: Collection[str] | None = None) -> dict[str, str]:
    """Field -> its error, which names the valid values. Empty when the action can be saved.
    ``attributes``: the fields of the desk's attributes; None: the attributes in the text are not
    checked."""
    found: dict[str, str] = {}
    if action.action is Action.SET_STATE and action.state not in STATES:
        found["state"] = phrase(
            "must be one of {states} for set_state",
            states=", ".join(s for s in State if s in STATES),
        )
    if action.action is not Action.SET_STATE and action.state is not None:
        found["state"] = phrase("is for set_state; this action is {action}", action=action.action)
    if wrong := _text_error(action, attributes):
        found["text"] = wrong
    return found


def _text_error(action: MessagingAction, attributes: Collection[str] | None) -> str | None:
    prompts = action.action in PROMPTS
    if not action.text:
        return (
            phrase("is needed to prompt the requester")
            if action.action is Action.PROMPT_REQUESTER
            else None
        )
    if not prompts:
        return phrase("is for prompts; this action is {action}", action=action.action)
    if unknown := placeholders.error(action.text, PLACEHOLDERS, attributes):
        return unknown
    if action.action is Action.PROMPT_REQUESTER:
        counted = segments(_filled(action.text, _SHORTEST, guest="", nobody=""))
        if counted.count > 1:
            return phrase(
                "must fit in one segment; filled with short names it takes {count}",
                count=counted.count,
            )
    return None


# Order --------------------------------------------------------------------------------------------


def sort_key(
    due_at: datetime, action: MessagingAction, position: int, number: int
) -> tuple[object, ...]:
    """The sort key for the timers of one interaction: due time, then duration, then the admin's
    order."""
    return (due_at, action.duration, position, number)
