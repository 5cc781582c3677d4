"""What `make nlu` prints, from what Rasa's cross-validation writes."""

import json
from pathlib import Path

from handoff_service.bot_control.nlu_report import lines, read

REPORT = {
    "bye": {"precision": 1.0, "recall": 1.0, "f1-score": 1.0, "support": 2, "confused_with": {}},
    "deny": {
        "precision": 0.5,
        "recall": 0.25,
        "f1-score": 0.33,
        "support": 4,
        "confused_with": {"affirm": 3},
    },
    "affirm": {
        "precision": 0.4,
        "recall": 1.0,
        "f1-score": 0.57,
        "support": 2,
        "confused_with": {},
    },
    "accuracy": 0.625,
    "macro avg": {"precision": 0.63, "recall": 0.75, "f1-score": 0.633, "support": 8},
    "weighted avg": {"precision": 0.6, "recall": 0.6, "f1-score": 0.6, "support": 8},
}
ERRORS = [
    {"text": text, "intent": "deny", "intent_prediction": {"name": taken, "confidence": 0.5}}
    for text, taken in (("not ok", "bye"), ("nah\nim ok", "affirm"), ("ok no", "affirm"))
]


def test_the_worst_understood_and_the_most_confused_come_first(tmp_path: Path) -> None:
    (tmp_path / "intent_report.json").write_text(json.dumps(REPORT))
    (tmp_path / "intent_errors.json").write_text(json.dumps(ERRORS))
    assert list(lines(read(tmp_path))) == [
        "accuracy 0.625   macro F1 0.633   8 examples",
        "",
        "intent     F1  precision  recall  examples",
        "deny     0.33       0.50    0.25         4",
        "affirm   0.57       0.40    1.00         2",
        "bye      1.00       1.00    1.00         2",
        "",
        "most often confused:",
        "  2 x deny taken for affirm, such as: nah im ok",
        "  1 x deny taken for bye, such as: not ok",
    ]
