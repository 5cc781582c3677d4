"""Files that the processes of one test run share: made by the first that needs them."""

import fcntl
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def run_folder() -> Path:
    """The folder of this test run. tests/conftest.py removes it at the end."""
    main = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    folder = Path(tempfile.gettempdir()) / f"patchboard-tests-{main}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """A file or folder of this name that ``make`` made at the path that it got, in this process or
    in another one. Copy it; never change it."""
    folder = run_folder()
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / name).exists():
            make(folder / f"{name}.part")
            (folder / f"{name}.part").rename(folder / name)
    return folder / name
