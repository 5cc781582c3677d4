"""Compares a model with the running one, on texts that training never reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from handoff_service.bot_control import model_folder, rasa_cli, test_texts
from handoff_service.bot_control.rasa_cli import Processes
from handoff_service.rules.training.comparison import (
    Answer,
    ComparedText,
    Comparison,
    Stories,
    TextSet,
    blocks,
    compare,
)
from handoff_service.store.training.test_sets import MeasuredBy
from handoff_service.store.views.training import BotModel

_TEXTS = TypeAdapter(list[ComparedText])
_COMPARISON = TypeAdapter(Comparison)


@dataclass(frozen=True, slots=True, kw_only=True)
class Misplaced:
    """An example that is nearer to the examples of another intent. ``margin``: by how much, 0 to
    1."""

    text: str
    intent: str
    looks_like: str
    margin: float


_MISPLACED = TypeAdapter(list[Misplaced])


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """``scores``: the figures as JSON for the database. ``also``: the old and the new answer to
    each further text. ``misplaced``: of the new model's training data."""

    comparison: Comparison
    compared: list[ComparedText]
    scores: dict[str, Any]
    also: list[tuple[Answer | None, Answer]]
    misplaced: list[Misplaced]


def measure(
    home: Path,
    root: Path,
    model: BotModel,
    running: BotModel | None,
    *,
    texts: Sequence[MeasuredBy],
    also: Sequence[MeasuredBy] = (),
    processes: Processes,
    report: Callable[[str], None],
) -> Measurement:
    """Ask both models about the texts, and run the test stories on the new model.

    ``also``: further texts for both models, which the figures ignore. Raises SetupError and
    Canceled.
    """
    folder = model_folder.folder(home)
    if running is not None and not (folder / running.file).is_file():
        running = None
    files = [str(folder / one.file) for one in (model, running) if one is not None]
    given = [{"text": t.text, "meant": t.meant, "asked": t.asked} for t in (*texts, *also)]
    stories = test_texts.stories(root)
    asked = {"models": files, "texts": given, "stories": str(stories) if stories else None}
    found = rasa_cli.compare(home, asked, processes=processes, report=report)
    new = [Answer(intent=intent, confidence=share) for intent, share in found["answers"][0]]
    old: list[Answer | None] = [None] * len(new)
    if running is not None:
        old = [Answer(intent=intent, confidence=share) for intent, share in found["answers"][1]]
    compared = [
        ComparedText(of_set=t.of_set, text=t.text, meant=t.meant, old=before, new=after)
        for t, before, after in zip(texts, old, new, strict=False)
    ]
    comparison = compare(compared, Stories(**found["stories"]))
    refused = blocks(comparison)
    scores = {
        "against": running.hash if running else None,
        "figures": _COMPARISON.dump_python(comparison, mode="json"),
        "blocks": {block.name.lower(): reasons for block, reasons in refused.items()},
        "reasons": [reason for reasons in refused.values() for reason in reasons],
        "pinned": [t.id for t in texts if t.of_set is TextSet.PINNED],
        "ms": found["ms"],
    }
    return Measurement(
        comparison=comparison,
        compared=compared,
        scores=scores,
        also=list(zip(old[len(texts) :], new[len(texts) :], strict=True)),
        misplaced=_MISPLACED.validate_python(found["misplaced"]),
    )


def keep_texts(home: Path, model: BotModel, measured: Measurement) -> None:
    """Store each text with its answers, and the misplaced examples, in the models folder."""
    file = home / "models" / model.file
    model_folder.write_whole(_path(file, "measured"), _TEXTS.dump_json(measured.compared))
    model_folder.write_whole(_path(file, "misplaced"), _MISPLACED.dump_json(measured.misplaced))


def comparison_of(scores: dict[str, Any]) -> Comparison:
    """The comparison in a model's scores."""
    return _COMPARISON.validate_python(scores["figures"])


def compared_texts(home: Path, model: BotModel) -> list[ComparedText]:
    """Each measured text with both answers. Empty when their file is missing."""
    return _kept(_TEXTS, _path(home / "models" / model.file, "measured"))


def misplaced(home: Path, model: BotModel) -> list[Misplaced]:
    """The misplaced examples, the clearest first. Empty when their file is missing."""
    return _kept(_MISPLACED, _path(home / "models" / model.file, "misplaced"))


def _kept[T](kind: TypeAdapter[list[T]], path: Path) -> list[T]:
    try:
        return kind.validate_json(path.read_bytes())
    except FileNotFoundError:
        return []


def _path(model: Path, kind: str) -> Path:
    return model.with_name(f"{model.name.removesuffix('.tar.gz')}.{kind}.json")
