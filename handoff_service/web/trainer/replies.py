"""The page Replies, where trainers change the texts of the virtual agent. While the trainer types,
the page counts segments and checks the text."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.bot_control.bot_data import BotData
from handoff_service.bot_control.change_reply import TextChange, put_reply
from handoff_service.bot_control.editing import edit
from handoff_service.bot_control.file_change import FileChange
from handoff_service.bot_control.replies import Reply, replies
from handoff_service.bot_control.reply_sms_check import SmsCheck, check_sms
from handoff_service.errors import BadInput
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.shared.language import LANGUAGE_NAMES, LANGUAGE_TITLES, Language
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.versions import OTHER_LANGUAGES
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.session import desk_of, page
from handoff_service.web.trainer.tabs import TABS

#: language -> the label of a reply's text in this language; a text without a language has no label
LABELS = {
    language: phrase("Text in {language}", language=LANGUAGE_NAMES[language])
    for language in OTHER_LANGUAGES
}


@page(Role.TRAINER)
async def replies_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _replies(request, agent, [])


@page(Role.TRAINER)
async def change_reply(request: Request, agent: CurrentAgent) -> HTTPResponse:
    desk, changes = desk_of(request), _changes(request)
    put = partial(put_reply, desk.bot_data, form_field(request, "name"), changes)
    return await _replies(request, agent, [await edit(desk.store, agent.id, put)])


def _changes(request: Request) -> list[TextChange]:
    """Read the texts from the form. The name of a text's field contains the number of its variant
    or, for a new translation, the language."""
    changes = []
    for name in request.form or {}:
        kind, _, key = name.partition("-")
        if kind != "text":
            continue
        is_new = key in OTHER_LANGUAGES
        language = key if is_new else form_field(request, f"language-{key}")
        if not is_new and not (key.isdecimal() and len(key) <= 3):
            raise BadInput(phrase("This reply no longer exists. Reload the page."))
        changes.append(
            TextChange(
                variant=None if is_new else int(key),
                language=Language(language) if language in set(Language) else None,
                before=form_field(request, f"before-{key}"),
                after=form_field(request, name),
            )
        )
    return changes


@page(Role.TRAINER)
async def check_reply(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the segments and problems of the typed reply as a fragment."""
    # the request has only one field, the text
    text = next(iter(request.args.values()), [""])[0]
    checked = await run_slow(_checked, desk_of(request).bot_data, text)
    return render("trainer/sms_check.html", checked=checked)


def _checked(data: BotData, text: str) -> SmsCheck | None:
    return check_sms(data.root, text) if text.strip() else None


async def _replies(
    request: Request, agent: CurrentAgent, changes: Sequence[FileChange]
) -> HTTPResponse:
    listed = await run_slow(replies, desk_of(request).bot_data)
    words = folded(request.args.get("q") or "").split()
    fit = [one for one in listed if all(word in folded(_searched_text(one)) for word in words)]
    shell = await shell_context(request, agent, place="trainer")
    given = {
        "replies": fit,
        "changes": changes,
        "q": request.args.get("q") or "",
        "languages": LANGUAGE_TITLES,
        "labels": LABELS,
    }
    return render("trainer/replies.html", **shell | {"tabs": TABS, "here": "/replies"} | given)


def _searched_text(reply: Reply) -> str:
    return " ".join([reply.name, *(one.text for one in reply.texts)])


PAGES: dict[str, Any] = {
    "/trainer/replies": replies_page,
    "/trainer/replies/check": check_reply,
}
POST_HANDLERS: dict[str, Any] = {"/trainer/replies": change_reply}
