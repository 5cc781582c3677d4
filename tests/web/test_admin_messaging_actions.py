"""The admin's pages of messaging actions in a browser without JavaScript, and the fragments that
the script loads.
"""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import sqlalchemy as sa

from handoff_service.rules.messaging_actions.messaging_actions import MessagingAction
from handoff_service.store.engine import tables as t
from handoff_service.store.messaging_actions import messaging_actions
from tests.support.story import DIRECT
from tests.web.workspace_server import PAGE, Answer, Running, Visitor, shown

LIST = "/workspace/admin/messaging-actions"
REMIND: dict[str, str] = {
    "name": "Soon",
    "event": "requester_message_without_agent_response",
    "number": "2",
    "unit": "h",
    "business_hours": "1",
    "match": "any",
    "field-0": "state",
    "was-0": "state",
    "operator-0": "is",
    "value-0": "on_hold",
    "action": "prompt_agent",
    "text": "{requester.first_name} waits",
    "state": "on_hold",
    "queues": "Service desk",
    "provider_numbers": DIRECT,
    "active": "1",
}


async def send(one: Visitor, path: str, **fields: str) -> Answer:
    """Post what the form posts without JavaScript."""
    return await one.post(path, **fields | {"csrf": await one.csrf()})


async def saved(desk: Running) -> dict[str, MessagingAction]:
    found = await desk.desk.store.read(messaging_actions.list_)
    return {stored.action.name: stored.action for stored in found.values()}


def form_values(page: str) -> dict[str, Any]:
    """Return field name -> value, as a browser would post the form."""
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", page):
        name, value = (re.search(f' {part}="([^"]*)"', tag) for part in ("name", "value"))
        if name and value and (" checked" in tag or not re.search(r'type="(radio|checkbox)"', tag)):
            found[name[1]] = unescape(value[1])
    for name, inside in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        found[name] = unescape(chosen[1]) if chosen else None
    text = re.search(r'<textarea [^>]*name="text"[^>]*>\n(.*?)</textarea>', page, re.S)
    return found | ({"text": unescape(text[1])} if text else {})


async def test_the_list_shows_the_default_actions_in_order(grace: Visitor) -> None:
    page = await grace.get(LIST)
    words = shown(page.text)
    assert "Remind the agent After 30 minutes: prompt the agent" in words
    assert "Close when abandoned After 2 days: set the state to Closed abandoned" in words
    assert 'aria-current="page">Messaging actions</a>' in page.text


async def test_an_admin_creates_an_action_sees_it_as_typed_and_changes_it(
    desk: Running, grace: Visitor
) -> None:
    made = await send(grace, f"{LIST}/new", **REMIND)
    assert (made.status, made.headers["Location"]) == (303, f"{LIST}?done=made")
    action = (await saved(desk))["Soon"]
    assert (action.duration.total_seconds(), action.business_hours, action.match) == (
        7200,
        True,
        "any",
    )
    assert (action.queues, action.provider_numbers, action.state) == (
        ("Service desk",),
        (DIRECT,),
        None,
    )
    page = (await grace.get(f"{LIST}/3")).text
    assert {name: form_values(page)[name] for name in REMIND} == REMIND
    assert "When a requester has waited 2 business hours for an agent" in shown(page)
    assert "The agent reads Ann waits" in shown(page)
    assert "30 minutes Prompt the agent Remind the agent" in shown(page)
    changed = REMIND | {
        "name": "Later",
        "action": "set_state",
        "state": "closed_abandoned",
        "active": "",
    }
    assert (await send(grace, f"{LIST}/3", **changed)).status == 303
    action = (await saved(desk))["Later"]
    assert (action.action, action.state, action.text, action.active) == (
        "set_state",
        "closed_abandoned",
        None,
        False,
    )


