"""The sign-in policy: which agents may sign in with a password, and which need a second factor.

Both depend on the agent's roles. At least one admin can always use a password, in case single
sign-on fails.
"""

from collections.abc import Collection
from dataclasses import dataclass

from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role

NO_ADMIN_COULD_SIGN_IN = phrase(
    "No admin could sign in when single sign-on fails. First switch on “May always use the "
    "password” on the page of an admin who has a password."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPolicy:
    """``password_off``: agents with any of these roles sign in without a password.
    ``second_factor``: agents with any of these roles need a second factor."""

    password_off: frozenset[Role] = frozenset()
    second_factor: frozenset[Role] = frozenset()

    def allows_password(self, roles: Collection[Role], *, always: bool) -> bool:
        """Whether an agent with these roles may sign in with a password or a passkey alone.
        ``always``: an admin has allowed this agent to always use the password. This has an effect
        only while the agent is an admin."""
        return (always and Role.ADMIN in roles) or not self.password_off & {*roles}

    def needs_second_factor(self, roles: Collection[Role]) -> bool:
        return bool(self.second_factor & {*roles})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInNeeds:
    """What one agent needs to sign in. ``has_password``: a password of the agent is stored."""

    password_allowed: bool
    has_password: bool
    second_factor_required: bool
    has_authenticator: bool = False
    passkeys: int = 0

    @property
    def has_second_factor(self) -> bool:
        return self.has_authenticator or self.passkeys > 0
