"""The page Replies: change a text of the virtual agent, with the SMS check while it is typed."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.bot_control import answers
from handoff_service.bot_control.answers import SmsCheck
from handoff_service.bot_control.bot_data import BotData
from handoff_service.bot_control.editing import edit
from handoff_service.bot_control.file_change import FileChange
from handoff_service.errors import BadInput
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.session import desk_of, page
from handoff_service.web.trainer.tabs import TABS


@page(Role.TRAINER)
async def replies_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _replies(request, agent, [])


@page(Role.TRAINER)
async def change_reply(request: Request, agent: CurrentAgent) -> HTTPResponse:
    variant = form_field(request, "variant")
    if not variant.isdecimal() or len(variant) > 3:
        raise BadInput(phrase("There is no such reply any more. Reload the page."))
    desk = desk_of(request)
    put = partial(
        answers.put_reply,
        desk.bot_data,
        form_field(request, "name"),
        int(variant),
        form_field(request, "before"),
        form_field(request, "text"),
    )
    return await _replies(request, agent, [await edit(desk.store, agent.id, put)])


@page(Role.TRAINER)
async def check_reply(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """The segments and problems of a reply, while the trainer types it."""
    text = next(
        (request.args.get(name) for name in ("text", "reply", "spanish") if request.args.get(name)),
        "",
    )
    checked = await run_slow(_checked, desk_of(request).bot_data, text)
    return render("trainer/sms_check.html", checked=checked)


def _checked(data: BotData, text: str) -> SmsCheck | None:
    return answers.check_sms(data.root, text) if text.strip() else None


async def _replies(
    request: Request, agent: CurrentAgent, changes: Sequence[FileChange]
) -> HTTPResponse:
    listed = await run_slow(answers.replies, desk_of(request).bot_data)
    words = folded(request.args.get("q") or "").split()
    fit = [one for one in listed if all(w in folded(f"{one.name} {one.text}") for w in words)]
    around = await shell_context(request, agent, place="trainer")
    given = {"replies": fit, "changes": changes, "q": request.args.get("q") or ""}
    return render("trainer/replies.html", **around | {"tabs": TABS, "here": "/replies"} | given)


PAGES: dict[str, Any] = {
    "/trainer/replies": replies_page,
    "/trainer/replies/check": check_reply,
}
POST_HANDLERS: dict[str, Any] = {"/trainer/replies": change_reply}
