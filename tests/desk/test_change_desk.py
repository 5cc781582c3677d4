"""An admin's settings: queues, provider numbers, templates, system messages, presence states,
reasons."""

from dataclasses import replace

import pytest

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.desk import provider_numbers as numbers
from handoff_service.operations.desk import templates as template
from handoff_service.operations.desk.desk_settings import (
    PutPresence,
    PutReason,
    change_desk,
    delete_presence_state,
    delete_reject_reason,
    put_presence_state,
    put_reject_reason,
)
from handoff_service.operations.desk.texts import ChangeText, change_text
from handoff_service.operations.messaging_actions.messaging_actions import (
    MakeMessagingAction,
    make_messaging_action,
)
from handoff_service.operations.routing.queues import (
    ChangeQueue,
    change_queue,
    delete_queue,
    make_queue,
)
from handoff_service.rules.desk.system_messages import SystemMessage, words_of
from handoff_service.rules.messaging_actions.messaging_actions import SHIPPED
from handoff_service.rules.routing.queues import QueueFields, QueuePool, Skill
from handoff_service.store.desk import desk, templates, texts
from handoff_service.store.engine import tables as t
from handoff_service.store.routing import queues
from tests.support.story import BOB, DIRECT, MIA, Story

ESCALATIONS = QueueFields(
    name="Escalations", pools=(QueuePool(group="Service desk"),), skills=(Skill(name="hardware"),)
)
SPARE = "+18885550300"


# Queues -------------------------------------------------------------------------------------------


async def test_an_admin_creates_changes_and_deletes_a_queue(story: Story) -> None:
    queue_id = await story.store.write(make_queue, ESCALATIONS)
    assert (await story.store.read(queues.get_view, queue_id)).problems == []
    change = ChangeQueue(
        id=queue_id, values={"schedule": "24/7 off", "skills": (Skill(name="opera"),)}
    )
    with pytest.raises(BadInput) as error:
        await story.store.write(change_queue, change)
    assert error.value.errors == {
        "schedule": "never opens; write the hours when it opens, such as Mo-Fr 08:00-18:00"
    }
    await story.store.write(
        change_queue, replace(change, values={"skills": (Skill(name="opera"),)})
    )
    shown = await story.store.read(queues.get_view, queue_id)
    assert shown.problems == ["No agent in its groups has the required skills: opera."]
    await story.store.write(delete_queue, queue_id)
    with pytest.raises(NotFound):
        await story.store.write(delete_queue, queue_id)


async def test_an_expired_schedule_is_shown_as_a_problem(story: Story) -> None:
    only_that_year = replace(ESCALATIONS, schedule="2026 Nov 24 08:00-18:00")
    queue_id = await story.store.write(make_queue, only_that_year)
    shown = await story.store.read(queues.get_view, queue_id)
    assert (shown.open_now, str(shown.opens_at), shown.problems) == (
        False,
        "2026-11-24 13:00:00+00:00",
        [],
    )
    story.store._clock.move(3 * 86_400)  # type: ignore[attr-defined]
    shown = await story.store.read(queues.get_view, queue_id)
    assert (shown.opens_at, shown.problems) == (
        None,
        ["Its opening hours contain no open time within a year."],
    )


async def test_a_queue_without_active_agents_is_shown_as_a_problem(story: Story) -> None:
    queue_id = await story.store.write(make_queue, replace(ESCALATIONS, pools=()))
    assert (await story.store.read(queues.get_view, queue_id)).problems == [
        "No group gets offers: add one."
    ]
    await story.store.write(
        change_queue, ChangeQueue(id=queue_id, values={"pools": ESCALATIONS.pools, "skills": ()})
    )
    await story.store.write(
        lambda tx, _: tx.conn.execute(t.agents.update().values(active=False)), None
    )
    shown = await story.store.read(queues.get_view, queue_id)
    assert shown.problems == ["No active agent is in its groups (Service desk): add one."]


REFUSED = [
    (
        "a group that does not exist",
        {"pools": (QueuePool(group="None"),)},
        "groups",
        "there is no group “None”",
    ),
    ("a group twice", {"pools": (QueuePool(group="Service desk"),) * 2}, "groups", "twice"),
    ("a schedule", {"schedule": "weekdays"}, "schedule", "write for example"),
    (
        "a country without holidays",
        {"schedule": "24/7; PH off", "country": "IN"},
        "schedule",
        "names public holidays, but none are known",
    ),
    (
        "a text",
        {"texts": {SystemMessage.WAITING: "x" * 161}},
        "texts",
        "“Waiting”: must fit in one segment",
    ),
]


