"""Choose the old models to delete (``rules/training/kept_models.py``). A trainer can pin a model to
keep its file. The page lists pinned models under "Files kept"."""

from dataclasses import dataclass

from sqlalchemy import update

from handoff_service.errors import Conflict
from handoff_service.operations.training.keep_items import TRAINER
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import ModelState
from handoff_service.rules.training.kept_models import deletable
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.training import models

m = t.bot_models


@dataclass(frozen=True, slots=True, kw_only=True)
class PinModel:
    hash: str
    is_pinned: bool


def pin_model(tx: Transaction, command: PinModel) -> None:
    """Pin or unpin a model, whose file is kept as long as it is pinned. Raises NotFound for an
    unknown hash, and Conflict when the file is gone.
    """
    model = models.get(tx.conn, command.hash)
    if model.state is ModelState.GONE and command.is_pinned:
        raise Conflict(phrase("The file of this model is gone, so it cannot be kept."))
    tx.conn.execute(update(m).where(m.c.hash == model.hash).values(is_pinned=command.is_pinned))
    tx.hint(TRAINER)


def drop_old_models(tx: Transaction, _: None) -> list[str]:
    """Mark the models to delete as gone. Returns the names of their files, which the caller must
    delete."""
    found = deletable(models.list_(tx.conn), models.have_run(tx.conn))
    if found:
        these = one_of(m.c.hash, [one.hash for one in found])
        tx.conn.execute(update(m).where(these).values(state=ModelState.GONE, since=tx.now))
        tx.hint(TRAINER)
    return [one.file for one in found]
