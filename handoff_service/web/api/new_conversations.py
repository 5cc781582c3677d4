"""API calls with which an agent starts a conversation: preview the effect of sending, and send."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from handoff_service.errors import BadInput
from handoff_service.operations.conversations import start_conversation as start
from handoff_service.operations.conversations.preview_start import Recipient, preview_start
from handoff_service.operations.conversations.start_conversation import Start
from handoff_service.rules.conversations.agent_initiated import Situation
from handoff_service.store.conversations import conversations, messages
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.views import Interaction, Message, OptedOut
from handoff_service.web.api.bodies import Body
from handoff_service.web.api.calls import ApiRequest, post
from handoff_service.web.shared import phone_input


class RecipientBody(Body):
    """``to``: a number in E.164, or in the national format of the desk's country. ``from``: a
    provider number; by default the first one."""

    to: str = Field(min_length=1, max_length=40)
    sender: str | None = Field(None, alias="from", max_length=40)
    user_id: int | None = None


class FirstTextBody(RecipientBody):
    """``media``: ids of uploads (``POST /api/v1/media``) to send with the text. The text may then
    be empty. ``expected_row``: the ``row`` of the preview. If another row applies now, the call
    sends nothing and fails with 409."""

    body: str
    media: list[Annotated[int, Field(ge=1, lt=2**53)]] = Field(default_factory=list, max_length=10)
    expected_row: Situation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """The effect of sending a first text.

    - ``to``: the number in E.164.
    - ``row``: the row of "Table 3: an agent writes first" in ``docs/product.md`` that applies.
    - ``told``: what sending does, or why it would fail, as a sentence.
    - ``interaction``: the active interaction on the line, if there is one.
    - ``opted_out``, ``unanswerable``: why sending would fail with 409.
    - ``warning``: why a text may not arrive.
    """

    to: str
    row: Situation
    told: str
    interaction: Interaction | None
    opted_out: OptedOut | None
    unanswerable: str | None
    warning: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedConversation:
    interaction: Interaction
    message: Message
    row: Situation


@post(
    "/conversations/preview",
    summary="Preview what sending a first text would do, with the active interaction, if any",
)
async def preview(asked: ApiRequest[RecipientBody, Any]) -> Previewed:
    recipient = await _recipient(asked)
    seen = await asked.desk.store.read(preview_start, recipient, asked.agent.id)
    active = None
    if seen.interaction_id is not None:
        active = await asked.desk.store.read(conversations.get, seen.interaction_id, asked.agent.id)
    return Previewed(
        to=recipient.to,
        row=seen.row,
        told=seen.effect,
        interaction=active,
        opted_out=seen.opted_out,
        unanswerable=seen.unanswerable,
        warning=await asked.desk.store.read(phone_input.warning, recipient.to),
    )


@post("/conversations", summary="Start a conversation with a first text", status=201)
async def send(asked: ApiRequest[FirstTextBody, Any]) -> StartedConversation:
    recipient = await _recipient(asked)
    given = asked.body
    command = Start(
        agent_id=asked.agent.id,
        recipient=recipient,
        body=given.body,
        media=tuple(given.media),
        expected_row=given.expected_row,
    )
    started = await asked.desk.store.write(start.start_conversation, command, near=recipient.to)
    return StartedConversation(
        interaction=await asked.desk.store.read(
            conversations.get, started.interaction_id, asked.agent.id
        ),
        message=await asked.desk.store.read(messages.get, started.message_id),
        row=started.row,
    )


async def _recipient(asked: ApiRequest[Any, Any]) -> Recipient:
    country = await asked.desk.store.read(desk_country)
    senders = await asked.desk.store.read(list_provider_numbers)
    if not senders:
        raise BadInput(errors={"from": "there is no company number yet"})
    return Recipient(
        to=await asked.desk.store.read(phone_input.recipient, asked.body.to, country),
        provider_number=asked.body.sender or senders[0].number,
        user_id=asked.body.user_id,
    )
