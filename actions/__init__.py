"""The virtual agent's custom actions. They run inside the service, behind ``POST /bot/actions``."""

from rasa_sdk.interfaces import Action

from actions.cases import OpenCaseAction
from actions.fallback import FallbackAction
from actions.forget import ForgetAction
from actions.hand_off import HandOffAction
from handoff_service.desk import Desk


def all_actions(desk: Desk) -> list[Action]:
    """Every action that ``domain.yml`` names."""
    return [OpenCaseAction(desk), HandOffAction(desk), FallbackAction(desk), ForgetAction()]
