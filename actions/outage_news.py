"""Answers questions about outages."""

import re
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.desk_action import DeskAction
from actions.equipment_form import FORM as EQUIPMENT_FORM
from actions.equipment_form import keep_aside
from actions.facts_in_forms import keep_fact
from actions.turn import form_of, language, last_text, last_text_with_devices
from handoff_service.rules.cases.outages import about
from handoff_service.rules.virtual_agent.bot_replies import outage_news
from handoff_service.store.cases import outages

NAME = "action_outage_news"
#: Words of questions about outages. Inside the equipment form, a text must contain one of them,
#: because there the classifier also gives this intent to other questions.
_ABOUT_OUTAGES = re.compile(
    r"down|out(?:age)?\b|work|broke|issue|problem|everyone|anyone|others|only me|just me"
    r"|ca[ií]d|funcion",
    re.IGNORECASE,
)


class OutageNewsAction(DeskAction):
    """Send the texts of the current outages that the requester's text is about, or of all current
    outages. If there are none, answer that no outage is known.

    Two kinds of texts are stored instead: a text that states a fact during a report or a request,
    while there is no outage; and a text without a word about outages during an equipment
    request."""

    def name(self) -> str:
        return NAME

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        if form_of(tracker) == EQUIPMENT_FORM and not _ABOUT_OUTAGES.search(last_text(tracker)):
            return keep_aside(dispatcher, tracker)
        current = await self._desk.store.read(outages.current)
        if not current and (kept := keep_fact(dispatcher, tracker)) is not None:
            return kept  # "the others have it too"
        about_it = about(current, last_text_with_devices(tracker)) or current
        found = [(outage.title, outage.text) for outage in about_it]
        news = outage_news(
            found, question_follows=bool(tracker.active_loop), language=language(tracker)
        )
        dispatcher.utter_message(text=news)
        return []
