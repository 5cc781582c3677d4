"""The moments of a conversation, each with the state after it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handoff_service.ports.bot import Understood
from handoff_service.rules.conversations.moment_words import MomentKind
from handoff_service.rules.conversations.moments import Moment, moments
from handoff_service.rules.conversations.past import (
    CandidateThen,
    OfferThen,
    Past,
    PastDecision,
    PastEntry,
    PastWait,
    TimerRule,
    TimerThen,
    UnderstoodThen,
)
from handoff_service.rules.shared.vocabulary import Author, Event, Kind, OfferOutcome, Owner, State
from handoff_service.store.conversations import brief
from handoff_service.store.messaging_actions import moments as stored
from tests.support.story import MIA, Story

BEGIN = datetime(2026, 11, 2, 9, tzinfo=UTC)
BOT, QUEUE, AGENT, NONE = Owner.VIRTUAL_AGENT, Owner.QUEUE, Owner.AGENT, Owner.NONE


def at(minute: float) -> datetime:
    return BEGIN + timedelta(minutes=minute)


def text(minute: float, author: Author, body: str, owner: Owner, **more: Any) -> PastEntry:
    return line(minute, body, owner, kind=Kind.MESSAGE, author=author, **more)


def line(minute: float, body: str, owner: Owner, **more: Any) -> PastEntry:
    given = {
        "seq": int(minute) + 1,
        "at": at(minute),
        "kind": Kind.SYSTEM,
        "author": Author.SYSTEM,
        "by": None,
        "event": None,
        "reason": None,
        "epoch": {BOT: 1, QUEUE: 2, AGENT: 3, NONE: 4}[owner],
    }
    return PastEntry(**given | {"body": body, "owner": owner} | more)


TWO_DAYS, HALF_AN_HOUR = timedelta(days=2), timedelta(minutes=30)
TIMERS = [
    TimerRule(action="Close", starts_with=Author.AGENT, due=lambda begun: begun + TWO_DAYS),
    TimerRule(action="Remind", starts_with=Author.REQUESTER, due=lambda t: t + HALF_AN_HOUR),
    TimerRule(action="Never", starts_with=Author.REQUESTER, due=lambda _: None),
]
OTHER = CandidateThen(agent="Omar Haddad", chosen=False, why="is away")
CHOSEN = CandidateThen(agent="Mia Chen", chosen=True, why="is next in turn")
OWNER = Event.OWNER_CHANGED
LIFE = (
    text(0, Author.REQUESTER, "my dock is dead", BOT),
    text(1, Author.VIRTUAL_AGENT, "Can you work?", BOT),
    line(2, "Handed to Service desk", QUEUE, event=OWNER, reason="Asked for a person"),
    line(5, "Mia Chen accepted", AGENT, event=OWNER, by="Mia Chen"),
    text(6, Author.AGENT, "Try another cable", AGENT, by="Mia Chen"),
    line(7, "Mia Chen put this on hold until 4 pm", AGENT, event=Event.STATE, by="Mia Chen"),
    line(8, "Omar was here", AGENT, kind=Kind.NOTE, author=Author.AGENT, by="Omar Haddad"),
    text(9, Author.REQUESTER, "still dead", AGENT),
    line(10, "Mia Chen canceled “Remind”", AGENT, event=Event.TIMER, by="Mia Chen"),
    line(11, "Mia Chen closed this conversation", NONE, event=OWNER, by="Mia Chen"),
)
DECISIONS = [
    PastDecision(at=at(2.1), said="nobody is online", candidates=[OTHER]),
    PastDecision(at=at(3), said="offered to Mia Chen", candidates=[CHOSEN, OTHER]),
]
OFFERS = [
    OfferThen(
        agent="Mia Chen",
        offered_at=at(3),
        expires_at=at(4),
        ended_at=at(4),
        outcome=OfferOutcome.TIMED_OUT,
        outcome_reason=None,
    ),
    OfferThen(
        agent="Mia Chen",
        offered_at=at(4.5),
        expires_at=at(5.5),
        ended_at=at(5),
        outcome=OfferOutcome.ACCEPTED,
        outcome_reason=None,
    ),
]
TURN = UnderstoodThen(
    at=at(1),
    intent="report_problem",
    confidence=0.934,
    did=["utter_ask_impact"],
    collected={"problem": "my dock is dead"},
)


def moments_with(**more: Any) -> list[Moment]:
    given = {
        "context": (),
        "lines": LIFE,
        "waits": [PastWait(queue="Service desk", since=at(2))],
        "decisions": DECISIONS,
        "offers": OFFERS,
        "turns": [TURN],
        "timers": TIMERS,
    }
    return moments(Past(**given | more))


def test_each_line_becomes_a_described_moment_in_order() -> None:
    assert [(one.kind.value, one.said) for one in moments_with()] == [
        ("text", "Requester: my dock is dead"),
        ("understood", "Virtual agent understood: Report problem (93%)"),
        ("text", "Virtual agent: Can you work?"),
        ("owner", "Handed to Service desk: Asked for a person"),
        ("offer", "Nobody is online"),
        ("offer", "Offered to Mia Chen"),
        ("offer", "The offer to Mia Chen expired"),
        ("offer", "Offered to Mia Chen"),
        ("owner", "Mia Chen accepted"),
        ("text", "Mia Chen: Try another cable"),
        ("state", "Mia Chen put this on hold until 4 pm"),
        ("note", "Private note by Omar Haddad: Omar was here"),
        ("text", "Requester: still dead"),
        ("timer", "Mia Chen canceled “Remind”"),
        ("owner", "Mia Chen closed this conversation"),
    ]


@pytest.mark.parametrize(
    ("minute", "owner", "state", "timers", "offered", "candidates", "understood"),
    [
        (0, (BOT, None), State.NEW, [("Remind", 30)], [], [], None),
        (1, (BOT, None), State.NEW, [("Remind", 30)], [], [], "report_problem"),
        (2, (QUEUE, "Service desk"), State.NEW, [("Remind", 30)], [], [], "report_problem"),
        (2.1, (QUEUE, "Service desk"), State.NEW, [("Remind", 30)], [], [OTHER], "report_problem"),
        (
            3,
            (QUEUE, "Service desk"),
            State.NEW,
            [("Remind", 30)],
            [4],
            [CHOSEN, OTHER],
            "report_problem",
        ),
        (
            4,
            (QUEUE, "Service desk"),
            State.NEW,
            [("Remind", 30)],
            [],
            [CHOSEN, OTHER],
            "report_problem",
        ),
        (
            4.5,
            (QUEUE, "Service desk"),
            State.NEW,
            [("Remind", 30)],
            [5.5],
            [CHOSEN, OTHER],
            "report_problem",
        ),
        (
            5,
            (AGENT, "Mia Chen"),
            State.WORK_IN_PROGRESS,
            [("Remind", 30)],
            [],
            [CHOSEN, OTHER],
            "report_problem",
        ),
        (
            6,
            (AGENT, "Mia Chen"),
            State.WORK_IN_PROGRESS,
            [("Close", 2886)],
            [],
            [CHOSEN, OTHER],
            "report_problem",
        ),
        (
            7,
            (AGENT, "Mia Chen"),
            State.ON_HOLD,
            [("Close", 2886)],
            [],
            [CHOSEN, OTHER],
            "report_problem",
        ),
        (
            8,
            (AGENT, "Mia Chen"),
            State.ON_HOLD,
            [("Close", 2886)],
            [],
            [CHOSEN, OTHER],
            "report_problem",
        ),
        (
            9,
            (AGENT, "Mia Chen"),
            State.WORK_IN_PROGRESS,
            [("Remind", 39)],
            [],
            [CHOSEN, OTHER],
            "report_problem",
        ),
        (
            10,
            (AGENT, "Mia Chen"),
            State.WORK_IN_PROGRESS,
            [],
            [],
            [CHOSEN, OTHER],
            "report_problem",
        ),
        (11, (NONE, None), State.CLOSED_ABANDONED, [], [], [], "report_problem"),
    ],
)
def test_each_moment_has_the_state_after_its_line(
    minute: float,
    owner: tuple[Owner, str | None],
    state: State,
    timers: list[tuple[str, int]],
    offered: list[float],
    candidates: list[CandidateThen],
    understood: str | None,
) -> None:
    found = [one for one in moments_with(closed_as=State.CLOSED_ABANDONED) if one.at == at(minute)][
        -1
    ]
    assert (found.owner, found.owner_name) == owner
    assert found.state is state
    assert found.timers == [TimerThen(action=name, due_at=at(due)) for name, due in timers]
    assert [one.expires_at for one in found.offered_to] == [at(until) for until in offered]
    assert found.candidates == candidates
    assert (found.understood.intent if found.understood else None) == understood


def test_a_page_of_moments_begins_with_the_state_after_earlier_lines() -> None:
    found = moments_with(context=LIFE[:6], lines=LIFE[6:8], begin=at(8), end=at(10))
    assert [one.kind for one in found] == [MomentKind.NOTE, MomentKind.TEXT]
    first, second = found
    assert (first.owner_name, first.state) == ("Mia Chen", State.ON_HOLD)
    assert [one.action for one in first.timers] == ["Close"]
    assert [one.action for one in second.timers] == ["Remind"]


def test_lines_with_equal_times_appear_once_between_two_pages() -> None:
    same = [text(0, Author.REQUESTER, f"text {n}", BOT, seq=n) for n in range(1, 5)]
    first = moments_with(lines=same[:2], end=same[2].at, turns=[], decisions=[], offers=[])
    rest = moments_with(context=same[:2], lines=same[2:], begin=same[2].at, turns=[])
    assert [one.seq for one in (*first, *rest) if one.seq] == [1, 2, 3, 4]


def test_the_last_moment_has_the_timers_that_run_now() -> None:
    postponed = [TimerThen(action="Close", due_at=at(9000))]
    assert moments_with(lines=LIFE[:5], running=postponed)[-1].timers == postponed
    assert moments_with(lines=LIFE[:5], running=postponed)[-2].timers != postponed


def test_a_timer_disappears_after_its_due_time() -> None:
    late = line(31, "Ann Lee has been waiting for 30 minutes.", BOT, event=Event.PROMPT)
    found = moments_with(lines=[LIFE[0], late], decisions=[], offers=[], turns=[])
    assert [(one.kind, len(one.timers)) for one in found] == [
        (MomentKind.TEXT, 1),
        (MomentKind.TIMER, 0),
    ]


async def test_a_stored_conversation_has_a_brief_and_moments(story: Story) -> None:
    """Runs on both databases. tests/web/test_context_pages.py tests the pages and the API."""
    received = await story.text("my dock is dead")
    question = await story.begin(received.interaction_id or 0)
    assert question is not None
    await story.finish(
        question, "Can you work?", understood=Understood(intent="report_problem", confidence=0.9)
    )
    await story.text("no, not at all")
    ann = received.interaction_id or 0
    await story.hand_off(ann, Device="dock")
    await story.available(MIA)
    await story.offer()
    (offer,) = await story.inbox(MIA)
    await story.accept(offer.id, MIA)
    await story.write(ann, "I'll bring you another one.")
    told = await story.store.read(brief.of_conversation, ann, MIA)
    assert (told.problem and told.problem.text) == "my dock is dead"
    assert [(one.question.text, one.answer.text) for one in told.asked] == [
        ("Can you work?", "no, not at all")
    ]
    assert [one.text for one in told.promised] == ["I'll bring you another one."]
    assert offer.first_text == "my dock is dead"
    newest = await story.store.read(stored.moments_page, ann)
    whole = newest.moments
    assert (newest.earlier, newest.later) == (None, None)
    understood = [one for one in whole if one.kind is MomentKind.UNDERSTOOD]
    assert understood[0].said == "Virtual agent understood: Report problem (90%)"
    owners = [one.owner for one in whole]
    assert [Owner(o) for o in dict.fromkeys(owners)] == [BOT, QUEUE, AGENT]
    assert {one.agent: one.why for one in whole[-1].candidates}["Omar Haddad"] == "is offline"
