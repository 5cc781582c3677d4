"""An agent starts a conversation from the workspace. The dialog finds recipients and shows what
sending will do, and sending does exactly that.
"""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest
import sqlalchemy as sa

from handoff_service.rules.conversations.agent_initiated import Situation
from handoff_service.rules.shared.vocabulary import Owner, State
from handoff_service.store.engine import tables as t
from tests.support.story import ANN, DIRECT, MAIN, MIA, OMAR, SHARED, STRANGER
from tests.web.workspace_server import SCRIPT, Answer, Running, Visitor, running, shown

BOT = {
    "PATCHBOARD_BOT_URL": "http://127.0.0.1:9/webhooks/sms/webhook",
    "PATCHBOARD_BURST_WINDOW": "3599",
}
ANN_ID, BOB_ID, CY_ID = 1, 2, 3


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    """A desk with a slow virtual agent that answers the main company number first."""
    async with running(tmp_path, **BOT) as service:
        yield service


async def preview(mia: Visitor, q: str, choice: str = "", sender: str = MAIN) -> Answer:
    async with mia.client.get(
        f"{mia.address}/workspace/new/look",
        params={"q": q, "choice": choice, "from": sender},
        headers=SCRIPT,
    ) as answer:
        return Answer(answer.status, await answer.text(), answer.headers)


def data_attribute(answer: Answer, name: str) -> str:
    found = re.search(rf'data-{name}="([^"]*)"', answer.text)
    assert found is not None
    return unescape(found[1])


async def send(mia: Visitor, q: str, row: Situation, choice: str = "", **more: str) -> Answer:
    fields = {"q": q, "choice": choice, "from": MAIN, "body": "Hi, Mia here", "expected_row": row}
    return await mia.act("/workspace/new", **(fields | more))


# Recipients ---------------------------------------------------------------------------------------

FOUND = {
    "a part of a name, one number": ("ann l", "1:+12025550101"),
    "an employee number": ("e1001", "1:+12025550101"),
    "a national number without a user": ("(202) 555-0101", ":+12025550101"),
    "E.164": ("+12025550177", ":+12025550177"),
    "another country": ("+44 7400 123456", ":+447400123456"),
}


async def test_a_typed_name_or_number_finds_the_recipient(mia: Visitor) -> None:
    for label, (q, value) in FOUND.items():
        answer = await preview(mia, q)
        assert (label, re.findall(r'value="([^"]*)" checked', answer.text)) == (label, [value])
        assert (label, data_attribute(answer, "number")) == (label, value.partition(":")[2])


async def test_a_number_is_shown_in_its_usual_format(mia: Visitor) -> None:
    assert "Read as +1 202 555 0177 , US" in shown((await preview(mia, "2025550177")).text)


async def test_the_agent_chooses_between_a_users_numbers(mia: Visitor) -> None:
    answer = await preview(mia, "Bob")
    assert "+1 202 555 0102" in shown(answer.text)
    assert "Choose one." in shown(answer.text)
    assert "checked" not in answer.text
    refused = await send(mia, "Bob", Situation.NO_ACTIVE_INTERACTION)
    assert (refused.status, refused.text.split(":")[0]) == (
        400,
        "Choose a person from the list, or a number that can receive texts.",
    )
    assert data_attribute(await preview(mia, "Bob", f"2:{SHARED}"), "number") == SHARED


REFUSED = {
    "too short": ("12345", "is too short for a phone number"),
    "too long": ("+1 202 555 0101 999 99", "is too long"),
    "no such country": ("+999 123456", "must be a phone number"),
    "an unknown name": ("Zoe", "No match."),
}


async def test_a_number_that_cannot_get_texts_shows_the_reason(desk: Running, mia: Visitor) -> None:
    for label, (q, why) in REFUSED.items():
        answer = await preview(mia, q)
        assert why in shown(answer.text), label
        assert (label, data_attribute(answer, "number")) == (label, "")
        assert (label, (await send(mia, q, Situation.NO_ACTIVE_INTERACTION)).status) == (label, 400)
    assert await desk.story.count(t.messages) == 0


WARNED = {
    "a landline": ("+44 161 496 0123", "looks like a landline"),
    "toll-free": ("888 234 5678", "looks like a toll-free number"),
    "premium": ("+1 900 234 5678", "looks like a premium-rate number"),
    "unknown range": ("+1 202 055 0123", "is in no known number range"),
}


