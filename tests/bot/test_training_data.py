"""What trainers write: it is valid, fits SMS, and the model understands texts that it never saw."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from handoff_service.bot_process import ROOT
from tests.rasa_server import meanings, run_rasa

# Measured when the texts were written: 46 of 52.
LEAST_UNDERSTOOD = 0.85
FEWEST_EXAMPLES = 25

# https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding, the characters that take one septet
GSM_7 = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Words that carriers or the service act on; a requester who is asked to send one would be opted out or in.
KEYWORDS = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "START", "YES", "UNSTOP"}

SENT = ("new_code", "other_proof", "tell_secret", "prove_identity")
SAID_BY_ACTIONS = (  # actions/identity.py
    *("ask_account", "code_asked", "code_wrong", "code_too_old", "code_no_code", "no_code", "fact_asked"),
    *("fact_wrong", "verified", "not_verified", "you_are", "who_later", "not_you", "no_proof"),
)

# What `rasa data validate` says although all is well.
EXPECTED_WARNINGS = (
    "The intent 'inform_impact' is listed in the domain file, but is not found in the NLU training data",  # buttons
    *(f"The utterance 'utter_{name}' is not used in any story" for name in ("ask_problem", "ask_device", "ask_impact")),
    *(f"The utterance 'utter_{name}' is not used in any story" for name in ("rephrase", "not_understood")),
    # buttons, and what only the service sends
    *(f"The intent '{one}' is listed in the domain file, but is not found in the NLU training data" for one in SENT),
    *(f"The utterance 'utter_{name}' is not used in any story" for name in SAID_BY_ACTIONS),
)


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(path.read_text())
    return content


def plain(example: str) -> str:
    """An example without its entity marks: `my [laptop](device)` is `my laptop`."""
    return re.sub(r"\[([^\]]+)\](\([^)]*\)|\{[^}]*\})", r"\1", example)


def examples() -> dict[str, list[str]]:
    """Training examples by intent."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "data" / "nlu").glob("*.yml")):
        for block in read(path)["nlu"]:
            if "intent" in block:
                lines = block["examples"].splitlines()
                found[block["intent"]] += [plain(line.removeprefix("- ")) for line in lines]
    return found


def held_out() -> list[tuple[str, str]]:
    texts = read(ROOT / "tests" / "bot" / "held_out_texts.yml")
    return [(text, intent) for intent, of_intent in texts.items() for text in of_intent]


def same(text: str) -> str:
    """Texts that differ only in case, marks and blanks are the same text."""
    return " ".join(re.findall(r"\w+", text.casefold())) or text.strip()


def test_rasa_finds_the_data_valid(home: Path) -> None:
    said = run_rasa(
        *("data", "validate", "--config", "config.yml", "--domain", "domain.yml", "--data", "data"), home=home
    )
    warnings = [line for line in said.splitlines() if "UserWarning" in line]
    assert [line for line in warnings if not any(expected in line for expected in EXPECTED_WARNINGS)] == []
    assert "No story structure conflicts found." in said


def test_the_test_stories_pass(home: Path, model: Path, tmp_path: Path) -> None:
    said = run_rasa(
        *("test", "core", "--e2e", "--stories", "tests/bot/test_stories.yml", "--model", str(model)),
        *("--out", str(tmp_path), "--no-plot", "--fail-on-prediction-errors"),
        home=home,
    )
    stories = len(read(ROOT / "tests" / "bot" / "test_stories.yml")["stories"])
    assert re.search(rf"Correct: +{stories} / {stories}\b", said), said[-3000:]


def test_every_intent_has_enough_examples() -> None:
    few = {intent: len(of_intent) for intent, of_intent in examples().items() if len(of_intent) < FEWEST_EXAMPLES}
    assert few == {}


def test_no_text_is_an_example_twice() -> None:
    where = defaultdict(list)
    for intent, of_intent in examples().items():
        for text in of_intent:
            where[same(text)].append(intent)
    assert {text: intents for text, intents in where.items() if len(set(intents)) > 1} == {}
    assert {text for text, intents in where.items() if len(intents) > 2} == set()


def test_no_held_out_text_is_an_example() -> None:
    trained = {same(text) for of_intent in examples().values() for text in of_intent}
    assert [text for text, _ in held_out() if same(text) in trained] == []


def test_texts_it_never_saw_are_understood(home: Path, model: Path) -> None:
    texts = held_out()
    found = meanings(model, [text for text, _ in texts], home)
    wrong = [
        f"{text!r}: {answer['intent']}, not {intent}"
        for (text, intent), answer in zip(texts, found, strict=True)
        if answer["intent"] != intent
    ]
    understood = 1 - len(wrong) / len(texts)
    assert understood >= LEAST_UNDERSTOOD, f"{understood:.3f} of {len(texts)}:\n" + "\n".join(wrong)


def replies() -> list[tuple[str, str]]:
    domain = read(ROOT / "domain.yml")["responses"]
    return [(name, variant["text"]) for name, variants in domain.items() for variant in variants]


@pytest.mark.parametrize(("name", "text"), replies(), ids=[name for name, _ in replies()])
def test_a_reply_is_one_plain_sms(name: str, text: str) -> None:
    variants = next(v for n, v in read(ROOT / "domain.yml")["responses"].items() if n == name)
    buttons = [b["title"] for variant in variants for b in variant.get("buttons", []) if variant["text"] == text]
    sent = "\n".join([text, *(f"{number}. {title}" for number, title in enumerate(buttons, 1))])
    assert len(sent) <= 160
    assert set(sent) <= set(GSM_7)
    assert not KEYWORDS & {word.upper() for word in re.findall(r"\w+", text)}
