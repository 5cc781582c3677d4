"""Parts that the admin pages share: the frame with the menu, forms that keep the typed values after
an error, and paging."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import BadInput, Refusal
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.phrases import joined, phrase, reworded
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.web.admin import field_words
from handoff_service.web.admin.menu import DELETED, menu_for
from handoff_service.web.admin.merging import Filled, Rival, differing
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import done_or_redirect, form_field, render
from handoff_service.web.shared.session import desk_of
from handoff_service.web.shared.template_filters import words

UNDER = "/workspace/admin"
PAGE = 50  # rows of a list
LONGEST_NUMBER = 9  # digits of a number that an admin types
DONE = {
    "saved": phrase("Saved"),
    "made": phrase("Created"),
    "unable": phrase("Saved, but this queue cannot assign conversations yet. The list shows why"),
    "deleted": phrase("Deleted"),
    "deactivated": phrase("Deactivated"),
    "merged": phrase("Merged. You can undo it below"),
    "unmerged": phrase("Undone. Both users are as they were before the merge"),
    "moved": phrase("This is the user that was kept in a merge"),
    "revoked": phrase("Revoked. The API rejects programs that use it"),
    "undone": phrase("Restored"),
    "again": phrase("Sending again"),
    "testing": phrase("Test event created. The receiver's answer appears below"),
    "mailed": phrase("The link is on its way by e-mail"),
    "reset": phrase("Two-factor sign-in is reset, and the agent is signed out on all devices"),
    "unlinked": phrase(
        "Unlinked. The next person who signs in with the agent's address gets this account"
    ),
    "reached": phrase("The provider answers, and its configuration and keys are valid"),
    "released": phrase("Released. The texts are being sent"),
    "ended": phrase("Ended. Nobody was texted"),
    "texting": phrase("The texts are on their way"),
    "retaining": phrase("Retention starts now"),
    "retention_stopped": phrase("Retention stopped"),
    "erasing": phrase("The erasure has started. Its receipt is in the list below"),
    "stopped": phrase("Canceled. The other texts will not be sent"),
    "canceled": phrase("Canceled. None of the texts will be sent"),
}

WARNS = frozenset({"unable"})  # messages that the page shows as warnings


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The values and errors of a form."""

    values: Mapping[str, str]  #: field -> the typed text
    errors: Mapping[str, str] = field(default_factory=dict)  #: field -> what the field requires
    error: str = ""  #: an error that belongs to no single field
    #: the values with which the form was opened; None if the record is new, or if the form ignores
    #: other people's changes
    was: Filled | None = None
    #: the fields that somebody else changed while the form was open
    rivals: Sequence[Rival] = ()
    #: field -> the new names in it that the admin has not confirmed
    unknown: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: field -> its label, and the labels of its choices; the template fills this while it renders
    labels: dict[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)

    def record(self, name: str, label: str, options: Mapping[str, Any] | None = None) -> str:
        """Remember a field's label and choices. Templates call this when they render a field, and
        use it in the summaries above the fields."""
        self.labels[name] = label, options or {}
        return ""

    def label(self, name: str) -> str:
        return self.labels[name][0] if name in self.labels else words(name)

    def value(self, name: str, value: Any) -> str:
        """Describe a value of this field."""
        options = self.labels[name][1] if name in self.labels else {}
        return field_words.describe(value, options)

    def wrong(self) -> list[tuple[str, str]]:
        """Return the fields with an error, and their errors, in the order of the page."""
        order = list(self.labels)
        known = [(name, what) for name, what in self.errors.items() if name in order]
        others = [(name, what) for name, what in self.errors.items() if name not in order]
        return sorted(known, key=lambda one: order.index(one[0])) + others

    def unsaved(self) -> list[str]:
        """Return the fields on the page that differ from the values with which the form was
        opened."""
        differ = differing(self.was.values, self.values) if self.was else []
        return [name for name in differ if name in self.labels]

    @property
    def first_wrong(self) -> str | None:
        """The first field with an error, which gets the focus."""
        return next((name for name in self.values if name in self.errors), None)

    def with_refusal(self, refusal: Refusal) -> Self:
        """Return the form with the errors of the refusal, each at its field. The error of
        ``numbers.2`` is shown at ``numbers``."""
        errors: dict[str, str] = {}
        for name, what in refusal.errors.items():
            errors.setdefault(name.split(".")[0], what)
        shown = {name: sentence(what) for name, what in errors.items()}
        strange = joined(
            "; ",
            (joined(" ", (name, what)) for name, what in errors.items() if name not in self.values),
        )
        error = strange or ("" if errors else refusal.detail)
        unknown = getattr(refusal, "unknown", {})
        return replace(self, errors=shown, error=error, unknown=unknown, labels={})


