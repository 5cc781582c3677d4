"""Parses texts with a trained model. Run by .venv-bot (Python 3.10), not by pytest.

Usage: parse_texts.py MODEL.tar.gz MEANINGS.json < texts.json

Input: a JSON list of [text, the preceding question or null]; see bot/asked.py. Output, in
MEANINGS.json because Rasa logs to stdout: a JSON list of {"text", "intent", "confidence",
"entities", "ranking", "unsure", "nearness"}.
"""

import asyncio
import json
import sys

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage


async def meanings(model, texts):
    agent = Agent.load(model)
    for text, asked in texts:
        metadata = {} if asked is None else {"asked": asked}
        parsed = await agent.processor.parse_message(UserMessage(text, metadata=metadata))
        yield {
            "text": text,
            "intent": parsed["intent"]["name"],
            "confidence": parsed["intent"]["confidence"],
            "entities": {entity["entity"]: entity["value"] for entity in parsed["entities"]},
            "ranking": [
                (i["name"], round(i["confidence"], 3)) for i in parsed["intent_ranking"][:4]
            ],
            "unsure": parsed.get("unsure"),
            "nearness": parsed.get("nearness"),
        }


async def main():
    texts = json.load(sys.stdin)
    found = [meaning async for meaning in meanings(sys.argv[1], texts)]
    with open(sys.argv[2], "w") as output:
        json.dump(found, output)


if __name__ == "__main__":
    asyncio.run(main())
