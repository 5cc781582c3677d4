"""Finds the sentences of pages in Python modules. Babel calls it for ``make catalogs``."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO

PACKAGE = Path(__file__).parents[2]
#: function that marks sentences (rules/shared/phrases.py) -> number of its arguments that are
#: sentences
MARKS = {"phrase": 1, "count_phrase": 2}
REFUSAL = "Refusal"  # pages show the docstrings of its subclasses (errors.py)
type Found = tuple[int, str, str | tuple[str, str], list[str]]


def sentences(
    file: BinaryIO, keywords: object, comment_tags: object, options: object
) -> Iterator[Found]:
    """Yield the sentences of a module: the marked ones, and the docstrings of its refusals."""
    del keywords, comment_tags, options  # Babel passes them
    for node in ast.walk(ast.parse(file.read())):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in MARKS:
                given = [_text(argument) for argument in node.args[: MARKS[name]]]
                if len(given) == 2 and all(given):
                    yield node.lineno, "ngettext", (given[0], given[1]), []
                elif len(given) == 1 and given[0]:
                    yield node.lineno, "gettext", given[0], []
            case ast.ClassDef(name=name) if name in _refusals():
                if words := ast.get_docstring(node):
                    yield node.lineno, "gettext", words, []


def _text(argument: ast.expr) -> str:
    value = argument.value if isinstance(argument, ast.Constant) else ""
    return value if isinstance(value, str) else ""


@cache
def _refusals() -> frozenset[str]:
    """Return the names of the refusals of all modules."""
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
