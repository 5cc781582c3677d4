"""A live agent requests an identity check. The virtual agent begins immediately, and the
conversation returns to that agent.
"""

import pytest

from handoff_service.errors import Conflict
from handoff_service.operations.identity.ask_for_proof import (
    AskForProof,
    RanOut,
    ask_for_proof,
    proof_ran_out,
)
from handoff_service.operations.identity.prove_identity import begin_proof
from handoff_service.operations.identity.turn_proof import TurnRef
from handoff_service.operations.identity.verify_by_hand import verify_by_hand
from handoff_service.operations.identity.verify_requester import Verify
from handoff_service.operations.routing.presence import SetPresence, set_presence
from handoff_service.rules.identity.proof import Expects, ProofOutcome
from handoff_service.rules.shared.vocabulary import Event, Owner, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import OperationSettings
from tests.conftest import MovedClock
from tests.support.proof_story import CODE, OTHER_CODE, Proving
from tests.support.story import DIRECT, MIA, OMAR, Story


@pytest.fixture
def operation_settings() -> OperationSettings:
    return OperationSettings(link_key="key")


@pytest.fixture
async def ann(story: Story) -> Proving:
    """Create a conversation between Ann and Mia."""
    return Proving(story, await story.with_agent(), to=DIRECT)


async def ask(story: Story, ann: Proving, agent: int = MIA) -> None:
    await story.store.write(
        ask_for_proof, AskForProof(interaction_id=ann.interaction, agent_id=agent)
    )


async def opened(story: Story, ann: Proving) -> None:
    """Let Mia request an identity check, and let the virtual agent ask its first question."""
    await ask(story, ann)
    question = await ann.turn()
    assert (question.message, question.metadata["epoch"]) == ("/prove_identity", 3)
    standing = await ann.step(question, begin_proof, TurnRef(turn_id=int(question.turn_id)))
    assert (standing.expects, standing.asked_by) == (Expects.ACCOUNT, "Mia Chen")


async def last_change(story: Story, ann: Proving) -> tuple[str, str | None]:
    lines = [
        line for line in await story.lines(ann.interaction) if line.event is Event.OWNER_CHANGED
    ]
    return lines[-1].body, lines[-1].reason


async def test_the_check_begins_at_once_and_the_conversation_returns_verified(
    story: Story, ann: Proving
) -> None:
    await opened(story, ann)
    await ann.claims("E1001")
    await ann.mailed()
    assert (await ann.answers(CODE)).outcome is ProofOutcome.VERIFIED
    seen = await story.see(ann.interaction)
    assert seen.assigned_to is not None
    assert (seen.owner.kind, seen.assigned_to.id, seen.identity.level) == (
        Owner.AGENT,
        MIA,
        "verified",
    )
    assert await last_change(story, ann) == ("Back with Mia Chen", "Identity check passed.")
    (made,) = await story.rows(t.associations)
    assert (made.method, made.note) == ("code", "asked for by Mia Chen")
    assert (await story.inbox(MIA), await story.inbox(OMAR)) == ([], [])
    assert await story.count(t.due_work, t.due_work.c.kind == Work.PROOF_LIMIT) == 0
    prompts = [
        line.body for line in await story.lines(ann.interaction) if line.event is Event.PROMPT
    ]
    assert prompts == ["Back with you. Identity check passed."]


async def test_the_conversation_returns_with_the_reason_when_the_check_fails(
    story: Story, ann: Proving
) -> None:
    await opened(story, ann)
    await ann.claims("E1001")
    await ann.mailed()
    for _ in range(5):
        await ann.answers(OTHER_CODE)
    why = "Identity check not finished: 5 wrong answers, the last one a wrong code."
    assert await last_change(story, ann) == ("Back with Mia Chen", why)
    assert (await story.see(ann.interaction)).identity.level == "matched"


async def test_the_conversation_returns_when_the_requester_does_not_answer(
    story: Story, ann: Proving, clock: MovedClock
) -> None:
    await opened(story, ann)
    clock.move(300)
    await ann.claims("E1001")  # Each answer restarts the time limit.
    clock.move(599)
    await story.store.write(proof_ran_out, RanOut(ann.interaction))
    assert (await story.see(ann.interaction)).owner.kind is Owner.VIRTUAL_AGENT
    clock.move(1)
    await story.store.write(proof_ran_out, RanOut(ann.interaction))
    body, reason = await last_change(story, ann)
    assert (body, reason and "no answer for 10 minutes" in reason) == ("Back with Mia Chen", True)
    await story.store.write(proof_ran_out, RanOut(ann.interaction))
    assert await last_change(story, ann) == (body, reason)


