"""The admin's pages in a browser without JavaScript."""

import re

from handoff_service.store.desk import user_words
from handoff_service.store.engine import tables as t
from handoff_service.web.admin.routes import PAGES
from tests.support.story import ANN
from tests.web.admin_browser import Admin
from tests.web.workspace_server import Running, shown


async def test_only_admins_see_the_pages(desk: Running) -> None:
    async with desk.visitor() as mia:
        await mia.sign_in()
        for path in ["/", *(p for p in PAGES if "<" not in p)]:
            answer = await mia.get(f"/workspace/admin{path}")
            says = "can do this. Ask an admin for the role." in shown(answer.text)
            assert (answer.status, says) == (403, True), path
    async with desk.visitor() as anyone:
        assert (
            (await anyone.get("/workspace/admin/users")).headers["Location"].startswith("/sign-in?")
        )


async def test_the_menu_links_to_every_page_and_marks_the_current_one(grace: Admin) -> None:
    start = await grace.get("/workspace/admin")
    assert (start.status, start.headers["Location"]) == (302, "/workspace/admin/checklist")
    text = (await grace.get("/workspace/admin/users")).text
    assert '<a href="/workspace/admin/users" aria-current="page">Users</a>' in text
    assert "<title>Users · Patchboard</title>" in text


async def test_an_admin_finds_users_by_name_employee_number_and_last_digits(
    grace: Admin,
) -> None:
    everyone = shown((await grace.get("/workspace/admin/users")).text)
    assert "Ann Lee E1001 ann@example.com +1 202 555 0101" in everyone
    for q in ("lee", "e1001", "0101"):
        page = shown((await grace.get(f"/workspace/admin/users?q={q}")).text)
        assert ("Ann Lee" in page, "Bob Ruiz" in page) == (True, False), q
    nobody = shown((await grace.get("/workspace/admin/users?q=%3Cq%3E")).text)
    assert "No results for “<q>”" in nobody


async def test_an_admin_creates_changes_and_deactivates_a_user(desk: Running, grace: Admin) -> None:
    wrong = await grace.send(
        "/users/new", name=" ", external_id="E1001", email="dee", numbers="12", facts="pin"
    )
    assert wrong.status == 400
    assert "Write name = value on each line. “pin” is invalid." in shown(wrong.text)
    for typed in ('value="E1001"', 'value="dee"', ">\n12</textarea>", ">\npin</textarea>"):
        assert typed in wrong.text, "the form keeps the typed values"
    wrong = await grace.send("/users/new", name="", external_id="E1001", email="dee", numbers="12")
    text = shown(wrong.text)
    assert "+112 is too short for a phone number." in text
    assert "Must not be empty." in text
    assert "Must be an e-mail address, such as mia@example.com." in text
    assert 'aria-invalid="true" aria-describedby="name-wrong" autofocus' in wrong.text
    taken = await grace.send("/users/new", name="Dee <b>", external_id="E1001")
    assert (taken.status, "the employee number “E1001” already" in shown(taken.text)) == (409, True)

    made = await grace.send(
        "/users/new", name="Dee <b>", external_id="E7", numbers="(202) 555-0107\n+12025550108",
        attributes="department = Sales\nfloor=2", facts="birth year = 1990",
    )  # fmt: skip
    assert made.status == 303
    one = made.headers["Location"].removeprefix("/workspace/admin").split("?")[0]
    page = (await grace.get(f"/workspace/admin{one}?done=made")).text
    assert "Dee &lt;b&gt;" in page
    assert "+12025550107\n+12025550108</textarea>" in page
    assert "department = Sales\nfloor = 2</textarea>" in page
    assert ("On file: birth year." in page, "1990" in page) == (True, False)
    values = {
        "name": "Dee Moss",
        "external_id": "E7",
        "numbers": "+12025550107",
        "facts": "birth year =",
    }
    assert (await grace.send(one, **values)).headers["Location"].endswith(f"{one}?done=saved")
    page = (await grace.get(f"/workspace/admin{one}")).text
    assert ("On file" in page, ">\n+12025550107</textarea>" in page) == (False, True)

    vip = {"key": "vip", "name": "VIP", "owner": "user", "type": "yes_no", "shown": "panel"}
    assert (await grace.send("/attributes/new", **vip)).status == 303
    typed = {**values, "attribute-vip": "yes", "attributes": "floor = 3", "facts": ""}
    assert (await grace.send(one, **typed)).status == 303
    page = (await grace.get(f"/workspace/admin{one}")).text
    assert '<option value="yes" selected>Yes</option>' in page
    assert ">\nfloor = 3</textarea>" in page
    wrong = await grace.send(one, **typed | {"attribute-vip": "perhaps"})
    assert "“VIP” must be yes or no." in shown(wrong.text)

    received = await desk.story.text(number="+12025550107")
    asked = shown((await grace.get(f"/workspace/admin{one}/delete")).text)
    assert "Deactivate Dee Moss?" in asked
    assert "Deactivate this user" in asked
    assert "Delete" not in asked.split("Deactivate Dee Moss?")[1]
    assert (
        (await grace.send(f"{one}/delete")).headers["Location"].endswith("/users?done=deactivated")
    )
    page = shown((await grace.get(f"/workspace/admin{one}")).text)
    assert "This user is deactivated:" in page
    assert received.interaction_id is not None
    assert (await grace.send(one, name="Dee Moss", external_id="E7", active="1")).status == 303
    assert "This user is deactivated:" not in (await grace.get(f"/workspace/admin{one}")).text