async def test_a_number_of_another_type_shows_a_warning(mia: Visitor) -> None:
    for label, (q, why) in WARNED.items():
        answer = await preview(mia, q)
        assert why in shown(answer.text), label
        assert data_attribute(answer, "number"), label


async def test_an_agent_can_answer_a_short_code_that_has_texted(
    desk: Running, mia: Visitor
) -> None:
    assert "is too short" in shown((await preview(mia, "72975")).text)
    await desk.story.text(number="72975")
    answer = await preview(mia, "72975")
    assert data_attribute(answer, "number") == "72975"
    assert (await send(mia, "72975", Situation.ACTIVE_WITH_VIRTUAL_AGENT)).status < 400


async def test_a_landline_that_has_texted_has_no_warning(desk: Running, mia: Visitor) -> None:
    await desk.story.text(number="+442079460958")
    answer = await preview(mia, "+44 20 7946 0958")
    assert data_attribute(answer, "number") == "+442079460958"
    assert "looks like" not in shown(answer.text)


async def test_a_company_number_is_refused_as_recipient(desk: Running, mia: Visitor) -> None:
    assert "one of the company's own numbers" in shown((await preview(mia, "+1 888 555 0200")).text)
    refused = await send(mia, "+1 888 555 0200", Situation.NO_ACTIVE_INTERACTION)
    assert (refused.status, "own numbers" in refused.text) == (409, True)
    assert await desk.story.count(t.messages) == 0


async def test_an_agent_can_choose_a_landline_on_a_users_record(
    desk: Running, mia: Visitor
) -> None:
    row = {"user_id": ANN_ID, "number": "+442079460000"}
    await desk.desk.store.write(
        lambda tx, _: tx.conn.execute(sa.insert(t.user_numbers).values(row)), None
    )
    answer = await preview(mia, "Ann", "1:+442079460000")
    assert "looks like a landline" in shown(answer.text)
    assert data_attribute(answer, "number") == "+442079460000"


async def test_a_link_can_name_a_user_and_a_number_outside_their_record(mia: Visitor) -> None:
    answer = await mia.get(f"/workspace/new?user_id=2&to=%2B{STRANGER[1:]}", SCRIPT)
    assert data_attribute(answer, "number") == STRANGER
    assert "not on this person's record" in shown(answer.text)
    assert 'value="Bob Ruiz"' in answer.text
    assert (await mia.get("/workspace/new?user_id=99&to=nonsense", SCRIPT)).status == 200


# The effect of sending ----------------------------------------------------------------------------


async def test_without_an_active_interaction_sending_starts_one(
    desk: Running, mia: Visitor
) -> None:
    seen = await preview(mia, "Ann")
    assert (data_attribute(seen, "button"), data_attribute(seen, "effect")) == (
        "Send",
        "Starts a new conversation, assigned to you.",
    )
    answer = await send(mia, "Ann", Situation.NO_ACTIVE_INTERACTION)
    assert (answer.status, answer.headers["HX-Redirect"]) == (204, "/workspace/conversations/1")
    one = await desk.story.see(1)
    assert (one.owner.id, one.epoch, [a.id for a in one.live_group]) == (MIA, 1, [MIA])


async def test_sending_into_a_colleagues_conversation_joins_and_keeps_the_owner(
    desk: Running, mia: Visitor
) -> None:
    await desk.story.available(OMAR)
    one = (await desk.story.text("hi")).interaction_id or 0
    await desk.story.write(one, "Omar here", OMAR)
    before = await desk.story.see(one)
    seen = await preview(mia, "Ann")
    assert data_attribute(seen, "button") == "Join and send"
    assert "Omar Haddad stays in charge" in data_attribute(seen, "effect")
    assert "A conversation with this number is open" in shown(seen.text)
    assert "Omar here" in shown(seen.text)
    assert (await send(mia, "Ann", Situation.ACTIVE_WITH_LIVE_AGENT)).status == 204
    after = await desk.story.see(one)
    assert (after.owner, after.epoch, after.assigned_to and after.assigned_to.id) == (
        before.owner,
        before.epoch,
        OMAR,
    )
    assert {a.id for a in after.live_group} == {MIA, OMAR}
    assert await desk.story.count(t.interactions) == 1
    again = await preview(mia, "Ann")
    assert (
        data_attribute(again, "button"),
        "which you are already in" in data_attribute(again, "effect"),
    ) == (
        "Send",
        True,
    )
    page = shown((await mia.get(f"/workspace/conversations/{one}")).text)
    assert "with Omar Haddad" in page
    assert "Live group Omar Haddad assigned Mia Chen (you)" in page


