"""The admin's desk pages: provider numbers, queues, system messages, time and country, and the desk
file.
"""

import codecs
import re
import tomllib

import aiohttp

from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.desk.groups import MakeGroup, make_group
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.rules.shared.language import Language
from handoff_service.store.desk import desk as desk_rows
from handoff_service.store.desk import templates, texts
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.routing import queues
from handoff_service.web.admin.routes import PAGES, POST_HANDLERS
from tests.support.story import ANN, DIRECT
from tests.web.workspace_server import PAGE, Answer, Running, Visitor, shown

UNDER = "/workspace/admin"
NUMBER = {
    "number": "+18885550300",
    "queue": "Service desk",
    "first_responder": "live_agent",
    "segments_per_second": "1",
}
QUEUE = {
    "name": "Escalations",
    "match": "all",
    "language": "de",
    "assignment": "longest_idle",
    "accept_seconds": "30",
    "affinity_days": "0",
}


async def save(grace: Visitor, path: str, **fields: str) -> str:
    """Post a form as a browser without JavaScript does. Return the text of the next page: the list,
    or the form with its errors.
    """
    answer = await grace.post(UNDER + path, PAGE, csrf=await grace.csrf(), **fields)
    if answer.status == 303:
        return shown((await grace.get(answer.headers["Location"])).text)
    assert answer.status in (400, 404, 409), answer.text
    return shown(answer.text)


async def test_every_page_opens_and_its_forms_require_a_token(
    desk: Running, grace: Visitor
) -> None:
    for path in PAGES:
        if path != "/" and "<" not in path:
            assert ((await grace.get(UNDER + path)).status, path) == (200, path)
    for path in POST_HANDLERS:
        real = re.sub(r"<\w+:int>", "1", path).replace("<name:str>", "waiting")
        assert ((await grace.post(UNDER + real, PAGE)).status, path) == (403, path)


async def test_an_admin_manages_provider_numbers(desk: Running, grace: Visitor) -> None:
    assert "+1 888 555 0300" in await save(grace, "/provider-numbers/new", **NUMBER)
    again = await save(grace, "/provider-numbers/new", **NUMBER)
    assert "The company number +18885550300 already exists. Enter another." in again
    wrong = {
        "number": "0300",
        "queue": "Service desk",
        "first_responder": "nobody",
        "segments_per_second": "fast",
    }
    said = await save(grace, "/provider-numbers/new", **wrong)
    assert "is too short for a phone number." in said
    assert "Must be a whole number." in said
    assert "Must be 'virtual_agent' or 'live_agent'" in said
    service = {"messaging_service": "MG" + "0123456789abcdef" * 2}
    for given, kept in (
        (service, service["messaging_service"]),
        ({}, None),
        ({"messaging_service": ""}, None),
    ):
        assert "Saved" in await save(grace, "/provider-numbers/3", **NUMBER | given)
        assert [one.messaging_service for one in await desk.desk.store.read(list_provider_numbers)][
            2
        ] == kept
    wrong = NUMBER | {"messaging_service": "MG12"}
    assert "MG and 32 digits or letters" in await save(grace, "/provider-numbers/3", **wrong)
    await save(grace, "/provider-numbers/3", **NUMBER | {"label": "Spare"})
    assert [one.label for one in await desk.desk.store.read(list_provider_numbers)][2] == "Spare"
    await desk.story.text(to=DIRECT)
    assert "has conversations" in await save(grace, "/provider-numbers/2/delete")
    assert "+1 888 555 0300" not in await save(grace, "/provider-numbers/3/delete")
    assert (await grace.get(f"{UNDER}/provider-numbers/3")).status == 404


