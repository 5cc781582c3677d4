"""The dialog in which an agent adds labels to a conversation and removes them."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.conversations.label_conversation import (
    LabelConversation,
    label_conversation,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.desk.labels import topics
from handoff_service.store.conversations import conversations
from handoff_service.store.desk import desk as desks
from handoff_service.store.desk import labels
from handoff_service.web.shared.rendering import back_to_conversation, form_field, render
from handoff_service.web.shared.request_bytes import A_LABEL, id_field
from handoff_service.web.shared.session import LIVE, csrf_token, desk_of, page


@page(*LIVE)
async def label_dialog(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Return the dialog with all labels."""

    def read(conn: Connection) -> dict[str, Any]:
        return {
            "interaction": conversations.get(conn, interaction_id),
            "labels": labels.list_(conn),
        }

    shown = await desk_of(request).store.read(read)
    return render("label_dialog.html", csrf=csrf_token(request), **shown)


@page(*LIVE)
async def label_it(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    command = LabelConversation(
        interaction_id=interaction_id,
        agent_id=agent.id,
        label_id=id_field(form_field(request, "label_id"), "label_id", A_LABEL),
        on=form_field(request, "on") == "1",
    )
    await desk_of(request).store.write(label_conversation, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


def asked_topics(conn: Connection) -> dict[str, Any]:
    """Return the template variable with the topics for closing. It is empty if the desk does not
    ask for a topic."""
    return {"topics": topics(labels.list_(conn)) if desks.ask_topic(conn) else []}


ONE = "/conversations/<interaction_id:int>/labels"
PAGES: dict[str, Any] = {ONE: label_dialog}
POST_HANDLERS: dict[str, Any] = {ONE: label_it}
