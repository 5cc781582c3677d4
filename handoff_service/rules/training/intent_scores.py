"""How well a model understands each intent, measured by its test texts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handoff_service.rules.training.comparison import ComparedText, TextSet
from handoff_service.rules.training.intents import alike


def confusions(texts: Sequence[ComparedText]) -> Mapping[tuple[str, str], int]:
    """(meant intent, intent that the new model understood) -> the number of test texts."""
    tested = (one for one in texts if one.of_set is not TextSet.PINNED)
    return Counter((alike(one.meant), alike(one.new.intent)) for one in tested)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentScore:
    """How well the new model understands one intent, measured by its test texts.

    ``confused_with``: the intents that the model confuses with this one, in either direction, with
    the number of texts, most frequent first.
    """

    f1: float
    confused_with: Sequence[tuple[str, int]]


def intent_scores(texts: Sequence[ComparedText]) -> Mapping[str, IntentScore]:
    """The score of each intent that has test texts. All out-of-scope intents count as one
    (``alike``)."""
    cells = confusions(texts)
    meant, found = Counter[str](), Counter[str]()
    wrong: dict[str, Counter[str]] = {}
    for (one, other), count in cells.items():
        meant[one] += count
        found[other] += count
        if one != other:
            wrong.setdefault(one, Counter())[other] += count
            wrong.setdefault(other, Counter())[one] += count
    return {
        name: IntentScore(
            f1=2 * cells.get((name, name), 0) / (meant[name] + found[name]),
            confused_with=wrong.get(name, Counter[str]()).most_common(),
        )
        for name in meant
    }
