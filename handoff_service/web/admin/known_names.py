"""Checks the names of groups and skills that an admin types. The admin must confirm each new name,
because a typing error would otherwise create a group or skill.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sanic import Request
from sqlalchemy import Connection, select, union

from handoff_service.errors import BadInput
from handoff_service.rules.shared.phrases import count_phrase, joined
from handoff_service.store.engine import tables as t

#: kind of name -> a function that returns the error for a number of unknown names
UNKNOWN: Mapping[str, Callable[[int, str], str]] = {
    "group": lambda number, names: count_phrase(
        "There is no group {names} yet. Correct the name, or agree to create it.",
        "There are no groups {names} yet. Correct the names, or agree to create them.",
        number,
        names=names,
    ),
    "skill": lambda number, names: count_phrase(
        "There is no skill {names} yet. Correct the name, or agree to create it.",
        "There are no skills {names} yet. Correct the names, or agree to create them.",
        number,
        names=names,
    ),
}
#: the form field with the new names that the admin has confirmed, each as ``field:name``
AGREED = "create"


class UnknownNames(BadInput):
    """Some typed names do not exist yet."""

    def __init__(self, unknown: Mapping[str, Sequence[str]], kind: str) -> None:
        self.unknown = unknown
        errors = {
            field: UNKNOWN[kind](len(names), joined(", ", (f"“{one}”" for one in names)))
            for field, names in unknown.items()
        }
        super().__init__(errors=errors)


def check(
    request: Request, given: Mapping[str, Sequence[str]], known: Collection[str], kind: str
) -> None:
    """Raise UnknownNames for names that are not in ``known`` and that the admin has not confirmed.
    ``given``: field -> its names. ``kind``: group or skill."""
    sent: Any = request.form or {}
    agreed = set(sent.getlist(AGREED, [])) if sent else set()
    unknown = {
        field: [one for one in names if one not in known and f"{field}:{one}" not in agreed]
        for field, names in given.items()
    }
    if missing := {field: names for field, names in unknown.items() if names}:
        raise UnknownNames(missing, kind)


def groups(conn: Connection) -> list[str]:
    return list(conn.execute(select(t.groups.c.name).order_by(t.groups.c.name)).scalars())


def skills(conn: Connection) -> list[str]:
    """Return all skills of agents and queues."""
    query = union(select(t.agent_skills.c.skill), select(t.queue_skills.c.skill))
    return sorted(conn.execute(query).scalars())
