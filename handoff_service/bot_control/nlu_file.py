"""Add, move, reword and delete examples in a YAML file of training data, without any other change
to the file.

The round trip of ruamel.yaml keeps comments, order and block style. This module refuses a file that
the round trip alone would change, so that a diff shows only the trainer's change.

Rasa decodes ``\\u`` in files that contain only ASCII characters. A file with ``\\u`` therefore gets
a comment with a non-ASCII character.
"""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import LiteralScalarString

from handoff_service.errors import BadInput, Conflict
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.training import examples as examples_rules
from handoff_service.rules.training.examples import one_line, without_entities

_ESCAPE = re.compile(r"\\[uU]")
NOT_ASCII = "# Keep this line – Rasa would decode the backslashes of a file in plain ASCII.\n"
NOT_YAML = phrase(
    "Patchboard cannot change this file: it is not valid YAML. Edit it in a text editor."
)
OTHER_STYLE = phrase(
    "Patchboard cannot change this file: its indentation or quotes differ from Rasa's. Edit it in "
    "a text editor."
)


class _Representer(RoundTripRepresenter):
    """Writes null as ``null``, which is the style of the project's files."""

    def represent_null(self, data: None) -> Any:
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


_Representer.add_representer(type(None), _Representer.represent_null)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An example. ``marked``: the example with its entities marked, as it is in the file. ``text``:
    the example without these marks."""

    marked: str
    text: str


# Examples -----------------------------------------------------------------------------------------


def example_of(text: str) -> str:
    """Turn a requester's text into an example without entities. Raises BadInput when the text
    cannot be an example."""
    return checked(examples_rules.example_of(text))


def checked(marked: str) -> str:
    """Put an example with marked entities on one line. Raises BadInput when it cannot be an
    example."""
    example = one_line(marked)
    if wrong := examples_rules.error(example):
        raise BadInput(wrong, errors={"example": wrong})
    return example


# Files --------------------------------------------------------------------------------------------


def read(text: str) -> Any:
    """The file's content. Raises Conflict when it is not valid YAML."""
    try:
        return _yaml().load(text)
    except YAMLError as error:
        raise Conflict(NOT_YAML) from error


def examples(block: str) -> list[Example]:
    return [
        Example(marked=line[1:].strip(), text=without_entities(line[1:].strip()))
        for line in block.splitlines()
        if line.startswith("-")
    ]


def intents(content: Any) -> dict[str, list[Example]]:
    """Intent -> its examples in the content of a file."""
    found: dict[str, list[Example]] = {}
    for block in _blocks(content):
        found.setdefault(str(block["intent"]), []).extend(examples(str(block["examples"])))
    return found


def ends(content: Any) -> dict[str, int]:
    """Intent -> the number of the line that ends its first block of examples."""
    found: dict[str, int] = {}
    for block in _blocks(content):
        begin = block.lc.value("examples")[0] + 1
        found.setdefault(str(block["intent"]), begin + len(_lines(block)))
    return found


def add(text: str, intent: str, marked: Sequence[str]) -> str:
    """The file with these examples appended to the intent's first block, except those that the
    block already contains."""

    def change(content: Any) -> None:
        block = _block(content, intent)
        there = {one.marked for one in examples(str(block["examples"]))}
        new = [one for one in dict.fromkeys(map(checked, marked)) if one not in there]
        block["examples"] = _literal([*_lines(block), *(f"- {one}" for one in new)])

    return changed(text, change)


def remove(text: str, intent: str, marked: str) -> str:
    """The file without this example. Raises Conflict when the file does not contain it."""

    def change(content: Any) -> None:
        block, lines, n = _find(content, intent, marked)
        block["examples"] = _literal(lines[:n] + lines[n + 1 :])

    return changed(text, change)


def reword(text: str, intent: str, before: str, after: str) -> str:
    """The file with one example replaced. Raises Conflict when the file does not contain the old
    example."""

    def change(content: Any) -> None:
        block, lines, n = _find(content, intent, before)
        block["examples"] = _literal([*lines[:n], f"- {checked(after)}", *lines[n + 1 :]])

    return changed(text, change)


def move(text: str, before: str, after: str, marked: str) -> str:
    """The file with an example moved to another intent of the same file."""
    return add(remove(text, before, marked), after, [marked])


def new_file(intent: str, marked: Sequence[str], comment: str) -> str:
    """A new file with one intent and its examples."""
    lines = "".join(f"      - {line}\n" for line in dict.fromkeys(map(checked, marked)))
    head = f'# {one_line(comment)}\nversion: "3.1"\n\nnlu:\n  - intent: {intent}\n    examples: |\n'
    return changed(head + lines, lambda _: None)


def new_block(text: str, intent: str) -> str:
    """The file with an additional intent that has no examples yet."""

    def change(content: Any) -> None:
        content["nlu"].append(CommentedMap(intent=intent, examples=LiteralScalarString("")))

    return changed(text, change)


def changed(text: str, change: Callable[[Any], None]) -> str:
    """The file after a change to its content. Raises Conflict when rewriting the file would also
    change other parts of it."""
    content = read(text)
    if written(content) != text:
        raise Conflict(OTHER_STYLE)
    change(content)
    after = written(content)
    if after.isascii() and _ESCAPE.search(after):
        after = NOT_ASCII + after
    return after


def written(content: Any) -> str:
    out = io.StringIO()
    _yaml().dump(content, out)
    return out.getvalue()


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1_000_000  # never fold a line
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.Representer = _Representer
    return yaml


def _blocks(content: Any) -> Iterator[CommentedMap]:
    """The blocks of intents whose examples are a single block of text, which is Rasa's usual
    format."""
    listed = content.get("nlu") if isinstance(content, CommentedMap) else None
    for block in listed if isinstance(listed, CommentedSeq) else ():
        is_intent = isinstance(block, CommentedMap) and "intent" in block
        if is_intent and isinstance(block.get("examples"), str):
            yield block


def _block(content: Any, intent: str) -> CommentedMap:
    for block in _blocks(content):
        if block["intent"] == intent:
            return block
    raise Conflict(
        phrase("This file no longer has examples of {intent}. Reload the page.", intent=intent)
    )


def _find(content: Any, intent: str, marked: str) -> tuple[CommentedMap, list[str], int]:
    for block in _blocks(content):
        if block["intent"] != intent:
            continue
        lines = _lines(block)
        for n, line in enumerate(lines):
            if line.startswith("-") and line[1:].strip() == marked:
                return block, lines, n
    raise Conflict(
        phrase(
            "{intent} no longer has this example, because somebody has changed the file.",
            intent=intent,
        )
    )


def _lines(block: CommentedMap) -> list[str]:
    return str(block["examples"]).splitlines()


def _literal(lines: Sequence[str]) -> LiteralScalarString:
    return LiteralScalarString("".join(f"{line}\n" for line in lines))
