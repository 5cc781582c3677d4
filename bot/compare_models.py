"""Parses texts with models, and runs the test stories. The bot's Python runs this module.

Usage: python -m bot.compare_models GIVEN.json OUT.json

Input: {"models": [file, ...], "texts": [{"text", "meant", "asked"}, ...], "stories": file or null}.
`asked` holds the question before the text (bot/asked.py); null: a question after which the intent
`meant` is possible. The stories run on the first model.

Output: {"answers": [[[intent, confidence], ...] for each model], "stories": {"passed": number,
"failed": [name, ...]}, "ms": median time of a text on the first model, "misplaced": examples of
the first model's training data, see bot/misplaced.py}. Progress on stdout: lines `Measured N of M`.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.test import test as run_stories
from rasa.shared.utils.io import read_yaml_file

from bot.measure_understanding import ASKED, NOTHING
from bot.misplaced import misplaced

EVERY = 50  # texts between two lines of progress


async def answers(agent: Agent, texts: list[dict[str, Any]]) -> Any:
    for given in texts:
        began = time.perf_counter()
        asked = given["asked"] or ASKED.get(given["meant"], NOTHING)
        message = UserMessage(given["text"], metadata={"asked": asked})
        parsed = await agent.processor.parse_message(message)
        intent = parsed["intent"]
        yield intent["name"], float(intent["confidence"]), time.perf_counter() - began


async def stories_of(agent: Agent, file: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as out:
        await run_stories(file, agent, out_directory=out, e2e=True, disable_plotting=True)
        counts = json.loads((Path(out) / "story_report.json").read_text())["conversation_accuracy"]
        failed = read_yaml_file(str(Path(out) / "failed_test_stories.yml")) or {}
    # Rasa adds the file to a story's name
    names = [re.sub(r" \(.*\)$", "", one["story"]) for one in failed.get("stories", ())]
    return {"passed": counts["correct"], "failed": names}


async def main(given: dict[str, Any], out: Path) -> None:
    done, everything = 0, len(given["texts"]) * len(given["models"])
    found: dict[str, Any] = {"answers": [], "stories": {"passed": 0, "failed": []}, "ms": None}
    found["misplaced"] = misplaced(given["models"][0])
    for number, file in enumerate(given["models"]):
        agent = Agent.load(file)
        of_model, seconds = [], []
        async for intent, confidence, took in answers(agent, given["texts"]):
            of_model.append([intent, round(confidence, 4)])
            seconds.append(took)
            done += 1
            if done % EVERY == 0:
                print(f"Measured {done} of {everything}", flush=True)
        found["answers"].append(of_model)
        if number == 0:
            found["ms"] = round(1000 * statistics.median(seconds), 1) if seconds else None
            if given["stories"]:
                found["stories"] = await stories_of(agent, given["stories"])
    out.write_text(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])))
