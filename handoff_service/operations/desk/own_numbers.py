"""Keep company numbers off users' records, because a text from a company number belongs to no user.

Numbers are compared in their canonical form, because carriers write some numbers in two forms.
"""

from collections.abc import Iterable

from sqlalchemy import select

from handoff_service.errors import BadInput
from handoff_service.rules.conversations.number_forms import one_form
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction


def refuse_own_numbers(tx: Transaction, numbers: Iterable[tuple[str, str]]) -> None:
    """Raise BadInput when a user would get a company number. ``numbers``: pairs of the field's name
    and the number."""
    given = list(numbers)
    if not given:
        return
    rows = tx.conn.execute(select(*t.provider_numbers.c["number", "label"]))
    labels = {one_form(r.number): r.label for r in rows}
    errors = {
        field: phrase(
            "{number} is the company's own number “{value}”, so no user can have it",
            number=number,
            value=labels[one_form(number)],
        )
        for field, number in given
        if one_form(number) in labels
    }
    if errors:
        raise BadInput(errors=errors)


def refuse_users_number(tx: Transaction, number: str) -> None:
    """Raise BadInput when the company would get a number that is on a user's record."""
    n, u = t.user_numbers, t.users
    query = select(u.c.name, u.c.external_id).join(n, n.c.user_id == u.c.id).order_by(u.c.id)
    found = tx.conn.execute(query.where(n.c.number == one_form(number)).limit(1)).one_or_none()
    if found is not None:
        error = phrase(
            "{number} is on the record of {name} ({external_id}). Remove it there first",
            number=number,
            name=found.name,
            external_id=found.external_id,
        )
        raise BadInput(errors={"number": error})
