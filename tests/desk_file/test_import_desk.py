"""The desk file. An import can be repeated, and imports the whole file or nothing. Errors name
file, line and key.
"""

from pathlib import Path

import pytest
from sqlalchemy import select

from handoff_service.errors import BadInput, SetupError
from handoff_service.operations.conversations.list_views import MOST_VIEWS
from handoff_service.operations.desk_file import desk_file, read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.rules.messaging_actions.messaging_actions import SHIPPED
from handoff_service.store.desk import desk, user_words
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.desk_file.export_desk import export_desk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.messaging_actions import messaging_actions
from handoff_service.store.routing import queues
from handoff_service.store.webhooks import webhooks
from tests.conftest import DESK
from tests.support.story import Story
from tests.support.ticket_system import SECRET

DEMO = Path(desk_file.__file__).parents[2] / "demo.toml"


async def test_importing_again_changes_nothing(story: Story) -> None:
    async def everything() -> dict[str, object]:
        return {
            name: await story.rows(table)
            for name, table in t.metadata.tables.items()
            if name not in ("due_work", "lane_commits")
        }

    before = await everything()
    await story.store.write(import_desk, read_desk_file.read(DESK))
    assert await everything() == before


async def test_an_import_creates_the_records_of_the_file(story: Story) -> None:
    agents = await story.store.read(agents_by_id)
    assert [(a.name, a.roles, a.groups, a.skills, a.capacity) for a in agents.values()] == [
        ("Mia Chen", ["agent"], ["Service desk"], ["hardware"], 2),
        ("Omar Haddad", ["agent", "supervisor"], ["Service desk"], [], 2),
    ]
    (main, direct) = await story.store.read(list_provider_numbers)
    assert (main.label, main.first_responder, main.queue.name) == (
        "Main line",
        "virtual_agent",
        "Service desk",
    )
    assert direct.first_responder == "live_agent"


async def test_the_demo_desk_is_a_valid_file(story: Story) -> None:
    await story.store.write(import_desk, read_desk_file.read(DEMO))
    (fact,) = await story.rows(t.user_facts)
    assert "1990" not in fact.hash


async def test_an_exported_desk_imports_to_the_same(story: Story, tmp_path: Path) -> None:
    name = 'Zoë "Z" \\ O\'Hara 😩'
    nasty = f"{name}\u007f\n"

    def rename(tx: Transaction, _: None) -> None:
        tx.conn.execute(t.users.update().values(name=name, attributes={"desk": nasty}))
        user_words.index_users(tx.conn, tx.conn.execute(select(t.users.c.id)).scalars().all())

    await story.store.write(rename, None)
    path = tmp_path / "out.toml"
    path.write_text(await story.store.read(export_desk))
    tables = {
        n: table for n, table in t.metadata.tables.items() if n not in ("due_work", "lane_commits")
    }
    before = {name: await story.rows(table) for name, table in tables.items()}
    await story.store.write(import_desk, read_desk_file.read(path))
    assert {name: await story.rows(table) for name, table in tables.items()} == before


FULL = """[desk]
name = "Full"
country = "DE"
time_zone = "Europe/Berlin"
reassign_when_away = true
away_after_seconds = 90
commands = { agent = ["Kollege", "agent"], help = [] }
same_answers = 3
most_in_range = 7

[texts]
waiting = "{queue} has nobody free. You are in line."

[[presence_states]]
name = "Lunch"
[[presence_states]]
name = "Back office"
takes_work = true

[[reject_reasons]]
words = "Wrong language"
again = false
[[reject_reasons]]
words = "About to leave"

[[templates]]
name = "Restart"
body = '''Hi {requester.first_name}, "restart" it.
{agent.first_name} \\o/'''

[[labels]]
name = "Printer"
color = "blue"
topic = true
[[labels]]
name = "VIP"

[[macros]]
name = "Restart and wait"
template = "Restart"
label = "VIP"
note = "Told {requester.name}."
to_agent = "mia@example.com"
state = "on_hold"
hold_for = "2d"
then = "next"
[[macros]]
name = "To escalations"
to_queue = "Escalations"

[[list_views]]
agent = "mia@example.com"
name = "Printers"
sort = "longest_waiting"
tag = "waiting"
label = "Printer"
[[list_views]]
agent = "omar@example.com"
name = "Printers"

[[outages]]
title = "VPN"
text = "The VPN is down."
since = 2026-11-23T09:00:00-05:00
[[outages]]
title = "Mail"
text = "Mail is slow."
since = "2026-11-22T09:00:00Z"
until = "2026-11-23T09:00:00Z"
active = false

[[webhooks]]
name = "Tickets"
url = "https://tickets.example.com/hook"
events = ["case.created", "conversation.closed"]
with_texts = true
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

[[queues]]
name = "Escalations"
position = 7
groups = ["Service desk", { name = "Second line", after_seconds = 60 }]
skills = ["hardware", { name = "spanish", mandatory = false }]
conditions = [
  { field = "language", is = "es" },
  { field = "user.department", in = ["Sales", "HR"] },
]
match = "any"
schedule = "Mo-Fr 08:00-18:00; PH off"
time_zone = "America/New_York"
country = "US"
assignment = "longest_idle"
accept_seconds = 30
auto_assign = true
affinity_days = 0
alarm_seconds = 300
texts = { closed = "{queue} opens {opens}.", in_line = "Wait here." }

[[queues]]
name = "Service desk"
groups = ["Service desk"]
"""


