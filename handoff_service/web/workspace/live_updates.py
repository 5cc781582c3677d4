"""Live updates of pages: the event stream, and typing notices, which are never stored."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.conversations.see_notice import SeeNotice, see_notice
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.messaging_actions.dismiss_prompt import Dismiss, dismiss_prompt
from handoff_service.operations.shared.conversation_hints import SUPERVISORS
from handoff_service.operations.training.keep_items import TRAINER
from handoff_service.rules.shared.phrases import filled, phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.conversations import interactions
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine.transaction import DESK, EVERYTHING, Hint
from handoff_service.web.shared import sse
from handoff_service.web.shared.directions import isolated
from handoff_service.web.shared.page_language import shown
from handoff_service.web.shared.rendering import done_or_redirect, form_field
from handoff_service.web.shared.session import (
    ANYONE,
    LIVE,
    allowed,
    desk_of,
    page,
    signed_in,
    supervises,
    trains,
)
from handoff_service.web.shared.template_filters import first_name

# what the agent types -> the sentence for other agents; empty when the agent has stopped typing
KINDS: Mapping[str, str] = {
    "text": phrase("{name} is typing a text…"),
    "note": phrase("{name} is typing a note…"),
    "": "",
}
PAUSE = 1.0  # seconds between two redraws of a supervisor's or a trainer's page
LONGEST = 9  # digits of an id or of a message's seq


@page(*ANYONE)
async def events(request: Request, agent: CurrentAgent) -> None:
    """Serve the event stream of a page. ``open``: the id of the open conversation.

    | event | sent when |
    |---|---|
    | ``lists`` | the agent's list, offers, prompts, notices or presence have changed |
    | ``thread`` | the open conversation has changed |
    | ``writing`` | another agent types in it or stops: ``{"by", "said"}``; ``said`` may be empty |
    | ``desk`` | the supervisor's page has changed; for supervisors, with ``desk=1`` |
    | ``trainer`` | a trainer's page has changed; for trainers, with ``trainer=1`` |
    """
    desk = desk_of(request)
    opened = _number(request.args.get("open") or "")
    if opened is not None:
        allowed(agent, *LIVE)
    here = f"interaction:{opened}"
    mine = {f"agent:{agent.id}", *([SUPERVISORS] if Role.SUPERVISOR in agent.roles else [])}
    watches = {DESK} if request.args.get("desk") == "1" and supervises(agent) else set[str]()
    teaches = {TRAINER} if request.args.get("trainer") == "1" and trains(agent) else set[str]()
    typing = (
        {f"writing:{opened}:{kind}": sentence for kind, sentence in KINDS.items()}
        if opened is not None
        else {}
    )

    async def translate(hints: Sequence[Hint]) -> list[sse.PageEvent]:
        channels = {hint.channel for hint in hints}
        if EVERYTHING in hints:
            channels |= {here, *mine, DESK, TRAINER}
        events: list[sse.PageEvent] = (
            [("thread", "")] if opened is not None and here in channels else []
        )
        events += [("lists", "")] if channels & mine else []
        events += [("desk", "")] if channels & watches else []
        events += [("trainer", "")] if channels & teaches else []
        for hint in hints:
            if hint.channel in typing and hint.by not in (None, agent.id):
                # a hint about an agent who does not exist must not end the stream
                with suppress(NotFound):
                    name = await desk.store.read(agent_name, hint.by)
                    events.append(("writing", _writes(hint.by, name, typing[hint.channel])))
        return events

    async def may_continue() -> bool:
        now = await signed_in(request)
        # if the agent's roles change, end the stream; the page then opens a new one
        return now is not None and now.roles == agent.roles

    channels = [*mine, *([here] if opened is not None else []), *typing, *watches, *teaches]
    pause = PAUSE if watches or teaches else 0.0
    await sse.serve(request, desk, channels, translate, may_continue, pause=pause, holder=agent.id)


@page(*LIVE)
async def writing(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Notify the other agents who have this conversation open that the agent types or has stopped
    typing."""
    desk = desk_of(request)
    kind = form_field(request, "kind")
    if kind not in KINDS:
        raise BadInput(
            errors={"kind": phrase("must be text or note, or empty when typing has stopped")}
        )
    if not await desk.store.read(interactions.is_open, interaction_id):
        raise Conflict(phrase("{number} is closed.", number=interactions.number(interaction_id)))
    desk.fanout.publish([Hint(f"writing:{interaction_id}:{kind}", interaction_id, by=agent.id)])
    return done_or_redirect(request, f"/workspace/conversations/{interaction_id}")


@page(*LIVE)
async def dismiss(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Dismiss a prompt of the conversation, and the conversation's older prompts."""
    seq = _number(form_field(request, "seq"))
    if seq is None:
        raise BadInput(errors={"seq": phrase("must be the prompt's seq in the conversation")})
    command = Dismiss(interaction_id=interaction_id, agent_id=agent.id, seq=seq)
    await desk_of(request).store.write(dismiss_prompt, command, near=interaction_id)
    return done_or_redirect(request)


@page(*LIVE)
async def seen(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Dismiss the notice about a colleague's change to the conversation."""
    command = SeeNotice(interaction_id=interaction_id, agent_id=agent.id)
    await desk_of(request).store.write(see_notice, command, near=interaction_id)
    return done_or_redirect(request)


def _number(asked: str) -> int | None:
    return int(asked) if asked.isdecimal() and len(asked) <= LONGEST else None


def _writes(by: int | None, name: str, sentence: str) -> str:
    words = shown(filled(sentence, name=isolated(first_name(name)))) if sentence else ""
    return json.dumps({"by": by, "said": words})
