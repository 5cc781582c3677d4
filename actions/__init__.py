"""The virtual agent's custom actions. They run inside the service, behind ``POST /bot/actions``."""

from rasa_sdk.forms import FormValidationAction
from rasa_sdk.interfaces import Action

from actions.cases import OpenCaseAction
from actions.fallback import FallbackAction
from actions.hand_off import HandOffAction
from actions.identity import identity_actions
from actions.proof import GoesOn
from handoff_service.desk import Desk


def all_actions(desk: Desk) -> list[Action]:
    """Every action that ``domain.yml`` names."""
    made = [OpenCaseAction(desk), HandOffAction(desk), FallbackAction(desk), *identity_actions(desk)]
    return [one if isinstance(one, FormValidationAction) else GoesOn(one) for one in made]
