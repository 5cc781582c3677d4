"""Style rules for the templates that no linter checks."""

import re
from collections import Counter
from pathlib import Path

import pytest

from handoff_service.web.shared.rendering import TEMPLATES

STATIC = TEMPLATES.parent / "static"
LONGEST_LINE = 100  # the same line length as in Python


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_lines_are_short(path: Path) -> None:
    lines = path.read_text().splitlines()
    too_long = [number for number, line in enumerate(lines, 1) if len(line) > LONGEST_LINE]
    assert not too_long


# A person's name can be 200 letters without a space.
NAMED_BUTTON = re.compile(
    r'<(a|button)\b(?=[^>]*class="btn\b)(?![^>]*class="btn[^"]*\b(?:names|clip|icon-only)\b)'
    r"[^>]*>(?:(?!</\1>).)*?\{\{[^}]*\b(?:first_name|\w+\.(?:name|email|title))\b[^}]*\}\}",
    re.DOTALL,
)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_buttons_with_names_in_them_wrap(path: Path) -> None:
    """To fix a failure, add the class ``names``, which lets the words of a button wrap, or put the
    name into a ``<span class="clip">``, which cuts it."""
    fits = r'<span\s+class="(?:visually-hidden|clip)".*?</span>'
    source = re.sub(fits, "", path.read_text(), flags=re.S)
    found = NAMED_BUTTON.search(source)
    assert not found, found and found[0]


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_table_cells_that_fold_have_one_child(path: Path) -> None:
    """On narrow screens a cell becomes a row of its label and its content. Content of several parts
    would form extra columns. To fix a failure, put one ``<span>`` around all parts.
    """
    source = re.sub(r"\{#.*?#\}|\{%.*?%\}", "", path.read_text(), flags=re.DOTALL)
    cells = re.findall(r'<td\b[^>]*data-label="[^"]*"[^>]*>(.*?)</td>', source, re.DOTALL)
    several = re.compile(r'^[^<]*(\| *sentence|map\("bdi"\)|bdi *\}\}[^<]*\S)')
    assert [one for one in map(str.strip, cells) if one[:1] != "<" and several.match(one)] == []


def test_each_stylesheet_rule_is_unique_and_has_no_comment_in_its_selector() -> None:
    """Both faults come from a search-and-replace that matched too many places."""
    style = (STATIC / "workspace.css").read_text()
    rules = [line for line in style.splitlines() if re.match(r"[^\s/@}][^{]*\{.*\}$", line)]
    assert [rule for rule, count in Counter(rules).items() if count > 1] == []
    assert re.findall(r"[^\s{};/][^{};/\n]*/\*[^\n]*\*/\n", style.split("/* 2 Base", 1)[1]) == []
