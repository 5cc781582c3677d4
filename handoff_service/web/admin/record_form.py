"""Saves the form of one record. The form shows all errors at once. Saving never overwrites changes
that somebody else has saved."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sanic import Request
from sqlalchemy import Connection

from handoff_service.errors import Refusal
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.store.desk_file import record_changes
from handoff_service.store.desk_file.record_changes import RecordChange
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction
from handoff_service.web.admin.merging import (
    Filled,
    Stale,
    chosen,
    differing,
    filled,
    merged,
    unless_stale,
)
from handoff_service.web.admin.pages import Form
from handoff_service.web.shared.session import desk_of

MOST_ATTEMPTS = 5  # how often to check a form again, because one error can hide others
SHOWN_CHANGES = 50
# the error of one condition has this prefix and a number; the form's value contains all conditions
CONDITION, CONDITIONS = "condition-", "conditions"

type WriteNoun = tuple[Callable[[Transaction, Any], Any], Any]
type Write = Callable[[Form], Awaitable[WriteNoun]]


class _NotSaved(Refusal):
    """This would have been saved."""


class _AllErrors(Refusal):
    """Something in the form is not valid."""

    def __init__(
        self, detail: str, *, errors: Mapping[str, str], unknown: Mapping[str, Sequence[str]]
    ) -> None:
        self.unknown = unknown
        super().__init__(detail, errors=errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The stored record that a form edits. ``read`` returns the form's current values for it."""

    noun: Noun
    record: int | str
    read: Callable[[Connection], Mapping[str, str]]

    def filled(self, conn: Connection) -> Filled:
        return filled(conn, self.noun, self.record, self.read(conn))

    def history(self, conn: Connection) -> list[RecordChange]:
        return record_changes.history(conn, self.noun, str(self.record), most=SHOWN_CHANGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveResult:
    """``form``: the form to show again, with its errors; None if the record is saved. ``answer``:
    the result of the operation.
    """

    form: Form | None = None
    status: int = 200
    answer: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordForm:
    """A form to save. ``watch``: the edited record; None if the form creates a record. ``valid``:
    valid values for the fields of a new record.
    """

    request: Request
    form: Form
    write: Write
    watch: Watch | None = None
    valid: Mapping[str, str] = field(default_factory=dict)

    async def save(self) -> SaveResult:
        """Save the record. If this fails, return the form with all errors, or with the changes that
        somebody else has saved.
        """
        was = Filled.sent(self.request)
        form = replace(self.form, was=was, values=chosen(self.request, self.form.values, was))
        store = desk_of(self.request).store
        try:
            return SaveResult(answer=await self._write(store, form, was))
        except Stale as stale:
            return SaveResult(
                form=await self._merged(store, form, stale.title), status=stale.status
            )
        except Refusal as refusal:
            more = await self._more_errors(store, form, refusal)
            refused = form.with_refusal(more)
            return SaveResult(form=await self._merged(store, refused, ""), status=refusal.status)

    async def _write(self, store: Store, form: Form, was: Filled | None) -> Any:
        operation, command = await self.write(form)
        if self.watch is not None:
            operation = unless_stale(operation, was, self.watch.read)
        return await store.write(operation, command)

    async def _more_errors(self, store: Store, form: Form, refusal: Refusal) -> Refusal:
        """Return the refusal with all errors of the form. One error can hide others. Therefore
        replace the wrong values with valid ones and try the operation again, without saving, until
        no new error appears."""
        valid = await self._valid_values(store)
        errors = {name.split(".")[0]: what for name, what in refusal.errors.items()}
        unknown = dict(getattr(refusal, "unknown", {}))
        for _ in range(MOST_ATTEMPTS):
            wrong = {CONDITIONS if name.startswith(CONDITION) else name for name in errors}
            if not wrong <= valid.keys():
                break
            corrected = {**form.values, **{name: valid[name] for name in wrong}}
            try:
                operation, command = await self.write(replace(form, values=corrected))
                await store.write(_without_saving(operation), command)
            except _NotSaved:
                break
            except Refusal as other:
                found = {name.split(".")[0]: what for name, what in other.errors.items()}
                if not found.keys() - errors.keys():
                    break
                errors |= {name: what for name, what in found.items() if name not in errors}
                unknown |= getattr(other, "unknown", {})
        return _AllErrors(refusal.detail, errors=errors, unknown=unknown) if errors else refusal

    async def _valid_values(self, store: Store) -> Mapping[str, str]:
        return self.valid if self.watch is None else await store.read(self.watch.read)

    async def _merged(self, store: Store, form: Form, error: str) -> Form:
        """Return the form, merged with the changes that somebody else has saved since it was
        opened."""
        watch, was = self.watch, form.was
        if watch is None or was is None:
            return form
        now = await store.read(watch.filled)
        if not differing(was.values, now.values):
            return form
        changes = await store.read(
            record_changes.history, watch.noun, str(watch.record), after=was.version
        )
        both = merged(form.values, was, now, changes)
        return replace(
            form, values=both.values, rivals=both.rivals, was=now, error=error or form.error
        )


def _without_saving(
    operation: Callable[[Transaction, Any], Any],
) -> Callable[[Transaction, Any], Any]:
    def rehearse(tx: Transaction, command: Any) -> Any:
        operation(tx, command)
        raise _NotSaved

    return rehearse
