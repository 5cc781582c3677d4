"""Mails to agents, each in the agent's language."""

from collections.abc import Sequence

from handoff_service.ports.mail import Mail
from handoff_service.rules.shared.phrases import translated
from handoff_service.rules.shared.translations import PAGES, catalog
from handoff_service.store.views import MailReader


def mail_to(reader: MailReader, subject: str, paragraphs: Sequence[str]) -> Mail:
    """A mail in the reader's language. ``subject``, ``paragraphs``: phrases."""
    words = catalog(PAGES, reader.language)
    body = "\n\n".join(translated(one, words) for one in paragraphs)
    return Mail(to=reader.email, subject=translated(subject, words), body=f"{body}\n")
