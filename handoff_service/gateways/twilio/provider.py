"""Twilio's entry in the list of providers."""

from handoff_service.gateways.provider import ProviderKind, Receipts
from handoff_service.gateways.twilio import account, numbers
from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.gateways.twilio.gateway import TwilioProvider
from handoff_service.gateways.twilio.webhooks import WEBHOOKS
from handoff_service.ports.sms_provider import SmsProvider
from handoff_service.rules.shared.provider_answers import NO_CONSENT_API
from handoff_service.settings import Settings


def _open(settings: Settings, receipts: Receipts) -> SmsProvider:
    return TwilioProvider(settings)  # its receipts arrive by webhook


KIND = ProviderKind(
    name="twilio",
    title="Twilio",
    errors=ERRORS,
    open=_open,
    webhooks=WEBHOOKS,
    problems=account.problems,
    report=numbers.report,
    point_here=numbers.point_here,
    to_use=(
        "PATCHBOARD_SMS_PROVIDER=twilio",
        "PATCHBOARD_TWILIO_ACCOUNT_SID=AC...",
        "PATCHBOARD_TWILIO_AUTH_TOKEN=...",
        "PATCHBOARD_PUBLIC_URL=https://sms.example.com",
    ),
    checked="Twilio's account, its webhooks, the clock",
    no_consents=NO_CONSENT_API,
)
