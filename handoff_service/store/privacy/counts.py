"""Counts the rows that an erasure would remove, by kind."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Direction, Kind, Status
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.privacy import people
from handoff_service.store.privacy.people import Person

i, m = t.interactions, t.messages
#: kind -> its title in the list
TITLES: Mapping[str, str] = {
    "conversations": phrase("Conversations"),
    "open_conversations": phrase("Open conversations, which are closed first without a text"),
    "texts": phrase("Texts"),
    "notes": phrase("Private notes"),
    "media": phrase("Pictures and files"),
    "cases": phrase("Cases"),
    "webhook_calls": phrase("Webhook events, sent or waiting"),
    "proofs": phrase("Identity checks"),
    "trainer_items": phrase("Texts on the trainer's pages"),
    "examples": phrase("Training examples from this person's texts"),
    "provider_copies": phrase("Texts at the SMS provider"),
    "consent_entries": phrase("Consent entries (an opt-out survives as a keyed hash)"),
    "profiles": phrase("Messaging profiles"),
    "users": phrase("User records"),
    "mentions": phrase("Rows of other people that mention this person"),
    # only on receipts: rows that an erasure has emptied or deleted
    "messages": phrase("Texts, notes and event lines"),
    "bot_turns": phrase("Answers of the virtual agent"),
    "proof_answers": phrase("Answers to identity checks"),
    "conversation_attributes": phrase("Attributes of conversations"),
    "scheduled_texts": phrase("Scheduled texts"),
    "colleague_notices": phrase("Notices to colleagues"),
    "promises": phrase("Promises"),
    "satisfaction_questions": phrase("Ratings"),
    "associations": phrase("Entries of who was verified as whom"),
    "assignment_log": phrase("Entries of why agents were chosen"),
    "work_items": phrase("Offers to agents"),
    "case_changes": phrase("Changes of cases"),
    "interactions": phrase("Descriptions of conversations"),
    "replayed_texts": phrase("Texts that a new model was tried with"),
    "pinned_texts": phrase("Texts that trainers pinned"),
    "trainer_labels": phrase("Labels by trainers"),
    "audit_entries": phrase("Entries of the audit log"),
    "deleted_records": phrase("Records of users who were deleted earlier"),
}


def count(conn: Connection, person: Person) -> dict[str, int]:
    """Return the number of rows by the kinds in ``TITLES``. Kinds without rows are left out."""
    ids = people.conversations(person.numbers, person.user_id).subquery()
    mine = select(ids.c.id)
    messages = select(m.c.id).where(m.c.interaction_id.in_(mine))
    of_person: sa.ColumnElement[bool] = t.cases.c.interaction_id.in_(mine)
    if person.user_id is not None:
        of_person |= t.cases.c.user_id == person.user_id
    items = select(t.trainer_items.c.id).where(t.trainer_items.c.interaction_id.in_(mine))
    w = t.webhook_calls.c
    calls = w.case_id.in_(select(t.cases.c.id).where(of_person)) | w.interaction_id.in_(mine)
    has_example = t.trainer_labels.c.file.is_not(None) & t.trainer_labels.c.undone_at.is_(None)
    wanted: dict[str, tuple[sa.Table, sa.ColumnElement[bool]]] = {
        "conversations": (i, i.c.id.in_(mine)),
        "open_conversations": (i, i.c.id.in_(mine) & i.c.closed_at.is_(None)),
        "texts": (m, m.c.interaction_id.in_(mine) & (m.c.kind == Kind.MESSAGE)),
        "notes": (m, m.c.interaction_id.in_(mine) & (m.c.kind == Kind.NOTE)),
        "media": (t.media, t.media.c.message_id.in_(messages)),
        "cases": (t.cases, of_person),
        "webhook_calls": (t.webhook_calls, calls),
        "proofs": (t.proofs, t.proofs.c.interaction_id.in_(mine)),
        "trainer_items": (t.trainer_items, t.trainer_items.c.id.in_(items)),
        "examples": (t.trainer_labels, t.trainer_labels.c.item_id.in_(items) & has_example),
        "provider_copies": (m, m.c.interaction_id.in_(mine) & at_provider()),
        "consent_entries": (t.consents, one_of(t.consents.c.number, person.numbers)),
        "profiles": (
            t.messaging_profiles,
            one_of(t.messaging_profiles.c.number, person.numbers),
        ),
        "users": (t.users, _records(person)),
    }
    found = {
        name: conn.execute(select(func.count()).select_from(table).where(where)).scalar_one()
        for name, (table, where) in wanted.items()
    }
    return {name: number for name, number in found.items() if number}


def _records(person: Person) -> sa.ColumnElement[bool]:
    """Build a condition on ``users``: the person, and the users who were merged into them."""
    if person.user_id is None:
        return sa.false()
    return (t.users.c.id == person.user_id) | (t.users.c.merged_into == person.user_id)


def at_provider() -> sa.ColumnElement[bool]:
    """Build a condition on ``messages``: whether the provider has a copy."""
    sent = m.c.direction.in_((Direction.INBOUND, Direction.OUTBOUND))
    return m.c.provider_sid.is_not(None) & sent & (m.c.status != Status.CANCELED)
