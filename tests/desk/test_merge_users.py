"""An admin merges two users and undoes the merge. A merge moves all rows, and its undo moves them
back. Consent stays with its numbers, and no row refers to a deleted user.
"""

import asyncio
import random
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service.errors import BadInput, Conflict, NotFound, Refusal
from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.consent.change_consent import ConsentRequest, change_consent
from handoff_service.operations.conversations import start_conversation
from handoff_service.operations.conversations.preview_start import Recipient
from handoff_service.operations.conversations.start_conversation import Start
from handoff_service.operations.desk import users
from handoff_service.operations.desk.attributes import make_attribute
from handoff_service.operations.desk.merge_users import MergeUsers, merge_users, settle
from handoff_service.operations.desk.preview_merge import preview_merge
from handoff_service.operations.desk.undo_merge import UndoMerge, undo_merge
from handoff_service.operations.desk_file.desk_file import UserEntry
from handoff_service.operations.desk_file.import_users import import_users
from handoff_service.operations.identity.knowledge_facts import hashed
from handoff_service.operations.identity.verify_requester import Verify, verify_requester
from handoff_service.operations.privacy.request_erasure import (
    RequestedPerson,
    RequestErasure,
    request_erasure,
)
from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.desk.attributes import AttributeFields, AttributeOwner, AttributeType
from handoff_service.rules.desk.user_merges import UNDO_FOR
from handoff_service.store.desk import attributes, user_merges
from handoff_service.store.desk.user_search import PageRequest
from handoff_service.store.desk.users import search_user_ids, select_users
from handoff_service.store.desk_file.record_changes import history
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.row_references import columns_to
from handoff_service.store.identity import proofs
from handoff_service.store.privacy import people
from handoff_service.store.views import Named, User
from tests.conftest import MovedClock
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, OMAR, SHARED, STRANGER, Story

ANN_ID, BOB_ID, CY_ID = 1, 2, 3
UNMERGED = t.users.c.merged_into.is_(None)
#: The tables to which a merge adds rows about itself. ``LINE``: the columns that its lines in open
#: conversations change.
ITS_OWN = {
    *("user_merges", "record_changes", "audit_log", "audit_links", "due_work", "lane_commits"),
    *("messages", "text_index", "text_index_numbers"),
}
LINE = {"last_seq", "last_message_at", "prompted_seq"}


async def merge(story: Story, stays: int, goes: int, *take: str) -> int:
    command = MergeUsers(stays_id=stays, goes_id=goes, take=take, agent_id=OMAR)
    return await story.store.write(merge_users, command)


async def undo(story: Story, user: int) -> int:
    return await story.store.write(undo_merge, UndoMerge(user_id=user, agent_id=OMAR))


async def change(story: Story, user: int, **values: object) -> None:
    await story.store.write(users.change_user, users.ChangeUser(id=user, by=OMAR, values=values))


async def user(story: Story, user_id: int) -> User:
    (found,) = await story.store.read(select_users, t.users.c.id == user_id)
    return found


async def rows_of(story: Story) -> dict[str, list[Any]]:
    """Return all rows except those about the merge itself."""

    def read(conn: sa.Connection) -> dict[str, list[Any]]:
        return {
            name: [
                {key: value for key, value in row.items() if key not in LINE}
                for row in conn.execute(
                    sa.select(table).order_by(*table.primary_key.columns)
                ).mappings()
            ]
            for name, table in t.metadata.tables.items()
            if name not in ITS_OWN
        }

    return await story.store.read(read)


async def references(story: Story, user_id: int) -> list[str]:
    """Return the columns that refer to this user."""

    def read(conn: sa.Connection) -> list[str]:
        return [
            str(column)
            for column in user_merges.REFERENCES
            if conn.execute(sa.select(column).where(column == user_id)).first()
        ]

    return await story.store.read(read)


