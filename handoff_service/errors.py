"""The errors with which the service refuses a request. The docstring of a ``Refusal`` class is the
title that people read. ``detail`` describes the specific case; without one, the title is also the
detail."""

from collections.abc import Mapping

from handoff_service.rules.shared.phrases import count_phrase, phrase


class Refusal(Exception):
    """The request cannot be carried out."""

    status = 400
    loggable = False
    retry_after: int | None = None  #: seconds until the same request may succeed

    def __init__(self, detail: str = "", *, errors: Mapping[str, str] | None = None) -> None:
        self.title: str = phrase(" ".join((type(self).__doc__ or "").split()))
        self.detail = detail or self.title
        self.why = self.detail  # for the log
        self.errors = dict(errors or {})
        super().__init__(self.detail)


class BadInput(Refusal):
    """Something in the request is not valid."""


class NotDelivered(Refusal):
    """The message could not be delivered."""

    status = 424


class NotSignedIn(Refusal):
    """Sign in first."""

    status = 401


class NotAllowed(Refusal):
    """Your role does not allow this. Ask an admin."""

    status = 403


class NotFound(Refusal):
    """This does not exist."""

    status = 404


class Conflict(Refusal):
    """This has changed in the meantime. Reload and try again."""

    status = 409

    @classmethod
    def at(cls, field: str, detail: str) -> "Conflict":
        """A conflict that one field causes, so that a form shows the error at this field."""
        return cls(detail, errors={field: detail})


class TooManyAttempts(Refusal):
    """Too many attempts. Wait a minute and try again."""

    status = 429
    retry_after = 60

    @classmethod
    def for_seconds(cls, seconds: int) -> "TooManyAttempts":
        """The error for a client that must wait this many seconds."""
        minutes = max(seconds // 60, 1)
        made = cls(
            phrase("Too many attempts. Wait an hour and try again.")
            if minutes == 60
            else count_phrase(
                "Too many attempts. Wait a minute and try again.",
                "Too many attempts. Wait {count} minutes and try again.",
                minutes,
            )
        )
        made.retry_after = seconds
        return made


class TooManyRequests(Refusal):
    """Too many requests."""

    status = 429

    def __init__(self, a_minute: int, retry_after: int) -> None:
        super().__init__(
            f"This service token may make {a_minute} requests a minute. Try again in {retry_after} "
            f"{'second' if retry_after == 1 else 'seconds'}."
        )
        self.retry_after = retry_after


class Unavailable(Refusal):
    """The service cannot do this now. Try again in a moment."""

    status = 503
    retry_after = 1


class CannotOpen(Unavailable):
    """A stored secret cannot be opened."""

    loggable = True


class Busy(Unavailable):
    """Too many people are signing in. Try again in a few seconds."""

    retry_after = 5


class Overloaded(Unavailable):
    """The service is overloaded. Nothing was done; try again in a moment."""


class DatabaseAway(Unavailable):
    """The database cannot be reached. Nothing was lost; try again in a moment."""

    loggable = True
    retry_after = 5

    def __init__(self, why: str = "") -> None:
        super().__init__()
        #: for the log and ``/readyz``: a name such as SQLITE_BUSY, never the driver's own text
        self.why = why


class OutcomeUnknown(DatabaseAway):
    """The database failed. Check whether your change was saved before you try again."""


class RepeatSafely(OutcomeUnknown):
    """The database failed while saving. Send the same request again; it will not be done twice."""


class MediaAway(Unavailable):
    """Pictures and files cannot be reached now. Nothing was lost; try again in a moment."""

    loggable = True
    retry_after = 10

    def __init__(self, why: str) -> None:
        super().__init__()
        #: for the log, ``doctor`` and commands: what failed, and what to do
        self.why = why

    def __str__(self) -> str:
        return self.why


class SetupError(Exception):
    """A setting, a file, the machine or the state of the desk keeps a command from its work. The
    message says what to do."""
