"""The phone's entry in the list of providers."""

from handoff_service.gateways.android_phone import health, registration
from handoff_service.gateways.android_phone.errors import ERRORS
from handoff_service.gateways.android_phone.gateway import AndroidPhone
from handoff_service.gateways.android_phone.settings import segments_per_second
from handoff_service.gateways.android_phone.webhooks import WEBHOOKS
from handoff_service.gateways.provider import ProviderKind, Receipts
from handoff_service.ports.sms_provider import SmsProvider
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.provider_answers import PHONE_KEEPS_NO_CONSENTS
from handoff_service.settings import Settings


def _open(settings: Settings, receipts: Receipts) -> SmsProvider:
    return AndroidPhone(settings)  # its receipts arrive by webhook


KIND = ProviderKind(
    name="android_phone",
    title=phrase("an Android phone"),
    errors=ERRORS,
    open=_open,
    webhooks=WEBHOOKS,
    problems=health.problems,
    report=registration.report,
    point_here=registration.point_here,
    to_use=(
        "PATCHBOARD_SMS_PROVIDER=android_phone",
        "PATCHBOARD_ANDROID_PHONE_URL=http://192.168.1.20:8080",
        "PATCHBOARD_ANDROID_PHONE_PASSWORD=...",
        "PATCHBOARD_ANDROID_PHONE_SIGNING_KEY=...",
        "PATCHBOARD_ANDROID_PHONE_NUMBERS=+12025550100",
        "PATCHBOARD_PUBLIC_URL=https://sms.example.com",
    ),
    checked="the phone, its SIM cards, webhooks and clock",
    no_consents=PHONE_KEEPS_NO_CONSENTS,
    is_device=True,
    sends_pictures=False,
    segments_per_second=segments_per_second,
)
