"""Imports of hundreds of people. No hashing happens inside a transaction, and unchanged secrets are
not hashed again.
"""

import threading

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from handoff_service.errors import SetupError
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.desk_file import DeskFile
from handoff_service.operations.desk_file.import_desk import import_file
from handoff_service.operations.desk_file.preview_import import (
    ImportPreview,
    import_as_previewed,
    preview_file,
)
from handoff_service.operations.identity.knowledge_facts import matches
from handoff_service.rules.identity.proof import fact_hash
from handoff_service.store.desk.users import select_users
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import OperationSettings
from tests.conftest import Heard
from tests.support.story import Story

KEY = "key"


@pytest.fixture
def operation_settings() -> OperationSettings:
    return OperationSettings(link_key=KEY)


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The list of threads that have called argon2, one for each call."""
    ran: list[str] = []
    for name in ("hash", "verify"):
        real = getattr(PasswordHasher, name)

        def spied(self: PasswordHasher, *given: object, _real: object = real) -> object:
            ran.append(threading.current_thread().name)
            return _real(self, *given)  # type: ignore[operator]

        monkeypatch.setattr(PasswordHasher, name, spied)
    return ran


def users(count: int, *, born: int = 1990, name: str = "Person", more: str = "") -> DeskFile:
    entries = (
        f'[[users]]\nexternal_id = "P{n}"\nname = "{name} {n}"\nnumbers = ["+1303555{n:04d}"]\n'
        f'facts = {{ birth_year = "{born}" }}\n{more}'
        for n in range(count)
    )
    return read_desk_file.read_bytes("".join(entries).encode(), "people.toml")


async def test_no_hashing_happens_in_a_transaction_or_for_an_unchanged_file(
    story: Story, hashing: list[str]
) -> None:
    await import_file(story.store, users(20))
    assert len(hashing) == 20
    assert not [thread for thread in hashing if not thread.startswith("slow-work")]
    before, _ = await story.rows(t.user_facts), hashing.clear()
    await import_file(story.store, users(20))
    assert hashing == []
    assert await story.rows(t.user_facts) == before
    assert len({fact.fingerprint for fact in before}) == 20, (
        "the same fact of two people has two fingerprints"
    )


async def test_a_preview_hashes_nothing_and_its_import_hashes_each_secret_once(
    story: Story, hashing: list[str]
) -> None:
    preview = await preview_file(story.store, users(20))
    assert len(preview.parts["users"].created) == 20
    assert hashing == []
    assert await story.count(t.user_facts) == 0
    imported = await import_as_previewed(story.store, users(20), preview.fingerprint)
    assert not isinstance(imported, ImportPreview)
    assert imported["users"] == 20
    assert len(hashing) == 20
    (fact, *_) = await story.rows(t.user_facts)
    assert matches([fact.hash], [fact_hash(KEY, "1990")])


async def test_an_import_that_differs_from_its_preview_is_rolled_back(
    story: Story, heard: Heard
) -> None:
    before = await preview_file(story.store, users(2))
    await import_file(story.store, users(1))
    hints = list(heard.hints)
    again = await import_as_previewed(story.store, users(2), before.fingerprint)
    assert isinstance(again, ImportPreview)
    assert again.parts["users"].created == ["P1"]
    assert heard.hints == hints, "an import that was rolled back publishes no events"
    assert await story.count(t.users) == 4


async def test_a_password_is_verified_outside_a_transaction(
    story: Story, hashing: list[str]
) -> None:
    agent = '[[agents]]\nemail = "{}@example.com"\nname = "Mia Chen"\npassword = "demo-mia"\n'
    file = read_desk_file.read_bytes(
        (agent.format("mia") + agent.format("new")).encode(), "agents.toml"
    )
    before = await _password_hash(story, "mia@example.com")
    await import_file(story.store, file)
    assert not [thread for thread in hashing if not thread.startswith("slow-work")]
    assert await _password_hash(story, "mia@example.com") == before


async def _password_hash(story: Story, email: str) -> str | None:
    query = sa.select(t.agents.c.password_hash).where(t.agents.c.email == email)
    return await story.store.read(lambda conn: conn.execute(query).scalar_one())


async def test_a_changed_fact_is_hashed_again(story: Story, hashing: list[str]) -> None:
    await import_file(story.store, users(3))
    hashing.clear()
    await import_file(story.store, users(3, born=1991))
    assert len(hashing) == 3
    (fact, *_) = await story.rows(t.user_facts)
    assert matches([fact.hash], [fact_hash(KEY, "1991")])
    assert not matches([fact.hash], [fact_hash(KEY, "1990")])


async def test_an_old_fact_without_a_fingerprint_is_verified_once(
    story: Story, hashing: list[str]
) -> None:
    await import_file(story.store, users(2))
    before = await story.rows(t.user_facts)
    await story.store.write(
        lambda tx, _: tx.conn.execute(t.user_facts.update().values(fingerprint=None)), None
    )
    for times in (2, 0):
        hashing.clear()
        await import_file(story.store, users(2))
        assert len(hashing) == times
        assert await story.rows(t.user_facts) == before


async def test_five_hundred_people_need_only_a_few_statements(story: Story) -> None:
    """Few statements hold the lane for only tens of milliseconds. An import of one user after
    another took 6,000 statements.
    """
    statements: list[str] = []

    def count(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    sa.event.listen(story.store._writing, "before_cursor_execute", count)
    await import_file(story.store, users(500))
    assert len(statements) < 60
    assert await story.count(t.users) == 503


async def test_an_import_changes_people_and_refuses_duplicates(story: Story) -> None:
    await import_file(story.store, users(3))
    text = (
        '[[users]]\nexternal_id = "P0"\nname = "Old"\nnumbers = ["+13035550000", "+13035559999"]\n'
        '[[users]]\nexternal_id = "P0"\nname = "Person"\nemail = "p@example.com"\nnumbers = '
        '["+13035559999"]\n'
        'attributes = { department = "Sales" }\n'
        '[[users]]\nexternal_id = "P1"\nname = "Person 1"\nactive = false\n'
        '[[users]]\nexternal_id = "P9"\nname = "Never here"\nactive = false\nfacts = { badge '
        '= "1" }\n'
    )
    for _ in range(2):
        await import_file(story.store, read_desk_file.read_bytes(text.encode(), "people.toml"))
        found = await story.store.read(
            select_users, t.users.c.external_id.in_(["P0", "P1", "P2", "P9"])
        )
        assert [(u.external_id, u.name, u.numbers, u.attributes, u.active) for u in found] == [
            ("P0", "Person", ["+13035559999"], {"department": "Sales"}, True),
            ("P1", "Person 1", [], {}, False),
            ("P2", "Person 2", ["+13035550002"], {}, True),
            ("P9", "Never here", [], {}, False),
        ]
        assert await story.count(t.user_facts) == 2


NATIONAL = '[[users]]\nexternal_id = "N1"\nname = "Nora Beck"\nnumbers = ["07911 123456"]\n'


@pytest.mark.parametrize(
    ("content", "country"),
    [(NATIONAL, "GB"), ('[desk]\nname = "D"\ncountry = "GB"\n' + NATIONAL, "US")],
)
async def test_a_national_number_is_read_in_the_files_or_the_desks_country(
    story: Story, content: str, country: str
) -> None:
    file = read_desk_file.read_bytes(content.encode(), "desk.toml", country)
    assert file.users[0].numbers == ["+447911123456"]


def test_a_number_with_an_extension_is_refused() -> None:
    with pytest.raises(
        SetupError, match=r"desk.toml:4: users\[0\].numbers\[0\]: .* has an extension"
    ):
        read_desk_file.read_bytes(
            NATIONAL.replace("123456", "123456 ext 5").encode(), "desk.toml", "GB"
        )
