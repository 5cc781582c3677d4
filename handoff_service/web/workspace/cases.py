"""Cases beside a conversation: an agent opens one, or changes one and adds a note."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import BadInput, NotFound
from handoff_service.operations.cases.change_case import ChangeCase, change_case
from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.message_text import checked_text
from handoff_service.rules.shared.vocabulary import CaseKind, CaseState
from handoff_service.store.cases import cases
from handoff_service.store.conversations import conversations
from handoff_service.store.views import Case, Interaction
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import form_field, render, went_back
from handoff_service.web.shared.session import LIVE, desk_of, page

LONGEST_DESCRIPTION, LONGEST_NOTE = 10_000, 1000


@page(*LIVE)
async def new_case_dialog(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Return the dialog for a new case, prefilled with the requester's first text."""

    def read(conn: Connection) -> dict[str, Any]:
        interaction = conversations.get(conn, interaction_id, agent.id)
        return {
            "interaction": interaction,
            "first_text": conversations.first_text(conn, interaction_id),
        }

    around = await shell_context(request, agent, place="ongoing")
    found = await desk_of(request).store.read(read)
    return render("case_dialog.html", **around | found | {"case": None, "kinds": list(CaseKind)})


@page(*LIVE)
async def case_dialog(
    request: Request, interaction_id: int, case_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Return the dialog that changes a case."""
    around = await shell_context(request, agent, place="ongoing")
    interaction, case = await desk_of(request).store.read(_beside, interaction_id, case_id)
    return render(
        "case_dialog.html", **around, interaction=interaction, case=case, states=list(CaseState)
    )


@page(*LIVE)
async def open_one(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    if not form_field(request, "description").strip():
        raise BadInput("Describe what the case is about.")
    command = OpenByHand(
        agent_id=agent.id,
        description=_text(request, "description", most=LONGEST_DESCRIPTION),
        kind=_one_of(CaseKind, form_field(request, "kind"), "kind"),
        priority=_priority(request),
        interaction_id=interaction_id,
    )
    await desk_of(request).store.write(open_by_hand, command, near=interaction_id)
    return went_back(request, interaction_id)


@page(*LIVE)
async def change_one(
    request: Request, interaction_id: int, case_id: int, agent: CurrentAgent
) -> HTTPResponse:
    await desk_of(request).store.read(_beside, interaction_id, case_id)
    command = ChangeCase(
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
    await desk_of(request).store.write(change_case, command, near=interaction_id)
    return went_back(request, interaction_id)


def _beside(conn: Connection, interaction_id: int, case_id: int) -> tuple[Interaction, Case]:
    """Read the conversation and one of its requester's cases. NotFound for any other case."""
    interaction = conversations.get(conn, interaction_id)
    for case in cases.beside(conn, interaction):
        if case.id == case_id:
            return interaction, case
    raise NotFound("This case belongs to another requester.")


def _one_of[W: (CaseKind, CaseState)](words: type[W], text: str, field: str) -> W:
    if text not in {word.value for word in words}:
        raise BadInput(errors={field: f"must be one of {', '.join(words)}"})
    return words(text)


def _text(request: Request, field: str, *, most: int) -> str:
    return checked_text(form_field(request, field), most=most, may_be_empty=True, field=field)


def _priority(request: Request) -> int:
    text = form_field(request, "priority")
    if text not in {"1", "2", "3", "4", "5"}:
        raise BadInput(errors={"priority": "must be from 1 to 5"})
    return int(text)


ONE = "/conversations/<interaction_id:int>/cases"
PAGES: dict[str, Any] = {f"{ONE}/new": new_case_dialog, f"{ONE}/<case_id:int>": case_dialog}
ACTS: dict[str, Any] = {f"{ONE}/new": open_one, f"{ONE}/<case_id:int>": change_one}
