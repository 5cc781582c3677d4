"""The form of the templates, which no linter checks."""

import re
from collections import Counter
from pathlib import Path

import pytest

from handoff_service.web.shared.rendering import TEMPLATES

STATIC = TEMPLATES.parent / "static"
LONGEST_LINE = 100  # columns, as in Python


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_lines_are_short(path: Path) -> None:
    lines = path.read_text().splitlines()
    too_long = [number for number, line in enumerate(lines, 1) if len(line) > LONGEST_LINE]
    assert not too_long


# A person's name may be 200 letters without a blank.
NAMED_BUTTON = re.compile(
    r'<(a|button)\b(?=[^>]*class="btn\b)(?![^>]*class="btn[^"]*\b(?:names|clip|icon-only)\b)'
    r"[^>]*>(?:(?!</\1>).)*?\{\{[^}]*\b(?:first_name|\w+\.(?:name|email|title))\b[^}]*\}\}",
    re.DOTALL,
)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_buttons_with_names_in_them_wrap(path: Path) -> None:
    """Mend it with the class ``names``, which lets a button's words break."""
    source = re.sub(r'<span\s+class="visually-hidden">.*?</span>', "", path.read_text(), flags=re.S)
    found = NAMED_BUTTON.search(source)
    assert not found, found and found[0]


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_cells_that_fold_hold_one_thing(path: Path) -> None:
    """On narrow screens a cell is a row of its label and its content, so content of several parts
    would stand in columns. Mend it with a ``<span>`` around all of them."""
    source = re.sub(r"\{#.*?#\}|\{%.*?%\}", "", path.read_text(), flags=re.DOTALL)
    cells = re.findall(r'<td\b[^>]*data-label="[^"]*"[^>]*>(.*?)</td>', source, re.DOTALL)
    several = re.compile(r'^[^<]*(\| *sentence|map\("bdi"\)|bdi *\}\}[^<]*\S)')
    assert [one for one in map(str.strip, cells) if one[:1] != "<" and several.match(one)] == []


def test_each_stylesheet_rule_is_unique_and_has_no_comment_in_its_selector() -> None:
    """Both come of a replacement that hit more places than was meant."""
    style = (STATIC / "workspace.css").read_text()
    rules = [line for line in style.splitlines() if re.match(r"[^\s/@}][^{]*\{.*\}$", line)]
    assert [rule for rule, count in Counter(rules).items() if count > 1] == []
    assert re.findall(r"[^\s{};/][^{};/\n]*/\*[^\n]*\*/\n", style.split("/* 2 Base", 1)[1]) == []
