"""Files that the processes of a test run share. The first process that needs a file creates it."""

import fcntl
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

#: The environment variable that names the folder of compiled templates. Fork servers inherit it,
#: because they cannot tell which process is the run's main process.
TEMPLATES = "PATCHBOARD_TEST_TEMPLATES"


def run_folder() -> Path:
    """Return the folder of this test run. tests/conftest.py removes it at the end."""
    main = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    folder = Path(tempfile.gettempdir()) / f"patchboard-tests-{main}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """Return the file or folder with this name. If no process has created it yet, ``make`` creates
    it at the given path. Callers must copy the file before they change it.
    """
    folder = run_folder()
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / name).exists():
            make(folder / f"{name}.part")
            (folder / f"{name}.part").rename(folder / name)
    return folder / name
