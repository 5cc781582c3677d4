"""Tests of bot/ that need Rasa in the same process. Run by .venv-bot (Python 3.10), not by pytest.

Prints "all well" at the end, or ends with the assertion that failed.
"""

import asyncio
import gc
import tempfile
import weakref
from pathlib import Path

import numpy as np
import rasa
import scipy.sparse as sp
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import ActionExecuted, ActiveLoop, SlotSet
from rasa.shared.core.slots import TextSlot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import read_yaml_file
from sklearn.linear_model import LogisticRegression

stock_check = RemoteAction._validate_action_result

# importing the channel installs the compiled check
from bot import action_result, sms_channel, tracker_store_patches  # noqa: E402, F401
from bot.before_text import asked_before  # noqa: E402
from bot.confidence_gate import ConfidenceGate  # noqa: E402
from bot.handoff_pattern import HandoffPattern  # noqa: E402
from bot.kept_vectors import KeptVectors  # noqa: E402
from bot.logistic_regression import fit  # noqa: E402
from bot.misplaced import of_vectors  # noqa: E402
from bot.nearness_gate import NearnessGate  # noqa: E402
from bot.open_turn import OpenTurn, open_turn  # noqa: E402
from bot.running_turns import Answer, RunningTurns  # noqa: E402
from bot.sentence_encoder import SIZE, SentenceEncoder  # noqa: E402
from bot.shared_examples import shared_examples  # noqa: E402
from bot.turn_request import Turn, parse_turn  # noqa: E402

