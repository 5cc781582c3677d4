"""The words that pages show for the facts that the virtual agent has collected. The facts are
stored under English names. Other facts appear under their stored names, without underscores.
"""

from collections.abc import Mapping

from handoff_service.rules.shared.language import LANGUAGE_TITLES
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.stored_sentences import recognized
from handoff_service.rules.shared.vocabulary_words import CASE_IMPACTS

FACTS: Mapping[str, str] = {
    "Account": phrase("Account"),
    "Also wants": phrase("Also wants"),
    "Asked": phrase("Asked"),
    "Case": phrase("Case"),
    "Claimed to be": phrase("Claimed to be"),
    "Device": phrase("Device"),
    "Identity check": phrase("Identity check"),
    "Impact": phrase("Impact"),
    "Item": phrase("Item"),
    "Language": phrase("Language"),
    "Problem": phrase("Problem"),
    "System": phrase("System"),
    "Topic": phrase("Topic"),
    "What for": phrase("What for"),
    "user.department": phrase("Department"),
    "user.email": phrase("E-mail"),
    "user.external_id": phrase("Employee number"),
}
IDENTITY_CHECK = "Identity check"
_CHECKS = (phrase("passed"), phrase("not finished: {reason}"))
_VALUES: Mapping[str, Mapping[str, str]] = {
    "Impact": CASE_IMPACTS,
    "Language": {str(one): title for one, title in LANGUAGE_TITLES.items()},
    "Topic": {
        "account": phrase("Account"),
        "equipment": phrase("Equipment"),
        "outage": phrase("Outage"),
    },
}


def fact_name(name: str) -> str:
    """The name on pages of a collected fact, or of a field of the user's record on an offer
    card."""
    known = _as_stored(name)
    return FACTS.get(name) or FACTS.get(known, known)


def fact_value(value: str, name: str) -> str:
    """The value of a collected fact, as pages show it. Most values are the requester's own
    words."""
    known = _as_stored(name)
    if known == IDENTITY_CHECK:
        return recognized(value, _CHECKS)
    return _VALUES.get(known, {}).get(value, value)


def _as_stored(name: str) -> str:
    """The name in the form that Patchboard's own virtual agent stores: "What for" for what_for."""
    text = name.removeprefix("user.").replace("_", " ").strip()
    return text[:1].upper() + text[1:]
