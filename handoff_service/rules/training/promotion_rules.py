"""Decides whether a new model may be promoted.

``BLOCKS`` holds the rules that block a promotion. The trainer's page shows one row for each.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from handoff_service.rules.training.comparison import SIGNIFICANT, Change, Comparison
from handoff_service.rules.training.exact_tests import Share, mcnemar

ENOUGH_TEXTS = 10  # test texts of an intent before its recall can block
LONGEST_LOSS = 0.10  # a greater loss of an intent's recall blocks
FEWEST_LOST = 3  # test texts of an intent; two of ten may be lost by chance
MOST_FALSE_STARTS = 0.01  # share of out-of-scope texts that may start a topic


class Block(StrEnum):
    """When a figure blocks promotion, in the words of the trainer's page."""

    PINNED = "any fails"
    AUDIT = "the new one is significantly worse"
    RECALL = (
        "an intent with ten or more test texts loses more than ten points, and at least three texts"
    )
    SURE_AND_WRONG = "significantly more than before, without texts that both models answer alike"
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
        # rounded to whole texts, because 0.9 - 0.8 is a little more than 0.1 in floating point
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
        # without a model to compare with, a few texts over the limit may be chance
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
