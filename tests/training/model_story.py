"""Helpers for tests of promotions: registered and measured models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert

from handoff_service.operations.training.change_model import (
    NewModel,
    SetScores,
    register_model,
    set_scores,
)
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.training import models

FIRST, SECOND, THIRD = "aaaa1111", "bbbb2222", "cccc3333"


async def registered(store: Store, hash: str, **scores: Any) -> None:
    """Register a model that was measured together with the first one, unless ``scores`` differs."""
    await store.write(register_model, NewModel(hash=hash, file=f"{hash}.tar.gz", data_hash="d"))
    given: Mapping[str, Any] = {"against": FIRST, "reasons": [], "pinned": [], **scores}
    await store.write(set_scores, SetScores(hash=hash, scores=given))


async def states(store: Store) -> dict[str, str]:
    return {one.hash: one.state for one in await store.read(models.list_)}


def pin(tx: Transaction, text: str) -> None:
    agent = tx.conn.execute(t.agents.select()).first()
    assert agent is not None
    tx.conn.execute(
        insert(t.pinned_texts).values(
            text=text, fold=text, intent="report_problem", agent_id=agent.id, made_at=tx.now
        )
    )
