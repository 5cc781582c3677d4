"""The reference of reports lists each report, number and column in the same words as the code."""

import re
from pathlib import Path

from handoff_service.rules.reports.columns import COLUMNS
from handoff_service.rules.reports.figures import FIGURES
from handoff_service.rules.reports.reports import REPORTS
from handoff_service.web.supervisor.report_files import OF_CONVERSATION

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "reports.md").read_text()


def rows(heading: str) -> list[str]:
    section = PAGE.partition(f"\n## {heading}")[2].partition("\n## ")[0]
    return re.findall(r"^\| `.*$", section, re.MULTILINE)


def test_each_report_is_listed() -> None:
    assert rows("Reports") == [
        f"| `{one.name}` | {one.heading} | {', '.join(f'`{name}`' for name in one.figures)} "
        f"| {', '.join(one.groups)} |"
        for one in REPORTS.values()
    ]


def test_each_figure_is_defined() -> None:
    assert rows("Figures") == [
        f"| `{one.name}` | {one.heading} | {one.unit} | {one.definition} |"
        for one in FIGURES.values()
    ]


def test_each_figure_is_in_a_report_and_its_definition_is_a_sentence() -> None:
    shown = {name for one in REPORTS.values() for name in one.figures}
    assert shown == set(FIGURES)
    assert not [one.name for one in FIGURES.values() if not one.definition.endswith(".")]


def test_each_column_is_described() -> None:
    named = [row.split("`")[1] for row in rows("Columns")]
    assert named == [*OF_CONVERSATION, *COLUMNS]
    for name, column in COLUMNS.items():
        assert f"| `{name}` | {column.meaning} |" in PAGE
