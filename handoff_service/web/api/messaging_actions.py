"""API calls for messaging actions. Live agents may read them. Admins may change them."""

from typing import Any

from pydantic import Field

from handoff_service.operations.messaging_actions.messaging_action_fields import (
    BusinessHours,
    Conditions,
    Duration,
    MessagingActionEntry,
    Name,
    Text,
    values,
)
from handoff_service.operations.messaging_actions.messaging_actions import (
    ChangeMessagingAction,
    MakeMessagingAction,
    change_messaging_action,
    checked,
    delete_messaging_action,
    make_messaging_action,
)
from handoff_service.rules.shared.conditions import Match
from handoff_service.rules.shared.vocabulary import Action, State, Unanswered
from handoff_service.store.messaging_actions import dry_run, messaging_actions
from handoff_service.store.views import DryRun, SavedAction
from handoff_service.web.api.bodies import Body, Page, Paging, Patch, page_of
from handoff_service.web.api.calls import ADMIN, ApiRequest, delete, get, patch, post

Position = Field(None, ge=0, le=1_000_000)


class NewActionBody(MessagingActionEntry, Body):
    """Creates a messaging action. ``position``: its place in the admin's order. If omitted, the
    action comes last."""

    position: int | None = Position


class TriedBody(MessagingActionEntry, Body):
    """A messaging action for a dry run. It need not be saved. ``active`` has no effect."""


class ActionBody(Patch):
    """Changes a messaging action. Omitted fields keep their values. Null removes ``text`` or
    ``state``. All other fields reject null."""

    may_be_null = frozenset({"text", "state"})

    name: Name | None = None
    event: Unanswered | None = None
    duration: Duration | None = None
    action: Action | None = None
    conditions: Conditions | None = None
    match: Match | None = None
    text: Text | None = None
    state: State | None = None
    business_hours: BusinessHours | None = None
    queues: list[Name] | None = None
    provider_numbers: list[Name] | None = None
    active: bool | None = None
    position: int | None = Position


@get("/messaging-actions", summary="Messaging actions, in the admin's order")
async def list_actions(asked: ApiRequest[None, Paging]) -> Page[SavedAction]:
    found = [
        messaging_actions.view_of(one)
        for one in (await asked.desk.store.read(messaging_actions.list_)).values()
    ]
    return page_of(found, asked.query, lambda one: one.id)


@get("/messaging-actions/{id}", summary="One messaging action")
async def one_action(asked: ApiRequest[Any, Any]) -> SavedAction:
    return messaging_actions.view_of(await asked.desk.store.read(messaging_actions.get, asked.id))


@post("/messaging-actions", summary="Create a messaging action", roles=ADMIN, status=201)
async def make(asked: ApiRequest[NewActionBody, Any]) -> SavedAction:
    command = MakeMessagingAction(action=asked.body.to_action(), position=asked.body.position)
    action_id = await asked.desk.store.write(make_messaging_action, command)
    return messaging_actions.view_of(await asked.desk.store.read(messaging_actions.get, action_id))


@post(
    "/messaging-actions/dry-run",
    summary="Count how often a messaging action would have fired in the last 30 days; changes "
    "nothing",
    roles=ADMIN,
)
async def try_out(asked: ApiRequest[TriedBody, Any]) -> DryRun:
    action = asked.body.to_action()
    checked(action)
    return await asked.desk.store.for_long_requests().read(dry_run.dry_run, action)


@patch(
    "/messaging-actions/{id}",
    summary="Change a messaging action; running timers keep their due time",
    roles=ADMIN,
)
async def change(asked: ApiRequest[ActionBody, Any]) -> SavedAction:
    given = asked.body.given()
    position = given.pop("position", None)
    command = ChangeMessagingAction(id=asked.id, values=values(given), position=position)
    await asked.desk.store.write(change_messaging_action, command)
    return await one_action(asked)


@delete(
    "/messaging-actions/{id}",
    summary="Delete a messaging action, and its running timers",
    roles=ADMIN,
)
async def remove(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_messaging_action, asked.id)
