"""Asks before it starts a topic that the text may be about, and handles the requester's yes or
no."""

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.add_to_case import add_unclear
from actions.desk_action import DeskAction
from actions.greet import greet
from actions.hand_off_after_failure import PROBLEM, hand_off_after_failure
from actions.outage_news import NAME as OUTAGE_NEWS
from actions.start_topic import asked_to_rephrase, can_start, start
from actions.turn import Events, collected, entities, last_text
from actions.turns import REPORTS, PastTurn, previous, turns_since_case, unsure_report
from handoff_service.rules.shared.language_of_text import is_unknown
from handoff_service.rules.virtual_agent.bot_text import is_code
from handoff_service.rules.virtual_agent.names_in_texts import introduced_name
from handoff_service.store.cases import outages

NAME = "action_ask_topic"
SENTENCE = 3  # a text with at least this many words says more than "yes"
NOT_UNDERSTOOD = "Not understood"  # the name under which agents see texts that are no report
REASON = "The virtual agent was not sure twice in a row what the requester needs."


class AskTopic(DeskAction):
    """Ask "Shall I open a case for that?" or another question about the likely topic. The second
    time in a row, hand the conversation over to a person. If the texts may be a report, the handoff
    opens a case."""

    def name(self) -> str:
        return NAME

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        likely = next(iter(entities(tracker, "likely_topic")), None)
        before = asked_before(tracker)
        if (name := introduced_name(last_text(tracker))) and likely not in REPORTS:
            return greet(dispatcher, name)
        if await add_unclear(self._desk, dispatcher, tracker):
            return []
        if before is not None:
            both = {NOT_UNDERSTOOD: f"{before.text}\n{last_text(tracker)}"}
            return await self._hand_off(dispatcher, tracker, "utter_unsure_twice", both)
        if asked_to_rephrase(previous(tracker.events)) and not can_start(likely):
            facts = {NOT_UNDERSTOOD: last_text(tracker)}
            return await self._hand_off(dispatcher, tracker, "utter_not_understood_twice", facts)
        text = last_text(tracker)
        # without a known word, the likely topic means nothing: "Dobar dan" is in another language
        no_words = is_code(text) or (likely not in REPORTS and is_unknown(text))
        dispatcher.utter_message(response="utter_rephrase" if no_words else _question(likely))
        return []

    async def _hand_off(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        sentence: str,
        facts: dict[str, str],
    ) -> Events:
        """Hand the conversation over. Send the reply `sentence`, unless the handoff opens a case,
        because that sends its own confirmation. `facts`: the facts that agents see if the texts are
        no report."""
        known = collected(tracker) | (unsure_report(tracker.events) or facts)
        if PROBLEM not in known:
            dispatcher.utter_message(response=sentence)
        return await hand_off_after_failure(self._desk, tracker, REASON, known)


class YesAction(DeskAction):
    """Start the topic that the requester confirmed. If the requester had asked about an outage and
    none is known, start a report with that question as its text. Otherwise, add a whole sentence to
    the case of an earlier turn if it may belong there.
    """

    def name(self) -> str:
        return "action_yes"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        before = asked_before(tracker)
        likely = before.likely if before else None
        if before is None or likely is None or not can_start(likely):
            if (asked := previous(tracker.events)) and await self._is_unknown(asked):
                return start("report_problem", asked.text, asked.entities)
            is_sentence = len(last_text(tracker).split()) >= SENTENCE
            if is_sentence and await add_unclear(self._desk, dispatcher, tracker):
                return []
            after_case = turns_since_case(tracker.events) is not None
            dispatcher.utter_message(response="utter_no_more" if after_case else "utter_go_on")
            return []
        return start(likely, before.text, before.entities)

    async def _is_unknown(self, asked: PastTurn) -> bool:
        """Whether the requester asked about an outage in a whole sentence, and no outage is
        known."""
        is_sentence = len(asked.text.split()) >= SENTENCE
        if OUTAGE_NEWS not in asked.did or not is_sentence:
            return False
        return not await self._desk.store.read(outages.current)


class NoAction(Action):
    """Answer a requester who says no, for example to the likely topic."""

    def name(self) -> str:
        return "action_no"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        asked = asked_before(tracker) is not None
        dispatcher.utter_message(response="utter_not_that_topic" if asked else "utter_no_more")
        return []


def asked_before(tracker: Tracker) -> PastTurn | None:
    """The previous turn, if the virtual agent asked about its topic. None if it did not."""
    before = previous(tracker.events)
    return before if before is not None and NAME in before.did and before.likely else None


def _question(likely: str | None) -> str:
    if likely in REPORTS:
        return "utter_ask_topic_case"
    return f"utter_ask_topic_{likely}" if can_start(likely) else "utter_rephrase"
