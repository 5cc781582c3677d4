"""The page that ends an outage: previews the text to everybody who reported it, sends the text, and
shows its progress."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.conversations.end_outage import (
    EndOutage,
    end_outage,
)
from handoff_service.operations.conversations.text_outage import (
    CancelOutageText,
    cancel_outage_text,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.language import LANGUAGE_NAMES, LANGUAGE_TITLES, Language
from handoff_service.rules.shared.phrases import Phrase, count_phrase, joined, phrase
from handoff_service.rules.shared.versions import (
    name_in,
    translation_names,
    written_translations,
)
from handoff_service.store.cases import outage_reporters, outage_texts, outages
from handoff_service.store.desk import texts
from handoff_service.store.views import OutageDryRun, OutageTextVersion, Reachable
from handoff_service.web.admin.outages import HERE, WRITERS
from handoff_service.web.admin.pages import UNDER, admin_page, done
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.session import desk_of, page

#: why a person gets no text -> its phrase
NOT_TEXTED = {
    Reachable.OPTED_OUT: phrase("opted out"),
    Reachable.UNANSWERABLE: phrase("cannot be texted"),
    Reachable.BLOCKED_COUNTRY: phrase("in a country that this desk does not text"),
    Reachable.TEXTED_BEFORE: phrase("texted already"),
}
#: form field -> its name in an error sentence
CALLED = {"text": phrase("The text")} | {
    name: phrase("The text in {language}", language=LANGUAGE_NAMES[language])
    for language, name in translation_names("text").items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextField:
    """The form field for the text in one language. ``segments``: the segments of one text."""

    name: str
    label: str
    language: Language
    text: str
    segments: int


@page(*WRITERS)
async def end_page(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    """Show the dry run, with the segments and the cost of the texts. ``text``, ``text_es`` and so
    on: the typed texts.
    """
    sent = request.get_args(keep_blank_values=True)
    typed = {name: sent.get(name) or "" for name in CALLED if name in sent}
    return await _show(request, agent, number, typed=typed)


async def _show(
    request: Request,
    agent: CurrentAgent,
    number: int,
    *,
    typed: Mapping[str, str] | None = None,
    problem: str = "",
    status: int = 200,
) -> HTTPResponse:
    def read(conn: Connection) -> dict[str, Any]:
        outage = outages.get(conn, number)
        present = texts.outage_over_versions(conn, outage.title) | dict(typed or {})
        run = outage_reporters.dry_run(
            conn, number, present["text"], written_translations(present, "text")
        )
        return {
            "outage": outage,
            "title": phrase("End “{title}”", title=outage.title)
            if outage.current
            else outage.title,
            "back": f"{HERE}/{number}",
            "run": run,
            "fields": _fields(run, present),
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
        languages=LANGUAGE_TITLES,
        people_by_language=_people_by_language,
        segments_by_language=_segments_by_language,
        not_texted=NOT_TEXTED,
        not_texted_in_words=_not_texted,
        **found,
    )


def _fields(run: OutageDryRun, present: Mapping[str, str]) -> list[TextField]:
    """Return the form's fields: one for English, and one for each language that somebody who
    reported the outage uses."""
    spoken = {one.language for one in run.people} | {Language.ENGLISH}
    segments = {one.language: one.segments for one in run.versions}
    return [
        TextField(
            name=(name := name_in("text", language)),
            label=phrase("Text to the people who reported it")
            if len(spoken) == 1
            else phrase("Text in {language}", language=LANGUAGE_NAMES[language]),
            language=language,
            text=present[name],
            segments=segments.get(language, 0),
        )
        for language in Language
        if language in spoken
    ]


def _people_by_language(run: OutageDryRun) -> Phrase | None:
    """Describe how many people get the text in each language. Return None if all get it in
    English."""
    return _by_language(
        run,
        lambda one, language: phrase("{count} in {language}", count=one.texted, language=language),
    )


def _segments_by_language(run: OutageDryRun) -> Phrase | None:
    """Describe the segments of one text in each language. Return None if all get it in English."""
    return _by_language(
        run,
        lambda one, language: phrase(
            "{count} each in {language}", count=one.segments, language=language
        ),
    )


def _by_language(
    run: OutageDryRun, describe: Callable[[OutageTextVersion, str], Phrase]
) -> Phrase | None:
    used = [one for one in run.versions if one.texted]
    if all(one.language is Language.ENGLISH for one in used):
        return None
    return joined(", ", [describe(one, LANGUAGE_NAMES[one.language]) for one in used])


def _not_texted(run: OutageDryRun, reachable: Reachable) -> Phrase:
    """Describe how many people get no text for this reason."""
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
    sent: Mapping[str, Any] = request.form or {}
    typed = {name: form_field(request, name) for name in CALLED if name in sent}
    most, sends = form_field(request, "most"), bool(form_field(request, "send"))
    command = EndOutage(
        outage_id=number,
        agent_id=agent.id,
        text=typed.get("text", "") if sends else None,
        translations=written_translations(typed, "text"),
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
        return await _show(
            request, agent, number, typed=typed, problem=problem, status=error.status
        )
    return done(request, f"{HERE}/{number}/end", "texting" if sends else "ended")


@page(*WRITERS)
async def progress(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    """Return the progress of the outage's texts as a fragment."""
    shell = await shell_context(request, agent, place="admin")
    sent = await desk_of(request).store.read(outage_texts.of_outage, number)
    return render("admin/outage_progress.html", **shell, under=UNDER, here=HERE, sent=sent)


@page(*WRITERS)
async def stop(request: Request, number: int, text_id: int, agent: CurrentAgent) -> HTTPResponse:
    command = CancelOutageText(outage_id=number, text_id=text_id)
    await desk_of(request).store.write(cancel_outage_text, command)
    return done(request, f"{HERE}/{number}/end", "stopped")


ONE = f"{HERE}/<number:int>"
PAGES: dict[str, Any] = {f"{ONE}/end": end_page, f"{ONE}/texts": progress}
POST_HANDLERS: dict[str, Any] = {f"{ONE}/end": end, f"{ONE}/texts/<text_id:int>/cancel": stop}
