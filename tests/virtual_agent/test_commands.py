"""The service carries out AGENT, BYE, HELP and RESTART in the transaction that stores the text. It
does not need the bot, which may be down.
"""

import pytest

from handoff_service.operations.conversations.receive_sms import Text, receive_sms
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.virtual_agent.finish_turn import FinishTurn, finish_turn
from handoff_service.operations.virtual_agent.open_turn import RESTART
from handoff_service.ports.bot import BotReply, Understood
from handoff_service.rules.shared.vocabulary import Event, Owner, State, TurnOutcome, Work
from handoff_service.rules.virtual_agent.bot_text import Choice
from handoff_service.store.engine import tables as t
from handoff_service.store.routing import inbox
from tests.conftest import MovedClock
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, Story


@pytest.fixture
async def ann(story: Story) -> int:
    """Ann's interaction with the virtual agent, after the bot has asked its first question."""
    interaction = (await story.text("my laptop won't start")).interaction_id or 0
    question = await story.begin(interaction)
    assert question is not None
    told = Understood(
        intent="report_problem",
        confidence=0.93,
        did=("problem_form",),
        collected={"Device": "laptop"},
    )
    choices = (Choice("I can't work", "/blocked"), Choice("I can still work", "/working"))
    said = FinishTurn(
        turn_id=int(question.turn_id),
        replies=[BotReply(text="How bad?", choices=choices)],
        understood=told,
    )
    await story.store.write(finish_turn, said)
    return interaction


async def test_agent_hands_over_at_once_with_the_collected_facts(story: Story, ann: int) -> None:
    await story.text("Agent, please")
    seen = await story.see(ann)
    assert (seen.owner.kind, seen.epoch) == (Owner.QUEUE, 2)
    item = await story.store.read(inbox.handoff_of, ann)
    assert item is not None
    assert (item.reason, item.collected) == ("Asked for a person.", {"Device": "laptop"})
    assert [(turn.text, turn.intent, turn.confidence, turn.did) for turn in item.bot_turns] == [
        ("my laptop won't start", "report_problem", 0.93, ["problem_form"])
    ]
    assert await story.count(t.due_work, t.due_work.c.kind == Work.BOT_TURN) == 0


async def test_agent_as_the_first_text_hands_off_without_the_bot(story: Story) -> None:
    received = await story.text("AGENT", number=BOB)
    assert (await story.see(received.interaction_id or 0)).owner.kind is Owner.QUEUE


async def test_a_text_that_only_contains_a_command_goes_to_the_bot(story: Story, ann: int) -> None:
    await story.text("agent smith called")
    question = await story.begin(ann)
    assert question is not None
    assert question.message == "agent smith called"


REPORT = {"Problem": "my laptop won't start", "Device": "laptop", "Also wants": "a new mouse"}
REQUEST = {"Item": "a second monitor", "Asked": "is it new?"}


@pytest.mark.parametrize(
    ("collected", "what", "kind", "description"),
    [
        (REPORT, "case", "problem", "my laptop won't start\nAlso wants: a new mouse"),
        (REQUEST, "request", "request", "a second monitor\nAsked: is it new?"),
    ],
)
@pytest.mark.parametrize("command", ["bye", "restart"])
async def test_bye_and_restart_open_the_case_of_an_unfinished_report(
    story: Story, command: str, collected: dict[str, str], what: str, kind: str, description: str
) -> None:
    interaction = (await story.text("a first text")).interaction_id or 0
    question = await story.begin(interaction)
    assert question is not None
    told = Understood(intent="report_problem", confidence=0.9, did=(), collected=collected)
    await story.finish(question, "How bad?", understood=told)
    await story.text(command)
    said = (await story.texted(interaction))[1]
    words = collected.get("Problem") or collected["Item"]
    assert said.startswith(f"I've opened {what} CS")
    assert f": {words}. We'll text you updates." in said
    made = await story.rows(t.cases)
    assert [(case.kind, case.description, case.impact) for case in made] == [
        (kind, description, None)
    ]


async def test_a_second_restart_opens_no_second_case(story: Story) -> None:
    interaction = (await story.text("my laptop won't start")).interaction_id or 0
    question = await story.begin(interaction)
    assert question is not None
    told = Understood(intent="report_problem", confidence=0.9, did=(), collected=REPORT)
    await story.finish(question, "How bad?", understood=told)
    await story.text("restart")
    await story.text("restart")
    assert await story.count(t.cases) == 1


async def test_bye_sends_a_goodbye_and_the_next_text_starts_a_conversation(
    story: Story, ann: int
) -> None:
    await story.text("bye")
    seen = await story.see(ann)
    assert (seen.state, seen.owner.kind) == (State.CLOSED_COMPLETE, Owner.NONE)
    assert (await story.texted(ann))[-1] == "Goodbye, and thank you. Text us any time."
    assert (await story.text("one more thing")).interaction_id != ann


