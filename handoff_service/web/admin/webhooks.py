"""The admin pages for webhooks, the addresses to which the desk sends events."""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.field_types import OneLine
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.operations.webhooks.webhooks import (
    ChangeWebhook,
    MakeWebhook,
    change_webhook,
    delete_webhook,
    make_webhook,
)
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role, WebhookEvent
from handoff_service.rules.webhooks.call_failures import failure_words
from handoff_service.rules.webhooks.events import EVENTS
from handoff_service.rules.webhooks.signature import OVERLAP, SWITCHED_OFF_AFTER, secret_of
from handoff_service.rules.webhooks.webhooks import CALL_STATES, LONGEST_NAME, WebhookFields
from handoff_service.store.views import Webhook, WebhookCall
from handoff_service.store.webhooks import webhooks
from handoff_service.web.admin.deleting import Deleting
from handoff_service.web.admin.editor import Editor, Saving, list_variables
from handoff_service.web.admin.pages import Form, admin_page
from handoff_service.web.admin.pages import lines as lines_of
from handoff_service.web.admin.record_form import WriteNoun
from handoff_service.web.api.bodies import Body
from handoff_service.web.shared.session import desk_of, page

HERE = "/webhooks"
SHOWN = 20  # calls on a webhook's page
KEY_BYTES = 32
CHOICES = {str(event): (str(event), meaning) for event, meaning in EVENTS.items()}


class _Named(Body):
    name: OneLine


@page(Role.ADMIN)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    found = await desk_of(request).store.read(webhooks.list_)
    return await admin_page(
        request,
        agent,
        "webhooks.html",
        here=HERE,
        **list_variables(found, new=f"{HERE}/new"),
        days=SWITCHED_OFF_AFTER.days,
    )


def new_secret() -> str:
    return secret_of(secrets.token_bytes(KEY_BYTES))


def in_words[Call: WebhookCall](calls: Iterable[Call]) -> list[Call]:
    """Replace the stored failure reasons of calls with phrases for the page."""
    return [replace(one, why=failure_words(one.why)) if one.why else one for one in calls]


async def _write(saving: Saving[Webhook]) -> WriteNoun:
    typed = saving.form.values
    secret = typed["secret"] or None
    values: dict[str, Any] = {
        "name": read_as(_Named, {"name": typed["name"]}).name,
        "url": typed["url"],
        "events": tuple(WebhookEvent(one) for one in lines_of(typed["events"]) if one in CHOICES),
        "with_texts": bool(typed["with_texts"]),
        "active": bool(typed["active"]),
    }
    if saving.id is None:
        fields = WebhookFields(**values)
        return make_webhook, MakeWebhook(fields=fields, secret=secret or new_secret())
    return change_webhook, ChangeWebhook(id=saving.id, values=values, secret=secret)


def _shown(one: Webhook) -> tuple[str, dict[str, str]]:
    values = {
        "name": one.name,
        "url": one.url,
        "events": "\n".join(one.events),
        "with_texts": "1" if one.with_texts else "",
        "active": "1" if one.active else "",
        "secret": "",
    }
    return one.name, values


def _extra_context(conn: Connection, _form: Form, one: Webhook | None) -> dict[str, Any]:
    return {
        "choices": CHOICES,
        "longest_name": LONGEST_NAME,
        "one": one,
        "call_states": CALL_STATES,
        "calls": in_words(webhooks.calls(conn, one.id, most=SHOWN)) if one is not None else [],
        "days": SWITCHED_OFF_AFTER.days,
        "overlap_hours": round(OVERLAP.total_seconds() / 3600),
    }


EDITOR = Editor(
    noun=Noun.WEBHOOK,
    valid={"name": "?", "url": "https://example.com/hook", "events": WebhookEvent.CASE_CREATED},
    list_url=HERE,
    url_prefix=HERE,
    template="webhook.html",
    back_label=phrase("All webhooks"),
    new=(
        phrase("New webhook"),
        {"name": "", "url": "", "events": "", "with_texts": "", "active": "1", "secret": ""},
    ),
    read=webhooks.get,
    shown=_shown,
    write=_write,
    delete=lambda _agent, number: (delete_webhook, number),
    deleting=lambda one: Deleting(
        title=phrase("Delete “{name}”", name=one.name),
        effects=[phrase("It gets no more events, and the log of its events is deleted.")],
        label=phrase("Delete this webhook"),
    ),
    extra_context=_extra_context,
    returns_to_form=True,
)
PAGES: dict[str, Any] = {HERE: list_page, **EDITOR.pages()}
POST_HANDLERS: dict[str, Any] = EDITOR.post_handlers()
