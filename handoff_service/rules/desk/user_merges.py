"""Merging two users: which values stay, and how long the merge can be undone.

Here, one mapping contains all values of a user: ``name``, ``external_id``, ``email``,
``attributes.<key>`` and ``facts.<name>``. Empty values are left out.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta

from handoff_service.rules.shared.phrases import phrase

UNDO_FOR = timedelta(days=30)
#: A field of a user that has one value -> its name for people.
FIELDS: Mapping[str, str] = {
    "name": phrase("Name"),
    "external_id": phrase("Employee number"),
    "email": phrase("E-mail"),
}
ATTRIBUTE, FACT = "attributes.", "facts."
#: What a merge moves -> its name in the preview.
TITLES: Mapping[str, str] = {
    "numbers": phrase("Phone numbers"),
    "conversations": phrase("Conversations"),
    "open_conversations": phrase("Open conversations among them"),
    "texts": phrase("Texts in them"),
    "notes": phrase("Private notes in them"),
    "ratings": phrase("Ratings of them"),
    "profiles": phrase("Messaging profiles"),
    "cases": phrase("Cases"),
    "proofs": phrase("Identity checks"),
    "associations": phrase("Entries of who was verified as whom"),
    "attributes": phrase("Attributes that only this user has"),
    "facts": phrase("Identity facts that only this user has"),
    "consent_entries": phrase("Consent entries, which stay with their numbers"),
}

type Values = Mapping[str, str]


def choices(stays: Values, goes: Values) -> list[str]:
    """The keys for which both users have a value and the values differ."""
    return [key for key in goes if key in stays and stays[key] != goes[key]]


def merged(stays: Values, goes: Values, take: Collection[str]) -> dict[str, str]:
    """The values of the user who stays after the merge. The other user's value is used if it is the
    only one, and for the keys in ``take``."""
    return {key: stays.get(key, value) for key, value in goes.items()} | {
        key: goes[key] if key in take and key in goes else value for key, value in stays.items()
    }


def not_choices(stays: Values, goes: Values, take: Collection[str]) -> str:
    """The error in ``take``. Empty if it contains only keys for which the values differ."""
    there = choices(stays, goes)
    wrong = sorted(set(take) - set(there))
    if not wrong:
        return ""
    named = ", ".join(f"“{one}”" for one in wrong)
    if not there:
        return phrase(
            "must be empty, because the users differ in nothing, but has {others}", others=named
        )
    return phrase(
        "must only have keys in which the users differ ({names}), but has {others}",
        names=", ".join(there),
        others=named,
    )
