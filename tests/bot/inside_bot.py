"""Checks of bot/ that need Rasa in the same process. Run by .venv-bot (Python 3.10), not by pytest.

Prints "all well" at the end, or ends with the assertion that failed.
"""

import asyncio
import gc
import weakref

import rasa
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.message import Message

stock_check = RemoteAction._validate_action_result

from bot import action_result, tracker_store  # noqa: E402
from bot.confidence_gate import ConfidenceGate  # noqa: E402
from bot.sms_channel import Answer, Turn, TurnMemory, parse_turn  # noqa: E402

RESULTS = [
    {},
    None,
    [],
    "text",
    {"events": [], "responses": []},
    {"events": [{"event": "slot", "name": "impact", "value": None, "timestamp": None}], "responses": [{"text": "a"}]},
    {"events": [{"event": "slot"}]},
    {
        "events": [
            {"event": "slot", "name": "impact", "value": 1},
            {"event": "slot"},
            {"event": "active_loop", "name": 1},
        ]
    },
    {"events": [{"event": "active_loop", "name": None}, {"event": "followup", "name": "action_listen"}]},
    {"events": [{"name": "impact", "value": 1}]},
    {"events": [{"event": ["slot"]}, {"event": None}]},
    {"events": [{"event": "user", "text": 1}]},
    {"events": [{"event": "slot", "name": "a", "value": 1, "timestamp": "soon"}]},
    {"events": [{"event": "slot", "name": "a", "value": 1, "metadata": "x"}]},
    {"events": [{"event": "slot", "name": "a", "value": 1, "metadata": {"x": 1}}]},
    {"events": [{"name": "impact"}]},
    {"events": [{"event": "no_such_event"}]},
    {"events": {}},
    {"responses": [1]},
    {"responses": "text"},
    {"events": [7], "responses": [7]},
]


def verdict(check, result):
    try:
        return check(RemoteAction("action_open_case", None), result)
    except ValidationError as error:
        return error.message


def the_compiled_check_says_what_rasas_own_says():
    assert RemoteAction._validate_action_result is not stock_check
    for result in RESULTS:
        assert verdict(RemoteAction._validate_action_result, result) == verdict(stock_check, result), result
    assert {verdict(stock_check, result) is True for result in RESULTS} == {True, False}


def another_rasa_is_refused():
    right, rasa.__version__ = rasa.__version__, "3.7.0"
    said = []
    try:
        for module in (action_result, tracker_store):
            try:
                module.install()
            except action_result.WrongRasaVersion as refusal:
                said.append(str(refusal))
    finally:
        rasa.__version__ = right
    assert ["3.7.0" in one for one in said] == [True, True]


NEEDS = {
    "never_mind": {"confidence": 0.65, "or_words": ["nvm|forget (it|that)"]},
    "deny": {"without": ["device"]},
    "inform_account": {"entities": ["email"]},
}
MEANT = [  # text, entities, ranking, what counts
    ("it makes a noise", [], [("never_mind", 0.6), ("report_problem", 0.2)], ("report_problem", 1.0)),
    ("leave me alone", [], [("never_mind", 0.7), ("report_problem", 0.2)], ("never_mind", 0.7 / 0.9)),
    ("ok NVM", [], [("never_mind", 0.4), ("affirm", 0.4)], ("never_mind", 0.5)),
    ("envmap", [], [("never_mind", 0.4), ("affirm", 0.4)], ("affirm", 1.0)),
    ("no wifi", ["device"], [("deny", 0.5), ("report_problem", 0.3)], ("report_problem", 1.0)),
    ("2", [], [("inform_account", 0.4), ("affirm", 0.1)], ("affirm", 1.0)),
    ("ann@example.com", ["email"], [("inform_account", 0.4)], ("inform_account", 1.0)),
    ("dead, cant work", [], [("blocked", 0.5), ("report_problem", 0.5)], ("blocked", 1.0)),
    ("2", [], [("inform_account", 1.0)], ("inform_account", 1.0)),  # nothing else is left
]


def a_meaning_counts_only_when_the_text_bears_it_out():
    part = ConfidenceGate({"needs": NEEDS, "one_way": ["report_problem", "blocked"]})
    for text, entities, ranking, (intent, confidence) in MEANT:
        listed = [{"name": name, "confidence": sure} for name, sure in ranking]
        message = Message({"text": text, "intent": listed[0], "intent_ranking": listed})
        message.set("entities", [{"entity": name, "value": "x"} for name in entities])
        (done,) = part.process([message])
        assert done.get("intent")["name"] == done.get("intent_ranking")[0]["name"] == intent, text
        assert abs(done.get("intent")["confidence"] - confidence) < 0.001, text


async def the_memory_is_bounded_and_outlives_its_asker():
    ran = []
    memory = TurnMemory(limit=2)

    async def run(turn):
        ran.append(turn.turn_id)
        await asyncio.sleep(0.01)
        return [{"text": turn.message}]

    def turn(turn_id):
        return Turn("ann", "hi", {"turn_id": turn_id})

    asker = asyncio.ensure_future(memory.once(turn("1"), run))
    await asyncio.sleep(0)
    asker.cancel()
    await memory.once(turn("1"), run)
    assert ran == ["1"]
    for turn_id in ("2", "3", "3", "1"):
        await memory.once(turn(turn_id), run)
    assert ran == ["1", "2", "3", "1"]
    await memory.once(parse_turn(b'{"sender": "ann", "message": "hi"}'), run)
    assert len(memory._done) == 2
    assert not memory._running


async def the_memory_keeps_no_tracker():
    """A process that remembers thousands of turns once had as many trackers in memory."""
    memory, trackers = TurnMemory(), []

    async def run(turn):
        tracker = DialogueStateTracker("ann", [])
        trackers.append(weakref.ref(tracker))
        tracker_store.saved_trackers.set([tracker])
        return Answer([{"text": turn.message}])

    await asyncio.ensure_future(memory.once(Turn("ann", "hi", {"turn_id": "1"}), run))
    gc.collect()
    assert [tracker() for tracker in trackers] == [None]


if __name__ == "__main__":
    the_compiled_check_says_what_rasas_own_says()
    another_rasa_is_refused()
    a_meaning_counts_only_when_the_text_bears_it_out()
    asyncio.run(the_memory_is_bounded_and_outlives_its_asker())
    asyncio.run(the_memory_keeps_no_tracker())
    print("all well")
