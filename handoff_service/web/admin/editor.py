"""Shared admin pages for one kind of object: the forms to create and change it, and the page to
delete it. ``Editor`` describes the kind. Each kind has its own list page."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse, redirect
from sqlalchemy import Connection

from handoff_service.errors import Refusal
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.engine.lanes import Transaction
from handoff_service.web.admin.pages import UNDER, Form, admin_page, done, typed
from handoff_service.web.shared.session import desk_of, page

type WriteNoun = tuple[Callable[[Transaction, Any], Any], Any]


def listed(rows: Sequence[Any], *, new: str | None = None, q: str | None = None) -> dict[str, Any]:
    """Return the variables of ``list.html`` for a list without pages."""
    return {"rows": rows, "new": new, "q": q, "first": True, "next": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleting:
    """The page that asks before an object is deleted."""

    title: str
    #: the effects of deleting, one paragraph each
    says: Sequence[str]
    #: the label of the link to this page
    label: str
    #: the label of the button that deletes; empty: the same as the link
    verb: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving[T]:
    """A form that ``agent`` saves."""

    request: Request
    agent: CurrentAgent
    form: Form
    #: None: the form creates an object
    id: int | None = None
    #: the stored object; None: the form creates one
    one: T | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor[T]:
    """The pages of one kind of object."""

    #: the address of the list page, which the menu links to
    here: str
    #: the common beginning of the forms' addresses
    at: str
    template: str
    back_label: str
    #: the heading and the values of an empty form
    new: tuple[str, Mapping[str, str]]
    #: reads an object by its id; raises NotFound
    read: Callable[[Connection, int], T]
    #: the heading and the values of an object's form
    shown: Callable[[T], tuple[str, Mapping[str, str]]]
    #: the operation and the command that save a form
    write: Callable[[Saving[T]], Awaitable[WriteNoun]]
    #: the operation and the command that delete an object; the operation returns False when it only
    #: deactivates the object
    delete: Callable[[CurrentAgent, int], WriteNoun]
    #: describes the delete page; None: the object cannot be deleted
    deleting: Callable[[T], Deleting | None]
    #: further variables for the template
    around: Callable[[Connection, Form, T | None], Mapping[str, Any]] = field(
        default=lambda _conn, _form, _one: {}
    )
    typed: Callable[[Request, Form], Form] = field(default=lambda _request, form: form)
    roles: tuple[Role, ...] = (Role.ADMIN,)
    #: True: saving returns to the object's form; False: to the list
    stays: bool = False

    def pages(self) -> dict[str, Any]:
        """Return the GET handlers by address."""

        @page(*self.roles)
        async def new_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
            title, values = self.new
            return await self._form(request, agent, title, Form(values=values))

        @page(*self.roles)
        async def one_page(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
            one = await desk_of(request).store.read(self.read, number)
            title, values = self.shown(one)
            return await self._form(request, agent, title, Form(values=values), (number, one))

        @page(*self.roles)
        async def delete_page(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
            one = await desk_of(request).store.read(self.read, number)
            deletes = self._deletes(number, one)
            if deletes is None:
                return redirect(f"{UNDER}{self.at}/{number}")
            around = {"title": deletes["title"], "back": f"{self.at}/{number}", "deletes": deletes}
            return await admin_page(request, agent, "delete_page.html", here=self.here, **around)

        one = f"{self.at}/<number:int>"
        return {f"{self.at}/new": new_page, one: one_page, f"{one}/delete": delete_page}

    def acts(self) -> dict[str, Any]:
        """Return the POST handlers by address."""

        @page(*self.roles)
        async def make(request: Request, agent: CurrentAgent) -> HTTPResponse:
            saving: Saving[T] = Saving(request=request, agent=agent, form=self._typed(request))
            return await self._save(saving, self.new[0])

        @page(*self.roles)
        async def change(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
            one = await desk_of(request).store.read(self.read, number)
            saving = Saving(
                request=request, agent=agent, form=self._typed(request), id=number, one=one
            )
            return await self._save(saving, self.shown(one)[0])

        @page(*self.roles)
        async def delete(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
            deleted = await desk_of(request).store.write(*self.delete(agent, number))
            return done(request, self.here, "deactivated" if deleted is False else "deleted")

        one = f"{self.at}/<number:int>"
        return {f"{self.at}/new": make, one: change, f"{one}/delete": delete}

    async def _save(self, saving: Saving[T], title: str) -> HTTPResponse:
        request = saving.request
        try:
            made = await desk_of(request).store.write(*await self.write(saving))
        except Refusal as refusal:
            form = saving.form.with_refusal(refusal)
            stored = None if saving.id is None or saving.one is None else (saving.id, saving.one)
            return await self._form(
                request, saving.agent, title, form, stored, status=refusal.status
            )
        where = f"{self.at}/{saving.id or made}" if self.stays else self.here
        return done(request, where, "made" if saving.id is None else "saved")

    def _typed(self, request: Request) -> Form:
        return self.typed(request, typed(request, list(self.new[1])))

    async def _form(
        self,
        request: Request,
        agent: CurrentAgent,
        title: str,
        form: Form,
        stored: tuple[int, T] | None = None,
        *,
        status: int = 200,
    ) -> HTTPResponse:
        number, one = stored or (None, None)
        around = await desk_of(request).store.read(self.around, form, one)
        given = {
            "title": title,
            "form": form,
            "back": self.here,
            "back_label": self.back_label,
            "saves": f"{self.at}/{'new' if number is None else number}",
            "deletes": None if number is None or one is None else self._deletes(number, one),
        }
        return await admin_page(
            request, agent, self.template, here=self.here, status=status, **given | dict(around)
        )

    def _deletes(self, number: int, one: T) -> dict[str, Any] | None:
        question = self.deleting(one)
        if question is None:
            return None
        return {
            "address": f"{self.at}/{number}/delete",
            "label": question.label,
            "title": question.title,
            "says": question.says,
            "verb": question.verb or question.label,
        }