async def test_the_export_of_a_full_desk_equals_its_import(story: Story, tmp_path: Path) -> None:
    path, again = tmp_path / "full.toml", tmp_path / "again.toml"
    path.write_text(FULL)
    await story.store.write(import_desk, read_desk_file.read(path))
    queue = (await story.store.read(queues.list_views))[1]
    assert [(p.group, p.after_seconds) for p in queue.pools] == [
        ("Service desk", 0),
        ("Second line", 60),
    ]
    assert [(s.name, s.mandatory) for s in queue.skills] == [("hardware", True), ("spanish", False)]
    assert (queue.match, queue.assignment, queue.auto_assign) == ("any", "longest_idle", True)
    assert queue.texts == {
        "in_line": "Wait here.",
        "waiting": None,
        "closed": "{queue} opens {opens}.",
    }
    assert [r.words for r in await story.store.read(desk.reject_reasons)][:2] == [
        "Wrong language",
        "About to leave",
    ]

    async def everything() -> dict[str, list[str]]:
        tables = {
            n: table
            for n, table in t.metadata.tables.items()
            if n not in ("due_work", "lane_commits")
        }
        return {
            name: sorted(repr(row) for row in await story.rows(table))
            for name, table in tables.items()
        }

    before = await everything()
    for _ in range(2):
        again.write_text(await story.store.read(export_desk))
        assert "longest_waiting" in again.read_text()
        assert "whsec_" not in again.read_text()
        await story.store.write(import_desk, read_desk_file.read(again))
        assert await everything() == before