async def test_the_form_stores_every_field_of_a_queue(desk: Running, grace: Visitor) -> None:
    csrf = await grace.csrf()
    rows = [
        *QUEUE.items(),
        ("csrf", csrf),
        ("groups", "Service desk"),
        ("after Service desk", "60"),
        ("skills", "hardware\n\nopera"),
        ("optional_skills", "spanish"),
        *(("create", f"skills:{skill}") for skill in ("hardware", "opera")),
        ("create", "optional_skills:spanish"),
        *(("field-0", "language"), ("was-0", "language"), ("operator-0", "is_not")),
        ("value-0", "es"),
        *(("field-1", "user.site"), ("was-1", "user.site"), ("operator-1", "in")),
        ("value-1", "Boston\nNew York"),
        ("schedule", "Mo-Fr 08:00-18:00; PH off"),
        ("time_zone", "Europe/Berlin"),
        ("country", "DE"),
        ("alarm_seconds", "300"),
        ("auto_assign", "1"),
        ("waiting_text", "Own words"),
    ]
    async with grace.client.post(
        f"{grace.address}{UNDER}/queues/new", data=rows, headers=PAGE
    ) as answer:
        assert "Escalations" in await answer.text()
    (queue,) = [q for q in await desk.desk.store.read(queues.list_views) if q.name == "Escalations"]
    assert [(p.group, p.after_seconds) for p in queue.pools] == [("Service desk", 60)]
    assert [(s.name, s.mandatory) for s in queue.skills] == [
        ("hardware", True),
        ("opera", True),
        ("spanish", False),
    ]
    assert [(c.field, c.operator, c.value) for c in queue.conditions] == [
        ("language", "is_not", "es"),
        ("user.site", "in", ["Boston", "New York"]),
    ]
    assert (queue.country, queue.alarm_seconds, queue.auto_assign) == ("DE", 300, True)
    assert queue.problems == ["No agent in its groups has the required skills: hardware, opera."]
    page = (await grace.get(f"{UNDER}/queues/{queue.id}")).text
    assert "This queue cannot assign conversations. No agent in its groups" in shown(page)
    for value in (
        ">\nBoston\nNew York</textarea>",
        'value="60"',
        "Own words",
        'value="Mo-Fr 08:00-18:00; PH off"',
    ):
        assert value in page
    assert "Cannot assign conversations. No agent" in shown(
        (await grace.get(f"{UNDER}/queues")).text
    )


async def test_the_queue_form_keeps_typed_values_and_shows_errors(
    desk: Running, grace: Visitor
) -> None:
    typed = {
        "schedule": "weekdays",
        "accept_seconds": "4",
        "time_zone": "Mars",
        "field-0": "colour",
        "was-0": "colour",
        "operator-0": "is",
        "value-0": "red",
    }
    said = await save(grace, "/queues/new", **QUEUE | typed)
    for what in (
        "Must be at least 5.",
        "Must be a time zone's IANA name",
        "Choose a field.",
    ):
        assert what in said
    right = QUEUE | {"schedule": "weekdays", "waiting_text": "{x}"}
    said = await save(grace, "/queues/new", **right)
    assert "Cannot be read as opening hours" in said
    assert "“Waiting”: {x}: there is no such placeholder" in said
    half = QUEUE | {
        "field-0": "language",
        "was-0": "language",
        "operator-0": "is",
        "value-0": "",
    }
    assert "Condition 1 : Enter a value to compare with." in await save(
        grace, "/queues/new", **half
    )
    assert "Service desk is the queue of" in await save(grace, "/queues/1/delete")


async def test_the_form_shows_when_a_typed_schedule_is_open(grace: Visitor) -> None:
    async def hours_preview(**asked: str) -> str:
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        return shown((await grace.get(f"{UNDER}/queues/hours?{query}")).text)

    assert (await hours_preview(schedule="")).startswith(
        "Always open. Opening times of a week Monday"
    )
    assert (await hours_preview(schedule="24/7")).startswith("Open now, and always.")
    never = await hours_preview(schedule="2030 Jan 01")
    assert never.startswith("Never opens; write the hours when it opens, such as ")
    assert "The week cannot show all of these opening hours." in never
    week = await hours_preview(schedule="Mo-Su 08:00-12:00,13:00-24:00", time_zone="Asia/Tokyo")
    assert week.count("08:00 to 12:00, 13:00 to 24:00") == 7
    assert "Cannot be read as opening hours" in await hours_preview(schedule="soon")
    assert "Names public holidays, but none are known" in await hours_preview(
        schedule="24/7; PH off", country="IN"
    )


async def test_an_admin_edits_system_messages_and_restores_the_default(
    desk: Running, grace: Visitor
) -> None:
    edited = await save(grace, "/texts/closing_line", body="{agent.first_name} says bye.")
    assert "Closing line Edited" in edited
    assert await desk.desk.store.read(texts.closing_line, "Mia Chen", Language.ENGLISH) == (
        "Mia says bye."
    )
    said = await save(grace, "/texts/closing_line", body="Reply STOP " + "x" * 200)
    assert "Asks people to reply STOP" in said
    assert "x" * 200 in said, "the form keeps the typed values"
    page = shown((await grace.get(f"{UNDER}/texts/closing_line")).text)
    assert "Default text {agent.first_name} has closed this conversation." in page
    assert "With long names" in page
    assert "Edited" not in await save(grace, "/texts/closing_line", body="whatever", reset="1")
    assert (await grace.get(f"{UNDER}/texts/hello")).status == 404
    spanish = await save(grace, "/texts/closing_line_es", body="{agent.first_name}: hasta luego.")
    assert "Closing line Edited" in spanish
    assert await desk.desk.store.read(texts.closing_line, "Mia Chen", Language.SPANISH) == (
        "Mia: hasta luego."
    )


