"""Write the decisions about a batch of texts, with one statement per database table."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import insert, select

from handoff_service.operations.conversations.receive_sms.facts import Conversation, TextingProfile
from handoff_service.operations.shared.events_at_end import of_lines
from handoff_service.operations.shared.refresh_targets import refresh_targets
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.operations.virtual_agent import redact_secrets
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    Event,
    Kind,
    MediaStatus,
    Owner,
    Status,
    Work,
    WorkItemState,
)
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.bulk import insert_rows, update_rows
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.messaging_actions import timers

ENDED_HOLD = "A text from the requester took this off hold"
_NEW_PROFILES = insert(t.messaging_profiles).returning(*t.messaging_profiles.c["id", "number"])
_NEW_MEDIA = insert(t.media).returning(t.media.c.id)
_NEW_INTERACTIONS = insert(t.interactions).returning(
    *t.interactions.c["id", "requester_number", "provider_number_id"]
)


def write(
    tx: Transaction,
    profiles: dict[str, TextingProfile],
    tied: dict[str, TextingProfile],
    conversations: Collection[Conversation],
) -> None:
    """Write new profiles, profiles that get another user (``tied``, by number), and all changes to
    the conversations. New profiles and conversations get their ids here."""
    _profiles(tx, profiles, tied)
    _interactions(tx, conversations)
    _messages(tx, conversations)
    _work(tx, conversations, _media(tx, conversations))
    # the virtual agent's conversations have no targets before they are handed off
    tx.at_end(
        refresh_targets,
        [c.id for c in conversations if c.owner is not Owner.VIRTUAL_AGENT or c.queue_id],
    )


def _profiles(
    tx: Transaction, profiles: dict[str, TextingProfile], tied: dict[str, TextingProfile]
) -> None:
    new = {number: p for number, p in profiles.items() if p.id == 0}
    if new:
        rows = [
            {"number": n, "user_id": p.user, "active": True, "created_at": tx.now}
            for n, p in new.items()
        ]
        for row in tx.conn.execute(_NEW_PROFILES, rows):
            new[row.number].id = row.id
    changed = [{"id": p.id, "user_id": p.user} for n, p in tied.items() if n not in new]
    update_rows(tx.conn, t.messaging_profiles, changed)


def _interactions(tx: Transaction, conversations: Iterable[Conversation]) -> None:
    new = {(c.number, c.provider.id): c for c in conversations if c.id == 0}
    old = [c for c in conversations if c.id]
    if new:
        rows = [
            {
                "requester_number": c.number,
                "provider_number_id": c.provider.id,
                "profile_id": c.profile.id,
                "user_id": c.user,
                "state": c.state,
                "priority": 3,
                "owner": c.owner,
                "epoch": c.epoch,
                "queue_id": c.queue_id,
                "last_seq": c.seq,
                "opened_at": tx.now,
                "last_message_at": tx.now,
                "unanswered": c.unanswered,
            }
            for c in new.values()
        ]
        for row in tx.conn.execute(_NEW_INTERACTIONS, rows):
            new[(row.requester_number, row.provider_number_id)].id = row.id
    update_rows(
        tx.conn,
        t.interactions,
        [
            {
                "id": c.id,
                "last_seq": c.seq,
                "last_message_at": tx.now,
                "state": c.state,
                "user_id": c.user,
            }
            for c in old
        ],
    )
    update_rows(
        tx.conn, t.interactions, [{"id": c.id, "unanswered": c.unanswered} for c in old if c.began]
    )


def _messages(tx: Transaction, conversations: Iterable[Conversation]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "interaction_id": c.id,
            "seq": seq,
            "kind": Kind.MESSAGE,
            "direction": Direction.INBOUND,
            "author": Author.REQUESTER,
            "body": text.body,
            "status": Status.RECEIVED,
            "owner": c.owner,
            "epoch": c.epoch,
            "provider_sid": text.sid,
            "event": Event.RECOVERED if text.recovered else None,
            "reason": text.recovered,
            "created_at": tx.now,
        }
        for c in conversations
        for seq, text in c.texts
    ]
    sent = {text.sid: text.sent_at for c in conversations for _, text in c.texts if text.recovered}
    if sent:  # most batches have no recovered text, so their rows leave this column out
        rows = [row | {"sent_at": sent.get(row["provider_sid"])} for row in rows]
    insert_rows(tx.conn, t.messages, rows)
    insert_rows(tx.conn, t.messages, _ended_holds(tx, conversations))
    tx.at_end(of_lines, [(row["interaction_id"], row["seq"]) for row in rows])
    for c in conversations:
        redact_secrets.keep(tx, c.id, c.expects, c.answers)


def _ended_holds(tx: Transaction, conversations: Iterable[Conversation]) -> list[dict[str, Any]]:
    """The lines, which agents see, about a text that took the conversation off hold."""
    return [
        {
            "interaction_id": c.id,
            "seq": seq,
            "kind": Kind.SYSTEM,
            "author": Author.SYSTEM,
            "body": ENDED_HOLD,
            "event": Event.STATE,
            "owner": c.owner,
            "epoch": c.epoch,
            "created_at": tx.now,
        }
        for c in conversations
        for seq in c.ended_holds
    ]


def _media(tx: Transaction, conversations: Iterable[Conversation]) -> list[due_work.Due]:
    """Store the media in texts, and return the work that fetches them. Texts without media need no
    query."""
    with_media = {text.sid: text.media for c in conversations for _, text in c.texts if text.media}
    if not with_media:
        return []
    m = t.messages
    found = tx.conn.execute(
        select(m.c.id, m.c.provider_sid).where(one_of(m.c.provider_sid, with_media))
    ).all()
    rows = [
        {
            "message_id": r.id,
            "position": n,
            "url": medium.url,
            "content_type": medium.content_type,
            "status": MediaStatus.WAITING,
            "created_at": tx.now,
        }
        for r in found
        for n, medium in enumerate(with_media[r.provider_sid])
    ]
    made = tx.conn.execute(_NEW_MEDIA, rows).scalars()
    return [
        due_work.Due(kind=Work.FETCH_MEDIA, key=str(i), line=f"media:{i}", due_at=tx.now)
        for i in made
    ]


def _work(
    tx: Transaction, conversations: Iterable[Conversation], fetching: list[due_work.Due]
) -> None:
    """Schedule bot turns after a pause, queue new conversations for live agents, and start
    timers."""
    ends, at_latest = tx.settings.burst_ends(tx.now)
    work = [
        due_work.Due(kind=Work.BOT_TURN, key=str(c.id), line=c.line, due_at=ends, latest=at_latest)
        for c in conversations
        if c.owner is Owner.VIRTUAL_AGENT and c.unanswerable is None
    ]
    queued = [
        c for c in conversations if c.owner is Owner.QUEUE and c.epoch == 1 and c.texts[0][0] == 1
    ]
    if queued:
        tx.conn.execute(
            insert(t.work_items),
            [
                {
                    "interaction_id": c.id,
                    "queue_id": c.queue_id,
                    "state": WorkItemState.QUEUED,
                    "reason": c.reason,
                    "collected": {},
                    "created_at": tx.now,
                }
                for c in queued
            ],
        )
    # the run also texts requesters in a queue that they are waiting
    if queued or any(c.owner is Owner.QUEUE and c.began for c in conversations):
        schedule_offers(tx)
    streaks = [
        timers.UnansweredStreak(c.id, c.line, c.queue_id, c.ended, c.provider.arms)
        for c in conversations
        if c.began
    ]
    due_work.schedule(tx, work + fetching + timers.begin(tx, streaks))
