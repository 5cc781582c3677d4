"""Attributes as placeholders in templates, macros and messaging actions, on both databases."""

import pytest

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.conversations.run_macro import RunMacro, run_macro
from handoff_service.operations.desk.attributes import delete_attribute
from handoff_service.operations.desk.macros import make_macro
from handoff_service.operations.desk.templates import (
    ChangeTemplate,
    MakeTemplate,
    change_template,
    make_template,
)
from handoff_service.operations.desk.users import ChangeUser, change_user
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.rules.desk.attributes import AttributeType
from handoff_service.rules.desk.macros import MacroFields
from handoff_service.rules.shared.placeholders import attributes_in
from handoff_service.store.desk_file.export_desk import export_desk
from tests.conftest import MovedClock
from tests.conversations.test_attributes import USER, define, read, set_values
from tests.support.action_story import REQUESTER, Rules, fired
from tests.support.story import ANN, BOB, DIRECT, MIA, Story

BODY = "Order {conversation.order} is due on {conversation.due}. Urgent: {conversation.urgent}."


async def define_all(story: Story) -> None:
    await define(story, "order", AttributeType.NUMBER)
    await define(story, "due", AttributeType.DATE)
    await define(story, "urgent", AttributeType.YES_NO)
    await define(story, "site", AttributeType.TEXT, USER)


async def template(story: Story, body: str = BODY, name: str = "Due") -> int:
    return await story.store.write(make_template, MakeTemplate(name=name, body=body))


async def run(story: Story, macro: int, ann: int) -> None:
    command = RunMacro(macro_id=macro, interaction_id=ann, agent_id=MIA, assigns=False)
    await story.store.write(run_macro, command)


async def test_a_macro_fills_its_text_and_note_with_attributes(story: Story) -> None:
    ann = await story.with_agent()
    await define_all(story)
    await set_values(story, ann, order="12", due="2026-11-30", urgent="yes")
    user = (await story.see(ann)).user
    assert user is not None
    change = ChangeUser(id=user.id, by=None, values={"attributes": {"site": "{agent.name}"}})
    await story.store.write(change_user, change)
    fields = MacroFields(name="Due", template_id=await template(story), note="At {user.site}")
    await run(story, await story.store.write(make_macro, fields), ann)
    assert (await story.texted(ann))[-1] == "Order 12 is due on 30 November 2026. Urgent: yes."
    assert "At {agent.name}" in [one.body for one in await story.lines(ann)], (
        "a placeholder inside a value is not filled"
    )


async def test_a_text_to_the_requester_has_values_in_their_language(story: Story) -> None:
    ann = await story.with_agent()
    await define_all(story)
    await set_values(story, ann, order="12", due="2026-11-30", urgent="yes")
    await story.text("Hola, no puedo entrar en mi cuenta, ayuda por favor", to=DIRECT)
    macro = MacroFields(name="Due", template_id=await template(story))
    await run(story, await story.store.write(make_macro, macro), ann)
    assert (await story.texted(ann))[-1].startswith("Order 12 is due on 30 de noviembre de 2026.")


async def test_a_macro_does_nothing_while_an_attribute_is_not_set(story: Story) -> None:
    ann = await story.with_agent()
    await define_all(story)
    await set_values(story, ann, order="12")
    before = await story.lines(ann)
    fields = MacroFields(name="Due", template_id=await template(story))
    macro = await story.store.write(make_macro, fields)
    with pytest.raises(BadInput) as refused:
        await run(story, macro, ann)
    assert refused.value.detail == (
        "The macro did nothing. Its step “Send the text” was refused. The text names the "
        "attributes “Due” and “Urgent”, which are not set here."
    )
    assert await story.lines(ann) == before


@pytest.mark.parametrize("kind", ["template", "changed", "macro", "action"])
async def test_a_text_with_an_unknown_attribute_is_refused_by_its_field(
    story: Story, clock: MovedClock, kind: str
) -> None:
    await define_all(story)
    wrong = "Hi {user.size}"
    made = await template(story)
    change = ChangeTemplate(id=made, values={"body": wrong})
    acts = {
        "template": lambda: template(story, wrong, "Wrong"),
        "changed": lambda: story.store.write(change_template, change),
        "macro": lambda: story.store.write(make_macro, MacroFields(name="Wrong", note=wrong)),
        "action": lambda: Rules(story.store, clock).add("Wrong", REQUESTER, "5m", text=wrong),
    }
    with pytest.raises(BadInput) as refused:
        await acts[kind]()
    field = {"macro": "note", "action": "text"}.get(kind, "body")
    assert list(refused.value.errors) == [field]
    assert "{user.size}: there is no such placeholder" in refused.value.errors[field]
    assert "{conversation.order}" in refused.value.errors[field]


async def test_an_attribute_that_a_text_names_cannot_be_deleted(
    story: Story, clock: MovedClock
) -> None:
    made = {
        key: await define(story, key, AttributeType.TEXT) for key in ("one", "two", "three", "four")
    }
    await template(story, "See {conversation.one}", "First")
    await story.store.write(make_macro, MacroFields(name="Second", note="{conversation.two}"))
    await Rules(story.store, clock).add("Third", REQUESTER, "5m", text="{conversation.three}")
    for key, name in (("one", "First"), ("two", "Second"), ("three", "Third")):
        with pytest.raises(Conflict, match=name):
            await story.store.write(delete_attribute, made[key])
    await story.store.write(delete_attribute, made["four"])


async def test_a_prompt_to_the_requester_is_not_sent_while_its_attribute_is_not_set(
    story: Story, clock: MovedClock
) -> None:
    rules = Rules(story.store, clock)
    await rules.none()
    await define_all(story)
    text = "We look at order {conversation.order}."
    await rules.add("Soon", REQUESTER, "5m", "prompt_requester", text=text)
    await rules.add("Look", REQUESTER, "5m", text="Order: {conversation.order}, {user.site}")
    known, unknown = await story.with_agent(), await story.with_agent(number=BOB)
    await set_values(story, known, order="12")
    for number in (ANN, BOB):
        await story.text("still waiting", to=DIRECT, number=number)
    await rules.wait(minutes=6)
    assert (await story.texted(known))[-1] == "We look at order 12."
    assert "order" not in (await story.texted(unknown) or [""])[-1]
    assert [fired(await story.lines(one))[-1] for one in (known, unknown)] == [
        "Order: 12, not set",
        "Order: not set, not set",
    ]


FILE = """
[[templates]]
name = "Plan"
body = "Your plan is {conversation.plan}."
[[macros]]
name = "Plan"
template = "Plan"
note = "{conversation.plan}"
[[attributes]]
key = "plan"
name = "Plan"
owner = "conversation"
"""


async def test_a_desk_file_has_attributes_and_the_texts_that_name_them(story: Story) -> None:
    await story.store.write(import_desk, read(FILE))
    exported = await story.store.read(export_desk)
    await story.store.write(import_desk, read(exported))
    assert await story.store.read(export_desk) == exported
    with pytest.raises(BadInput) as refused:
        await story.store.write(import_desk, read(FILE.replace("{conversation.plan}", "{user.x}")))
    assert list(refused.value.errors) == ["templates.Plan.body"]


def test_attributes_are_recognized_by_their_prefix() -> None:
    text = "{user.a} {user.} {conversation.b-c} {user.a} {agent.name} {waiting}"
    assert attributes_in(text) == ["user.a", "conversation.b-c"]
