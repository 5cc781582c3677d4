"""Identity checks during a rotation of the secret key, on both databases."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from handoff_service.lib.sealing import key_id
from handoff_service.operations.desk.key_checks import key_notes
from handoff_service.operations.desk.use_secret_keys import use_secret_keys
from handoff_service.operations.identity import knowledge_facts
from handoff_service.operations.identity.prove_identity import AlternativeKind
from handoff_service.rules.identity.proof import MASK, ProofOutcome
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.conftest import Heard, MovedClock
from tests.support.proof_story import CODE, Proving
from tests.support.story import Story

ANN_ID = 1


@pytest.fixture
def operation_settings() -> OperationSettings:
    return OperationSettings(link_key="key")


@pytest.fixture
async def ann(story: Story) -> Proving:
    facts = knowledge_facts.hashed({"birth_year": "1987"}, "key")
    await story.store.write(
        lambda tx, _: knowledge_facts.put_facts(tx, ANN_ID, facts),
        None,
    )
    await story.store.write(use_secret_keys, None)
    return Proving(story)


@pytest.fixture
async def rotated(story: Story, database_url: str, clock: MovedClock) -> AsyncIterator[Story]:
    """Yield the story of the same desk after a restart with a new key."""
    settings = OperationSettings(link_key="new key", old_keys=("key",))
    store = Store(database_url, clock=clock, settings=settings, after_commit=Heard())
    yield replace(story, store=store)
    store.close()


async def key_of_fact(story: Story) -> str:
    return await story.store.read(
        lambda conn: conn.execute(sa.select(t.user_facts.c.key_id)).scalar_one()
    )


async def test_a_code_from_before_the_restart_works_after_it_and_is_redacted(
    ann: Proving, rotated: Story
) -> None:
    await ann.begin()
    await ann.claims("e1001")
    await ann.mailed()
    ann.story = rotated
    assert (await ann.answers(CODE)).outcome is ProofOutcome.VERIFIED
    await rotated.text(f"was it {CODE}?")
    assert (await rotated.lines(ann.interaction))[-1].body == f"was it {MASK}?"


async def test_a_correct_fact_is_stored_again_with_the_new_key(
    ann: Proving, rotated: Story
) -> None:
    await rotated.store.write(use_secret_keys, None)
    ann.story = rotated
    await ann.begin()
    await ann.claims("e1001")
    await ann.wants(AlternativeKind.OTHER)
    assert (await ann.answers("1986")).outcome is None
    assert await key_of_fact(rotated) == key_id("key"), "a wrong guess changes nothing"
    assert "1 identity fact still needs" in "".join(
        await rotated.store.read(key_notes, rotated.store.settings.keys)
    )
    assert (await ann.answers("1987")).outcome is ProofOutcome.VERIFIED
    assert await key_of_fact(rotated) == key_id("new key")
    (stored,) = await rotated.store.read(knowledge_facts.of_user, ANN_ID, ["birth_year"])
    again = knowledge_facts.fact_hash("new key", "1987")
    assert knowledge_facts.is_fact(stored, again), "no value needs the old key any more"