async def test_the_conversation_returns_when_the_requester_asks_for_a_person_or_the_bot_fails(
    story: Story, ann: Proving
) -> None:
    await ask(story, ann)
    question = await ann.turn()
    await story.finish(question, failure="The virtual agent could not be reached.")
    assert await last_change(story, ann) == (
        "Back with Mia Chen",
        "The virtual agent could not be reached.",
    )
    await ask(story, ann)
    await story.finish(await ann.turn(), "What is your employee number?")
    await story.text("agent", to=DIRECT)
    assert await last_change(story, ann) == ("Back with Mia Chen", "Asked for a person.")


async def test_the_conversation_returns_when_the_requester_declines_the_check(
    story: Story, ann: Proving
) -> None:
    await opened(story, ann)
    await ann.claims("E1001")
    assert (await ann.drops()).outcome is ProofOutcome.FAILED
    why = "Identity check not finished: the requester stopped the check."
    assert await last_change(story, ann) == ("Back with Mia Chen", why)


async def test_the_conversation_returns_when_an_agent_verifies_by_hand(
    story: Story, ann: Proving
) -> None:
    await opened(story, ann)
    await story.store.write(
        verify_by_hand, Verify(interaction_id=ann.interaction, agent_id=OMAR, user_id=1)
    )
    assert await last_change(story, ann) == (
        "Back with Mia Chen",
        "Omar Haddad verified the requester manually.",
    )
    assert await story.count(t.due_work, t.due_work.c.kind == Work.PROOF_LIMIT) == 0


async def test_if_the_requesting_agent_is_away_the_conversation_joins_the_queue(
    story: Story, ann: Proving
) -> None:
    await opened(story, ann)
    await story.store.write(set_presence, SetPresence(agent_id=MIA, presence="away"))
    await story.text("agent", to=DIRECT)
    assert (await story.see(ann.interaction)).owner.kind is Owner.QUEUE
    item = (await story.rows(t.work_items))[-1]
    assert (item.reason, item.collected) == (
        "Asked for a person.",
        {"Identity check": "not finished: Asked for a person"},
    )


async def test_the_check_begins_although_a_text_came_meanwhile(story: Story, ann: Proving) -> None:
    await ask(story, ann)
    await story.text("ok", to=DIRECT)
    assert (await ann.turn()).message == "/prove_identity"


async def test_an_agent_can_take_the_conversation_back_during_the_check(
    story: Story, ann: Proving
) -> None:
    await opened(story, ann)
    await story.write(ann.interaction, "Never mind, I know your voice.", MIA)
    seen = await story.see(ann.interaction)
    assert (seen.owner.kind, seen.owner.id) == (Owner.AGENT, MIA)
    assert await story.begin(ann.interaction) is None


async def test_a_check_that_is_not_possible_is_refused(story: Story, ann: Proving) -> None:
    await ask(story, ann)
    with pytest.raises(Conflict, match="already has this conversation"):
        await ask(story, ann, OMAR)
    waiting = Proving(
        story, (await story.text("hi", number="+12025550102", to=DIRECT)).interaction_id or 0
    )
    with pytest.raises(Conflict, match="Take it over first"):
        await ask(story, waiting)
    await story.close(waiting.interaction)
    with pytest.raises(Conflict, match="closed"):
        await ask(story, waiting)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (OperationSettings(bot_answers=False), "no virtual agent"),
        (OperationSettings(mails=False), "cannot check identity"),
    ],
)
async def test_without_a_bot_or_a_way_to_verify_the_request_is_refused(
    story: Story, ann: Proving, given: OperationSettings, says: str
) -> None:
    def ask_with_settings(tx, command):  # type: ignore[no-untyped-def]
        tx.settings = given
        return ask_for_proof(tx, command)

    with pytest.raises(Conflict, match=says):
        await story.store.write(
            ask_with_settings, AskForProof(interaction_id=ann.interaction, agent_id=MIA)
        )
    assert (await story.see(ann.interaction)).owner.kind is Owner.AGENT
