"""Fixtures for all tests: real databases, a clock that tests move, and the desk of desk.toml."""

import asyncio
import gc
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import psycopg
import pytest
import sqlalchemy as sa

from handoff_service import settings
from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.gateways.twilio.gateway import TwilioProvider
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.operations.routing.offer_work import offer_work
from handoff_service.rules.shared.outside_addresses import Allowed
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine.migrate import migrate
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Hint, OperationSettings
from handoff_service.worker import Worker, nudge_workers
from tests.support.bot_programs import forked_python
from tests.support.compiled_statements import CompiledStatements
from tests.support.demo_home import CHEAP
from tests.support.fake_twilio import FakeTwilio
from tests.support.kept_connections import KeptConnections
from tests.support.migrated import migrated_file
from tests.support.run_folder import TEMPLATES, made_once, run_folder
from tests.support.story import Story

if TYPE_CHECKING:
    from tests.support.s3_server import S3Server

TEMPLATE = "postgres-template"  # the file that names the template database
DESK = Path(__file__).parent / "desk.toml"
POSTGRES = os.environ.get("PATCHBOARD_TEST_POSTGRES", "postgresql://127.0.0.1:5432/postgres")


@pytest.fixture(scope="session", autouse=True)
def _compile_statements_once() -> Iterator[None]:
    """Share compiled statements. Each test opens its own engines, and without a shared cache each
    engine would compile every statement again.
    """
    compiled = CompiledStatements()

    def share(connection: sa.Connection) -> None:
        connection.execution_options(compiled_cache=compiled)

    sa.event.listen(sa.Engine, "engine_connect", share)
    yield
    sa.event.remove(sa.Engine, "engine_connect", share)


@pytest.fixture(scope="session")
def s3() -> "Iterator[S3Server]":
    """An S3 server. Each test creates its own buckets."""
    from tests.support import s3_server  # The import takes half a second, and few tests need it.

    with s3_server.running() as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Make password hashes cheap. In the product, a hash deliberately takes a tenth of a second."""
    with patch("handoff_service.operations.desk.passwords._hasher", CHEAP):
        yield


@pytest.fixture(scope="session", autouse=True)
def _forked_bot_programs() -> Iterator[None]:
    """Start programs of the bot's environment by forking a process that has already imported Rasa,
    because the import takes most of their start-up time.
    """
    with patch("handoff_service.bot_control.rasa_environment.python", forked_python):
        yield


class MovedClock:
    """A clock that changes only when a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Heard:
    """Collects the hints that lanes publish after their commits, and wakes a running worker."""

    def __init__(self) -> None:
        self.hints: list[Hint] = []
        self.calls = 0  # about one for each transaction
        self.workers: list[Worker] = []
        self.work_at: dict[Work, datetime] = {}  # the earliest due time of each kind

    def __call__(self, hints: object, work_at: Mapping[Work, datetime]) -> None:
        self.calls += 1
        self.hints += hints  # type: ignore[operator]
        for kind, at in work_at.items():
            self.work_at[kind] = min(at, self.work_at.get(kind, at))
        nudge_workers(self.workers, work_at)


def pytest_configure() -> None:
    """Name the folder in which the processes of this run share compiled templates."""
    os.environ.setdefault(TEMPLATES, str(run_folder() / "templates"))


