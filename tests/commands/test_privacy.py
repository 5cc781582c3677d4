"""The commands ``patchboard erase``, ``hand-out`` and ``backup``, and their entries in the audit
log.
"""

import json
import sqlite3
import zipfile
from pathlib import Path

from tests.commands.test_keys_and_tokens import Run, run  # noqa: F401  # a fixture


def entries(sqlite_url: str) -> list[tuple[str, str, str]]:
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as database:
        rows = database.execute("SELECT action, subject, name FROM audit_log ORDER BY id")
        return [row for row in rows if row[0] != "created"]  # the tests' desk


def test_the_command_exports_a_persons_data(run: Run, sqlite_url: str, tmp_path: Path) -> None:  # noqa: F811
    file = tmp_path / "ann.zip"
    status, printed = run("hand-out", "E1001", str(file))
    assert (status, printed) == (0, f"Wrote {file}. Conversations: 0. Files: 0.\n")
    with zipfile.ZipFile(file) as archive:
        assert "Ann Lee" in archive.read("index.html").decode()
        assert json.loads(archive.read("data.json"))["person"]["name"] == "Ann Lee"
    assert entries(sqlite_url) == [("exported", "personal_data", "ann.zip")]
    assert run("hand-out", "banana", str(file)) == (
        1,
        "patchboard: banana is not the employee number or e-mail address of a user, and must be a "
        "phone number, such as +12025550101; “banana” is not one.\n",
    )
    status, printed = run("hand-out", "E1001", str(tmp_path / "none" / "ann.zip"))
    assert (status, "cannot be written" in printed) == (1, True)
    assert len(entries(sqlite_url)) == 1, "the command exported no data"


def test_the_command_lists_a_persons_data_and_then_erases_it(run: Run, sqlite_url: str) -> None:  # noqa: F811
    status, printed = run("erase", "E1001")
    assert (status, "Nothing was erased" in printed) == (0, True)
    assert entries(sqlite_url) == []
    status, printed = run("erase", "E1001", "--yes")
    assert (status, "ERA0000001 has started" in printed) == (0, True)
    assert entries(sqlite_url) == [("deleted", "personal_data", "ERA0000001")]
    assert "already being erased" in run("erase", "E1001", "--yes")[1]
    assert "ERA0000001: requested" in run("erase", "--receipt", "1")[1]
    assert run("erase")[0] == 1


def test_a_backup_is_in_the_audit_log(run: Run, sqlite_url: str, tmp_path: Path) -> None:  # noqa: F811
    assert run("backup", str(tmp_path / "desk.tar"))[0] == 0
    assert entries(sqlite_url) == [("exported", "backup", "desk.tar")]
