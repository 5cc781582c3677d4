"""Migrations and tables agree on both databases, and constraints refuse impossible
rows."""

import ast
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from handoff_service.errors import SetupError
from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.store.cases import cases
from handoff_service.store.desk.desk import desk_id
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import engine
from handoff_service.store.engine.make_migration import next_number
from handoff_service.store.engine.migrate import migrate
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.conftest import Heard, MovedClock, postgres_database
from tests.support.story import ANN, Story


def _compared(
    _context: object, _there: object, column: sa.Column[object], *_more: object
) -> bool | None:
    """PostgreSQL has no equality for JSON, so Alembic cannot compare such a default."""
    return False if isinstance(column.type, sa.JSON) else None


INDEX_OF_TEXTS = {
    "message_words",
    # SQLite's internal tables
    *(f"message_words_{part}" for part in ("data", "idx", "docsize", "config")),
}


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out the full-text tables, because ``tables.py`` cannot describe them."""
    return kind != "table" or name not in INDEX_OF_TEXTS


OPTIONS = {"compare_type": True, "compare_server_default": _compared, "include_name": _ours}


def test_migrations_create_exactly_the_tables(database_url: str) -> None:
    opened = engine(database_url, size=1, writes=False)
    with opened.connect() as conn:
        context = MigrationContext.configure(conn, opts=OPTIONS)
        assert compare_metadata(context, t.metadata) == []
        there = {
            index["name"]
            for table in t.metadata.tables
            for index in sa.inspect(conn).get_indexes(table)
        }
    opened.dispose()
    wanted = {str(index.name) for table in t.metadata.tables.values() for index in table.indexes}
    assert wanted <= there, "the comparison above does not cover partial indexes"


def test_migrating_again_changes_nothing(database_url: str) -> None:
    migrate(database_url)
    migrate(database_url)


def test_a_database_that_cannot_be_opened_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="PATCHBOARD_DATABASE_URL cannot be opened"):
        migrate("postgresql://127.0.0.1:1/nothing")


async def test_the_database_itself_refuses_a_second_active_interaction_and_profile(
    story: Story,
) -> None:
    first = await story.text()
    row = (await story.rows(t.interactions, t.interactions.c.id == first.interaction_id))[
        0
    ]._asdict()
    del row["id"]
    with pytest.raises(sa.exc.IntegrityError):
        await story.store.write(
            lambda tx, _: tx.conn.execute(sa.insert(t.interactions).values(**row)), None
        )
    (profile,) = await story.rows(t.messaging_profiles, t.messaging_profiles.c.number == ANN)
    again = {**profile._asdict()}
    del again["id"]
    with pytest.raises(sa.exc.IntegrityError):
        await story.store.write(
            lambda tx, _: tx.conn.execute(sa.insert(t.messaging_profiles).values(**again)), None
        )


async def test_stored_times_are_read_unchanged(story: Story, clock: object) -> None:
    received = await story.text()
    assert (await story.see(received.interaction_id or 0)).opened_at == clock()  # type: ignore[operator]


def new_database(kind: str, folder: Path, name: str = "old") -> AbstractContextManager[str]:
    """An empty database. Yields its URL."""
    if kind == "postgresql":
        return postgres_database()
    return nullcontext(f"sqlite:///{folder}/{name}.db")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_media_from_before_0004_wait_for_their_download(kind: str, tmp_path: Path) -> None:
    """The migration recreates the table. Its rows keep their content, and get an id and work that
    downloads them.
    """
    with new_database(kind, tmp_path) as url:
        migrate(url, "0003")
        opened = engine(url, size=1, writes=True)
        with opened.begin() as conn:
            for statement in BEFORE_0004:
                conn.exec_driver_sql(
                    statement.replace(AT, f"{AT}+00") if kind == "postgresql" else statement
                )
        opened.dispose()
        migrate(url)
        opened = engine(url, size=1, writes=False)
        with opened.connect() as conn:
            rows = conn.execute(sa.select(t.media).order_by(t.media.c.id)).all()
            work = conn.execute(sa.select(t.due_work)).all()
        opened.dispose()
    assert [(r.message_id, r.position, r.url, r.status) for r in rows] == [
        (1, n, f"https://x/{n}", "waiting") for n in (0, 1)
    ]
    assert [(w.kind, w.key) for w in work] == [("fetch_media", str(r.id)) for r in rows]
    assert work[0].due_at == rows[0].created_at == datetime(2026, 11, 1, 9, tzinfo=UTC)


AT = "2026-11-01 09:00:00.000000"
BEFORE_0004 = [
    "INSERT INTO queues (name, assignment, accept_seconds) VALUES ('Desk', 'most_capacity', 60)",
    "INSERT INTO provider_numbers (number, label, first_responder, queue_id, segments_per_second)"
    " VALUES ('+18885550100', 'Main', 'live_agent', 1, 3)",
    f"INSERT INTO messaging_profiles (number, active, created_at) VALUES ('{ANN}', true, '{AT}')",
    "INSERT INTO interactions (requester_number, provider_number_id, profile_id, state, "
    f"priority, owner, epoch, last_seq, opened_at, last_message_at) VALUES ('{ANN}', 1, 1, "
    f"'new', 3, 'queue', 1, 1, '{AT}', '{AT}')",
    "INSERT INTO messages (interaction_id, seq, kind, author, body, owner, epoch, created_at)"
    f" VALUES (1, 1, 'message', 'requester', '', 'queue', 1, '{AT}')",
    *(f"INSERT INTO media VALUES (1, {n}, 'https://x/{n}', 'image/png')" for n in (1, 0)),
]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_cases_from_before_0008_keep_their_numbers_and_get_a_history(
    kind: str, tmp_path: Path
) -> None:
    with new_database(kind, tmp_path) as url:
        migrate(url, "0007")
        opened = engine(url, size=1, writes=True)
        with opened.begin() as conn:
            for statement in BEFORE_0008:
                conn.exec_driver_sql(
                    statement.replace(AT, f"{AT}+00") if kind == "postgresql" else statement
                )
        opened.dispose()
        migrate(url)
        store = Store(url, clock=MovedClock(), settings=OperationSettings(), after_commit=Heard())
        (case,) = await store.read(cases.list_, [])
        said = (case.id, case.kind, case.state, case.description, case.opened_by.kind, case.version)
        assert said == (41, "problem", "open", "No wifi", "virtual_agent", 1)
        assert case.created_at == case.history[0].at == datetime(2026, 11, 1, 9, tzinfo=UTC)
        agent = sa.insert(t.agents).values(
            email="m@x", name="M", password_hash="x", capacity=1, presence="offline"
        )
        await store.write(lambda tx, _: tx.conn.execute(agent.values(id=1)), None)
        assert (
            await store.write(
                open_by_hand, OpenByHand(agent_id=1, description="More", interaction_id=1)
            )
            == 42
        )
        store.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_migration_0016_restores_the_agents_chosen_presence(kind: str, tmp_path: Path) -> None:
    """The migration restores the chosen presence of agents whom the product had set to Away. It
    also gives each desk an id.
    """
    desk_ids = set()
    for n in range(2):
        with new_database(kind, tmp_path, f"old{n}") as url:
            migrate(url, "0015")
            opened = engine(url, size=1, writes=True)
            with opened.begin() as conn:
                for statement in BEFORE_0016:
                    conn.exec_driver_sql(
                        statement.replace(AT, f"{AT}+00") if kind == "postgresql" else statement
                    )
            opened.dispose()
            migrate(url)
            opened = engine(url, size=1, writes=False)
            with opened.connect() as conn:
                columns = t.agents.c["presence", "automatic_presence", "automatic_reason"]
                rows = conn.execute(sa.select(*columns).order_by(t.agents.c.id)).all()
                roles = conn.execute(sa.select(t.agent_roles.c.agent_id)).scalars().all()
                desk_ids.add(desk_id(conn))
            opened.dispose()
        assert [tuple(row) for row in rows] == [
            ("available", "away", "An offer expired"),
            ("Back office", "away", "The connection was lost"),
            ("away", None, None),
            ("offline", None, None),
        ]
        assert roles == [1]
    assert len(desk_ids) == 2


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_migration_0070_keeps_the_spanish_texts_about_outages(kind: str, tmp_path: Path) -> None:
    with new_database(kind, tmp_path) as url:
        migrate(url, "0069")
        opened = engine(url, size=1, writes=True)
        with opened.begin() as conn:
            for statement in BEFORE_0070:
                conn.exec_driver_sql(statement)
        opened.dispose()
        migrate(url)
        opened = engine(url, size=1, writes=False)
        with opened.connect() as conn:
            texts = t.outage_texts.c["body", "translations"]
            rows = conn.execute(sa.select(*texts).order_by(t.outage_texts.c.id)).all()
        opened.dispose()
    assert [tuple(row) for row in rows] == [
        ("OK", {"es": '¿Ya "funciona"?'}),
        ("It works", {}),
    ]


_TEXT = (
    "INSERT INTO outage_texts (outage_id, agent_id, body, body_es, state, created_at) VALUES (1, 1,"
)
BEFORE_0070 = [
    "INSERT INTO agents (id, email, name, password_hash, capacity, presence) "
    "VALUES (1, '1@x', 'A', 'x', 1, 'away')",
    f"INSERT INTO outages (id, title, text, since) VALUES (1, 'VPN', 'Down', '{AT}')",
    f"{_TEXT} 'OK', '¿Ya \"funciona\"?', 'done', '{AT}')",
    f"{_TEXT} 'It works', NULL, 'done', '{AT}')",
]
_AGENT = (
    "INSERT INTO agents (id, email, name, password_hash, capacity, presence, "
    "presence_reason) VALUES"
)
_LOG = "INSERT INTO presence_log (agent_id, presence, since) VALUES"
BEFORE_0016 = [
    f"{_AGENT} (1, '1@x', 'A', 'x', 1, 'away', 'An offer expired')",
    f"{_AGENT} (2, '2@x', 'B', 'x', 1, 'away', 'The connection was lost')",
    f"{_AGENT} (3, '3@x', 'C', 'x', 1, 'away', NULL)",
    f"{_AGENT} (4, '4@x', 'D', 'x', 1, 'offline', 'Mia deactivated D.')",
    "INSERT INTO agent_roles (agent_id, role) VALUES (1, 'agent')",
    "INSERT INTO presence_states (name, takes_work, position) VALUES ('Back office', true, "
    "1), ('Lunch', false, 2)",
    *(
        f"{_LOG} (2, '{presence}', '{AT}')"
        for presence in ("available", "Back office", "Lunch", "Once there was", "away")
    ),
]
BEFORE_0008 = [
    *BEFORE_0004[:4],
    f"INSERT INTO bot_turns (interaction_id, epoch, up_to_seq, asked_at) VALUES (1, 1, 1, '{AT}')",
    "INSERT INTO cases (id, interaction_id, bot_turn_id, problem, state, created_at)"
    f" VALUES (41, 1, 1, 'No wifi', 'open', '{AT}')",
]


def test_a_new_migration_gets_the_number_after_the_highest() -> None:
    assert next_number(["0001_the_tables.py", "0043_targets.py", "0012_desk.py"]) == "0044"


def test_no_constant_of_the_tables_is_defined_twice() -> None:
    """Python would silently use the second definition."""
    tree = ast.parse(Path(t.__file__).read_text(encoding="utf-8"))
    names = [
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    ]
    assert [name for name, times in Counter(names).items() if times > 1] == []
