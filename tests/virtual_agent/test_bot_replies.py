"""The bot's texts about cases, outages and hours, and the number of their segments."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest

from handoff_service.rules.cases.cases import case_id
from handoff_service.rules.delivery.sms_text import Encoding, segments
from handoff_service.rules.shared.vocabulary import CaseState
from handoff_service.rules.virtual_agent import bot_replies as words
from handoff_service.rules.virtual_agent.bot_replies import CaseLine

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # Monday, 09:00 in New York
NEW_YORK = "America/New_York"
DESCRIPTIONS = [
    "",
    "No wifi",
    "laptop " * 60,
    "x" * 500,
    "laptop 😩😩❤️",
    "it’s “dead” – help…",
    "a\n\nb\u20ac{}[]",
]
JOSE = "mi teléfono no enciende, soy José Núñez del área económica"


def line(
    description: str, state: CaseState = CaseState.OPEN, number: str = "CS0000012"
) -> CaseLine:
    return CaseLine(
        number=number, state=state, description=description, changed_at=NOW - timedelta(days=400)
    )


@pytest.mark.parametrize("description", DESCRIPTIONS, ids=range(len(DESCRIPTIONS)))
def test_any_case_is_described_in_one_segment(description: str) -> None:
    texts = [words.one_case(line(description, state), NEW_YORK, NOW) for state in CaseState]
    texts += [
        words.open_cases(
            [line(description, CaseState.IN_PROGRESS, f"CS{10**9 + n}") for n in range(count)]
        )
        for count in range(1, 30)
    ]
    texts.append(words.opened("request", "CS1234567890", description, "We'll text you updates."))
    for text in texts:
        counted = segments(text)
        assert (counted.count, counted.encoding) == (1, Encoding.GSM_7), text


@pytest.mark.parametrize(
    "description",
    [JOSE, JOSE * 9, "Jose\u0301 Nu\u0301n\u0303ez", "Мой ноутбук не включается", "ноутбук " * 60],
)
def test_a_description_keeps_letters_that_need_ucs_2(description: str) -> None:
    texts = [words.one_case(line(description, state), NEW_YORK, NOW) for state in CaseState]
    texts += [
        words.open_cases([line(description, CaseState.IN_PROGRESS)] * count)
        for count in range(1, 30)
    ]
    texts.append(words.opened("request", "CS1234567890", description, "We'll text you updates."))
    begins = unicodedata.normalize("NFC", description)[:3]
    for text in texts:
        assert begins in text, text
        assert segments(text).count <= 2, text


def test_accented_letters_stay_and_emoji_and_curly_quotes_are_replaced() -> None:
    assert words.opened("case", "CS0000012", JOSE, "Ask for a person any time.") == (
        f"I've opened case CS0000012: {JOSE}. Ask for a person any time."
    )
    assert words.plain("laptop 🔥 “hot”…") == 'laptop "hot"...'


def test_cases_are_described_in_plain_sentences() -> None:
    case = CaseLine(
        number="CS0000012",
        state=CaseState.IN_PROGRESS,
        description="No “wifi”.",
        changed_at=NOW - timedelta(days=1),
    )
    assert words.one_case(case, NEW_YORK, NOW) == (
        'CS0000012 (No "wifi"): in progress. Last updated yesterday at 09:00.'
    )
    assert words.open_cases([case]) == 'Your open case:\nCS0000012 in progress: No "wifi"'
    assert words.open_cases([case] * 4).startswith(
        "You have 4 open cases, the newest:\nCS0000012 in progress: "
    )
    assert words.open_cases([case] * 4).count("\n") == 3
    assert (
        words.opened("request", "CS0000012", "a monitor!", "Bye.")
        == "I've opened request CS0000012: a monitor. Bye."
    )


VPN = (
    "VPN",
    "The VPN is down since 9 o'clock. Networks is on it. Mail and the web work without it.",
)
LONG = ("Payroll and time clocks in all of the stores", "x" * 160)


@pytest.mark.parametrize(
    "outages", [[VPN], [VPN, VPN], [VPN] * 3, [LONG], [LONG] * 9, [VPN, LONG]], ids=range(6)
)
def test_any_number_of_outages_fits_two_segments_and_one_inside_a_form(
    outages: list[tuple[str, str]],
) -> None:
    assert segments(words.outage_news(outages, question_follows=False)).count <= 2
    inside = segments(words.outage_news(outages, question_follows=True))
    assert inside.count == 1


def test_outages_are_announced_with_their_texts_or_names() -> None:
    assert words.outage_news([], question_follows=True) == words.NO_OUTAGE
    assert words.outage_news([VPN], question_follows=True) == VPN[1]
    assert words.outage_news([VPN], question_follows=False) == f"{VPN[1]} {words.ANOTHER_PROBLEM}"
    assert words.outage_news([VPN, LONG], question_follows=True) == (
        "Down right now: VPN, Payroll and time.... Ask me about any of them by name."
    )


SAID = [
    ("CS0000012", 12),
    ("cs12", 12),
    (" case 12.", 12),
    ("#12", 12),
    ("12", 12),
    ("case #0012", 12),
]


@pytest.mark.parametrize(
    ("said", "meant"), [*SAID, ("INT12", None), ("twelve", None), ("", None), ("9" * 16, None)]
)
def test_a_case_number_is_read_in_any_spelling(said: str, meant: int | None) -> None:
    assert case_id(said) == meant


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


HOURS = [
    ("always", True, None, NOW, "We're open around the clock. Text AGENT to talk to a person."),
    ("open", True, at(9), NOW,
     "We're open until 18:00 (New York time). Text AGENT to talk to a person."),
    ("over midnight", True, at(16), NOW,
     "We're open until tomorrow at 01:00 (New York time). Text AGENT to talk to a person."),
    ("closed", False, None, at(23),
     "We're closed now and open again tomorrow at 08:00 (New York time). You can text any time."),
    ("closed for days", False, None, at(72),
     "We're closed now and open again on Thursday at 09:00 (New York time). "
     "You can text any time."),
    ("for good", False, None, None,
     "We're closed now, and the next opening time isn't known yet. You can text any time."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("is_open", "until", "opens", "said"), [h[1:] for h in HOURS], ids=[h[0] for h in HOURS]
)
def test_the_answer_about_hours_has_the_next_change(
    is_open: bool, until: datetime | None, opens: datetime | None, said: str
) -> None:
    assert words.hours(is_open=is_open, until=until, opens=opens, zone=NEW_YORK, now=NOW) == said
    assert segments(said).count == 1
