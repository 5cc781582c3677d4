"""The base class of actions that use the service."""

from rasa_sdk.interfaces import Action

from handoff_service.context import AppContext


class DeskAction(Action):
    def __init__(self, desk: AppContext) -> None:
        self._desk = desk
