"""Merges the edits of two people who change the same record at the same time.

A hidden field of the form contains the record's version and the values with which the form was
opened. If the record has other values when the admin saves, the page does not save and keeps the
typed values. If only one of the two people changed a field, the form shows the changed value. If
both changed a field, the admin chooses one of the two values.
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

FIELD = "was"  # the hidden field with the original values
KEEP = "keep-"  # prefix of a field in which the admin chooses between mine and theirs
THEIRS = "theirs"


class Stale(Conflict):
    """Somebody else saved this while you were editing. Your changes are not saved yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The values with which a form was opened, and the record's version at that time."""

    version: int
    values: Mapping[str, str]

    def written(self) -> str:
        return json.dumps({"version": self.version, "values": dict(self.values)})

    @classmethod
    def sent(cls, request: Request) -> Self | None:
        """Read these values from a sent form. Return None if the client did not send them."""
        try:
            given = json.loads(form_field(request, FIELD))
            values = {str(name): str(value) for name, value in given["values"].items()}
            return cls(version=int(given["version"]), values=values)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A field that somebody else changed while the form was open."""

    name: str
    before: str  #: the value with which the form was opened
    theirs: str  #: the stored value
    mine: str  #: the typed value
    change: RecordChange | None  #: the other person's change
    clash: bool  #: whether both people changed the field, to different values


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The merged values, and the fields that somebody else changed."""

    values: Mapping[str, str]
    rivals: Sequence[Rival]


def filled(conn: Connection, noun: Noun, record: int | str, values: Mapping[str, str]) -> Filled:
    """Return the current values and version of a record. ``values``: the form's values for it."""
    return Filled(version=record_changes.version(conn, noun, str(record)), values=values)


def chosen(request: Request, values: Mapping[str, str], was: Filled | None) -> dict[str, str]:
    """Return the typed values. Replace a value if the admin chose the other person's value for its
    field. ``was``: the values with which the form was opened.
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
    """Return an operation that raises Stale if the record has changed since the form was opened,
    and otherwise runs ``operation``.

    On PostgreSQL, two saves can run at the same time. A constraint of the history then rejects one
    of them. The store runs the rejected save again, and the second run sees the other change.
    """

    def save(tx: Transaction, command: Any) -> Any:
        now = tx.conn.execution_options(now=tx.now)  # queries then use the transaction's time
        if was is not None and differing(was.values, read(now)):
            raise Stale
        return operation(tx, command)

    return save


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the names of the fields that differ. Ignore line ends and surrounding spaces."""
    return [
        name
        for name, value in now.items()
        if name in before and _plain(before[name]) != _plain(value)
    ]


def merged(
    mine: Mapping[str, str], was: Filled, now: Filled, changes: Sequence[RecordChange]
) -> Merged:
    """Merge the typed values (``mine``) with the stored values (``now``). ``was``: the values with
    which the form was opened. ``changes``: the record's changes since then, newest first."""
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
    """Return the newest change of this field. If there is none, return the newest change of the
    record, because the record may have another name for the field than the form."""
    own = (one for one in changes if name in one.changes)
    return next(own, changes[0] if changes else None)


def _plain(value: str) -> str:
    return value.replace("\r\n", "\n").strip()
