"""Results: their budgets, their spread, and their output."""

import json
from pathlib import Path

import pytest

from tests.bench import machine, releases, report, soak
from tests.bench.machine import Machine
from tests.bench.picture import Panel, describe, draw
from tests.bench.report import Report, figure, row
from tests.bench.result import Direction, Result, percentile, ratios, spread
from tests.bench.soak import Sample
from tests.bench.trend import slope

MACHINE = Machine(
    cores=2,
    processor="A processor",
    memory_gb=24,
    kernel="6.1",
    python="3.13.0",
    sqlite="3.40.1",
    postgresql="15.18",
    load=0.1,
    busy_cores=0.0,
)


def result(
    *,
    value: float = 20,
    ratio: float | None = None,
    budget: float | None = 25,
    direction: Direction = Direction.AT_MOST,
) -> Result:
    return Result(
        what="page",
        database="SQLite",
        value=value,
        unit="ms",
        floor="" if ratio is None else "short | past",
        ratio=ratio,
        low=18,
        high=30,
        budget=budget,
        direction=direction,
    )


@pytest.mark.parametrize(
    ("one", "met"),
    [
        (result(value=25), True),
        (result(value=25.1), False),
        (result(value=25, direction=Direction.AT_LEAST), True),
        (result(value=24.9, direction=Direction.AT_LEAST), False),
        (result(value=9, ratio=30), False),  # The budget applies to the ratio.
        (result(budget=None), None),
    ],
)
def test_a_result_meets_or_misses_its_budget(one: Result, met: bool | None) -> None:
    assert one.met is met


def test_the_spread_is_the_middle_half_or_with_few_values_all_of_them() -> None:
    many = spread([float(n) for n in range(1, 10)])
    assert (many.low, many.middle, many.high) == (3, 5, 7)
    few = spread([1.0, 9.0, 2.0])
    assert (few.low, few.middle, few.high) == (1, 2, 9)
    assert spread([4.0]).high == 4
    assert spread([float(n) for n in range(1, 10)], quartile=1).middle == 3


def test_a_ratio_lies_within_its_spread() -> None:
    found = ratios([10, 20, 30], [10, 10, 60])
    assert found.middle == 2
    assert (found.low, found.high) == (0.5, 2)


def test_a_percentile_of_few_values_is_the_highest() -> None:
    assert percentile([3, 1, 2], 0.99) == 3
    assert percentile([float(n) for n in range(100)], 0.5) == 50


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (0.456, "0.46"), (12.34, "12.3"), (12.0, "12"), (4321.9, "4,322"), (-0.5, "-0.50")],
)
def test_figures_have_about_three_significant_digits(value: float, words: str) -> None:
    assert figure(value) == words


def test_a_row_names_figure_floor_spread_and_budget() -> None:
    assert row(result(ratio=0.9, budget=1.25)) == (
        "page", "SQLite", "20 ms", "0.90 × short | past", "18 to 30", "at most 1.25", "met",
    )  # fmt: skip
    assert row(result())[5:] == ("at most 25 ms", "met")


def test_a_run_is_written_as_markdown_and_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Report(MACHINE, quick=True)
    made.add(result(value=40))
    made.add(result(ratio=0.9, budget=1.25))
    made.seconds["reads"] = 3.0
    made.write(str(tmp_path / "docs" / "2.3.0.md"))
    page = (tmp_path / "docs" / "2.3.0.md").read_text()
    assert "| page | SQLite | 40 ms |  | 18 to 30 | at most 25 ms | MISSED |" in page
    assert "0.90 × short \\| past" in page
    assert "| processor | A processor |" in page
    saved = json.loads((tmp_path / "docs" / "2.3.0.json").read_text())
    assert report.read(saved) == made.results
    assert made.missed
    assert "MISSED" in capsys.readouterr().out


def test_a_failed_benchmark_fails_the_run() -> None:
    made = Report(MACHINE, quick=False, failures={"bot": "RasaFailed: no model"})
    assert made.missed
    assert "RasaFailed: no model" in made.markdown()


def test_a_busy_machine_causes_a_warning() -> None:
    busy = Machine(**{name: getattr(MACHINE, name) for name in MACHINE.__slots__}
                   | {"busy_cores": 1.5})  # fmt: skip
    assert not MACHINE.warning
    assert "1.5 of 2 cores" in Report(busy, quick=False).markdown()


def test_the_processors_model_and_work_are_read() -> None:
    assert machine.processor("vendor\t: x\nmodel name\t: AMD  EPYC\n") == "AMD EPYC"
    assert machine.busy_seconds("cpu  100 0 50 999 5 1 2 0\ncpu0 1") == 1.53


# The pictures -------------------------------------------------------------------------------------


def test_a_picture_describes_its_values_in_words() -> None:
    panel = Panel(title="memory", unit="MB", values=[90.0, None, 100.0], note="1 < 2")
    picture = draw("Soak", [panel, Panel(title="files", unit="", values=[])], "minute 0 to 1")
    assert describe(panel) in picture
    assert "files: not measured yet." in picture
    assert "1 &lt; 2" in picture
    assert 'd="M0.0 22.0L100.0 2.0"' in picture


def test_releases_are_in_order_and_missing_values_leave_gaps(tmp_path: Path) -> None:
    for name, value in (("0.10.0", 20.0), ("0.9.0", 30.0)):
        made = Report(MACHINE, quick=False, results=[result(value=value), result(budget=None)])
        made.write(str(tmp_path / name))
    assert releases.main(tmp_path) == 0
    assert "page, SQLite: from 30 to 20 ms" in (tmp_path / releases.PICTURE).read_text()
    found = releases.panels({"1": [], "2": [result()]})
    assert [one.values for one in found] == [[None, 20]]


# The soak -----------------------------------------------------------------------------------------


def samples(growth: float, count: int = 90) -> list[Sample]:
    """Return one sample for every five seconds. The service's memory varies and grows by this many
    MB an hour.
    """
    return [
        Sample(
            seconds=5.0 * n,
            memory=100 + growth * 5 * n / 3600 + (n % 3) / 10,
            files=40 + n % 2,
            wal=4,
            database=10,
            webhook_p99=None if n == 0 else 12.5,
            hint_longest=20,
            texts=250,
            refused=0,
        )
        for n in range(count)
    ]


def test_a_slope_lies_within_its_interval() -> None:
    found = slope([n / 10 for n in range(100)], [3 * n / 10 + n % 2 for n in range(100)])
    assert found is not None
    assert found.low < 3 < found.high
    assert found.high - found.low < 0.1
    assert slope([1.0] * 5, [1.0] * 5) is None


@pytest.mark.parametrize(("growth", "failed"), [(0.0, []), (600.0, ["memory"])])
def test_only_certain_growth_fails_a_soak(growth: float, failed: list[str]) -> None:
    assert soak.grows(soak.slopes(samples(growth))) == failed


def test_a_soak_writes_a_picture_and_a_table() -> None:
    taken = samples(0.0)
    assert "an hour" in soak.panels(taken, soak.slopes(taken))[0].note
    lines = soak.as_table(taken).splitlines()
    assert lines[0].startswith("| minute | memory (MB) | open files |")
    assert 12 <= len(lines) - 2 <= 13
    assert soak.panels(taken[:3], soak.slopes(taken[:3]))[0].note == ""
