"""The audit log and its chain, on both databases. Concurrent writers lose no entry, and
verification detects every change.
"""

import asyncio

import pytest
import sqlalchemy as sa

from handoff_service.operations.desk import sign_in
from handoff_service.operations.desk.agents import ChangeAgent, change_agent
from handoff_service.operations.desk.audit_chain import (
    RemoveEntries,
    chain_audit,
    check_chain,
    remove_entries,
)
from handoff_service.operations.desk.labels import (
    ChangeLabel,
    MakeLabel,
    change_label,
    delete_label,
    make_label,
)
from handoff_service.operations.shared.audit import AuditEntry, audit, viewed
from handoff_service.rules.desk.audit import AuditAction
from handoff_service.store.desk import audit_log
from handoff_service.store.desk.audit_chain import place_hash
from handoff_service.store.desk.audit_log import AuditFilter, AuditLogEntry
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, Transaction
from tests.conftest import Heard, MovedClock
from tests.support.story import MIA, OMAR, Story

e, k = t.audit_log, t.audit_links
EVERYTHING = AuditFilter()
BLUE = {"color": "blue"}


async def entries(story: Story, chosen: AuditFilter = EVERYTHING) -> list[AuditLogEntry]:
    found = await story.store.read(audit_log.entries, chosen, limit=100)
    return list(reversed(found))


async def write_entries(story: Story, count: int, *, by: int = MIA) -> None:
    """Write this many entries, each in its own transaction."""
    store = story.store.acting(by, "192.0.2.7")
    await asyncio.gather(
        *(store.write(audit, viewed("user", n, f"Person {n}"), near=n) for n in range(count))
    )


async def test_an_entry_has_both_values_of_a_changed_field(story: Story) -> None:
    store = story.store.acting(OMAR, "192.0.2.7")
    label = await store.write(make_label, MakeLabel(name="VPN", color="gray", topic=False))
    await store.write(change_label, ChangeLabel(id=label, values=BLUE))
    await store.write(delete_label, label)
    seen = await entries(story, AuditFilter(subject="label", record=str(label)))
    assert [(one.action, one.name, one.agent, one.address) for one in seen] == [
        (action, "VPN", "Omar Haddad", "192.0.2.7") for action in ("created", "changed", "deleted")
    ]
    assert seen[1].details == {"color": ["gray", "blue"]}
    assert seen[2].details["name"] == ["VPN", None]


async def test_no_entry_contains_a_secret(story: Story) -> None:
    values = {"password_hash": "$argon2$very-secret", "name": "Mia C."}
    change = ChangeAgent(id=MIA, by=OMAR, values=values)
    await story.store.acting(OMAR).write(change_agent, change)
    one = (await entries(story, AuditFilter(subject="agent", record=str(MIA))))[-1]
    assert one.details == {"name": ["Mia Chen", "Mia C."], "password": [None, None]}


async def test_the_log_has_sign_ins_and_failures_but_no_typed_address(story: Story) -> None:
    store = story.store.acting(None, "192.0.2.9")
    await store.write(
        sign_in.record_failure, sign_in.FailedSignIn("mia@example.com", is_code=False)
    )
    await store.write(
        sign_in.record_failure,
        sign_in.FailedSignIn("my-password-in-the-wrong-field", is_code=False),
    )
    opened = sign_in.OpenSession(MIA, "token", "Firefox on Linux")
    await store.write(sign_in.open_session, opened)
    await store.write(sign_in.end_session, "token")
    seen = await entries(story)
    assert [(one.action, one.name, one.agent, one.address) for one in seen[-4:]] == [
        ("sign_in_failed", "mia@example.com", "", "192.0.2.9"),
        ("sign_in_failed", "", "", "192.0.2.9"),
        ("signed_in", "", "Mia Chen", "192.0.2.9"),
        ("signed_out", "", "Mia Chen", "192.0.2.9"),
    ]
    assert "wrong-field" not in str(seen)


async def test_filters_select_entries(story: Story, clock: MovedClock) -> None:
    await write_entries(story, 2)
    clock.move(3600)
    await write_entries(story, 1, by=OMAR)
    assert [one.agent for one in await entries(story, AuditFilter(agent="omar"))] == ["Omar Haddad"]
    later = AuditFilter(since=clock.now, action=AuditAction.VIEWED)
    assert len(await entries(story, later)) == 1
    earlier = AuditFilter(until=clock.now, action=AuditAction.VIEWED, subject="user", record="1")
    assert len(await entries(story, earlier)) == 1


