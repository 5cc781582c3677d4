"""Bring a database to the newest schema. Alembic's own files are in ``migrations/``."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from handoff_service.errors import SetupError
from handoff_service.store.database import engine


def migrate(url: str, to: str = "head") -> None:
    """Apply what is missing. Makes the SQLite file and its folder. SetupError when the database cannot be opened."""
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    opened = engine(url, size=1, writes=True)
    try:
        with opened.begin() as connection:
            if connection.dialect.name == "postgresql":  # two processes that start at once: one after the other
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(774213)"))
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, to)
    except sa.exc.OperationalError as error:
        raise SetupError(f"The database of PATCHBOARD_DATABASE_URL cannot be opened: {error.orig}") from error
    finally:
        opened.dispose()
