"""Finds the people and numbers that match an agent's input, and the effect of sending a text to
them. Reads everything in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.lib import phone_numbers
from handoff_service.operations.conversations.preview_start import Recipient, preview_start
from handoff_service.rules.conversations.agent_initiated import Situation
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Kind, Owner
from handoff_service.store.conversations import conversations, messages
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.desk.users import search_users, select_users, stays_for
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Interaction, Message, OptedOut, ProviderNumber, User
from handoff_service.web.shared.phone_input import recipient as read_recipient
from handoff_service.web.shared.phone_input import warning

MOST_PEOPLE = 8  # people listed
LAST = 2  # the dialog shows this many texts of the active conversation


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientQuery:
    """The values of the dialog's form."""

    q: str = ""  #: the typed text
    choice: str = ""  #: the ``value`` of the chosen destination
    sender: str = ""  #: the company number that sends the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A number that the agent can text: a person's number or a typed number."""

    user_id: int | None  #: None for a typed number
    number: str
    on_record: bool = True  #: whether the number is on the person's record
    refused: str = ""  #: why the desk cannot text the number
    warning: str = ""  #: why a text may not arrive

    @property
    def value(self) -> str:
        return f"{self.user_id or ''}:{self.number}"


@dataclass(frozen=True, slots=True)
class MatchingPerson:
    """A person with their destinations."""

    user: User | None  #: None for a typed number
    ways: list[Destination]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The effect of sending, and the active conversation on the line."""

    row: Situation
    effect: str
    button: str
    active: Interaction | None
    last: list[Message]  #: the last texts of the active conversation
    opted_out: OptedOut | None
    unanswerable: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientPreview:
    """The dialog's content."""

    asked: RecipientQuery
    senders: list[ProviderNumber]
    found: list[MatchingPerson]
    more: bool  #: whether more people match than are listed
    problem: str  #: why the desk cannot text the typed number; empty if people match
    chosen: Destination | None
    outlook: Outlook | None


def look(conn: Connection, asked: RecipientQuery, agent_id: int) -> RecipientPreview:
    """Find matching people. If a destination is chosen, a number is typed or only one destination
    matches, also look up the effect of sending."""
    senders = list_provider_numbers(conn)
    first = senders[0].number if senders else ""
    sender = next((p.number for p in senders if p.number == asked.sender), first)
    asked = RecipientQuery(q=asked.q, choice=asked.choice, sender=sender)
    country = desk_country(conn)
    users = search_users(conn, asked.q, MOST_PEOPLE + 1) if asked.q else []
    typed, problem = _typed(conn, asked.q, country)
    found = [MatchingPerson(None, [typed])] if typed else []
    found += [
        MatchingPerson(user, _ways(conn, user, asked.choice, country))
        for user in users[:MOST_PEOPLE]
    ]
    chosen = _chosen(found, asked.choice)
    return RecipientPreview(
        asked=asked,
        senders=senders,
        found=found,
        more=len(users) > MOST_PEOPLE,
        problem="" if users else problem,
        chosen=chosen,
        outlook=_outlook(conn, recipient(chosen, sender), agent_id) if chosen and senders else None,
    )


def recipient(way: Destination, sender: str) -> Recipient:
    return Recipient(to=way.number, provider_number=sender, user_id=way.user_id)


def known(conn: Connection, user_id: int | None, number: str) -> RecipientQuery:
    """Return the form's values for a link with a person, a number or both. If the person does not
    exist, return only the number."""
    user_id = stays_for(conn, user_id) if user_id else None
    (user,) = select_users(conn, t.users.c.id == user_id) or (None,) if user_id else (None,)
    if user is None:
        return RecipientQuery(q=number, choice=f":{number}" if number else "")
    numbers = [number] if number else user.numbers
    return RecipientQuery(
        q=user.name[:100], choice=f"{user.id}:{numbers[0]}" if len(numbers) == 1 else ""
    )


def _typed(conn: Connection, q: str, country: str) -> tuple[Destination | None, str]:
    """Return the destination for a typed number, or None and the reason why the desk cannot text
    it. Return None and no reason if the text is not a number."""
    if not phone_numbers.looks_like_one(q):
        return None, ""
    try:
        number = read_recipient(conn, q, country)
        return Destination(user_id=None, number=number, warning=warning(conn, number) or ""), ""
    except BadInput as refusal:
        return None, refusal.errors["to"]


def _ways(conn: Connection, user: User, choice: str, country: str) -> list[Destination]:
    """Return the numbers on a person's record, and the number in ``choice`` if it is another
    one."""
    owner, _, number = choice.partition(":")
    others = [number] if owner == str(user.id) and number and number not in user.numbers else []
    ways = []
    for each in [*user.numbers, *others]:
        refused, looks = "", ""
        try:
            read_recipient(conn, each, country)
            looks = warning(conn, each) or ""
        except BadInput as refusal:
            refused = refusal.errors["to"]
        ways.append(
            Destination(
                user_id=user.id,
                number=each,
                on_record=each in user.numbers,
                refused=refused,
                warning=looks,
            )
        )
    return ways


def _chosen(found: Sequence[MatchingPerson], choice: str) -> Destination | None:
    """Return the chosen destination, else the typed number, else the only destination."""
    ways = [way for one in found for way in one.ways if not way.refused]
    for way in ways:
        if way.value == choice:
            return way
    typed = next((way for way in ways if way.user_id is None), None)
    return typed or (ways[0] if len(ways) == 1 else None)


def _outlook(conn: Connection, to: Recipient, agent_id: int) -> Outlook:
    seen = preview_start(conn, to, agent_id)
    active, last = None, []
    if seen.interaction_id is not None:
        active = conversations.get(conn, seen.interaction_id, agent_id)
        last = [m for m in messages.list_(conn, active.id) if m.kind is Kind.MESSAGE][-LAST:]
    return Outlook(
        row=seen.row,
        effect=seen.effect,
        button=button(seen.row, active, agent_id),
        active=active,
        last=last,
        opted_out=seen.opted_out,
        unanswerable=seen.unanswerable,
    )


def button(row: Situation, active: Interaction | None, agent_id: int) -> str:
    """Return the label of the send button, which describes the effect of sending."""
    if active is None:
        return phrase("Send")
    if row is not Situation.ACTIVE_WITH_LIVE_AGENT:
        return phrase("Close the old one and send")
    if active.owner.kind is Owner.QUEUE:
        return phrase("Take over and send")
    return (
        phrase("Send")
        if agent_id in {agent.id for agent in active.live_group}
        else phrase("Join and send")
    )
