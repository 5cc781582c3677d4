"""The simulator's entry in the list of providers."""

from handoff_service.gateways.provider import ProviderKind, Receipts
from handoff_service.gateways.simulator.errors import ERRORS
from handoff_service.gateways.simulator.gateway import Simulator
from handoff_service.lib.media_folder import MediaFolder
from handoff_service.ports.sms_provider import SmsProvider
from handoff_service.rules.shared.phrases import phrase
from handoff_service.settings import Settings


def _open(settings: Settings, receipts: Receipts) -> SmsProvider:
    return Simulator(receipts, pictures=MediaFolder(settings.home / "simulator"))


KIND = ProviderKind(
    name="simulator", title=phrase("the simulator"), errors=ERRORS, open=_open, stands_in=True
)
