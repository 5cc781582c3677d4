"""API calls for the addresses at which the calling agent gets notifications while no workspace page
is open."""

from typing import Any

from pydantic import Field

from handoff_service.errors import NotDelivered
from handoff_service.operations.routing.change_notification_targets import (
    LONGEST,
    AddTarget,
    RemoveTarget,
    add_target,
    remove_target,
)
from handoff_service.operations.routing.notify_agents import send_test
from handoff_service.rules.routing.notifications import NotificationMethod
from handoff_service.store.routing import notification_targets
from handoff_service.store.views import NotificationTarget
from handoff_service.web.api.bodies import Body
from handoff_service.web.api.calls import ApiRequest, delete, get, post
from handoff_service.web.shared.session import ANYONE


class NotificationTargetBody(Body):
    """``way``: ``webhook``, ``push`` or ``mail``. ``address``: an https address for ``webhook``, or
    the push service's address for ``push``; omitted for ``mail``. ``p256dh`` and ``auth``: the
    browser's keys for ``push``."""

    way: NotificationMethod
    address: str = Field("", max_length=LONGEST)
    name: str = Field("", max_length=100)
    p256dh: str = Field("", max_length=200)
    auth: str = Field("", max_length=200)


@get("/notification-targets", summary="Your notification addresses", roles=ANYONE)
async def list_targets(asked: ApiRequest[Any, Any]) -> list[NotificationTarget]:
    return await asked.desk.store.read(notification_targets.of_agent, asked.agent.id)


@post(
    "/notification-targets",
    summary="Add an address for notifications while you have no workspace page open",
    status=201,
    roles=ANYONE,
)
async def add(asked: ApiRequest[NotificationTargetBody, Any]) -> NotificationTarget:
    body = asked.body
    address = "" if body.way is NotificationMethod.MAIL else body.address
    command = AddTarget(
        agent_id=asked.agent.id,
        way=body.way,
        address=address,
        name=body.name or (asked.agent.email if body.way is NotificationMethod.MAIL else ""),
        p256dh=body.p256dh,
        auth=body.auth,
    )
    made = await asked.desk.store.write(add_target, command)
    return next(one for one in await list_targets(asked) if one.id == made)


@delete("/notification-targets/{id}", summary="Remove a notification address", roles=ANYONE)
async def remove(asked: ApiRequest[None, Any]) -> None:
    command = RemoveTarget(agent_id=asked.agent.id, target_id=asked.id)
    await asked.desk.store.write(remove_target, command)


@post("/notification-targets/{id}/test", summary="Send a test notification now", roles=ANYONE)
async def send_a_test(asked: ApiRequest[None, Any]) -> None:
    desk = asked.desk
    called = await send_test(desk.store, asked.agent.id, asked.id, desk.push, desk.mailer)
    if called.why is not None:
        raise NotDelivered(f"The test did not arrive. {called.why}")
