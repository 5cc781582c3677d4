"""The dialog in which an agent sets the attributes of a conversation."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.conversations.change_attributes import (
    ChangeAttributes,
    change_attributes,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.desk.attributes import (
    AttributeFields,
    AttributeOwner,
    AttributePlace,
)
from handoff_service.store.conversations import conversations
from handoff_service.store.desk import attributes
from handoff_service.web.shared.attribute_fields import INPUTS, sent_values
from handoff_service.web.shared.rendering import back_to_conversation, render
from handoff_service.web.shared.session import LIVE, csrf_token, desk_of, page


@page(*LIVE)
async def attributes_dialog(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Return the dialog with the attributes that agents can see."""

    def read(conn: Connection) -> dict[str, Any]:
        interaction = conversations.get(conn, interaction_id)
        return {"interaction": interaction} | attributes_to_set(conn)

    found = await desk_of(request).store.read(read)
    return render("attributes_dialog.html", csrf=csrf_token(request), **found)


@page(*LIVE)
async def set_them(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    command = ChangeAttributes(
        interaction_id=interaction_id, agent_id=agent.id, values=sent_values(request)
    )
    await desk_of(request).store.write(change_attributes, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


def attributes_to_set(conn: Connection) -> dict[str, Any]:
    """Return the template variables for the attributes that agents can see and set."""
    shown = [one for one in _defined(conn) if one.shown is not AttributePlace.NOWHERE]
    return {"to_set": shown, "inputs": INPUTS}


def required_attributes(conn: Connection) -> dict[str, Any]:
    """Return the template variables for the attributes that are required to close."""
    required = [one for one in _defined(conn) if one.required_to_close]
    return {"required_attributes": required, "inputs": INPUTS}


def _defined(conn: Connection) -> list[AttributeFields]:
    return list(attributes.definitions(conn, AttributeOwner.CONVERSATION).values())


ONE = "/conversations/<interaction_id:int>/attributes"
PAGES: dict[str, Any] = {ONE: attributes_dialog}
POST_HANDLERS: dict[str, Any] = {ONE: set_them}
