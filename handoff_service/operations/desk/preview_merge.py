"""Preview the merge of two users without merging them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from handoff_service.operations.desk.merge_effects import distinct_name
from handoff_service.operations.desk.merge_users import both, check
from handoff_service.rules.desk import user_merges as rules
from handoff_service.rules.desk.attributes import AttributeFields, AttributeOwner, in_words
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk import attributes, user_merges
from handoff_service.store.views import Named

HIDDEN = phrase("stored as a hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeChoice:
    """A value in which the two users differ. ``key``: its key in ``MergeUsers.take``. The values of
    facts are not shown."""

    key: str
    name: str
    stays: str
    goes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePreview:
    """The effects of a merge.

    - ``moves``: kind of record -> how many move.
    - ``choices``: the values to choose from. The user who stays keeps their own value, unless
      ``take`` contains the key.
    - ``notes``: sentences to read before the merge.
    """

    stays: Named
    goes: Named
    moves: dict[str, int]
    choices: list[MergeChoice]
    notes: list[str]
    undo_days: int


def preview_merge(conn: Connection, stays_id: int, goes_id: int) -> MergePreview:
    """Compute the effects of a merge. Raises the same errors as ``merge_users``."""
    stays, goes = both(conn, stays_id, goes_id)
    check(conn, stays, goes)
    facts = [
        {name: row["hash"] for name, row in user_merges.facts_of(conn, one.id).items()}
        for one in (stays, goes)
    ]
    its, theirs = user_merges.values(stays, facts[0]), user_merges.values(goes, facts[1])
    defined = attributes.definitions(conn, AttributeOwner.USER)
    return MergePreview(
        stays=Named(id=stays.id, name=stays.name),
        goes=Named(id=goes.id, name=goes.name),
        moves=user_merges.counts(conn, goes.id) | _only_theirs(its, theirs),
        choices=[
            MergeChoice(
                key=key,
                name=_called(key, defined),
                stays=_shown(key, its[key], defined),
                goes=_shown(key, theirs[key], defined),
            )
            for key in rules.choices(its, theirs)
        ],
        notes=_notes(conn, stays, goes),
        undo_days=rules.UNDO_FOR.days,
    )


def _only_theirs(its: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, int]:
    new = theirs.keys() - its.keys()
    found = {
        "attributes": sum(key.startswith(rules.ATTRIBUTE) for key in new),
        "facts": sum(key.startswith(rules.FACT) for key in new),
    }
    return {kind: number for kind, number in found.items() if number}


def _called(key: str, defined: Mapping[str, AttributeFields]) -> str:
    if key.startswith(rules.FACT):
        return phrase("Identity fact “{name}”", name=key.removeprefix(rules.FACT))
    name = key.removeprefix(rules.ATTRIBUTE)
    return rules.FIELDS.get(key) or (defined[name].name if name in defined else name)


def _shown(key: str, value: str, defined: Mapping[str, AttributeFields]) -> str:
    if key.startswith(rules.FACT):
        return HIDDEN
    return in_words(defined.get(key.removeprefix(rules.ATTRIBUTE)), value)


def _notes(conn: Connection, stays: Any, goes: Any) -> list[str]:
    opened = [
        user_merges.counts(conn, one.id).get("open_conversations", 0) for one in (stays, goes)
    ]
    notes: list[str] = []
    if all(opened):
        notes.append(
            phrase(
                "Both have open conversations: {one} {here}, {other} {there}. They "
                "stay apart, because each belongs to one phone number. Answer them one by one.",
                one=distinct_name(stays, goes),
                here=opened[0],
                other=distinct_name(goes, stays),
                there=opened[1],
            )
        )
    numbers = [user_merges.numbers_of(conn, one.id) for one in (stays, goes)]
    out = user_merges.opted_out(conn, [*numbers[0], *numbers[1]])
    if out:
        named = ", ".join(out)
        notes.append(
            phrase("Opted out, and stays so: {named}. A merge never changes consent.", named=named)
        )
    if not goes.active:
        notes.append(
            phrase("{name} is deactivated, so there are no numbers to move.", name=goes.name)
        )
    return notes
