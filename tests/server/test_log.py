"""An outage is one log line with its name. Only unexpected errors have a trace."""

import logging

import pytest

from handoff_service import log
from handoff_service.errors import DatabaseAway, Overloaded


@pytest.mark.parametrize(
    ("error", "line", "has_trace"),
    [
        (
            DatabaseAway("SQLITE_BUSY"),
            "action=worker_cannot_claim kind=deliver why=SQLITE_BUSY",
            False,
        ),
        (
            DatabaseAway(),
            "action=worker_cannot_claim kind=deliver why='The database cannot be reached.",
            False,
        ),
        (
            Overloaded(),
            "action=worker_cannot_claim kind=deliver why='The service is overloaded",
            False,
        ),
        (ValueError("a"), "action=worker_cannot_claim kind=deliver", True),
    ],
)
def test_each_error_has_its_log_line(
    caplog: pytest.LogCaptureFixture, error: Exception, line: str, has_trace: bool
) -> None:
    with caplog.at_level(logging.WARNING, "patchboard"):
        log.warning("worker_cannot_claim", error=error, kind="deliver")
    (record,) = caplog.records
    assert record.getMessage().startswith(line)
    assert bool(record.exc_info) is has_trace
