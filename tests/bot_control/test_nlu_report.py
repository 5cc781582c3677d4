"""The summary and the charts of `make nlu`, from measured texts."""

import json
from pathlib import Path

import pytest

from handoff_service.bot_control import nlu_report, nlu_texts
from handoff_service.bot_control.nlu_page import page
from handoff_service.bot_control.nlu_texts import MeasuredText
from handoff_service.rules.training.exact_tests import Share


def measured(meant: str, understood: str, nearness: float = 0.9, **other: str) -> MeasuredText:
    given = {
        "of_set": "cross-validation",
        "author": "trainers",
        "text": f"a text of {meant}",
        "guessed": understood,
    }
    return MeasuredText(
        meant=meant, understood=understood, nearness=nearness, ms=8.0, **(given | other)
    )


TEXTS = [
    *(measured("bye", "bye") for _ in range(2)),
    measured("deny", "deny"),
    *(measured("deny", "affirm", text="nah\nim <ok>") for _ in range(2)),
    measured("deny", "bye", text="not ok"),
    *(measured("affirm", "affirm") for _ in range(2)),
    measured("report_problem", "report_problem", text="la impresora no funciona"),
    measured("report_problem", "unsure_topic", 0.4, guessed="report_problem"),
    measured("not_for_desk", "nlu_fallback", 0.2, guessed="report_problem"),
    measured("not_for_desk", "automated_text", 0.1),
    measured("talk_to_person", "talk_to_person", of_set="held out", author="blind"),
]


def test_the_summary_has_each_set_and_the_confusions() -> None:
    assert list(nlu_report.lines(TEXTS, 31.4)) == [
        "cross-validation: 12 texts",
        "  correct after the gates   0.667 (0.391 to 0.862, 8 of 12)   macro F1 0.707",
        "  correct before the gates  0.667 (0.391 to 0.862, 8 of 12)",
        "  topics that start         0.500 (0.095 to 0.905, 1 of 2)",
        "  topics asked about        0.500 (0.095 to 0.905, 1 of 2)",
        "  false starts              0.000 (0.000 to 0.658, 0 of 2)",
        "  false questions           0.000 (0.000 to 0.658, 0 of 2)",
        "cross-validation, Spanish: 1 text",
        "  correct after the gates   1.000 (0.207 to 1.000, 1 of 1)   macro F1 1.000",
        "  correct before the gates  1.000 (0.207 to 1.000, 1 of 1)",
        "  topics that start         1.000 (0.207 to 1.000, 1 of 1)",
        "  topics asked about        0.000 (0.000 to 0.793, 0 of 1)",
        "held out, blind: 1 text",
        "  correct after the gates   1.000 (0.207 to 1.000, 1 of 1)   macro F1 1.000",
        "  correct before the gates  1.000 (0.207 to 1.000, 1 of 1)",
        "  topics that start         1.000 (0.207 to 1.000, 1 of 1)",
        "  topics asked about        0.000 (0.000 to 0.793, 0 of 1)",
        "  requests for a person     1.000 (0.207 to 1.000, 1 of 1)",
        "gate: limit 0.22, chosen on half of the texts. On the other half, 1.000 of the topics and "
        "0.000 of the out-of-scope texts start a topic",
        "training 31 s   a text 8.0 ms (median)",
        "most often confused in cross-validation:",
        "  2 x deny understood as affirm, such as: nah im <ok>",
        "  1 x deny understood as bye, such as: not ok",
        "  1 x report_problem understood as unsure_topic, such as: a text of report_problem",
    ]


def test_texts_in_each_language_have_figures_of_their_own() -> None:
    texts = [measured("greet", "greet", language=code) for code in ("en", "de", "de", "fr", "es")]
    found = [(group.name, len(group.texts)) for group in nlu_report.groups(texts)]
    assert found == [
        ("cross-validation", 5),
        ("cross-validation, Spanish", 1),
        ("cross-validation, German", 2),
        ("cross-validation, French", 1),
    ]


def test_the_report_page_needs_no_other_files() -> None:
    drawn = page(TEXTS, 31.4)
    assert drawn.count("<svg") == drawn.count("</svg>") == 2
    assert "nah im &lt;ok&gt;" in drawn
    assert "<script" not in drawn
    assert "http" not in drawn


def test_the_bots_interpretation_is_read(tmp_path: Path) -> None:
    one = {
        "set": "held out",
        "author": "blind",
        "text": "hi",
        "meant": "greet",
        "understood": "greet",
    }
    written = tmp_path / "measured.json"
    written.write_text(
        json.dumps(
            {
                "training_seconds": 20.5,
                "texts": [{**one, "guessed": "greet", "nearness": None, "ms": 7.1}],
            }
        )
    )
    seconds, [text] = nlu_texts.read(written)
    assert (seconds, text.of_set, text.author, text.is_right) == (20.5, "held out", "blind", True)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(0, 150, 0.0, 0.025), (29, 30, 0.833, 0.994), (0, 0, 0.0, 1.0)],
)
def test_the_interval_follows_wilson(part: int, whole: int, low: float, high: float) -> None:
    assert [round(bound, 3) for bound in Share(part=part, whole=whole).interval] == [low, high]


@pytest.mark.parametrize(
    ("text", "spanish"),
    [
        ("no puedo entrar a mi cuenta", True),
        ("my laptop is dead", False),
        ("se me olvido la clave", True),
        ("ok", False),
    ],
)
def test_frequent_words_decide_the_language(text: str, spanish: bool) -> None:
    assert measured("greet", "greet", text=text).is_spanish is spanish
