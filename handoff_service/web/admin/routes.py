"""Collects the routes of the admin pages. Each kind of object has its own module, and most have an
entry in the menu (``menu.py``).

For example, ``/users`` is the list of users, ``/users/new`` and ``/users/<id>`` are the forms, and
``/users/<id>/delete`` is the confirmation before deleting. Each form posts to its own path. All
pages work without JavaScript.
"""

import re
from collections.abc import Mapping
from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, redirect

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.web.admin import (
    agents,
    attributes,
    audit,
    checklist,
    consents,
    deleted,
    desk,
    desk_file,
    groups,
    identity_providers,
    labels,
    macros,
    mail,
    merge_users,
    messaging_actions,
    outage_end,
    outages,
    personal_data,
    profiles,
    provider_numbers,
    queues,
    restored,
    retention,
    service_tokens,
    sign_in,
    templates,
    texts,
    usage_report,
    users,
    webhook_calls,
    webhooks,
)
from handoff_service.web.admin.menu import MENU
from handoff_service.web.shared.session import page

# path under /workspace/admin -> GET handler
PAGES: Mapping[str, Any] = {
    **checklist.PAGES,
    **users.PAGES,
    **merge_users.PAGES,
    **profiles.PAGES,
    **attributes.PAGES,
    **agents.PAGES,
    **groups.PAGES,
    **provider_numbers.PAGES,
    **consents.PAGES,
    **usage_report.PAGES,
    **queues.PAGES,
    **texts.PAGES,
    **templates.PAGES,
    **labels.PAGES,
    **macros.PAGES,
    **outages.PAGES,
    **outage_end.PAGES,
    **desk.PAGES,
    **sign_in.PAGES,
    **identity_providers.PAGES,
    **desk_file.PAGES,
    **webhooks.PAGES,
    **webhook_calls.PAGES,
    **restored.PAGES,
    **retention.PAGES,
    **personal_data.PAGES,
    **audit.PAGES,
    **service_tokens.PAGES,
    **deleted.PAGES,
    **mail.PAGES,
    **messaging_actions.PAGES,
}
# path under /workspace/admin -> POST handler
POST_HANDLERS: Mapping[str, Any] = {
    **checklist.POST_HANDLERS,
    **users.POST_HANDLERS,
    **merge_users.POST_HANDLERS,
    **profiles.POST_HANDLERS,
    **attributes.POST_HANDLERS,
    **agents.POST_HANDLERS,
    **groups.POST_HANDLERS,
    **provider_numbers.POST_HANDLERS,
    **queues.POST_HANDLERS,
    **texts.POST_HANDLERS,
    **templates.POST_HANDLERS,
    **labels.POST_HANDLERS,
    **macros.POST_HANDLERS,
    **outages.POST_HANDLERS,
    **outage_end.POST_HANDLERS,
    **desk.POST_HANDLERS,
    **sign_in.POST_HANDLERS,
    **identity_providers.POST_HANDLERS,
    **desk_file.POST_HANDLERS,
    **webhooks.POST_HANDLERS,
    **webhook_calls.POST_HANDLERS,
    **restored.POST_HANDLERS,
    **retention.POST_HANDLERS,
    **personal_data.POST_HANDLERS,
    **service_tokens.POST_HANDLERS,
    **mail.POST_HANDLERS,
    **messaging_actions.POST_HANDLERS,
}


def blueprint() -> Blueprint:
    """Return all routes under ``/workspace/admin``."""
    made = Blueprint("admin", url_prefix="/workspace/admin")
    pages: Mapping[str, Any] = {"/": start, **PAGES}
    for path, handler in pages.items():
        made.add_route(handler, path, methods=["GET"], name=_name("get", path), error_format="text")
    for path, handler in POST_HANDLERS.items():
        made.add_route(
            handler, path, methods=["POST"], name=_name("post", path), error_format="text"
        )
    return made


def _name(method: str, path: str) -> str:
    return f"{method}{re.sub(r'[^a-z]+', '_', path)}"


@page(Role.ADMIN)
async def start(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Redirect to the first page of the menu."""
    first = next(path for paths in MENU.values() for path in paths)
    return redirect(f"/workspace/admin{first}")
