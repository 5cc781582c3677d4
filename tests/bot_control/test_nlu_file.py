"""A change of an example in a training file changes nothing else in the file."""

import difflib
import json
import subprocess
from pathlib import Path

import pytest

from handoff_service.bot_control import nlu_file
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.errors import BadInput, Conflict
from handoff_service.rules.training.examples import one_line
from tests.support.bot_programs import BOT_PYTHON
from tests.support.rasa_server import environment, need_bot_environment
from tests.training.awkward import TEXTS

FILES = [*sorted((ROOT / "data").rglob("*.yml")), ROOT / "domain.yml"]
DOCKS = """\
# Docks and cables.
version: "3.1"

nlu:
  # Which device.
  - intent: inform_dock            # tells which
    examples: |
      - the travel dock
      - it's the [big one](device:desk_dock)

  # What somebody wants.
  - intent: request_dock
    examples: |
      - i need a dock
"""


def changes(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("---", "+++")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_round_trip_of_each_file_changes_nothing(path: Path) -> None:
    text = path.read_bytes().decode()
    assert nlu_file.written(nlu_file.read(text)) == text


@pytest.mark.parametrize(
    ("changed", "diff"),
    [
        (
            nlu_file.add(DOCKS, "inform_dock", ["the [grey](device) one", "the travel dock"]),
            ["+      - the [grey](device) one"],
        ),
        (nlu_file.add(DOCKS, "request_dock", ["dock pls"]), ["+      - dock pls"]),
        (nlu_file.remove(DOCKS, "inform_dock", "the travel dock"), ["-      - the travel dock"]),
        (
            nlu_file.reword(DOCKS, "request_dock", "i need a dock", "i want a dock"),
            ["-      - i need a dock", "+      - i want a dock"],
        ),
        (
            nlu_file.move(DOCKS, "inform_dock", "request_dock", "the travel dock"),
            ["-      - the travel dock", "+      - the travel dock"],
        ),
    ],
    ids=["add", "add to the last", "remove", "reword", "move"],
)
def test_a_change_of_an_example_changes_only_its_line(changed: str, diff: list[str]) -> None:
    assert changes(DOCKS, changed) == diff


def test_examples_are_read_with_and_without_their_entities() -> None:
    found = nlu_file.intents(nlu_file.read(DOCKS))
    assert [one.text for one in found["inform_dock"]] == ["the travel dock", "it's the big one"]
    assert found["inform_dock"][1].marked == "it's the [big one](device:desk_dock)"


def test_changing_a_missing_example_is_refused() -> None:
    for change in (
        lambda: nlu_file.remove(DOCKS, "inform_dock", "i need a dock"),
        lambda: nlu_file.reword(DOCKS, "inform_dock", "i need a dock", "x"),
        lambda: nlu_file.add(DOCKS, "no_such_intent", ["x"]),
    ):
        with pytest.raises(Conflict):
            change()


@pytest.mark.parametrize(
    "text",
    [
        "nlu: [",
        "nlu:\n- intent: x\n  examples: |\n    - a\n",
        "nlu:\n  - {intent: x,examples: a}\n",
    ],
    ids=["invalid YAML", "other indentation", "flow style"],
)
def test_a_file_that_would_also_change_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(Conflict):
        nlu_file.add(text, "x", ["b"])


@pytest.mark.parametrize("text", ["", "  \n", "-", "- -", "\x00", "x" * 1601, "/", "//"])
def test_invalid_examples_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        nlu_file.example_of(text)


def test_an_example_cannot_begin_with_a_slash() -> None:
    with pytest.raises(BadInput):
        nlu_file.checked("/restart")


def test_there_are_at_least_200_awkward_texts() -> None:
    assert len(set(TEXTS)) >= 200


def test_rasas_reader_returns_each_awkward_text_unchanged(tmp_path: Path) -> None:
    need_bot_environment()
    sent = [text for text in TEXTS if text.strip("/ -\x00\x07\ufeff")]
    examples = [nlu_file.example_of(text) for text in sent]
    ascii_only = [one for one in dict.fromkeys(examples) if one.isascii()]
    for name, listed in (("all", list(dict.fromkeys(examples))), ("ascii", ascii_only)):
        written = nlu_file.add(DOCKS, "request_dock", listed)
        path = tmp_path / f"{name}.yml"
        path.write_bytes(written.encode())
        script = ROOT / "tests" / "bot" / "read_examples.py"
        subprocess.run(
            [BOT_PYTHON, script, path, tmp_path / "read.json"],
            cwd=ROOT,
            env=environment(tmp_path),
            check=True,
            timeout=120,
        )
        read = json.loads((tmp_path / "read.json").read_text())
        assert [text for intent, text, _ in read if intent == "request_dock"][1:] == listed
        assert sum(entities for _, _, entities in read) == 1, "only the entity of the dock"


def test_an_example_is_the_text_that_was_sent() -> None:
    for text in TEXTS:
        if not text.strip("/ -\x00\x07\ufeff"):
            continue
        plain = one_line(text).lstrip("/ ")
        assert nlu_file.example_of(text).replace(" ", "") == plain.replace(" ", "")
