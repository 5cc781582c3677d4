"""An admin changes users, agents, groups and profiles. Table 1 still holds, every change of an
active conversation adds a line, records in the history stay, and no requester is left without an
agent.
"""

import re

import pytest

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.desk import agents, groups, users
from handoff_service.operations.desk.passwords import hash_password
from handoff_service.operations.desk.provider_numbers import (
    ChangeProviderNumber,
    MakeProviderNumber,
    change_provider_number,
    make_provider_number,
)
from handoff_service.operations.desk.sign_in import OpenSession, open_session, signed_in
from handoff_service.operations.desk_file.desk_file import UserEntry
from handoff_service.operations.desk_file.import_users import import_users
from handoff_service.operations.identity import profiles as profile_changes
from handoff_service.operations.identity.knowledge_facts import hashed, matches
from handoff_service.operations.identity.verify_requester import (
    Undo,
    Verify,
    undo_verification,
    verify_requester,
)
from handoff_service.rules.identity.identity_level import Level
from handoff_service.rules.identity.proof import fact_hash
from handoff_service.rules.shared.vocabulary import Owner, Presence, Role
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.desk.users import select_users
from handoff_service.store.engine import tables as t
from handoff_service.store.identity import associations, profiles
from handoff_service.store.views import Named
from tests.support.story import ANN, BOB, DIRECT, MIA, OMAR, SHARED, STRANGER, Story

ANN_ID, BOB_ID, CY_ID = 1, 2, 3
BY = OMAR  # Any agent works here, because the web layer checks roles.


async def change_user(story: Story, user: int, **values: object) -> None:
    await story.store.write(users.change_user, users.ChangeUser(id=user, by=BY, values=values))


async def remove_user(story: Story, user: int) -> bool:
    return await story.store.write(users.delete_user, users.DeleteUser(id=user, by=BY))


async def change_agent(story: Story, agent: int, **values: object) -> None:
    await story.store.write(agents.change_agent, agents.ChangeAgent(id=agent, by=BY, values=values))


async def link(story: Story, profile: int, user: int | None) -> None:
    await story.store.write(
        profile_changes.tie_profile, profile_changes.Tie(profile_id=profile, user_id=user, by=BY)
    )


async def profile_of(story: Story, number: str) -> int:
    (found,) = [p for p in await story.store.read(profiles.list_, number=number) if p.active]
    return found.id


async def line_bodies(story: Story, interaction: int) -> list[str]:
    return [line.body for line in await story.lines(interaction)]


# Users --------------------------------------------------------------------------------------------


async def test_the_next_text_from_a_new_users_number_belongs_to_the_user(story: Story) -> None:
    first = (await story.text(number=STRANGER)).interaction_id
    assert first is not None
    make = users.MakeUser(
        external_id="E2000",
        name="Dee Moss",
        numbers=[STRANGER, STRANGER],
        attributes={"department": "Sales"},
        facts=hashed({"birth year": "  19 90 "}, "key"),
    )
    dee = await story.store.write(users.make_user, make)
    (user,) = await story.store.read(select_users, t.users.c.id == dee)
    assert (user.numbers, user.attributes, user.active) == (
        [STRANGER],
        {"department": "Sales"},
        True,
    )
    (fact,) = await story.rows(t.user_facts)
    assert matches([fact.hash], [fact_hash("key", "19 90")])
    assert (await story.see(first)).guest, (
        "an active conversation changes its user only with a visible line"
    )
    await story.close(first)
    again = (await story.text(number=STRANGER)).interaction_id
    assert again is not None
    assert (await story.see(again)).user == Named(id=dee, name="Dee Moss")
    with pytest.raises(Conflict, match="E2000"):
        await story.store.write(users.make_user, make)


async def test_a_user_cannot_have_a_company_number(story: Story) -> None:
    said = rf"\{DIRECT} is the company's own number “.+”, so no user can have it"
    with pytest.raises(BadInput) as refused:
        await change_user(story, CY_ID, numbers=[SHARED, DIRECT])
    assert re.match(said, refused.value.errors["numbers"])
    with pytest.raises(BadInput):
        await story.store.write(
            users.make_user, users.MakeUser(external_id="E2", name="Dee", numbers=[DIRECT])
        )
    entry = UserEntry(external_id="E2", name="Dee", numbers=[DIRECT])
    with pytest.raises(BadInput) as refused:
        await story.store.write(lambda tx, _: import_users(tx, [entry], {}), None)
    assert re.match(said, refused.value.errors["users.E2.numbers"])


