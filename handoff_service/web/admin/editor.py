"""The pages of a noun that an admin keeps: a form for a new one and for each, and deleting it. A
noun says what is in them (``Editor``); its list is a page of its own."""

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
    """What ``list.html`` needs for a list that is shown whole."""
    return {"rows": rows, "new": new, "q": q, "first": True, "next": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleting:
    """The question before deleting: what is deleted, by its name; what that means; the button's
    words."""

    title: str
    says: str
    verb: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor[T]:
    """``here``: the address of the list, which is in the menu; ``at``: what the forms' addresses
    begin with; ``new``: the heading and the values of an empty form; ``read``: one by its id;
    ``shown``: its heading and the values of its form; ``write``: the operation and the command that
    a form means (id None: a new one); ``around``: what else the form's template shows, given the
    form; ``roles``: who may."""

    here: str
    at: str
    template: str
    back_label: str
    new: tuple[str, Mapping[str, str]]
    read: Callable[[Connection, int], T]
    shown: Callable[[T], tuple[str, Mapping[str, str]]]
    write: Callable[[Request, Form, int | None], WriteNoun]
    delete: Callable[[Transaction, int], None]
    deleting: Callable[[T], Deleting]
    around: Callable[[Connection, Form, T | None], Mapping[str, Any]] = field(
        default=lambda _conn, _form, _one: {}
    )
    typed: Callable[[Request, Form], Form] = field(default=lambda _request, form: form)
    roles: tuple[Role, ...] = (Role.ADMIN,)

    def pages(self) -> dict[str, Any]:
        """Address -> handler of GET."""

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
        """Address -> handler of POST."""

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
