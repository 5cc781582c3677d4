"""Fixtures for all tests of pages and of the API."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher


@pytest.fixture(scope="module", autouse=True)
def _short_stops() -> Iterator[None]:
    """A service waits at its end for a bot that hangs; not here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("handoff_service.app.WORK_WITHIN", 0.5)
        yield


@pytest.fixture(scope="module", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Passwords are made to take time; not here."""
    with pytest.MonkeyPatch.context() as patch:
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr("handoff_service.operations.desk.sign_in._hasher", cheap)
        yield
