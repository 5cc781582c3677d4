"""Interprets Twilio's settings: whether an address is Twilio's, and which secrets sign webhooks."""

from urllib.parse import urlsplit

from handoff_service.settings import Settings


def is_twilios(url: str) -> bool:
    """Return whether this is one of Twilio's own hosts, for example the host of a region. Twilio
    has a host for each of its APIs. Another server, such as a simulator, serves all of them at one
    address."""
    return (urlsplit(url).hostname or "").endswith(".twilio.com")


def signature_keys(settings: Settings) -> tuple[str, ...]:
    """Return the secrets that may have signed a webhook: one, or two during a rotation."""
    tokens = (settings.twilio_auth_token, settings.twilio_auth_token_secondary)
    shared = (settings.twilio_shared_key, settings.twilio_shared_key_secondary)
    return tuple(filter(None, shared if settings.twilio_signature == "sha256" else tokens))
