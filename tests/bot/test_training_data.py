"""What trainers write: it is valid, fits SMS, and the model understands texts that it never saw."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from handoff_service.bot_control.rasa_cli import ROOT
from handoff_service.rules.training.intents import alike
from tests.support.rasa_server import meanings, run_rasa

# The authors of these texts saw the examples, so this only guards against a change for the worse.
# `make nlu` reports the fair figure, of texts by authors who did not.
LEAST_UNDERSTOOD = 0.92
FEWEST_EXAMPLES = 40
PROOF = {"form": "identity_form", "slot": "proof", "after_case": False}
# what means something only as an answer is asked for before
ASKED: dict[str, dict[str, object]] = {
    "no_code": PROOF,
    "new_code": PROOF,
    "other_account": PROOF,
    "impact_working": {"form": "problem_form", "slot": "impact", "after_case": False},
    "more_facts": {"form": None, "slot": None, "after_case": True},
}
NOTHING_ASKED: dict[str, object] = {"form": None, "slot": None, "after_case": False}

SENT = ("other_proof", "tell_secret", "prove_identity", "proof_ended")
SAID_BY_ACTIONS = (  # actions/identity.py
    *(
        "ask_account",
        "code_asked",
        "code_wrong",
        "code_too_old",
        "code_no_code",
        "no_code",
        "fact_asked",
    ),
    *("fact_wrong", "verified", "not_verified", "you_are", "who_later", "not_you", "no_proof"),
    *("ask_account_for_agent", "no_code_no_fact", "code_again", "back_to_agent", "proof_first"),
)

# What `rasa data validate` says although all is well.
EXPECTED_WARNINGS = (
    # buttons
    "The intent 'inform_impact' is listed in the domain file, but is not found in the NLU "
    "training data",
    # the gate's
    "The intent 'unsure_topic' is listed in the domain file, but is not found in the NLU "
    "training data",
    # the service's
    "The intent 'handed_back' is listed in the domain file, but is not found in the NLU "
    "training data",
    *(
        f"The utterance 'utter_{name}' is not used in any story"
        for name in ("ask_problem", "ask_device", "ask_impact")
    ),
    *(
        f"The utterance 'utter_{name}' is not used in any story"
        for name in ("is_known", "left", "dropped")
    ),
    "The intent 'inform_device' is listed in the domain file, but is not found in the NLU "
    "training data",
    *(
        f"The utterance 'utter_{name}' is not used in any story"
        for name in ("ask_item", "ask_item_reason")
    ),
    *(
        f"The utterance 'utter_{name}' is not used in any story"
        for name in ("rephrase", "not_understood")
    ),
    # buttons, and what only the service sends
    *(
        f"The intent '{one}' is listed in the domain file, but is not found in the NLU "
        "training data"
        for one in SENT
    ),
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


def held_out(name: str) -> list[tuple[str, str]]:
    """Texts and what they mean, of a file in tests/bot."""
    texts = read(ROOT / "tests" / "bot" / name)["texts"]
    return [(text, intent) for intent, of_intent in texts.items() for text in of_intent]


def same(text: str) -> str:
    """Texts that differ only in case, marks and blanks are the same text."""
    return " ".join(re.findall(r"\w+", text.casefold())) or text.strip()


def test_rasa_finds_the_data_valid(home: Path) -> None:
    said = run_rasa(
        *("data", "validate", "--config", "config.yml", "--domain", "domain.yml", "--data", "data"),
        home=home,
    )
    warnings = [line for line in said.splitlines() if "UserWarning" in line]
    assert [
        line for line in warnings if not any(expected in line for expected in EXPECTED_WARNINGS)
    ] == []
    assert "No story structure conflicts found." in said


def test_the_test_stories_pass(home: Path, model: Path, tmp_path: Path) -> None:
    said = run_rasa(
        *(
            "test",
            "core",
            "--e2e",
            "--stories",
            "tests/bot/test_stories.yml",
            "--model",
            str(model),
        ),
        *("--out", str(tmp_path), "--no-plot", "--fail-on-prediction-errors"),
        home=home,
    )
    stories = len(read(ROOT / "tests" / "bot" / "test_stories.yml")["stories"])
    assert re.search(rf"Correct: +{stories} / {stories}\b", said), said[-3000:]


def test_every_intent_has_enough_examples() -> None:
    few = {
        intent: len(of_intent)
        for intent, of_intent in examples().items()
        if len(of_intent) < FEWEST_EXAMPLES
    }
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
    files = sorted(path.name for path in (ROOT / "tests" / "bot").glob("held_out_*.yml"))
    assert [text for name in files for text, _ in held_out(name) if same(text) in trained] == []


def test_texts_it_never_saw_are_understood(home: Path, model: Path) -> None:
    texts = held_out("held_out_texts.yml")
    found = meanings(
        model, [(text, ASKED.get(intent, NOTHING_ASKED)) for text, intent in texts], home
    )
    wrong = [
        f"{text!r}: {answer['intent']}, not {intent}"
        for (text, intent), answer in zip(texts, found, strict=True)
        if alike(str(answer["intent"])) != alike(intent)
    ]
    understood = 1 - len(wrong) / len(texts)
    assert understood >= LEAST_UNDERSTOOD, f"{understood:.3f} of {len(texts)}:\n" + "\n".join(wrong)


def test_every_topic_is_answered_inside_every_form() -> None:
    """A rule for each intent that a form ignores, else the text would only be met with the question
    again."""
    domain = read(ROOT / "domain.yml")
    rules = [
        rule for path in (ROOT / "data" / "rules").glob("*.yml") for rule in read(path)["rules"]
    ]
    for form, of_form in domain["forms"].items():
        inside = [rule for rule in rules if {"active_loop": form} in rule.get("condition", [])]
        answered = {
            intent["intent"]
            for rule in inside
            for step in rule["steps"]
            for intent in [step, *step.get("or", [])]
            if "intent" in intent
        }
        assert set(of_form.get("ignored_intents", [])) - answered == set(), form
