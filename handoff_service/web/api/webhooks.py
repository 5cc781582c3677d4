"""API calls for webhooks: the addresses that get events, and the calls with their outcomes."""

import secrets
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from handoff_service.operations.shared.field_types import OneLine
from handoff_service.operations.webhooks.send_again import (
    SendAgain,
    send_again,
    send_missed,
    send_test,
)
from handoff_service.operations.webhooks.webhooks import (
    ChangeWebhook,
    MakeWebhook,
    ReplaceSecret,
    change_webhook,
    delete_webhook,
    make_webhook,
    replace_secret,
)
from handoff_service.rules.shared.vocabulary import CallState, WebhookEvent
from handoff_service.rules.webhooks.signature import secret_of
from handoff_service.rules.webhooks.webhooks import WebhookFields
from handoff_service.store.views import Webhook, WebhookCall, WebhookCallWithBody
from handoff_service.store.webhooks import webhooks
from handoff_service.web.api.bodies import Body, Page, Paging, Patch, page, page_of
from handoff_service.web.api.calls import ADMIN, ApiRequest, delete, get, patch, post

KEY_BYTES = 32
Url = Annotated[str, Field(max_length=2000)]
Secret = Annotated[str, Field(max_length=200)]


class NewWebhookBody(Body):
    """Creates a webhook. ``with_texts``: whether its events include texts, names, phone numbers and
    e-mail addresses. ``secret``: the secret that signs the calls; null to generate one."""

    name: OneLine
    url: Url
    events: list[WebhookEvent]
    with_texts: bool = False
    active: bool = True
    secret: Secret | None = None


class WebhookBody(Patch):
    """Changes a webhook. Omitted fields keep their values. For a day after the secret changes, each
    call is signed with both the new and the previous secret."""

    name: OneLine | None = None
    url: Url | None = None
    events: list[WebhookEvent] | None = None
    with_texts: bool | None = None
    active: bool | None = None
    secret: Secret | None = None


class CallQuery(Paging):
    """``state``: only calls in this state."""

    state: CallState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSecret:
    """The secret that signs the calls. No later answer shows it again."""

    id: int
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAgain:
    """``count``: how many events are sent again."""

    count: int


@get("/webhooks", summary="Webhooks, by name", roles=ADMIN)
async def list_webhooks(asked: ApiRequest[None, Paging]) -> Page[Webhook]:
    found = await asked.desk.store.read(webhooks.list_)
    return page_of(found, asked.query, lambda one: one.id)


@get("/webhooks/{id}", summary="One webhook", roles=ADMIN)
async def one_webhook(asked: ApiRequest[Any, Any]) -> Webhook:
    return await asked.desk.store.read(webhooks.get, asked.id)


@post("/webhooks", summary="Create a webhook", roles=ADMIN, status=201)
async def make(asked: ApiRequest[NewWebhookBody, Any]) -> WebhookSecret:
    given = asked.body.model_dump()
    secret = given.pop("secret") or _new_secret()
    fields = WebhookFields(**given | {"events": tuple(asked.body.events)})
    made = await asked.desk.store.write(make_webhook, MakeWebhook(fields=fields, secret=secret))
    return WebhookSecret(id=made, secret=secret)


@patch("/webhooks/{id}", summary="Change a webhook", roles=ADMIN)
async def change(asked: ApiRequest[WebhookBody, Any]) -> Webhook:
    values = asked.body.given()
    secret = values.pop("secret", None)
    if "events" in values:
        values["events"] = tuple(values["events"])
    command = ChangeWebhook(id=asked.id, values=values, secret=secret)
    await asked.desk.store.write(change_webhook, command)
    return await one_webhook(asked)


@delete("/webhooks/{id}", summary="Delete a webhook", roles=ADMIN)
async def remove(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_webhook, asked.id)


@post("/webhooks/{id}/secret", summary="Replace the secret of a webhook", roles=ADMIN)
async def new_secret(asked: ApiRequest[None, Any]) -> WebhookSecret:
    command = ReplaceSecret(id=asked.id, secret=_new_secret())
    return WebhookSecret(id=asked.id, secret=await asked.desk.store.write(replace_secret, command))


@post("/webhooks/{id}/test", summary="Send a test event", roles=ADMIN)
async def test(asked: ApiRequest[None, Any]) -> WebhookCallWithBody:
    made = await asked.desk.store.write(send_test, asked.id)
    return await asked.desk.store.read(webhooks.call, asked.id, made)


@get("/webhooks/{id}/calls", summary="The events of a webhook, newest first", roles=ADMIN)
async def calls(asked: ApiRequest[None, CallQuery]) -> Page[WebhookCall]:
    query = asked.query
    await asked.desk.store.read(webhooks.get, asked.id)
    found = await asked.desk.store.read(
        webhooks.calls,
        asked.id,
        before=query.after or None,
        state=query.state,
        most=query.limit + 1,
    )
    return page(found, query.limit, lambda one: one.id)


@get("/webhooks/{id}/calls/{call_id}", summary="One event, with its body", roles=ADMIN)
async def one_call(asked: ApiRequest[None, Any]) -> WebhookCallWithBody:
    return await asked.desk.store.read(webhooks.call, asked.id, asked.below)


@post("/webhooks/{id}/calls/{call_id}/send", summary="Send an event again", roles=ADMIN)
async def again(asked: ApiRequest[None, Any]) -> WebhookCallWithBody:
    command = SendAgain(webhook_id=asked.id, call_id=asked.below)
    await asked.desk.store.write(send_again, command)
    return await asked.desk.store.read(webhooks.call, asked.id, asked.below)


@post("/webhooks/{id}/missed", summary="Send all missed events again", roles=ADMIN)
async def missed(asked: ApiRequest[None, Any]) -> SentAgain:
    return SentAgain(count=await asked.desk.store.write(send_missed, asked.id))


def _new_secret() -> str:
    return secret_of(secrets.token_bytes(KEY_BYTES))
