"""System messages, templates, carrier keywords, and the conditions and problems of queues."""

from datetime import UTC, datetime, timedelta

import pytest

from handoff_service.rules.delivery.carrier_keywords import OPT_OUT, SPELLED, asks_for_opt_out
from handoff_service.rules.delivery.sms_text import segments
from handoff_service.rules.desk import system_message_texts, templates
from handoff_service.rules.desk.system_message_texts import error
from handoff_service.rules.desk.system_messages import SystemMessage, words_of
from handoff_service.rules.routing import queue_conditions, queues
from handoff_service.rules.routing.queue_conditions import QueueFacts
from handoff_service.rules.routing.queues import QueueFields, QueuePool, Skill
from handoff_service.rules.shared import placeholders
from handoff_service.rules.shared.conditions import Match
from handoff_service.rules.shared.placeholders import PEOPLE, Placeholders

BOT = words_of(SystemMessage.BOT_INSTEAD).default
NAMES = [
    "Service desk",
    "Facilities and Workplace",
    "x" * 200,
    "サービスデスク" * 9,
    "IT 😩",
    "{queue}",
]


@pytest.mark.parametrize("message", SystemMessage)
def test_default_texts_can_be_saved_and_filled_completely(message: SystemMessage) -> None:
    assert error(message, words_of(message).default) is None
    for text in system_message_texts.examples(message):
        assert segments(text).count == 1
        assert "{" not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_system_message_fits_into_one_segment_with_any_names(name: str) -> None:
    for text in (
        system_message_texts.in_line(name),
        system_message_texts.waiting(name),
        system_message_texts.waiting(name, instead=BOT),
        system_message_texts.out_of_hours(name, "on 23 September at 08:00", instead=BOT),
        system_message_texts.closing_line(name),
    ):
        assert segments(text).count == 1


def test_placeholders_of_edited_texts_are_filled() -> None:
    assert (
        system_message_texts.closing_line("Mia Chen")
        == "Mia has closed this conversation. Text us any time."
    )
    assert system_message_texts.in_line("Facilities", "{queue}: soon!") == "Facilities: soon!"
    assert (
        system_message_texts.out_of_hours("x" * 200, "at 08:00", "{queue} opens {opens}")
        == "Our team opens at 08:00"
    )
    assert system_message_texts.waiting("IT", "Wait.", instead=BOT) == f"Wait. {BOT}"
    assert system_message_texts.waiting("IT", "x" * 140, instead=BOT) == "X" + "x" * 139, (
        "the name is used only if the text still fits into one segment"
    )


REFUSED = [
    ("empty", SystemMessage.WAITING, " ", "must not be empty"),
    (
        "unknown placeholder",
        SystemMessage.WAITING,
        "Wait for {agent}",
        "{agent}: there is no such placeholder",
    ),
    (
        "another message's",
        SystemMessage.IN_LINE,
        "{queue} opens {opens}",
        "this text can have {queue}",
    ),
    ("too long", SystemMessage.IN_LINE, "x" * 161, "must fit in one segment"),
    (
        "too long when filled",
        SystemMessage.IN_LINE,
        "{queue}" + "x" * 149,
        "With names filled in, it takes 2: “Service desk",
    ),
    (
        "too long because one character forces UCS-2",
        SystemMessage.IN_LINE,
        "x" * 80 + "…",
        "because of …",
    ),
    ("without the numbers", SystemMessage.SATISFACTION, "How did we do?", "must name 1 and 5"),
    ("keyword", SystemMessage.IN_LINE, "Reply stop to leave the line", "reply STOP"),
]


