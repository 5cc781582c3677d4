"""Shared admin pages for one kind of object: forms to create and change it, and a page to delete
it. ``Editor`` describes the kind; its list is a separate page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import Refusal
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.engine.lanes import Transaction
from handoff_service.web.admin.pages import Form, admin_page, done, typed
from handoff_service.web.shared.session import desk_of, page

type WriteNoun = tuple[Callable[[Transaction, Any], Any], Any]


def listed(rows: Sequence[Any], *, new: str | None = None, q: str | None = None) -> dict[str, Any]:
    """Return the variables of ``list.html`` for a list without pages."""
    return {"rows": rows, "new": new, "q": q, "first": True, "next": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleting:
    """The confirmation before deleting."""

    title: str  #: names the object
    says: str  #: the consequences
    verb: str  #: the button's label


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor[T]:
    """The forms of one kind of object."""

    here: str  #: address of the list, which is in the menu
    at: str  #: prefix of the forms' addresses
    template: str
    back_label: str
    new: tuple[str, Mapping[str, str]]  #: the heading and the values of an empty form
    read: Callable[[Connection, int], T]  #: read one object by its id
    shown: Callable[[T], tuple[str, Mapping[str, str]]]  #: the heading and form values of an object
    #: the operation and command that a form asks for; the id is None for a new object
    write: Callable[[Request, Form, int | None], WriteNoun]
    delete: Callable[[Transaction, int], None]
    deleting: Callable[[T], Deleting]
    #: further variables for the template, given the form and the object
    around: Callable[[Connection, Form, T | None], Mapping[str, Any]] = field(
        default=lambda _conn, _form, _one: {}
    )
    typed: Callable[[Request, Form], Form] = field(default=lambda _request, form: form)
    roles: tuple[Role, ...] = (Role.ADMIN,)  #: the roles that may use these pages

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
            deletes = self._deletes(number, await desk_of(request).store.read(self.read, number))
            around = {"title": deletes["title"], "back": f"{self.at}/{number}", "deletes": deletes}
            return await admin_page(request, agent, "delete_page.html", here=self.here, **around)

        one = f"{self.at}/<number:int>"
        return {f"{self.at}/new": new_page, one: one_page, f"{one}/delete": delete_page}

    def acts(self) -> dict[str, Any]:
        """Return the POST handlers by address."""

        @page(*self.roles)
        async def make(request: Request, agent: CurrentAgent) -> HTTPResponse:
            form = self._typed(request)
            try:
                await desk_of(request).store.write(*self.write(request, form, None))
            except Refusal as refusal:
                return await self._form(request, agent, self.new[0], form.with_refusal(refusal))
            return done(request, self.here, "made")

        @page(*self.roles)
        async def change(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
            one = await desk_of(request).store.read(self.read, number)
            form = self._typed(request)
            try:
                await desk_of(request).store.write(*self.write(request, form, number))
            except Refusal as refusal:
                title, _ = self.shown(one)
                return await self._form(
                    request, agent, title, form.with_refusal(refusal), (number, one)
                )
            return done(request, self.here)

        @page(*self.roles)
        async def delete(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
            await desk_of(request).store.write(self.delete, number)
            return done(request, self.here, "deleted")

        one = f"{self.at}/<number:int>"
        return {f"{self.at}/new": make, one: change, f"{one}/delete": delete}

    def _typed(self, request: Request) -> Form:
        return self.typed(request, typed(request, list(self.new[1])))

    async def _form(
        self,
        request: Request,
        agent: CurrentAgent,
        title: str,
        form: Form,
        stored: tuple[int, T] | None = None,
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
        status = 400 if form.errors or form.said else 200
        return await admin_page(
            request, agent, self.template, here=self.here, status=status, **given | dict(around)
        )

    def _deletes(self, number: int, one: T) -> dict[str, Any]:
        asks = self.deleting(one)
        return {
            "address": f"{self.at}/{number}/delete",
            "label": asks.verb,
            "title": asks.title,
            "says": [asks.says],
            "verb": asks.verb,
        }
