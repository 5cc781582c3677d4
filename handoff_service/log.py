"""Logs for the person on call. Each event is one line: first a stable ``action``, then ids, but
never the text of a message."""

import logging
import sys
from typing import TextIO

from handoff_service.errors import Unavailable

_log = logging.getLogger("patchboard")


def masked(number: str) -> str:
    """The masked form of a phone number, for logs: +1202***0101. A number of at most nine
    characters is masked completely."""
    return f"{number[:5]}***{number[-4:]}" if len(number) > 9 else "***"


def info(action: str, /, **facts: object) -> None:
    """Log what happened: ``info("text_received", interaction=12)``."""
    _log.info(_format(action, facts))


def debug(action: str, /, **facts: object) -> None:
    """Log a frequent event, but only with PATCHBOARD_LOG=debug. Without that setting, the call
    costs almost nothing."""
    if _log.isEnabledFor(logging.DEBUG):
        _log.debug(_format(action, facts))


def warning(action: str, /, *, error: BaseException | None = None, **facts: object) -> None:
    """Log an event that needs a person's attention. An error is logged with its traceback. An
    ``Unavailable`` error is logged with its cause only, because it may repeat often."""
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
    """Send the log to a stream. A process that serves calls this once when it starts."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    _log.handlers[:] = [handler]
    _log.propagate = False
    _log.setLevel(level.upper())
