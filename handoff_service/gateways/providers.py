"""The SMS providers that the service can use: one line of wiring for each."""

from collections.abc import Mapping

from handoff_service.gateways.provider import ProviderKind
from handoff_service.gateways.simulator import provider as simulator
from handoff_service.gateways.twilio import provider as twilio
from handoff_service.settings import Settings

PROVIDERS: Mapping[str, ProviderKind] = {kind.name: kind for kind in (simulator.KIND, twilio.KIND)}


def provider_of(settings: Settings) -> ProviderKind:
    """The provider that PATCHBOARD_SMS_PROVIDER names."""
    return PROVIDERS[settings.sms_provider]
