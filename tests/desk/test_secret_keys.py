"""Rotation of the secret key, on both databases. The service accepts the old key until no stored
value needs it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import sqlalchemy as sa

from handoff_service.errors import CannotOpen
from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.lib.sealing import PREFIX, Sealer, key_id
from handoff_service.operations.desk.key_checks import NOTHING_LEFT, key_notes, key_problems
from handoff_service.operations.desk.use_secret_keys import (
    OwnSecret,
    give_up_old_key,
    own_secret,
    rotate_keys,
    use_secret_keys,
)
from handoff_service.operations.webhooks.webhooks import PutWebhook, current_secret, put_webhook
from handoff_service.rules.shared.vocabulary import WebhookEvent
from handoff_service.rules.webhooks.webhooks import WebhookFields
from handoff_service.store.engine import secret_keys
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, Transaction
from tests.conftest import Heard, MovedClock

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
FIELDS = WebhookFields(
    name="Tickets", url="https://tickets.example.com/hook", events=(WebhookEvent.CASE_CREATED,)
)
HOOK = PutWebhook(fields=FIELDS, secret=SECRET)
type Started = Callable[..., "AsyncIterator[Store]"]


@pytest.fixture
def start_desk(database_url: str, clock: MovedClock) -> Started:
    """Return a function that starts the desk with these keys, the current key first."""

    @asynccontextmanager
    async def start(*keys: str) -> AsyncIterator[Store]:
        settings = OperationSettings(link_key=keys[0], old_keys=keys[1:], send_errors=ERRORS)
        store = Store(database_url, clock=clock, settings=settings, after_commit=Heard())
        await store.write(use_secret_keys, None)
        yield store
        store.close()

    return start


async def secret(store: Store) -> str:
    return await store.write(current_secret, 1)


async def stored(store: Store) -> str:
    return await store.read(lambda conn: conn.execute(sa.select(t.webhooks.c.secret)).scalar())


async def test_plain_secrets_are_encrypted_at_the_next_start(start_desk: Started) -> None:
    def put_plain(tx: Transaction, _: None) -> None:
        tx.conn.execute(sa.insert(t.webhooks).values(id=1, name="Tickets", url="", secret=SECRET))

    async with start_desk("first") as store:
        await store.write(put_plain, None)
        assert await secret(store) == SECRET, "the secret is also readable before the next start"
    async with start_desk("first") as store:
        assert (await stored(store)).startswith(f"{PREFIX}{key_id('first')}:")
        assert await secret(store) == SECRET


async def test_a_rotation_ends_when_no_value_needs_the_old_key(start_desk: Started) -> None:
    async with start_desk("first") as store:
        await store.write(put_webhook, HOOK)
    async with start_desk("second", "first") as store:
        assert await secret(store) == SECRET
        keys = store.settings.keys
        assert await store.read(key_problems, keys) == []
        assert "1 stored secret still needs PATCHBOARD_SECRET_KEY_OLD" in "".join(
            await store.read(key_notes, keys)
        )
        assert await store.write(rotate_keys, None) == 1
        assert await store.write(rotate_keys, None) == 0, "a second start has nothing to do"
        assert NOTHING_LEFT in await store.read(key_notes, keys)
    async with start_desk("second") as store:
        assert await secret(store) == SECRET
        assert await store.read(key_problems, store.settings.keys) == []
        assert await store.read(key_notes, store.settings.keys) == []


async def test_removing_the_old_key_too_early_is_a_problem_that_can_be_fixed(
    start_desk: Started,
) -> None:
    async with start_desk("first") as store:
        await store.write(put_webhook, HOOK)
    async with start_desk("second", "first"):
        pass
    async with start_desk("second") as store:
        (problem,) = await store.read(key_problems, store.settings.keys)
        assert problem.startswith("1 stored secret cannot be opened")
        with pytest.raises(CannotOpen):
            await secret(store)
        assert await store.write(rotate_keys, None) == 0
    async with start_desk("second", "first") as store:
        assert await secret(store) == SECRET


async def test_an_unknown_new_key_changes_nothing(start_desk: Started) -> None:
    async with start_desk("first") as store:
        await store.write(put_webhook, HOOK)
    async with start_desk("stranger") as store:
        assert await store.read(key_problems, store.settings.keys) == [secret_keys.DIFFERS]
    async with start_desk("first") as store:
        assert await store.read(key_problems, store.settings.keys) == []
        assert await secret(store) == SECRET


async def test_giving_up_a_lost_key_counts_the_values_that_it_encrypted(
    start_desk: Started,
) -> None:
    async with start_desk("lost") as store:
        await store.write(put_webhook, HOOK)
    async with start_desk("new") as store:
        await store.write(give_up_old_key, None)
        (problem,) = await store.read(key_problems, store.settings.keys)
        assert problem.startswith("1 stored secret cannot be opened")
        await store.write(put_webhook, HOOK)
        assert await secret(store) == SECRET
        assert await store.read(key_problems, store.settings.keys) == []


async def test_saving_the_same_secret_is_not_a_change(start_desk: Started) -> None:
    async with start_desk("first") as store:
        await store.write(put_webhook, HOOK)
        before = await stored(store)
        await store.write(put_webhook, HOOK)
        assert await stored(store) == before


async def test_the_desks_own_secret_survives_a_rotation(start_desk: Started) -> None:
    async with start_desk("first") as store:
        assert await store.write(own_secret, OwnSecret("web_push", "pem one")) == "pem one"
    async with start_desk("second", "first") as store:
        assert await store.write(own_secret, OwnSecret("web_push", "pem two")) == "pem one"
        await store.write(rotate_keys, None)
    async with start_desk("second") as store:
        assert await store.write(own_secret, OwnSecret("web_push", "pem two")) == "pem one"
    # The desk works with a new key and keeps the stored value for later.
    async with start_desk("stranger") as store:
        assert await store.write(own_secret, OwnSecret("web_push", "pem two")) == "pem two"
    async with start_desk("second") as store:
        assert await store.write(own_secret, OwnSecret("web_push", "pem two")) == "pem one"


def test_the_name_of_a_key_does_not_reveal_the_key() -> None:
    assert key_id("first") not in ("first", Sealer(["second"]).key_id)
