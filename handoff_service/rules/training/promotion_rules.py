"""Decides whether a new model may be promoted.

``BLOCKS`` contains the rules that block a promotion. The trainer's page shows a row for each rule.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.rules.training.comparison import SIGNIFICANT, Change, Comparison
from handoff_service.rules.training.exact_tests import Share, mcnemar

ENOUGH_TEXTS = 10  # test texts of an intent before its recall can block
LONGEST_LOSS = 0.10  # a greater loss of an intent's recall blocks the promotion
FEWEST_LOST = 3  # lost test texts of an intent before it can block; fewer may be chance
MOST_FALSE_STARTS = 0.01  # share of out-of-scope texts that may start a topic


class Block(StrEnum):
    """A rule that blocks promotion."""

    PINNED = "pinned"
    AUDIT = "audit"
    RECALL = "recall"
    SURE_AND_WRONG = "sure_and_wrong"
    FALSE_STARTS = "false_starts"


#: rule -> when it blocks, for the trainer's page
BLOCKS_WHEN: Mapping[Block, str] = {
    Block.PINNED: phrase("any test text fails"),
    Block.AUDIT: phrase("the new one is significantly worse"),
    Block.RECALL: phrase(
        "an intent with ten or more test texts loses more than ten points, and at least three texts"
    ),
    Block.SURE_AND_WRONG: phrase(
        "significantly more than before, without texts that both models answer alike"
    ),
    Block.FALSE_STARTS: phrase("over 1%, and significantly more than before"),
}


def blocks(found: Comparison) -> dict[Block, list[str]]:
    """Rule that blocks the promotion -> its reasons as sentences. Empty: nothing blocks it."""
    reasons = {block: list(reasons_of(found)) for block, reasons_of in BLOCKS.items()}
    return {block: sentences for block, sentences in reasons.items() if sentences}


def _failures(found: Comparison) -> list[str]:
    texts: list[str] = [
        phrase(
            "The required text “{text}” must mean {meant}. The new model takes it for {new}, the "
            "running one for {old}.",
            text=one.text,
            meant=one.meant,
            new=one.new.intent,
            old=one.old.intent,
        )
        if one.old
        else phrase(
            "The required text “{text}” must mean {meant}. The new model takes it for {new}.",
            text=one.text,
            meant=one.meant,
            new=one.new.intent,
        )
        for one in found.pinned_failed
    ]
    return texts + [
        phrase("The test story “{name}” fails.", name=name) for name in found.stories.failed
    ]


def _worse_audit(found: Comparison) -> list[str]:
    if found.lost <= found.won or found.p_value >= SIGNIFICANT:
        return []
    return [
        phrase(
            "On the audit set the new model is significantly worse: it loses {lost} texts "
            "and wins {won} (p = {p_value:.3f}).",
            lost=found.lost,
            won=found.won,
            p_value=found.p_value,
        )
    ]


def _lost_recalls(found: Comparison) -> list[str]:
    return [
        phrase(
            "{intent} loses more than ten points: from {old:.0%} to {new:.0%} of {count} test "
            "texts.",
            intent=one.intent,
            old=one.old.value,
            new=one.new.value,
            count=one.new.whole,
        )
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
        phrase(
            "The new model is confident but wrong on {new} test texts; the running one on {old}. "
            "{changes}",
            new=found.sure_and_wrong_new,
            old=found.sure_and_wrong_old,
            changes=_moved(found.sure_and_wrong),
        )
    ]


def _too_many_false_starts(found: Comparison) -> list[str]:
    share, moved = found.false_starts_new, found.false_starts
    if found.false_starts_old is None:
        # without a model to compare with, a few texts over the limit may be chance
        if share.interval[0] <= MOST_FALSE_STARTS:
            return []
        return [joined(" ", [_starts(share), phrase("Correct them before this model runs.")])]
    if share.value <= MOST_FALSE_STARTS or not moved.is_significant:
        return []
    return [joined(" ", [_starts(share), _moved(moved)])]


def _starts(share: Share) -> str:
    return phrase(
        "{part} of {whole} out-of-scope texts start a topic; the limit is 1%.",
        part=share.part,
        whole=share.whole,
    )


def _moved(change: Change) -> str:
    texts = joined(
        "; ",
        [
            phrase(
                "“{text}” means {meant} and is taken for {new}",
                text=one.text,
                meant=one.meant,
                new=one.new.intent,
            )
            for one in change.examples
        ],
    )
    return phrase(
        "{worse} texts became worse and {better} better (p = {p:.3f}). For example: {texts}.",
        worse=change.worse,
        better=change.better,
        p=mcnemar(change.worse, change.better),
        texts=texts,
    )


#: rule -> the sentences that say why it blocks; none when it does not
BLOCKS: Mapping[Block, Callable[[Comparison], Sequence[str]]] = {
    Block.PINNED: _failures,
    Block.AUDIT: _worse_audit,
    Block.RECALL: _lost_recalls,
    Block.SURE_AND_WRONG: _more_sure_and_wrong,
    Block.FALSE_STARTS: _too_many_false_starts,
}
