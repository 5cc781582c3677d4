"""Carriers write one person's number in two forms. Both forms lead to the same profile, consent and
conversation.
"""

import pytest

from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_file
from handoff_service.store.engine import tables as t
from tests.support.story import DIRECT, MAIN, Story

FORMS = {
    "Mexico": ("+525587654321", "+5215587654321"),
    "Argentina": ("+5493415678901", "+543415678901"),
    "Brazil": ("+5531987651234", "+553187651234"),
}


@pytest.mark.parametrize(("kept", "other"), FORMS.values(), ids=FORMS)
async def test_texts_from_both_forms_belong_to_one_person(
    story: Story, kept: str, other: str
) -> None:
    """A user's record has one form, and texts come from both. All texts belong to one conversation.
    Answers go to the form of the last text.
    """
    user = f'[[users]]\nexternal_id = "F1"\nname = "Fay Rojas"\nnumbers = ["{other}"]\n'
    await import_file(story.store, read_desk_file.read_bytes(user.encode(), "desk.toml"))
    first = await story.text("hi", number=other)
    second = await story.text("are you there?", number=kept)
    assert first.interaction_id == second.interaction_id is not None
    seen = await story.see(first.interaction_id)
    assert seen.user is not None
    assert (seen.user.name, seen.requester_number) == ("Fay Rojas", kept)
    assert await story.count(t.messaging_profiles, t.messaging_profiles.c.number == kept) == 1


async def test_an_opt_out_in_one_form_applies_to_the_other(story: Story) -> None:
    kept, other = FORMS["Mexico"]
    assert (await story.text("STOP", number=other)).opted_out
    assert await story.count(t.opt_outs, t.opt_outs.c.number == kept) == 1
    began = await story.text("START", number=kept)
    assert not began.opted_out
    assert await story.count(t.opt_outs) == 0


async def test_a_company_number_stays_as_the_provider_lists_it(story: Story) -> None:
    listed = "+5215587650000"
    number = f'[[provider_numbers]]\nnumber = "{listed}"\nqueue = "Service desk"\n'
    await import_file(story.store, read_desk_file.read_bytes(number.encode(), "desk.toml"))
    assert (
        await story.count(
            t.provider_numbers, t.provider_numbers.c.number.in_([listed, MAIN, DIRECT])
        )
        == 3
    )
