"""The trainer's view of all intents: examples, test texts, scores and suspects."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from handoff_service.bot_control import measure_model
from handoff_service.bot_control.bot_data import BotData, Intent
from handoff_service.bot_control.measure_model import Misplaced
from handoff_service.bot_control.similar_examples import ConflictingExamples
from handoff_service.rules.training.comparison import TextSet
from handoff_service.rules.training.intent_scores import IntentScore, intent_scores
from handoff_service.rules.training.intents import alike
from handoff_service.store.training import models
from handoff_service.store.views.training import BotModel


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedIntent:
    """An intent in the list. ``tests``: the number of its test texts in the last measurement, or,
    before the first measurement, the number of its test texts now. ``suspects``: how many of its
    examples are suspects; None: they are not compared yet. ``score`` None: no measurement has used
    its test texts."""

    intent: Intent
    tests: int
    suspects: int | None
    score: IntentScore | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """``equal``: nearly equal examples of two intents; None: not compared yet. ``misplaced``:
    examples that look like those of another intent. ``model``: the model with these scores."""

    listed: Sequence[ListedIntent]
    equal: Sequence[ConflictingExamples] | None
    misplaced: Sequence[Misplaced]
    model: BotModel | None


def last_measured(conn: Connection) -> BotModel | None:
    """The newest model with scores."""
    return next((one for one in models.list_(conn) if one.scores is not None), None)


def overview(data: BotData, home: Path, model: BotModel | None, *, compare: bool) -> Overview:
    """All intents. Reads files. ``compare``: whether to compare all examples if they are not
    compared yet."""
    intents, tests = data.intents(), data.tests()
    equal = data.suspects() if compare else data.quick_suspects()
    compared = measure_model.compared_texts(home, model) if model else []
    scores = intent_scores(compared)
    measured = Counter(one.meant for one in compared if one.of_set is not TextSet.PINNED)
    misplaced = still_misplaced(data, home, model)
    return Overview(
        listed=[
            ListedIntent(
                intent=intent,
                tests=measured[name] or len(tests.get(name, ())),
                suspects=None if equal is None else _suspects(name, equal, misplaced),
                score=scores.get(alike(name)),
            )
            for name, intent in intents.items()
        ],
        equal=equal,
        misplaced=misplaced,
        model=model,
    )


def _suspects(
    name: str, equal: Sequence[ConflictingExamples], misplaced: Sequence[Misplaced]
) -> int:
    return sum(name in (one.first, one.second) for one in equal) + sum(
        name == one.intent for one in misplaced
    )


def still_misplaced(data: BotData, home: Path, model: BotModel | None) -> list[Misplaced]:
    """The misplaced examples of the model's training data that nobody has changed since then."""
    if model is None:
        return []
    present = {
        (name, one.text) for name, intent in data.intents().items() for one in intent.examples
    }
    return [
        one for one in measure_model.misplaced(home, model) if (one.intent, one.text) in present
    ]