# The chain ----------------------------------------------------------------------------------------


async def test_the_chain_contains_every_entry_of_several_writers(
    story: Story, database_url: str, clock: MovedClock
) -> None:
    """Two processes write at the same time, and both extend the chain."""
    other = Store(database_url, clock=clock, settings=OperationSettings(), after_commit=Heard())
    second = Story(other)
    for _ in range(5):
        await asyncio.gather(
            write_entries(story, 20),
            write_entries(second, 20, by=OMAR),
            story.store.write(chain_audit, "key"),
            other.write(chain_audit, "key"),
        )
    report = await check_chain(story.store)
    assert (report.faults, report.waiting) == ([], 0)
    assert report.entries == report.head.place == await story.count(e) >= 200
    other.close()


async def test_an_entry_that_is_committed_late_is_also_chained(
    story: Story, clock: MovedClock
) -> None:
    """A transaction can get its id before another transaction and commit after it."""
    await write_entries(story, 1)
    last = (await entries(story))[-1]

    def insert_entry(tx: Transaction, id: int) -> None:
        row = {one.name: getattr(last, one.name) for one in e.c if one.name != "id"}
        tx.conn.execute(sa.insert(e).values(id=id, **row))

    for id in (last.id + 9, last.id + 5):
        await story.store.write(insert_entry, id)
        await story.store.write(chain_audit, "key")
        clock.move(60)
    report = await check_chain(story.store)
    assert (report.faults, report.waiting) == ([], 0)
    assert report.entries == await story.count(e)


TAMPERED = {
    "a changed entry": (sa.update(e).where(e.c.record == "1").values(agent="Somebody"), "changed"),
    "a deleted entry": (sa.delete(e).where(e.c.record == "1"), "deleted"),
    "a changed link": (sa.update(k).where(k.c.place == 2).values(digest="0"), "changed"),
    "a deleted link": (sa.delete(k).where(k.c.place == 2), "Place 2 of the chain is missing"),
}


@pytest.mark.parametrize("name", TAMPERED)
async def test_tampering_is_refused_and_verification_detects_it(story: Story, name: str) -> None:
    statement, says = TAMPERED[name]
    await write_entries(story, 5)
    assert (await check_chain(story.store)).faults == []

    def tamper(tx: Transaction, _: None) -> None:
        tx.conn.execute(statement)

    with pytest.raises(sa.exc.IntegrityError):
        await story.store.write(tamper, None)

    def without_triggers(tx: Transaction, _: None) -> None:
        if tx.conn.dialect.name == "postgresql":
            tx.conn.execute(sa.text("SET LOCAL session_replication_role = replica"))
        else:
            for table, what in (("log_is", "not_changed"), ("log_is", "not_deleted")):
                tx.conn.execute(sa.text(f"DROP TRIGGER audit_{table}_{what}"))
            for what in ("not_changed", "not_deleted"):
                tx.conn.execute(sa.text(f"DROP TRIGGER audit_links_are_{what}"))
        tx.conn.execute(statement)

    await story.store.write(without_triggers, None)
    assert says in " ".join((await check_chain(story.store)).faults)


async def test_deleting_old_entries_keeps_the_chain_valid(story: Story, clock: MovedClock) -> None:
    await write_entries(story, 5)
    old = await check_chain(story.store)
    clock.move(86_400)
    await write_entries(story, 2)
    await check_chain(story.store)
    removed = await story.store.write(remove_entries, RemoveEntries(before=clock.now))
    assert removed == old.head.place
    report = await check_chain(story.store)
    assert (report.faults, report.removed, report.entries) == ([], removed, 3)
    (said,) = await entries(story, AuditFilter(action=AuditAction.ENTRIES_REMOVED))
    assert said.details["to_place"] == removed
    assert await story.store.read(place_hash, old.head.place) == old.head.hash


async def test_deleted_agents_stay_in_the_log(story: Story) -> None:
    entry = AuditEntry(action=AuditAction.VIEWED, subject="user", record="1", agent_id=MIA)
    await story.store.write(audit, entry)
    values = {"name": "Mia Chen-Lee"}
    await story.store.write(change_agent, ChangeAgent(id=MIA, by=OMAR, values=values))
    assert (await entries(story))[-2].agent == "Mia Chen"