async def test_bye_followed_by_another_text_at_once_closes_nothing(story: Story, ann: int) -> None:
    at_once = [
        Text(sid=f"SM{n}", requester_number=ANN, provider_number=MAIN, body=body)
        for n, body in enumerate(["bye", "wait, one more thing"])
    ]
    await story.store.write(receive_sms.run, at_once)
    assert (await story.see(ann)).closed_at is None
    question = await story.begin(ann)
    assert question is not None
    assert question.message == "wait, one more thing"


async def test_the_desk_answers_help_and_the_earlier_question_stays_open(
    story: Story, ann: int
) -> None:
    await story.text("HELP")
    assert (await story.texted(ann))[-1].startswith(
        "Northwind IT: text your problem, or AGENT for a person,"
    )
    assert await story.begin(ann) is None, "nothing for the bot"
    await story.text("the second")
    question = await story.begin(ann)
    assert question is not None
    assert question.message == "/working"


async def test_restart_drops_the_running_turn_and_the_last_choices(story: Story, ann: int) -> None:
    await story.text("a text that the bot works on")
    working = await story.begin(ann)
    assert working is not None
    await story.text("restart")
    assert await story.finish(working, "An answer to it") is TurnOutcome.LATE
    opened = await story.begin(ann)
    assert opened is not None
    assert (opened.message, opened.metadata) == (RESTART, {"interaction_id": ann, "epoch": 2})
    assert await story.finish(opened) is TurnOutcome.ANSWERED
    assert (await story.texted(ann))[-1] == "OK, let's start over. How can we help?"
    assert "An answer to it" not in await story.texted(ann)
    await story.text("1")
    question = await story.begin(ann)
    assert question is not None
    assert question.message == "1", "the choices are gone"


async def test_a_restart_during_an_outage_of_the_bot_causes_a_handoff(
    story: Story, ann: int
) -> None:
    await story.text("start over")
    opened = await story.begin(ann)
    assert opened is not None
    assert (
        await story.finish(opened, failure="The virtual agent could not be reached.")
        is TurnOutcome.FAILED
    )
    assert (await story.see(ann)).owner.kind is Owner.QUEUE


async def test_in_a_live_agents_conversation_commands_are_ordinary_texts(
    story: Story, ann: int
) -> None:
    await story.write(ann, "Mia here", MIA)
    for word in ("agent", "bye", "help", "restart"):
        await story.text(word)
    seen = await story.see(ann)
    assert (seen.owner.kind, seen.closed_at, seen.epoch) == (Owner.AGENT, None, 2)


async def test_waiting_requesters_can_leave_or_start_over(story: Story) -> None:
    for number, word in ((ANN, "Bye!"), (BOB, "restart")):
        await story.text("my badge is stuck", number=number, to=DIRECT)
        received = await story.text(word, number=number, to=DIRECT)
        seen = await story.see(received.interaction_id or 0)
        assert seen.owner.kind is (Owner.NONE if number == ANN else Owner.VIRTUAL_AGENT)
        if number == ANN:
            assert (await story.texted(seen.id))[-1] == "Goodbye, and thank you. Text us any time."
        else:
            question = await story.begin(seen.id)
            assert question is not None
            assert question.message == "/restart"
    assert await story.offer() == 0


async def test_the_admins_words_replace_the_shipped_commands(story: Story, ann: int) -> None:
    await story.store.write(change_desk, {"commands": {"agent": ["kollege"], "help": []}})
    await story.text("help")
    await story.text("agent")
    question = await story.begin(ann)
    assert question is not None
    assert question.message == "help\nagent"
    await story.text("Kollege!")
    assert (await story.see(ann)).owner.kind is Owner.QUEUE


SORRY = "Sorry, I didn't get that."


async def test_repeated_answers_of_a_bot_without_a_report_cause_a_handoff(
    story: Story, clock: MovedClock
) -> None:
    interaction = (await story.text("my screen flickers")).interaction_id or 0
    outcomes = []
    for text in ("it flickers", "the screen!"):
        question = await story.begin(interaction)
        assert question is not None
        outcomes.append(await story.finish(question, SORRY))
        await story.text(text)
    assert outcomes == [TurnOutcome.ANSWERED, TurnOutcome.FAILED]
    assert (await story.texted(interaction))[:1] == [SORRY]
    (item,) = await story.rows(t.work_items)
    assert item.reason == "The virtual agent gave the same answer 2 times in a row."


async def test_the_limit_of_equal_answers_is_a_setting_and_spares_bots_that_report_intents(
    story: Story, ann: int
) -> None:
    await story.store.write(change_desk, {"same_answers": 0})
    for understood in (None, None, Understood(intent="thanks"), Understood(intent="thanks")):
        await story.text("thanks")
        question = await story.begin(ann)
        assert question is not None
        assert (
            await story.finish(question, "You're welcome.", understood=understood)
            is TurnOutcome.ANSWERED
        )
        if understood is None:
            continue
        await story.store.write(change_desk, {"same_answers": 2})


async def test_agents_see_that_the_requester_started_over(story: Story, ann: int) -> None:
    await story.text("restart")
    lines = [line.body for line in await story.lines(ann) if line.event is Event.OWNER_CHANGED]
    assert lines == ["The requester started over"]
