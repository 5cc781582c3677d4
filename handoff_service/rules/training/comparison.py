"""Compares a new model with the running one. By these figures, ``promotion_rules.py`` decides
whether the new model may be promoted."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from handoff_service.rules.training.exact_tests import Share, mcnemar
from handoff_service.rules.training.intents import (
    GATES,
    NOT_UNDERSTOOD,
    OTHER_MATTERS,
    TOPICS,
    alike,
)

SURE = 0.7  # least confidence of an answer that counts as sure
SIGNIFICANT = 0.05  # significance level of the McNemar test
QUOTED = 3  # texts that a reason quotes


class TextSet(StrEnum):
    PINNED = "pinned"  # pinned texts, which every model must understand
    AUDIT = "audit"  # a random tenth of all texts, labeled, never trained on
    TEST = "test"  # other labeled texts that are never trained on


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The intent that a model recognizes in a text. ``confidence``: 0 to 1."""

    intent: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedText:
    """One text with its right intent, and both models' answers. ``old`` None: no model ran."""

    of_set: TextSet
    text: str
    meant: str
    old: Answer | None
    new: Answer

    @property
    def old_is_right(self) -> bool:
        return self.old is not None and alike(self.old.intent) == alike(self.meant)

    @property
    def new_is_right(self) -> bool:
        return alike(self.new.intent) == alike(self.meant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """The share of an intent's test texts that each model understands."""

    intent: str
    old: Share | None
    new: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Stories:
    """``passed``: how many test stories passed. ``failed``: the names of the failed ones."""

    passed: int
    failed: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """How one kind of mistake has changed. ``worse``: how many texts only the new model gets wrong.
    ``better``: how many only the old one gets wrong. ``examples``: some of the worse texts."""

    worse: int = 0
    better: int = 0
    examples: Sequence[ComparedText] = ()

    @property
    def is_significant(self) -> bool:
        """Whether the new model is significantly worse, by the exact McNemar test. Smaller losses
        do not count, because even better data makes a few texts worse."""
        return self.worse > self.better and mcnemar(self.worse, self.better) < SIGNIFICANT


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All figures of the new model and of the running one. ``*_old`` None: no model ran."""

    pinned: int
    pinned_failed: Sequence[ComparedText]
    stories: Stories
    audit_old: Share | None
    audit_new: Share
    #: number of audit texts that only the old model understands, and that only the new one
    #: understands
    lost: int
    won: int
    p_value: float
    #: None when there are no test texts, or for the old model when no model ran
    macro_f1_old: float | None
    macro_f1_new: float | None
    recalls: Sequence[Recall]
    sure_and_wrong_old: int | None
    sure_and_wrong_new: int
    false_starts_old: Share | None
    false_starts_new: Share
    sure_and_wrong: Change = Change()
    false_starts: Change = Change()


def compare(texts: Sequence[ComparedText], stories: Stories) -> Comparison:
    """Compute the figures. Audit texts count as test texts too; pinned texts do not."""
    pinned = [one for one in texts if one.of_set is TextSet.PINNED]
    tested = [one for one in texts if one.of_set is not TextSet.PINNED]
    audit = [one for one in tested if one.of_set is TextSet.AUDIT]
    ran = any(one.old is not None for one in texts)
    lost = sum(one.old_is_right and not one.new_is_right for one in audit)
    won = sum(one.new_is_right and not one.old_is_right for one in audit)
    return Comparison(
        pinned=len(pinned),
        pinned_failed=[one for one in pinned if not one.new_is_right],
        stories=stories,
        audit_old=_share(audit, lambda one: one.old_is_right) if ran else None,
        audit_new=_share(audit, lambda one: one.new_is_right),
        lost=lost,
        won=won if ran else 0,
        p_value=mcnemar(lost, won) if ran else 1.0,
        macro_f1_old=macro_f1([(one.meant, _intent(one.old)) for one in tested]) if ran else None,
        macro_f1_new=macro_f1([(one.meant, one.new.intent) for one in tested]),
        recalls=_recalls(tested, ran=ran),
        sure_and_wrong_old=sum(_sure_and_wrong(one, one.old) for one in tested) if ran else None,
        sure_and_wrong_new=sum(_sure_and_wrong(one, one.new) for one in tested),
        false_starts_old=_false_starts(tested, lambda one: one.old) if ran else None,
        false_starts_new=_false_starts(tested, lambda one: one.new),
        sure_and_wrong=_change(tested, _sure_and_wrong),
        false_starts=_change(tested, _starts_falsely),
    )


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float | None:
    """The mean F1 of all meant intents. ``pairs``: the meant and the understood intent of each
    text. None when there are no texts."""
    meant = Counter(alike(one) for one, _ in pairs)
    found = Counter(alike(other) for _, other in pairs)
    right = Counter(alike(one) for one, other in pairs if alike(one) == alike(other))
    scores = [2 * right[name] / (meant[name] + found[name]) for name in meant]
    return sum(scores) / len(scores) if scores else None


def _share(texts: Sequence[ComparedText], holds: Callable[[ComparedText], bool]) -> Share:
    return Share(part=sum(map(holds, texts)), whole=len(texts))


def _intent(answer: Answer | None) -> str:
    return answer.intent if answer is not None else NOT_UNDERSTOOD


def _recalls(texts: Sequence[ComparedText], *, ran: bool) -> list[Recall]:
    by_intent: dict[str, list[ComparedText]] = {}
    for one in texts:
        by_intent.setdefault(alike(one.meant), []).append(one)
    return [
        Recall(
            intent=intent,
            old=_share(some, lambda one: one.old_is_right) if ran else None,
            new=_share(some, lambda one: one.new_is_right),
        )
        for intent, some in sorted(by_intent.items())
    ]


def _sure_and_wrong(text: ComparedText, answer: Answer | None) -> bool:
    """Whether the answer is wrong with high confidence. A fallback or a question to the requester
    never counts as confident."""
    return (
        answer is not None
        and answer.confidence >= SURE
        and answer.intent not in GATES
        and alike(answer.intent) != alike(text.meant)
    )


def _false_starts(
    texts: Sequence[ComparedText], answer_of: Callable[[ComparedText], Answer | None]
) -> Share:
    others = [one for one in texts if one.meant in OTHER_MATTERS]
    return _share(others, lambda one: _starts_falsely(one, answer_of(one)))


def _starts_falsely(text: ComparedText, answer: Answer | None) -> bool:
    return text.meant in OTHER_MATTERS and _intent(answer) in TOPICS


def _change(
    texts: Sequence[ComparedText], is_wrong: Callable[[ComparedText, Answer | None], bool]
) -> Change:
    """The texts on which only one of the two models is wrong in this way. A text with the same
    answer as before counts as unchanged, even with another confidence, because the requester sees
    no change."""
    changed = [one for one in texts if one.old and alike(one.old.intent) != alike(one.new.intent)]
    pairs = [(is_wrong(one, one.old), is_wrong(one, one.new)) for one in changed]
    worse = [one for one, pair in zip(changed, pairs, strict=True) if pair == (False, True)]
    return Change(worse=len(worse), better=pairs.count((True, False)), examples=worse[:QUOTED])