def test_a_merge_moves_every_column_that_refers_to_a_user() -> None:
    missing = {str(one) for one in columns_to(t.users)} - set(map(str, user_merges.REFERENCES))
    assert missing == {"user_merges.stays_id", "user_merges.goes_id"}
    named = {
        f"{name}.{column.name}"
        for name, table in t.metadata.tables.items()
        for column in table.columns
        if column.name.endswith("user_id") and name not in ("user_words", "user_numbers")
    }
    # An erasure blocks a merge while it runs, and a merge moves facts by name.
    assert named - set(map(str, user_merges.REFERENCES)) == {
        "erasures.user_id",
        "user_facts.user_id",
    }


async def test_a_merge_moves_everything_and_the_old_id_refers_to_the_remaining_user(
    story: Story,
) -> None:
    talk = await story.with_agent(number=BOB)
    await story.store.write(
        open_by_hand, OpenByHand(interaction_id=talk, agent_id=MIA, description="A badge")
    )
    await change(story, ANN_ID, attributes={"department": "Sales", "floor": "3"})
    facts = hashed({"birth year": "1990"}, "key")
    await change(story, BOB_ID, attributes={"department": "IT", "desk": "12"}, facts=facts)
    seen = await story.store.read(preview_merge, ANN_ID, BOB_ID)
    assert {one.key: (one.stays, one.goes) for one in seen.choices} == {
        "name": ("Ann Lee", "Bob Ruiz"),
        "external_id": ("E1001", "E1002"),
        "email": ("ann@example.com", "bob@example.com"),
        "attributes.department": ("Sales", "IT"),
    }
    there = {"numbers": 2, "conversations": 1, "open_conversations": 1, "texts": 1, "cases": 1}
    assert seen.moves == there | {"profiles": 1, "attributes": 1, "facts": 1}
    await merge(story, ANN_ID, BOB_ID, "attributes.department", "email")
    ann, bob = await user(story, ANN_ID), await user(story, BOB_ID)
    assert (ann.name, ann.email, ann.external_id) == ("Ann Lee", "bob@example.com", "E1001")
    assert ann.attributes == {"department": "IT", "floor": "3", "desk": "12"}
    assert (ann.numbers, bob.numbers, bob.active) == ([ANN, BOB, SHARED], [], False)
    assert await references(story, BOB_ID) == []
    assert (await story.lines(talk))[-1].body == (
        "Omar Haddad merged Bob Ruiz into Ann Lee. This conversation now belongs to Ann Lee"
    )
    again = await story.text(number=BOB)
    assert again.interaction_id is not None
    found = (await story.see(again.interaction_id)).user
    assert found == Named(id=ANN_ID, name="Ann Lee")
    assert await story.store.read(proofs.claimed_user, "E1002") == ANN_ID
    assert await story.store.read(search_user_ids, "bob", PageRequest(limit=9)) == []
    changed = (await story.store.read(history, "user", str(ANN_ID)))[0].changes
    assert changed["merged"] == [None, "Bob Ruiz (E1002)"]
    assert await story.count(t.audit_log, t.audit_log.c.action == "merged") == 2


async def test_typed_attributes_are_compared_in_words_and_put_back(story: Story) -> None:
    for key, kind in (("vip", AttributeType.YES_NO), ("until", AttributeType.DATE)):
        fields = AttributeFields(key=key, name=key.title(), owner=AttributeOwner.USER, type=kind)
        await story.store.write(make_attribute, fields)
    await change(story, ANN_ID, attributes={"vip": "yes", "until": "2026-01-31"})
    await change(story, BOB_ID, attributes={"vip": "no", "until": "2026-01-31"})
    seen = await story.store.read(preview_merge, ANN_ID, BOB_ID)
    (vip,) = [one for one in seen.choices if one.key.startswith("attributes.")]
    assert (vip.name, vip.stays, vip.goes) == ("Vip", "Yes", "No")
    await merge(story, ANN_ID, BOB_ID, "attributes.vip")
    assert (await user(story, ANN_ID)).attributes == {"vip": "no", "until": "2026-01-31"}

    async def with_vip(value: str) -> list[int]:
        def read(conn: sa.Connection) -> list[int]:
            wanted = attributes.filter_of(conn, f"vip={value}", AttributeOwner.USER)
            found = select_users(conn, attributes.users_with(wanted) & UNMERGED)
            return [one.id for one in found]

        return await story.store.read(read)

    assert [await with_vip("yes"), await with_vip("no")] == [[], [ANN_ID]]
    await undo(story, BOB_ID)
    assert [await with_vip("yes"), await with_vip("no")] == [[ANN_ID], [BOB_ID]]


