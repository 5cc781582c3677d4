"""Collects the calls of the API, and makes the routes and the OpenAPI document from them."""

from sanic import Blueprint

from handoff_service.web.api import (
    agents,
    attributes,
    audit,
    bulk,
    cases,
    consents,
    conversation_context,
    conversations,
    desk,
    events,
    groups,
    identity_providers,
    interaction_list,
    labels,
    list_views,
    macros,
    media,
    mentions,
    messaging_actions,
    my_presence,
    new_conversations,
    notifications,
    ongoing,
    outages,
    ownership,
    practice,
    privacy,
    profiles,
    promises,
    provider_numbers,
    queues,
    replays,
    reports,
    resolve_sends,
    scheduled_texts,
    service_tokens,
    sign_in,
    supervision,
    templates,
    timers,
    trainer,
    user_merges,
    users,
    webhooks,
    work,
)
from handoff_service.web.api.calls import Call, calls_of, route
from handoff_service.web.api.openapi import docs_routes

#: in the order of the OpenAPI document
MODULES = (
    sign_in,
    my_presence,
    desk,
    users,
    user_merges,
    profiles,
    agents,
    groups,
    identity_providers,
    provider_numbers,
    queues,
    templates,
    labels,
    attributes,
    macros,
    interaction_list,
    conversations,
    ongoing,
    conversation_context,
    bulk,
    list_views,
    mentions,
    notifications,
    ownership,
    timers,
    promises,
    scheduled_texts,
    resolve_sends,
    trainer,
    practice,
    cases,
    new_conversations,
    work,
    messaging_actions,
    outages,
    consents,
    supervision,
    reports,
    replays,
    privacy,
    webhooks,
    service_tokens,
    audit,
)
CALLS: tuple[Call, ...] = tuple(call for module in MODULES for call in calls_of(module))


def blueprint() -> Blueprint:
    """Return all routes under ``/api``."""
    made = Blueprint("api", url_prefix="/api")
    for call in CALLS:
        route(made, call)
    events.add_route(made)
    media.add_routes(made)
    privacy.add_route(made)
    docs_routes(made, (*CALLS, *media.CALLS, privacy.HAND_OUT, events.CALL))
    return made