OLD_FORM, NEW_FORM = "+5215512345678", "+525512345678"


async def test_a_company_number_cannot_be_a_users_number(story: Story) -> None:
    await change_user(story, CY_ID, numbers=[NEW_FORM])
    for number in (ANN, OLD_FORM):
        with pytest.raises(BadInput) as refused:
            await story.store.write(
                make_provider_number, MakeProviderNumber(number=number, queue="Service desk")
            )
        assert "Remove it there first" in refused.value.errors["number"]
        with pytest.raises(BadInput):
            await story.store.write(
                change_provider_number, ChangeProviderNumber(id=2, values={"number": number})
            )
    await change_user(story, CY_ID, numbers=[])
    made = MakeProviderNumber(number=OLD_FORM, queue="Service desk")
    await story.store.write(make_provider_number, made)
    with pytest.raises(BadInput):
        await change_user(story, CY_ID, numbers=[NEW_FORM])


async def test_two_users_can_share_a_number_and_become_candidates(story: Story) -> None:
    await change_user(story, CY_ID, numbers=[SHARED, ANN])
    received = await story.text(number=ANN)
    assert received.interaction_id is not None
    seen = await story.see(received.interaction_id)
    assert (seen.guest, [user.name for user in seen.candidates]) == (True, ["Ann Lee", "Cy Ruiz"])


async def test_removing_a_users_number_keeps_the_profile_and_active_conversations(
    story: Story,
) -> None:
    running = (await story.text(number=ANN)).interaction_id
    assert running is not None
    await change_user(story, ANN_ID, numbers=[])
    await change_user(story, BOB_ID, numbers=[BOB, ANN])
    seen = await story.see(running)
    assert (seen.user and seen.user.id, [c.id for c in seen.candidates]) == (ANN_ID, [BOB_ID])
    await story.close(running)
    again = (await story.text(number=ANN)).interaction_id
    assert again is not None
    conflict = await story.see(again)
    assert (conflict.user and conflict.user.id) == ANN_ID, (
        "the interaction belongs to the profile's user (table 1)"
    )


async def test_an_unused_user_is_deleted_and_a_user_in_the_history_is_deactivated(
    story: Story,
) -> None:
    assert await remove_user(story, CY_ID) is True
    assert await story.count(t.users, t.users.c.id == CY_ID) == 0
    with pytest.raises(NotFound):
        await remove_user(story, CY_ID)

    running = (await story.text(number=ANN)).interaction_id
    assert running is not None
    assert await remove_user(story, ANN_ID) is False
    (user,) = await story.store.read(select_users, t.users.c.id == ANN_ID)
    assert (user.name, user.numbers, user.active) == ("Ann Lee", [], False)
    assert not any(p.active for p in await story.store.read(profiles.list_, number=ANN))
    seen = await story.see(running)
    assert (seen.user and seen.user.name) == "Ann Lee", "the history keeps the name"
    assert (await line_bodies(story, running))[-1].startswith(
        "Omar Haddad deactivated Ann Lee: this conversation keeps"
    )
    assert (await story.text(number=ANN)).interaction_id == running
    assert (await story.see(running)).user == seen.user
    await story.close(running)
    fresh = (await story.text(number=ANN)).interaction_id
    assert fresh is not None
    assert (await story.see(fresh)).guest


async def test_neither_a_verification_nor_an_undo_can_select_a_deactivated_user(
    story: Story,
) -> None:
    running = (await story.text(number=ANN)).interaction_id
    assert running is not None
    verify = Verify(interaction_id=running, agent_id=MIA, user_id=BOB_ID)
    await story.store.write(verify_requester, verify)
    await change_user(story, ANN_ID, active=False)
    with pytest.raises(NotFound, match="no active user 1"):
        await story.store.write(undo_verification, Undo(interaction_id=running, agent_id=MIA))
    with pytest.raises(NotFound, match="no active user 1"):
        await story.store.write(
            verify_requester, Verify(interaction_id=running, agent_id=MIA, user_id=ANN_ID)
        )
    with pytest.raises(Conflict, match="Ann Lee is deactivated and has no numbers"):
        await change_user(story, ANN_ID, numbers=[ANN])
    await change_user(story, ANN_ID, active=True, numbers=[ANN])
    await story.store.write(undo_verification, Undo(interaction_id=running, agent_id=MIA))
    assert (await story.see(running)).user == Named(id=ANN_ID, name="Ann Lee")