ACTION = """[[messaging_actions]]
name = "Remind"
event = "requester_message_without_agent_response"
duration = "30m"
action = "prompt_agent"
"""
QUEUE = '[[queues]]\nname = "Q"\n'
HOOK = '[[webhooks]]\nname = "x"\nurl = "https://a.example"\n'
OUTAGE = '[[outages]]\ntitle = "T"\n'
FAULTS = [
    ("unknown key", '[[users]]\nexternal_id = "E1"\nname = "A"\nmail = "x"\n',
     "4: users[0].mail: there is no such key"),
    ("unknown table", '[[cats]]\nname = "x"\n', "1: cats: there is no such key"),
    ("second entry",
        '[[users]]\nexternal_id="E1"\nname="A"\n[[users]]\nexternal_id="E2"\nname="B"\nnumbers=["1"]\n',
     "7: users[1].numbers[0]: must be a phone number, with its country, such as"),
    ("missing key", '[[users]]\nname = "A"\n', "1: users[0].external_id: is required"),
    ("wrong zone", '[desk]\nname = "D"\ntime_zone = "Mars"\n',
    "3: desk.time_zone: must be a "
    "time zone's IANA name"),
    ("action: unknown key", ACTION + 'colour = "red"\n',
    "6: messaging_actions[0].colour: there "
    "is no such key"),
    ("action: duration", ACTION.replace("30m", "half"),
    "4: messaging_actions[0].duration: must "
    "be a whole number and"),
    ("action: condition", ACTION + 'conditions = [{ field = "state", is = "asleep" }]\n',
     "6: messaging_actions[0].conditions[0]: “asleep” is not one of new, work_in_progress"),
    ("action: placeholder", ACTION + 'text = "{requester.nick}"\n',

     "6: messaging_actions[0].text: {requester.nick}: there is no such placeholder; this "
     "text can have {requester.name}"),
    ("action: business hours", ACTION + 'business_hours = "yes"\n',
     "6: messaging_actions[0].business_hours: must be true or false"),
    ("action: state", ACTION.replace("prompt_agent", "set_state"),
    "1: messaging_actions[0].state: "
    "must be one of"),
    ("queue: schedule", QUEUE + 'schedule = "weekdays"\n',

     "3: queues[0].schedule: cannot be read as opening hours; write for example “Mo-Fr "
     "08:00-18:00; PH off”"),
    ("queue: never open", QUEUE + 'schedule = "off"\n', "3: queues[0].schedule: never opens; "
     "write the hours when it opens, such as Mo-Fr 08:00-18:00"),
    ("queue: condition", QUEUE + 'conditions = [{ field = "state", is = "new" }]\n',

     "3: queues[0].conditions[0]: there is no field “state”; the fields are provider_number, "
     "topic, language, user."),
    ("queue: pool", QUEUE + 'groups = [{ name = "A", after = 5 }]\n',
    "3: queues[0].groups[0].after: "
    "there is no such"),
    ("queue: twice", QUEUE + 'groups = ["A", "A"]\n', "3: queues[0].groups: “A” is listed twice."),
    ("queue: text", QUEUE + 'texts = { closed = "{x}" }\n',
    "3: queues[0].texts: “Closed”: {x}: "
    "there is no such placeh"),
    ("queue: accept", QUEUE + "accept_seconds = 4\n",
    "3: queues[0].accept_seconds: must be at least 5"),
    ("template", '[[templates]]\nname = "T"\nbody = "{name}"\n',
    "3: templates[0].body: {name}: "
    "there is no such"),
    ("view: sort", '[[list_views]]\nagent = "mia@example.com"\nname = "V"\nsort = "oldest"\n',
    "4: list_views[0].sort: must be 'newest', 'longest_waiting' or 'due'"),
    ("text", '[texts]\nwaiting = "Reply STOP"\n', "2: texts.waiting: asks people to reply STOP"),
    ("text: unknown", '[texts]\nhello = "x"\n', "2: texts.hello"),
    ("presence", '[[presence_states]]\nname = "Away"\n',
    "2: presence_states[0].name: must not "
    "be available"),
    ("presence: length", f'[[presence_states]]\nname = "{"x" * 31}"\n',
    "2: presence_states[0].name: must be at most 30 characters"),
    ("country", '[desk]\nname = "D"\ncountry = "XX"\n',
    "3: desk.country: must be a country's "
    "ISO code"),
    ("outage: text", OUTAGE + 'text = "Reply STOP"\nsince = 2026-11-23T09:00:00Z\n',
     "3: outages[0].text: asks people to reply STOP"),
    ("outage: end", OUTAGE +
    'text = "x"\nsince = 2026-11-23T09:00:00Z\nuntil = '
    '2026-11-23T08:00:00Z\n',
     "5: outages[0].until: must be later than “Since”"),
    ("outage: no zone", OUTAGE + 'text = "x"\nsince = 2026-11-23T09:00:00\n',
    "4: outages[0].since: "
    "must have an offset"),
    ("webhook: address", '[case_webhook]\nurl = "file:///etc/passwd"\n',
    "2: case_webhook.url: "
    "must be an http or"),
    ("webhook: event", HOOK + 'events = ["case.gone"]\n', "4: webhooks[0].events[0]: "),
    ("webhook: no event", HOOK + "events = []\n", "4: webhooks[0].events: must name at least one"),
    ("webhook: secret", '[case_webhook]\nsecret = "hunter2"\n',
    "2: case_webhook.secret: must be "
    "whsec_"),
    ("no TOML", "name = \n", "Invalid value"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "says"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_errors_name_file_line_and_key(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(text)
    with pytest.raises(SetupError) as error:
        read_desk_file.read(path)
    assert str(error.value).startswith(f"{path}:")
    assert says in str(error.value)


async def test_the_case_webhook_of_an_earlier_file_is_a_webhook(
    story: Story, tmp_path: Path
) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(f'[case_webhook]\nurl = "https://a.example/hook"\nsecret = "{SECRET}"\n')
    await story.store.write(import_desk, read_desk_file.read(path))
    (hook,) = await story.store.read(webhooks.list_)
    assert (hook.name, hook.events, hook.with_texts) == (
        "Case webhook",
        ["case.created", "case.changed"],
        True,
    )


async def test_a_new_webhook_requires_a_secret_in_the_file(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text('[case_webhook]\nurl = "https://tickets.example.com/hook"\n')
    with pytest.raises(BadInput) as error:
        await story.store.write(import_desk, read_desk_file.read(path))
    assert error.value.errors == {"case_webhook.secret": "is required for a new webhook"}


def test_a_file_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be read: No such file"):
        read_desk_file.read(tmp_path / "none.toml")


async def test_messaging_actions_are_created_and_changed_by_name_in_the_files_order(
    story: Story, tmp_path: Path
) -> None:
    path = tmp_path / "desk.toml"
    second = (
        ACTION.replace("Remind", "First").replace("30m", "1h")
        + 'queues = ["Service desk"]\nbusiness_hours = true\n'
    )
    path.write_text(
        second
        + ACTION
        + 'conditions = [{ field = "state", is = "work_in_progress" }]\nactive = false\n'
    )
    for _ in range(2):
        await story.store.write(import_desk, read_desk_file.read(path))
    found = list((await story.store.read(messaging_actions.list_)).values())
    names = [one.action.name for one in found]
    assert sorted(names) == ["Close when abandoned", "First", "Remind", "Remind the agent"]
    assert names.index("First") < names.index("Remind")
    first, remind = (
        next(one.action for one in found if one.action.name == name) for name in ("First", "Remind")
    )
    assert (first.business_hours, remind.business_hours) == (True, False)
    assert (first.queues, first.duration.total_seconds(), first.active) == (
        ("Service desk",),
        3600,
        True,
    )
    assert (remind.active, len(remind.conditions)) == (False, 1)


async def test_an_action_for_a_queue_that_does_not_exist_is_refused(
    story: Story, tmp_path: Path
) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(ACTION + 'queues = ["None"]\n')
    with pytest.raises(BadInput) as error:
        await story.store.write(import_desk, read_desk_file.read(path))
    assert error.value.errors == {"messaging_actions.Remind.queues": "there is no queue “None”"}


async def test_a_view_of_an_unknown_agent_or_label_is_refused(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    for named, key in (
        ('agent = "nobody@example.com"', "agent"),
        ('agent = "mia@example.com"\nlabel = "None"', "label"),
    ):
        path.write_text(f'[[list_views]]\nname = "Mine"\n{named}\n')
        with pytest.raises(BadInput) as error:
            await story.store.write(import_desk, read_desk_file.read(path))
        assert list(error.value.errors) == [f"list_views.Mine.{key}"]


async def test_an_error_without_a_field_names_its_entry(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(
        "".join(
            f'[[list_views]]\nagent = "mia@example.com"\nname = "View {n}"\n'
            for n in range(MOST_VIEWS + 1)
        )
    )
    with pytest.raises(BadInput) as error:
        await story.store.write(import_desk, read_desk_file.read(path))
    assert error.value.errors == {
        f"list_views.View {MOST_VIEWS}": "An agent can save at most 50 views. Delete one first."
    }


async def test_the_demo_desk_has_the_default_messaging_actions(story: Story) -> None:
    assert (
        tuple(entry.to_action() for entry in read_desk_file.read(DEMO).messaging_actions) == SHIPPED
    )


async def test_a_partly_wrong_file_changes_nothing(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(
        '[[users]]\nexternal_id = "E9"\nname = "New"\n[[provider_numbers]]\nnumber = '
        '"+18885550300"\nqueue = "None"\n'
    )
    with pytest.raises(BadInput) as error:
        await story.store.write(import_desk, read_desk_file.read(path))
    assert error.value.errors == {"provider_numbers.+18885550300.queue": "there is no queue “None”"}
    assert await story.count(t.users, t.users.c.external_id == "E9") == 0


async def test_a_new_agent_requires_a_password(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text('[[agents]]\nemail = "new@example.com"\nname = "New"\n')
    with pytest.raises(BadInput, match="is not valid"):
        await story.store.write(import_desk, read_desk_file.read(path))
