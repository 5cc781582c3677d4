"""Groups of intents: those that start a topic, and those that start nothing."""

#: Intents of texts that are not for the desk. The virtual agent answers all of them as it answers a
#: text that it does not understand.
OTHER_MATTERS = frozenset({"not_for_desk", "automated_text", "out_of_scope"})
NOT_UNDERSTOOD = "nlu_fallback"
UNSURE = "unsure_topic"
#: Intents that start something: a case, a form, a lookup, a handoff.
TOPICS = frozenset(
    {
        "report_problem",
        "have_a_problem",
        "impact_blocked",
        "account_help",
        "request_equipment",
        "case_status",
        "more_facts",
        "outage_news",
        "office_hours",
        "talk_to_person",
        "who_am_i",
        "inform_account",
        "not_me",
    }
)


def alike(intent: str) -> str:
    """Maps other matters and the fallback to one name, because neither starts a topic."""
    return "other" if intent in OTHER_MATTERS or intent == NOT_UNDERSTOOD else intent
