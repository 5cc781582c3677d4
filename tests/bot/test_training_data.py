"""The training data is valid and fits SMS, and the model understands texts that it never saw."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from handoff_service.bot_control import test_texts
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.rules.training.intents import alike
from tests.support.rasa_server import meanings, run_rasa

# The authors of these texts have seen the examples, so this limit only detects regressions. `make
# nlu` reports a fair figure from texts whose authors have not seen the examples.
LEAST_UNDERSTOOD = 0.92
FEWEST_EXAMPLES = 40
PROOF = {"form": "identity_form", "slot": "proof", "after_case": False}
# Some intents are possible only after the question that asks for them.
ASKED: dict[str, dict[str, object]] = {
    "no_code": PROOF,
    "new_code": PROOF,
    "other_account": PROOF,
    "impact_working": {"form": "problem_form", "slot": "impact", "after_case": False},
    "more_facts": {"form": None, "slot": None, "after_case": True},
}
NOTHING_ASKED: dict[str, object] = {"form": None, "slot": None, "after_case": False}

# Intents without examples: buttons, the nearness gate and the service send them.
SENT = frozenset(
    {
        *("handed_back", "inform_device", "inform_impact", "other_proof", "proof_ended"),
        *("prove_identity", "resume_topic", "speak_french", "speak_german", "tell_secret"),
        "unsure_topic",
    }
)


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(path.read_text())
    return content


def plain(example: str) -> str:
    """Return an example without its entity marks: `my laptop` for `my [laptop](device)`."""
    return re.sub(r"\[([^\]]+)\](\([^)]*\)|\{[^}]*\})", r"\1", example)


def examples() -> dict[str, list[str]]:
    """Return the training examples by intent."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "data" / "nlu").glob("*.yml")):
        for block in read(path)["nlu"]:
            if "intent" in block:
                lines = block["examples"].splitlines()
                found[block["intent"]] += [plain(line.removeprefix("- ")) for line in lines]
    return found


def held_out(name: str) -> list[tuple[str, str]]:
    """Return the texts of a file in tests/bot with their correct intents."""
    texts = read(ROOT / "tests" / "bot" / name)["texts"]
    return [(text, intent) for intent, of_intent in texts.items() for text in of_intent]


def same(text: str) -> str:
    """Return a normal form in which texts that differ only in case, punctuation and spaces are
    equal.
    """
    return " ".join(re.findall(r"\w+", text.casefold())) or text.strip()


def utterances_of_code() -> re.Pattern[str]:
    """Return a pattern of the responses that only actions or form slots name, so that Rasa does not
    see their use.

    `utter_code_{...}` stands for all names that begin with `utter_code_`.
    """
    named = {
        found.replace("{", r"\w+")
        for path in (ROOT / "actions").glob("*.py")
        for found in re.findall(r"utter_\w+\{?", path.read_text())
    }
    forms = read(ROOT / "domain.yml")["forms"].values()
    asked = {f"utter_ask_{slot}" for form in forms for slot in form["required_slots"]}
    return re.compile("|".join(named | asked))


def is_expected(warning: str, said_by_code: re.Pattern[str]) -> bool:
    """Return whether `rasa data validate` reports this although the data is valid."""
    if unused := re.search(r"The utterance '(\w+)' is not used in any story", warning):
        return said_by_code.fullmatch(unused[1]) is not None
    without = re.search(r"The intent '(\w+)' is listed in the domain file, but is not", warning)
    return without is not None and without[1] in SENT


def test_rasa_finds_the_data_valid(home: Path) -> None:
    said = run_rasa(
        *("data", "validate", "--config", "config.yml", "--domain", "domain.yml", "--data", "data"),
        home=home,
    )
    warnings = [line for line in said.splitlines() if "UserWarning" in line]
    said_by_code = utterances_of_code()
    assert [line for line in warnings if not is_expected(line, said_by_code)] == []
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
    texts = [one.text for one in test_texts.read(ROOT)]
    for conversations in (ROOT / "tests" / "bot").glob("conversations_*.yml"):
        for talk in YAML(typ="safe").load(conversations.read_text()):
            # short texts such as "who is this" are the same in every data set
            texts += [text for text in talk["texts"] if len(text.split()) > 4]
    assert [text for text in texts if same(text) in trained] == []


def test_the_projects_models_are_measured_by_its_held_out_texts() -> None:
    """Training and comparing on the trainer's page reads them, and so does ``make nlu``."""
    measured_by = {one.meant for one in test_texts.read(ROOT)}
    assert measured_by <= examples().keys() | {"nlu_fallback"}
    assert len(measured_by) > 25


def test_the_model_understands_texts_outside_its_training_data(home: Path, model: Path) -> None:
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
    """Each intent that a form ignores needs a rule. Without one, the virtual agent would only
    repeat its question.
    """
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
