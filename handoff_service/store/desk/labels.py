"""Labels, and the labels of conversations."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from handoff_service.errors import NotFound
from handoff_service.rules.desk.labels import Color
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Label

b, c = t.labels, t.conversation_labels
_COLUMNS = b.c["id", "name", "color", "topic"]
_BY_NAME = select(*_COLUMNS).order_by(func.lower(b.c.name), b.c.id)
# Build the statement once, because building it costs more than running it.
_OF_INTERACTIONS = (
    select(c.c.interaction_id, c.c.is_topic, *_COLUMNS)
    .join(b, b.c.id == c.c.label_id)
    .where(one_of(c.c.interaction_id, "ids"))
    .order_by(func.lower(b.c.name), b.c.id)
)


@dataclass(frozen=True, slots=True)
class OfConversation:
    """The labels of a conversation, and the one that is its topic."""

    labels: list[Label]
    topic: Label | None


NONE = OfConversation([], None)


def list_(conn: Connection, words: str = "") -> list[Label]:
    """Return labels, sorted by name. ``words``: only labels with this text in the name."""
    query = _BY_NAME
    if words.strip():
        query = query.where(b.c.name.icontains(words.strip(), autoescape=True))
    return [_label(r) for r in conn.execute(query)]


def get(conn: Connection, label_id: int) -> Label:
    """Return this label. Raises NotFound for an unknown id."""
    row = conn.execute(select(*_COLUMNS).where(b.c.id == label_id)).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no label {id}.", id=label_id))
    return _label(row)


def of_interactions(conn: Connection, ids: Collection[int]) -> dict[int, OfConversation]:
    """Return each interaction's labels, sorted by name. Interactions without labels are left
    out."""
    if not ids:
        return {}
    found: dict[int, list[tuple[Label, bool]]] = {}
    for r in conn.execute(_OF_INTERACTIONS, {"ids": list(ids)}):
        found.setdefault(r.interaction_id, []).append((_label(r), r.is_topic))
    return {
        interaction_id: OfConversation(
            [label for label, _ in labels], next((one for one, topic in labels if topic), None)
        )
        for interaction_id, labels in found.items()
    }


def conversations_with(conn: Connection, label_id: int) -> int:
    """Return how many conversations have this label."""
    query = select(func.count()).where(c.c.label_id == label_id)
    return conn.execute(query).scalar_one()


def _label(r: Any) -> Label:
    return Label(id=r.id, name=r.name, color=Color(r.color), topic=r.topic)
