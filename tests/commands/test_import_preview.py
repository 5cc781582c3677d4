"""``patchboard import --dry-run`` prints what would change, and changes nothing."""

from pathlib import Path

import pytest

from handoff_service import cli

FIRST = """
[[groups]]
name = "Day shift"

[[users]]
external_id = "E7001"
name = "Eve Low"
facts = { birth_year = "1971" }
"""
SECOND = (
    FIRST.replace("Eve Low", "Eve Lowe").replace("1971", "1972")
    + """
[[groups]]
name = "Night shift"
"""
)


def test_a_dry_run_prints_every_change_and_changes_nothing(
    tmp_path: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATCHBOARD_HOME", str(tmp_path))
    monkeypatch.setenv("PATCHBOARD_DATABASE_URL", database_url)

    def run(text: str, *more: str) -> str:
        (tmp_path / "desk.toml").write_text(text)
        assert cli.main(["import", *more, str(tmp_path / "desk.toml")]) == 0
        return capsys.readouterr().out

    assert "create Day shift" in run(FIRST, "--dry-run")
    run(FIRST)
    assert run(FIRST, "--dry-run") == "nothing would change\n"
    for _twice in range(2):
        assert run(SECOND, "--dry-run").splitlines() == [
            "users: change E7001",
            "    name: Eve Low -> Eve Lowe",
            "    facts: new value",
            "groups: create Night shift",
        ]
    (tmp_path / "desk.toml").write_text(SECOND + "[[queues]]\nname = 7\n")
    assert cli.main(["import", "--dry-run", str(tmp_path / "desk.toml")]) != 0
