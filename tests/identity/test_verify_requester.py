"""A verification changes interaction and profile together, and expires. It stays in the history,
and agents can undo it step by step.
"""

import pytest

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.desk.users import put_numbers
from handoff_service.operations.identity.verify_requester import (
    Undo,
    Verify,
    undo_verification,
    verify_requester,
)
from handoff_service.rules.shared.vocabulary import Event
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Identity, Interaction
from tests.conftest import MovedClock
from tests.support.story import ANN, MIA, OMAR, SHARED, STRANGER, Story

ANN_ID, BOB_ID, CY_ID = 1, 2, 3


async def verify(story: Story, interaction: int, user: int | None, agent: int = MIA) -> Interaction:
    command = Verify(
        interaction_id=interaction, agent_id=agent, user_id=user, note="knew the badge number"
    )
    await story.store.write(verify_requester, command)
    return await story.see(interaction)


async def undo(story: Story, interaction: int) -> Interaction:
    await story.store.write(undo_verification, Undo(interaction_id=interaction, agent_id=OMAR))
    return await story.see(interaction)


async def profile_user(story: Story, number: str) -> int | None:
    (profile,) = await story.rows(t.messaging_profiles, t.messaging_profiles.c.number == number)
    user: int | None = profile.user_id
    return user


async def test_a_matched_person_is_verified_for_a_limited_time(
    story: Story, clock: MovedClock
) -> None:
    ann = (await story.text()).interaction_id or 0
    assert (await story.see(ann)).identity == Identity(level="matched")  # type: ignore[arg-type]
    seen = await verify(story, ann, ANN_ID)
    assert (seen.identity.level, seen.identity.method, seen.identity.verified_by) == (
        "verified",
        "agent",
        "Mia Chen",
    )
    assert seen.identity.verified_at == clock()
    clock.move(8 * 3600)
    assert (await story.see(ann)).identity.level == "matched"


async def test_an_agent_chooses_one_of_several_people_on_a_number(story: Story) -> None:
    shared = (await story.text(number=SHARED)).interaction_id or 0
    seen = await verify(story, shared, CY_ID)
    assert seen.user is not None
    assert (seen.user.name, [c.name for c in seen.candidates]) == ("Cy Ruiz", ["Bob Ruiz"])
    assert await profile_user(story, SHARED) == CY_ID
    await story.close(shared)
    again = await story.see((await story.text(number=SHARED)).interaction_id or 0)
    assert again.user is not None
    assert (again.user.name, again.identity.level) == ("Cy Ruiz", "verified"), (
        "the verification belongs to the profile"
    )


async def test_a_verification_resolves_a_conflict_for_profile_and_interaction(story: Story) -> None:
    ann = (await story.text()).interaction_id or 0
    seen = await verify(story, ann, BOB_ID)
    assert seen.user is not None
    assert (seen.user.name, await profile_user(story, ANN)) == ("Bob Ruiz", BOB_ID)
    assert [c.name for c in seen.candidates] == ["Ann Lee"]
    assert await story.count(t.user_numbers, t.user_numbers.c.number == ANN) == 1, (
        "users keep their numbers"
    )


async def test_an_agent_marks_the_requester_as_not_this_person(story: Story) -> None:
    ann = (await story.text()).interaction_id or 0
    seen = await verify(story, ann, None)
    assert (seen.guest, seen.identity.level) == (True, "guest")
    assert await profile_user(story, ANN) is None


async def test_not_this_person_also_applies_to_later_texts(story: Story) -> None:
    """The number is on Ann's record. The next text must not link it to Ann again."""
    ann = (await story.text()).interaction_id or 0
    await verify(story, ann, None)
    await story.text("hello?")
    assert ((await story.see(ann)).guest, await profile_user(story, ANN)) == (True, None)
    await story.close(ann)
    again = await story.see((await story.text("me again")).interaction_id or 0)
    assert (again.guest, [c.name for c in again.candidates]) == (True, ["Ann Lee"])
    await verify(story, again.id, BOB_ID)
    assert (await undo(story, again.id)).guest
    await story.text("and again")
    assert (await story.see(again.id)).guest
    assert (await verify(story, again.id, ANN_ID)).identity.level == "verified"
    assert (await undo(story, again.id)).guest
    await story.text("it is Ann")
    assert (await story.see(again.id)).guest, "the agent undid this"
    for numbers in ([], [ANN]):
        await story.store.write(lambda tx, given: put_numbers(tx, ANN_ID, given), numbers)
    await story.text("it is Ann")
    assert not (await story.see(again.id)).guest, "an admin added the number to Ann's record again"


async def test_an_agent_rules_out_both_users_of_a_number(story: Story) -> None:
    ann = (await story.text()).interaction_id or 0
    await verify(story, ann, None)
    await verify(story, ann, BOB_ID)
    await verify(story, ann, None)
    await story.text("still not Ann")
    assert (await story.see(ann)).guest


async def test_not_this_person_survives_a_move_of_the_number_to_another_user(story: Story) -> None:
    ann = (await story.text()).interaction_id or 0
    await verify(story, ann, None)
    for user, numbers in ((ANN_ID, []), (BOB_ID, [ANN])):
        await story.store.write(lambda tx, given: put_numbers(tx, *given), (user, numbers))
    await verify(story, ann, BOB_ID)
    assert (await undo(story, ann)).guest
    await story.text("not Bob")
    assert (await story.see(ann)).guest


async def test_undo_reverses_step_by_step_and_the_history_keeps_all_steps(story: Story) -> None:
    ann = (await story.text()).interaction_id or 0
    await verify(story, ann, BOB_ID)
    await verify(story, ann, CY_ID)
    first, second = await undo(story, ann), await undo(story, ann)
    assert first.user is not None
    assert second.user is not None
    assert (first.user.id, first.identity.level, second.user.id, second.identity.level) == (
        BOB_ID, "verified", ANN_ID, "matched",
    )  # fmt: skip
    assert await profile_user(story, ANN) == ANN_ID
    with pytest.raises(Conflict):
        await undo(story, ann)
    assert await story.count(t.associations) == 2
    told = [
        (line.body, line.reason) for line in await story.lines(ann) if line.event is Event.IDENTITY
    ]
    assert told == [
        ("Bob Ruiz was verified by Mia Chen", "knew the badge number"),
        ("Cy Ruiz was verified by Mia Chen", "knew the badge number"),
        ("Omar Haddad undid the verification: this is Bob Ruiz again", None),
        ("Omar Haddad undid the verification: this is Ann Lee again", None),
    ]
    assert await story.texted(ann) == [], "the requester gets no text about it"


async def test_some_users_cannot_be_verified(story: Story) -> None:
    guest = (await story.text(number=STRANGER)).interaction_id or 0
    with pytest.raises(NotFound):
        await verify(story, guest, 99)
    await story.close(guest)
    with pytest.raises(Conflict):
        await verify(story, guest, ANN_ID)
