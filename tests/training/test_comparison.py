"""The rules that block a promotion: each row of the table on the trainer's page."""

from dataclasses import replace

import pytest

from handoff_service.rules.training.comparison import (
    Answer,
    ComparedText,
    Stories,
    TextSet,
    compare,
    macro_f1,
)
from handoff_service.rules.training.exact_tests import Share, mcnemar, more_often
from handoff_service.rules.training.intent_scores import confusions, intent_scores
from handoff_service.rules.training.promotion_rules import Block, blocks

RIGHT, WRONG = "report_problem", "greet"


def texts(
    number: int,
    *,
    old: str | None = RIGHT,
    new: str = RIGHT,
    meant: str = RIGHT,
    of_set: TextSet = TextSet.TEST,
    confidence: float = 0.5,
) -> list[ComparedText]:
    return [
        ComparedText(
            of_set=of_set,
            text=f"text {n}",
            meant=meant,
            old=Answer(intent=old, confidence=confidence) if old else None,
            new=Answer(intent=new, confidence=confidence),
        )
        for n in range(number)
    ]


def with_confident_errors(number: int, *, answer: str) -> list[ComparedText]:
    """Return texts to which both models give the same wrong answer, but only the new model is
    confident.
    """
    return [
        replace(one, new=Answer(intent=answer, confidence=0.71))
        for one in texts(number, old=answer, new=answer, confidence=0.69)
    ]


AUDIT, PINNED = TextSet.AUDIT, TextSet.PINNED
OTHER = "not_for_desk"
CASES = {
    "nothing measured": ([], set()),
    "the same": (texts(20), set()),
    "a pinned text fails": (texts(1, of_set=PINNED, new=WRONG), {Block.PINNED}),
    "a pinned text that failed before fails": (
        texts(1, of_set=PINNED, old=WRONG, new=WRONG),
        {Block.PINNED},
    ),
    "a pinned text fails and no model ran before": (
        texts(1, of_set=PINNED, old=None, new=WRONG),
        {Block.PINNED},
    ),
    "five audit texts lost of a hundred: may be chance": (
        texts(95, of_set=AUDIT) + texts(5, of_set=AUDIT, new=WRONG),
        set(),
    ),
    "six audit texts lost of a hundred": (
        texts(94, of_set=AUDIT) + texts(6, of_set=AUDIT, new=WRONG),
        {Block.AUDIT},
    ),
    "six audit texts lost and two won": (
        texts(92, of_set=AUDIT)
        + texts(6, of_set=AUDIT, new=WRONG)
        + texts(2, of_set=AUDIT, old=WRONG),
        set(),
    ),
    "six audit texts won": (
        texts(94, of_set=AUDIT) + texts(6, of_set=AUDIT, old=WRONG),
        set(),
    ),
    "exactly ten points of ten texts": (texts(9) + texts(1, new=WRONG), set()),
    "two of ten texts: may be chance": (texts(8) + texts(2, new=WRONG), set()),
    "three of ten texts": (texts(7) + texts(3, new=WRONG), {Block.RECALL}),
    "three of ten texts lost and one won": (
        texts(6) + texts(3, new=WRONG) + texts(1, old=WRONG),
        set(),
    ),
    "ten of a hundred texts lost": (texts(90) + texts(10, new=WRONG), set()),
    "eleven of a hundred texts lost": (texts(89) + texts(11, new=WRONG), {Block.RECALL}),
    "all of nine texts: too few to block": (texts(9, new=WRONG), set()),
    "an intent that no model knew before": (texts(10, old=None, new=WRONG), set()),
    "confident and wrong": (
        texts(94) + texts(6, new=WRONG, confidence=0.7),
        {Block.SURE_AND_WRONG},
    ),
    "wrong but not confident enough": (texts(94) + texts(6, new=WRONG, confidence=0.69), set()),
    "five more confident wrong answers, which may be chance": (
        texts(95) + texts(5, new=WRONG, confidence=0.9),
        set(),
    ),
    "confident and wrong, as before": (
        texts(20) + texts(1, old=WRONG, new="bye", confidence=0.9),
        set(),
    ),
    "the same wrong answer, now confident": (
        texts(94) + with_confident_errors(14, answer=WRONG),
        set(),
    ),
    "six wrong answers became confident, and six others are new": (
        texts(88) + with_confident_errors(6, answer=WRONG) + texts(6, new=WRONG, confidence=0.9),
        {Block.SURE_AND_WRONG},
    ),
    "a text that was not understood does not count as confident": (
        texts(20) + texts(1, new="nlu_fallback", confidence=0.9),
        set(),
    ),
    "one of a hundred texts about other topics starts a topic": (
        texts(99, meant=OTHER, old=OTHER, new=OTHER)
        + texts(1, meant=OTHER, old=OTHER, new="account_help"),
        set(),
    ),
    "six of a hundred": (
        texts(94, meant=OTHER, old=OTHER, new="nlu_fallback")
        + texts(6, meant=OTHER, old=OTHER, new="account_help"),
        {Block.FALSE_STARTS},
    ),
    "two of a hundred more: may be chance": (
        texts(98, meant=OTHER, old=OTHER, new="nlu_fallback")
        + texts(2, meant=OTHER, old=OTHER, new="account_help"),
        set(),
    ),
    "six of a thousand are few enough": (
        texts(994, meant=OTHER, old=OTHER, new=OTHER)
        + texts(6, meant=OTHER, old=OTHER, new="account_help"),
        set(),
    ),
    "six of a hundred, as before": (
        texts(94, meant=OTHER, old=OTHER, new=OTHER)
        + texts(6, meant=OTHER, old="account_help", new="account_help"),
        set(),
    ),
    "two of a hundred, and no model ran before: may be chance": (
        texts(98, meant=OTHER, old=None, new=OTHER)
        + texts(2, meant=OTHER, old=None, new="account_help"),
        set(),
    ),
    "five of a hundred, and no model ran before": (
        texts(95, meant=OTHER, old=None, new=OTHER)
        + texts(5, meant=OTHER, old=None, new="account_help"),
        {Block.FALSE_STARTS},
    ),
}


