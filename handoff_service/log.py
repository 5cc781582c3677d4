"""Logs for the person on call: one line per event, a stable ``action`` first, then ids, never
message text."""

import logging
import sys
from typing import TextIO

from handoff_service.errors import Unavailable

_log = logging.getLogger("patchboard")


def masked(number: str) -> str:
    """A phone number as logs show it: +1202***0101."""
    return f"{number[:5]}***{number[-4:]}" if len(number) > 9 else "***"


def info(action: str, /, **facts: object) -> None:
    """Log what happened: ``info("text_received", interaction=12)``."""
    _log.info(_format(action, facts))


def debug(action: str, /, **facts: object) -> None:
    """Log a frequent event: shown only with PATCHBOARD_LOG=debug, and cheap otherwise."""
    if _log.isEnabledFor(logging.DEBUG):
        _log.debug(_format(action, facts))


def warning(action: str, /, *, error: BaseException | None = None, **facts: object) -> None:
    """Log an event that needs a person. An unexpected error is logged with its traceback; an
    outage, which may repeat often, with its name only."""
    if isinstance(error, Unavailable):
        facts["why"], error = error.why or error.detail, None
    _log.warning(_format(action, facts), exc_info=error)


def _format(action: str, facts: dict[str, object]) -> str:
    return " ".join(
        [f"action={action}", *(f"{k}={_quoted(v)}" for k, v in facts.items() if v is not None)]
    )


def _quoted(value: object) -> str:
    text = str(value)
    return repr(text) if any(c.isspace() or not c.isprintable() for c in text) else text


def start(level: str = "info", stream: TextIO = sys.stderr) -> None:
    """Send the log to a stream. The command that starts calls it once."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    _log.handlers[:] = [handler]
    _log.propagate = False
    _log.setLevel(level.upper())
