"""The part of the account page where an agent adds addresses for notifications while no workspace
page is open."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import BadInput
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.routing.change_notification_targets import (
    AddTarget,
    RemoveTarget,
    add_target,
    remove_target,
)
from handoff_service.operations.routing.notify_agents import send_test
from handoff_service.rules.routing.notifications import NotificationMethod
from handoff_service.rules.shared.phrases import phrase
from handoff_service.web.shared.devices import device_of
from handoff_service.web.shared.rendering import done_or_redirect, form_field
from handoff_service.web.shared.request_bytes import id_field
from handoff_service.web.shared.session import ANYONE, desk_of, page

HERE = "/workspace/account"
WAYS = phrase("must be push, mail or webhook")


@page(*ANYONE)
async def add_notifications(request: Request, agent: CurrentAgent) -> HTTPResponse:
    way = form_field(request, "way")
    if way not in NotificationMethod:
        raise BadInput(errors={"way": WAYS})
    command = AddTarget(
        agent_id=agent.id,
        way=NotificationMethod(way),
        address="" if way == NotificationMethod.MAIL else form_field(request, "address").strip(),
        name=_name(request, NotificationMethod(way), agent),
        p256dh=form_field(request, "p256dh"),
        auth=form_field(request, "auth"),
    )
    await desk_of(request).store.write(add_target, command)
    return done_or_redirect(request, f"{HERE}?done=notify#notices-head")


def _name(request: Request, way: NotificationMethod, agent: CurrentAgent) -> str:
    if way is NotificationMethod.PUSH:
        return device_of(request.headers.get("user-agent", ""))
    return agent.email if way is NotificationMethod.MAIL else ""


@page(*ANYONE)
async def remove_notifications(request: Request, agent: CurrentAgent) -> HTTPResponse:
    command = RemoveTarget(agent_id=agent.id, target_id=id_field(form_field(request, "id"), "id"))
    await desk_of(request).store.write(remove_target, command)
    return done_or_redirect(request, f"{HERE}?done=notify_removed#notices-head")


@page(*ANYONE)
async def try_notifications(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Send a test notification. If it fails, the list on the page shows why."""
    desk = desk_of(request)
    called = await send_test(
        desk.store, agent.id, id_field(form_field(request, "id"), "id"), desk.push, desk.mailer
    )
    done = "notify_tried" if called.why is None else "notify_failed"
    return done_or_redirect(request, f"{HERE}?done={done}#notices-head")


POST_HANDLERS: dict[str, Any] = {
    "/account/notifications": add_notifications,
    "/account/notifications/remove": remove_notifications,
    "/account/notifications/test": try_notifications,
}