async def test_an_admin_creates_finds_changes_and_deletes_templates(
    desk: Running, grace: Visitor
) -> None:
    await save(
        grace, "/templates/new", name="VPN", body="Hi {requester.first_name},\r\nrestart it."
    )
    (one,) = await desk.desk.store.read(templates.list_)
    assert one.body == "Hi {requester.first_name},\nrestart it."
    assert "Hi there, restart it." in shown((await grace.get(f"{UNDER}/templates/{one.id}")).text)
    assert "VPN" in shown((await grace.get(f"{UNDER}/templates?q=restart")).text)
    assert "No results" in shown((await grace.get(f"{UNDER}/templates?q=zebra")).text)
    assert "there is no such placeholder" in await save(
        grace, f"/templates/{one.id}", name="VPN", body="{x}"
    )
    assert "Must not be empty." in await save(grace, "/templates/new", name=" ", body="x")
    assert "No templates yet" in await save(grace, f"/templates/{one.id}/delete")


async def test_an_admin_changes_the_desks_time_zone_country_and_choices(
    desk: Running, grace: Visitor
) -> None:
    right = {
        "name": "IT",
        "country": "DE",
        "time_zone": "Europe/Berlin",
        "away_after_seconds": "60",
    }
    right |= {
        "same_answers": "3",
        "agent_words": "agent, Kollege,",
        "bye_words": "bye",
        "restart_words": "restart",
    }
    right |= {
        "opt_out_words": "alto",
        "quiet_hours": "21:00-08:00",
        "most_answers": "40",
        "countries": "de, AT",
    }
    right |= {"most_in_range": "0", "most_unknown_hourly": "50", "most_unknown_daily": "0"}
    right |= {"thanks_minutes": "15", "queue_unanswerable": "1", "ask_topic": "1"}
    assert "Saved" in await save(grace, "/desk", **right)
    saved = await desk.desk.store.read(desk_rows.desk)
    assert saved is not None
    assert (saved["name"], saved["away_after_seconds"], saved["reassign_when_away"]) == (
        "IT",
        60,
        False,
    )
    words = {"agent": ["agent", "Kollege"], "bye": ["bye"], "help": [], "restart": ["restart"]}
    words |= {"opt_out": ["alto"], "opt_in": []}
    assert (saved["thanks_minutes"], saved["queue_unanswerable"]) == (15, True)
    assert saved["ask_topic"]
    assert (saved["commands"], saved["same_answers"]) == (words, 3)
    assert (saved["quiet_hours"], saved["most_answers"], saved["countries"]) == (
        "21:00-08:00",
        40,
        ["DE", "AT"],
    )
    assert saved["most_in_range"] == 0
    assert "two times of the day" in await save(
        grace, "/desk", **right | {"quiet_hours": "at night"}
    )
    assert "“bye” is a word for agent and for bye. Remove one of the two" in await save(
        grace, "/desk", **right | {"agent_words": "bye"}
    )
    assert "at least 2" in await save(grace, "/desk", **right | {"same_answers": "1"})
    said = await save(
        grace, "/desk", **right | {"country": "XX", "away_after_seconds": "1", "name": ""}
    )
    for what in ("ISO code", "Must be at least 5.", "Must not be empty."):
        assert what in said
    assert "Lunch no offers" in await save(grace, "/presence-states/new", name="Lunch")
    assert "Must not be available, away or offline" in await save(
        grace, "/presence-states/new", name="away"
    )
    assert "Lunch gets offers" in await save(
        grace, "/presence-states/1", name="Lunch", takes_work="1"
    )
    assert "Lunch" not in await save(grace, "/presence-states/1/delete")
    assert "Wrong language does not get the offer again" in await save(
        grace, "/reject-reasons/new", words="Wrong language"
    )
    assert "already" in await save(grace, "/reject-reasons/1", words="Wrong language")


async def test_agents_choose_from_the_admins_own_presences_and_reasons(
    desk: Running, grace: Visitor
) -> None:
    await save(grace, "/presence-states/new", name="Chat only", takes_work="1")
    await save(grace, "/reject-reasons/new", words="Wrong language")
    async with desk.visitor() as mia:
        await mia.sign_in()
        assert (await mia.act("/workspace/presence", presence="Chat only")).status == 204
        page = (await mia.get("/workspace")).text
        assert 'value="Chat only" checked' in page
        assert 'name="reason" value="Wrong language"' in page
        assert "Become available" not in page


