"""Measures how well the pipeline understands texts. `make nlu` runs this with the bot's Python.

Usage: python -m bot.measure_understanding CONFIG OUT.json [HELD_OUT.yml ...]

For cross-validation, Rasa trains five models. Each of them leaves out one fold of the examples and
then parses that fold. After that, a model of all examples parses the held-out files.

Some intents are possible only after a certain question (`ASKED`). For example, "nothing came" is
about a code only while the identity form waits for one. Texts with such an intent are parsed as
answers to that question, and all other texts without a question.

Output: {"training_seconds", "texts": [{"set", "author", "text", "meant", "understood", "guessed",
"nearness", "language", "ms"}]}. `meant` is the right intent, `guessed` the likeliest intent before
the gates, and `understood` the intent after them.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.model_training import train_nlu
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.loading import load_data
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import read_yaml_file

FOLDS = 5
SEED = 14
DATA = "data/nlu"
NOT_AN_INTENT = ("nlu_fallback", "unsure_topic")
NOTHING = {"form": None, "slot": None, "after_case": False}
PROOF = {"form": "identity_form", "slot": "proof", "after_case": False}
ASKED = {
    "no_code": PROOF,
    "new_code": PROOF,
    "other_account": PROOF,
    "impact_working": {"form": "problem_form", "slot": "impact", "after_case": False},
    "more_facts": {"form": None, "slot": None, "after_case": True},
}


def folds_of(data: TrainingData) -> list[list[Message]]:
    """Split the examples into FOLDS parts. Each part has the same share of each intent."""
    by_intent: dict[str, list[Message]] = {}
    for example in data.intent_examples:
        if example.get(TEXT):
            by_intent.setdefault(example.get(INTENT), []).append(example)
    order = random.Random(SEED)  # noqa: S311 - the same folds in every run
    folds: list[list[Message]] = [[] for _ in range(FOLDS)]
    for intent in sorted(by_intent):
        examples = sorted(by_intent[intent], key=lambda one: str(one.get(TEXT)))
        order.shuffle(examples)
        for n, example in enumerate(examples):
            folds[n % FOLDS].append(example)
    return folds


def trained(config: str, data: TrainingData, folder: Path) -> Agent:
    """Train a model on these examples, and load it."""
    (folder / "nlu.yml").write_text(data.nlu_as_yaml())
    model = train_nlu(config, str(folder / "nlu.yml"), str(folder / "models"))
    return Agent.load(model)


async def parsed(agent: Agent, texts: list[tuple[str, str]], **common: str | None) -> list[Any]:
    """The agent's results for `texts`, which are pairs of a text and its right intent. `common`:
    fields that every result gets."""
    found = []
    for text, meant in texts:
        began = time.perf_counter()
        asked = ASKED.get(meant, NOTHING)
        got = await agent.processor.parse_message(UserMessage(text, metadata={"asked": asked}))
        ranking = [one["name"] for one in got["intent_ranking"] if one["name"] not in NOT_AN_INTENT]
        found.append(
            {
                **common,
                "text": text,
                "meant": meant,
                "understood": got["intent"]["name"],
                "guessed": ranking[0] if ranking else got["intent"]["name"],
                "nearness": got.get("nearness"),
                "ms": round((time.perf_counter() - began) * 1000, 2),
            }
        )
    return found


def cross_validation(config: str, data: TrainingData) -> Iterator[list[Any]]:
    folds = folds_of(data)
    for n, fold in enumerate(folds):
        print(f"Starting to train component 'fold {n + 1} of {FOLDS}'", flush=True)
        others = [one for other in folds if other is not fold for one in other]
        rest = TrainingData(others, data.entity_synonyms, data.regex_features, data.lookup_tables)
        with tempfile.TemporaryDirectory() as folder:
            agent = trained(config, rest, Path(folder))
        texts = [(str(one.get(TEXT)), str(one.get(INTENT))) for one in fold]
        common = {"set": "cross-validation", "author": "trainers", "language": None}
        yield asyncio.run(parsed(agent, texts, **common))


def held_out(agent: Agent, files: list[str]) -> Iterator[list[Any]]:
    for name in files:
        content = read_yaml_file(name)
        texts = [(str(t), intent) for intent, some in content["texts"].items() for t in some]
        common = {"author": content["author"], "language": content.get("language")}
        yield asyncio.run(parsed(agent, texts, set="held out", **common))


def main(config: str, out: str, files: list[str]) -> None:
    data = load_data(DATA)
    texts = [one for part in cross_validation(config, data) for one in part]
    print("Starting to train component 'all examples'", flush=True)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        agent = trained(config, data, Path(folder))
    seconds = time.perf_counter() - began
    texts += [one for part in held_out(agent, files) for one in part]
    Path(out).write_text(json.dumps({"training_seconds": seconds, "texts": texts}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