async def test_a_merge_swaps_employee_numbers_and_undo_swaps_them_back(story: Story) -> None:
    await merge(story, ANN_ID, BOB_ID, "external_id", "name")
    assert (await user(story, ANN_ID)).external_id == "E1002"
    assert await story.store.read(proofs.claimed_user, "E1001") == ANN_ID
    await change(story, ANN_ID, external_id="E7")
    assert await undo(story, BOB_ID) == BOB_ID
    assert [(await user(story, one)).external_id for one in (ANN_ID, BOB_ID)] == ["E7", "E1002"]
    assert (await user(story, ANN_ID)).name == "Ann Lee"


async def test_a_refused_merge_shows_the_reason(story: Story, clock: MovedClock) -> None:
    async def refused(error: type[Exception], stays: int, goes: int, *take: str) -> str:
        with pytest.raises(error) as told:
            await merge(story, stays, goes, *take)
        return str(getattr(told.value, "errors", "") or told.value)

    assert "another user" in await refused(BadInput, ANN_ID, ANN_ID)
    assert "no user 99" in await refused(NotFound, ANN_ID, 99)
    assert "“shoe”" in await refused(BadInput, ANN_ID, BOB_ID, "shoe")
    await change(story, CY_ID, active=False)
    assert "keep Ann Lee" in await refused(Conflict, CY_ID, ANN_ID)
    await merge(story, ANN_ID, BOB_ID)
    assert "Bob Ruiz (user 2) was merged into Ann Lee" in await refused(Conflict, CY_ID, BOB_ID)
    assert "was merged" in await refused(Conflict, BOB_ID, ANN_ID)
    to_bob = Recipient(to=STRANGER, provider_number=DIRECT, user_id=BOB_ID)
    entry = UserEntry(external_id="E1002", name="Bo")
    texting = Start(agent_id=MIA, recipient=to_bob, body="hi")
    for operation, command in (
        (users.change_user, users.ChangeUser(id=BOB_ID, by=OMAR, values={"name": "Bo"})),
        (users.make_user, users.MakeUser(external_id="E1002", name="Bo")),
        (lambda tx, _: import_users(tx, [entry], {}), None),
        (start_conversation.start_conversation, texting),
    ):
        with pytest.raises(Refusal) as told:
            await story.store.write(operation, command)
        said = told.value.detail + str(told.value.errors)
        assert "Bob Ruiz (user 2) was merged into Ann Lee (user 1). Use that user instead." in said
    await merge(story, ANN_ID, CY_ID)
    with pytest.raises(Conflict, match="merge of Cy Ruiz into Ann Lee first"):
        await undo(story, BOB_ID)
    await undo(story, CY_ID)
    clock.now += UNDO_FOR
    clock.move(1)
    with pytest.raises(Conflict, match="could be undone until 2026-12-23 14:00 UTC"):
        await undo(story, BOB_ID)
    with pytest.raises(Conflict, match="no merge of Cy Ruiz"):
        await undo(story, CY_ID)
    whom = RequestErasure(whom=RequestedPerson(number=SHARED), agent_id=None, planned={})
    await story.store.write(request_erasure, whom)
    assert "Ann Lee is being erased" in await refused(Conflict, ANN_ID, CY_ID)
    assert (await story.store.read(people.find, user_id=BOB_ID)).name == "Ann Lee"


