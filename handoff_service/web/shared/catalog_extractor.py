"""Extracts translatable sentences from Python modules. Babel calls it for ``make catalogs``."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO

PACKAGE = Path(__file__).parents[2]
#: function that marks sentences (rules/shared/phrases.py) -> how many of its first arguments the
#: catalogs contain, and the matching gettext function
MARKS = {
    "phrase": (1, "gettext"),
    "phrase_in": (2, "pgettext"),
    "count_phrase": (2, "ngettext"),
}
REFUSAL = "Refusal"  # pages show the docstrings of its subclasses (errors.py)
type Found = tuple[int, str, str | tuple[str, ...], list[str]]


def sentences(
    file: BinaryIO, keywords: object, comment_tags: object, options: object
) -> Iterator[Found]:
    """Yield a module's marked sentences and the docstrings of its subclasses of Refusal."""
    del keywords, comment_tags, options  # Babel passes them
    for node in ast.walk(ast.parse(file.read())):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in MARKS:
                count, function = MARKS[name]
                given = [_text(argument) for argument in node.args[:count]]
                if len(given) == count and all(given):
                    yield node.lineno, function, tuple(given), []
            case ast.ClassDef(name=name) if name in _refusals():
                if words := ast.get_docstring(node):
                    yield node.lineno, "gettext", words, []


def _text(argument: ast.expr) -> str:
    value = argument.value if isinstance(argument, ast.Constant) else ""
    return value if isinstance(value, str) else ""


@cache
def _refusals() -> frozenset[str]:
    """Return the names of Refusal and all its subclasses in the package."""
    bases: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ClassDef):
                named = {base.id for base in node.bases if isinstance(base, ast.Name)}
                bases.setdefault(node.name, set()).update(named)
    found = {REFUSAL}
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return frozenset(found)
