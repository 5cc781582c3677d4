"""Fixtures for tests of the virtual agent's models."""

import pytest

from handoff_service.operations.training.change_model import RunAtStart, run_at_start
from handoff_service.store.engine.store import Store
from tests.training.model_story import FIRST, registered


@pytest.fixture
async def first(store: Store) -> Store:
    """A store whose desk runs the first model."""
    await registered(store, FIRST)
    await store.write(run_at_start, RunAtStart(hash=FIRST))
    return store
