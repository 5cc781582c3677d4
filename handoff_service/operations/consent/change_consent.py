"""Change whether a number may be texted. One ledger holds every change: by requester, provider,
agent, API and import.

``deliver`` holds a shared lock on the number's profile while it checks consent. A consent change
holds the exclusive lock. Therefore no queued message is sent after an opt-out is committed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.events_at_end import of_consents
from handoff_service.rules.consent.consent_keywords import EVERY_NUMBER, REQUESTERS_OWN, Source
from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.rules.shared.vocabulary import Author, Event, Kind
from handoff_service.store.consent import consents, kept_opt_outs
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.provider_numbers import why_unanswerable
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import upsert
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import Consent

NOTE = 500  # characters

c, o = t.consents, t.opt_outs


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentChange:
    """``provider_number_id``: the company number it covers; None: all of them. ``words``: the
    requester's text, or the provider's error code."""

    number: str
    opted_out: bool
    source: Source
    provider_number_id: int | None = None
    words: str | None = None
    agent_id: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRequest:
    """A request by an agent or a program. ``provider_number``: in the form people write; None: all
    of them."""

    number: str
    opted_out: bool
    source: Source
    agent_id: int | None
    provider_number: str | None = None
    note: str | None = None


def record(tx: Transaction, change: ConsentChange) -> int | None:
    """Write a change into the ledger. The transaction must hold the lock on the number's profile
    (``lock``). Returns the entry's id; None when nothing changes.

    An opt-in ends two kinds of opt-outs: those that cover all company numbers, and those of the
    number that was texted. A change for one company number covers all numbers of its messaging
    service.
    """
    where = consents.with_its_service(tx.conn, change.provider_number_id)
    holds = select(o.c.provider_number_id, c.c.source).join(c, c.c.id == o.c.consent_id)
    found = tx.conn.execute(holds.where(o.c.number == change.number))
    standing = {r.provider_number_id: Source(r.source) for r in found}
    own = {place for place, source in standing.items() if source in REQUESTERS_OWN}
    ended = standing.keys() & {EVERY_NUMBER, *where}
    if change.opted_out and where <= (own if change.source in REQUESTERS_OWN else standing.keys()):
        return None  # nobody else can override a change that the requester made
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
    """Lock these numbers. Until the commit, no other transaction can change their consent or send
    to them.
    """
    p = t.messaging_profiles
    tx.conn.execute(
        select(p.c.id)
        .where(one_of(p.c.number, numbers), p.c.active)
        .order_by(p.c.id)
        .with_for_update()
    ).all()
    kept_opt_outs.apply_again(tx, numbers)


def change_consent(tx: Transaction, ask: ConsentRequest) -> Consent:
    """Apply the request of an agent or a program. Returns the number's newest ledger entry.

    Raises BadInput for an unknown provider number. Raises Conflict when nothing would change, and
    when the requester opted out by text: only the requester's START can end such an opt-out.
    """
    provider_id = _provider(tx, ask.provider_number)
    # locked first, in the same order as when texts are received
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
    concerned = consents.with_its_service(tx.conn, provider_id)
    for one in active:
        if concerned & {EVERY_NUMBER, one.provider_number_id}:
            messages.append(tx, one, _line(entry))
    return entry


def import_opt_outs(tx: Transaction, asked: Sequence[ConsentRequest]) -> None:
    """Import opt-outs from another system, in a fixed number of statements. This skips an opt-out
    that exists, or that existed and has ended. So an admin can import the same file again. Raises
    BadInput, which names the unknown provider number."""
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
    stood = select(c.c.number, c.c.provider_number_id).where(
        one_of(c.c.number, numbers), c.c.opted_out
    )
    before = {(r.number, r.provider_number_id) for r in tx.conn.execute(stood)}
    standing = {
        (r.number, r.provider_number_id)
        for r in tx.conn.execute(select(o).where(one_of(o.c.number, numbers)))
    }
    named = {ask.provider_number for ask in asked}
    together = {number: consents.with_its_service(tx.conn, ours.get(number)) for number in named}
    fresh = {
        (ask.number, ours.get(ask.provider_number)): ask
        for ask in asked
        if (ask.number, ours.get(ask.provider_number)) not in before
        and not {(ask.number, place) for place in together[ask.provider_number]} <= standing
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
    """Raise Conflict when consent forbids texts from this provider number to this number. The error
    gives the reason and the time."""
    if why := why_unanswerable(conn, number):
        raise Conflict(why)
    held = consents.opted_out(conn, number, provider_number_id)
    if held is not None:
        raise Conflict(joined(": ", [number, held.why]))


def refused_for_consent(tx: Transaction, message_ids: Sequence[int]) -> None:
    """Record opt-outs for messages that the provider refused because the requester has opted out
    there."""
    if not message_ids:
        return
    m = t.messages
    found = tx.conn.execute(
        select(*m.c["interaction_id", "error_code"]).where(one_of(m.c.id, message_ids))
    )
    codes = {r.interaction_id: r.error_code for r in found}
    # locked first, in the same order as when texts are received
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


def record_in(tx: Transaction, interaction: InteractionRow, change: ConsentChange) -> None:
    """Write a change into the ledger, and a line for agents into a locked conversation with the
    number."""
    if (made := record(tx, change)) is not None:
        messages.append(tx, interaction, _line(consents.by_id(tx.conn, [made])[made]))


def _line(entry: Consent) -> messages.NewMessage:
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
    return messages.NewMessage(
        kind=Kind.SYSTEM,
        author=Author.SYSTEM,
        body=f"{who}. {sentence}",
        event=Event.CONSENT,
        reason=entry.note,
        agent_id=entry.agent.id if entry.agent else None,
    )


def _may_opt_in(tx: Transaction, ask: ConsentRequest, provider_id: int | None) -> None:
    if not ask.note:
        raise BadInput(errors={"note": phrase("must say how they consented")})
    concerned = {EVERY_NUMBER, *consents.with_its_service(tx.conn, provider_id)}
    standing = select(o.c.consent_id).where(
        o.c.number == ask.number, o.c.provider_number_id.in_(concerned)
    )
    for entry in consents.by_id(tx.conn, list(tx.conn.execute(standing).scalars())).values():
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
