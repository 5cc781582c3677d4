"""Collects the routes of the workspace: its pages, the agents' actions, and the event stream that
updates pages.

Each page works without JavaScript. Fragments (``/workspace/lists``, ``.../news``) use the templates
of the pages, and a script merges them into the page by element id. A script gets an empty answer to
most actions, because the event stream reports the change.
"""

from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, redirect

from handoff_service.store.desk.set_up import is_empty
from handoff_service.web.admin import routes as admin
from handoff_service.web.setup import routes as setup
from handoff_service.web.shared import assets
from handoff_service.web.shared.session import desk_of, signed_in
from handoff_service.web.supervisor import replays, report_files, reports, supervisor
from handoff_service.web.trainer import intents, models, replies, teach, train
from handoff_service.web.workspace import (
    account,
    attributes,
    brief,
    bulk,
    cases,
    closing,
    command_palette,
    consent,
    conversation_page,
    earlier_messages,
    hold,
    labels,
    list_pane,
    list_views,
    live_updates,
    macros,
    mentions,
    misunderstood,
    new_conversation,
    new_passkeys,
    notifications,
    offer_preview,
    offers,
    passkeys,
    passwords,
    practice,
    presence,
    promises,
    resolve_send,
    search,
    second_factor,
    send_later,
    sign_in,
    single_sign_on,
    template_picker,
    time_choices,
    timeline,
    timers,
    transfer,
    two_factor,
    verification,
)

ONE = "/conversations/<interaction_id:int>"


def blueprint() -> Blueprint:
    """Return the workspace's pages, the admin pages, sign-in, the set-up, and the static files."""
    made = Blueprint("workspace")

    @made.get("/")
    async def start(request: Request) -> HTTPResponse:
        if await signed_in(request):
            return redirect("/workspace")
        return redirect("/setup" if await desk_of(request).store.read(is_empty) else "/sign-in")

    # Without an explicit error format, Sanic parses the source of each handler to find one, which
    # takes a millisecond per handler.
    inside = Blueprint("desk", url_prefix="/workspace")
    for path, handler in PAGES.items():
        inside.add_route(handler, path, methods=["GET"], name=handler.__name__, error_format="text")
    for path, handler in POST_HANDLERS.items():
        inside.add_route(
            handler, path, methods=["POST"], name=handler.__name__, error_format="text"
        )
    outside = (
        sign_in.blueprint(),
        passwords.blueprint(),
        second_factor.blueprint(),
        passkeys.blueprint(),
        single_sign_on.blueprint(),
        new_passkeys.blueprint(),
        setup.blueprint(),
        assets.blueprint(),
        assets.root_blueprint(),
    )
    return Blueprint.group(made, inside, admin.blueprint(), *outside)  # type: ignore[return-value]


PAGES: dict[str, Any] = {
    **list_pane.PAGES,
    **conversation_page.PAGES,
    **verification.PAGES,
    f"{ONE}/earlier": earlier_messages.earlier_fragment,
    "/search": search.search_page,
    "/events": live_updates.events,
    **account.PAGES,
    **two_factor.PAGES,
    **template_picker.PAGES,
    **new_conversation.PAGES,
    **supervisor.PAGES,
    **replays.PAGES,
    **report_files.PAGES,
    **reports.PAGES,
    **train.PAGES,
    **models.PAGES,
    **teach.PAGES,
    **intents.PAGES,
    **replies.PAGES,
    **transfer.PAGES,
    **brief.PAGES,
    **timeline.PAGES,
    **offer_preview.PAGES,
    **cases.PAGES,
    **consent.PAGES,
    **labels.PAGES,
    **attributes.PAGES,
    **bulk.PAGES,
    **macros.PAGES,
    **command_palette.PAGES,
    **mentions.PAGES,
    **practice.PAGES,
    **send_later.PAGES,
    **time_choices.PAGES,
}
POST_HANDLERS: dict[str, Any] = {
    f"{ONE}/writing": live_updates.writing,
    f"{ONE}/prompts/dismiss": live_updates.dismiss,
    f"{ONE}/notice/dismiss": live_updates.seen,
    **offers.POST_HANDLERS,
    **conversation_page.POST_HANDLERS,
    **verification.POST_HANDLERS,
    **presence.POST_HANDLERS,
    **account.POST_HANDLERS,
    **two_factor.POST_HANDLERS,
    **notifications.POST_HANDLERS,
    **new_conversation.POST_HANDLERS,
    **closing.POST_HANDLERS,
    **hold.POST_HANDLERS,
    **timers.POST_HANDLERS,
    **labels.POST_HANDLERS,
    **attributes.POST_HANDLERS,
    **list_views.POST_HANDLERS,
    **bulk.POST_HANDLERS,
    **macros.POST_HANDLERS,
    **practice.POST_HANDLERS,
    **promises.POST_HANDLERS,
    **send_later.POST_HANDLERS,
    **supervisor.POST_HANDLERS,
    **replays.POST_HANDLERS,
    **train.POST_HANDLERS,
    **models.POST_HANDLERS,
    **teach.POST_HANDLERS,
    **intents.POST_HANDLERS,
    **replies.POST_HANDLERS,
    **transfer.POST_HANDLERS,
    **cases.POST_HANDLERS,
    **consent.POST_HANDLERS,
    **resolve_send.POST_HANDLERS,
    **misunderstood.POST_HANDLERS,
}
