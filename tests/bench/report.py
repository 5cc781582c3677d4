"""Prints results as they come, and writes them as Markdown and JSON at the end."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.machine import Machine
from tests.bench.result import Direction, Result

HEADER = "---\norphan: true\n---\n"  # keeps each release out of the documentation's index
HEAD = ("what", "database", "figure", "of the floor", "spread", "budget", "")


@dataclass
class Report:
    """The report of one run."""

    machine: Machine
    quick: bool
    results: list[Result] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)  #: benchmark -> its error
    seconds: dict[str, float] = field(default_factory=dict)  #: benchmark -> seconds that it took

    def add(self, result: Result) -> None:
        self.results.append(result)
        print("  ".join(cell for cell in row(result) if cell), flush=True)

    @property
    def missed(self) -> bool:
        """Return whether a result missed its budget, or a benchmark failed."""
        return bool(self.failures) or any(one.met is False for one in self.results)

    def markdown(self) -> str:
        """Return the run as a page of the documentation."""
        lines = [table(HEAD, [row(one) for one in self.results])]
        if floors := {one.floor for one in self.results if one.floor}:
            lines.append("Floors: " + "; ".join(sorted(floors)) + ".")
        if self.failures:
            lines.append(table(("failed benchmark", "error"), sorted(self.failures.items())))
        if self.quick:
            lines.append("`QUICK=1`: small sizes and few rounds, so the spread is wide.")
        if self.machine.warning:
            lines.append(f"Warning: {self.machine.warning}")
        lines.append(table(("machine", ""), list(self.machine.facts().items())))
        took = [(name, f"{seconds:.0f} s") for name, seconds in self.seconds.items()]
        lines.append(table(("benchmark", "took"), took))
        return "\n\n".join(lines) + "\n"

    def write(self, out: str) -> None:
        """Write ``out`` with the endings .md and .json."""
        path = Path(out.removesuffix(".json").removesuffix(".md"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(path.name + ".md").write_text(f"{HEADER}# {path.name}\n\n{self.markdown()}")
        path.with_name(path.name + ".json").write_text(json.dumps(self.as_json(), indent=1) + "\n")

    def as_json(self) -> dict[str, Any]:
        return {
            "quick": self.quick,
            "machine": dataclasses.asdict(self.machine),
            "warning": self.machine.warning,
            "results": [
                {**dataclasses.asdict(one), "met": one.met, "judged": one.judged}
                for one in self.results
            ],
            "failures": self.failures,
            "seconds": self.seconds,
        }


def row(result: Result) -> tuple[str, ...]:
    """Return a result's cells for the printed line and the table."""
    ratio = "" if result.ratio is None else f"{figure(result.ratio)} × {result.floor}"
    spread = f"{figure(result.low)} to {figure(result.high)}"
    budget = (
        ""
        if result.budget is None
        else f"{result.direction} {figure(result.budget)}{_budget_unit(result)}"
    )
    met = {True: "met", False: "MISSED", None: ""}[result.met]
    value = f"{figure(result.value)} {result.unit}".strip()
    return (result.what, result.database, value, ratio, spread, budget, met)


def _budget_unit(result: Result) -> str:
    return f" {result.unit}" if result.ratio is None and result.unit else ""


def figure(value: float) -> str:
    """Format a figure with about three significant digits."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.2f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    cells = [head, ["---"] * len(head), *rows]
    escaped = (" | ".join(cell.replace("|", "\\|") for cell in line) for line in cells)
    return "\n".join(f"| {line} |" for line in escaped)


def read(saved: dict[str, Any]) -> list[Result]:
    """Return the results of a JSON file that ``write`` has written."""
    names = {one.name for one in dataclasses.fields(Result)}
    return [
        Result(
            **{name: value for name, value in one.items() if name in names - {"direction"}},
            direction=Direction(one["direction"]),
        )
        for one in saved["results"]
    ]
