"""End an outage: a dry run of the text to everybody who reported it, the text, and its progress."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.conversations.end_outage import (
    CancelOutageText,
    EndOutage,
    cancel_outage_text,
    end_outage,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.phrases import Phrase, count_phrase, joined, phrase
from handoff_service.store.cases import outage_reporters, outage_texts, outages
from handoff_service.store.desk import texts
from handoff_service.store.views import OutageDryRun, Reachable
from handoff_service.web.admin.outages import HERE, WRITERS
from handoff_service.web.admin.pages import UNDER, admin_page, done
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.session import desk_of, page

#: why somebody gets no text -> the reason in words
NOT_TEXTED = {
    Reachable.OPTED_OUT: phrase("opted out"),
    Reachable.UNANSWERABLE: phrase("cannot be texted"),
    Reachable.BLOCKED_COUNTRY: phrase("in a country that this desk does not text"),
    Reachable.TEXTED_BEFORE: phrase("texted already"),
}
CALLED = {"text": phrase("The text"), "text_es": phrase("The text in Spanish")}


@page(*WRITERS)
async def end_page(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    """Show the dry run. ``text`` and ``text_es``: the typed texts, so that the page can show their
    segments and cost.
    """
    typed = (request.args.get("text"), request.args.get("text_es"))
    return await _show(request, agent, number, typed=typed)


async def _show(
    request: Request,
    agent: CurrentAgent,
    number: int,
    *,
    typed: tuple[str | None, str | None] = (None, None),
    problem: str = "",
    status: int = 200,
) -> HTTPResponse:
    def read(conn: Connection) -> dict[str, Any]:
        outage = outages.get(conn, number)
        text, text_es = (
            texts.outage_over(conn, outage.title, language) if body is None else body
            for body, language in zip(typed, (Language.ENGLISH, Language.SPANISH), strict=True)
        )
        return {
            "outage": outage,
            "title": phrase("End “{title}”", title=outage.title)
            if outage.current
            else outage.title,
            "back": f"{HERE}/{number}",
            "run": outage_reporters.dry_run(conn, number, text, text_es),
            "sent": outage_texts.of_outage(conn, number),
        }

    found = await desk_of(request).store.read(read)
    return await admin_page(
        request,
        agent,
        "outage_end.html",
        here=HERE,
        status=status,
        problem=problem,
        not_texted=NOT_TEXTED,
        not_texted_in_words=_not_texted,
        **found,
    )


def _not_texted(run: OutageDryRun, reachable: Reachable) -> Phrase:
    """Count the people who get no text for this reason."""
    count = run.count(reachable)
    match reachable:
        case Reachable.OPTED_OUT:
            return count_phrase("{count} opted out", "{count} opted out", count)
        case Reachable.UNANSWERABLE:
            return count_phrase("{count} cannot be texted", "{count} cannot be texted", count)
        case Reachable.BLOCKED_COUNTRY:
            return count_phrase(
                "{count} in a country that this desk does not text",
                "{count} in countries that this desk does not text",
                count,
            )
        case _:
            return count_phrase("{count} texted already", "{count} texted already", count)


@page(*WRITERS)
async def end(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    body, most = form_field(request, "text"), form_field(request, "most")
    body_es = form_field(request, "text_es") if "text_es" in (request.form or {}) else None
    sends = bool(form_field(request, "send"))
    command = EndOutage(
        outage_id=number,
        agent_id=agent.id,
        text=body if sends else None,
        text_es=body_es,
        most=int(most) if most.isdecimal() and len(most) < 9 else None,
    )
    try:
        await desk_of(request).store.write(end_outage, command)
    except (BadInput, Conflict) as error:
        wrong = (
            phrase("{field} {problem}.", field=CALLED[field], problem=what)
            for field, what in error.errors.items()
        )
        problem = joined(" ", wrong) or str(error)
        typed = (body, body_es)
        return await _show(
            request, agent, number, typed=typed, problem=problem, status=error.status
        )
    return done(request, f"{HERE}/{number}/end", "texting" if sends else "ended")


@page(*WRITERS)
async def progress(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    """Return the texts and their progress, for the page that shows them."""
    around = await shell_context(request, agent, place="admin")
    sent = await desk_of(request).store.read(outage_texts.of_outage, number)
    return render("admin/outage_progress.html", **around, under=UNDER, here=HERE, sent=sent)


@page(*WRITERS)
async def stop(request: Request, number: int, text_id: int, agent: CurrentAgent) -> HTTPResponse:
    command = CancelOutageText(outage_id=number, text_id=text_id)
    await desk_of(request).store.write(cancel_outage_text, command)
    return done(request, f"{HERE}/{number}/end", "stopped")


ONE = f"{HERE}/<number:int>"
PAGES: dict[str, Any] = {f"{ONE}/end": end_page, f"{ONE}/texts": progress}
POST_HANDLERS: dict[str, Any] = {f"{ONE}/end": end, f"{ONE}/texts/<text_id:int>/cancel": stop}
