"""Closes a conversation, with a topic and a closing text to the requester. Also reopens it."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import BadInput
from handoff_service.operations.conversations.change_interaction import (
    CloseInteraction,
    close_interaction,
)
from handoff_service.operations.conversations.reopen import Reopen, reopen
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.delivery.sms_text import MAX_BODY
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import State
from handoff_service.web.shared.attribute_fields import sent_values
from handoff_service.web.shared.rendering import (
    back_to_conversation,
    done_or_redirect,
    form_field,
)
from handoff_service.web.shared.request_bytes import A_LABEL, id_field
from handoff_service.web.shared.session import LIVE, desk_of, page


@page(*LIVE)
async def close(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    state = _field(request, "state") or State.CLOSED_COMPLETE
    closing_text = _field(request, "closing_text")
    topic = _field(request, "topic_id")
    if state not in (State.CLOSED_COMPLETE, State.CLOSED_ABANDONED):
        raise BadInput(errors={"state": phrase("must be closed_complete or closed_abandoned")})
    if len(closing_text) > MAX_BODY:
        raise BadInput(
            phrase(
                "The closing text must be at most {most} characters; it has {count}.",
                most=MAX_BODY,
                count=len(closing_text),
            )
        )
    if not _field(request, "short_description"):
        raise BadInput(phrase("Describe in a few words what it was about."))
    command = CloseInteraction(
        interaction_id=interaction_id,
        agent_id=agent.id,
        state=State(state),
        short_description=_field(request, "short_description")[:160],
        closing_text=closing_text,
        attributes=sent_values(request),
        topic_id=id_field(topic, "topic_id", A_LABEL) if topic else None,
    )
    try:
        await desk_of(request).store.write(close_interaction, command, near=interaction_id)
    except BadInput as error:
        if "topic_id" in error.errors:
            raise BadInput(phrase("Choose a topic: what it was about.")) from error
        raise
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def undo_close(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Reopen a conversation that the agent closed less than a minute ago. Reload the whole page,
    because the page of a closed conversation has no composer."""
    command = Reopen(interaction_id=interaction_id, agent_id=agent.id)
    await desk_of(request).store.write(reopen, command, near=interaction_id)
    return done_or_redirect(request, f"/workspace/conversations/{interaction_id}")


def _field(request: Request, name: str) -> str:
    return form_field(request, name).strip()


ONE = "/conversations/<interaction_id:int>"
POST_HANDLERS: dict[str, Any] = {f"{ONE}/close": close, f"{ONE}/reopen": undo_close}
