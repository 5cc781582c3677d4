"""Whatever statement fails, no log line, trace or error of the store contains people's words."""

import asyncio
import io
import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import log
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction

NUMBER, NAME, MAIL, BODY = (
    "+12025559876",
    "Rosalind Quill",
    "rosalind@quill.example",
    "my pin is 4711",
)
SECRETS = (NUMBER, NUMBER[1:], NAME, "Rosalind", MAIL, BODY, "4711")
type Fails = Callable[[sa.Connection], Any]


def twice(conn: sa.Connection) -> None:
    """PostgreSQL would report: Key (number)=(+1202...) already exists."""
    user = {"external_id": NAME, "name": NAME, "email": MAIL, "active": True}
    conn.execute(sa.insert(t.users).values(user))
    conn.execute(sa.insert(t.users).values(user))


def nothing_where_something_must_be(conn: sa.Connection) -> None:
    """PostgreSQL's error would show the whole failing row."""
    conn.execute(sa.text(
    "INSERT INTO users (external_id, name, email) VALUES (:number, NULL, "
    ":mail)"),
                 {"number": NUMBER, "mail": MAIL})  # fmt: skip


def nobody_there(conn: sa.Connection) -> None:
    conn.execute(sa.insert(t.user_numbers).values(user_id=9_999_999, number=NUMBER))


def nul(conn: sa.Connection) -> None:
    conn.execute(sa.text("INSERT INTO no_such_table VALUES (:body)"), {"body": f"{BODY}\0{NAME}"})


def surrogates(conn: sa.Connection) -> None:
    conn.execute(sa.insert(t.groups).values(name=f"{NAME} \udcff {BODY}"))


def not_a_number(conn: sa.Connection) -> None:
    """PostgreSQL would report: invalid input syntax for type integer: "+1202..."."""
    conn.execute(sa.text("SELECT CAST(:number AS integer) / no_such_column"), {"number": NUMBER})


def not_a_number_at_all(conn: sa.Connection) -> None:
    conn.execute(sa.text(
    "SELECT CAST(CAST(:name AS text) AS integer) + CAST(abs(:least) AS "
    "integer)"),
                 {"name": NAME, "least": -(2**63)})  # fmt: skip


def not_a_time(conn: sa.Connection) -> None:
    """A value that the product's own column type refuses."""
    conn.execute(sa.insert(t.messages).values(created_at=NUMBER, body=BODY))


def too_large(conn: sa.Connection) -> None:
    conn.execute(sa.text("SELECT :n, :body FROM no_such_table"), {"n": 2**80, "body": BODY})


def wrong_kind(conn: sa.Connection) -> None:
    conn.execute(sa.text("SELECT :body"), {"body": {NAME: BODY, "x": object()}})


def many(conn: sa.Connection) -> None:
    conn.execute(sa.insert(t.groups), [{"name": NAME}, {"name": NUMBER}, {"name": NAME}])


def no_such_function(conn: sa.Connection) -> None:
    conn.execute(sa.text("SELECT no_such_function(:body, :mail)"), {"body": BODY, "mail": MAIL})


FAILS: list[Fails] = [
    twice, nothing_where_something_must_be, nobody_there, nul, surrogates, not_a_number,
    not_a_number_at_all,
    not_a_time, too_large, wrong_kind, many, no_such_function,
]  # fmt: skip


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Collect the log lines of the whole process."""
    stream = io.StringIO()
    log.start("debug", stream)
    everything = logging.StreamHandler(stream)
    logging.getLogger().addHandler(everything)
    yield stream
    logging.getLogger().removeHandler(everything)
    log.start()


async def test_no_log_line_contains_peoples_words(store: Store, logged: io.StringIO) -> None:
    failed = 0
    for fails in FAILS:

        def operation(tx: Transaction, fails: Fails) -> None:
            fails(tx.conn)

        for outcome in await asyncio.gather(
            store.write(operation, fails), store.read(fails), return_exceptions=True
        ):
            if not isinstance(outcome, BaseException):
                continue
            failed += 1
            log.warning("failed", error=outcome, why=str(outcome))
            log.warning("failed", why=repr(outcome))
            asyncio.get_running_loop().call_exception_handler(
                {"message": "unseen", "exception": outcome}
            )
            logged.write("".join(traceback.format_exception(outcome)))
    assert failed >= 2 * len(FAILS) - 4, "each database accepts at most two of these statements"
    said = logged.getvalue()
    assert "action=failed" in said
    assert not [
        (secret, line) for line in said.splitlines() for secret in SECRETS if secret in line
    ]


async def test_the_log_names_the_failed_statement(store: Store) -> None:
    """The log has the constraint, the statement and the line of code, but no values."""
    with pytest.raises(sa.exc.IntegrityError) as raised:
        await store.write(lambda tx, _: twice(tx.conn), None)
    said = "".join(traceback.format_exception(raised.value))
    assert "external_id" in said
    assert "INSERT INTO users" in said
    assert "in twice" in said
