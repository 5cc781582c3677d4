"""Errors in a desk file, as ``file:line: key: error``, at most ``MOST_LISTED`` of them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel, ValidationError

from handoff_service.errors import BadInput
from handoff_service.operations.shared.read_fields import words_of
from handoff_service.rules.shared.phrases import joined, phrase

MOST_LISTED = 20  # not more, because finding an error's line takes a pass over the file
SLICE = 1000  # the entries of each kind that are checked at a time


def error_lines(wrong: list[str]) -> str:
    more = (
        [phrase("Patchboard stopped checking here. Fix these errors first.")]
        if len(wrong) == MOST_LISTED
        else []
    )
    return joined("\n", [*wrong, *more])


def malformed(
    model: type[BaseModel], content: dict[str, Any], context: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Pydantic's errors. They are collected in slices of the file, because all errors of a large
    file together take 200 MB of memory."""
    known = model.model_fields
    for name in (name for name in content if name not in known):
        yield {"loc": (name,), "type": "extra_forbidden"}
    longest = max((len(value) for value in content.values() if isinstance(value, list)), default=0)
    for start in range(0, max(longest, 1), SLICE):
        yield from _malformed_slice(
            model, {name: content[name] for name in known if name in content}, start, context
        )


def _malformed_slice(
    model: type[BaseModel], content: dict[str, Any], start: int, context: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    part = {
        name: value[start : start + SLICE] if isinstance(value, list) else value
        for name, value in content.items()
        if isinstance(value, list) or start == 0
    }
    try:
        model.model_validate(part, context=context)
    except ValidationError as error:
        for error_details in error.errors(include_url=False):
            loc = error_details["loc"]
            moved = (
                (loc[0], loc[1] + start, *loc[2:])
                if len(loc) > 1 and isinstance(loc[1], int)
                else loc
            )
            yield {**error_details, "loc": moved}


def line_of(path: str, text: str, error_details: Any) -> str:
    where = error_details["loc"]
    return written(path, text, where, words_of(error_details))


def written(path: str, text: str, where: tuple[int | str, ...], what: str) -> str:
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(
        "."
    )
    return joined("", (f"{path}:{_line(text, where)}: {name}: ", what))


def _line(text: str, where: tuple[int | str, ...]) -> int:
    """The line number of a key, which is searched after the n-th header of its table."""
    table, number, key = (
        where[0],
        where[1] if len(where) > 1 else 0,
        where[2] if len(where) > 2 else None,
    )
    if isinstance(number, str):
        number, key = 0, number
    header = re.compile(rf"\s*\[\[?\s*{re.escape(str(table))}\s*\]\]?").match
    inside = re.compile(rf"\s*\"?{re.escape(str(key))}\"?\s*=").match
    outside = re.compile(rf"\s*{re.escape(str(table))}\s*=").match
    lines, at = text.splitlines(), 1
    seen = -1
    for n, line in enumerate(lines, start=1):
        if header(line):
            seen, at = seen + 1, n
        elif seen == number and key is not None and inside(line):
            return n
        if seen == -1 and outside(line):
            return n
        if seen > number:
            break
    return at


@contextmanager
def errors_named(where: str) -> Iterator[None]:
    """Put the entry's name (``where``) before the keys of its errors. An error without keys gets
    the name as its key."""
    try:
        yield
    except BadInput as error:
        raise BadInput(
            errors={f"{where}.{key}": what for key, what in error.errors.items()}
            or {where: error.detail}
        ) from error
