"""`patchboard doctor` checks the database that the bots of all hosts share."""

import secrets
from collections.abc import Iterator

import psycopg
import pytest

from handoff_service.bot_control.bot_tracker import has_conversations, problems
from handoff_service.errors import SetupError
from tests.conftest import postgres_database


@pytest.fixture
def url() -> Iterator[str]:
    with postgres_database() as made:
        yield made


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as database:
        for statement in statements:
            database.execute(statement)


def test_a_database_in_which_bots_can_create_tables_has_no_problem(url: str) -> None:
    assert problems(url) == []
    assert not has_conversations(url)
    execute(url, "CREATE SCHEMA patchboard_bot", "CREATE TABLE patchboard_bot.events (id int)")
    assert problems(url) == []
    assert not has_conversations(url)
    execute(url, "INSERT INTO patchboard_bot.events VALUES (1)")
    assert has_conversations(url)


def test_a_read_only_database_is_reported(url: str) -> None:
    name = url.rpartition("/")[2]
    execute(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    (found,) = problems(url)
    assert "add target_session_attrs=read-write and all hosts" in found


def test_a_user_without_the_right_to_create_tables_is_reported(url: str) -> None:
    role = f"bot_{secrets.token_hex(4)}"
    execute(url, f"CREATE ROLE {role}", f"GRANT {role} TO CURRENT_USER")
    limited = f"{url}?options=-c%20role%3D{role}"
    try:
        (found,) = problems(limited)
        assert "CREATE SCHEMA patchboard_bot AUTHORIZATION the_user" in found
        execute(url, "CREATE SCHEMA patchboard_bot")
        assert problems(limited) == [found]
        execute(url, f"ALTER SCHEMA patchboard_bot OWNER TO {role}")
        assert problems(limited) == []
    finally:
        execute(url, "DROP SCHEMA IF EXISTS patchboard_bot", f"DROP ROLE {role}")


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("postgresql://bot:hunter2@127.0.0.1:1/desk", "127.0.0.1"),
        ("postgresql://bot:hunter2@/desk?host=127.0.0.1:1&host=127.0.0.1:2", "127.0.0.1"),
        ("postgresql://bot:hunter2@127.0.0.1:1/desk?colour=red", "colour"),
    ],
)
def test_a_database_that_does_not_answer_is_reported(address: str, says: str) -> None:
    (found,) = problems(address)
    assert found.startswith("The database of PATCHBOARD_BOT_TRACKER_URL cannot be used: ")
    assert says in found
    assert "\n" not in found
    assert "hunter2" not in found
    with pytest.raises(SetupError, match="cannot be used"):
        has_conversations(address)
