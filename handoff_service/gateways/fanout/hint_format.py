"""The format of hints between processes: a JSON array of the channel, the interaction's id and the
agent's id."""

from collections.abc import Sequence

from handoff_service.store.engine.transaction import Hint


def as_list(hint: Hint) -> list[str | int | None]:
    return [hint.channel, hint.interaction_id, hint.by]


def read_hint(fields: Sequence[object]) -> Hint:
    """Parse a hint from another process. Raises TypeError if it is invalid."""
    return _hint(*fields)


def _hint(channel: object, interaction_id: object = None, by: object = None) -> Hint:
    if not isinstance(channel, str) or not all(
        one is None or type(one) is int for one in (interaction_id, by)
    ):
        raise TypeError
    return Hint(channel, interaction_id, by)  # type: ignore[arg-type]  # checked above
