"""The confirmation before a record is deleted. If other records prevent the deletion, the page
links to them and has no delete button.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.desk.blockers import Blocker
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.web.admin.pages import UNDER, admin_page
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import render

#: kind of record that can prevent a deletion -> the path of its pages
PLACES: Mapping[Noun, str] = {
    Noun.QUEUE: "/queues",
    Noun.COMPANY_NUMBER: "/provider-numbers",
    Noun.MESSAGING_ACTION: "/messaging-actions",
    Noun.AGENT: "/agents",
    Noun.MACRO: "/macros",
    Noun.WEBHOOK: "/webhooks",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleting:
    """The texts of the confirmation."""

    title: str
    #: the effects of the deletion, one paragraph each
    effects: Sequence[str]
    #: the label of the link to the confirmation
    label: str
    #: the label of the delete button; if empty, ``label`` is used
    verb: str = ""


def question(
    deleting: Deleting, address: str, blockers: Sequence[Blocker] = ()
) -> Mapping[str, Any]:
    """Return the variables of ``deleting.html``. ``address``: the path of the confirmation."""
    return {
        "address": address,
        "label": deleting.label,
        "title": deleting.title,
        "effects": deleting.effects,
        "verb": deleting.verb or deleting.label,
        "blockers": [
            {
                "sentence": one.sentence,
                "name": one.name,
                "address": f"{UNDER}{PLACES[one.noun]}/{one.id}" if one.noun else "",
            }
            for one in blockers
        ],
    }


async def ask(
    request: Request,
    agent: CurrentAgent,
    deletes: Mapping[str, Any],
    *,
    here: str,
    back: str,
    status: int = 200,
) -> HTTPResponse:
    """Render the confirmation, as a dialog if a script requests it, else as a page."""
    given: dict[str, Any] = {"title": deletes["title"], "back": back, "deletes": deletes}
    if "hx-request" in request.headers:
        shell = await shell_context(request, agent, place="admin")
        return render("admin/deleting.html", under=UNDER, dialog=True, **shell | given)
    return await admin_page(request, agent, "delete_page.html", here=here, status=status, **given)
