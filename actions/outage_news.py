"""The current outages."""

import re
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.equipment_form import FORM as EQUIPMENT_FORM
from actions.equipment_form import keep_aside
from actions.turn import form_of, language, last_text, last_text_with_devices
from handoff_service.context import AppContext
from handoff_service.rules.cases.outages import about
from handoff_service.rules.virtual_agent.bot_replies import outage_news
from handoff_service.store.cases import outages

NAME = "action_outage_news"
#: Words of a question about outages. Inside the equipment form, a text needs one of these words,
#: because the classifier also gives this intent to other questions.
_ABOUT_OUTAGES = re.compile(
    r"down|out(?:age)?\b|work|broke|issue|problem|everyone|anyone|others|only me|just me"
    r"|ca[ií]d|funcion",
    re.IGNORECASE,
)


class OutageNewsAction(Action):
    """Send the text of the outage that the requester names, or else the texts of all current
    outages. If there is none, answer that no outage is known."""

    def __init__(self, desk: AppContext) -> None:
        self._desk = desk

    def name(self) -> str:
        return NAME

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        if form_of(tracker) == EQUIPMENT_FORM and not _ABOUT_OUTAGES.search(last_text(tracker)):
            return keep_aside(dispatcher, tracker)
        current = await self._desk.store.read(outages.current)
        about_it = about(current, last_text_with_devices(tracker)) or current
        found = [(outage.title, outage.text) for outage in about_it]
        news = outage_news(
            found, question_follows=bool(tracker.active_loop), language=language(tracker)
        )
        dispatcher.utter_message(text=news)
        return []
