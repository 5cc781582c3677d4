"""The HTTP API, version 1: a table of calls that makes the routes and the OpenAPI document
alike."""

from sanic import Blueprint

from handoff_service.web.api import (
    agents,
    cases,
    consents,
    conversations,
    events,
    groups,
    media,
    messaging_actions,
    new_conversations,
    outages,
    ownership,
    people,
    profiles,
    provider_numbers,
    queues,
    resolve_sends,
    supervision,
    templates,
    timers,
    users,
    work,
)
from handoff_service.web.api.calls import Call, route
from handoff_service.web.api.openapi import docs_routes

CALLS: tuple[Call, ...] = (
    *people.CALLS,
    *users.CALLS,
    *profiles.CALLS,
    *agents.CALLS,
    *groups.CALLS,
    *provider_numbers.CALLS,
    *queues.CALLS,
    *templates.CALLS,
    *conversations.CALLS,
    *ownership.CALLS,
    *timers.CALLS,
    *resolve_sends.CALLS,
    *cases.CALLS,
    *new_conversations.CALLS,
    *work.CALLS,
    *messaging_actions.CALLS,
    *outages.CALLS,
    *consents.CALLS,
    *supervision.CALLS,
)


def blueprint() -> Blueprint:
    """Everything under ``/api``."""
    made = Blueprint("api", url_prefix="/api")
    for call in CALLS:
        route(made, call)
    events.add_route(made)
    media.add_routes(made)
    docs_routes(made, (*CALLS, *media.CALLS, events.CALL))
    return made
