"""The commands ``patchboard token`` and ``patchboard keys``."""

from collections.abc import Callable
from pathlib import Path

import pytest

from handoff_service import cli

type Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(
    tmp_path: Path,
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    monkeypatch.setenv("PATCHBOARD_HOME", str(tmp_path))
    monkeypatch.setenv("PATCHBOARD_DATABASE_URL", sqlite_url)
    monkeypatch.delenv("PATCHBOARD_SECRET_KEY", raising=False)
    return lambda *arguments: (cli.main(arguments), "".join(capsys.readouterr()))


def test_the_command_adds_lists_and_revokes_a_token(run: Run) -> None:
    status, printed = run("token", "add", "Zabbix", "--scope", "read", "--scope", "texts")
    assert (status, printed[:4]) == (0, "pbt_")
    assert run("token", "add", "Zabbix", "--scope", "read")[0] == 1
    assert "Zabbix  active   until " in run("token", "list")[1]
    assert run("token", "revoke", "Zabbix") == (0, "Revoked Zabbix.\n")
    assert "Zabbix  revoked" in run("token", "list")[1]
    assert "to revoke" in run("token", "revoke", "Zabbix")[1]


def test_a_token_without_a_scope_is_refused(run: Run) -> None:
    status, printed = run("token", "add", "Zabbix")
    assert (status, printed) == (1, "patchboard: scopes must not be empty\n")


def test_the_command_rotates_the_generated_key(run: Run, tmp_path: Path) -> None:
    run("keys", "show")
    first = (tmp_path / "secret_key").read_text()
    assert run("keys", "new")[0] == 0
    assert (tmp_path / "secret_key_old").read_text() == first
    assert (tmp_path / "secret_key").read_text() != first
    status, printed = run("keys", "new")
    assert (status, "The last rotation is not over" in printed) == (1, True)
    status, printed = run("keys", "rotate")
    assert (status, "with the current key" in printed) == (0, True)
    assert "old " in run("keys", "show")[1]
