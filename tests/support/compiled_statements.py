"""The compiled statements of every engine in a test process. Without sharing, each engine would
compile them again."""

from collections.abc import Hashable
from typing import Any

MOST_STATEMENTS = 5000
#: the first item is the dialect; SQLAlchemy makes a new dialect for each engine
type Key = tuple[Any, ...]


class CompiledStatements(dict[Hashable, Any]):
    """The mapping for SQLAlchemy's execution option ``compiled_cache``. All engines of one dialect
    share its content."""

    def get(self, key: Key, default: Any = None) -> Any:  # type: ignore[override]
        return super().get(_shared(key), default)

    def __setitem__(self, key: Key, compiled: Any) -> None:  # type: ignore[override]
        if len(self) >= MOST_STATEMENTS:
            self.clear()
        super().__setitem__(_shared(key), compiled)


def _shared(key: Key) -> Key:
    dialect, *rest = key
    return dialect.name, dialect.driver, *rest
