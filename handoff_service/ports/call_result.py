"""The result of an HTTP call to an address that a person entered, such as a webhook."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """``status``: the response's status, if any. ``why``: what was wrong, in words; None: the call
    succeeded. ``answer``: the beginning of the response's body."""

    status: int | None = None
    why: str | None = None
    answer: str | None = None