async def test_open_conversations_stay_separate_and_new_ones_stay_with_the_remaining_user(
    story: Story,
) -> None:
    anns, bobs = await story.with_agent(number=ANN), await story.with_agent(number=BOB)
    notes = (await story.store.read(preview_merge, ANN_ID, BOB_ID)).notes
    assert "Ann Lee 1, Bob Ruiz 1" in notes[0]
    merged = await merge(story, ANN_ID, BOB_ID)
    for one in (anns, bobs):
        assert (await story.see(one)).closed_at is None
    await story.close(bobs)
    later = (await story.text(number=BOB)).interaction_id
    assert later is not None
    # This text was being stored by another process during the merge.
    stale = sa.update(t.interactions).where(t.interactions.c.id == later).values(user_id=BOB_ID)
    await story.store.write(lambda tx, _: tx.conn.execute(stale) and None, None)
    await story.store.write(settle, merged)
    assert (await story.see(later)).user.id == ANN_ID  # type: ignore[union-attr]
    third = (await story.text(number=BOB, to=DIRECT)).interaction_id
    assert third is not None
    await undo(story, ANN_ID)
    owners = [(await story.see(one)).user for one in (anns, bobs, later, third)]
    assert [one.id for one in owners if one] == [ANN_ID, BOB_ID, BOB_ID, ANN_ID]


async def test_consent_stays_with_its_number_after_a_merge(story: Story) -> None:
    out = ConsentRequest(number=BOB, opted_out=True, source=Source.AGENT, agent_id=MIA)
    await story.store.write(change_consent, out)
    ledger = await story.rows(t.consents), await story.rows(t.opt_outs)
    preview = await story.store.read(preview_merge, ANN_ID, BOB_ID)
    assert preview.notes == [f"Opted out, and stays so: {BOB}. A merge never changes consent."]
    await merge(story, ANN_ID, BOB_ID)
    await undo(story, BOB_ID)
    assert (await story.rows(t.consents), await story.rows(t.opt_outs)) == ledger


async def _random_history(story: Story, chance: random.Random) -> None:
    """Create a few users with attributes and facts, and random actions by them and by agents."""
    await story.available(MIA, OMAR)
    for one in (ANN_ID, BOB_ID, CY_ID):
        keys = chance.sample(("department", "floor", "desk"), chance.randint(0, 3))
        facts = {name: "x" for name in ("birth year", "pet") if chance.random() < 0.5}
        values = {"attributes": {key: chance.choice("ab") for key in keys}}
        await change(story, one, **values, facts=hashed(facts, "key"))
    numbers, talks = (ANN, BOB, SHARED, STRANGER), set[int]()
    for _ in range(chance.randint(4, 9)):
        got = await story.text(number=chance.choice(numbers), to=chance.choice((MAIN, DIRECT)))
        talks.add(got.interaction_id or 0)
        one, step = chance.choice(sorted(talks)), chance.randrange(4)
        if (await story.see(one)).closed_at is not None:
            continue
        if step == 0:
            who = chance.choice((None, ANN_ID, BOB_ID, CY_ID))
            await story.store.write(
                verify_requester, Verify(interaction_id=one, agent_id=MIA, user_id=who)
            )
        elif step == 1:
            opened = OpenByHand(interaction_id=one, agent_id=MIA, description="A case")
            await story.store.write(open_by_hand, opened)
        elif step == 2:
            await story.write(one, "hello")
            await story.close(one)


@pytest.mark.parametrize("seed", range(4))
async def test_a_merge_and_its_undo_restore_the_same_rows(story: Story, seed: int) -> None:
    chance = random.Random(seed)
    await _random_history(story, chance)
    pairs = chance.sample([(1, 2), (2, 3), (3, 1), (3, 2), (1, 3), (2, 1)], 6)
    before, merged = [await rows_of(story)], list[int]()
    gone = set[int]()
    for stays, goes in pairs:
        if {stays, goes} & gone:
            continue
        choices = (await story.store.read(preview_merge, stays, goes)).choices
        take = [one.key for one in choices if chance.random() < 0.5]
        await merge(story, stays, goes, *take)
        assert await references(story, goes) == []
        gone.add(goes)
        merged.append(goes)
        before.append(await rows_of(story))
    assert merged
    for goes in reversed(merged):
        before.pop()
        await undo(story, goes)
        assert await rows_of(story) == before[-1]


async def test_of_two_simultaneous_merges_one_is_refused(story: Story) -> None:
    got = await asyncio.gather(
        merge(story, ANN_ID, BOB_ID), merge(story, BOB_ID, ANN_ID), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in got) == ["Conflict", "int"]
