"""Groups of intents: intents that start a topic, and intents that start nothing."""

from collections.abc import Sequence

#: Intents of texts for which the virtual agent has no topic: meant for somebody else, sent by a
#: machine, or about another matter. None of them starts a topic.
OTHER_MATTERS = frozenset({"not_for_desk", "automated_text", "out_of_scope"})
NOT_UNDERSTOOD = "nlu_fallback"
UNSURE = "unsure_topic"
#: A gate of the pipeline puts these in place of the likeliest intent, with a confidence of 1, when
#: it does not trust that intent.
GATES = frozenset({NOT_UNDERSTOOD, UNSURE})
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
    """Map out-of-scope intents and the fallback to one name, because none of them starts a
    topic."""
    return "other" if intent in OTHER_MATTERS or intent == NOT_UNDERSTOOD else intent


def guesses(ranking: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """A ranking without the intents of the gates: what the classifier found, the likeliest
    first."""
    return [one for one in ranking if one[0] not in GATES]
