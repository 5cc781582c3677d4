"""How pages name the topics and handoff reasons that the database stores. A topic is the name of an
intent, and a reason is an English sentence. The tables have the reasons of the program, and the
topics and reasons of the virtual agent that ships with it.
"""

from collections.abc import Mapping

from handoff_service.rules.shared.phrases import phrase

#: intent -> the topic
TOPICS: Mapping[str, str] = {
    "report_problem": phrase("Report problem"),
    "impact_blocked": phrase("Impact blocked"),
    "account_help": phrase("Account help"),
    "request_equipment": phrase("Request equipment"),
    "case_status": phrase("Case status"),
    "more_facts": phrase("More facts"),
    "outage_news": phrase("Outage news"),
    "office_hours": phrase("Office hours"),
    "inform_account": phrase("Inform account"),
    "not_me": phrase("Not me"),
}

_REASONS = (
    phrase("Asked for a person"),
    phrase("Needs help with a password or a locked account. Identity verified"),
    phrase("The requester may want to opt out"),
    phrase("The requester did not answer the virtual agent's last question"),
    phrase("The virtual agent did not understand twice in a row"),
    phrase("The virtual agent did not find out how much this affects the requester"),
    phrase("The virtual agent was not sure twice in a row what the requester needs"),
)
#: stored reason -> the reason as a phrase
REASONS: Mapping[str, str] = {one: one for one in _REASONS}


def topic_name(word: str) -> str:
    """Return how pages name a topic: Report problem for ``report_problem``."""
    text = word.replace("_", " ")
    return TOPICS.get(word) or text[:1].upper() + text[1:]


def reason_name(word: str) -> str:
    return REASONS.get(word) or topic_name(word)
