"""Shares compiled SQL statements between all engines of a test process. Otherwise each engine would
compile them again.
"""

from collections.abc import Hashable
from typing import Any

MOST_STATEMENTS = 5000
#: The first item of a key is the dialect. SQLAlchemy creates a new dialect for each engine.
type Key = tuple[Any, ...]


class CompiledStatements(dict[Hashable, Any]):
    """A mapping for SQLAlchemy's execution option ``compiled_cache``. All engines of one dialect
    share its content.
    """

    def get(self, key: Key, default: Any = None) -> Any:  # type: ignore[override]
        return super().get(_shared(key), default)

    def __setitem__(self, key: Key, compiled: Any) -> None:  # type: ignore[override]
        if len(self) >= MOST_STATEMENTS:
            self.clear()
        super().__setitem__(_shared(key), compiled)


def _shared(key: Key) -> Key:
    dialect, *rest = key
    return dialect.name, dialect.driver, *rest