async def test_sending_closes_a_conversation_with_the_virtual_agent_and_starts_a_new_one(
    desk: Running, mia: Visitor
) -> None:
    old = (await desk.story.text("hi")).interaction_id or 0
    seen = await preview(mia, "Ann")
    assert data_attribute(seen, "button") == "Close the old one and send"
    answer = await send(mia, "Ann", Situation.ACTIVE_WITH_VIRTUAL_AGENT)
    assert answer.headers["HX-Redirect"] == f"/workspace/conversations/{old + 1}"
    assert (await desk.story.see(old)).state is State.CLOSED_COMPLETE
    assert (await desk.story.see(old + 1)).owner.id == MIA
    assert await desk.story.texted(old) == [], "the requester gets no text about the change"


async def test_sending_to_another_person_on_the_number_replaces_the_profile(
    desk: Running, mia: Visitor
) -> None:
    old = (await desk.story.text("hi", number=SHARED)).interaction_id or 0
    await desk.story.write(old, "Who is this?", OMAR)
    bob = (
        sa.update(t.interactions).values(user_id=BOB_ID),
        sa.update(t.messaging_profiles).values(user_id=BOB_ID),
    )
    for statement in bob:
        await desk.desk.store.write(lambda tx, what: tx.conn.execute(what), statement)
    seen = await preview(mia, "Cy")
    assert data_attribute(seen, "button") == "Close the old one and send"
    assert "Closes the conversation with Bob Ruiz, links the number to Cy Ruiz" in data_attribute(
        seen, "effect"
    )
    assert (await send(mia, "Cy", Situation.ACTIVE_WITH_SOMEONE_ELSE)).status == 204
    new = await desk.story.see(old + 1)
    assert (new.user and new.user.id, new.owner.id) == (CY_ID, MIA)
    profiles = await desk.story.rows(t.messaging_profiles)
    assert sorted((p.user_id, p.active) for p in profiles) == [(BOB_ID, False), (CY_ID, True)]
    assert [a.id for a in (await desk.story.see(old)).live_group] == [OMAR], (
        "Mia was never in the other conversation"
    )


async def test_sending_assigns_a_waiting_conversation_to_the_agent(
    desk: Running, mia: Visitor
) -> None:
    one = (await desk.story.text("hi")).interaction_id or 0
    await desk.story.hand_off(one)
    assert data_attribute(await preview(mia, "Ann"), "button") == "Take over and send"
    assert (await send(mia, "Ann", Situation.ACTIVE_WITH_LIVE_AGENT)).status == 204
    assert (await desk.story.see(one)).owner.id == MIA


async def test_another_company_number_starts_a_separate_conversation(
    desk: Running, mia: Visitor
) -> None:
    await desk.story.text("hi")
    assert data_attribute(await preview(mia, "Ann", sender=DIRECT), "button") == "Send"
    assert (
        data_attribute(await preview(mia, "Ann", sender="+15005550006"), "button")
        == "Close the old one and send"
    ), "the default company number"


async def test_the_agent_confirms_again_if_the_conversation_changed_meanwhile(
    desk: Running, mia: Visitor
) -> None:
    seen = await preview(mia, "Ann")
    row = re.search(r'name="expected_row" value="([^"]*)"', seen.text)
    assert row is not None
    bots = (await desk.story.text("hi")).interaction_id or 0
    refused = await send(mia, "Ann", Situation(row[1]))
    assert refused.status == 409
    assert "Not sent, because this conversation has changed" in refused.text
    assert "Closes the conversation with the virtual agent" in refused.text
    one = await desk.story.see(bots)
    assert (one.owner.kind, one.state) == (Owner.VIRTUAL_AGENT, State.NEW)
    assert await desk.story.texted(bots) == []


SEND_REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "an empty message": ({"body": " \r\n "}, "Write a message."),
    "too long": ({"body": "x" * 16_001}, "at most 16000"),
    "a NUL": ({"body": "a\0b"}, "NUL"),
    "without a preview": ({"expected_row": ""}, "Read “What sending will do”"),
    "an invalid row": ({"expected_row": "x" * 9000}, "Read “What sending will do”"),
    "nobody": ({"q": ""}, "Choose a person"),
}


async def test_a_refused_send_shows_the_reason(desk: Running, mia: Visitor) -> None:
    usual = {"q": "Ann", "body": "hi", "expected_row": str(Situation.NO_ACTIVE_INTERACTION)}
    for label, (fields, why) in SEND_REFUSED.items():
        answer = await mia.act("/workspace/new", **(usual | fields))
        assert (label, answer.status) == (label, 400)
        assert why in answer.text, label
    assert await desk.story.count(t.interactions) == 0


