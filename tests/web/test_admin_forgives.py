"""Admin forms lose no typed values. They resolve concurrent edits, show all errors at once, list
the records that prevent a deletion, and show who changed what.
"""

import re
from html import unescape

from handoff_service.operations.desk.users import ChangeUser, change_user
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.store.desk_file.record_changes import history
from handoff_service.web.admin.merging import Filled, merged
from tests.support.story import OMAR
from tests.web.admin_browser import Admin
from tests.web.workspace_server import SCRIPT, Answer, Running, shown

ANN = {"name": "Ann Lee", "external_id": "E1001", "email": "ann@example.com"}


def hidden_was(page: Answer) -> str:
    """Return the value of the form's hidden field ``was``, which the browser sends back."""
    found = re.search(r'name="was" value="([^"]*)"', page.text)
    assert found is not None
    return unescape(found[1])


def test_only_fields_that_both_admins_changed_conflict() -> None:
    before = Filled(version=1, values={"name": "Ann", "email": "a@x", "numbers": "1", "note": ""})
    now = Filled(version=2, values={"name": "Anna", "email": "b@x", "numbers": "1", "note": "n"})
    mine = {"name": "Annie", "email": "a@x", "numbers": "1\r\n2", "note": "n"}
    both = merged(mine, before, now, [])
    assert dict(both.values) == {"name": "Annie", "email": "b@x", "numbers": "1\r\n2", "note": "n"}
    assert [(one.name, one.clash) for one in both.rivals] == [
        ("name", True),
        ("email", False),
        ("note", False),
    ]


async def test_saving_over_a_newer_record_is_refused_and_typed_values_stay(
    desk: Running, grace: Admin
) -> None:
    opened = hidden_was(await grace.get("/workspace/admin/users/1"))
    change = ChangeUser(id=1, by=OMAR, values={"name": "Ann Leigh", "email": "leigh@example.com"})
    await desk.desk.store.acting(OMAR).write(change_user, change)
    mine = {**ANN, "name": "Anne Lee", "numbers": "+12025550101", "attributes": "floor = 2"}
    answer = await grace.send("/users/1", **mine, was=opened)
    text = shown(answer.text)
    assert answer.status == 409
    assert (
        "Somebody else saved this while you were editing. Your changes are not saved yet." in text
    )
    assert "Name Omar Haddad" in text
    assert "Ann Lee → Ann Leigh Name: which value to save Keep mine: Anne Lee Take theirs" in text
    assert "You did not change this, so their value is kept." in text
    assert 'value="leigh@example.com"' in answer.text, (
        "the other admin changed this field, and Grace did not"
    )
    assert ">\nfloor = 2</textarea>" in answer.text, (
        "Grace changed this field, and the other admin did not"
    )
    assert 'data-unsaved="[&#34;name&#34;, &#34;attributes&#34;]"' in answer.text

    merge = {**mine, "email": "leigh@example.com", "was": hidden_was(answer)}
    saved = await grace.send("/users/1", **merge, **{"keep-name": "theirs"})
    assert saved.status == 303
    page = (await grace.get("/workspace/admin/users/1")).text
    assert 'value="Ann Leigh"' in page
    assert ">\nfloor = 2</textarea>" in page


async def test_an_admin_can_save_the_same_form_twice(grace: Admin) -> None:
    for path, fields in {
        "/desk": {"name": "Desk", "country": "US", "time_zone": "UTC", "away_after_seconds": "45"},
        "/texts/closed": {"body": "{queue} is closed."},
        "/groups/1": {"name": "Service desk", "capacity": "3"},
    }.items():
        page = await grace.get(f"/workspace/admin{path}")
        answer = await grace.send(path, **fields, was=hidden_was(page))
        assert answer.status == 303, (path, shown(answer.text))


async def test_every_error_is_shown_at_once_with_a_link_to_its_field(grace: Admin) -> None:
    fields = {"name": "", "external_id": "E1001", "email": "dee", "numbers": "12", "facts": "pin"}
    answer = await grace.send("/users/new", **fields)
    text = shown(answer.text)
    assert "Not saved. Fix the 5 fields below." in text
    for name, error in {
        "name": "Name: Must not be empty.",
        "external_id": "Employee number: A user with the employee number “E1001” already exists. "
        "Enter another.",
        "email": "E-mail: Must be an e-mail address, such as mia@example.com.",
        "numbers": "Phone numbers: +112 is too short for a phone number.",
        "facts": "Identity facts: Write name = value on each line. “pin” is invalid.",
    }.items():
        assert f'href="#{name}"' in answer.text
        assert error in text.replace(" : ", ": ")
    assert "E1001" in (await grace.get("/workspace/admin/users?q=e1001")).text
    assert "E7" not in (await grace.get("/workspace/admin/users")).text


async def test_deleting_lists_and_links_blocking_records(desk: Running, grace: Admin) -> None:
    asked = await grace.get("/workspace/admin/queues/1/delete", SCRIPT)
    assert '<h2 id="loaded-title">' in asked.text
    assert "<html" not in asked.text
    assert "You cannot delete this yet" in shown(asked.text)
    assert '<a href="/workspace/admin/provider-numbers/1">' in asked.text
    assert 'type="submit"' not in asked.text
    refused = await grace.send("/queues/1/delete")
    assert refused.status == 409
    assert '<a href="/workspace/admin/provider-numbers/1">' in refused.text
    free = await grace.get("/workspace/admin/users/1/delete")
    assert 'class="btn danger end" type="submit"' in free.text


async def test_a_record_shows_who_changed_what(desk: Running, grace: Admin) -> None:
    await grace.send("/groups/1", name="Service desk", capacity="3")
    text = shown((await grace.get("/workspace/admin/groups/1")).text)
    assert "Changes Grace Okafor" in text
    assert "Maximum conversations per agent empty → 3" in text
    newest = (await desk.desk.store.read(history, Noun.GROUP, "1"))[0]
    assert newest.changes == {"capacity": [None, 3]}


async def test_a_deleted_record_is_found_from_its_list(desk: Running, grace: Admin) -> None:
    await grace.send("/templates/new", name="Password reset", body="Reset it at acme.example")
    one = re.search(r'/workspace/admin/templates/(\d+)"', (await grace.get(TEMPLATES)).text)
    assert one is not None
    await grace.send(f"/templates/{one[1]}", name="Password reset", body="Reset it at home")
    empty = await grace.get("/workspace/admin/deleted/templates")
    assert "Nothing deleted" in empty.text
    await grace.send(f"/templates/{one[1]}/delete")
    assert 'href="/workspace/admin/deleted/templates"' in (await grace.get(TEMPLATES)).text
    text = shown((await grace.get("/workspace/admin/deleted/templates")).text)
    assert "Password reset Deleted by Grace Okafor" in text
    assert "Text Reset it at acme.example → Reset it at home" in text
    assert (await grace.get("/workspace/admin/deleted/cats")).status == 404


TEMPLATES = "/workspace/admin/templates"