def sentence(words: str) -> str:
    """Return an error with a capital letter and a full stop."""
    return reworded(words, _sentence)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith(('.', '?', '!')) else '.'}"


def typed(request: Request, names: Sequence[str]) -> Form:
    """Read the form in the request. Several values of a field, such as check boxes, become one
    value with a line for each."""
    sent: Any = request.form or {}
    several = {name: sent.getlist(name) if sent else [] for name in names}
    values = {
        n: "\n".join(v) if len(v := several[n]) > 1 else form_field(request, n).strip()
        for n in names
    }
    return Form(values=values)


def lines(text: str) -> list[str]:
    """Return the lines of the text that are not empty."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def pairs(text: str, field: str) -> dict[str, str]:
    """Parse lines of the form ``name = value``. Raises BadInput, which quotes the first invalid
    line."""
    found = {}
    for line in lines(text):
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise BadInput(
                errors={
                    field: phrase(
                        "Write name = value on each line. “{line}” is invalid.", line=line[:40]
                    )
                }
            )
        found[name.strip()] = value.strip()
    return found


def moment(text: str, field: str, zone: ZoneInfo) -> datetime | None:
    """Parse a day and a 24-hour time in this time zone. Return None for an empty text. Raises
    BadInput, which names the field."""
    try:
        padded = re.sub(r"[ T](\d:)", r" 0\1", text)
        return datetime.fromisoformat(padded).replace(tzinfo=zone) if text else None
    except ValueError as error:
        what = phrase("Enter a date and time, such as 2026-11-25 09:00.")
        raise BadInput(errors={field: what}) from error


def number(text: str, field: str, *, least: int, most: int) -> int:
    """Parse a whole number from ``least`` to ``most``. Raises BadInput, which names the field."""
    if (
        not text.isascii()
        or not text.isdigit()
        or len(text) > LONGEST_NUMBER
        or not least <= int(text) <= most
    ):
        raise BadInput(
            errors={
                field: phrase(
                    "Enter a whole number from {least} to {most}.", least=least, most=most
                )
            }
        )
    return int(text)


def after(request: Request) -> int:
    """Return the last id of the previous page, or 0 for the first page."""
    given = request.args.get("after") or ""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0


async def admin_page(
    request: Request,
    agent: CurrentAgent,
    template: str,
    *,
    here: str,
    status: int = 200,
    **given: Any,
) -> HTTPResponse:
    """Render an admin page. ``here``: its path in the menu."""
    admin = Role.ADMIN in agent.roles
    shell = await shell_context(request, agent, place="admin" if admin else "supervisor")
    shown = {
        "menu": menu_for(admin=admin),
        "here": here,
        "under": UNDER,
        "public_url": desk_of(request).settings.public_url,
        "deleted_kinds": DELETED.get(here, {}) if admin else {},
        "done": DONE.get(request.args.get("done") or "", ""),
        "warns": request.args.get("done") in WARNS,
    }
    return render(f"admin/{template}", status=status, **shell | shown | given)


def done(request: Request, path: str, what: str = "saved") -> HTTPResponse:
    """Redirect to an admin page that confirms the change. ``what``: a key of DONE."""
    return done_or_redirect(request, f"{UNDER}{path}{'&' if '?' in path else '?'}done={what}")
