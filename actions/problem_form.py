"""The problem form. It decides which texts are answers, and asks whether the problem is a known
outage."""

from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import FormValidationAction
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.desk_action import DeskAction
from actions.equipment_form import keep_question
from actions.turn import entities, intent_of, language, last_text, last_text_with_devices
from actions.turns import REPORTS, continues_case, not_understood_before
from handoff_service.context import AppContext
from handoff_service.rules.cases.outages import about
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.translations import in_language, translatable
from handoff_service.rules.virtual_agent.additions import is_addition
from handoff_service.rules.virtual_agent.bot_replies import outage_news
from handoff_service.store.cases import outages
from handoff_service.store.views import Outage

FORM = "problem_form"
KNOWN = "known_outage"
IT, NONE = "it", "none"
SURE = 0.8  # a sentence with less confidence counts as an answer to "What is wrong?"
SENTENCE, LONG = 4, 9  # the fewest words of a sentence and of a long report
FREE_TEXT = frozenset({"problem", "device"})
CHOICES = ((translatable("Same issue"), "/affirm"), (translatable("Something else"), "/deny"))


class ValidateProblemForm(FormValidationAction):
    """Accepts the values that Rasa extracted. Also accepts a sentence that Rasa did not understand,
    and looks for an outage that the report may be about."""

    def __init__(self, desk: AppContext) -> None:
        self._desk = desk

    def name(self) -> str:
        return f"validate_{FORM}"

    async def required_slots(
        self,
        domain_slots: list[str],
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: DomainDict,
    ) -> list[str]:
        """The slots that the form asks for. Empty if the problem is a known outage, or if the text
        corrects or adds to the last case. A long report does not need a device."""
        if tracker.get_slot(KNOWN) == IT or continues_case(tracker.events):
            return []
        is_long = len(str(tracker.get_slot("problem") or "").split()) >= LONG
        return [slot for slot in domain_slots if not (is_long and slot == "device")]

    async def extract_problem(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        if tracker.get_slot("problem"):
            return {}
        if _reports_again(tracker):
            return {"problem": last_text(tracker)}
        if tracker.get_slot("requested_slot") != "problem" or not _is_answer(tracker):
            return {}
        device = entities(tracker, "device")[:1]
        return {"problem": last_text(tracker), **({"device": device[0]} if device else {})}

    async def extract_known_outage(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        if tracker.get_slot("problem") is None or tracker.get_slot(KNOWN) is not None:
            return {}
        return {} if await _known(self._desk, tracker) else {KNOWN: NONE}

    async def get_validation_events(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        """Accept any words as an answer, except a question that reports nothing.

        Two kinds of texts are added to the report: whole sentences that answer the form's other
        questions, and texts just before the report that the virtual agent did not understand."""
        taken: dict[str, Any] = {}
        for slot, value in tracker.slots_to_validate().items():
            taken[slot] = value
            if slot in FREE_TEXT and intent_of(tracker) not in REPORTS:
                taken |= keep_question(slot, value, dispatcher, tracker)
        if taken.get("problem") == last_text(tracker):
            taken["problem"] = "\n".join(
                [*not_understood_before(tracker.events), last_text(tracker)]
            )
        elif taken and "questions" not in taken and _is_sentence(tracker):
            taken["problem"] = f"{tracker.get_slot('problem')}\n{last_text(tracker)}"
        return [SlotSet(slot, value) for slot, value in taken.items()]


class AskKnownOutage(DeskAction):
    """Send the text of an outage that the report may be about, and ask whether it is."""

    def name(self) -> str:
        return f"action_ask_{KNOWN}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        found = await _known(self._desk, tracker)
        if not found:  # the outage has ended in the meantime
            return [SlotSet(KNOWN, NONE), FollowupAction(FORM)]
        buttons = [
            {"title": in_language(title, language(tracker)), "payload": payload}
            for title, payload in CHOICES
        ]
        news = outage_news(
            [(found[0].title, found[0].text)], question_follows=True, language=language(tracker)
        )
        dispatcher.utter_message(
            text=found[0].text if language(tracker) is Language.ENGLISH else news, buttons=buttons
        )
        return []


def _is_sentence(tracker: Tracker) -> bool:
    """Whether the text answers a question about the device or the impact with a whole sentence,
    which may contain more facts."""
    text, problem = last_text(tracker), tracker.get_slot("problem")
    answered = any(slot in ("device", "impact") for slot in tracker.slots_to_validate())
    is_new = bool(problem) and text not in str(problem) and not text.startswith("/")
    return answered and is_new and len(text.split()) >= SENTENCE


def _reports_again(tracker: Tracker) -> bool:
    """Whether a live agent has handed the conversation back, and the text that begins the form is
    about the device of the last case: "it is jammed again"."""
    device = tracker.get_slot("device")
    if tracker.get_slot("requested_slot") or not (device and tracker.get_slot("handed_back_by")):
        return False
    return is_addition(last_text(tracker), entities(tracker, "device", "system"), device)


def _is_answer(tracker: Tracker) -> bool:
    sure = (tracker.latest_message.get("intent") or {}).get("confidence") or 0
    return len(last_text(tracker).split()) >= SENTENCE and sure < SURE


async def _known(desk: AppContext, tracker: Tracker) -> list[Outage]:
    words = (
        f"{tracker.get_slot('problem')} {tracker.get_slot('device') or ''} "
        f"{last_text_with_devices(tracker)}"
    )
    return about(await desk.store.read(outages.current), words)
