"""Whichever statement fails, the store's log lines, traces and errors contain no personal data."""

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


def insert_a_duplicate(conn: sa.Connection) -> None:
    """PostgreSQL would report: Key (number)=(+1202...) already exists."""
    user = {"external_id": NAME, "name": NAME, "email": MAIL, "active": True}
    conn.execute(sa.insert(t.users).values(user))
    conn.execute(sa.insert(t.users).values(user))


def insert_null_into_a_required_column(conn: sa.Connection) -> None:
    """PostgreSQL's error would show the whole failing row."""
    conn.execute(sa.text(
    "INSERT INTO users (external_id, name, email) VALUES (:number, NULL, "
    ":mail)"),
                 {"number": NUMBER, "mail": MAIL})  # fmt: skip


def refer_to_a_missing_row(conn: sa.Connection) -> None:
    conn.execute(sa.insert(t.user_numbers).values(user_id=9_999_999, number=NUMBER))


def send_a_nul_character(conn: sa.Connection) -> None:
    conn.execute(sa.text("INSERT INTO no_such_table VALUES (:body)"), {"body": f"{BODY}\0{NAME}"})


def send_surrogates(conn: sa.Connection) -> None:
    conn.execute(sa.insert(t.groups).values(name=f"{NAME} \udcff {BODY}"))


def cast_a_phone_number_to_integer(conn: sa.Connection) -> None:
    """PostgreSQL would report: invalid input syntax for type integer: "+1202..."."""
    conn.execute(sa.text("SELECT CAST(:number AS integer) / no_such_column"), {"number": NUMBER})


def cast_a_name_to_integer(conn: sa.Connection) -> None:
    conn.execute(sa.text(
    "SELECT CAST(CAST(:name AS text) AS integer) + CAST(abs(:least) AS "
    "integer)"),
                 {"name": NAME, "least": -(2**63)})  # fmt: skip


def insert_a_text_as_a_time(conn: sa.Connection) -> None:
    """The product's own column type refuses the value."""
    conn.execute(sa.insert(t.messages).values(created_at=NUMBER, body=BODY))


def send_an_integer_that_is_too_large(conn: sa.Connection) -> None:
    conn.execute(sa.text("SELECT :n, :body FROM no_such_table"), {"n": 2**80, "body": BODY})


def send_an_unsupported_type(conn: sa.Connection) -> None:
    conn.execute(sa.text("SELECT :body"), {"body": {NAME: BODY, "x": object()}})


def insert_many_with_a_duplicate(conn: sa.Connection) -> None:
    conn.execute(sa.insert(t.groups), [{"name": NAME}, {"name": NUMBER}, {"name": NAME}])


def call_a_missing_function(conn: sa.Connection) -> None:
    conn.execute(sa.text("SELECT no_such_function(:body, :mail)"), {"body": BODY, "mail": MAIL})


FAILS: list[Fails] = [
    insert_a_duplicate,
    insert_null_into_a_required_column,
    refer_to_a_missing_row,
    send_a_nul_character,
    send_surrogates,
    cast_a_phone_number_to_integer,
    cast_a_name_to_integer,
    insert_a_text_as_a_time,
    send_an_integer_that_is_too_large,
    send_an_unsupported_type,
    insert_many_with_a_duplicate,
    call_a_missing_function,
]


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
        await store.write(lambda tx, _: insert_a_duplicate(tx.conn), None)
    said = "".join(traceback.format_exception(raised.value))
    assert "external_id" in said
    assert "INSERT INTO users" in said
    assert "in insert_a_duplicate" in said
