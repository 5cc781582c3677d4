"""Interprets Twilio's settings: whether an address is Twilio's, and which secrets sign webhooks."""

from urllib.parse import urlsplit

from handoff_service.settings import Settings


def is_twilios(url: str) -> bool:
    """Return whether this is one of Twilio's own hosts, such as a regional one. Twilio has a
    separate host for each API. A substitute server, such as a mock, serves all APIs at one
    address."""
    return (urlsplit(url).hostname or "").endswith(".twilio.com")


def signature_keys(settings: Settings) -> tuple[str, ...]:
    """Return the secrets with which Twilio may sign a webhook: one, or two during a rotation."""
    tokens = (settings.twilio_auth_token, settings.twilio_auth_token_secondary)
    shared = (settings.twilio_shared_key, settings.twilio_shared_key_secondary)
    return tuple(filter(None, shared if settings.twilio_signature == "sha256" else tokens))
