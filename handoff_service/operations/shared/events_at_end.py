"""Record the webhook events that other operations cause. Operations register these functions with
``Transaction.at_end``, which calls each one before the commit, with the keys of the written
rows."""

from collections.abc import Collection, Iterator

from handoff_service.operations.shared.record_events import NewEvent, is_wanted, record_events
from handoff_service.rules.shared.vocabulary import Event, Status, WebhookEvent
from handoff_service.rules.webhooks import payloads as p
from handoff_service.rules.webhooks.events import REPORTED, events_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.webhooks import event_facts

OF_LINES = frozenset(
    {
        WebhookEvent.CONVERSATION_OPENED,
        WebhookEvent.CONVERSATION_HANDED_OFF,
        WebhookEvent.CONVERSATION_ASSIGNED,
        WebhookEvent.CONVERSATION_TRANSFERRED,
        WebhookEvent.CONVERSATION_RETURNED,
        WebhookEvent.CONVERSATION_CLOSED,
        WebhookEvent.CONVERSATION_REOPENED,
        WebhookEvent.MESSAGE_INBOUND,
        WebhookEvent.MESSAGE_OUTBOUND,
        WebhookEvent.RATING_GIVEN,
    }
)


def of_lines(tx: Transaction, places: Collection[tuple[int, int]]) -> None:
    """Record the events of new messages and lines. ``places``: pairs of the interaction's id and
    the position (``seq``)."""
    if is_wanted(tx, OF_LINES):
        record_events(tx, _of_lines(tx, places))


def _of_lines(tx: Transaction, places: Collection[tuple[int, int]]) -> Iterator[NewEvent]:
    rows = event_facts.lines(tx.conn, places)
    ids = {row.interaction_id for row in rows}
    conversations = event_facts.conversations(tx.conn, ids)
    graded = [r.interaction_id for r in rows if r.event in (Event.GRADE, Event.GRADE_COMMENT)]
    ratings = event_facts.ratings(tx.conn, graded) if graded else {}
    for row in rows:
        conversation = conversations[row.interaction_id]
        for kind in events_of(event_facts.as_line(row)):
            data: object
            if kind in (WebhookEvent.MESSAGE_INBOUND, WebhookEvent.MESSAGE_OUTBOUND):
                message = event_facts.as_message(row)
                data = p.MessageData(message=message, conversation=conversation)
            elif kind is WebhookEvent.RATING_GIVEN:
                if (rating := ratings.get(row.interaction_id)) is None:
                    continue
                data = p.RatingData(rating=rating, conversation=conversation)
            else:
                changed = row.event == Event.OWNER_CHANGED
                change = p.EventOwner(reason=row.reason, agent_id=row.agent_id) if changed else None
                data = p.ConversationData(conversation=conversation, change=change)
            yield _about(kind, row.interaction_id, data)


def of_statuses(tx: Transaction, message_ids: Collection[int]) -> None:
    """Record an event for each of these texts whose current status is one that webhooks get
    (``REPORTED``)."""
    if not is_wanted(tx, {WebhookEvent.MESSAGE_STATUS}):
        return
    rows = event_facts.texts(tx.conn, message_ids)
    reported = [row for row in rows if row.status and Status(row.status) in REPORTED]
    conversations = event_facts.conversations(tx.conn, {row.interaction_id for row in reported})
    record_events(
        tx,
        [
            _about(
                WebhookEvent.MESSAGE_STATUS,
                row.interaction_id,
                p.StatusData(
                    message=event_facts.as_status(row),
                    conversation=conversations[row.interaction_id],
                ),
            )
            for row in reported
        ],
    )


def of_identities(tx: Transaction, interaction_ids: Collection[int]) -> None:
    """Record an event for each of these conversations, because its user or its proof has
    changed."""
    if not is_wanted(tx, {WebhookEvent.IDENTITY_CHANGED}):
        return
    conversations = event_facts.conversations(tx.conn, interaction_ids)
    record_events(
        tx,
        [
            _about(
                WebhookEvent.IDENTITY_CHANGED,
                interaction_id,
                p.IdentityData(identity=identity, conversation=conversations[interaction_id]),
            )
            for interaction_id, identity in sorted(
                event_facts.identities(tx.conn, interaction_ids).items()
            )
        ],
    )


def of_consents(tx: Transaction, ids: Collection[int]) -> None:
    """Record an event for each of these new entries of the consent ledger."""
    if is_wanted(tx, {WebhookEvent.CONSENT_CHANGED}):
        record_events(
            tx,
            [
                NewEvent(
                    type=WebhookEvent.CONSENT_CHANGED,
                    subject=f"number:{one.number}",
                    data=p.ConsentData(consent=one),
                )
                for one in event_facts.consents(tx.conn, ids)
            ],
        )


def of_presences(tx: Transaction, ids: Collection[int]) -> None:
    """Record an event for each of these new entries of the presence history."""
    if is_wanted(tx, {WebhookEvent.PRESENCE_CHANGED}):
        record_events(
            tx,
            [
                NewEvent(
                    type=WebhookEvent.PRESENCE_CHANGED,
                    subject=f"agent:{one.agent_id}",
                    data=p.PresenceData(presence=one),
                )
                for one in event_facts.presences(tx.conn, ids)
            ],
        )


def _about(kind: WebhookEvent, interaction_id: int, data: object) -> NewEvent:
    subject = f"conversation:{interaction_id}"
    return NewEvent(type=kind, subject=subject, data=data, interaction_id=interaction_id)
