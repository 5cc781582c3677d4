"""The command palette: finds the entries that match the typed words, the best match first."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PaletteEntry:
    """An entry of the palette. Exactly one of ``href``, ``press``, ``does`` and ``run`` is set."""

    label: str
    detail: str = ""
    keys: str = ""  #: the keys that do the same, separated by spaces
    other_words: str = ""  #: further words that find it
    href: str = ""  #: a page
    press: str = ""  #: the id of a button of the page
    does: str = ""  #: the name of an action in the page's script
    run: str = ""  #: the address that runs a macro
    then: str = ""  #: the page that the workspace shows after the macro
    refused: str = ""  #: why the macro is impossible now


def matching(commands: Iterable[PaletteEntry], typed: str, most: int) -> list[PaletteEntry]:
    """The entries in which every typed word begins one of the entry's words. Entries with a label
    that begins with the first typed word are first. Without typed words, all entries match."""
    sought = typed.casefold().replace("-", " ").split()
    found = [one for one in commands if _has(one, sought)]
    first = sought[0] if sought else ""
    return sorted(found, key=lambda one: not one.label.casefold().startswith(first))[:most]


def _has(command: PaletteEntry, sought: list[str]) -> bool:
    text = f"{command.label} {command.other_words}".casefold()
    words = text.replace("-", " ").split()
    return all(any(word.startswith(part) for word in (*words, text)) for part in sought)