# Messaging profiles -------------------------------------------------------------------------------


async def test_linking_a_profile_moves_active_conversations_with_a_line_and_can_be_undone(
    story: Story,
) -> None:
    here = (await story.text(number=ANN)).interaction_id
    there = (await story.text(number=ANN, to=DIRECT)).interaction_id
    assert here is not None
    assert there is not None
    profile = await profile_of(story, ANN)
    await link(story, profile, BOB_ID)
    for one in (here, there):
        seen = await story.see(one)
        assert (seen.user and seen.user.id, seen.identity.level) == (BOB_ID, Level.MATCHED)
        assert (await line_bodies(story, one))[-1] == "Omar Haddad linked this number to Bob Ruiz"
    await link(story, profile, BOB_ID)  # The second call changes nothing.
    history = await story.store.read(associations.of_number, ANN)
    assert [
        (a.method, a.by, a.before and a.before.name, a.after and a.after.name) for a in history
    ] == [("admin", "Omar Haddad", "Ann Lee", "Bob Ruiz")] * 2
    await story.store.write(undo_verification, Undo(interaction_id=here, agent_id=MIA))
    assert [
        a.undone_at is not None for a in await story.store.read(associations.of_number, ANN)
    ] == [False, True]
    assert (await story.store.read(profiles.get, profile)).user == Named(id=ANN_ID, name="Ann Lee")


async def test_a_profile_can_be_unlinked_or_deactivated_and_a_number_has_one_active_profile(
    story: Story,
) -> None:
    first = (await story.text(number=ANN)).interaction_id
    assert first is not None
    await story.close(first)
    profile = await profile_of(story, ANN)
    await link(story, profile, None)
    (one,) = await story.store.read(associations.of_number, ANN)
    assert (one.after, one.interaction.id) == (None, first)
    await story.store.write(profile_changes.deactivate_profile, profile)
    with pytest.raises(Conflict, match="no longer active"):
        await link(story, profile, BOB_ID)
    second = (await story.text(number=ANN)).interaction_id
    assert second is not None
    assert (await story.see(second)).user == Named(id=ANN_ID, name="Ann Lee"), (
        "table 1 decides again"
    )
    assert [p.active for p in await story.store.read(profiles.list_, number=ANN)] == [False, True]


async def test_verifying_after_a_deactivation_links_the_active_profile(
    story: Story,
) -> None:
    running = (await story.text(number=ANN)).interaction_id
    assert running is not None
    await story.store.write(profile_changes.deactivate_profile, await profile_of(story, ANN))
    await story.store.write(
        verify_requester, Verify(interaction_id=running, agent_id=MIA, user_id=BOB_ID)
    )
    seen = await story.see(running)
    assert (seen.identity.level, seen.profile_id) == (Level.VERIFIED, await profile_of(story, ANN))
    await story.close(running)
    again = (await story.text(number=ANN)).interaction_id
    assert again is not None
    assert (await story.see(again)).user == Named(id=BOB_ID, name="Bob Ruiz")


# Agents -------------------------------------------------------------------------------------------


async def grace(story: Story, **how: object) -> int:
    values = {
        "email": "grace@example.com",
        "name": "Grace Okafor",
        "capacity": 1,
        "roles": [Role.ADMIN],
    } | how
    make = agents.MakeAgent(password_hash=hash_password("long enough"), **values)  # type: ignore[arg-type]
    return await story.store.write(agents.make_agent, make)


async def test_work_of_a_deactivated_agent_returns_to_the_queue(story: Story) -> None:
    mine = await story.with_agent(MIA, number=ANN)
    offered = (await story.text(number=BOB, to=DIRECT)).interaction_id
    assert offered is not None
    await story.offer()
    (offer,) = await story.inbox(MIA)
    await story.store.write(open_session, OpenSession(MIA, "token"))
    await change_agent(story, MIA, active=False)

    assert await story.store.read_by_key(signed_in, "token") is None
    agent = (await story.store.read(agents_by_id, [MIA]))[MIA]
    assert (agent.active, agent.presence, agent.load) == (False, Presence.OFFLINE, 0)
    seen = await story.see(mine)
    assert (seen.owner.kind, seen.assigned_to, seen.live_group) == (Owner.QUEUE, None, [])
    line = (await story.lines(mine))[-1]
    assert (line.body, line.reason) == (
        "Handed to Service desk",
        "Omar Haddad deactivated Mia Chen.",
    )
    await story.available(OMAR)
    await story.offer()
    assert {o.interaction.id for o in await story.inbox(OMAR)} == {mine, offered}
    with pytest.raises(Conflict):
        await story.accept(offer.id, MIA)


