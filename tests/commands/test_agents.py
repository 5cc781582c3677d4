"""``patchboard agent`` adds and lists agents and sets their passwords, on both databases."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from handoff_service import cli
from handoff_service.operations.desk.passwords import password_matches
from handoff_service.store.engine import tables as t

type Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(
    tmp_path: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Return a function that runs a command with a line of standard input. It returns the exit code
    and the printed text.
    """
    for name, value in {"HOME": str(tmp_path), "DATABASE_URL": database_url}.items():
        monkeypatch.setenv(f"PATCHBOARD_{name}", value)

    def run(*arguments: str, typed: str = "") -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
        return cli.main(["agent", *arguments]), "".join(capsys.readouterr())

    return run


def stored_hash(url: str, email: str) -> str:
    opened = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with opened.connect() as conn:
        found: str = conn.execute(
            sa.select(t.agents.c.password_hash).where(t.agents.c.email == email)
        ).scalar_one()
    opened.dispose()
    return found


def test_the_command_adds_an_agent_who_is_listed_and_can_sign_in(
    run: Run, database_url: str
) -> None:
    admin = ("add", "ada@example.com", "--name", "Ada", "--role", "admin", "--role", "trainer")
    assert run(*admin, typed="a long password") == (
        0,
        "Added ada@example.com. Roles: admin, trainer.\n",
    )
    assert password_matches(stored_hash(database_url, "ada@example.com"), "a long password")
    assert "ada@example.com   admin, trainer  Ada" in run("list")[1]


@pytest.mark.parametrize(
    ("arguments", "typed", "says"),
    [
        (("add", "ada"), "a long password", "email must be an e-mail address"),
        (("add", "ada@example.com"), "short", "password must have at least 8 characters"),
        (("add", "MIA@example.com"), "a long password", "MIA@example.com"),
        (("password", "nobody@example.com"), "a long password", "No active agent has"),
        (("password", "mia@example.com"), "", "password must have at least 8 characters"),
    ],
)
def test_the_error_names_a_wrong_value(
    run: Run, arguments: tuple[str, ...], typed: str, says: str
) -> None:
    code, printed = run(*arguments, typed=typed)
    assert (code, says in printed) == (1, True), printed


def test_a_new_password_replaces_the_old_one(run: Run, database_url: str) -> None:
    code, printed = run("password", "mia@example.com", typed="another password")
    assert (code, printed) == (
        0,
        "mia@example.com has a new password and is signed out everywhere.\n",
    )
    stored = stored_hash(database_url, "mia@example.com")
    assert password_matches(stored, "another password")
    assert not password_matches(stored, "mia-demo")


def test_the_command_resets_the_second_factor_of_a_lost_phone(run: Run, database_url: str) -> None:
    opened = sa.create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    app, one = t.authenticators, {"agent_id": 1, "secret": "sealed"}
    with opened.begin() as conn:
        conn.execute(sa.insert(app).values(one))
    said = "mia@example.com has no second factor now and is signed out everywhere.\n"
    assert run("reset-second-factor", "mia@example.com") == (0, said)
    with opened.connect() as conn:
        assert conn.execute(sa.select(app.c.agent_id)).all() == []
    opened.dispose()
    code, printed = run("reset-second-factor", "nobody@example.com")
    assert (code, "No active agent has" in printed) == (1, True)
