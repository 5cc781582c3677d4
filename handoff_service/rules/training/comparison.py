"""Compares a new model with the running one, and decides whether it may be promoted.

``BLOCKS`` holds the rules that block a promotion. The trainer's page shows one row for each.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
SIGNIFICANT = 0.05  # of the McNemar test
QUOTED = 3  # texts in a reason
ENOUGH_TEXTS = 10  # test texts of an intent before its recall can block
LONGEST_LOSS = 0.10  # of an intent's recall; a greater loss blocks
FEWEST_LOST = 3  # test texts of an intent; two of ten may be lost by chance
MOST_FALSE_STARTS = 0.01  # share of out-of-scope texts that may start a topic


class TextSet(StrEnum):
    PINNED = "pinned"  # every model must understand them
    AUDIT = "audit"  # a random tenth of all texts, labeled, never trained on
    TEST = "test"  # other labeled texts that are never trained on


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The intent that a model gives a text; ``confidence`` is 0 to 1."""

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
    """How many texts only the new model gets wrong in some way, and how many only the old one.
    ``examples``: some that only the new one gets wrong."""

    worse: int = 0
    better: int = 0
    examples: Sequence[ComparedText] = ()

    @property
    def is_significant(self) -> bool:
        """Whether the new model is worse, by the exact McNemar test. Better data, too, makes a few
        texts worse."""
        return self.worse > self.better and mcnemar(self.worse, self.better) < SIGNIFICANT


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All figures of the new model and of the running one. ``*_old`` None: no model ran."""

    pinned: int
    pinned_failed: Sequence[ComparedText]
    stories: Stories
    audit_old: Share | None
    audit_new: Share
    #: audit texts that only the old model, and only the new one, understands
    lost: int
    won: int
    p_value: float
    #: None also when there are no test texts
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


def confusions(texts: Sequence[ComparedText]) -> Mapping[tuple[str, str], int]:
    """(meant intent, intent that the new model understood) -> the number of test texts."""
    tested = (one for one in texts if one.of_set is not TextSet.PINNED)
    return Counter((alike(one.meant), alike(one.new.intent)) for one in tested)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentScore:
    """How well the new model understands one intent, measured by its test texts.

    ``confused_with``: the intents that were understood in its place, or it in theirs, with the
    number of texts, the most frequent first.
    """

    f1: float
    confused_with: Sequence[tuple[str, int]]


def intent_scores(texts: Sequence[ComparedText]) -> Mapping[str, IntentScore]:
    """The score of each intent that has test texts. Other matters count as one (``alike``)."""
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


class Block(StrEnum):
    """When a figure blocks promotion, in the words of the trainer's page."""

    PINNED = "any fails"
    AUDIT = "the new one is significantly worse"
    RECALL = (
        "an intent with ten or more test texts loses more than ten points, and at least three texts"
    )
    SURE_AND_WRONG = "significantly more than before; a text with the same answer does not count"
    FALSE_STARTS = "over 1 %, and significantly more than before"


def blocks(found: Comparison) -> dict[Block, list[str]]:
    """Rule that blocks the promotion -> its reasons as sentences. Empty: nothing blocks it."""
    reasons = {block: list(reasons_of(found)) for block, reasons_of in BLOCKS.items()}
    return {block: sentences for block, sentences in reasons.items() if sentences}


def _failures(found: Comparison) -> list[str]:
    texts = [
        f"The required text “{one.text}” must mean {one.meant}. The new model takes it for "
        f"{one.new.intent}" + (f", the running one for {one.old.intent}." if one.old else ".")
        for one in found.pinned_failed
    ]
    return texts + [f"The test story “{name}” fails." for name in found.stories.failed]


def _worse_audit(found: Comparison) -> list[str]:
    if found.lost <= found.won or found.p_value >= SIGNIFICANT:
        return []
    return [
        f"On the audit set the new model is significantly worse: it loses {found.lost} texts and "
        f"wins {found.won} (p = {found.p_value:.3f})."
    ]


def _lost_recalls(found: Comparison) -> list[str]:
    return [
        f"{one.intent} loses more than ten points: from {one.old.value:.0%} to "
        f"{one.new.value:.0%} of {one.new.whole} test texts."
        for one in found.recalls
        if one.old is not None
        and one.new.whole >= ENOUGH_TEXTS
        # in whole texts, because 0.9 - 0.8 is a little more than 0.1 in floating point
        and one.old.part - one.new.part > LONGEST_LOSS * one.new.whole + 1e-9
        and one.old.part - one.new.part >= FEWEST_LOST
    ]


def _more_sure_and_wrong(found: Comparison) -> list[str]:
    if not found.sure_and_wrong.is_significant:
        return []
    return [
        f"The new model is confident but wrong on {found.sure_and_wrong_new} test texts; "
        f"the running one on {found.sure_and_wrong_old}. {_moved(found.sure_and_wrong)}"
    ]


def _too_many_false_starts(found: Comparison) -> list[str]:
    share, moved = found.false_starts_new, found.false_starts
    if found.false_starts_old is None:
        # no model to compare with, so a few texts over the limit may be chance
        if share.interval[0] <= MOST_FALSE_STARTS:
            return []
        return [f"{_starts(share)} Correct them before this model runs."]
    if share.value <= MOST_FALSE_STARTS or not moved.is_significant:
        return []
    return [f"{_starts(share)} {_moved(moved)}"]


def _starts(share: Share) -> str:
    return (
        f"{share.part} of {share.whole} out-of-scope texts start a topic; more than 1 % is too "
        "many."
    )


def _moved(change: Change) -> str:
    texts = "; ".join(
        f"“{one.text}” means {one.meant} and is taken for {one.new.intent}"
        for one in change.examples
    )
    return (
        f"{change.worse} texts became worse and {change.better} better "
        f"(p = {mcnemar(change.worse, change.better):.3f}). For example: {texts}."
    )


#: rule -> the sentences that say why it blocks; none when it does not
BLOCKS: Mapping[Block, Callable[[Comparison], Sequence[str]]] = {
    Block.PINNED: _failures,
    Block.AUDIT: _worse_audit,
    Block.RECALL: _lost_recalls,
    Block.SURE_AND_WRONG: _more_sure_and_wrong,
    Block.FALSE_STARTS: _too_many_false_starts,
}


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
    """Whether the answer is wrong with high confidence. A fallback and a question back are not
    sure."""
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
    """The texts on which one model alone is wrong in this way. A text with the same answer as
    before counts as unchanged, whatever its confidence, because the requester sees no change."""
    changed = [one for one in texts if one.old and alike(one.old.intent) != alike(one.new.intent)]
    pairs = [(is_wrong(one, one.old), is_wrong(one, one.new)) for one in changed]
    worse = [one for one, pair in zip(changed, pairs, strict=True) if pair == (False, True)]
    return Change(worse=len(worse), better=pairs.count((True, False)), examples=worse[:QUOTED])
