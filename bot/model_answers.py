"""Runs texts and test stories through a model, and measures its speed."""

from __future__ import annotations

import asyncio
import functools
import json
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.test import test as run_stories
from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.utils.io import read_yaml_file

from bot.measure_understanding import ASKED, NOTHING

BATCH = 64
TIMED = 60  # the number of texts that `speed` measures


def answers(model: str, texts: Sequence[dict[str, Any]]) -> list[list[Any]]:
    """[intent, confidence] for each text.

    Each text has `text`, `meant` (the right intent) and `asked`, the question before it
    (bot/asked.py). If `asked` is null, a question is chosen after which `meant` is possible.
    Progress goes to stdout, as lines `Measured N of M`.
    """
    agent, found = _agent(model), []
    for start in range(0, len(texts), BATCH):
        some = understood(agent, texts[start : start + BATCH])
        found += [[intent, round(confidence, 4)] for intent, confidence in some]
        print(f"Measured {len(found)} of {len(texts)}", flush=True)
    return found


def understood(agent: Agent, texts: Sequence[dict[str, Any]]) -> list[tuple[str, float]]:
    """The intent and the confidence of each text. The model processes all texts at once, which is
    five times faster than one after the other."""
    messages = [
        UserMessage(
            one["text"], metadata={"asked": one["asked"] or ASKED.get(one["meant"], NOTHING)}
        )
        for one in texts
    ]
    processor = agent.processor
    target = processor.model_metadata.nlu_target
    given = {
        PLACEHOLDER_MESSAGE: messages,
        PLACEHOLDER_TRACKER: DialogueStateTracker.from_events("measured", []),
    }
    parsed = processor.graph_runner.run(inputs=given, targets=[target])[target]
    intents = [message.get("intent") for message in parsed]
    return [(one["name"], float(one["confidence"])) for one in intents]


def speed(model: str, texts: Sequence[str]) -> float | None:
    """The median time for one text in milliseconds. The texts are processed one after the other,
    like the texts of requesters. None without texts."""
    return asyncio.run(_speed(_agent(model), texts[:TIMED])) if texts else None


async def _speed(agent: Agent, texts: Sequence[str]) -> float:
    seconds = []
    for text in texts:
        began = time.perf_counter()
        await agent.processor.parse_message(UserMessage(text, metadata={"asked": NOTHING}))
        seconds.append(time.perf_counter() - began)
    return round(1000 * statistics.median(seconds), 1)


def stories(model: str, file: str) -> dict[str, Any]:
    """Run the test stories in a file. Returns {"passed": number, "failed": [name, ...]}."""
    return asyncio.run(_stories(_agent(model), file))


async def _stories(agent: Agent, file: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as out:
        await run_stories(file, agent, out_directory=out, e2e=True, disable_plotting=True)
        counts = json.loads((Path(out) / "story_report.json").read_text())["conversation_accuracy"]
        failed = read_yaml_file(str(Path(out) / "failed_test_stories.yml")) or {}
    # Rasa appends the file to a story's name.
    names = [re.sub(r" \(.*\)$", "", one["story"]) for one in failed.get("stories", ())]
    return {"passed": counts["correct"], "failed": names}


@functools.lru_cache(maxsize=2)
def _agent(model: str) -> Agent:
    return Agent.load(model)
