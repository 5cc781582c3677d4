"""``make migration NAME=...``: write a new revision from the difference between tables and
migrations."""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from handoff_service.store.engine.database import engine

HERE = Path(__file__).parent / "migrations"


def write(name: str) -> None:
    """Compare ``tables.py`` with a database that has all migrations."""
    number = len(list((HERE / "versions").glob("*.py"))) + 1
    with tempfile.TemporaryDirectory() as folder:
        opened = engine(f"sqlite:///{folder}/migrated.db", size=1, writes=True)
        with opened.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(HERE))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            command.revision(config, message=name, autogenerate=True, rev_id=f"{number:04d}")
        opened.dispose()


if __name__ == "__main__":
    write(sys.argv[1])
