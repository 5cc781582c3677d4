"""A trainer labels two hundred awkward texts. The test checks them in the file, after training and
in parsing. It trains its own model, so only PATCHBOARD_LONG_TESTS=1 runs it.
tests/bot_control/test_nlu_file.py always tests the writing and reading of the files.
"""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from handoff_service.bot_control import nlu_file, rasa_cli
from handoff_service.bot_control.bot_data import BotData
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.bot_control.workbench import Workbench
from tests.support.rasa_server import need_bot_environment
from tests.training.awkward import TEXTS
from tests.training.light import data_folder

LONG = os.environ.get("PATCHBOARD_LONG_TESTS") == "1"
EMPTY = "/ -\x00\x07\ufeff"  # characters that the reader removes, so a text of only these is empty
INTENT = "greet"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The small bot's data with the real bot's pipeline."""
    need_bot_environment()
    root = data_folder(tmp_path)
    light, real = ((one / "config.yml").read_text() for one in (root, ROOT))
    pipeline, policies = real.partition("\npolicies:")[0], light.partition("\npolicies:")[2]
    (root / "config.yml").write_text(f"{pipeline}\npolicies:{policies}")
    (root / "data" / "nlu").mkdir()
    (root / "data" / "nlu.yml").rename(root / "data" / "nlu" / "nlu.yml")
    return root


@pytest.mark.skipif(not LONG, reason="trains a model; PATCHBOARD_LONG_TESTS=1 runs it")
def test_each_awkward_text_is_learned_and_parsed(tmp_path: Path, root: Path) -> None:
    sent = [text for text in TEXTS if text.strip(EMPTY)]
    written = list(dict.fromkeys(nlu_file.example_of(text) for text in sent))
    data = BotData(root)
    data.add(INTENT, written)
    with Workbench(tmp_path) as bench:
        rasa_cli.check(tmp_path, root, bench=bench)
        model = rasa_cli.train(tmp_path, root, bench=bench)
        asked = [{"text": text, "meant": INTENT, "asked": None} for text in TEXTS]
        answers = bench.do("answers", model=str(model), texts=asked)
    labeled = {one.text for one in data.intents()[INTENT].examples}
    assert labeled <= set(learned(model))
    assert len(answers) == len(TEXTS)
    understood = sum(intent == INTENT for intent, _ in answers)
    print(f"{len(labeled)} examples, {understood} of {len(TEXTS)} texts understood as labeled")
    assert understood > 0.9 * len(TEXTS)


def learned(model: Path) -> list[str]:
    """Return the examples that the classifier learned."""
    with tarfile.open(model) as archive:
        [name] = [one for one in archive.getnames() if one.endswith("examples.json")]
        found = archive.extractfile(name)
        assert found is not None
        texts: list[str] = json.load(found)
    return texts
