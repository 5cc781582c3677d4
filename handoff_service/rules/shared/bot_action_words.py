"""The words that pages show for the actions, forms and replies of Patchboard's own virtual agent.
Other actions appear under their technical names, without prefix and underscores.
"""

from collections.abc import Mapping

from handoff_service.rules.shared.phrases import phrase

_NO_RUSH = phrase("Said that there is no rush")
_SMALL_TALK = phrase("Answered small talk")
_GREETED = phrase("Greeted")
ACTIONS: Mapping[str, str] = {
    "action_account_help": phrase("Helped with the account"),
    "action_add_to_case": phrase("Added to the case"),
    "action_after_proof": phrase("Continued after the identity check"),
    "action_aside_in_form": phrase("Kept a remark with the report"),
    "action_aside_in_proof": phrase("Answered an aside in the identity check"),
    "action_ask_account": phrase("Asked for the account"),
    "action_ask_known_outage": phrase("Asked about a known outage"),
    "action_ask_proof": phrase("Asked for a code or an identity fact"),
    "action_ask_topic": phrase("Asked which topic is meant"),
    "action_case_status": phrase("Sent the state of the cases"),
    "action_courtesy": phrase("Answered thanks or a farewell"),
    "action_deactivate_loop": phrase("Ended its questions"),
    "action_drop_proof": phrase("Canceled the identity check"),
    "action_fallback": phrase("Asked for other words"),
    "action_forget": phrase("Forgot the answers so far"),
    "action_greet": _GREETED,
    "action_hand_off": phrase("Handed off to an agent"),
    "action_no": phrase("Took the answer as no"),
    "action_no_proof": phrase("Continued without an identity check"),
    "action_not_for_desk": phrase("Explained what this number is for"),
    "action_not_me": phrase("Noted that it is another person"),
    "action_office_hours": phrase("Sent the opening hours"),
    "action_open_case": phrase("Opened a case"),
    "action_open_request": phrase("Opened a request"),
    "action_other_topic": phrase("Kept another topic for later"),
    "action_outage_news": phrase("Sent the current outages"),
    "action_resume_topic": phrase("Continued the report"),
    "action_small_talk_in_form": _SMALL_TALK,
    "action_start_proof": phrase("Started an identity check"),
    "action_who_am_i": phrase("Answered who the requester is"),
    "action_yes": phrase("Took the answer as yes"),
    "equipment_form": phrase("Asked about the equipment"),
    "identity_form": phrase("Asked who the requester is"),
    "problem_form": phrase("Asked about the problem"),
    "utter_bye": phrase("Said goodbye"),
    "utter_bye_in_form": _NO_RUSH,
    "utter_dropped": phrase("Canceled the topic"),
    "utter_greet": _GREETED,
    "utter_handed_back": phrase("Said that it is back"),
    "utter_help": phrase("Explained what it can do"),
    "utter_no_more": phrase("Ended the topic"),
    "utter_small_talk": _SMALL_TALK,
    "utter_speak_english": phrase("Changed to English"),
    "utter_speak_english_in_form": phrase("Changed to English"),
    "utter_speak_french": phrase("Changed to French"),
    "utter_speak_french_in_form": phrase("Changed to French"),
    "utter_speak_german": phrase("Changed to German"),
    "utter_speak_german_in_form": phrase("Changed to German"),
    "utter_speak_spanish": phrase("Changed to Spanish"),
    "utter_speak_spanish_in_form": phrase("Changed to Spanish"),
    "utter_take_your_time": _NO_RUSH,
    "utter_thanks": phrase("Answered thanks"),
}


def action_name(word: str) -> str:
    """The words for an action on pages: "Opened a case" for ``action_open_case``."""
    text = word.removeprefix("utter_").removeprefix("action_").replace("_", " ")
    return ACTIONS.get(word) or text[:1].upper() + text[1:]
