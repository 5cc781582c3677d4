"""Draws how the figures changed from release to release. It reads the JSON files that ``make bench
OUT=docs/performance/RELEASE`` wrote.

``python -m tests.bench.releases``: writes ``docs/performance/releases.svg``.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.picture import Panel, draw
from tests.bench.report import figure, read
from tests.bench.result import Result

FOLDER = Path(__file__).parents[2] / "docs" / "performance"
PICTURE = "releases.svg"


def panels(runs: Mapping[str, Sequence[Result]]) -> list[Panel]:
    """Return one panel for each figure with a budget, over all releases. ``runs``: release ->
    results.
    """
    series: dict[tuple[str, str], dict[str, Result]] = {}
    for release, results in runs.items():
        for one in results:
            if one.budget is not None:
                series.setdefault((one.what, one.database), {})[release] = one
    return [_panel(found, list(runs)) for found in series.values()]


def _panel(found: Mapping[str, Result], releases: Sequence[str]) -> Panel:
    last = list(found.values())[-1]
    unit = last.unit if last.ratio is None else "of the floor"
    assert last.budget is not None
    title = f"{last.what}, {last.database}" if last.database else last.what
    return Panel(
        title=title,
        unit=unit,
        values=[found[name].judged if name in found else None for name in releases],
        note=f"{last.direction} {figure(last.budget)}",
    )


def version(name: str) -> tuple[int, ...]:
    """Return the sort key of a release's name, so that 0.10 comes after 0.9."""
    return tuple(int(part) if part.isdigit() else 0 for part in name.split("."))


def main(folder: Path = FOLDER) -> int:
    files = sorted(folder.glob("[0-9]*.json"), key=lambda file: version(file.stem))
    if not files:
        print(f"{folder} has no results of a release yet.", file=sys.stderr)
        return 1
    loaded: dict[str, Any] = {file.stem: json.loads(file.read_text()) for file in files}
    found = panels({name: read(saved) for name, saved in loaded.items()})
    along = f"releases {files[0].stem} to {files[-1].stem}"
    (folder / PICTURE).write_text(draw("make bench, release by release", found, along))
    return 0


if __name__ == "__main__":
    sys.exit(main())
