"""Reads the turns of a conversation from the events that Rasa sends with an action call."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from handoff_service.rules.virtual_agent.additions import (
    asks_about_case,
    is_about_present_equipment,
    is_addition,
)
from handoff_service.rules.virtual_agent.corrections import is_correction
from handoff_service.rules.virtual_agent.names_in_texts import is_wrong_number

COURTESY = "action_courtesy"
#: ``turns_since_case`` skips turns with one of these actions, which answer texts such as "thanks".
COURTESIES = frozenset({COURTESY, "utter_no_more"})
NOT_UNDERSTOOD = frozenset({"action_fallback", "action_not_for_desk", "action_ask_topic"})
OPEN_CASES = frozenset({"action_open_case", "action_open_request"})
OUTAGE_NEWS = "action_outage_news"
MAKE_CASES = OPEN_CASES | {"action_add_to_case"}
#: Intents of texts that report a problem.
REPORTS = frozenset({"report_problem", "have_a_problem", "impact_blocked", "more_facts"})

MIN_WORDS = 3  # a text with fewer words cannot be part of a report
MAX_EARLIER_TEXTS = 2  # at most this many texts before a report become part of it


@dataclass(slots=True)
class PastTurn:
    """One text of the requester and the actions that ran after it."""

    text: str
    intent: str | None
    entities: list[dict[str, Any]]
    confidence: float = 0.0
    did: list[str] = field(default_factory=list)

    @property
    def likely(self) -> str | None:
        """The topic that the virtual agent asked about; see bot/nearness_gate.py."""
        return self.entity("likely_topic")

    def entity(self, kind: str) -> str | None:
        """The first value of this kind of entity."""
        return next((str(one["value"]) for one in self.entities if one["entity"] == kind), None)


def turns(events: Iterable[dict[str, Any]]) -> list[PastTurn]:
    """All turns, the oldest first. The last one is the current turn."""
    found: list[PastTurn] = []
    for event in events:
        if event.get("event") == "user":
            parsed = event.get("parse_data") or {}
            meant = parsed.get("intent") or {}
            text, named = str(event.get("text") or ""), parsed.get("entities") or []
            sure = float(meant.get("confidence") or 0)
            found.append(PastTurn(text, meant.get("name"), named, sure))
        elif found and event.get("event") == "action":
            found[-1].did.append(str(event.get("name")))
    return found


def previous(events: Iterable[dict[str, Any]]) -> PastTurn | None:
    """The turn before the current one. None in the first turn."""
    all_turns = turns(events)
    return all_turns[-2] if len(all_turns) > 1 else None


def turns_since_case(events: Iterable[dict[str, Any]]) -> int | None:
    """How many turns ago the virtual agent last opened or changed a case or request: 1 is the
    previous turn. Turns with a courtesy do not count. None if there was no case or request."""
    before = [turn for turn in turns(events)[:-1] if not COURTESIES.intersection(turn.did)]
    found = enumerate(reversed(before), 1)
    return next((n for n, turn in found if MAKE_CASES.intersection(turn.did)), None)


def not_understood_before(events: Iterable[dict[str, Any]]) -> list[str]:
    """The texts just before this turn that the virtual agent did not understand, the oldest first.
    They may be the beginning of a report."""
    found: list[str] = []
    texts = turns(events)
    if texts and is_wrong_number(texts[-1].text):  # the texts were meant for somebody else
        return found
    for turn in reversed(texts[:-1]):
        if not NOT_UNDERSTOOD.intersection(turn.did) or len(turn.text.split()) < MIN_WORDS:
            break
        found.insert(0, turn.text)
    return found[-MAX_EARLIER_TEXTS:]


def unsure_report(events: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The facts of a possible report that nobody has confirmed, under the names that agents see.

    The last texts are a possible report if the virtual agent did not understand them and one of
    them may report a problem, or if they follow a question about outages. Empty if they are not."""
    *before, current = turns(events)
    doubted = [current]
    for turn in reversed(before):
        if not NOT_UNDERSTOOD.intersection(turn.did):
            # The outage news asked for a description of the problem, so the texts after it may be
            # one.
            if OUTAGE_NEWS in turn.did and any(_is_long(one.text) for one in doubted):
                return _report_of([turn, *doubted])
            break
        doubted.insert(0, turn)
    if not any(turn.likely in REPORTS for turn in doubted):
        return {}
    return _report_of(doubted)


def _report_of(doubted: Sequence[PastTurn]) -> dict[str, str]:
    devices = [found for turn in doubted if (found := turn.entity("device"))]
    known = {"Problem": "\n".join(turn.text for turn in doubted)}
    return known | ({"Device": devices[0]} if devices else {})


def _is_long(text: str) -> bool:
    return len(text.split()) >= MIN_WORDS


def times_since_form(events: Iterable[dict[str, Any]], action: str) -> int:
    """How often this action ran since a form last began or ended."""
    count, loop = 0, None
    for event in events:
        if event.get("event") == "active_loop" and event.get("name") != loop:
            count, loop = 0, event.get("name")
        elif event.get("event") == "action" and event.get("name") == action:
            count += 1
    return count


def continues_case(events: Sequence[dict[str, Any]]) -> bool:
    """Whether this turn's text corrects the case of the previous turn, or adds to it."""
    if turns_since_case(events) != 1:
        return False
    turn = turns(events)[-1]
    if is_correction(turn.text):
        return True
    named = [str(one["value"]) for one in turn.entities if one["entity"] in ("device", "system")]
    if turn.intent not in REPORTS:
        return False
    if turn.intent == "have_a_problem" and not named and asks_about_case(turn.text):
        return True
    if _made_request(events):
        return not named and is_about_present_equipment(turn.text)
    return is_addition(turn.text, named, _device_of_case(events))


def _made_request(events: Iterable[dict[str, Any]]) -> bool:
    """Whether the last case of the conversation is a request for equipment."""
    made = [name for turn in turns(events) for name in turn.did if name in OPEN_CASES]
    return made[-1:] == ["action_open_request"]


def _device_of_case(events: Iterable[dict[str, Any]]) -> str | None:
    """The last device that the problem form collected before this turn."""
    device = found = None
    for event in events:
        if event.get("event") == "user":
            found = device
        elif event.get("event") == "slot" and event.get("name") == "device":
            device = event.get("value") or device
    return found
