"""The demo's mailbox, which replaces a mail server. A page shows the newest 100 mails."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from handoff_service.clock import Clock
from handoff_service.ports.mail import Mail, Mailed

REMEMBERED = 100


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail and the time when it was sent."""

    mail: Mail
    at: datetime


class Mailbox:
    """Keeps this process's newest mails in memory. It writes nothing to disk, because mails contain
    codes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._mails: deque[KeptMail] = deque(maxlen=REMEMBERED)

    async def send(self, mail: Mail) -> Mailed:
        self._mails.appendleft(KeptMail(mail, self._clock()))
        return Mailed()

    def mails(self) -> Sequence[KeptMail]:
        """Return the mails, newest first."""
        return tuple(self._mails)
