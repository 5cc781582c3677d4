"""The port to the training data, from which operations delete a person's texts."""

from typing import Protocol

from handoff_service.rules.shared.phrases import phrase


class TaughtExamples(Protocol):
    async def forget(self, intent: str, example: str, *, is_test: bool) -> str | None:
        """Remove an example from the training data, or from the test texts. Returns the reason why
        it could not be removed; None when it is gone."""


class NoExamples:
    """The implementation for a process without training data."""

    async def forget(self, intent: str, example: str, *, is_test: bool) -> str | None:
        return phrase("This process has no training data.")
