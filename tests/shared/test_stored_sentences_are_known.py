"""Each English sentence that an operation stores is known to ``stored_sentences``, so that pages
can show it in another language. To fix a failure, add the sentence to ``SENTENCES``, ``REASONS``,
``PROOF_FAILURES`` or ``DECISIONS`` there, or write it with ``phrase`` if it is not stored.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.pofile import read_po

import handoff_service
from handoff_service.rules.shared.collected_words import FACTS
from handoff_service.rules.shared.stored_sentences import (
    DECISIONS,
    NAMES,
    PROOF_FAILURES,
    REASONS,
    SENTENCES,
)
from handoff_service.rules.shared.translations import LOCALE, REQUESTERS

OPERATIONS = Path(handoff_service.__file__).parent / "operations"
KNOWN = "\n".join((*SENTENCES, *REASONS, *PROOF_FAILURES, *DECISIONS, *NAMES, *FACTS))
#: Calls whose texts are not stored: they mark a text for a catalog, or document a field.
MARKS = frozenset({"phrase", "count_phrase", "filled", "info", "warning", "Field", "text"})
#: Folders and files whose texts go to a terminal, a program or a file.
OTHERS = frozenset({"desk_file", "desk_checks.py", "key_checks.py", "hand_out.py"})
#: Texts for programs and for the log, and parts of sentences.
NOT_SENTENCES = frozenset(
    {"PATCHBOARD_SMTP_URL is not set", "This logout token was used already.", "service token {}"}
    | {"E.164, or national", "Value error, ", "your address"}
    | {"Identity check not finished: no answer for {}."}
)
_WORDS = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")


def requesters_texts() -> str:
    with (LOCALE / f"{REQUESTERS}.pot").open("rb") as file:
        return "\n".join(str(one.id) for one in read_po(file) if one.id)


def texts(tree: ast.Module) -> Iterator[list[str]]:
    """Yield each text in the code as a list of its constant parts."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))  # docstring
        if isinstance(node, ast.Call) and _name(node.func) in MARKS:
            skipped.update(id(one) for one in ast.walk(node))
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            skipped.update(id(one) for one in ast.walk(node))
            holes = [one.value if isinstance(one, ast.Constant) else "{}" for one in node.values]
            yield "".join(map(str, holes)).split("{}")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.split(r"\{\w*\}", node.value)


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def is_in_known_sentence(parts: list[str], known: str) -> bool:
    """Return whether one known sentence contains the parts in this order, with anything between
    them.
    """
    return re.search(".*".join(map(re.escape, parts)), known) is not None


def test_each_sentence_that_operations_store_is_in_the_list() -> None:
    known = KNOWN + "\n" + requesters_texts()
    unknown = []
    for path in sorted(OPERATIONS.rglob("*.py")):
        if OTHERS & {path.name, *(one.name for one in path.parents)}:
            continue
        for parts in texts(ast.parse(path.read_text())):
            text = "{}".join(parts)
            if (
                _WORDS.search(text)
                and text not in NOT_SENTENCES
                and not is_in_known_sentence(parts, known)
            ):
                unknown.append(f"{path.relative_to(OPERATIONS)}: {text}")
    assert unknown == [], "\n".join(unknown)