RESULTS = [
    {},
    None,
    [],
    "text",
    {"events": [], "responses": []},
    {
        "events": [{"event": "slot", "name": "impact", "value": None, "timestamp": None}],
        "responses": [{"text": "a"}],
    },
    {"events": [{"event": "slot"}]},
    {
        "events": [
            {"event": "slot", "name": "impact", "value": 1},
            {"event": "slot"},
            {"event": "active_loop", "name": 1},
        ]
    },
    {
        "events": [
            {"event": "active_loop", "name": None},
            {"event": "followup", "name": "action_listen"},
        ]
    },
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


def the_compiled_check_agrees_with_rasas_own_check():
    assert RemoteAction._validate_action_result is not stock_check
    for result in RESULTS:
        assert verdict(RemoteAction._validate_action_result, result) == verdict(
            stock_check, result
        ), result
    assert {verdict(stock_check, result) is True for result in RESULTS} == {True, False}


def another_rasa_version_is_refused():
    right, rasa.__version__ = rasa.__version__, "3.7.0"
    said = []
    try:
        for module in (action_result, tracker_store_patches):
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
MEANT = [  # text, entities, ranking, expected intent, and its confidence after the gate
    (
        "it makes a noise",
        [],
        [("never_mind", 0.6), ("report_problem", 0.2)],
        ("report_problem", 1.0),
    ),
    (
        "leave me alone",
        [],
        [("never_mind", 0.7), ("report_problem", 0.2)],
        ("never_mind", 0.7 / 0.9),
    ),
    ("ok NVM", [], [("never_mind", 0.4), ("affirm", 0.4)], ("never_mind", 0.5)),
    ("envmap", [], [("never_mind", 0.4), ("affirm", 0.4)], ("affirm", 1.0)),
    ("no wifi", ["device"], [("deny", 0.5), ("report_problem", 0.3)], ("report_problem", 1.0)),
    ("2", [], [("inform_account", 0.4), ("affirm", 0.1)], ("affirm", 1.0)),
    ("ann@example.com", ["email"], [("inform_account", 0.4)], ("inform_account", 1.0)),
    ("dead, cant work", [], [("blocked", 0.5), ("report_problem", 0.5)], ("blocked", 1.0)),
    ("2", [], [("inform_account", 1.0)], ("inform_account", 1.0)),  # no other intent is left
]


def an_intent_counts_only_if_the_text_has_the_required_evidence():
    part = ConfidenceGate({"needs": NEEDS, "one_way": ["report_problem", "blocked"]})
    for text, entities, ranking, (intent, confidence) in MEANT:
        listed = [{"name": name, "confidence": sure} for name, sure in ranking]
        message = Message({"text": text, "intent": listed[0], "intent_ranking": listed})
        message.set("entities", [{"entity": name, "value": "x"} for name in entities])
        (done,) = part.process([message])
        assert done.get("intent")["name"] == done.get("intent_ranking")[0]["name"] == intent, text
        assert abs(done.get("intent")["confidence"] - confidence) < 0.001, text


# Intent before the gate, nearness, preceding question, whether the words show a request for a
# person -> intent after the gate, likely topic.
TOPIC, OTHER, SURE = "report_problem", "not_for_desk", False
GATED = [
    (TOPIC, 0.7, None, SURE, (TOPIC, None)),
    (TOPIC, 0.4, None, SURE, ("unsure_topic", TOPIC)),
    (TOPIC, 0.1, None, SURE, ("nlu_fallback", None)),
    (TOPIC, 0.1, {"form": None, "slot": None, "after_case": False}, SURE, ("nlu_fallback", None)),
    (
        TOPIC,
        0.1,
        {"form": "problem_form", "slot": "device", "after_case": False},
        SURE,
        (TOPIC, None),
    ),
    (TOPIC, 0.1, None, True, (TOPIC, None)),
    (TOPIC, None, None, SURE, (TOPIC, None)),
    ("case_status", 0.45, None, SURE, ("case_status", None)),
    (TOPIC, 0.55, {"not_for_desk": True}, SURE, ("unsure_topic", TOPIC)),
    (TOPIC, 0.65, {"not_for_desk": True}, SURE, (TOPIC, None)),
    ("case_status", 0.45, {"not_for_desk": True}, SURE, ("case_status", None)),
    ("nlu_fallback", 0.9, None, SURE, ("unsure_topic", TOPIC)),
    (OTHER, 0.4, None, SURE, ("unsure_topic", TOPIC)),
    (OTHER, 0.2, None, SURE, (OTHER, None)),
    ("greet", 0.9, None, SURE, ("greet", None)),
]


def a_topic_starts_only_if_the_text_is_near_its_examples():
    given = NearnessGate.get_default_config() | {
        "topics": [TOPIC, "case_status"],
        "others": [OTHER],
        "near": 0.5,
        "unsure": 0.3,
        "rescue": 0.35,
    }
    wary = {"wary": [TOPIC], "wary_by": 0.1}
    gate = NearnessGate({**given, **wary, "nears": {"case_status": 0.42}})
    for intent, nearness, asked, is_request, wanted in GATED:
        listed = [{"name": name, "confidence": 0.5} for name in dict.fromkeys((intent, TOPIC))]
        message = Message(
            {"text": "a text", "intent": listed[0], "intent_ranking": listed, "entities": []}
        )
        message.set("metadata", {"asked": asked})
        message.set("nearness", nearness)
        message.set("wants_person", is_request)
        (done,) = gate.process([message])
        likely = [entity["value"] for entity in done.get("entities")]
        found = (done.get("intent")["name"], likely[0] if likely else None)
        assert found == wanted, (intent, nearness, asked, found)
        if likely:
            assert done.get("unsure") == {"likely": TOPIC, "nearness": nearness}
    listed = [{"name": TOPIC, "confidence": 0.9}]
    text = 'report_problem{"device":"laptop"} now'
    payload = Message({"text": text, "intent": listed[0], "intent_ranking": listed, "entities": []})
    payload.set("nearness", 0.9)
    (done,) = gate.process([payload])
    assert done.get("intent")["name"] == "nlu_fallback"


def after_an_unrelated_text_a_named_device_keeps_the_usual_limit():
    wary = {"wary": [TOPIC], "wary_by": 0.3, "wary_without": ["device"]}
    given = {"topics": [TOPIC], "near": 0.3}
    gate = NearnessGate(NearnessGate.get_default_config() | given | wary)
    for entity, wanted in (("device", TOPIC), ("since", "unsure_topic")):
        listed = [{"name": TOPIC, "confidence": 0.9}]
        message = Message({"text": "jammed", "intent": listed[0], "intent_ranking": listed})
        message.set("entities", [{"entity": entity, "value": "x"}])
        message.set("metadata", {"asked": {"not_for_desk": True}})
        message.set("nearness", 0.5)
        (done,) = gate.process([message])
        assert done.get("intent")["name"] == wanted, entity


REQUEST = "talk_to_person"
FORM = {"form": "problem_form", "slot": "impact"}
ANSWER, UNCLEAR = "help", "nlu_fallback"
# Text, probability of a request for a person, probability of the intent help, nearness, preceding
# question -> intent.
HANDED_OFF = [
    ("a text", 0.35, 0.4, 0.2, None, REQUEST),  # likely enough, although help is more likely
    ("a text", 0.35, 0.4, None, None, REQUEST),  # without the encoder
    ("a text", 0.35, 0.4, 0.0, None, ANSWER),
    ("a text", 0.25, 0.4, 0.2, None, ANSWER),
    ("can someone ring", 0.25, 0.4, 0.2, None, REQUEST),  # mentions a person
    ("can someone ring", 0.15, 0.4, 0.2, None, ANSWER),
    ("can someone ring", 0.25, 0.4, 0.0, None, ANSWER),
    ("a text", 0.5, 0.4, 0.2, FORM, ANSWER),
    ("a text", 0.5, 0.1, 0.2, FORM, UNCLEAR),
    ("a text", 0.9, 0.1, 0.2, FORM, REQUEST),
    ("can someone ring", 0.5, 0.4, 0.2, FORM, REQUEST),
    ("can someone ring", 0.3, 0.4, 0.2, FORM, ANSWER),
    ("i need a real person", 0.1, 0.4, 0.0, None, REQUEST),  # recognized by its words
    ("i need a real person", 0.1, 0.4, 0.0, FORM, REQUEST),
    ("my agent says i need a real person", 0.1, 0.4, 0.0, None, ANSWER),
]


def a_likely_request_for_a_person_is_recognized():
    limits = {"intent": REQUEST, "limit": 0.3, "hinted_limit": 0.2, "near": 0.1}
    in_form = {"in_form": {"limit": 0.8, "hinted_limit": 0.4, "next": 0.2}}
    patterns = {"patterns": ["need a real person"], "hints": ["someone"], "unless": ["my agent"]}
    component = HandoffPattern(HandoffPattern.get_default_config() | limits | in_form | patterns)
    for text, chance, other, nearness, asked, wanted in HANDED_OFF:
        listed = [{"name": ANSWER, "confidence": other}, {"name": REQUEST, "confidence": chance}]
        listed.sort(key=lambda one: -one["confidence"])
        message = Message({"text": text, "intent": listed[0], "intent_ranking": listed})
        message.set("nearness", nearness)
        message.set("metadata", {"asked": asked})
        (done,) = component.process([message])
        assert done.get("intent")["name"] == wanted, (text, chance, asked)


ASKS_FOR_PERSON = [
    "can i speak w/ someone",
    "put me through",
    "Put me through to a real person, please!",
    "I give up, just get me someone",
    "is anyone human there?",
    "Hello? Is anybody there??",
    "stupid machine, give me an actual human",
    "could somebody from IT please call me",
    "i'd like to get in touch with a representative",
    "have one of your techs phone me",
    "I want to see your manager",
    "no more bots please",
    "quiero hablar con alguien",
    "¿Me puede llamar un técnico?",
    "¿hay alguien ahí?",
    "ya no aguanto, pásame con una persona",
    "Ich möchte mit einem Menschen sprechen",
    "Können Sie mich bitte mit jemandem verbinden",
    "Kann mich jemand anrufen?",
    "ist da jemand?",
    "Je voudrais parler à quelqu’un",
    "passez-moi un conseiller svp",
    "il y a quelqu'un ?",
    "rappelez-moi",
]
ASKS_FOR_NONE = [
    "someone stole my laptop",
    "my colleague should call the person in HR",
    "somebody left a person's badge at my desk",
    "when will someone call me about my case?",
    "i need the manager's approval for this",
    "i need an agent license for the phone app",
    "nobody can talk to anyone on the conference phone",
    "is a technician working on it",
    "my manager wants to talk to her sister",
    "the waiter should get me the manager",
    "a qué hora hay alguien",
    "alguien se llevó mi portátil",
    "jemand hat meinen Laptop mitgenommen",
    "quelqu'un a pris mon écran",
    "rappelle-moi le nom de ton chien",
]


def words_alone_can_show_a_request_for_a_person():
    pipeline = read_yaml_file("config.yml")["pipeline"]
    given = next(one for one in pipeline if one["name"].endswith(HandoffPattern.__name__))
    component = HandoffPattern(HandoffPattern.get_default_config() | given)
    for wanted, texts in ((True, ASKS_FOR_PERSON), (False, ASKS_FOR_NONE)):
        for text in texts:
            (done,) = component.process([Message({"text": text})])
            assert bool(done.get("wants_person")) is wanted, text


def the_channel_records_the_preceding_question():
    nothing = {"form": None, "slot": None, "after_case": False, "not_for_desk": False}
    assert asked_before(None, None) == nothing
    tracker = DialogueStateTracker("ann", [TextSlot("requested_slot", mappings=[])])
    assert asked_before(tracker, None) == nothing
    tracker.update(ActionExecuted("action_not_for_desk"))
    tracker.update(ActionExecuted("action_listen"))
    assert asked_before(tracker, None) == {**nothing, "not_for_desk": True}
    tracker.update(ActionExecuted("problem_form"))
    tracker.update(ActiveLoop("problem_form"))
    tracker.update(SlotSet("requested_slot", "impact"))
    told = {"choices": ["1", "2"], "form": "made up"}
    found = {**nothing, "choices": ["1", "2"], "form": "problem_form", "slot": "impact"}
    assert asked_before(tracker, told) == found
    tracker.update(ActiveLoop(None))
    tracker.update(ActionExecuted("action_open_case"))
    assert asked_before(tracker, {}) == {**nothing, "after_case": True}


def an_example_near_to_another_intents_examples_is_misplaced():
    vectors = np.eye(2, dtype=np.float32)[[0, 0, 0, 0, 1, 1, 1, 1, 1, 0]]
    starts, intents = np.array([0, 5]), np.array(["help", "thanks"])
    found = of_vectors(vectors, starts, intents, [f"text {n}" for n in range(10)])
    assert [(one["text"], one["intent"], one["looks_like"]) for one in found] == [
        ("text 4", "help", "thanks"),
        ("text 9", "thanks", "help"),
    ]


def data_joined_without_copies_equals_rasas_joined_data():
    def data(texts):
        return TrainingData(
            [Message.build(text, "greet") for text in texts],
            entity_synonyms={texts[0]: "pc"},
            regex_features=[{"name": texts[0], "pattern": "a"}],
            lookup_tables=[{"name": texts[0], "elements": ["b"]}],
            responses={"utter_greet": [{"text": texts[0]}]},
        )

    parts = [data(["hi", "hello"]), None, data(["hello", "hey"]), data(["yo"])]
    copied = parts[0].merge(*parts[1:])
    with shared_examples():
        shared = parts[0].merge(*parts[1:])
    assert shared.fingerprint() == copied.fingerprint()
    assert [one.get("text") for one in shared.training_examples] == ["hi", "hello", "hey", "yo"]
    assert shared.training_examples[0] is parts[0].training_examples[0]
    assert parts[0].merge(parts[2]).training_examples[0] is not parts[0].training_examples[0]


def texts_in_capitals_are_encoded_in_lower_case():
    class Model:
        def encode(self, texts):
            given.extend(texts)
            return np.zeros((len(texts), SIZE))

    given = []
    SentenceEncoder(Model()).encode(
        ["TEAMS IS BROKEN", "NO SOUND in it", "Teams is DOWN", "404", " "]
    )
    assert given == ["teams is broken", "no sound in it", "Teams is DOWN", "404", "."]


def an_example_is_encoded_once(folder):
    encoded = []

    class Counting(SentenceEncoder):
        def encode(self, texts):
            encoded.extend(texts)
            return np.array([[len(text)] * SIZE for text in texts], dtype=np.float32)

    def vectors(*texts):
        kept = KeptVectors(Counting(None), folder / "vectors.npz")
        found = kept.encode(list(texts))[:, 0].tolist()
        kept.save()
        return found

    assert vectors("a", "bb", "a") == [1, 2, 1]
    assert vectors("bb", "ccc") == [2, 3]
    assert vectors() == []
    assert vectors("bb", "a") == [2, 1]  # the vector of "a" was dropped while no example had it
    assert encoded == ["a", "bb", "ccc", "a"]
    (folder / "vectors.npz").write_bytes(b"half a file")
    assert vectors("bb") == [2]


async def a_repeated_turn_joins_the_running_one_which_outlives_its_first_caller():
    ran = []
    turns = RunningTurns()

    async def run(turn):
        ran.append(turn.turn_id)
        await asyncio.sleep(0.01)
        assert len(turns._running) > 0
        return Answer([{"text": turn.message}])

    def turn(turn_id, sender="ann"):
        return Turn(sender, "hi", {"turn_id": turn_id})

    asker = asyncio.ensure_future(turns.join(turn("1"), run))
    await asyncio.sleep(0)
    asker.cancel()
    await turns.join(turn("1"), run)
    assert ran == ["1"]
    without_id = parse_turn(b'{"sender": "ann", "message": "hi"}')
    await asyncio.gather(*(turns.join(without_id, run) for _ in range(2)))
    assert ran == ["1", None, None]
    assert not turns._running
    assert not turns._locks


async def the_turns_of_a_conversation_run_one_after_the_other():
    turns, running, most = RunningTurns(), set(), []

    async def run(turn):
        running.add((turn.sender, turn.turn_id))
        most.append([sender for sender, _ in running].count(turn.sender))
        await asyncio.sleep(0.01)
        running.remove((turn.sender, turn.turn_id))
        return Answer([])

    given = [Turn(sender, "hi", {"turn_id": n}) for n in range(3) for sender in ("ann", "bob")]
    await asyncio.gather(*(turns.join(turn, run) for turn in given))
    assert most == [1] * 6


async def a_finished_turn_keeps_no_tracker():
    """An earlier version kept one tracker in memory for each remembered turn."""
    turns, trackers = RunningTurns(), []

    async def run(turn):
        tracker = DialogueStateTracker("ann", [])
        trackers.append(weakref.ref(tracker))
        open_turn.set(OpenTurn("ann", tracker=tracker))
        return Answer([{"text": turn.message}])

    await asyncio.ensure_future(turns.join(Turn("ann", "hi", {"turn_id": "1"}), run))
    gc.collect()
    assert [tracker() for tracker in trackers] == [None]


def the_same_examples_make_the_same_model():
    """The fit finds the minimum, so the order of the examples does not matter. The features differ
    a hundredfold in size and are correlated, as the real ones are."""
    draw = np.random.default_rng(15)
    rows, unseen = 400, 100
    meant = draw.integers(0, 4, rows + unseen)
    dense = (meant[:, None] == np.arange(6)) * 1.0 + draw.normal(0, 0.8, (rows + unseen, 6))
    dense = dense @ draw.normal(0, 1, (6, 6)) * np.array([40, 5, 2, 2, 0.1, 0.05])
    words = sp.csr_matrix(draw.random((rows + unseen, 60)) < 0.05, dtype=np.float64)

    def chances(some):
        weights = fit(words[some], dense[some], meant[some], strength=4.0)
        scores = words[rows:] @ weights.of_counts + dense[rows:] @ weights.of_dense + weights.bias
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)

    found = chances(np.arange(rows))
    assert np.abs(chances(draw.permutation(rows)) - found).max() < 0.02
    whole = np.hstack([words.toarray(), dense])
    known = LogisticRegression(C=4.0, max_iter=2000, tol=1e-6).fit(whole[:rows], meant[:rows])
    assert np.abs(known.predict_proba(whole[rows:]) - found).max() < 0.02


if __name__ == "__main__":
    the_compiled_check_agrees_with_rasas_own_check()
    another_rasa_version_is_refused()
    an_intent_counts_only_if_the_text_has_the_required_evidence()
    a_topic_starts_only_if_the_text_is_near_its_examples()
    after_an_unrelated_text_a_named_device_keeps_the_usual_limit()
    a_likely_request_for_a_person_is_recognized()
    words_alone_can_show_a_request_for_a_person()
    the_channel_records_the_preceding_question()
    an_example_near_to_another_intents_examples_is_misplaced()
    data_joined_without_copies_equals_rasas_joined_data()
    the_same_examples_make_the_same_model()
    texts_in_capitals_are_encoded_in_lower_case()
    with tempfile.TemporaryDirectory() as made:
        an_example_is_encoded_once(Path(made))
    asyncio.run(a_repeated_turn_joins_the_running_one_which_outlives_its_first_caller())
    asyncio.run(the_turns_of_a_conversation_run_one_after_the_other())
    asyncio.run(a_finished_turn_keeps_no_tracker())
    print("all well")