async def test_the_form_shows_a_default_text_in_the_language_of_the_page(
    desk: Running, grace: Visitor
) -> None:
    """If the admin posts the text unchanged, the stored text stays English, and each agent reads it
    in their own language.
    """
    before = await saved(desk)
    german = PAGE | {"Accept-Language": "de"}
    page = (await grace.get(f"{LIST}/1", headers=german)).text
    assert form_values(page)["text"] == "{requester.name} wartet bereits {waiting}."
    assert "Ann Lee wartet bereits 30 Minuten." in shown(page)
    typed = form_values(page) | {"csrf": await grace.csrf()}
    assert (await grace.post(f"{LIST}/1", headers=german, **typed)).status == 303
    assert await saved(desk) == before


FAULTS = [
    ("no name", {"name": " "}, "name", "Enter a name"),
    ("a name in use", {"name": "Remind the agent"}, None, "A messaging action named"),
    ("a fraction", {"number": "0.5"}, "number", "Enter a whole number"),
    ("zero", {"number": "0"}, "number", "Enter a whole number"),
    ("too long", {"number": "9999", "unit": "d"}, "number", "at most 366 days"),
    ("ten digits", {"number": "1234567890"}, "number", "at most 366 days"),
    ("no event", {"event": "x"}, "event", "Choose when it starts"),
    ("no action", {"action": ""}, "action", "Choose what it does"),
    (
        "a condition of another field",
        {"field-0": "priority"},
        "condition-0",
        "Choose a value to compare with",
    ),
    (
        "an operator that does not fit the field",
        {"operator-0": "at_least"},
        "condition-0",
        "cannot be compared with",
    ),
    ("a value that does not exist", {"value-0": "asleep"}, "condition-0", "not one of new"),
    ("a placeholder", {"text": "<b>{nick}"}, "text", "{nick}: there is no such placeholder"),
    (
        "an empty text",
        {"action": "prompt_requester", "text": ""},
        "text",
        "needed to prompt the requester",
    ),
    (
        "too long a text",
        {"action": "prompt_requester", "text": "x" * 161},
        "text",
        "fit in one segment",
    ),
    ("no state", {"action": "set_state", "state": "new"}, "state", "must be one of"),
    ("no queue", {"queues": "Gone"}, "queues", "There is no queue"),
]


async def test_errors_are_under_their_fields_and_typed_values_stay(
    desk: Running, grace: Visitor
) -> None:
    before = await saved(desk)
    for case, wrong, field, says in FAULTS:
        answer = await send(grace, f"{LIST}/new", **REMIND | wrong)
        assert answer.status in (400, 409), case
        assert says in shown(answer.text), case
        assert field is None or f'id="{field}-wrong"' in answer.text, case
        typed = form_values(answer.text)
        assert typed["name"] == (REMIND | wrong)["name"].strip(), case
        assert typed["text"] == (REMIND | wrong)["text"], case
        assert "<b>{nick}" not in answer.text, case
    assert await saved(desk) == before


async def test_adding_and_removing_conditions_without_the_script_saves_nothing(
    desk: Running, grace: Visitor
) -> None:
    before = await saved(desk)
    page = (await send(grace, f"{LIST}/new", **REMIND, add="1")).text
    assert (form_values(page)["field-1"], form_values(page)["value-1"]) == (
        "state",
        "work_in_progress",
    )
    page = (
        await send(grace, f"{LIST}/new", **form_values(page) | {"field-0": "priority"}, refresh="1")
    ).text
    assert (form_values(page)["was-0"], form_values(page)["value-0"]) == ("priority", "1")
    assert "is at least" in shown(page)
    page = (await send(grace, f"{LIST}/new", **form_values(page), remove="0")).text
    assert (form_values(page)["field-0"], "field-1" in form_values(page)) == ("state", False)
    assert await saved(desk) == before


async def test_a_condition_on_a_deleted_record_is_kept_until_it_is_changed(
    desk: Running, grace: Visitor
) -> None:
    names = {"field-0": "queue", "was-0": "queue", "value-0": "Service desk"}
    await send(grace, f"{LIST}/new", **REMIND | names)
    renamed = sa.update(t.queues).values(name="IT")
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(renamed), None)
    assert form_values((await grace.get(f"{LIST}/3")).text)["value-0"] == "Service desk"


