"""Merges the edits of two people who change one record at the same time.

A hidden field of the form has the values that the form was opened with, and the record's version.
If the record has other values when the admin saves, the page refuses to save and keeps what the
admin typed. For a field that only one of the two people changed, the form takes the changed value.
For a field that both changed, the admin chooses one of the two values.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sanic import Request
from sqlalchemy import Connection

from handoff_service.errors import Conflict
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.store.desk_file import record_changes
from handoff_service.store.desk_file.record_changes import RecordChange
from handoff_service.store.engine.transaction import Transaction
from handoff_service.web.shared.rendering import form_field

FIELD = "was"  # the hidden field with the values that the form was opened with
KEEP = "keep-"  # prefix of a field that chooses between mine and theirs
THEIRS = "theirs"


class Stale(Conflict):
    """Somebody else saved this while you were editing. Nothing of yours is saved yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The values that a form showed when it was opened. ``version``: the record's version then."""

    version: int
    values: Mapping[str, str]

    def written(self) -> str:
        return json.dumps({"version": self.version, "values": dict(self.values)})

    @classmethod
    def sent(cls, request: Request) -> Self | None:
        """Read these values from a sent form. None: the client did not send them."""
        try:
            given = json.loads(form_field(request, FIELD))
            values = {str(name): str(value) for name, value in given["values"].items()}
            return cls(version=int(given["version"]), values=values)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A field that somebody else changed while the form was open. ``clash``: both people changed
    it, to different values."""

    name: str
    before: str
    theirs: str
    mine: str
    change: RecordChange | None
    clash: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The merged values, and where they come from."""

    values: Mapping[str, str]
    rivals: Sequence[Rival]


def filled(conn: Connection, noun: Noun, record: int | str, values: Mapping[str, str]) -> Filled:
    """The values that this record's form shows now."""
    return Filled(version=record_changes.version(conn, noun, str(record)), values=values)


def chosen(request: Request, values: Mapping[str, str], was: Filled | None) -> dict[str, str]:
    """The typed values. Where the admin chose the other person's value, that value replaces the
    typed one.
    """
    theirs = was.values if was else {}
    return {
        name: theirs[name]
        if name in theirs and form_field(request, f"{KEEP}{name}") == THEIRS
        else value
        for name, value in values.items()
    }


def unless_stale(
    operation: Callable[[Transaction, Any], Any],
    was: Filled | None,
    read: Callable[[Connection], Mapping[str, str]],
) -> Callable[[Transaction, Any], Any]:
    """Wrap the operation, so that it raises Stale if the record has changed since the form was
    opened. On PostgreSQL, two saves can run at the same time. A constraint of the history then
    refuses one of them. The store runs the refused save again, and this second run sees the changes
    of the other save."""

    def save(tx: Transaction, command: Any) -> Any:
        now = tx.conn.execution_options(now=tx.now)  # so that queries see the transaction's time
        if was is not None and differing(was.values, read(now)):
            raise Stale
        return operation(tx, command)

    return save


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The names of the fields that differ. Line ends and outer blanks do not count."""
    return [
        name
        for name, value in now.items()
        if name in before and _plain(before[name]) != _plain(value)
    ]


def merged(
    mine: Mapping[str, str], was: Filled, now: Filled, changes: Sequence[RecordChange]
) -> Merged:
    """Merge ``mine``, the typed values, with the values that are stored now. ``was``: the values
    that the form was opened with. ``changes``: the changes since then, newest first."""
    values, rivals = dict(mine), []
    for name in differing(was.values, now.values):
        clash = _plain(mine.get(name, "")) not in map(_plain, (was.values[name], now.values[name]))
        if not clash:
            values[name] = now.values[name]
        rivals.append(
            Rival(
                name=name,
                before=was.values[name],
                theirs=now.values[name],
                mine=mine.get(name, ""),
                change=_change_of(name, changes),
                clash=clash,
            )
        )
    return Merged(values=values, rivals=rivals)


def _change_of(name: str, changes: Sequence[RecordChange]) -> RecordChange | None:
    """The newest change of this field. If there is none, the newest change of the record, because
    the record may use another name for the field than the form does."""
    own = (one for one in changes if name in one.changes)
    return next(own, changes[0] if changes else None)


def _plain(value: str) -> str:
    return value.replace("\r\n", "\n").strip()
