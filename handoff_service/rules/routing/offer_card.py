"""Offer cards: the fields that the admin chose, or everything that the virtual agent collected."""

import re
from collections.abc import Mapping, Sequence

from handoff_service.rules.shared.phrases import phrase

USER = "user."  # followed by external_id, email, or the name of a user's attribute: user.department
MAX_FIELDS = 12  # agents have only seconds to read a card
_FIELD = re.compile(r"[A-Za-z][\w.\- ]{0,79}")


def shown(
    fields: Sequence[str], collected: Mapping[str, str], user: Mapping[str, object]
) -> dict[str, str]:
    """Field -> value, in the admin's order. If the admin has chosen no fields, all collected ones.
    Unknown values are left out. The case of a collected field does not matter: problem means
    Problem."""
    if not fields:
        return dict(collected)
    named = {name.casefold(): name for name in collected}
    chosen = [f if f.startswith(USER) else named.get(f.casefold(), f) for f in fields]
    found = {
        f: user.get(f.removeprefix(USER)) if f.startswith(USER) else collected.get(f)
        for f in chosen
    }
    return {field: str(value) for field, value in found.items() if value not in (None, "")}


def any_of_user(fields: Sequence[str]) -> bool:
    """Whether the choice includes a field of the user's record."""
    return any(field.startswith(USER) for field in fields)


def error(fields: Sequence[str]) -> str | None:
    """The error of a choice of fields, in words. None when it is valid."""
    if len(fields) > MAX_FIELDS:
        return phrase("must have at most {most} fields", most=MAX_FIELDS)
    for n, field in enumerate(fields):
        if not _FIELD.fullmatch(field):
            return phrase(
                "“{field}” is not a field. Use names such as problem or user.department",
                field=field,
            )
        if field in fields[:n]:
            return phrase("“{name}” is listed twice. Remove one", name=field)
    return None
