"""Read the messages that are about to be sent, with the facts for the send gates."""

from collections.abc import Sequence

from sqlalchemy import Connection, exists, select

from handoff_service.operations.delivery.send_gates import Row
from handoff_service.rules.conversations import media_links
from handoff_service.rules.delivery.message_status import DID_NOT_ARRIVE
from handoff_service.rules.shared.vocabulary import Status
from handoff_service.store.consent import consents
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

_OUTGOING = (
    select(
        *t.messages.c["id", "status", "body", "author", "event", "created_at"],
        *t.messages.c["interaction_id", "retries", "segments"],
        *t.interactions.c["requester_number", "provider_number_id", "user_id", "owner"],
        consents.blocking_entry(
            t.interactions.c.requester_number, t.interactions.c.provider_number_id
        ).label("opted_out"),
        t.provider_numbers.c.messaging_service,
        t.provider_numbers.c.number.label("sender"),
        exists().where(t.media.c.message_id == t.messages.c.id).label("with_media"),
    )
    .join(t.interactions, t.interactions.c.id == t.messages.c.interaction_id)
    .join(t.provider_numbers, t.provider_numbers.c.id == t.interactions.c.provider_number_id)
    .where(one_of(t.messages.c.id, "ids"))
)
# a concurrent consent change either waits for these locks or is visible to the next statement
_SHARED_LOCKS = (
    select(t.messaging_profiles.c.id)
    .where(
        t.messaging_profiles.c.active,
        t.messaging_profiles.c.number.in_(
            select(t.interactions.c.requester_number)
            .join(t.messages, t.messages.c.interaction_id == t.interactions.c.id)
            .where(one_of(t.messages.c.id, "ids"))
        ),
    )
    .order_by(t.messaging_profiles.c.id)
    .with_for_update(read=True)
)


def outgoing_rows(conn: Connection, ids: Sequence[int]) -> dict[int, Row]:
    """Message id -> the message. Locks the active profiles of the messages' requesters for
    reading, so that their consent cannot change until the commit."""
    given = {"ids": list(ids)}
    conn.execute(_SHARED_LOCKS, given).all()
    return {r.id: r for r in conn.execute(_OUTGOING, given)}


def is_waiting(row: Row) -> bool:
    """Whether the message has certainly not been sent, or has failed and its retry is due."""
    return row.status == Status.QUEUED or (row.retries > 0 and row.status in DID_NOT_ARRIVE)


def new_links(tx: Transaction, with_media: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Message id -> new links to its pictures, for this attempt."""
    if not with_media:
        return {}
    d = t.media
    query = (
        select(d.c.message_id, d.c.id)
        .where(one_of(d.c.message_id, with_media))
        .order_by(d.c.position)
    )
    found: dict[int, tuple[str, ...]] = {}
    for r in tx.conn.execute(query):
        made = media_links.link(tx.settings.public_url, tx.settings.link_key, r.id, tx.now)
        found[r.message_id] = (*found.get(r.message_id, ()), made)
    return found
