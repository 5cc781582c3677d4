"""The trainer's overview of all intents: examples, test texts, scores and suspects, which are
examples that may belong to another intent."""

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
    """An intent in the list.

    - ``tests``: the number of its test texts in the last measurement. If the measurement had none,
      or there was no measurement: the current number in the audit lane.
    - ``suspects``: the number of its suspects; None: the examples are not compared yet.
    - ``score`` None: no measurement has used test texts of this intent.
    """

    intent: Intent
    tests: int
    suspects: int | None
    score: IntentScore | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """``equal``: equal or nearly equal examples of different intents; None: the examples are not
    compared yet. ``misplaced``: examples that are more similar to those of another intent.
    ``model``: the model that the scores are about."""

    listed: Sequence[ListedIntent]
    equal: Sequence[ConflictingExamples] | None
    misplaced: Sequence[Misplaced]
    model: BotModel | None


def last_measured(conn: Connection) -> BotModel | None:
    """The newest model with scores."""
    return next((one for one in models.list_(conn) if one.scores is not None), None)


def overview(data: BotData, home: Path, model: BotModel | None, *, compare: bool) -> Overview:
    """Collect the overview. This reads files. ``model``: the last measured model. ``compare``:
    whether to compare all examples if that is still necessary."""
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
    """The misplaced examples in the model's training data that nobody has changed since."""
    if model is None:
        return []
    present = {
        (name, one.text) for name, intent in data.intents().items() for one in intent.examples
    }
    return [
        one for one in measure_model.misplaced(home, model) if (one.intent, one.text) in present
    ]