async def test_the_script_loads_the_panels_and_the_conditions(grace: Visitor) -> None:
    typed = REMIND | {"action": "prompt_requester", "text": "Hi {requester.first_name} €"}
    answer = await grace.act(f"{LIST}/follow?id=1", **typed)
    words = shown(answer.text)
    assert "the requester is texted" in words
    assert "9 / 160 · 1 segment · GSM\u20117" in words
    assert "The requester reads Hi Ann €" in words
    assert "2 business hours Prompt the requester This action" in words
    assert "Remind the agent" not in words, "the edited action is listed with the typed values"
    assert 'id="conditions"' not in answer.text
    answer = await grace.act(f"{LIST}/follow?rows=1", **typed | {"field-0": "guest"})
    assert '<option value="false">no</option>' in answer.text
    wrong = await grace.act(f"{LIST}/follow", **typed | {"number": "x"})
    assert "Active is on, but the action does nothing until it is complete and saved." in shown(
        wrong.text
    )
    assert "Not complete yet" in shown((await grace.act(f"{LIST}/follow")).text)


async def test_the_dry_run_with_and_without_the_script(desk: Running, grace: Visitor) -> None:
    await desk.story.with_agent()
    answer = await send(grace, f"{LIST}/1", **REMIND, dry_run="1")
    said = "Somebody waited for an answer 1 time. The action would not have run ."
    assert said in shown(answer.text)
    assert form_values(answer.text)["name"] == "Soon"
    an_hour_ago = sa.update(t.messages).values(created_at=desk.desk.clock() - timedelta(hours=1))
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(an_hour_ago), None)
    fired = REMIND | {
        "number": "30",
        "unit": "m",
        "field-0": "assigned",
        "was-0": "assigned",
        "value-0": "true",
    }
    fragment = await grace.act(f"{LIST}/dry-run", **fired)
    assert "The action would have run 1 time (100.0%), most often on" in shown(fragment.text)
    assert "Ann Lee INT0000001" in shown(fragment.text)
    # The dry run has only 30 dates in the hour after clocks are set back.
    assert fragment.text.count('<rect class="hit"') in (30, 31)
    fragment = await grace.act(f"{LIST}/dry-run", **REMIND | {"number": "x"})
    assert "Enter a whole number" in shown(fragment.text)
    assert "<html" not in fragment.text


async def test_an_admin_switches_moves_and_deletes_actions(desk: Running, grace: Visitor) -> None:
    await send(grace, f"{LIST}/new", **REMIND)
    await send(grace, f"{LIST}/1/active", active="")
    assert (await saved(desk))["Remind the agent"].active is False
    assert list(await saved(desk)) == ["Remind the agent", "Close when abandoned", "Soon"]
    assert (await send(grace, f"{LIST}/3/move", way="up")).status == 303
    assert list(await saved(desk)) == ["Soon", "Close when abandoned", "Remind the agent"]
    await send(grace, f"{LIST}/3/move", way="up")
    assert next(iter(await saved(desk))) == "Soon", "moving the first action up changes nothing"
    fragment = await grace.act(f"{LIST}/3/move", way="down")
    assert fragment.text.lstrip().startswith('<div class="stack ladders"')
    assert next(iter(await saved(desk))) == "Remind the agent"
    assert "Its running timers end." in shown((await grace.get(f"{LIST}/3/delete")).text)
    await send(grace, f"{LIST}/3/delete")
    assert "Soon" not in await saved(desk)
    for path in ("/3", "/3/delete"):
        assert (await grace.get(LIST + path)).status == 404
    for path in ("/3", "/3/active", "/3/move", "/3/delete"):
        assert (await send(grace, LIST + path, **REMIND)).status == 404


async def test_agents_without_the_role_get_no_pages(desk: Running) -> None:
    async with desk.visitor() as mia:
        await mia.sign_in()
        for path in ("/new", "/1", "/1/active", "/1/move", "/1/delete", "/follow", "/dry-run"):
            assert (await send(mia, LIST + path, **REMIND)).status == 403, path
    async with desk.visitor() as grace:
        await grace.sign_in("grace@example.com", "demo-grace")
        assert (await grace.post(f"{LIST}/new", **REMIND)).status == 403, (
            "a form on another site has no valid token"
        )
