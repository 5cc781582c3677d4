"""Placeholders: names in braces in the texts of admins and agents. They are filled when the text is
used."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from handoff_service.rules.shared.conditions import is_attribute
from handoff_service.rules.shared.names import first_name
from handoff_service.rules.shared.phrases import phrase

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholders:
    """The values for a text's placeholders. ``requester``: None for a guest. ``agent``: None when
    no agent is assigned. ``number``: the interaction's, such as INT0000012."""

    requester: str | None
    agent: str | None
    number: str
    #: field, such as ``user.department`` -> the value in words, of the attributes that are set
    attributes: Mapping[str, str] = field(default_factory=dict)


PEOPLE = (
    "requester.name",
    "requester.first_name",
    "agent.name",
    "agent.first_name",
    "interaction.number",
)


def people(who: Placeholders, *, guest: str, nobody: str) -> dict[str, str]:
    """Values for the placeholders of ``PEOPLE`` and of attributes that are set. ``guest`` and
    ``nobody`` replace unknown names."""
    return {
        **who.attributes,
        "requester.name": who.requester or guest,
        "requester.first_name": first_name(who.requester) if who.requester else guest,
        "agent.name": who.agent or nobody,
        "agent.first_name": first_name(who.agent) if who.agent else nobody,
        "interaction.number": who.number,
    }


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced by these values."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def attributes_in(text: str) -> list[str]:
    """The fields of the attributes that a text names, such as ``user.department``."""
    return list(dict.fromkeys(name for name in _PLACEHOLDER.findall(text) if is_attribute(name)))


def unset_in(text: str, who: Placeholders) -> list[str]:
    """The fields of the attributes that a text names and that have no value."""
    return [name for name in attributes_in(text) if name not in who.attributes]


def error(text: str, known: Iterable[str], attributes: Collection[str] | None = ()) -> str | None:
    """The error for an unknown placeholder, with a list of the known ones. None when all are known.
    ``attributes``: the fields of attributes that the text can name; None: any."""
    names = [*known, *(attributes or ())]
    unknown = [
        f"{{{name}}}"
        for name in _PLACEHOLDER.findall(text)
        if name not in names and not (attributes is None and is_attribute(name))
    ]
    if not unknown:
        return None
    there = (
        phrase("this text can have {names}", names=", ".join(f"{{{name}}}" for name in names))
        if names
        else phrase("this text has none")
    )
    return phrase(
        "{names}: there is no such placeholder; {there}", names=", ".join(unknown), there=there
    )
