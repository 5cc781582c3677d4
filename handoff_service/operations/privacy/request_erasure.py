"""Request the erasure of a person. A worker then runs it as due work, one step at a time."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.shared.audit import AuditEntry, audit
from handoff_service.rules.desk.audit import AuditAction, Subject
from handoff_service.rules.privacy.erasures import ORDER, SHARED, ErasureState
from handoff_service.rules.shared.phrases import filled, phrase
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.consent.kept_opt_outs import number_hash, own_key
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.privacy import mentions, people
from handoff_service.store.privacy.counts import count
from handoff_service.store.privacy.people import Person

NOBODY = phrase(
    "Nothing is stored about this person, so there is nothing to erase. Check the number."
)

e = t.erasures


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedPerson:
    """The person whose data to erase or to archive: either a number in E.164 or a user."""

    number: str | None = None
    user_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestErasure:
    """``agent_id`` None: a console command requests it. ``planned``: the counts of the preview."""

    whom: RequestedPerson
    agent_id: int | None
    planned: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePreview:
    """What an erasure would remove. ``counts``: kind -> number. ``shared``: a sentence for each
    number that stays, because somebody else has it too."""

    name: str | None
    numbers: list[str]
    shared: list[str]
    counts: dict[str, int]


def preview(conn: Connection, whom: RequestedPerson) -> ErasurePreview:
    """Preview an erasure. This reads whole tables. Raises NotFound when nothing is stored."""
    person = people.find(conn, number=whom.number, user_id=whom.user_id)
    counts = count(conn, person)
    words = mentions.words_about(conn, person.numbers, person.user_id)
    words = mentions.own_words(conn, words, person.user_id)
    others = _mentions_elsewhere(conn, person, words)
    counts |= {"mentions": others} if others else {}
    if not counts:
        raise NotFound(NOBODY)
    return ErasurePreview(
        name=person.name,
        numbers=list(person.numbers),
        shared=[filled(SHARED, number=number, name=name) for number, name in person.shared.items()],
        counts=counts,
    )


def _mentions_elsewhere(conn: Connection, person: Person, words: list[str]) -> int:
    """The number of messages in other people's conversations that mention the person."""
    mine = set(conn.execute(people.conversations(person.numbers, person.user_id)).scalars())
    ids = next((f.keys for f in mentions.find(conn, words) if f.table == t.messages.name), ())
    m = t.messages
    of = conn.execute(select(m.c.interaction_id).where(m.c.id.in_(ids))).scalars() if ids else ()
    return sum(one not in mine for one in of)


def request_erasure(tx: Transaction, command: RequestErasure) -> int:
    """Start an erasure and return its id. Raises NotFound for an unknown user. Raises Conflict
    while the same person is being erased."""
    person = people.find(tx.conn, number=command.whom.number, user_id=command.whom.user_id)
    key = own_key(tx)
    hashes = [number_hash(key, number) for number in person.numbers]
    running = tx.conn.execute(select(e).where(e.c.state == ErasureState.RUNNING)).all()
    for one in running:
        if set(one.number_hashes) & set(hashes) or (one.user_id and one.user_id == person.user_id):
            raise Conflict(
                phrase(
                    "This person is already being erased. Open the receipt {number}.",
                    number=f"ERA{one.id:07}",
                )
            )
    newest = select(func.coalesce(func.max(t.interactions.c.id), 0)).scalar_subquery()
    row = {
        "agent_id": command.agent_id,
        "state": ErasureState.RUNNING,
        "step": ORDER[0],
        "numbers": list(person.numbers),
        "user_id": person.user_id,
        "words": mentions.words_about(tx.conn, person.numbers, person.user_id),
        "number_hashes": hashes,
        "planned": dict(command.planned),
        "left": [SHARED.format(number="A number", name="somebody else") for _ in person.shared],
        "requested_at": tx.now,
        "newest_interaction": newest,
    }
    made: int = tx.conn.execute(insert(e).values(**row).returning(e.c.id)).scalar_one()
    work = due_work.Due(kind=Work.ERASE, key=str(made), line=f"erase:{made}", due_at=tx.now)
    due_work.schedule(tx, [work])
    entry = AuditEntry(
        action=AuditAction.DELETED,
        subject=Subject.PERSONAL_DATA,
        name=f"ERA{made:07}",
        agent_id=command.agent_id,
    )
    audit(tx, entry)
    return made