async def test_an_unused_agent_is_deleted_and_any_other_is_deactivated(
    story: Story,
) -> None:
    new = await grace(story, roles=[Role.AGENT], groups=["Evenings"], skills=["sap", "sap"])
    agent = (await story.store.read(agents_by_id, [new]))[new]
    assert (agent.groups, agent.skills, agent.presence) == (["Evenings"], ["sap"], Presence.OFFLINE)
    delete = agents.DeleteAgent(id=new, by=BY)
    assert await story.store.write(agents.delete_agent, delete) is True
    with pytest.raises(NotFound):
        await story.store.write(agents.delete_agent, delete)
    await story.with_agent(MIA)
    assert await story.store.write(agents.delete_agent, agents.DeleteAgent(id=MIA, by=BY)) is False
    assert (await story.store.read(agents_by_id, [MIA]))[MIA].name == "Mia Chen"


async def test_there_is_always_an_active_admin(story: Story) -> None:
    first = await grace(story)
    for values in ({"roles": [Role.AGENT]}, {"active": False}):
        with pytest.raises(Conflict, match="Grace Okafor is the last active admin"):
            await change_agent(story, first, **values)
    with pytest.raises(Conflict, match="last active admin"):
        await story.store.write(agents.delete_agent, agents.DeleteAgent(id=first, by=BY))
    second = await grace(story, email="GRACE2@example.com")
    await change_agent(story, first, roles=[Role.AGENT])
    with pytest.raises(Conflict, match="last active admin"):
        await change_agent(story, second, active=False)
    with pytest.raises(Conflict, match="e-mail address"):
        await change_agent(story, first, email="grace2@EXAMPLE.com")


async def test_a_new_password_ends_every_session_except_the_one_that_set_it(story: Story) -> None:
    for token in ("phone", "desk"):
        await story.store.write(open_session, OpenSession(MIA, token))
    values = {"password_hash": hash_password("another one")}
    await story.store.write(
        agents.change_agent, agents.ChangeAgent(id=MIA, by=MIA, values=values, keep_token="desk")
    )
    assert await story.store.read_by_key(signed_in, "phone") is None
    assert await story.store.read_by_key(signed_in, "desk") is not None


async def test_an_agent_with_more_capacity_gets_offers_of_waiting_work(story: Story) -> None:
    await change_agent(story, MIA, capacity=0)
    await story.available(MIA)
    await story.text(number=ANN, to=DIRECT)
    assert await story.offer() == 0
    await change_agent(story, MIA, capacity=1)
    assert await story.offer() == 1


async def test_an_admin_limits_and_renames_a_group_but_cannot_delete_one_in_use(
    story: Story,
) -> None:
    made = await story.store.write(groups.make_group, groups.MakeGroup(name="Nights", capacity=1))
    with pytest.raises(Conflict, match="“Nights”"):
        await story.store.write(groups.make_group, groups.MakeGroup(name="Nights"))
    await change_agent(story, MIA, groups=["Nights"])
    await story.store.write(
        groups.change_group, groups.ChangeGroup(id=made, values={"name": "Late"})
    )
    assert (await story.store.read(agents_by_id, [MIA]))[MIA].groups == ["Late"]
    await story.store.write(groups.delete_group, made)
    assert (await story.store.read(agents_by_id, [MIA]))[MIA].groups == []
    (desk,) = [g.id for g in await story.rows(t.groups)]
    with pytest.raises(Conflict, match="Service desk offers conversations to Service desk"):
        await story.store.write(groups.delete_group, desk)


async def test_a_conversation_that_mia_only_joined_stays_with_omar(story: Story) -> None:
    one = await story.with_agent(OMAR, number=BOB)
    await story.write(one, "I know this one", agent=MIA)
    await change_agent(story, MIA, active=False)
    seen = await story.see(one)
    assert (seen.assigned_to and seen.assigned_to.id, [a.id for a in seen.live_group]) == (
        OMAR,
        [OMAR],
    )
