"""Databases with all migrations. Only the first test process of a run migrates a database, because
the migrations take several seconds of processor time.
"""

import shutil
from pathlib import Path

from handoff_service.store.engine.migrate import migrate
from tests.support.run_folder import made_once


def migrated_file(path: Path) -> Path:
    """Make a SQLite file that has all tables and no rows but those of migrations."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = made_once("migrated.db", lambda part: migrate(f"sqlite:///{part}"))
    return Path(shutil.copy(made, path))
