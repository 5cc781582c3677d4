"""What tests stand on: real databases, a clock moved by hand, the people of ``desk.toml``."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from handoff_service.operations import desk_file
from handoff_service.operations.import_desk import import_desk
from handoff_service.store.lanes import Hint, Terms
from handoff_service.store.migrate import migrate
from handoff_service.store.store import Store

DESK = Path(__file__).parent / "desk.toml"
POSTGRES = os.environ.get("PATCHBOARD_TEST_POSTGRES", "postgresql://127.0.0.1:5432/postgres")


class MovedClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Heard:
    """Collects what lanes tell after their commits."""

    def __init__(self) -> None:
        self.hints: list[Hint] = []

    def __call__(self, hints: object, _work_at: object) -> None:
        self.hints += hints  # type: ignore[operator]


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def heard() -> Heard:
    return Heard()


def no_postgres(error: object) -> None:
    """PostgreSQL is part of the tests: its absence is a failure where CI says so, and a visible skip elsewhere."""
    if os.environ.get("PATCHBOARD_TEST_REQUIRE_SERVICES") == "1":
        pytest.fail(f"PostgreSQL is not there ({error}); set PATCHBOARD_TEST_POSTGRES")
    pytest.skip(f"PostgreSQL is not there ({error}); set PATCHBOARD_TEST_POSTGRES")


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A PostgreSQL database of the test's own."""
    name = f"patchboard_test_{secrets.token_hex(6)}"
    try:
        admin = psycopg.connect(POSTGRES, autocommit=True)
    except psycopg.OperationalError as error:
        no_postgres(error)
        raise
    with admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield POSTGRES.rsplit("/", 1)[0] + "/" + name
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database, on each of the two kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'desk.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def terms() -> Terms:
    return Terms()


@pytest.fixture
async def store(database_url: str, clock: MovedClock, heard: Heard, terms: Terms) -> AsyncIterator[Store]:
    """A store on a fresh database that holds the desk of ``desk.toml``."""
    migrate(database_url)
    opened = Store(database_url, clock=clock, terms=terms, told=heard)
    await opened.write(import_desk, desk_file.read(DESK))
    yield opened
    opened.close()
