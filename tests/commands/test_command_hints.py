"""A running service acts at once on the changes that a command has committed."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlalchemy import func, select

from handoff_service import cli
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import engine
from tests.gateways.test_fanout import REDIS, channel
from tests.support.service import running_service

__all__ = ["channel"]  # a fixture
# the service's workers look for work only when they are nudged
ONLY_NUDGES = {"handoff_service.worker.LONGEST_SLEEP": timedelta(hours=1)}
PATIENCE = 60.0  # seconds
# looks without due work in a row, which take longer than the service's debounced work waits
QUIET_LOOKS = 30

type Run = Callable[..., str]


@pytest.fixture
def patchboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Return a function that runs a command with these settings and returns its output."""
    monkeypatch.delenv("PATCHBOARD_SECRET_KEY", raising=False)
    monkeypatch.delenv("PATCHBOARD_REDIS_URL", raising=False)
    monkeypatch.setenv("PATCHBOARD_HOME", str(tmp_path))

    def run(*words: str, **settings: str) -> str:
        for name, value in settings.items():
            monkeypatch.setenv(f"PATCHBOARD_{name}", value)
        assert cli.main(words) == 0
        return "".join(capsys.readouterr())

    return run


def wait_until_idle(url: str) -> None:
    """Wait until the service does no more work of its own, because each of its commits wakes its
    workers."""
    opened, quiet = engine(url, size=1, writes=False), 0
    until = monotonic() + PATIENCE
    while quiet < QUIET_LOOKS:
        assert monotonic() < until
        with opened.connect() as connection:
            due = select(func.count()).where(t.due_work.c.due_at <= datetime.now(UTC))
            quiet = 0 if connection.execute(due).scalar() else quiet + 1
        sleep(0.1)
    opened.dispose()


@pytest.mark.parametrize("with_redis", [False, True], ids=["pipe", "redis"])
def test_the_service_does_the_work_of_a_command_at_once(
    request: pytest.FixtureRequest, tmp_path: Path, patchboard: Run, *, with_redis: bool
) -> None:
    settings = {"DATABASE_URL": request.getfixturevalue("sqlite_url")}
    if with_redis:
        request.getfixturevalue("channel")  # skips the test without Redis
        settings = {"DATABASE_URL": request.getfixturevalue("postgres_url"), "REDIS_URL": REDIS}
    with running_service(tmp_path, constants=ONLY_NUDGES, **settings):
        wait_until_idle(settings["DATABASE_URL"])
        assert "has started" in patchboard("erase", "E1001", "--yes", **settings)
        until = monotonic() + PATIENCE
        while "not yet" in (receipt := patchboard("erase", "--receipt", "1")):
            assert monotonic() < until, receipt
            sleep(0.1)


def test_a_command_succeeds_without_redis(sqlite_url: str, patchboard: Run) -> None:
    nowhere = {"DATABASE_URL": sqlite_url, "REDIS_URL": "redis://127.0.0.1:1"}
    printed = patchboard("erase", "E1001", "--yes", **nowhere)
    assert re.search("has started.*\n?.*notice them within 30 seconds", printed, re.DOTALL)
