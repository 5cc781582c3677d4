"""The form of the templates, which no linter checks."""

from pathlib import Path

import pytest

from handoff_service.web.shared.rendering import TEMPLATES

LONGEST_LINE = 100  # columns, as in Python


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_lines_are_short(path: Path) -> None:
    lines = path.read_text().splitlines()
    too_long = [number for number, line in enumerate(lines, 1) if len(line) > LONGEST_LINE]
    assert not too_long
