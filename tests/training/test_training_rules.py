"""Rules of training: masking, sources, order, clusters and agreement."""

import itertools

import pytest

from handoff_service.rules.shared.vocabulary import ItemSource
from handoff_service.rules.training import agreement, clusters, masking, order

NAMES = {"lee", "mia", "chen", "will", "mark", "lopez", "oneill", "neill", "grace", "jose"}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("call me on +1 202-555-0101 pls", "call me on ‹number› pls"),
        ("my cell is (202) 555 0101", "my cell is ‹number›"),
        ("call 2025550101", "call ‹number›"),
        ("number +44 20 7946 0958, thanks", "number ‹number›, thanks"),
        ("ann.lee+it@example.co.uk is my mail", "‹email› is my mail"),
        ("mail me at (ann@example.com)", "mail me at (‹email›)"),
        ("im employee E1001", "im employee ‹number›"),
        ("i am e-1001", "i am ‹number›"),
        ("case CS0000012 pls", "case ‹number› pls"),
        ("my number is N7", "my number is ‹number›"),
        ("code 123456 dont work", "code ‹number› dont work"),
        ("123-456", "‹number›"),
        ("it is 1 2 3 4 5 6", "it is ‹number›"),
        ("code ****** dont work", "code ‹code› dont work"),
        ("serial ١٢٣٤٥٦", "serial ‹number›"),
        ("room 204, windows 11, error 500", "room 204, windows 11, error 500"),
        ("need 2 monitors by 5pm", "need 2 monitors by 5pm"),
        ("Mia Chen gave me it", "‹name› gave me it"),
        ("mia gave me it", "‹name› gave me it"),
        ("mia's laptop", "‹name›'s laptop"),
        ("José said so", "‹name› said so"),
        ("ask O'Neill", "ask ‹name›"),
        ("will it work", "will it work"),
        ("Will it work", "Will it work"),
        ("i asked Will about it", "i asked ‹name› about it"),
        ("the mark on my screen", "the mark on my screen"),
        ("Mark Lopez has it", "‹name› has it"),
        ("mark lopez has it", "‹name› has it"),
        ("this is Ann Smith", "this is ‹name›"),
        ("see https://x.example/a?token=abc1", "see https://x.example/a"),
        ("", ""),
    ],
)
def test_numbers_and_addresses_in_a_text_are_masked(text: str, masked: str) -> None:
    own, ids = {"ann", "smith"}, {"n7", "e1001"}
    assert masking.masked(text, names=NAMES, own=own, ids=ids) == masked


@pytest.mark.parametrize(
    ("text", "example"),
    [
        ("the thing that plugs in, ‹name› gave me it 🤷", "the thing that plugs in, gave me it 🤷"),
        ("‹name›'s laptop is dead", "laptop is dead"),
        ("call me on ‹number›", "call me on"),
        ("code ‹code› dont work either", "code dont work either"),
        ("line one\nline two", "line one line two"),
        ("‹number›", ""),
        ("hi ‹name›, my laptop", "hi, my laptop"),
    ],
)
def test_an_example_has_no_masks(text: str, example: str) -> None:
    assert masking.without_masks(text) == example


@pytest.mark.parametrize(
    ("intent", "ranking", "source"),
    [
        ("nlu_fallback", [("a", 0.3), ("b", 0.2)], ItemSource.FALLBACK),
        ("unsure_topic", [("a", 0.9)], ItemSource.FALLBACK),
        ("not_for_desk", [("not_for_desk", 0.98)], ItemSource.FALLBACK),
        ("automated_text", [("automated_text", 0.98)], None),
        (None, [], ItemSource.FALLBACK),
        ("a", [("a", 0.5), ("b", 0.4)], ItemSource.SMALL_MARGIN),
        ("a", [("a", 0.7), ("b", 0.3)], None),
        ("a", [("a", 1.0)], None),
    ],
)
def test_an_item_has_its_source(
    intent: str | None, ranking: list[tuple[str, float]], source: ItemSource | None
) -> None:
    assert order.source_of(intent, ranking) == source


def test_every_source_has_a_weight_and_an_agents_flag_has_the_highest() -> None:
    assert set(order.WEIGHTS) == set(ItemSource)
    assert max(order.WEIGHTS, key=lambda s: order.WEIGHTS[s]) == ItemSource.MISUNDERSTOOD


@pytest.mark.parametrize(
    ("ranking", "margin"),
    [
        ([], 0.0),
        ([("help", 0.7)], 0.7),
        ([("help", 0.7), ("bye", 0.2)], 0.5),
        # A gate's intent replaces the most likely one with a confidence of 1.
        ([("unsure_topic", 1.0), ("help", 0.6), ("bye", 0.5)], 0.1),
        ([("nlu_fallback", 1.0), ("help", 0.3), ("bye", 0.1)], 0.2),
    ],
)
def test_the_margin_is_that_between_the_two_most_likely_intents(
    ranking: list[tuple[str, float]], margin: float
) -> None:
    assert order.margin(ranking) == pytest.approx(margin)


