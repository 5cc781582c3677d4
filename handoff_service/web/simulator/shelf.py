"""The phones on the simulator's page, with their texts."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.delivery.senders import why_unanswerable
from handoff_service.rules.shared.vocabulary import Direction, Status
from handoff_service.store.conversations import messages
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.desk.users import select_users, users_on
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Message, ProviderNumber, User
from handoff_service.web.shared.template_filters import phone

m, i = t.messages, t.interactions
MOST_PHONES, MOST_TEXTS, MOST_USERS = 6, 200, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Handset:
    """One phone."""

    number: str
    name: str  #: the name of its user, or its number
    to: ProviderNumber  #: the company number that the phone texts
    texts: list[Message]
    unanswerable: str | None  #: why the company cannot text this phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The data of the page."""

    handsets: list[Handset]
    users: list[User]
    companies: list[ProviderNumber]


def shelf(conn: Connection, numbers: Sequence[str], to: Sequence[str]) -> Shelf:
    """Read the phones with these numbers. ``to``: the company number that each phone texts, in the
    same order; by default the first company number."""
    companies = list_provider_numbers(conn)
    by_number = {company.number: company for company in companies}
    names = {number: users for number, users in users_on(conn, list(numbers)).items() if users}
    handsets = []
    for place, number in enumerate(numbers[:MOST_PHONES] if companies else ()):
        company = by_number.get(to[place] if place < len(to) else "", companies[0])
        named = " / ".join(user.name for user in names.get(number, ())) or phone(number)
        why = why_unanswerable(number, is_own=number in by_number)
        texts = _texts(conn, number, company.id)
        handsets.append(
            Handset(number=number, name=named, to=company, texts=texts, unanswerable=why)
        )
    return Shelf(
        handsets=handsets,
        users=select_users(conn, sa.true(), limit=MOST_USERS),
        companies=companies,
    )


def _texts(conn: Connection, number: str, provider_number_id: int) -> list[Message]:
    """Return the texts that this phone has sent and received on the line, in all its interactions.
    Leave out texts that did not arrive."""
    newest = (
        select(m.c.id)
        .join(i, i.c.id == m.c.interaction_id)
        .where(
            i.c.requester_number == number,
            i.c.provider_number_id == provider_number_id,
            sa.or_(
                m.c.direction == Direction.INBOUND, m.c.status.in_([Status.SENT, Status.DELIVERED])
            ),
        )
        .order_by(m.c.id.desc())
        .limit(MOST_TEXTS)
    )
    return messages.matching(conn, [m.c.id.in_(newest)])
