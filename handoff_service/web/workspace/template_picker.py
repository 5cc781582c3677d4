"""Finds the templates that match what an agent types, and fills in their placeholders for the
conversation or the new message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.conversations.preview_start import (
    Recipient,
    preview_start,
    recipient_name,
    recipient_user,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.conversations.agent_initiated import Situation
from handoff_service.rules.delivery.sms_text import is_e164, segments
from handoff_service.rules.desk.templates import filled, names_conversation
from handoff_service.rules.shared.placeholders import Placeholders, unset_in
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.conversations import conversations, placeholder_values
from handoff_service.store.conversations.interactions import number
from handoff_service.store.desk import templates
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.views import Template
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import LIVE, desk_of, page

MOST_TEMPLATES = 50  # listed at once; the agent finds the others by typing
LONGEST_ID = 9  # digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Matching templates with filled placeholders, and those that cannot be filled."""

    fitting: Sequence[Template]
    #: how many templates contain the number of a conversation that does not exist yet
    without_number: int
    #: name of a template with attributes that have no value -> a sentence about them
    unset: Mapping[str, str]


@page(Role.AGENT, Role.SUPERVISOR)
async def found_templates(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Find templates by part of their name or text. Without ``q``, return the first templates."""
    q, recent = _typed(request), _recent(request)

    def read(conn: Connection) -> Found:
        conversations.get(conn, interaction_id)
        found = _found(conn, q, recent)
        bodies = [one.body for one in found]
        who = placeholder_values.of_interactions(conn, [interaction_id], agent.name, bodies)
        return _fitting(conn, found, who[interaction_id])

    return _answer(q, await desk_of(request).store.read(read))


@page(*LIVE)
async def templates_to_begin(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Find templates for a new message to ``choice`` from the company number ``from``. If sending
    would start a conversation, leave out templates with the conversation's number, because a new
    conversation has no number yet."""
    q, recent = _typed(request), _recent(request)
    to = _recipient(request)

    def read(conn: Connection) -> Found:
        found = _found(conn, q, recent)
        who = _who(conn, to, agent, [one.body for one in found])
        return _fitting(conn, found, who)

    return _answer(q, await desk_of(request).store.read(read))


def _answer(q: str, found: Found) -> HTTPResponse:
    return render(
        "found_templates.html",
        templates=found.fitting,
        q=q,
        left_out=found.without_number,
        unset=found.unset,
        count=segments,
    )


def _typed(request: Request) -> str:
    return (request.args.get("q") or "").strip()[:100]


def _recent(request: Request) -> list[int]:
    """Return the ids of the templates that this browser used last, most recent first."""
    given = (request.args.get("recent") or "")[:100].split(",")
    return [int(one) for one in given if one.isdecimal() and len(one) <= LONGEST_ID]


def _found(conn: Connection, q: str, recent: Sequence[int]) -> list[Template]:
    """Return the templates that match ``q``. Without ``q``, recently used templates come first."""
    found = templates.list_(conn, q, limit=MOST_TEMPLATES)
    if q:
        return found
    place = {one: at for at, one in enumerate(recent)}
    return sorted(found, key=lambda one: place.get(one.id, len(place)))


def _fitting(conn: Connection, found: Sequence[Template], who: Placeholders) -> Found:
    named = [one for one in found if who.number or not names_conversation(one.body)]
    fitting = [one for one in named if not unset_in(one.body, who)]
    return Found(
        fitting=[Template(id=t.id, name=t.name, body=filled(t.body, who)) for t in fitting],
        without_number=len(found) - len(named),
        unset={
            one.name: placeholder_values.not_set(conn, unset_in(one.body, who))
            for one in named
            if one not in fitting
        },
    )


def _recipient(request: Request) -> Recipient | None:
    """Return the recipient that is chosen in the dialog, or None. ``choice`` is
    ``7:+12025550101`` for the user 7 or ``:+12025550101`` for a typed number."""
    user, _, to = (request.args.get("choice") or "")[:100].partition(":")
    sender = (request.args.get("from") or "").strip()
    if not (is_e164(to) and is_e164(sender)) or not (
        user == "" or (user.isdecimal() and len(user) <= LONGEST_ID)
    ):
        return None
    return Recipient(to=to, provider_number=sender, user_id=int(user) if user else None)


def _who(
    conn: Connection, to: Recipient | None, agent: CurrentAgent, texts: Sequence[str]
) -> Placeholders:
    if to is None or to.provider_number not in {one.number for one in list_provider_numbers(conn)}:
        return Placeholders(requester=None, agent=agent.name, number="")
    seen = preview_start(conn, to, agent.id)
    goes_on = seen.interaction_id is not None and seen.row is Situation.ACTIVE_WITH_LIVE_AGENT
    if goes_on and seen.interaction_id:
        known = placeholder_values.attributes_of(conn, [seen.interaction_id], texts)
        name, own = number(seen.interaction_id), known.get(seen.interaction_id, {})
    else:
        name, own = "", placeholder_values.attributes_of_user(conn, recipient_user(conn, to))
    return Placeholders(
        requester=recipient_name(conn, to), agent=agent.name, number=name, attributes=own
    )


PAGES: dict[str, Any] = {
    "/conversations/<interaction_id:int>/templates": found_templates,
    "/new/templates": templates_to_begin,
}
