"""Change whether a number may be texted. One ledger records every change, whether a requester, the
provider, an agent, the API or an import makes it.

``deliver`` holds a shared lock on the number's profile while it checks consent, and a consent
change holds the exclusive lock. So no queued message is sent after an opt-out is committed, except
the opt-out confirmation and replies to HELP.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.consent.ledger import (
    ConsentChange,
    line_about,
    lock,
    record,
    record_in,
)
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.events_at_end import of_consents
from handoff_service.rules.consent.consent_keywords import EVERY_NUMBER, REQUESTERS_OWN, Source
from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.store.consent import consents
from handoff_service.store.conversations import interactions
from handoff_service.store.desk.provider_numbers import why_unanswerable
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import upsert
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import Consent

NOTE = 500  # the most characters of a note

c, o = t.consents, t.opt_outs


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRequest:
    """A request by an agent or a program. ``provider_number``: the company number that the request
    is about; None: all company numbers."""

    number: str
    opted_out: bool
    source: Source
    agent_id: int | None
    provider_number: str | None = None
    note: str | None = None


def change_consent(tx: Transaction, ask: ConsentRequest) -> Consent:
    """Apply the request of an agent or a program. Returns the new ledger entry.

    Raises BadInput for an unknown provider number, and for an opt-in without a note. Raises
    Conflict when nothing would change. Raises Conflict for an opt-in when the requester opted out
    by text, because only the requester's START can end that opt-out.
    """
    provider_id = _provider(tx, ask.provider_number)
    # lock interactions before profiles, in the same order as receive_sms does
    active = interactions.lock_active(tx.conn, [ask.number])
    lock(tx, [ask.number])
    if not ask.opted_out:
        _may_opt_in(tx, ask, provider_id)
    made = record(
        tx,
        ConsentChange(
            number=ask.number,
            opted_out=ask.opted_out,
            source=ask.source,
            provider_number_id=provider_id,
            agent_id=ask.agent_id,
            note=ask.note,
        ),
    )
    if made is None:
        raise Conflict(
            phrase("{number} has already opted out.", number=ask.number)
            if ask.opted_out
            else phrase(
                "{number} has not opted out, so there is nothing to undo.", number=ask.number
            )
        )
    entry = consents.by_id(tx.conn, [made])[made]
    concerned = consents.numbers_sharing_opt_outs(tx.conn, provider_id)
    for one in active:
        if concerned & {EVERY_NUMBER, one.provider_number_id}:
            messages.append(tx, one, line_about(entry))
    return entry


def import_opt_outs(tx: Transaction, asked: Sequence[ConsentRequest]) -> None:
    """Import opt-outs from another system, in a fixed number of statements. An opt-out that exists
    or has ended is skipped, so an admin can import the same file again. Raises BadInput for an
    unknown provider number."""
    p = t.provider_numbers
    ours: dict[str | None, int] = {
        r.number: r.id for r in tx.conn.execute(select(p.c.number, p.c.id))
    }
    for ask in asked:
        if ask.provider_number is not None and ask.provider_number not in ours:
            raise BadInput(
                errors={
                    f"opt_outs.{ask.number}.provider_number": phrase(
                        "{provider_number} is not a company number",
                        provider_number=ask.provider_number,
                    )
                }
            )
    numbers = sorted({ask.number for ask in asked})
    lock(tx, numbers)
    earlier = select(c.c.number, c.c.provider_number_id).where(
        one_of(c.c.number, numbers), c.c.opted_out
    )
    before = {(r.number, r.provider_number_id) for r in tx.conn.execute(earlier)}
    current = {
        (r.number, r.provider_number_id)
        for r in tx.conn.execute(select(o).where(one_of(o.c.number, numbers)))
    }
    named = {ask.provider_number for ask in asked}
    together = {
        number: consents.numbers_sharing_opt_outs(tx.conn, ours.get(number)) for number in named
    }
    fresh = {
        (ask.number, ours.get(ask.provider_number)): ask
        for ask in asked
        if (ask.number, ours.get(ask.provider_number)) not in before
        and not {(ask.number, place) for place in together[ask.provider_number]} <= current
    }
    rows = [
        {
            "number": number,
            "provider_number_id": where,
            "opted_out": True,
            "source": ask.source,
            "note": ask.note,
            "at": tx.now,
        }
        for (number, where), ask in fresh.items()
    ]
    if rows:
        made = tx.conn.execute(
            insert(c).returning(c.c.id, c.c.number, c.c.provider_number_id), rows
        ).all()
        tx.at_end(of_consents, [r.id for r in made])
        places = {ours.get(number): found for number, found in together.items()}
        held = [
            {"number": r.number, "provider_number_id": place, "consent_id": r.id}
            for r in made
            for place in places[r.provider_number_id]
        ]
        tx.conn.execute(upsert(tx.conn, o).on_conflict_do_nothing(), held)


def must_allow(conn: Connection, number: str, provider_number_id: int) -> None:
    """Raise Conflict when no text can reach this number, or when it has opted out of texts from
    this provider number. The error gives the reason."""
    if why := why_unanswerable(conn, number):
        raise Conflict(why)
    held = consents.opted_out(conn, number, provider_number_id)
    if held is not None:
        raise Conflict(joined(": ", [number, held.why]))


def refused_for_consent(tx: Transaction, message_ids: Sequence[int]) -> None:
    """Record an opt-out for each message that the provider refused because its own list has the
    requester as opted out."""
    if not message_ids:
        return
    m = t.messages
    found = tx.conn.execute(
        select(*m.c["interaction_id", "error_code"]).where(one_of(m.c.id, message_ids))
    )
    codes = {r.interaction_id: r.error_code for r in found}
    # lock interactions before profiles, in the same order as receive_sms does
    rows = interactions.lock_each(tx.conn, set(codes)).values()
    lock(tx, [row.requester_number for row in rows])
    for row in rows:
        change = ConsentChange(
            number=row.requester_number,
            opted_out=True,
            source=Source.PROVIDER,
            provider_number_id=row.provider_number_id,
            words=str(codes[row.id]),
        )
        record_in(tx, row, change)


def _may_opt_in(tx: Transaction, ask: ConsentRequest, provider_id: int | None) -> None:
    if not ask.note:
        raise BadInput(errors={"note": phrase("must say how they consented")})
    concerned = {EVERY_NUMBER, *consents.numbers_sharing_opt_outs(tx.conn, provider_id)}
    current = select(o.c.consent_id).where(
        o.c.number == ask.number, o.c.provider_number_id.in_(concerned)
    )
    for entry in consents.by_id(tx.conn, list(tx.conn.execute(current).scalars())).values():
        if entry.source in REQUESTERS_OWN:
            raise Conflict(
                phrase(
                    "{number} opted out by text. Only they can opt back in, by texting START.",
                    number=ask.number,
                )
            )


def _provider(tx: Transaction, number: str | None) -> int | None:
    if number is None:
        return None
    found = tx.conn.execute(
        select(t.provider_numbers.c.id).where(t.provider_numbers.c.number == number)
    ).scalar()
    if found is None:
        raise BadInput(
            errors={"provider_number": phrase("{number} is not a company number", number=number)}
        )
    return found
