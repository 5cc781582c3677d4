"""Mail without a mail server: the demo's mailbox, whose page shows every mail."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from handoff_service.clock import Clock
from handoff_service.ports import Mail, Mailed

REMEMBERED = 100


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail, and when it came."""

    mail: Mail
    at: datetime


class Mailbox:
    """Keeps what is sent in this process, the newest only: it holds codes, so it is nowhere on the
    disk."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._mails: deque[KeptMail] = deque(maxlen=REMEMBERED)

    async def send(self, mail: Mail) -> Mailed:
        self._mails.appendleft(KeptMail(mail, self._clock()))
        return Mailed()

    def mails(self) -> Sequence[KeptMail]:
        """Newest first."""
        return tuple(self._mails)
