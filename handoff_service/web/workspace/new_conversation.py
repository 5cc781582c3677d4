"""The dialog in which an agent starts a conversation. It shows the effect of sending before the
agent sends."""

from collections.abc import Sequence
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import BadInput
from handoff_service.operations.conversations.start_conversation import Start, start_conversation
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.conversations.agent_initiated import Situation
from handoff_service.rules.conversations.number_forms import one_form
from handoff_service.rules.delivery.sms_characters import is_visible, nothing_visible
from handoff_service.rules.delivery.sms_text import is_e164
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.engine.transaction import Hint
from handoff_service.web.shared import list_query, sse
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.page_shell import shell_context, shell_variables
from handoff_service.web.shared.rendering import done_or_redirect, form_field, render
from handoff_service.web.shared.session import LIVE, desk_of, page, signed_in
from handoff_service.web.workspace import recipients
from handoff_service.web.workspace.recipients import RecipientPreview, RecipientQuery

WHOM = phrase("Choose a person from the list, or a number that can receive texts.")
UNSEEN = phrase("Not sent. Read “What sending will do”, then send again.")

#: case -> its heading and the effect of sending, for agents
CASES = {
    Situation.NO_ACTIVE_INTERACTION: (
        phrase("No open conversation"),
        phrase("Starts one, assigned to you"),
    ),
    Situation.ACTIVE_WITH_LIVE_AGENT: (
        phrase("A conversation with a live agent"),
        phrase(
            "Adds your text and adds you to the live group; the owner stays the same. If it waits "
            "in a queue, it is assigned to you"
        ),
    ),
    Situation.ACTIVE_WITH_VIRTUAL_AGENT: (
        phrase("A conversation with the virtual agent"),
        phrase("Closes it and starts a new one, assigned to you"),
    ),
    Situation.ACTIVE_WITH_SOMEONE_ELSE: (
        phrase("A conversation with another person"),
        phrase(
            "Closes it, links the number to the person you chose, and starts a new "
            "one, assigned to you"
        ),
    ),
}


@page(*LIVE)
async def new_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the dialog. ``user_id`` and ``to`` preselect a person and a number."""
    user, number = request.args.get("user_id") or "", (request.args.get("to") or "")[:100]
    user_id = int(user) if user.isdecimal() and len(user) < 16 else None
    asked = await desk_of(request).store.read(recipients.known, user_id, number)
    return await _shown(request, agent, asked)


@page(*LIVE)
async def look(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the people who match the typed text, and the effect of sending to the chosen
    number."""
    args = {name: (request.args.get(name) or "") for name in ("q", "choice", "from")}
    looked = await _looked(request, agent, _asked(**args))
    desk = await desk_of(request).store.read(desk_facts)
    return render(
        "new_preview.html", looked=looked, cases=CASES, zone=desk.zone, now=desk_of(request).clock()
    )


@page(*LIVE)
async def look_again(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the whole page with the typed values, for a browser without JavaScript."""
    return await _shown(request, agent, _form(request), body=form_field(request, "body"))


@page(*LIVE)
async def send_first(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Send the text, unless sending would now have another effect than the dialog showed."""
    looked = await _looked(request, agent, _form(request))
    row, body = form_field(request, "expected_row"), form_field(request, "body")
    if not looked.senders:
        raise BadInput(phrase("There is no company number yet. Ask an admin to add one."))
    if looked.chosen is None:
        raise BadInput(looked.problem or WHOM)
    if not is_visible(body):
        raise BadInput(
            phrase("Write a message.")
            if not body.strip()
            else phrase("The text {error}.", error=nothing_visible(body))
        )
    if row not in set(Situation):
        raise BadInput(UNSEEN)
    to = recipients.recipient(looked.chosen, looked.asked.sender)
    command = Start(agent_id=agent.id, recipient=to, body=body, expected_row=Situation(row))
    started = await desk_of(request).store.write(start_conversation, command, near=to.to)
    return done_or_redirect(request, f"/workspace/conversations/{started.interaction_id}")


@page(*LIVE)
async def line_events(request: Request, agent: CurrentAgent) -> None:
    """Serve the dialog's event stream: ``line`` after each change to the chosen number."""
    number = one_form(request.args.get("number") or "")
    if not is_e164(number):
        raise BadInput(errors={"number": phrase("must be in E.164, such as +12025550101")})

    async def translate(_hints: Sequence[Hint]) -> list[sse.PageEvent]:
        return [("line", "")]

    async def still() -> bool:
        return await signed_in(request) is not None

    await sse.serve(request, desk_of(request), [f"requester:{number}"], translate, still)


def _form(request: Request) -> RecipientQuery:
    return _asked(**{name: form_field(request, name) for name in ("q", "choice", "from")})


def _asked(**fields: str) -> RecipientQuery:
    values = {name: value.strip()[:100] for name, value in fields.items()}
    return RecipientQuery(q=values["q"], choice=values["choice"], sender=values["from"])


async def _looked(request: Request, agent: CurrentAgent, asked: RecipientQuery) -> RecipientPreview:
    return await desk_of(request).store.read(recipients.look, asked, agent.id)


async def _shown(
    request: Request, agent: CurrentAgent, asked: RecipientQuery, body: str = ""
) -> HTTPResponse:
    """Return only the dialog if a script requests it, else the list page with the dialog over
    it."""
    looked = await _looked(request, agent, asked)
    given: dict[str, Any] = {"looked": looked, "cases": CASES, "first_body": body}
    if "hx-request" in request.headers:
        shell = await shell_context(request, agent, place="new")
        return render("new_message.html", **shell | given)
    lists = await desk_of(request).store.read(list_query.lists, agent.id, others=False)
    shell = shell_variables(request, agent, lists.shell, place="new")
    return render("new_page.html", **shell | given | {"lists": lists})


PAGES: dict[str, Any] = {
    "/new": new_page,
    "/new/look": look,
    "/new/events": line_events,
}
POST_HANDLERS: dict[str, Any] = {
    "/new": send_first,
    "/new/look": look_again,
}