async def test_an_agent_starts_a_conversation_without_javascript(
    desk: Running, mia: Visitor
) -> None:
    page = await mia.get("/workspace/new")
    assert '<dialog class="dialog" id="new-dialog" aria-labelledby="new-title" open>' in page.text
    csrf = await mia.csrf()
    fields = {"q": "Ann", "from": MAIN, "body": "Hi <b>Ann</b>", "csrf": csrf}
    page = await mia.post("/workspace/new/look", **fields)
    assert "Starts a new conversation" in shown(page.text)
    assert "Hi &lt;b&gt;Ann" in page.text
    sent = await mia.post(
        "/workspace/new", **fields, choice=f"1:{ANN}", expected_row=Situation.NO_ACTIVE_INTERACTION
    )
    assert (sent.status, sent.headers["Location"]) == (303, "/workspace/conversations/1")
    assert await desk.story.texted(1) == ["Hi <b>Ann</b>"]


async def test_the_dialog_requires_a_session_and_a_form_token(desk: Running, mia: Visitor) -> None:
    async with desk.visitor() as stranger:
        assert (await stranger.post("/workspace/new", SCRIPT, q="Ann")).status == 401
        assert (await stranger.get("/workspace/new/look?q=Ann", SCRIPT)).status == 401
        assert (
            await stranger.get(f"/workspace/new/events?number=%2B{ANN[1:]}", SCRIPT)
        ).status == 401
    assert (await mia.post("/workspace/new", SCRIPT, q="Ann", body="hi")).status == 403
    assert (await mia.get("/workspace/new/events?number=Ann", SCRIPT)).status == 400


# Templates ----------------------------------------------------------------------------------------


@pytest.fixture
async def _templates(desk: Running) -> None:
    bodies = {
        "Greeting": "Hi {requester.first_name}, {agent.first_name} here.",
        "Full": "To {requester.name} from {agent.name}.",
        "Numbered": "About {interaction.number}, {requester.name}.",
    }
    rows = sa.insert(t.templates).values(
        [{"name": f"Q {name}", "body": body} for name, body in bodies.items()]
    )
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(rows), None)


async def texts(mia: Visitor, choice: str, q: str = "q ", sender: str = MAIN) -> list[str]:
    async with mia.client.get(
        f"{mia.address}/workspace/new/templates",
        params={"q": q, "choice": choice, "from": sender},
        headers=SCRIPT,
    ) as answer:
        assert answer.status == 200
        page = await answer.text()
    assert ("not shown" in page) == ("1 template is" in page)
    return [unescape(one) for one in re.findall(r'data-text="([^"]*)"', page)]


@pytest.mark.usefixtures("_templates")
async def test_templates_are_filled_for_the_chosen_recipient(mia: Visitor) -> None:
    assert await texts(mia, f"{ANN_ID}:{ANN}") == ["To Ann Lee from Mia Chen.", "Hi Ann, Mia here."]
    # only Ann has this number
    assert await texts(mia, f":{ANN}") == ["To Ann Lee from Mia Chen.", "Hi Ann, Mia here."]
    # two users share this number
    assert await texts(mia, f":{SHARED}") == ["To there from Mia Chen.", "Hi there, Mia here."]
    assert await texts(mia, f":{STRANGER}") == ["To there from Mia Chen.", "Hi there, Mia here."]
    for nobody in ("", "x", "1", f"{'9' * 40}:{ANN}", ":12", "²:+12025550101"):
        assert await texts(mia, nobody) == ["To there from Mia Chen.", "Hi there, Mia here."]
    assert await texts(mia, f"{ANN_ID}:{ANN}", sender="+12025550000") == await texts(mia, "")
    assert await texts(mia, f"{ANN_ID}:{ANN}", q="greet") == ["Hi Ann, Mia here."]


@pytest.mark.usefixtures("_templates")
async def test_a_template_names_the_conversation_only_if_there_is_one(
    desk: Running, mia: Visitor
) -> None:
    received = await desk.story.text("my badge", to=DIRECT)
    filled = await texts(mia, f"{ANN_ID}:{ANN}", sender=DIRECT)
    assert f"About INT{received.interaction_id:07}, Ann Lee." in filled
    assert all("About" not in one for one in await texts(mia, f"{ANN_ID}:{ANN}", sender=MAIN))