@pytest.mark.parametrize(
    ("message", "text", "says"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_texts_that_cannot_be_sent_are_refused(
    message: SystemMessage, text: str, says: str
) -> None:
    assert says in (error(message, text) or "")


def test_a_queues_own_text_must_fit_with_the_queues_name() -> None:
    own = "{queue} opens {opens}, we answer then. " + "x" * 90
    assert error(SystemMessage.CLOSED, own, {"queue": "IT"}) is None
    assert "one segment" in (
        error(SystemMessage.CLOSED, own, {"queue": "Facilities and Workplace"}) or ""
    )


@pytest.mark.parametrize("word", [*OPT_OUT, *SPELLED, "OPT-OUT"])
def test_texts_that_contain_carrier_keywords_get_a_warning(word: str) -> None:
    for text in (
        f"Reply {word} to end.",
        f"text us “{word.lower()}”",
        f"Send the word '{word.lower()}'",
        f"{word}: no",
    ):
        assert asks_for_opt_out(text) == word
    for text in (
        "We answer at the end of the day.",
        "Text us any time. The stop is near.",
        "Send an update, then stop.",
    ):
        assert asks_for_opt_out(text) is None


def test_opening_times_are_phrased_as_people_say_them() -> None:
    now = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # a Monday, 09:00 in New York
    said = [
        system_message_texts.opening(now + timedelta(hours=h), "America/New_York", now)
        for h in (3, 24, 6 * 24, 7 * 24)
    ]
    assert said == [
        "at 12:00",
        "tomorrow at 09:00",
        "on Sunday at 09:00",
        "on 30 November at 09:00",
    ]
    assert system_message_texts.opening(None, "America/New_York", now) == "later"


def test_a_template_is_filled_for_its_conversation_and_leaves_no_braces() -> None:
    body = " ".join(f"{{{name}}}" for name in PEOPLE)
    ann = Placeholders(requester="Ann Lee", agent="Mia Chen", number="INT0000012")
    assert templates.filled(body, ann) == "Ann Lee Ann Mia Chen Mia INT0000012"
    guest = Placeholders(requester=None, agent=None, number="INT0000012")
    assert (
        templates.filled("Hi {requester.first_name}, {agent.name} here", guest)
        == "Hi there, our team here"
    )
    assert "there is no such placeholder" in (templates.error("Hi {name}") or "")
    assert templates.error("Use {} in the shell {") is not None
    assert templates.error("") == "must not be empty"
    assert "at most 1600" in (templates.error("x" * 1601) or "")


def test_a_name_with_braces_is_inserted_unchanged() -> None:
    assert placeholders.fill("{a} {b}", {"a": "{b}", "b": "B"}) == "{b} B"


CONDITIONS = [
    ({"field": "provider_number", "is": "+18885550100"}, True),
    ({"field": "topic", "in": ["hardware", "network"]}, True),
    ({"field": "topic", "not_in": ["hardware"]}, False),
    ({"field": "language", "is": "es"}, False),
    ({"field": "language", "is_not": "es"}, True),
    ({"field": "user.department", "is": "Sales"}, True),
    ({"field": "user.site", "operator": "in", "value": ["Boston"]}, False),
    ({"field": "user.site", "operator": "not_in", "value": ["Boston"]}, True),
]
FACTS = QueueFacts(
    provider_number="+18885550100", topic="hardware", attributes={"department": "Sales"}
)


@pytest.mark.parametrize(("written", "holds"), CONDITIONS)
def test_a_queues_conditions_match_conversations(written: dict[str, object], holds: bool) -> None:
    assert queue_conditions.matches([queue_conditions.parse(written)], Match.ALL, FACTS) is holds


def test_a_condition_of_another_field_is_refused() -> None:
    for field in ("state", "user.", "user", 7):
        with pytest.raises(ValueError, match="there is no field"):
            queue_conditions.parse({"field": field, "is": "x"})


def test_a_wrong_queue_has_its_problems() -> None:
    pools, skills = (
        (QueuePool(group="A"), QueuePool(group="A", after_seconds=60)),
        (Skill(name="es"), Skill(name="es")),
    )
    wrong = QueueFields(name="Q", pools=pools, skills=skills, texts={SystemMessage.CLOSED: "{x}"})
    assert {key: what[:20] for key, what in queues.errors(wrong).items()} == {
        "groups": "“A” is listed twice.",
        "skills": "“es” is listed twice",
        "texts": "“Closed”: {x}: there",
    }
    assert queues.errors(QueueFields(name="Q", pools=pools[:1], skills=skills[:1])) == {}


def test_a_queue_that_can_never_assign_has_the_reason() -> None:
    assert queues.problems(groups=[], agents=0) == ["No group gets offers: add one."]
    assert queues.problems(groups=["A", "B"], agents=0) == [
        "No active agent is in its groups (A, B): add one."
    ]
    assert queues.problems(
        groups=["A"], agents=1, lacking=["es"], schedule_error="contain no open time"
    ) == [
        "No agent in its groups has the required skills: es.",
        "Its opening hours contain no open time.",
    ]
    assert queues.problems(groups=["A"], agents=1) == []