async def test_an_admin_exports_and_imports_the_desk_file(desk: Running, grace: Visitor) -> None:
    await desk.desk.store.write(change_desk, {"thanks_minutes": 25})
    exported = await grace.get(f"{UNDER}/desk-file/export")
    assert tomllib.loads(exported.text)["desk"]["thanks_minutes"] == 25
    assert 'filename="desk.toml"' in exported.headers["Content-Disposition"]
    assert '[[queues]]\nname = "Service desk"' in exported.text

    async def import_file(content: bytes, status: int) -> str:
        form = aiohttp.FormData({"csrf": await grace.csrf()})
        form.add_field("file", content, filename="my.toml", content_type="application/toml")
        async with grace.client.post(
            f"{grace.address}{UNDER}/desk-file", data=form, headers=PAGE
        ) as answer:
            assert answer.status == status
            return shown(await answer.text())

    changed = exported.text.replace("thanks_minutes = 25", "thanks_minutes = 5").encode()
    preview = await import_file(changed, 200)
    assert "Desk: 1 changed" in preview
    assert "Keep thank-you texts in the closed conversation (minutes) 25 → 5" in preview
    assert "No changes. The desk already matches the file." in await import_file(
        exported.text.encode(), 200
    )
    said = await import_file(b'[[queues]]\nname = "Q"\nschedule = "soon"\ncolour = 1\n', 400)
    assert "Nothing was imported. my.toml:4: queues[0].colour: there is no such key" in said
    assert "The desk already matches the file" in await import_file(
        codecs.BOM_UTF8 + exported.text.encode(), 200
    )
    assert "my.toml is UTF-16 text. Save the file as UTF-8" in await import_file(
        exported.text.encode("utf-16"), 400
    )
    assert "my.toml cannot be read: line 2 is not UTF-8" in await import_file(
        b"[desk]\nname = 'Caf\xe9'", 400
    )
    number = b'[[provider_numbers]]\nnumber = "+18885550300"\nqueue = "None"\n'
    assert "provider_numbers.+18885550300.queue: there is no queue “None”" in await import_file(
        number, 400
    )
    assert "Choose a file first." in await import_file(b"", 400)


async def test_an_import_applies_exactly_the_previewed_changes(
    desk: Running, grace: Visitor
) -> None:
    text = (
        '[[groups]]\nname = "Nights"\n[[templates]]\nname = "Hello"\nbody = "Hi"\n'
        '[[agents]]\nemail = "mia@example.com"\nname = "Mia Chen"\ncapacity = 9\n'
        'groups = ["Service desk", "Typo"]\n'
    )

    async def send(**fields: str) -> Answer:
        return await grace.post(f"{UNDER}/desk-file", csrf=await grace.csrf(), **fields)

    first = await send(text=text, name="my.toml")
    said = shown(first.text)
    assert "What the import of my.toml changes" in said
    assert "Groups: 2 created" in said
    assert "Created: Nights, Typo" in said, (
        "the preview includes a group that only an agent's entry names"
    )
    assert "→ 9" in said
    assert (await grace.get(f"{UNDER}/groups/3")).status == 404, "the preview changes nothing"
    found = re.search(r'name="apply" value="(\w+)"', first.text)
    assert found is not None
    await desk.desk.store.write(make_group, MakeGroup(name="Nights"))
    outdated = await send(text=text, name="my.toml", apply=found[1])
    assert "the desk has changed since the last preview" in shown(outdated.text)
    found = re.search(r'name="apply" value="(\w+)"', outdated.text)
    assert found is not None
    applied = await send(text=text, name="my.toml", apply=found[1])
    assert "Imported: Users: 0, Agents: 1, Groups: 1" in shown(applied.text)
    history_of_mia = shown((await grace.get(f"{UNDER}/agents/1")).text)
    assert "→ 9" in history_of_mia


async def test_the_composer_offers_templates_with_their_placeholders_filled(desk: Running) -> None:
    received = await desk.story.text("my badge", number=ANN, to=DIRECT)
    async with desk.visitor() as mia:
        await mia.sign_in()
        at = f"/workspace/conversations/{received.interaction_id}/templates"
        assert "There are no templates yet" in (await mia.get(at)).text
        await desk.desk.store.write(import_desk, read_desk_file.read_bytes(TEMPLATE, "t.toml"))
        page = (await mia.get(f"{at}?q=gre")).text
        assert 'data-text="Hi Ann &lt;b&gt;, Mia here."' in page
        assert "No template contains “&lt;i&gt;”." in (await mia.get(f"{at}?q=%3Ci%3E")).text
        assert (await mia.get("/workspace/conversations/99/templates")).status == 404


TEMPLATE = (
    b'[[templates]]\nname = "Greeting"\nbody = "Hi {requester.first_name} <b>, '
    b'{agent.first_name} here."\n'
)