async def test_a_long_list_is_paged_by_name_and_keeps_the_search(
    desk: Running, grace: Admin
) -> None:
    rows = [
        {"external_id": f"X{n}", "name": f"Person {n:03d}", "attributes": {}} for n in range(120)
    ]
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(t.users.insert(), rows), None)
    await desk.desk.store.write(lambda tx, _: user_words.index_users(tx.conn, range(1, 200)), None)
    seen, path = [], "?q=Person"
    while path:
        page = (await grace.get(f"/workspace/admin/users{path}")).text
        seen += re.findall(r"Person \d{3}", page)
        following = re.search(r'href="(\?[^"]*)" rel="next"', page)
        path = following[1].replace("&amp;", "&") if following else ""
    assert seen == [f"Person {n:03d}" for n in range(120)]
    assert 'href="?q=Person">First page' in page


async def test_an_admin_links_a_profile_to_a_user_and_the_page_shows_its_history(
    desk: Running, grace: Admin
) -> None:
    empty = shown((await grace.get("/workspace/admin/profiles")).text)
    assert "No messaging profiles yet" in empty
    received = await desk.story.text(number=ANN)
    assert "+1 202 555 0101 Ann Lee" in shown(
        (await grace.get("/workspace/admin/profiles?q=555-0101")).text
    )
    assert "No results" in shown((await grace.get("/workspace/admin/profiles?q=Lee")).text)
    page = shown((await grace.get("/workspace/admin/profiles/1?q=Ruiz")).text)
    assert "Linked to Ann Lee" in page
    assert "Link to Bob" in page
    assert (
        (await grace.send("/profiles/1", user_id="2"))
        .headers["Location"]
        .endswith("/profiles/1?done=saved")
    )
    page = shown((await grace.get("/workspace/admin/profiles/1")).text)
    assert "Ann Lee Bob Ruiz Linked by an admin, Grace Okafor INT0000001" in page
    assert received.interaction_id is not None
    assert (await desk.story.see(received.interaction_id)).user is not None
    assert (await grace.send("/profiles/1", user_id="x")).status == 400
    assert (await grace.send("/profiles/1", user_id="99")).status == 404
    assert (await grace.send("/profiles/1/delete")).status == 303
    assert "Deactivated" in shown((await grace.get("/workspace/admin/profiles/1")).text)


async def test_an_admin_sets_up_agents_and_groups(desk: Running, grace: Admin) -> None:
    new = {
        "name": "Lee Park",
        "email": "lee@example.com",
        "capacity": "3",
        "roles": "agent",
        "groups": "Nights",
    }
    typo = await grace.send("/agents/new", **new, password="long enough")
    assert "There is no group “Nights” yet." in shown(typo.text)
    assert 'name="create" value="groups:Nights"' in typo.text, "the page offers to create it"
    new["create"] = "groups:Nights"
    short = await grace.send("/agents/new", **new, password="short")
    assert "Must have at least 8 characters" in shown(short.text)
    assert 'value="short"' not in short.text, "a password is never shown"
    many = await grace.send("/agents/new", **new | {"capacity": "many"}, password="long enough")
    assert "Must be a whole number." in shown(many.text)
    made = await grace.send("/agents/new", **new, password="long enough")
    one = made.headers["Location"].removeprefix("/workspace/admin").split("?")[0]
    page = shown((await grace.get("/workspace/admin/agents")).text)
    assert "Lee Park lee@example.com Agent Nights Offline 0 of 3" in page
    assert "Nights 1 the agent's own limit" in page

    async with desk.visitor() as lee:
        assert (await lee.sign_in("lee@example.com", "long enough")).status == 303
        assert (await grace.send(one, **new, password="another one")).status == 303
        assert (await lee.get("/workspace")).headers["Location"] == "/sign-in"
        assert (await lee.sign_in("lee@example.com", "another one")).status == 303
        assert (await grace.send(f"{one}/delete")).headers["Location"].endswith("?done=deleted")
        assert (await lee.get("/workspace")).headers["Location"] == "/sign-in"
        assert (await lee.sign_in("lee@example.com", "another one")).status == 401

    last = await grace.send("/agents/3", **new | {"email": "grace@example.com", "groups": ""})
    assert "is the last active admin. Give another agent the role first." in shown(last.text)
    group = re.search(
        r'/admin(/groups/\d+)">Nights', (await grace.get("/workspace/admin/agents")).text
    )
    assert group is not None
    assert (await grace.send(group[1], name="Evenings", capacity="1")).status == 303
    assert "Evenings 0 1" in shown((await grace.get("/workspace/admin/agents")).text)
    asked = await grace.send("/groups/1/delete")
    assert (
        asked.status,
        "Remove the group there first. Open Service desk" in shown(asked.text),
    ) == (
        409,
        True,
    )


async def test_a_form_without_its_sessions_token_is_refused(desk: Running, grace: Admin) -> None:
    answer = await grace.post("/workspace/admin/users/new", name="X", external_id="X")
    assert (answer.status, "Reload it and try again" in shown(answer.text)) == (403, True)
    assert await desk.story.count(t.users, t.users.c.external_id == "X") == 0
