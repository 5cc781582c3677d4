"""Macros in the workspace: previews the macros for a conversation, and runs one. ``bulk.py`` runs a
macro on several conversations."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.delivery.sms_text import Segments, segments
from handoff_service.rules.desk.templates import filled
from handoff_service.rules.shared.phrases import count_phrase
from handoff_service.rules.shared.placeholders import Placeholders, unset_in
from handoff_service.store.consent import consents
from handoff_service.store.conversations import conversations, placeholder_values
from handoff_service.store.desk import macros
from handoff_service.store.views import Macro
from handoff_service.web.shared.bulk_actions import run_one
from handoff_service.web.shared.bulk_undo import (
    BulkResult,
    of_macro,
    write_inverses,
)
from handoff_service.web.shared.directions import isolated
from handoff_service.web.shared.rendering import back_to_conversation, render
from handoff_service.web.shared.session import LIVE, csrf_token, desk_of, page

MOST_MACROS = 50  # listed at once; the agent finds the others by typing


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledMacro:
    """A macro for one conversation. ``text``: the macro's text with filled placeholders; empty if
    the macro sends no text."""

    macro: Macro
    text: str = ""
    segments: Segments | None = None
    refused: str = ""  #: why the macro cannot be run


@dataclass(slots=True, kw_only=True)
class BulkChoice:
    """A macro for several conversations."""

    macro: Macro
    texts: int = 0  #: how many texts it would send
    segments: int = 0  #: the segments of these texts together


@page(*LIVE)
async def found_macros(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Find macros by part of their name or text. Without ``q``, return the first macros."""
    q = (request.args.get("q") or "").strip()[:100]
    found = await desk_of(request).store.read(choices, interaction_id, agent, q)
    return render("found_macros.html", choices=found, q=q, interaction_id=interaction_id)


@page(*LIVE)
async def run_it(
    request: Request, interaction_id: int, macro_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Run a macro. The answer confirms the run and, if anything can be undone, has an Undo
    button."""
    run = await run_one(desk_of(request).store, agent, macro_id, interaction_id)
    if "hx-request" not in request.headers:
        return back_to_conversation(request, interaction_id)
    inverse = of_macro(interaction_id, run)
    return render(
        "bulk_done.html",
        csrf=csrf_token(request),
        done=done(run.name, 1),
        outcome=BulkResult(done=1),
        undo=write_inverses([inverse] if inverse else []),
    )


def done(name: str, number: int) -> str:
    """Return the sentence that confirms that a macro has changed ``number`` conversations."""
    return count_phrase(
        "{count} conversation changed by the macro “{name}”.",
        "{count} conversations changed by the macro “{name}”.",
        number,
        name=isolated(name),
    )


def choices(
    conn: Connection, interaction_id: int, agent: CurrentAgent, q: str
) -> list[FilledMacro]:
    """Return the macros whose name or text contains the words of ``q``, filled for a conversation.
    Macros whose name begins with ``q`` come first. Raises NotFound for an unknown conversation."""
    interaction = conversations.get(conn, interaction_id)
    stored = macros.list_(conn)
    who = placeholder_values.of_interactions(conn, [interaction_id], agent.name, _texts(stored))
    why = interaction.unanswerable or (interaction.opted_out and interaction.opted_out.why) or ""
    every = [_choice(conn, one, who[interaction_id], why) for one in stored]
    sought = q.casefold()
    found = [one for one in every if _has(one, sought.split())]
    return sorted(found, key=lambda one: not one.macro.name.casefold().startswith(sought))[
        :MOST_MACROS
    ]


def _texts(found: Iterable[Macro]) -> list[str]:
    """Return the texts and notes of the macros, which may contain placeholders."""
    bodies = [one.template.body for one in found if one.template is not None]
    return [*bodies, *(one.note for one in found if one.note)]


def _has(one: FilledMacro, words: Sequence[str]) -> bool:
    text = f"{one.macro.name} {one.text}".casefold()
    return all(word in text for word in words)


def _choice(conn: Connection, macro: Macro, who: Placeholders, why: str) -> FilledMacro:
    unset = _unset(macro, who)
    lacks = placeholder_values.not_set(conn, unset) if unset else ""
    if macro.template is None:
        return FilledMacro(macro=macro, refused=lacks)
    text = filled(macro.template.body, who)
    return FilledMacro(macro=macro, text=text, segments=segments(text), refused=why or lacks)


def _unset(macro: Macro, who: Placeholders) -> list[str]:
    """Return the attributes without a value that the macro's text or note refers to."""
    return unset_in(" ".join(_texts([macro])), who)


def bulk_choices(conn: Connection, ids: Collection[int], agent: CurrentAgent) -> Mapping[str, Any]:
    """Return the template variables for running a macro on several conversations: each macro with
    the texts and segments that it would send, and the number of conversations whose requester has
    opted out."""
    stored = macros.list_(conn)
    who = placeholder_values.of_interactions(conn, ids, agent.name, _texts(stored))
    out = consents.opted_out_of(conn, list(who))
    people = [one for interaction_id, one in who.items() if interaction_id not in out]
    return {
        "macros": [_bulk_choice(one, people) for one in stored],
        "opted_out": len(out),
    }


def _bulk_choice(macro: Macro, people: Sequence[Placeholders]) -> BulkChoice:
    if macro.template is None:
        return BulkChoice(macro=macro)
    body = macro.template.body
    fit = [who for who in people if not _unset(macro, who)]
    counts = [segments(filled(body, who)).count for who in fit]
    return BulkChoice(macro=macro, texts=len(counts), segments=sum(counts))


ONE = "/conversations/<interaction_id:int>/macros"
PAGES: dict[str, Any] = {ONE: found_macros}
POST_HANDLERS: dict[str, Any] = {f"{ONE}/<macro_id:int>": run_it}
