"""The words that pages show for the intents of Patchboard's own virtual agent. Other intents appear
under their names in the training data, without underscores.
"""

from collections.abc import Mapping

from handoff_service.rules.shared.phrases import phrase

INTENTS: Mapping[str, str] = {
    "account_help": phrase("Account help"),
    "affirm": phrase("Says yes"),
    "automated_text": phrase("Automated text"),
    "bye": phrase("Goodbye"),
    "case_status": phrase("Case status"),
    "deny": phrase("Says no"),
    "greet": phrase("Greeting"),
    "handed_back": phrase("Handed back"),
    "have_a_problem": phrase("Has a problem"),
    "help": phrase("Asks what the virtual agent can do"),
    "impact_blocked": phrase("Impact: cannot work"),
    "impact_working": phrase("Impact: can work"),
    "inform_account": phrase("Names the account"),
    "inform_device": phrase("Names the device"),
    "inform_impact": phrase("Names the impact"),
    "more_facts": phrase("More facts"),
    "never_mind": phrase("Never mind"),
    "new_code": phrase("Asks for a new code"),
    "nlu_fallback": phrase("Not understood"),
    "no_code": phrase("Did not get the code"),
    "not_for_desk": phrase("Not for this desk"),
    "not_me": phrase("Not me"),
    "office_hours": phrase("Office hours"),
    "other_account": phrase("Wrong e-mail address"),
    "other_proof": phrase("Asks for another identity check"),
    "out_of_scope": phrase("Out of scope"),
    "outage_news": phrase("Outage news"),
    "proof_ended": phrase("Identity check ended"),
    "prove_identity": phrase("Identity check"),
    "report_problem": phrase("Report problem"),
    "request_equipment": phrase("Request equipment"),
    "resume_topic": phrase("Continues with the topic"),
    "small_talk": phrase("Small talk"),
    "speak_english": phrase("Speaks English"),
    "speak_french": phrase("Speaks French"),
    "speak_german": phrase("Speaks German"),
    "speak_spanish": phrase("Speaks Spanish"),
    "talk_to_person": phrase("Wants a person"),
    "tell_secret": phrase("Tells a code or an identity fact"),
    "thanks": phrase("Thanks"),
    "unsure_topic": phrase("Unsure of the topic"),
    "who_am_i": phrase("Who am I?"),
}


def intent_name(word: str) -> str:
    """The words for an intent on pages: "Report problem" for ``report_problem``."""
    text = word.replace("_", " ")
    return INTENTS.get(word) or text[:1].upper() + text[1:]
