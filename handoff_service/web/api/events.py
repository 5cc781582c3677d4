"""``GET /api/v1/events``: Server-Sent Events for the signed-in agent.

| event | data |
|---|---|
| hello | ``{"time"}``: the first event of each connection |
| message | a new message, or a message with a new status or media, which replaces the old one |
| interaction | a changed conversation of the agent |
| offer | a new offer to the agent, as in the inbox |
| offer_ended | ``{"id"}``: an offer that the agent no longer has |
| heartbeat | ``{"time"}``: sent every ten seconds |

An event's id is a time. After ``hello``, a client that sends ``Last-Event-ID`` gets the following
changes since ten seconds before that time. The ten seconds cover transactions that committed late.

- New and changed messages of the agent's conversations. A message may be sent twice.
- The agent's conversations, including those that were closed or that the agent has left.
- Offers that have ended, and the agent's current offers. (A first connection gets only the current
  offers.)

After the agent's session has ended, the stream ends at the next event or heartbeat. It also ends
when anything fails.

A program whose service token has the scope ``read`` gets the messages and interactions of all
conversations, but no offers.
"""

from datetime import UTC, datetime
from typing import Any

from sanic import Blueprint, Request

from handoff_service.errors import BadInput
from handoff_service.operations.shared.conversation_hints import CONVERSATIONS
from handoff_service.rules.desk.service_tokens import Scope
from handoff_service.web.api.agent_stream import AgentStream
from handoff_service.web.api.calls import LIVE, Call
from handoff_service.web.shared import sse
from handoff_service.web.shared.service_tokens import is_service_token
from handoff_service.web.shared.session import bearer, desk_of

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # earlier event ids are invalid


async def _never(_asked: Any) -> None:
    """Placeholder. ``add_route`` serves the stream; ``CALL`` only describes it."""


CALL = Call(
    method="GET",
    path="/v1/events",
    summary="Your events, as Server-Sent Events; resumable with Last-Event-ID",
    handle=_never,
    answer=str,
    roles=LIVE,
    media_type="text/event-stream",
)


def add_route(blueprint: Blueprint) -> None:
    """Serve the stream."""

    @blueprint.get("/v1/events", name="events")
    async def events(request: Request) -> None:
        agent = await bearer(request, *LIVE, scope=Scope.READ)
        since, token = _moment(request.headers.get("last-event-id")), request.token or ""
        desk, channels = desk_of(request), [f"agent:{agent.id}"]
        is_program = is_service_token(token)
        if is_program:
            channels.append(CONVERSATIONS)
        stream = AgentStream(desk, agent.id, token, since)
        source = sse.EventSource(stream.begin, stream.on_hints, stream.beat, stream.heartbeat)
        # a program's stream does not count as an agent's connection
        holder = None if is_program else agent.id
        await sse.run(request, desk, channels, source, holder=holder)


def _moment(last_event_id: str | None) -> datetime | None:
    if not last_event_id:
        return None
    wrong = BadInput(errors={"Last-Event-ID": "must be the id of an event of this stream"})
    try:
        moment = datetime.fromtimestamp(int(last_event_id) / 1e6, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise wrong from error
    if moment < EARLIEST:
        raise wrong
    return moment
