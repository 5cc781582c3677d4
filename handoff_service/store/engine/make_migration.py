"""The command behind ``make migration NAME=...``. It writes a new revision from the difference
between the tables and the migrations."""

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from alembic import command
from alembic.config import Config

from handoff_service.store.engine.database import engine

HERE = Path(__file__).parent / "migrations"


def write(name: str) -> None:
    """Compare ``tables.py`` with a database that has all migrations, and write the revision."""
    number = next_number(file.name for file in (HERE / "versions").glob("*.py"))
    with tempfile.TemporaryDirectory() as folder:
        opened = engine(f"sqlite:///{folder}/migrated.db", size=1, writes=True)
        with opened.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(HERE))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            command.revision(config, message=name, autogenerate=True, rev_id=number)
        opened.dispose()


def next_number(files: Iterable[str]) -> str:
    """Return the number after the highest one. The numbers may have gaps."""
    return f"{max(int(name.partition('_')[0]) for name in files) + 1:04d}"


if __name__ == "__main__":
    write(sys.argv[1])