@pytest.mark.parametrize(
    ("weight", "margin", "requesters", "priority"),
    [(4.0, 0.0, 1, 4.0), (4.0, 0.5, 1, 2.0), (1.0, 0.0, 3, 2.0), (2.0, 1.0, 9, 0.0)],
)
def test_weight_margin_and_requesters_decide_the_priority_of_an_item(
    weight: float, margin: float, requesters: int, priority: float
) -> None:
    assert order.priority(weight, margin, requesters) == pytest.approx(priority)


@pytest.mark.parametrize(
    ("before", "intent", "confidence", "same", "reworded"),
    [
        ("nlu_fallback", "request_equipment", 0.9, False, True),
        ("nlu_fallback", "request_equipment", 0.4, False, False),
        ("nlu_fallback", "affirm", 0.9, False, False),
        ("nlu_fallback", "request_equipment", 0.9, True, False),
        ("report_problem", "request_equipment", 0.9, False, False),
        ("nlu_fallback", None, None, False, False),
    ],
)
def test_a_rephrased_text_is_recognized(
    before: str, intent: str | None, confidence: float | None, *, same: bool, reworded: bool
) -> None:
    assert order.is_reworded(before, intent, confidence, same_text=same) is reworded


def test_the_audit_always_samples_the_same_tenth_of_the_texts() -> None:
    drawn = [order.is_drawn("key", "audit", n) for n in range(10_000)]
    assert drawn == [order.is_drawn("key", "audit", n) for n in range(10_000)]
    assert 900 < sum(drawn) < 1100


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("my badge is stuck", "My badge is stuck!!", True),
        ("my badge is stuck", "my badge is stuk", True),
        ("badge stuck", "my badge is stuck", True),
        ("¿a qué hora cierran hoy?", "a que hora cierran", True),
        ("my badge is stuck", "my laptop is stuck in boot", False),
        ("its doing the thing again", "no the other one", False),
        ("👍👍", "👍👍", True),
        ("👍", "🤷", False),
    ],
)
def test_similar_texts_form_a_cluster(one: str, other: str, *, same: bool) -> None:
    assert (clusters.nearest(one, [(7, other)]) == 7) is same


def test_a_new_text_joins_the_most_similar_one() -> None:
    others = [(1, "my badge is gone"), (2, "my badge is stuck again"), (3, "hello")]
    assert clusters.nearest("my badge is stuck", others) == 2


def test_folding_ignores_case_accents_and_punctuation() -> None:
    assert clusters.fold_hash("¿A qué hora?") == clusters.fold_hash("a que  hora")
    assert clusters.fold_hash("a") != clusters.fold_hash("b")


@pytest.mark.parametrize(
    ("pairs", "kappa"),
    [
        ([], None),
        ([("a", "a")], None),
        ([("a", "a"), ("b", "b")], 1.0),
        ([("a", "b"), ("b", "a")], -1.0),
        # the textbook's table: 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no
        ([("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15, 0.4),
    ],
)
def test_kappa_agrees_with_the_textbook(pairs: list[tuple[str, str]], kappa: float | None) -> None:
    found = agreement.kappa(pairs)
    assert found is kappa if kappa is None else found == pytest.approx(kappa)


def test_the_interval_follows_wilson() -> None:
    low, high = agreement.wilson(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert agreement.wilson(0, 0) == (0.0, 1.0)


def samples(*texts: tuple[str, str]) -> list[clusters.Sample]:
    return [
        clusters.Sample(label=label, text=text, trigrams=clusters.trigrams(text))
        for label, text in texts
    ]


def test_the_pairs_equal_those_of_a_full_comparison() -> None:
    words = ("my printer is broken", "printers are broken", "is the printer broken", "thank you")
    all_samples = samples(
        *((f"intent{n % 3}", f"{word} {more}") for word in words for n, more in enumerate("aabcd"))
    )
    for least in (0.6, 0.85, 1.0):
        assert {
            (one.text, other.text, share)
            for share, one, other in clusters.pairs(all_samples, least)
        } == {
            (one.text, other.text, share)
            for one, other in itertools.combinations(all_samples, 2)
            if one.label != other.label
            and (share := clusters.similarity(one.trigrams, other.trigrams)) >= least
        }


def test_the_pairs_after_new_examples_equal_those_of_a_full_comparison() -> None:
    there = samples(
        ("thanks", "thank you so much"),
        ("bye", "thank you so much!"),
        ("bye", "see you tomorrow"),
        ("report", "my laptop is broken"),
        ("report", "my laptops is broken"),
    )
    new = samples(("bye", "my laptop is broken!"), ("report", "see you tomorrow."))
    everything = there + new
    known = clusters.pairs(there)
    assert len(known) == 1
    added = clusters.pairs_with(new, everything)
    assert sorted(known + added, key=clusters.most_similar_first) == clusters.pairs(everything)
    assert {(a.text, b.text) for _, a, b in added} == {
        ("my laptop is broken", "my laptop is broken!"),
        ("my laptops is broken", "my laptop is broken!"),
        ("see you tomorrow", "see you tomorrow."),
    }
