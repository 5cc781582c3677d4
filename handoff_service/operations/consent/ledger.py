"""Write consent changes to the ledger, and lines about them that agents see."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from handoff_service.operations.shared import messages
from handoff_service.operations.shared.events_at_end import of_consents
from handoff_service.operations.shared.new_message import NewMessage, system_line
from handoff_service.rules.consent.consent_keywords import EVERY_NUMBER, REQUESTERS_OWN, Source
from handoff_service.rules.shared.vocabulary import Event
from handoff_service.store.consent import consents, kept_opt_outs
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import upsert
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import Consent

c, o = t.consents, t.opt_outs


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentChange:
    """``provider_number_id``: the company number that the change is about; None: all company
    numbers. ``words``: the requester's text, or the provider's error code."""

    number: str
    opted_out: bool
    source: Source
    provider_number_id: int | None = None
    words: str | None = None
    agent_id: int | None = None
    note: str | None = None


def record(tx: Transaction, change: ConsentChange) -> int | None:
    """Write a change to the ledger. The transaction must hold the lock on the number's profile
    (``lock``). Returns the entry's id, or None when nothing changes.

    A change for one company number covers all numbers of its messaging service. An opt-in ends the
    opt-outs for the numbers that it covers, and the opt-out that covers all company numbers.
    """
    where = consents.numbers_sharing_opt_outs(tx.conn, change.provider_number_id)
    holds = select(o.c.provider_number_id, c.c.source).join(c, c.c.id == o.c.consent_id)
    found = tx.conn.execute(holds.where(o.c.number == change.number))
    current = {r.provider_number_id: Source(r.source) for r in found}
    own = {place for place, source in current.items() if source in REQUESTERS_OWN}
    ended = current.keys() & {EVERY_NUMBER, *where}
    if change.opted_out and where <= (own if change.source in REQUESTERS_OWN else current.keys()):
        return None  # nobody else can replace an opt-out that the requester made
    if not change.opted_out and not ended:
        return None
    row = {
        "number": change.number,
        "provider_number_id": change.provider_number_id,
        "opted_out": change.opted_out,
        "source": change.source,
        "words": change.words,
        "agent_id": change.agent_id,
        "note": change.note,
        "at": tx.now,
    }
    made: int = tx.conn.execute(insert(c).values(row).returning(c.c.id)).scalar_one()
    tx.at_end(of_consents, [made])
    if change.opted_out:
        held = [
            {"number": change.number, "provider_number_id": one, "consent_id": made}
            for one in sorted(where)
        ]
        keep = upsert(tx.conn, o)
        newer = {"consent_id": keep.excluded.consent_id}
        moved = keep.on_conflict_do_update(
            index_elements=["number", "provider_number_id"], set_=newer
        )
        tx.conn.execute(
            moved if change.source in REQUESTERS_OWN else keep.on_conflict_do_nothing(), held
        )
    else:
        tx.conn.execute(
            delete(o).where(o.c.number == change.number, o.c.provider_number_id.in_(ended))
        )
    return made


def lock(tx: Transaction, numbers: Sequence[str]) -> None:
    """Lock these numbers' profiles. Until the commit, no other transaction can change the numbers'
    consent or send to them. This also writes the kept opt-outs of erased numbers again.
    """
    p = t.messaging_profiles
    tx.conn.execute(
        select(p.c.id)
        .where(one_of(p.c.number, numbers), p.c.active)
        .order_by(p.c.id)
        .with_for_update()
    ).all()
    kept_opt_outs.apply_again(tx, numbers)


def record_in(tx: Transaction, interaction: InteractionRow, change: ConsentChange) -> None:
    """Write a change to the ledger, and add a line that agents see to a locked conversation with
    the number."""
    if (made := record(tx, change)) is not None:
        messages.append(tx, interaction, line_about(consents.by_id(tx.conn, [made])[made]))


def line_about(entry: Consent) -> NewMessage:
    by = {
        Source.KEYWORD: f"The requester texted “{entry.words}”",
        Source.PROVIDER: "The carrier blocks texts to this requester",
    }
    who = by.get(entry.source) or (f"Recorded by {entry.agent.name}" if entry.agent else "Recorded")
    sentence = (
        "Opted out: no texts can be sent"
        if entry.opted_out
        else "Opted in: texts can be sent again"
    )
    return system_line(
        f"{who}. {sentence}",
        event=Event.CONSENT,
        reason=entry.note,
        agent_id=entry.agent.id if entry.agent else None,
    )
