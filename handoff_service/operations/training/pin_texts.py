"""Pin a text to an intent. A new model can be promoted only if it gives the text this intent."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import insert, update

from handoff_service.errors import NotFound
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.training import clusters
from handoff_service.rules.training.masking import without_masks
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

p = t.pinned_texts


def pin_item(tx: Transaction, item: sa.Row[*tuple[Any, ...]], intent: str, agent_id: int) -> None:
    """Pin the text to the intent. A new pin replaces the earlier pin of the same text, form and
    slot."""
    text = without_masks(item.text)
    if not text:
        return
    fold = clusters.fold_hash(text)
    same = (p.c.fold == fold, p.c.removed_at.is_(None))
    asked = (p.c.form.is_not_distinct_from(item.form), p.c.slot.is_not_distinct_from(item.slot))
    tx.conn.execute(update(p).where(*same, *asked).values(removed_at=tx.now))
    tx.conn.execute(
        insert(p).values(
            text=text,
            fold=fold,
            intent=intent,
            form=item.form,
            slot=item.slot,
            item_id=item.id,
            agent_id=agent_id,
            made_at=tx.now,
        )
    )


def remove_pin(tx: Transaction, pinned_id: int) -> None:
    """Unpin a text. Raises NotFound when it is not pinned."""
    active_pin = p.c.id == pinned_id, p.c.removed_at.is_(None)
    gone = tx.conn.execute(update(p).where(*active_pin).values(removed_at=tx.now))
    if gone.rowcount == 0:
        raise NotFound(phrase("This text is not required. Reload the page."))
