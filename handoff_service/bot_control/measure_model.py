"""Compare a model with an earlier one by letting both answer texts that training never reads."""

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from handoff_service.bot_control import model_folder, test_texts
from handoff_service.bot_control.workbench import Workbench
from handoff_service.rules.training.comparison import (
    Answer,
    ComparedText,
    Comparison,
    Stories,
    TextSet,
    compare,
)
from handoff_service.rules.training.promotion_rules import blocks
from handoff_service.store.training.test_sets import MeasuredBy
from handoff_service.store.views.training import BotModel

_TEXTS = TypeAdapter(list[ComparedText])
_COMPARISON = TypeAdapter(Comparison)


@dataclass(frozen=True, slots=True, kw_only=True)
class Misplaced:
    """An example that is more similar to the examples of another intent (``looks_like``) than to
    those of its own. ``margin``: the difference of the similarities, 0 to 1."""

    text: str
    intent: str
    looks_like: str
    margin: float


_MISPLACED = TypeAdapter(list[Misplaced])


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The result of a measurement. ``scores``: the figures as JSON for the database. ``also``: for
    each further text, the answers of the earlier and the new model. ``misplaced``: the misplaced
    examples in the new model's training data."""

    comparison: Comparison
    compared: list[ComparedText]
    scores: dict[str, Any]
    also: list[tuple[Answer | None, Answer]]
    misplaced: list[Misplaced]


class RunningAnswers:
    """Lets the earlier model answer texts in a second process, while the first process trains the
    new model or lets it answer. Answers are cached, so the model answers each text once. The second
    process also finds misplaced examples."""

    def __init__(self, home: Path, bench: Workbench) -> None:
        self._folder, self._bench = model_folder.folder(home), bench
        self._known: dict[tuple[str, str], Answer] = {}
        self._lock = threading.Lock()

    def of(self, model: BotModel, texts: Sequence[MeasuredBy]) -> list[Answer]:
        """The model's answers. Raises SetupError and Canceled."""
        with self._lock:
            asked = {(model.file, _asked(one)): one for one in texts}
            missing = [key for key in asked if key not in self._known]
            found = _answers(
                self._bench, self._folder / model.file, [asked[key] for key in missing]
            )
            self._known.update(zip(missing, found, strict=True))
            return [self._known[model.file, _asked(one)] for one in texts]

    def misplaced(self, model: Path) -> list[dict[str, Any]]:
        """The misplaced examples in a model's training data (see ``bot/misplaced.py``)."""
        with self._lock:
            found: list[dict[str, Any]] = self._bench.do("misplaced", model=str(model))
            return found


