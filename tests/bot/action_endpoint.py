"""A fake of the service's ``POST /bot/actions``. It implements Rasa's action protocol and records
the requests. Source of the shapes: rasa.core.actions.action.RemoteAction of Rasa 3.6.21."""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COLLECTED = ("problem", "device", "impact", "item", "item_reason", "case_number", "system", "topic")
FORGET_FORM = [
    {"event": "slot", "name": name, "value": None} for name in (*COLLECTED, "known_outage")
]
SAID = {
    "action_case_status": "Status of {case_number}",
    "action_account_help": "Help with {system}",
    "action_outage_news": "Nothing is known to be down.",
    "action_office_hours": "We are here Mo-Fr 08:00-18:00.",
}
OPENS = {
    "action_open_case": "Case: {problem} | {device} | {impact}",
    "action_open_request": "Request: {item} | {item_reason}",
}
ASIDES = {
    "greet": "utter_greet",
    "help": "utter_help",
    "thanks": "utter_thanks",
    "bye": "utter_bye_in_form",
}
LEAVE_FORM = [
    {"event": "active_loop", "name": None},
    {"event": "slot", "name": "requested_slot", "value": None},
    *FORGET_FORM,
    {"event": "followup", "name": "action_listen"},
]
LISTEN = [{"event": "followup", "name": "action_listen"}]
BEGIN_PROOF: dict[str, Any] = {
    "events": [{"event": "followup", "name": "identity_form"}],
    "responses": [],
}
ALWAYS: dict[str, dict[str, Any]] = {
    "action_who_am_i": BEGIN_PROOF,
    "action_not_me": BEGIN_PROOF,
    "action_start_proof": BEGIN_PROOF,
    "action_ask_account": {"events": [], "responses": [{"response": "utter_ask_account"}]},
    "action_ask_proof": {"events": [], "responses": [{"text": "The code?"}]},
    "action_other_topic": {"events": [], "responses": [{"response": "utter_one_at_a_time"}]},
    "action_aside_in_proof": {"events": [], "responses": [{"response": "utter_greet"}]},
    "action_small_talk_in_form": {"events": [], "responses": [{"response": "utter_small_talk"}]},
    "action_greet": {"events": [], "responses": [{"response": "utter_greet"}]},
    "action_yes": {"events": [], "responses": [{"response": "utter_go_on"}]},
    "action_no": {"events": [], "responses": [{"response": "utter_no_more"}]},
    "action_ask_topic": {"events": [], "responses": [{"response": "utter_ask_topic_case"}]},
    "action_not_for_desk": {"events": [], "responses": [{"response": "utter_not_for_desk"}]},
    "action_add_to_case": {"events": [], "responses": [{"text": "Added."}]},
    "action_drop_proof": {
        "events": [
            {"event": "active_loop", "name": None},
            {"event": "slot", "name": "requested_slot", "value": None},
            {"event": "followup", "name": "action_listen"},
        ],
        "responses": [{"response": "utter_dropped"}],
    },
    "action_ask_known_outage": {
        "events": [],
        "responses": [
            {"text": "It is down.", "buttons": [{"title": "Same issue", "payload": "/affirm"}]},
        ],
    },
    "action_no_proof": {"events": [], "responses": [{"response": "utter_no_proof"}]},
}


