"""A SQLite file has only one serving process, and its lock ends with the process."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handoff_service.errors import SetupError
from handoff_service.store.engine.one_process import only_process

NOW = datetime(2026, 11, 28, 22, 40, tzinfo=UTC)
HOLDS = """
import sys
from datetime import UTC, datetime
from handoff_service.store.engine.one_process import only_process
with only_process(sys.argv[1], "http://127.0.0.1:8000", datetime(2026, 11, 28, 22, 40, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/desk.db"
    (tmp_path / "link.db").symlink_to(tmp_path / "desk.db")
    command = [sys.executable, "-c", HOLDS, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        for path in (url, f"sqlite:///{tmp_path}/link.db"):
            with (
                pytest.raises(SetupError) as refused,
                only_process(path, "http://127.0.0.1:9000", NOW),
            ):
                pass
            said = (
                f"process {first.pid}, since 28 November 2026 22:40 UTC, at http://127.0.0.1:8000"
            )
            assert said in str(refused.value)
        first.kill()
        first.wait()
    with only_process(url, "http://127.0.0.1:9000", NOW):
        pass


def test_postgresql_allows_any_number_of_processes() -> None:
    with (
        only_process("postgresql://nowhere/x", "a", NOW),
        only_process("postgresql://nowhere/x", "b", NOW),
    ):
        pass
