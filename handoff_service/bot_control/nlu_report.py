"""The report of ``make nlu``: the results of Rasa's cross-validation, short enough for a
terminal."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_CONFUSIONS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Shares from 0 to 1. ``examples``: the number of examples."""

    name: str
    precision: float
    recall: float
    f1: float
    examples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """``times``: how many texts of one intent were mistaken for another; ``example``: one of
    them."""

    meant: str
    taken_for: str
    times: int
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NluReport:
    """``intents``: worst understood first; ``confusions``: most frequent first."""

    accuracy: float
    macro_f1: float
    intents: tuple[Intent, ...]
    confusions: tuple[Confusion, ...]


def read(folder: Path) -> NluReport:
    """Read the report of ``rasa test nlu --cross-validation`` from a folder."""
    report: dict[str, Any] = json.loads(
        (folder / "intent_report.json").read_text(encoding="utf-8-sig")
    )
    wrong: list[dict[str, Any]] = []
    if (folder / "intent_errors.json").exists():
        wrong = json.loads((folder / "intent_errors.json").read_text(encoding="utf-8-sig"))
    by_name = {
        name: row
        for name, row in report.items()
        if isinstance(row, dict) and not name.endswith(" avg")
    }
    intents = [
        Intent(
            name=name,
            precision=row["precision"],
            recall=row["recall"],
            f1=row["f1-score"],
            examples=int(row["support"]),
        )
        for name, row in by_name.items()
    ]
    examples = sum(intent.examples for intent in intents)
    return NluReport(
        accuracy=1 - len(wrong) / examples if examples else 0.0,
        macro_f1=report["macro avg"]["f1-score"],
        intents=tuple(sorted(intents, key=lambda intent: intent.f1)),
        confusions=tuple(_confusions(wrong)),
    )


def lines(report: NluReport) -> Iterator[str]:
    """The printed report."""
    examples = sum(intent.examples for intent in report.intents)
    yield f"accuracy {report.accuracy:.3f}   macro F1 {report.macro_f1:.3f}   {examples} examples"
    yield ""
    width = max(len(intent.name) for intent in report.intents)
    yield f"{'intent':<{width}}     F1  precision  recall  examples"
    for i in report.intents:
        yield f"{i.name:<{width}}  {i.f1:5.2f}  {i.precision:9.2f}  {i.recall:6.2f}  {i.examples:8}"
    if report.confusions:
        yield ""
        yield "most often confused:"
    for c in report.confusions[:MOST_CONFUSIONS]:
        yield f"  {c.times} x {c.meant} taken for {c.taken_for}, such as: {c.example}"


def _confusions(wrong: list[dict[str, Any]]) -> Iterator[Confusion]:
    pairs = Counter((w["intent"], w["intent_prediction"]["name"]) for w in wrong)
    for (meant, taken_for), times in pairs.most_common():
        example = next(
            w for w in wrong if (w["intent"], w["intent_prediction"]["name"]) == (meant, taken_for)
        )
        yield Confusion(
            meant=meant, taken_for=taken_for, times=times, example=" ".join(example["text"].split())
        )