def measure(
    home: Path,
    root: Path,
    model: BotModel,
    baseline: BotModel | None,
    *,
    texts: Sequence[MeasuredBy],
    also: Sequence[MeasuredBy] = (),
    bench: Workbench,
    beside: RunningAnswers,
) -> Measurement:
    """Measure a model: both it and the baseline answer the texts. This also runs the test stories
    with the new model, measures its speed and finds its misplaced examples. Raises SetupError and
    Canceled.

    ``baseline``: the earlier model. If it is None or its file is missing, nothing is compared.
    ``also``: further texts for both models, which the figures ignore. ``bench``: the process for
    the new model. ``beside``: the process for the baseline, at the same time.
    """
    file = model_folder.folder(home) / model.file
    if baseline is not None and not file.with_name(baseline.file).is_file():
        baseline = None
    found = _ask(file, root, baseline, [*texts, *also], bench, beside)
    compared = [
        ComparedText(of_set=t.of_set, text=t.text, meant=t.meant, old=before, new=after)
        for t, before, after in zip(texts, found.old, found.new, strict=False)
    ]
    comparison = compare(compared, found.stories)
    pinned = [t.id for t in texts if t.of_set is TextSet.PINNED]
    against = {"against": baseline.hash if baseline else None, "pinned": pinned}
    return Measurement(
        comparison=comparison,
        compared=compared,
        scores=against | figures(comparison) | {"ms": found.milliseconds},
        also=list(zip(found.old[len(texts) :], found.new[len(texts) :], strict=True)),
        misplaced=found.misplaced,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The results of both processes. ``old``: the answers of the baseline. ``new``: the answers of
    the new model."""

    old: list[Answer | None]
    new: list[Answer]
    milliseconds: float | None  #: the time that the new model takes for a text; None without texts
    stories: Stories
    misplaced: list[Misplaced]


def _ask(
    file: Path,
    root: Path,
    baseline: BotModel | None,
    texts: Sequence[MeasuredBy],
    bench: Workbench,
    beside: RunningAnswers,
) -> _Found:
    """Let both models answer the texts at the same time, each in its own process."""
    with ThreadPoolExecutor(1) as second:
        asked = second.submit(beside.of, baseline, texts) if baseline is not None else None
        misplaced = second.submit(beside.misplaced, file)
        return _Found(
            new=_answers(bench, file, texts),
            milliseconds=bench.do("speed", model=str(file), texts=[one.text for one in texts]),
            stories=_stories(bench, file, root),
            old=[None] * len(texts) if asked is None else [*asked.result()],
            misplaced=_MISPLACED.validate_python(misplaced.result()),
        )


def figures(comparison: Comparison) -> dict[str, Any]:
    """The comparison and the reasons that block the promotion, as JSON for the database."""
    refused = blocks(comparison)
    return {
        "figures": _COMPARISON.dump_python(comparison, mode="json"),
        "blocks": {block.name.lower(): reasons for block, reasons in refused.items()},
        "reasons": [reason for reasons in refused.values() for reason in reasons],
    }


def _answers(bench: Workbench, model: Path, texts: Sequence[MeasuredBy]) -> list[Answer]:
    if not texts:
        return []
    given = [{"text": t.text, "meant": t.meant, "asked": t.asked} for t in texts]
    found = bench.do("answers", model=str(model), texts=given)
    return [Answer(intent=intent, confidence=share) for intent, share in found]


def _asked(text: MeasuredBy) -> str:
    return json.dumps([text.text, text.meant, text.asked], sort_keys=True)


def _stories(bench: Workbench, model: Path, root: Path) -> Stories:
    file = test_texts.stories(root)
    if file is None:
        return Stories(passed=0, failed=[])
    return Stories(**bench.do("stories", model=str(model), file=str(file)))


def keep_texts(home: Path, model: BotModel, measured: Measurement) -> None:
    """Store each text with its answers, and the misplaced examples, in the models folder."""
    file = home / "models" / model.file
    model_folder.write_whole(_path(file, "measured"), _TEXTS.dump_json(measured.compared))
    model_folder.write_whole(_path(file, "misplaced"), _MISPLACED.dump_json(measured.misplaced))


def comparison_of(scores: dict[str, Any]) -> Comparison:
    """The comparison in a model's scores."""
    found = _COMPARISON.validate_python(scores["figures"])
    if found.recalls:
        return found
    # older versions of Patchboard stored a macro F1 of 0 when there were no test texts
    return replace(found, macro_f1_old=None, macro_f1_new=None)


def compared_texts(home: Path, model: BotModel) -> list[ComparedText]:
    """The measured texts with both answers. Empty when their file is missing."""
    return _kept(_TEXTS, _path(home / "models" / model.file, "measured"))


def misplaced(home: Path, model: BotModel) -> list[Misplaced]:
    """The misplaced examples, the largest margin first. Empty when their file is missing."""
    return _kept(_MISPLACED, _path(home / "models" / model.file, "misplaced"))


def _kept[T](kind: TypeAdapter[list[T]], path: Path) -> list[T]:
    try:
        return kind.validate_json(path.read_bytes())
    except FileNotFoundError:
        return []


def _path(model: Path, kind: str) -> Path:
    return model.with_name(f"{model.name.removesuffix('.tar.gz')}.{kind}.json")
