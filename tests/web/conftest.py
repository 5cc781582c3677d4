"""Fixtures for all tests of pages and of the API."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def _short_stops() -> Iterator[None]:
    """A service waits at its end for a bot that hangs; not here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("handoff_service.app.WORK_WITHIN", 0.5)
        yield