@pytest.mark.parametrize(
    ("values", "field", "says"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
async def test_a_refused_save_names_the_field(
    story: Story, values: dict[str, object], field: str, says: str
) -> None:
    with pytest.raises(BadInput) as error:
        await story.store.write(make_queue, replace(ESCALATIONS, **values))  # type: ignore[arg-type]
    assert says in error.value.errors[field]
    assert await story.count(t.queues) == 1


async def test_a_queue_in_use_cannot_be_deleted(story: Story) -> None:
    with pytest.raises(Conflict, match=r"Service desk is the queue of .*another queue first"):
        await story.store.write(delete_queue, 1)
    queue_id = await story.store.write(make_queue, ESCALATIONS)
    limited = MakeMessagingAction(
        action=replace(SHIPPED[0], name="Limited", queues=("Escalations",))
    )
    await story.store.write(make_messaging_action, limited)
    with pytest.raises(Conflict, match="action “Limited” is limited to Escalations"):
        await story.store.write(delete_queue, queue_id)
    await story.with_agent(MIA)
    for number in (1, 2):
        await story.store.write(
            numbers.change_provider_number,
            numbers.ChangeProviderNumber(id=number, values={"queue": "Escalations"}),
        )
    with pytest.raises(Conflict, match="Conversations have waited in Service desk"):
        await story.store.write(delete_queue, 1)


async def test_a_name_in_use_is_refused(story: Story) -> None:
    queue_id = await story.store.write(make_queue, ESCALATIONS)
    with pytest.raises(Conflict, match="A queue named “Escalations” already exists"):
        await story.store.write(make_queue, ESCALATIONS)
    with pytest.raises(Conflict, match="A queue named “Service desk” already exists"):
        await story.store.write(
            change_queue, ChangeQueue(id=queue_id, values={"name": "Service desk"})
        )


# Provider numbers ---------------------------------------------------------------------------------


async def test_a_number_can_change_until_it_has_a_conversation(story: Story) -> None:
    made = await story.store.write(
        numbers.make_provider_number,
        numbers.MakeProviderNumber(number="+18885550399", queue="Service desk"),
    )
    await story.store.write(
        numbers.change_provider_number,
        numbers.ChangeProviderNumber(id=made, values={"number": SPARE}),
    )
    (row,) = await story.rows(t.provider_numbers, t.provider_numbers.c.id == made)
    assert (row.number, row.label) == (SPARE, SPARE), (
        "a number without a label is shown as the number"
    )
    await story.text(to=DIRECT)
    with pytest.raises(
        Conflict,
        match=r"has conversations, so it cannot be changed. Create the company number \+1888.* "
        r"instead",
    ):
        await story.store.write(
            numbers.change_provider_number,
            numbers.ChangeProviderNumber(id=2, values={"number": f"{SPARE}9"}),
        )
    with pytest.raises(Conflict, match=r"has conversations.* Change its label"):
        await story.store.write(numbers.delete_provider_number, 2)
    with pytest.raises(Conflict, match="already"):
        await story.store.write(
            numbers.change_provider_number,
            numbers.ChangeProviderNumber(id=made, values={"number": DIRECT}),
        )
    await story.store.write(numbers.delete_provider_number, made)
    with pytest.raises(NotFound):
        await story.store.write(numbers.delete_provider_number, made)


async def test_deleting_a_number_never_widens_the_limits_of_an_action(story: Story) -> None:
    made = await story.store.write(
        numbers.make_provider_number, numbers.MakeProviderNumber(number=SPARE, queue="Service desk")
    )
    await story.store.write(
        make_messaging_action,
        MakeMessagingAction(action=replace(SHIPPED[0], name="Limited", provider_numbers=(SPARE,))),
    )
    with pytest.raises(Conflict, match="“Limited” is limited to"):
        await story.store.write(numbers.delete_provider_number, made)


# Texts
# ---------------------------------------------------------------------------------------------


async def test_the_requester_gets_the_edited_closing_text(story: Story) -> None:
    edit = ChangeText(name=SystemMessage.CLOSING_LINE, body="Thanks, {agent.first_name}")
    await story.store.write(change_text, edit)
    interaction_id = await story.with_agent(MIA)
    await story.close(interaction_id)
    assert (await story.texted(interaction_id))[-1] == "Thanks, Mia"
    await story.store.write(change_text, replace(edit, body=None))
    saved = {text.name: text for text in await story.store.read(texts.saved)}
    assert (saved[edit.name].body, saved[edit.name].edited) == (words_of(edit.name).default, False)
    with pytest.raises(BadInput) as error:
        await story.store.write(change_text, replace(edit, body="Reply END"))
    assert "reply END" in error.value.errors["body"]


async def test_the_queues_text_precedes_the_desks_and_the_default(
    story: Story,
) -> None:
    own = await story.store.write(
        make_queue, replace(ESCALATIONS, texts={SystemMessage.WAITING: "Own"})
    )
    assert await story.store.read(texts.text_for, SystemMessage.WAITING, own) == "Own"
    assert (
        await story.store.read(texts.text_for, SystemMessage.WAITING, 1)
        == words_of(SystemMessage.WAITING).default
    )
    await story.store.write(change_text, ChangeText(name=SystemMessage.WAITING, body="Desk"))
    assert await story.store.read(texts.text_for, SystemMessage.WAITING, 1) == "Desk"
    assert await story.store.read(texts.text_for, SystemMessage.WAITING, own) == "Own"
    assert (
        await story.store.read(texts.text_for, SystemMessage.CLOSING_LINE, own)
        == words_of("closing_line").default
    )


async def test_a_waiting_requester_gets_the_queues_own_text(story: Story) -> None:
    own = {SystemMessage.WAITING: "{queue}: wait.", SystemMessage.CLOSED: "{queue}: back {opens}."}
    await story.store.write(change_queue, ChangeQueue(id=1, values={"texts": own}))
    waits = (await story.text(to=DIRECT)).interaction_id
    await story.offer()
    assert waits is not None
    assert await story.texted(waits) == ["Service desk: wait. Text BOT for the virtual agent."]
    await story.store.write(
        change_text, ChangeText(name=SystemMessage.BOT_INSTEAD, body="BOT helps.")
    )
    await story.store.write(
        change_queue, ChangeQueue(id=1, values={"schedule": "Mo-Fr 10:00-18:00"})
    )
    late = (await story.text(to=DIRECT, number=BOB)).interaction_id
    await story.offer()
    assert late is not None
    assert await story.texted(late) == ["Service desk: back at 10:00. BOT helps."]


async def test_templates_are_found_by_name_first(story: Story) -> None:
    for name, body in (("VPN", "Restart it"), ("restart", "Hold the button"), ("Bye 100%", "Bye")):
        await story.store.write(template.make_template, template.MakeTemplate(name=name, body=body))
    assert [one.name for one in await story.store.read(templates.list_)] == [
        "Bye 100%",
        "restart",
        "VPN",
    ]
    assert [one.name for one in await story.store.read(templates.list_, " RESTART ")] == [
        "restart",
        "VPN",
    ]
    assert [one.name for one in await story.store.read(templates.list_, "%")] == ["Bye 100%"]
    with pytest.raises(Conflict, match="already"):
        await story.store.write(template.make_template, template.MakeTemplate(name="VPN", body="x"))
    with pytest.raises(BadInput):
        await story.store.write(
            template.change_template, template.ChangeTemplate(id=1, values={"body": "{nobody}"})
        )
    await story.store.write(template.delete_template, 1)
    with pytest.raises(NotFound):
        await story.store.write(
            template.change_template, template.ChangeTemplate(id=1, values={"name": "x"})
        )


# The desk -----------------------------------------------------------------------------------------


async def test_a_country_without_known_holidays_fails_only_if_a_queue_closes_on_holidays(
    story: Story,
) -> None:
    plain = replace(ESCALATIONS, schedule="Mo-Fr 08:00-18:00")
    queue_id = await story.store.write(make_queue, plain)
    await story.store.write(change_desk, {"country": "IN"})
    assert (await story.store.read(queues.get_view, queue_id)).open_now
    await story.store.write(change_desk, {"country": "US"})
    await story.store.write(
        change_queue, ChangeQueue(id=queue_id, values={"schedule": "Mo-Fr 08:00-18:00; PH off"})
    )
    with pytest.raises(BadInput) as error:
        await story.store.write(change_desk, {"country": "IN"})
    assert "Escalations closes on them" in error.value.errors["country"]


# Choices ------------------------------------------------------------------------------------------


async def test_renaming_a_presence_moves_its_agents_and_one_in_use_cannot_be_deleted(
    story: Story,
) -> None:
    await story.store.write(put_presence_state, PutPresence(name="Lunch", takes_work=False))
    (lunch,) = await story.store.read(desk.presence_states)
    await story.store.write(
        lambda tx, _: tx.conn.execute(t.agents.update().values(presence="Lunch")), None
    )
    await story.store.write(
        put_presence_state, PutPresence(id=lunch.id, name="Break", takes_work=False)
    )
    assert {agent.presence for agent in await story.rows(t.agents)} == {"Break"}
    with pytest.raises(Conflict, match="has the presence “Break” right now"):
        await story.store.write(delete_presence_state, lunch.id)
    await story.store.write(
        lambda tx, _: tx.conn.execute(t.agents.update().values(presence="away")), None
    )
    await story.store.write(delete_presence_state, lunch.id)
    with pytest.raises(NotFound):
        await story.store.write(
            put_presence_state, PutPresence(id=lunch.id, name="Break", takes_work=True)
        )


async def test_the_last_reject_reason_cannot_be_deleted(story: Story) -> None:
    await story.store.write(put_reject_reason, PutReason(words="Wrong language", again=False))
    reasons = await story.store.read(desk.reject_reasons)
    assert [r.words for r in reasons][-1] == "Wrong language"
    with pytest.raises(Conflict, match="The reason “Wrong language” already exists"):
        await story.store.write(
            put_reject_reason, PutReason(id=1, words="Wrong language", again=True)
        )
    for reason in reasons[:-1]:
        await story.store.write(delete_reject_reason, reason.id)
    with pytest.raises(Conflict, match="the last reason"):
        await story.store.write(delete_reject_reason, reasons[-1].id)
