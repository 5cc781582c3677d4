"""Store a requester's text as a trainer item, which waits for a label. The transaction that finds a
reason to label the text stores the item.

A text has at most one item. If there are several reasons to label it, the reason with the greatest
weight counts. A random tenth of all texts goes to the audit lane, which never becomes training
data.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import insert, select, update

from handoff_service.rules.identity.proof import Expects
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    ItemSource,
    ItemState,
    Kind,
    TrainerLane,
)
from handoff_service.rules.training import clusters, order
from handoff_service.rules.training.intents import GATES, guesses
from handoff_service.rules.training.masking import masked, without_masks
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.training.people_in_text import people_in

i = t.trainer_items
TRAINER = "trainer"  # the channel of hints to the trainer's pages
#: A text is a secret, and never becomes an item, if a proof expected one of these answers.
SECRET = frozenset({Expects.CODE, Expects.FACT})
COMPARED = 400  # a new text is compared with this many of the newest clusters
LONGEST = 1600  # the most characters of an item


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnText:
    """The text that the virtual agent answered in a turn."""

    turn_id: int
    #: the requester's texts in the turn, as the virtual agent got them
    body: str
    #: the position of the last message in the conversation that the turn answers
    up_to_seq: int
    intent: str | None
    confidence: float | None
    ranking: Sequence[tuple[str, float]]
    model: str | None
    form: str | None
    slot: str | None
    #: the answer that a running proof expected at that time
    expected: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReason:
    """Why a text is worth a label. ``suggestion``: the intent of the requester's next text, which
    reworded it. ``agent_id``: the agent who marked the text."""

    source: ItemSource
    suggestion: str | None = None
    agent_id: int | None = None


def keep_item(
    tx: Transaction, interaction: InteractionRow, text: TurnText, reason: LabelReason | None
) -> int | None:
    """Create the item of a text, or add a reason to it. Returns the item's id.

    Returns None for a text that gets no item: a secret, a text of which masking leaves no words,
    and a text that has no reason and was not drawn for the audit lane.
    """
    drawn = order.is_drawn(tx.settings.link_key, TrainerLane.AUDIT, text.turn_id)
    if text.expected in SECRET or (reason is None and not drawn):
        return None
    found = tx.conn.execute(select(i).where(i.c.bot_turn_id == text.turn_id)).one_or_none()
    if found is not None:
        _add_reason(tx, found, reason)
        return int(found.id)
    lane = TrainerLane.AUDIT if drawn else TrainerLane.TEACH
    why = LabelReason(source=ItemSource.AUDIT) if reason is None else reason
    return _new_item(tx, interaction, text, lane, why)


def _new_item(
    tx: Transaction,
    interaction: InteractionRow,
    text: TurnText,
    lane: TrainerLane,
    why: LabelReason,
) -> int | None:
    asked = _question(tx, interaction.id, text.up_to_seq)
    known = people_in(tx.conn, [text.body, asked or ""], interaction.id)
    masked_text = masked(text.body[:LONGEST], names=known.names, own=known.own, ids=known.ids)
    if not without_masks(masked_text):
        return None
    question = masked(asked, names=known.names, own=known.own, ids=known.ids) if asked else None
    source = ItemSource.AUDIT if lane is TrainerLane.AUDIT else why.source
    made = tx.conn.execute(
        insert(i)
        .values(
            bot_turn_id=text.turn_id,
            interaction_id=interaction.id,
            text=masked_text,
            fold=clusters.fold_hash(masked_text),
            lane=lane,
            source=source,
            weight=order.WEIGHTS[source],
            margin=order.margin_of(source, text.ranking),
            intent=text.intent,
            confidence=_confidence(text),
            ranking=[list(one) for one in guesses(text.ranking)],
            model=text.model,
            form=text.form,
            slot=text.slot,
            question=question,
            suggestion=why.suggestion,
            requester=_requester(tx, interaction.requester_number),
            cluster=0,
            state=ItemState.WAITING,
            marked_by=why.agent_id,
            marked_at=tx.now if why.agent_id is not None else None,
            created_at=tx.now,
        )
        .returning(i.c.id)
    ).scalar_one()
    cluster = _cluster(tx, made, masked_text, lane) or made
    tx.conn.execute(update(i).where(i.c.id == made).values(cluster=cluster))
    tx.hint(TRAINER)
    return int(made)


def _confidence(text: TurnText) -> float | None:
    """The confidence of the intent that the classifier found. A gate may have replaced this
    intent."""
    if text.intent not in GATES:
        return text.confidence
    return max((share for _, share in guesses(text.ranking)), default=None)


def _add_reason(
    tx: Transaction, item: sa.Row[tuple[object, ...]], reason: LabelReason | None
) -> None:
    if reason is None:
        return
    values: dict[str, object] = {}
    if item.lane != TrainerLane.AUDIT and order.WEIGHTS[reason.source] > item.weight:
        values |= {"source": reason.source, "weight": order.WEIGHTS[reason.source]}
        values |= {"margin": order.margin_of(reason.source, item.ranking)}
    if reason.suggestion is not None:
        values["suggestion"] = reason.suggestion
    if reason.agent_id is not None and item.marked_by is None:
        values |= {"marked_by": reason.agent_id, "marked_at": tx.now}
    if values:
        tx.conn.execute(update(i).where(i.c.id == item.id).values(**values))
        tx.hint(TRAINER)


def _cluster(tx: Transaction, item_id: int, body: str, lane: TrainerLane) -> int | None:
    """The cluster of the most similar text that waits in this lane. None if no text is similar
    enough."""
    waits = (i.c.lane == lane, i.c.state == ItemState.WAITING, i.c.id != item_id)
    same = select(i.c.cluster).where(*waits, i.c.fold == clusters.fold_hash(body))
    found = tx.conn.execute(same.limit(1)).scalar()
    if found is not None:
        return int(found)
    firsts = select(i.c.id, i.c.text).where(*waits, i.c.cluster == i.c.id)
    rows = tx.conn.execute(firsts.order_by(i.c.id.desc()).limit(COMPARED))
    return clusters.nearest(body, [(row.id, row.text) for row in rows])


def _question(tx: Transaction, interaction_id: int, up_to_seq: int) -> str | None:
    """The virtual agent's last message before the text."""
    m = t.messages
    first = (
        select(sa.func.max(t.bot_turns.c.up_to_seq))
        .where(t.bot_turns.c.interaction_id == interaction_id, t.bot_turns.c.up_to_seq < up_to_seq)
        .scalar_subquery()
    )
    query = select(m.c.body).where(
        m.c.interaction_id == interaction_id,
        m.c.kind == Kind.MESSAGE,
        m.c.direction == Direction.OUTBOUND,
        m.c.author == Author.VIRTUAL_AGENT,
        m.c.seq > first,
        m.c.seq < up_to_seq,
    )
    return tx.conn.execute(query.order_by(m.c.seq.desc()).limit(1)).scalar()


def key_requesters_again(tx: Transaction) -> None:
    """Hash the requesters' numbers again with the current secret key, so that all items of a
    requester have the same hash after a key rotation."""
    n = t.interactions
    found = select(n.c.requester_number).join(i, i.c.interaction_id == n.c.id).distinct()
    for number in tx.conn.execute(found).scalars().all():
        its = select(n.c.id).where(n.c.requester_number == number)
        again = update(i).where(i.c.interaction_id.in_(its))
        tx.conn.execute(again.values(requester=_requester(tx, number)))


def _requester(tx: Transaction, number: str) -> str:
    """A keyed hash that distinguishes requesters without storing their numbers."""
    key = tx.settings.link_key.encode()
    return hmac.new(key, f"requester:{number}".encode(), hashlib.sha256).hexdigest()[:16]
