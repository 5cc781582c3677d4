"""The dialogs in which an agent opens a case beside a conversation, or changes a case and adds a
note."""

from datetime import datetime
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import BadInput, NotFound
from handoff_service.operations.cases.change_case import ChangeCase
from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.conversations.resolve_case import (
    ChangeAndText,
    change_and_text,
    why_cannot_text,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.message_text import checked_text
from handoff_service.rules.delivery.quiet_hours import earliest_send_time
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import CaseKind, CaseState
from handoff_service.rules.virtual_agent.bot_replies import short
from handoff_service.store.cases import case_lines, cases
from handoff_service.store.conversations import conversations, messages, requester_zones
from handoff_service.store.desk import desk as desks
from handoff_service.store.desk import texts
from handoff_service.store.views import Case, Interaction
from handoff_service.store.virtual_agent.spoken_language import spoken_language
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import back_to_conversation, form_field, render
from handoff_service.web.shared.session import LIVE, desk_of, page

LONGEST_DESCRIPTION, LONGEST_NOTE = 10_000, 1000
LONGEST_ABOUT = 40  # characters of the case's description that the text to the requester quotes


@page(*LIVE)
async def new_case_dialog(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Return the dialog for a new case, prefilled with the requester's first text."""

    def read(conn: Connection) -> dict[str, Any]:
        interaction = conversations.get(conn, interaction_id, agent.id)
        return {
            "interaction": interaction,
            "first_text": messages.first_text(conn, interaction_id),
        }

    shell = await shell_context(request, agent, place="ongoing")
    found = await desk_of(request).store.read(read)
    return render("case_dialog.html", **shell | found | {"case": None, "kinds": list(CaseKind)})


@page(*LIVE)
async def case_dialog(
    request: Request, interaction_id: int, case_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Return the dialog that changes a case."""
    shell = await shell_context(request, agent, place="ongoing")
    desk = desk_of(request)

    def read(conn: Connection) -> dict[str, Any]:
        interaction, case = _beside(conn, interaction_id, case_id)
        texting = _texting(conn, interaction, case, desk.clock())
        return {"interaction": interaction, "case": case, "texting": texting}

    return render("case_dialog.html", **shell | await desk.store.read(read), states=list(CaseState))


def _texting(
    conn: Connection, interaction: Interaction, case: Case, now: datetime
) -> dict[str, Any]:
    """Return the template variables for the text to the requester of a resolved case: the suggested
    text, whether the desk promised one, why none can be sent, and when quiet hours end."""
    quiet = desks.quiet_hours(conn)
    zones = requester_zones.of_interactions(conn, {interaction.id: interaction.requester_number})
    about = short(case.description.splitlines()[0], LONGEST_ABOUT)
    language = spoken_language(conn, interaction.id)
    return {
        "text": texts.case_resolved(conn, case.number, about, language),
        "promised": case_lines.text_is_promised(conn, case.id),
        "why_cannot_text": why_cannot_text(conn, case.id),
        "quiet_until": earliest_send_time(quiet, now, zones[interaction.id]) if quiet else None,
    }


@page(*LIVE)
async def open_one(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    if not form_field(request, "description").strip():
        raise BadInput(phrase("Describe what the case is about."))
    command = OpenByHand(
        agent_id=agent.id,
        description=_text(request, "description", most=LONGEST_DESCRIPTION),
        kind=_one_of(CaseKind, form_field(request, "kind"), "kind"),
        priority=_priority(request),
        interaction_id=interaction_id,
    )
    await desk_of(request).store.write(open_by_hand, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def change_one(
    request: Request, interaction_id: int, case_id: int, agent: CurrentAgent
) -> HTTPResponse:
    await desk_of(request).store.read(_beside, interaction_id, case_id)
    change = ChangeCase(
        id=case_id,
        agent_id=agent.id,
        values={
            "state": _one_of(CaseState, form_field(request, "state"), "state"),
            "priority": _priority(request),
            "external_number": _text(request, "external_number", most=200) or None,
        },
        note=_text(request, "note", most=LONGEST_NOTE),
        interaction_id=interaction_id,
    )
    resolves = change.values["state"] is CaseState.RESOLVED
    text = form_field(request, "text") if resolves and form_field(request, "send") else None
    command = ChangeAndText(change=change, text=text)
    await desk_of(request).store.write(change_and_text, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


def _beside(conn: Connection, interaction_id: int, case_id: int) -> tuple[Interaction, Case]:
    """Read the conversation and one of its requester's cases. Raises NotFound for any other
    case."""
    interaction = conversations.get(conn, interaction_id)
    case = cases.one_beside(conn, interaction, case_id)
    if case is None:
        raise NotFound(phrase("This requester has no such case. Reload the page."))
    return interaction, case


def _one_of[W: (CaseKind, CaseState)](words: type[W], text: str, field: str) -> W:
    if text not in {word.value for word in words}:
        raise BadInput(errors={field: phrase("must be one of {choices}", choices=", ".join(words))})
    return words(text)


def _text(request: Request, field: str, *, most: int) -> str:
    return checked_text(form_field(request, field), most=most, may_be_empty=True, field=field)


def _priority(request: Request) -> int:
    text = form_field(request, "priority")
    if text not in {"1", "2", "3", "4", "5"}:
        raise BadInput(errors={"priority": phrase("must be from 1 to 5")})
    return int(text)


ONE = "/conversations/<interaction_id:int>/cases"
PAGES: dict[str, Any] = {f"{ONE}/new": new_case_dialog, f"{ONE}/<case_id:int>": case_dialog}
POST_HANDLERS: dict[str, Any] = {f"{ONE}/new": open_one, f"{ONE}/<case_id:int>": change_one}
