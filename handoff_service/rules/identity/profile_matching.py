"""Table 1 of docs/product.md: messaging profiles, or who is texting."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class NumberSituation(StrEnum):
    """The rows of the table."""

    ONE_USER_NO_PROFILE = "the number is on one user, and has no messaging profile"
    NO_USER_BUT_PROFILE = "the number is on no user, but has a messaging profile"
    NO_USER_NO_PROFILE = "the number is on no user and has no profile"
    CONFLICT = (
        "the number conflicts: it is on a user's record, but its profile is tied to another user"
    )
    SAME_USER = "number on one user, profile tied to the same user"
    ONE_USER_PROFILE_OF_NOBODY = "number on one user, profile tied to nobody"
    ONE_USER_WHO_IT_IS_NOT = (
        "number on one user, profile tied to nobody because that user was ruled out"
    )
    SEVERAL_USERS_PROFILE_OF_NOBODY = (
        "number on several users, no profile or a profile tied to nobody"
    )
    SEVERAL_USERS_PROFILE_OF_ONE = "number on several users, profile tied to one of them"


class ProfileStep(StrEnum):
    MAKE_PROFILE = "make a profile"
    TIE_PROFILE = "tie the profile to the user"
    BELONGS_TO_USER = "the interaction is that user's"
    BELONGS_TO_PROFILES_USER = "the interaction is the profile's user's"
    BELONGS_TO_GUEST = "the interaction is the guest's"


TABLE: Mapping[NumberSituation, tuple[ProfileStep, ...]] = {
    NumberSituation.ONE_USER_NO_PROFILE: (
        ProfileStep.MAKE_PROFILE,
        ProfileStep.TIE_PROFILE,
        ProfileStep.BELONGS_TO_USER,
    ),
    NumberSituation.NO_USER_BUT_PROFILE: (ProfileStep.BELONGS_TO_PROFILES_USER,),
    NumberSituation.NO_USER_NO_PROFILE: (ProfileStep.MAKE_PROFILE, ProfileStep.BELONGS_TO_GUEST),
    NumberSituation.CONFLICT: (ProfileStep.BELONGS_TO_PROFILES_USER,),
    NumberSituation.SAME_USER: (ProfileStep.BELONGS_TO_PROFILES_USER,),
    NumberSituation.ONE_USER_PROFILE_OF_NOBODY: (
        ProfileStep.TIE_PROFILE,
        ProfileStep.BELONGS_TO_USER,
    ),
    NumberSituation.ONE_USER_WHO_IT_IS_NOT: (ProfileStep.BELONGS_TO_GUEST,),
    NumberSituation.SEVERAL_USERS_PROFILE_OF_NOBODY: (
        ProfileStep.MAKE_PROFILE,
        ProfileStep.BELONGS_TO_GUEST,
    ),
    NumberSituation.SEVERAL_USERS_PROFILE_OF_ONE: (ProfileStep.BELONGS_TO_PROFILES_USER,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFacts:
    """The facts about a requester's number: the users who have it, and its active profile, if
    any.

    ``not_user``: the user whom somebody ruled out as the sender.
    """

    users: tuple[int, ...]
    has_profile: bool
    profile_user: int | None = None
    not_user: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileMatch:
    """The result for one number: the change to the profile, the interaction's user, and the other
    users who could be texting."""

    row: NumberSituation
    make_profile: bool
    tie_profile: bool
    user: int | None
    candidates: tuple[int, ...]


def situation(facts: NumberFacts) -> NumberSituation:
    """The table row that applies to a number."""
    one = len(facts.users) == 1
    if not facts.users:
        return (
            NumberSituation.NO_USER_BUT_PROFILE
            if facts.has_profile
            else NumberSituation.NO_USER_NO_PROFILE
        )
    if facts.profile_user is not None:
        if facts.profile_user not in facts.users:
            return NumberSituation.CONFLICT
        return NumberSituation.SAME_USER if one else NumberSituation.SEVERAL_USERS_PROFILE_OF_ONE
    if not one:
        return NumberSituation.SEVERAL_USERS_PROFILE_OF_NOBODY
    if facts.has_profile and facts.users[0] == facts.not_user:
        return NumberSituation.ONE_USER_WHO_IT_IS_NOT
    return (
        NumberSituation.ONE_USER_PROFILE_OF_NOBODY
        if facts.has_profile
        else NumberSituation.ONE_USER_NO_PROFILE
    )


def match(facts: NumberFacts) -> ProfileMatch:
    """Apply the table to one number."""
    row = situation(facts)
    steps = TABLE[row]
    if ProfileStep.BELONGS_TO_USER in steps:
        user: int | None = facts.users[0]
    else:
        user = facts.profile_user if ProfileStep.BELONGS_TO_PROFILES_USER in steps else None
    return ProfileMatch(
        row=row,
        make_profile=ProfileStep.MAKE_PROFILE in steps and not facts.has_profile,
        tie_profile=ProfileStep.TIE_PROFILE in steps,
        user=user,
        candidates=tuple(u for u in facts.users if u != user),
    )
