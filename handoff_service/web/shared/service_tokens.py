"""Authenticates programs by their service tokens. See ``rules/desk/service_tokens.py``."""

import math
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import Connection

from handoff_service.context import AppContext
from handoff_service.errors import NotAllowed, NotSignedIn, TooManyRequests, Unavailable
from handoff_service.operations.desk.service_tokens import record_use
from handoff_service.operations.desk.sign_in import CurrentAgent, token_hash
from handoff_service.rules.desk.service_tokens import PREFIX, Scope, TokenState
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Presence, Role
from handoff_service.store.desk import service_tokens
from handoff_service.store.desk.service_tokens import ServiceToken, TokenHolder

# The desk records a token's use at most once in this time, because a write for each request would
# be too many.
RECORDED_EVERY = timedelta(minutes=1)
UNKNOWN = phrase("There is no such service token. Check it, or ask an admin for a new one.")
FOR_PEOPLE = phrase(
    "Service tokens cannot make this call, because it is for people. Sign in as an "
    "agent with POST /api/v1/login."
)


def is_service_token(token: str) -> bool:
    return token.startswith(PREFIX)


async def authenticate(
    desk: AppContext, token: str, scope: Scope | None, roles: tuple[Role, ...]
) -> CurrentAgent:
    """Return the agent that represents the token, with the roles that this call needs. ``scope``:
    the call's scope; None for a call that only people may make. Raises NotSignedIn for an unusable
    token, TooManyRequests above the token's rate, and NotAllowed without the scope.
    """
    found = await desk.store.read(service_tokens.holder, token_hash(token))
    one = usable(found)
    wait = await desk.token_rates.take(one.token.id, one.token.rate, desk.clock())
    if wait:
        raise TooManyRequests(one.token.rate, math.ceil(wait))
    if scope is None:
        raise NotAllowed(FOR_PEOPLE)
    if scope not in one.token.scopes:
        raise NotAllowed(
            phrase(
                "This call needs the scope {scope}, which the service token “{name}” does "
                "not have. Ask an admin for a token with it.",
                scope=scope,
                name=one.token.name,
            )
        )
    await _record(desk, one.token)
    name = f"Service token {one.token.name}"
    return CurrentAgent(one.agent_id, name, "", frozenset(roles), Presence.OFFLINE)


def usable(found: TokenHolder | None) -> TokenHolder:
    """Return the token's holder. Raises NotSignedIn for an unknown, revoked or expired token."""
    if found is None:
        raise NotSignedIn(UNKNOWN)
    one = found.token
    if one.state is TokenState.ACTIVE:
        return found
    ended = one.revoked_at or one.expires_at
    raise NotSignedIn(
        phrase(
            "The service token “{name}” was revoked on {day:%Y-%m-%d}. Ask an admin for a new one.",
            name=one.name,
            day=ended,
        )
        if one.revoked_at
        else phrase(
            "The service token “{name}” expired on {day:%Y-%m-%d}. Ask an admin for a new one.",
            name=one.name,
            day=ended,
        )
    )


def still_reads(conn: Connection, token: str) -> bool:
    """Return whether the token may still read the event stream."""
    found = service_tokens.holder(conn, token_hash(token))
    return (
        found is not None
        and found.token.state is TokenState.ACTIVE
        and Scope.READ in found.token.scopes
    )


async def _record(desk: AppContext, token: ServiceToken) -> None:
    if token.last_used_at is None or desk.clock() - token.last_used_at >= RECORDED_EVERY:
        with suppress(Unavailable):  # the next request records it
            await desk.store.write(record_use, token.id)
