"""Why a text did not arrive, and Patchboard's reaction to that, for every provider.

Each provider has its own table: error code -> ``SendError``. Rules and operations decide by the
reason, the waits and ``holds_line``. Only the provider's folder knows its codes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from handoff_service.rules.shared.phrases import phrase


class Reason(StrEnum):
    """Why a text did not arrive."""

    OPTED_OUT = "the requester has opted out: nothing is sent to the number any more"
    BAD_NUMBER = "nobody can be reached at this number"
    UNREACHABLE = "the phone cannot be reached now"
    LANDLINE = "the number cannot receive texts"
    BLOCKED = "the carrier or the provider blocks texts to this number"
    FILTERED = "the carrier filtered the text: other words may pass"
    CONTENT = "the text cannot be sent as it is written"
    EXPIRED = "the text was too old when it could be delivered"
    RATE_LIMITED = "too many texts were sent at once"
    ACCOUNT = "an admin must change something at the provider"
    COUNTRY = "texts to this country are switched off"
    OTHER = "the provider did not say why"


@dataclass(frozen=True, slots=True)
class SendError:
    """The meaning of an error code for a live agent, and Patchboard's reaction to it."""

    meaning: str
    advice: str
    reason: Reason = Reason.OTHER
    #: The wait before each retry. Without waits, the text has failed for good, unless it holds the
    #: line.
    waits: tuple[timedelta, ...] = ()
    #: Whether this text is retried until the provider accepts it. Later texts of its line wait.
    holds_line: bool = False


# Patchboard's own refusals. Their numbers are the same for every provider, because stored messages
# contain them.
OPTED_OUT = 21610
COUNTRY_OFF = 21408  # the desk's list of countries
RANGE_FULL = 30450  # the desk's limits on automatic replies
OWN: Mapping[int, SendError] = {
    OPTED_OUT: SendError(
        phrase("The requester has opted out."),
        phrase("Nothing can be sent until they text START."),
        Reason.OPTED_OUT,
    ),
    COUNTRY_OFF: SendError(
        phrase("Texts to this country are switched off."),
        phrase("Tell an admin. Texts to other countries still go out."),
        Reason.COUNTRY,
    ),
    RANGE_FULL: SendError(
        phrase("Too many replies to unknown numbers."),
        phrase("If it is a person, write to them yourself, or call."),
        Reason.BLOCKED,
    ),
}
UNNAMED = SendError(
    phrase("The provider rejected it."),
    phrase("Look up the code in the provider's documentation, or try again."),
)


@dataclass(frozen=True, slots=True)
class SendErrors:
    """The error codes of one provider, with Patchboard's own."""

    of_provider: Mapping[int, SendError] = field(default_factory=dict)

    def explain(self, code: int) -> SendError:
        """Return the meaning of an error code. Unknown codes get a general sentence."""
        return OWN.get(code) or self.of_provider.get(code, UNNAMED)

    def is_opt_out(self, code: int | None) -> bool:
        """Whether the provider refuses texts to the number because its owner has opted out."""
        return code is not None and self.explain(code).reason is Reason.OPTED_OUT

    def again_after(self, code: int | None, retries: int) -> timedelta | None:
        """Return the wait before the next attempt; None if the message has failed for good.
        ``retries``: how many there have been."""
        waits = self.explain(code).waits if code is not None else ()
        return waits[retries] if retries < len(waits) else None
