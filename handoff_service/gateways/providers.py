"""The list of SMS providers that the service can use."""

from collections.abc import Mapping

from handoff_service.gateways.android_phone import provider as android_phone
from handoff_service.gateways.provider import ProviderKind
from handoff_service.gateways.simulator import provider as simulator
from handoff_service.gateways.twilio import provider as twilio
from handoff_service.rules.delivery.send_errors import SendErrors
from handoff_service.settings import Settings

PROVIDERS: Mapping[str, ProviderKind] = {
    kind.name: kind for kind in (simulator.KIND, twilio.KIND, android_phone.KIND)
}


def provider_of(settings: Settings) -> ProviderKind:
    """Return the provider that PATCHBOARD_SMS_PROVIDER names."""
    return PROVIDERS[settings.sms_provider]


def send_errors_of(settings: Settings) -> SendErrors:
    """Return the provider's error codes. A provider that stands in for others also has their
    codes."""
    kind = provider_of(settings)
    if not kind.stands_in:
        return kind.errors
    others = {
        code: error
        for other in PROVIDERS.values()
        for code, error in other.errors.of_provider.items()
    }
    return SendErrors(others | dict(kind.errors.of_provider))