class ActionEndpoint:
    """Answers Rasa's calls. ``calls`` holds the bodies that Rasa posted.

    ``delay`` (seconds) slows the answers down, and ``broken`` (a status or a body) replaces them. A
    call without the bearer token gets 401, as from the service.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.url = ""
        self.calls: list[dict[str, Any]] = []
        self.refused = 0
        self.delay = 0.0
        self.broken: int | dict[str, Any] | None = None
        # A word of the known outage. The bot asks about the outage if a problem contains this word.
        self.outage = "-"

    def names(self, sender: str) -> list[str]:
        """Return the actions that Rasa requested in a conversation, in order, without the forms'
        validations.
        """
        asked = [call["next_action"] for call in self.calls if call["sender_id"] == sender]
        return [name for name in asked if not name.startswith("validate_")]

    def last(self, sender: str) -> dict[str, Any]:
        return [call for call in self.calls if call["sender_id"] == sender][-1]

    def answer(self, call: dict[str, Any]) -> dict[str, Any]:
        tracker = call["tracker"]
        if (always := ALWAYS.get(call["next_action"]) or courtesy(call)) is not None:
            return always
        match call["next_action"]:
            case name if name in OPENS:
                return {"events": FORGET_FORM, "responses": [opened_reply(name, tracker["slots"])]}
            case name if name in SAID:
                return {
                    "events": [],
                    "responses": [{"text": SAID[name].format(**tracker["slots"])}],
                }
            case "action_hand_off" | "action_forget":
                return {"events": FORGET_FORM, "responses": []}
            case name if name.startswith("validate_"):
                checks = {
                    "validate_problem_form": problem_form_slots,
                    "validate_identity_form": identity_form_slots,
                }
                found = checks.get(name, extracted_slots)(tracker, self.outage)
                return {"events": found, "responses": []}
            case "action_after_proof":
                slots = tracker["slots"]
                said = f"Proof: {slots['account']} | {slots['proof']}"
                return {"events": LISTEN, "responses": [{"text": said}]}
            case "action_fallback" if previous_turn_ran_fallback(tracker["events"]):
                return {"events": LEAVE_FORM, "responses": []}
            case "action_fallback":
                return not_understood(tracker)
        raise AssertionError(f"domain.yml names an action that nobody has: {call['next_action']}")


def courtesy(call: dict[str, Any]) -> dict[str, Any] | None:
    """Return the answer to a greeting, thanks, a farewell or a request for help."""
    action, intent = call["next_action"], call["tracker"]["latest_message"]["intent"]["name"]
    if action not in ("action_aside_in_form", "action_courtesy"):
        return None
    ends = action == "action_courtesy" and intent == "bye"
    response = "utter_bye" if ends else ASIDES[intent]
    return {"events": [], "responses": [{"response": response}]}


def not_understood(tracker: dict[str, Any]) -> dict[str, Any]:
    """Ask for other words. Inside a form, the form then repeats its question."""
    form = tracker["active_loop"]
    reply = "utter_not_understood" if form else "utter_rephrase"
    return {
        "events": [{"event": "followup", "name": form["name"]}] if form else [],
        "responses": [{"response": reply}],
    }


def opened_reply(action: str, slots: dict[str, Any]) -> dict[str, Any]:
    return (
        {"response": "utter_is_known"}
        if slots["known_outage"] == "it"
        else {"text": OPENS[action].format(**slots)}
    )


def extracted_slots(tracker: dict[str, Any], _outage: str) -> list[dict[str, Any]]:
    """Return the slots that the form extracted from the last text, unchanged."""
    events = itertools.takewhile(lambda e: e["event"] == "slot", reversed(tracker["events"]))
    return [e for e in list(events)[::-1] if e["name"] != "requested_slot"]


def problem_form_slots(tracker: dict[str, Any], outage: str) -> list[dict[str, Any]]:
    """Fill the form's slots with the recognized values, so that the form skips their questions. The
    only known outage is the one that the test sets.
    """
    events = list(itertools.takewhile(lambda e: e["event"] == "slot", reversed(tracker["events"])))[
        ::-1
    ]
    slots = tracker["slots"]
    if slots["problem"] and not slots["known_outage"] and outage not in slots["problem"]:
        events.append({"event": "slot", "name": "known_outage", "value": "none"})
    if slots["known_outage"] == "it":
        events.append({"event": "slot", "name": "requested_slot", "value": None})
    return [e for e in events if e["name"] != "requested_slot" or e["value"] is None]


def identity_form_slots(tracker: dict[str, Any], _outage: str) -> list[dict[str, Any]]:
    """Return the form's slots as the service would leave them. A proof with the value "told" counts
    as correct. After any other value, the form asks again.
    """
    set_now = itertools.takewhile(lambda e: e["event"] == "slot", reversed(tracker["events"]))
    slots = {e["name"]: e["value"] for e in set_now if e["name"] in ("account", "proof")}
    if "proof" in slots:
        slots["proof"] = "verified" if slots["proof"] == "told" else None
    return [{"event": "slot", "name": name, "value": value} for name, value in slots.items()]


def previous_turn_ran_fallback(events: list[dict[str, Any]]) -> bool:
    """Return whether action_fallback ran between the last two texts."""
    texts = [at for at, event in enumerate(events) if event["event"] == "user"]
    return len(texts) > 1 and any(
        e.get("name") == "action_fallback" for e in events[texts[-2] : texts[-1]]
    )


@contextlib.contextmanager
def serve_actions(token: str) -> Iterator[ActionEndpoint]:
    endpoint = ActionEndpoint(token)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if (
                self.path != "/bot/actions"
                or self.headers["Authorization"] != f"Bearer {endpoint.token}"
            ):
                endpoint.refused += 1
                self.reply(401, {"error": "no"})
                return
            endpoint.calls.append(body)
            time.sleep(endpoint.delay)
            if isinstance(endpoint.broken, int):
                self.reply(endpoint.broken, {"error": "broken by the test"})
            else:
                self.reply(200, endpoint.broken or endpoint.answer(body))

        def reply(self, status: int, body: dict[str, Any]) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_port}/bot/actions"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
