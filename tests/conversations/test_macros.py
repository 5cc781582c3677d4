"""Macros run all steps or none, in one transaction. Undo runs the inverse of each step."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from handoff_service.errors import BadInput, Conflict, NotFound, Refusal
from handoff_service.operations.consent.change_consent import ConsentRequest, change_consent
from handoff_service.operations.conversations.cancel_delayed import CancelDelayed, cancel_delayed
from handoff_service.operations.conversations.run_macro import MacroRun, RunMacro, run_macro
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.desk.labels import MakeLabel, delete_label, make_label
from handoff_service.operations.desk.macros import (
    ChangeMacro,
    change_macro,
    delete_macro,
    make_macro,
)
from handoff_service.operations.desk.templates import MakeTemplate, delete_template, make_template
from handoff_service.operations.routing.queue_blockers import blockers
from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.desk.macros import MacroFields
from handoff_service.rules.shared.vocabulary import Event, Owner, State, Status, Unanswered
from handoff_service.store.engine import tables as t
from tests.support.story import ANN, MIA, OMAR, Story

UNDO = timedelta(seconds=15)


async def make(story: Story, name: str = "Fixed", **given: Any) -> int:
    return await story.store.write(make_macro, MacroFields(name=name, **given))


async def template(story: Story) -> int:
    body = "Hi {requester.first_name}, it is fixed."
    return await story.store.write(make_template, MakeTemplate(name="It is fixed", body=body))


async def run(
    story: Story,
    macro: int,
    ann: int,
    agent: int = MIA,
    *,
    assigns: bool = False,
    undo: timedelta = timedelta(0),
) -> MacroRun:
    command = RunMacro(
        macro_id=macro, interaction_id=ann, agent_id=agent, assigns=assigns, undo_within=undo
    )
    return await story.store.write(run_macro, command)


async def label(story: Story, name: str = "Printer", *, topic: bool = True) -> int:
    return await story.store.write(make_label, MakeLabel(name=name, topic=topic))


async def test_two_agents_who_run_one_macro_text_the_requester_once(story: Story) -> None:
    ann = await story.with_agent()
    macro = await make(story, template_id=await template(story), note="Done", state=State.ON_HOLD)
    before = await story.texted(ann)
    done = await asyncio.gather(
        *(run(story, macro, ann, agent) for agent in (MIA, OMAR)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "MacroRun"]
    (refused,) = [str(one) for one in done if isinstance(one, Conflict)]
    assert "ran the macro “Fixed” less than 30 seconds ago" in refused
    assert await story.texted(ann) == [*before, "Hi Ann, it is fixed."]
    assert [line.body for line in await story.lines(ann)].count("Done") == 1
    other = await make(story, name="Other", note="More")
    assert (await run(story, other, ann, OMAR)).name == "Other"


async def test_a_macro_runs_all_its_steps_and_the_history_names_the_macro(story: Story) -> None:
    ann, printer = await story.with_agent(), await label(story)
    macro = await make(
        story,
        template_id=await template(story),
        label_id=printer,
        note="Told {requester.name}. @Omar",
        state=State.CLOSED_COMPLETE,
    )
    done = await run(story, macro, ann)
    assert (done.name, done.label_id, done.state) == ("Fixed", printer, State.CLOSED_COMPLETE)
    closed = await story.see(ann)
    assert closed.state is State.CLOSED_COMPLETE
    assert closed.topic is not None
    assert closed.topic.name == "Printer"
    assert (await story.texted(ann))[-1] == "Hi Ann, it is fixed.", (
        "the requester gets no closing text"
    )
    lines = await story.lines(ann)
    begun = next(n for n, one in enumerate(lines) if one.event is Event.MACRO)
    assert [one.body for one in lines[begun:]] == [
        "Mia Chen ran the macro “Fixed”",
        "Hi Ann, it is fixed.",
        "Mia Chen added the label “Printer”",
        "Told Ann Lee. @Omar",
        "Mia Chen chose the topic “Printer”",
        "Mia Chen closed this conversation",
    ]
    assert await story.count(t.mentions) == 1


@pytest.mark.parametrize("why", ["opted out", "no topic", "away", "new"])
async def test_a_refused_step_is_named_and_no_step_takes_effect(story: Story, why: str) -> None:
    ann, vip = await story.with_agent(), await label(story, "VIP", topic=False)
    await label(story)
    given: dict[str, Any] = {"label_id": vip, "note": "N"}
    match why:
        case "opted out":
            out = ConsentRequest(number=ANN, opted_out=True, source=Source.AGENT, agent_id=OMAR)
            await story.store.write(change_consent, out)
            given |= {"template_id": await template(story)}
            says = "Its step “Send the text” was refused. +12025550101"
        case "no topic":
            await story.store.write(change_desk, {"ask_topic": True})
            given |= {"state": State.CLOSED_COMPLETE}
            says = "Its step “Change the state” was refused. This desk asks for a topic"
        case "away":
            given |= {"template_id": await template(story), "to_agent_id": OMAR}
            says = "Its step “Assign it” was refused. Omar"
        case _:
            ann = (await story.text("hi", number="+12025550102")).interaction_id or 0
            given |= {"state": State.ON_HOLD}
            says = "Its step “Change the state” was refused. A conversation that no agent"
    macro = await make(story, **given)
    before = await story.lines(ann)
    with pytest.raises(Refusal) as refused:
        await run(story, macro, ann)
    assert says in refused.value.detail
    assert not refused.value.errors
    assert await story.lines(ann) == before
    assert (await story.see(ann)).labels == []


async def test_a_macro_of_a_supervisor_assigns_and_one_of_an_agent_offers_a_transfer(
    story: Story,
) -> None:
    ann = await story.with_agent()
    await story.available(OMAR)
    to_omar = await make(story, to_agent_id=OMAR)
    assert (await run(story, to_omar, ann)).asked
    assert (await story.see(ann)).owner.id == MIA, "Mia stays the owner until Omar accepts"
    assert (await run(story, to_omar, ann, OMAR, assigns=True)).assigned_from == MIA
    assert (await story.see(ann)).owner.id == OMAR
    assert not (await run(story, to_omar, ann)).asked, "Omar already has the conversation"
    mine = await make(story, "Mine", to_me=True, state=State.ON_HOLD, hold_for=timedelta(days=2))
    with pytest.raises(Conflict, match="Only supervisors can take it over"):
        await run(story, mine, ann)
    bob = (await story.text("hi", number="+12025550102")).interaction_id or 0
    assert (await run(story, mine, bob)).state is State.ON_HOLD
    taken = await story.see(bob)
    assert (taken.owner.id, taken.state) == (MIA, State.ON_HOLD)
    assert taken.hold_until is not None


async def test_a_macro_transfers_a_conversation_to_a_queue(story: Story) -> None:
    ann = await story.with_agent()
    queue = (await story.rows(t.queues))[0].id
    await run(story, await make(story, to_queue_id=queue), ann)
    assert (await story.see(ann)).owner.kind is Owner.QUEUE
    assert "Fixed" in [one.name for one in await story.store.read(blockers, queue)]


async def test_undo_cancels_a_waiting_text_and_the_requester_waits_again(story: Story) -> None:
    ann = await story.with_agent()
    macro = await make(story, template_id=await template(story))
    done = await run(story, macro, ann, undo=UNDO)
    assert done.message_id is not None
    cancel = CancelDelayed(interaction_id=ann, agent_id=MIA, message_id=done.message_id)
    with pytest.raises(Conflict):
        await story.store.write(
            cancel_delayed,
            CancelDelayed(interaction_id=ann, agent_id=OMAR, message_id=cancel.message_id),
        )
    await story.store.write(cancel_delayed, cancel)
    (text,) = await story.rows(t.messages, t.messages.c.id == done.message_id)
    assert (text.status, await story.count(t.due_work, t.due_work.c.key == str(text.id))) == (
        Status.CANCELED,
        0,
    )
    (row,) = await story.rows(t.interactions, t.interactions.c.id == ann)
    assert row.unanswered == Unanswered.REQUESTER_MESSAGE
    with pytest.raises(Conflict):
        await story.store.write(cancel_delayed, cancel)
    assert (await run(story, macro, ann)).message_id is None, "the text leaves at once"


async def test_macros_have_unique_names_and_protect_the_records_that_they_use(story: Story) -> None:
    text, printer = await template(story), await label(story)
    macro = await make(story, template_id=text, label_id=printer)
    for refused, error in (
        ((make_macro, MacroFields(name="Fixed", label_id=printer)), Conflict),
        ((make_macro, MacroFields(name="Empty")), BadInput),
        ((make_macro, MacroFields(name="X", label_id=999, to_agent_id=999)), BadInput),
        ((change_macro, ChangeMacro(id=macro, values={"hold_for": UNDO})), BadInput),
        ((delete_template, text), Conflict),
        ((delete_label, printer), Conflict),
        ((delete_macro, 999), NotFound),
    ):
        with pytest.raises(error):
            await story.store.write(*refused)
    await story.store.write(change_macro, ChangeMacro(id=macro, values={"label_id": None}))
    await story.store.write(delete_label, printer)
    await story.store.write(delete_macro, macro)
    await story.store.write(delete_template, text)