@pytest.mark.parametrize(("given", "blocked"), CASES.values(), ids=CASES)
def test_each_rule_blocks_a_promotion(given: list[ComparedText], blocked: set[Block]) -> None:
    assert set(blocks(compare(given, Stories(passed=1)))) == blocked


def test_a_failed_story_blocks_the_promotion_and_is_named() -> None:
    found = blocks(compare(texts(1), Stories(passed=3, failed=["hello, thanks, goodbye"])))
    assert found == {Block.PINNED: ["The test story “hello, thanks, goodbye” fails."]}


def test_a_refusal_names_the_text_and_both_answers() -> None:
    [sentence] = blocks(compare(texts(1, of_set=PINNED, new=WRONG), Stories(passed=0)))[
        Block.PINNED
    ]
    assert sentence == (
        "The required text “text 0” must mean report_problem. The new model takes it for greet, "
        "the running one for report_problem."
    )


def test_a_refusal_for_confident_wrong_answers_quotes_texts() -> None:
    given = texts(94) + texts(9, new=WRONG, confidence=0.9) + texts(1, old="bye", confidence=0.9)
    [sentence] = blocks(compare(given, Stories(passed=0)))[Block.SURE_AND_WRONG]
    quoted = "; ".join(f"“text {n}” means report_problem and is taken for greet" for n in range(3))
    assert sentence == (
        "The new model is confident but wrong on 9 test texts; the running one on 1. 9 texts "
        f"became worse and 1 better (p = 0.021). For example: {quoted}."
    )


def test_pinned_texts_do_not_count_as_test_texts() -> None:
    found = compare(texts(12, of_set=PINNED, confidence=0.9, new=WRONG), Stories(passed=0))
    assert (found.recalls, found.sure_and_wrong_new, found.macro_f1_new) == ([], 0, None)


@pytest.mark.parametrize(
    ("lost", "won", "p"),
    [
        (0, 0, 1.0),
        (5, 0, 0.0625),
        (6, 0, 0.03125),
        (0, 6, 0.03125),
        (6, 2, 0.2890625),
        (59, 37, 0.031548),  # scipy.stats.binomtest gives the same values.
        (101, 121, 0.202134),
    ],
)
def test_mcnemars_test_is_the_two_sided_binomial_test(lost: int, won: int, p: float) -> None:
    assert mcnemar(lost, won) == pytest.approx(p, abs=1e-6)


@pytest.mark.parametrize(
    ("one", "other", "p"),
    [
        ((3, 4), (1, 4), 17 / 70),  # Fisher's example of the lady tasting tea
        ((4, 4), (0, 4), 1 / 70),
        ((0, 10), (5, 10), 1.0),
        ((0, 0), (5, 10), 1.0),
        ((1, 10), (9, 10), 0.999995),
        ((20, 40), (6, 40), 0.000815),  # the value of scipy.stats.fisher_exact
        ((2600, 50_000), (2500, 50_000), 0.077359),
        ((50_000, 50_000), (0, 50_000), 0.0),
    ],
)
def test_the_test_for_a_higher_rate_is_fishers_one_sided_test(
    one: tuple[int, int], other: tuple[int, int], p: float
) -> None:
    shares = (Share(part=part, whole=whole) for part, whole in (one, other))
    assert more_often(*shares) == pytest.approx(p, abs=1e-5)


def test_the_interval_follows_wilson() -> None:
    low, high = Share(part=8, whole=10).interval
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)
    assert Share(part=0, whole=0).interval == (0.0, 1.0)


def test_macro_f1_is_the_mean_over_the_labeled_intents() -> None:
    pairs = [("a", "a"), ("a", "b"), ("b", "b"), ("b", "c")]
    assert macro_f1(pairs) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert macro_f1([]) is None


def test_confusions_count_all_other_topics_as_one() -> None:
    given = texts(2, new=WRONG) + texts(3, meant=OTHER, new="nlu_fallback")
    assert confusions(given) == {(RIGHT, WRONG): 2, ("other", "other"): 3}


def test_each_intent_has_its_score() -> None:
    measured = (
        texts(8)
        + texts(2, new=WRONG)
        + texts(4, meant=WRONG, new=WRONG)
        + texts(1, meant=WRONG, new=OTHER)
        + texts(5, of_set=PINNED, new=WRONG)
        + texts(3, meant=OTHER, new="nlu_fallback")
    )
    scores = intent_scores(measured)
    assert set(scores) == {RIGHT, WRONG, "other"}
    assert scores[RIGHT].f1 == pytest.approx(2 * 8 / (10 + 8))
    assert scores[RIGHT].confused_with == [(WRONG, 2)]
    assert scores[WRONG].f1 == pytest.approx(2 * 4 / (5 + 6))
    assert scores[WRONG].confused_with == [(RIGHT, 2), ("other", 1)]
    assert scores["other"].f1 == pytest.approx(2 * 3 / (3 + 4))