# These files take longest, so they run first. The first file trains the bot's model. The other
# files in tests/bot wait for this model, so some files that need no model run before them.
FIRST = (
    "tests/bot/test_conversations.py",
    "tests/web/test_openapi.py",
    "tests/engine/test_upgrades.py",
    "tests/training/",
    "tests/server/test_process_supervisor.py",
    "tests/web/test_trainer_pages.py",
    "tests/routing/test_routing_simulation.py",
    "tests/messaging_actions/",
    "tests/bot/",
    "tests/e2e/",
    "tests/virtual_agent/",
    "tests/chaos/",
    "tests/server/",
    "tests/web/",
    "tests/backup/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files in ``FIRST`` before all others."""

    def place(item: pytest.Item) -> int:
        for number, start in enumerate(FIRST):
            if item.nodeid.startswith(start):
                return number
        return len(FIRST)

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Exempt the imported modules and the collected tests from garbage collection, because they
    exist until the end. Otherwise each full collection would visit several hundred thousand
    more objects.
    """
    gc.collect()
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run's shared folder. The main process does this, because it ends last."""
    if not hasattr(config, "workerinput"):
        _drop_template()
        shutil.rmtree(run_folder(), ignore_errors=True)


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
async def twilio(clock: MovedClock) -> AsyncIterator[FakeTwilio]:
    """The fake Twilio. It holds back its callbacks, because no service listens at the public
    address.
    """
    async with FakeTwilio(clock=clock) as fake:
        fake.hold_callbacks()
        yield fake


@pytest.fixture
async def at_twilio(twilio: FakeTwilio, tmp_path: Path) -> AsyncIterator[TwilioProvider]:
    """The provider Twilio, whose official client calls the fake."""
    provider = TwilioProvider(settings.read(twilio.environ(tmp_path)))
    yield provider
    await provider.close()


@pytest.fixture
def heard() -> Heard:
    return Heard()


def no_postgres(error: object) -> None:
    """End the current test because PostgreSQL is not available. In CI, the test fails. Elsewhere,
    pytest skips it.
    """
    if os.environ.get("PATCHBOARD_TEST_REQUIRE_SERVICES") == "1":
        pytest.fail(f"PostgreSQL is not available ({error}); set PATCHBOARD_TEST_POSTGRES")
    pytest.skip(f"PostgreSQL is not available ({error}); set PATCHBOARD_TEST_POSTGRES")


def _admin() -> psycopg.Connection:
    try:
        return psycopg.connect(POSTGRES, autocommit=True)
    except psycopg.OperationalError as error:
        no_postgres(error)
        raise


@contextmanager
def postgres_database(template: str = "template1") -> Iterator[str]:
    """Create a PostgreSQL database as a copy of ``template``, and yield its address. The database
    is dropped at the end of the block.
    """
    name = _new_name()
    with _admin() as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield _address(name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _new_name() -> str:
    return f"patchboard_test_{secrets.token_hex(6)}"


def _address(database: str) -> str:
    return POSTGRES.rsplit("/", 1)[0] + "/" + database


def _make_template(path: Path) -> None:
    """Make a PostgreSQL database with the desk, and write the database's name to ``path``. Each
    test process copies this database, because the migrations take several seconds of
    processor time.
    """
    name = _new_name()
    with _admin() as admin:
        admin.execute(f"CREATE DATABASE {name}")
    asyncio.run(lay_out(_address(name)))
    path.write_text(name)


def _drop_template() -> None:
    made = run_folder() / TEMPLATE
    if made.exists():
        with _admin() as admin:
            admin.execute(f"DROP DATABASE {made.read_text()} WITH (FORCE)")


async def lay_out(url: str) -> None:
    """Migrate a database and import the desk of ``desk.toml``."""
    migrate(url)
    opened = Store(
        url,
        clock=MovedClock(),
        settings=OperationSettings(send_errors=ERRORS),
        after_commit=Heard(),
    )
    await opened.write(import_desk, read_desk_file.read(DESK))
    await opened.write(offer_work, None)  # the offer run that the import schedules
    opened.close()


@pytest.fixture(scope="session")
def sqlite_desk() -> Path:
    """A SQLite file with the desk. Each test copies it."""
    return made_once(
        "desk.db", lambda path: asyncio.run(lay_out(f"sqlite:///{migrated_file(path)}"))
    )


@dataclass(slots=True)
class PostgresDesk:
    """A PostgreSQL database that each test resets to its first state. A new database for each test
    would take most of the test's time, and so would a new connection for each reset."""

    url: str
    db: psycopg.Connection
    kept: KeptConnections

    @classmethod
    def keep(cls, url: str) -> "PostgresDesk":
        """Copy every row into a second schema. Each test restores its rows from there."""
        db = psycopg.connect(url, autocommit=True)
        tables = [
            name
            for (name,) in db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ]
        db.execute("CREATE SCHEMA kept")
        for table in tables:
            db.execute(f"CREATE TABLE kept.{table} AS TABLE public.{table}")
        # No test simulates a power failure of the server, so commits need not wait for the disk.
        db.execute("SET synchronous_commit = off")
        db.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET synchronous_commit = off")
        counters = db.execute(
            "SELECT sequencename, coalesce(last_value, start_value), last_value IS NOT "
            "NULL FROM pg_sequences"
        ).fetchall()
        again = [
            "PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname ="
            " current_database() AND pid <> pg_backend_pid() AND pid <> ALL (idle)",
            *(f"DELETE FROM public.{table}" for table in tables),
            *(f"INSERT INTO public.{table} SELECT * FROM kept.{table}" for table in tables),
            *(
                f"PERFORM setval('public.{name}', {value}, {used})"
                for name, value, used in counters
            ),
        ]
        # This is a function, because the server then parses and plans the statements only once.
        db.execute(
            "CREATE FUNCTION kept.put_back(idle int[]) RETURNS void LANGUAGE plpgsql AS"
            f" $$ BEGIN {'; '.join(again)}; END $$"
        )
        return cls(url, db, KeptConnections(url))

    def as_it_was(self) -> str:
        """Restore the first state, disconnect all clients, and return the address."""
        try:
            self._put_back()
        except psycopg.OperationalError:  # The previous test disconnected all clients.
            self.db = psycopg.connect(self.url, autocommit=True)
            self._put_back()
        return self.url

    def _put_back(self) -> None:
        # Turn off foreign keys and triggers, so that the rows can be restored in any order.
        self.db.execute("SET session_replication_role = replica")
        self.db.execute("SELECT kept.put_back(%s::int[])", [self.kept.pids()])


@pytest.fixture(scope="session")
def postgres_desk() -> Iterator[PostgresDesk]:
    """The PostgreSQL database with the desk. The tests of one process use it one after another."""
    with postgres_database(made_once(TEMPLATE, _make_template).read_text()) as url:
        desk = PostgresDesk.keep(url)
        with desk.kept.used():
            yield desk
        desk.db.close()


@pytest.fixture
def postgres_url(postgres_desk: PostgresDesk) -> str:
    """A PostgreSQL database that contains only the desk."""
    return postgres_desk.as_it_was()


@pytest.fixture
def sqlite_url(sqlite_desk: Path, tmp_path: Path) -> str:
    """The test's own SQLite file, with the desk."""
    return f"sqlite:///{shutil.copy(sqlite_desk, tmp_path / 'desk.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database with the desk. Each test runs on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue(
        "sqlite_url" if request.param == "sqlite" else "postgres_url"
    )
    return url


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def module_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """One database for all tests of a file. A file with this fixture cannot use the other
    PostgreSQL fixtures, because they all share one PostgreSQL database."""
    if request.param == "postgresql":
        desk: PostgresDesk = request.getfixturevalue("postgres_desk")
        return desk.as_it_was()
    copied = shutil.copy(
        request.getfixturevalue("sqlite_desk"), tmp_path_factory.mktemp("module") / "desk.db"
    )
    return f"sqlite:///{copied}"


@pytest.fixture
def operation_settings() -> OperationSettings:
    return OperationSettings(send_errors=ERRORS, outside=Allowed.read(["127.0.0.1"]))


@pytest.fixture
async def store(
    database_url: str, clock: MovedClock, heard: Heard, operation_settings: OperationSettings
) -> AsyncIterator[Store]:
    """A store on a new database with the desk of ``desk.toml``."""
    opened = Store(database_url, clock=clock, settings=operation_settings, after_commit=heard)
    yield opened
    opened.close()


@pytest.fixture
def story(store: Store) -> Story:
    return Story(store)
