"""Check the PostgreSQL database in which all bot processes store their conversations
(PATCHBOARD_BOT_TRACKER_URL). ``bot/tracker_tables.py`` defines its tables."""

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

from handoff_service.errors import SetupError

SCHEMA = "patchboard_bot"  # the same name as in bot/tracker_database.py
_LIMITS = {"connect_timeout": 3, "tcp_user_timeout": 5000}
_RIGHTS = sa.text(
    "SELECT current_setting('transaction_read_only') = 'on' AS only_reads, "
    "has_schema_privilege(to_regnamespace(:schema), 'CREATE, USAGE') AS uses, "
    "has_database_privilege(current_database(), 'CREATE') AS creates"
)


def problems(url: str) -> list[str]:
    """Sentences that say why the bots cannot store their conversations in the database. Empty if
    they can."""
    try:
        with _connection(url) as connection:
            found = connection.execute(_RIGHTS, {"schema": SCHEMA}).one()
    except SetupError as error:
        return [str(error)]
    if found.only_reads:
        return [
            "The database of PATCHBOARD_BOT_TRACKER_URL accepts no changes. To find the one that "
            "does, add target_session_attrs=read-write and all hosts to the address."
        ]
    if found.uses is False or (found.uses is None and not found.creates):
        return [
            "The user of PATCHBOARD_BOT_TRACKER_URL may not create the tables of the virtual "
            f"agent. Make this user the owner of the schema {SCHEMA}: CREATE SCHEMA {SCHEMA} "
            "AUTHORIZATION the_user"
        ]
    return []


def has_conversations(url: str) -> bool:
    """Whether a bot has stored conversations in the database. Raises SetupError when the database
    cannot be used."""
    table = f"{SCHEMA}.events"
    with _connection(url) as connection:
        exists = sa.text("SELECT to_regclass(:table) IS NOT NULL")
        return bool(connection.scalar(exists, {"table": table})) and bool(
            connection.scalar(sa.text(f"SELECT EXISTS (SELECT FROM {table})"))  # noqa: S608
        )


@contextlib.contextmanager
def _connection(url: str) -> Iterator[sa.Connection]:
    """Connect to the bot's database. Raises SetupError when the database cannot be used."""
    try:
        engine = sa.create_engine(
            "postgresql+psycopg://" + url.removeprefix("postgresql://"),
            poolclass=sa.NullPool,
            connect_args=_LIMITS,
            hide_parameters=True,
        )
        with engine.connect() as connection:
            yield connection
    except sa.exc.DBAPIError as error:
        why = " ".join(str(error.orig).split())
        raise SetupError(
            f"The database of PATCHBOARD_BOT_TRACKER_URL cannot be used: {why}"
        ) from error
