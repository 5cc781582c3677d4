"""Helpers for tests of erasures: a provider and a bot with configurable answers, and dumps of all
stored data.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from handoff_service.ports.bot import BotAnswer, BotFailed, Question
from handoff_service.ports.sms_provider import NotErased
from handoff_service.store.engine.database import engine


@dataclass(slots=True)
class GoodProvider:
    """A provider that erases each text, unless it ``objects``."""

    objects: NotErased | OSError | None = None
    erased: list[str] = field(default_factory=list)

    async def erase(self, sid: str) -> NotErased | None:
        if isinstance(self.objects, OSError):
            raise self.objects
        if self.objects is None:
            self.erased.append(sid)
        return self.objects

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"an erasure does not call {name}")


@dataclass(slots=True)
class BotWithMemory:
    """A bot that records the conversations that the service asks it to forget."""

    fails: str | None = None
    forgotten: list[str] = field(default_factory=list)

    async def ask(self, question: Question) -> BotAnswer:
        raise BotFailed("It answers nobody.")

    async def forget(self, senders: Sequence[str]) -> None:
        if self.fails is not None:
            raise BotFailed(self.fails)
        self.forgotten += senders

    async def close(self) -> None:
        pass


def everything_in(url: str) -> dict[str, str]:
    """Return table -> its rows as text. The list of tables comes from the database itself."""
    opened = engine(url, size=1, writes=False)
    with opened.connect() as conn:
        names = sa.inspect(conn).get_table_names()
        found = {}
        for name in names:
            rows = conn.exec_driver_sql(f'SELECT * FROM "{name}"').all()
            found[name] = "\n".join(_text(row) for row in rows)
    opened.dispose()
    return found


def _text(row: sa.Row[Any]) -> str:
    return " ".join(
        value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in row
    )


def files_with(folder: Path, words: Collection[str]) -> list[str]:
    """Return the files below a folder whose bytes contain one of these words."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            found += [f"{path.name}: {word}" for word in words if word.encode() in content]
    return found
