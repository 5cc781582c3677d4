"""The port to the mail server."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A plain-text e-mail to one address."""

    to: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Mailed:
    """The mail server accepted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMailed:
    """The mail server did not accept it: the reason in a sentence, and whether a retry may help."""

    why: str
    again: bool


class Mailer(Protocol):
    async def send(self, mail: Mail) -> Mailed | NotMailed:
        """Send one mail. Never raises for errors of the mail server or the network."""
