"""The admin pages that create, change and delete an object. ``Editor`` describes one kind of
object. Each kind has its own list page."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse, redirect
from sqlalchemy import Connection

from handoff_service.errors import Conflict
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.audit import audit, viewed
from handoff_service.rules.desk.blockers import Blocker
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.web.admin.deleting import Deleting, ask, question
from handoff_service.web.admin.merging import Filled
from handoff_service.web.admin.pages import UNDER, Form, admin_page, done, typed
from handoff_service.web.admin.record_form import RecordForm, Watch, WriteNoun
from handoff_service.web.shared.rendering import form_field
from handoff_service.web.shared.session import desk_of, page


def list_variables(
    rows: Sequence[Any], *, new: str | None = None, q: str | None = None
) -> dict[str, Any]:
    """Return the variables of ``list.html`` for a list without paging. ``new``: the path of the
    form for a new object. ``q``: the search; None if the list has no search."""
    return {"rows": rows, "new": new, "q": q, "first": True, "next": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving[T]:
    """The arguments of ``Editor.write``: a form that ``agent`` saves."""

    request: Request
    agent: CurrentAgent
    form: Form
    #: the id of the stored object; None for a new object
    id: int | None = None
    #: the stored object; None for a new object
    stored: T | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor[T]:
    """The pages of one kind of object."""

    #: the kind of object, for its change history
    noun: Noun
    #: the path of the list page, which the menu links to
    list_url: str
    #: the prefix of the paths of the forms
    url_prefix: str
    template: str
    back_label: str
    #: the heading and the values of the form for a new object
    new: tuple[str, Mapping[str, str]]
    #: reads an object by its id; raises NotFound
    read: Callable[[Connection, int], T]
    #: the heading and the values of an object's form
    shown: Callable[[T], tuple[str, Mapping[str, str]]]
    #: returns the operation and the command that save a form
    write: Callable[[Saving[T]], Awaitable[WriteNoun]]
    #: returns the operation and the command that delete an object; the operation returns False if
    #: it only deactivates the object
    delete: Callable[[CurrentAgent, int], WriteNoun]
    #: returns the texts of the confirmation, or None if admins cannot delete this object
    deleting: Callable[[T], Deleting | None]
    #: returns whether other records refer to the object; deleting then only deactivates it
    has_history: Callable[[Connection, int], bool] = field(default=lambda _conn, _number: False)
    #: returns the texts of the confirmation for an object that is only deactivated
    deactivating: Callable[[T], Deleting] | None = None
    #: returns the records that prevent deleting the object
    blockers: Callable[[Connection, int], Sequence[Blocker]] = field(
        default=lambda _conn, _number: ()
    )
    #: valid values that stand in for wrong ones, to find all errors of a new form at once (see
    #: ``record_form.RecordForm``)
    valid: Mapping[str, str] = field(default_factory=dict)
    #: returns the message after saving as a key of pages.DONE, or None for the usual message
    message: Callable[[Connection, int], str | None] = field(default=lambda _conn, _number: None)
    #: returns further variables for the template
    extra_context: Callable[[Connection, Form, T | None], Mapping[str, Any]] = field(
        default=lambda _conn, _form, _one: {}
    )
    #: completes the form that was read from a request
    typed: Callable[[Request, Form], Form] = field(default=lambda _request, form: form)
    #: the names of the buttons that change the form without saving it
    form_buttons: Sequence[str] = ()
    roles: tuple[Role, ...] = (Role.ADMIN,)
    #: whether the audit log records who opened an object
    audits_views: bool = False
    #: whether saving leads back to the object's form instead of the list
    returns_to_form: bool = False

    def pages(self) -> dict[str, Any]:
        """Return the GET handlers by path."""

        @page(*self.roles)
        async def new_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
            title, values = self.new
            was = Filled(version=0, values=values)
            # the query parameters of a link may fill in fields
            given = {name: request.args.get(name) for name in values}
            filled = {name: given[name] or value for name, value in values.items()}
            return await self._form(request, agent, title, Form(values=filled, was=was))

        @page(*self.roles)
        async def one_page(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
            if self.audits_views:
                one = await desk_of(request).store.read(self.read, number)
                seen = viewed(self.noun, number, self.shown(one)[0])
                await desk_of(request).store.write(audit, seen)
            return await self.show(request, agent, number)

        @page(*self.roles)
        async def delete_page(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
            return await self._ask(request, agent, number)

        one = f"{self.url_prefix}/<number:int>"
        return {f"{self.url_prefix}/new": new_page, one: one_page, f"{one}/delete": delete_page}

    def post_handlers(self) -> dict[str, Any]:
        """Return the POST handlers by path."""

        @page(*self.roles)
        async def make(request: Request, agent: CurrentAgent) -> HTTPResponse:
            saving: Saving[T] = Saving(request=request, agent=agent, form=self._typed(request))
            return await self._save(saving, self.new[0])

        @page(*self.roles)
        async def change(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
            one = await desk_of(request).store.read(self.read, number)
            saving = Saving(
                request=request, agent=agent, form=self._typed(request), id=number, stored=one
            )
            return await self._save(saving, self.shown(one)[0])

        @page(*self.roles)
        async def delete(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
            try:
                deleted = await desk_of(request).store.write(*self.delete(agent, number))
            # somebody has just added a record that prevents the deletion
            except Conflict as conflict:
                return await self._ask(request, agent, number, conflict)
            return done(request, self.list_url, "deactivated" if deleted is False else "deleted")

        one = f"{self.url_prefix}/<number:int>"
        return {f"{self.url_prefix}/new": make, one: change, f"{one}/delete": delete}

    async def show(
        self,
        request: Request,
        agent: CurrentAgent,
        number: int,
        *,
        status: int = 200,
        **more: Any,
    ) -> HTTPResponse:
        """Render the form of a stored object. ``more``: further variables for the template."""
        read = desk_of(request).store.read
        one = await read(self.read, number)
        was = await read(self._watch(number).filled)
        form, title = Form(values=was.values, was=was), self.shown(one)[0]
        stored = (number, one)
        return await self._form(request, agent, title, form, stored, status=status, **more)

    async def _save(self, saving: Saving[T], title: str) -> HTTPResponse:
        stored = None if saving.id is None or saving.stored is None else (saving.id, saving.stored)
        if any(form_field(saving.request, name) for name in self.form_buttons):
            again = replace(saving.form, was=Filled.sent(saving.request))
            return await self._form(saving.request, saving.agent, title, again, stored)
        sent = RecordForm(
            request=saving.request,
            form=saving.form,
            write=lambda form: self.write(replace(saving, form=form)),
            watch=None if stored is None else self._watch(stored[0]),
            valid={**self.new[1], **self.valid},
        )
        outcome = await sent.save()
        if outcome.form is not None:
            return await self._form(
                saving.request, saving.agent, title, outcome.form, stored, status=outcome.status
            )
        number = saving.id if saving.id is not None else outcome.answer
        where = f"{self.url_prefix}/{number}" if self.returns_to_form else self.list_url
        usual = "made" if saving.id is None else "saved"
        read = desk_of(saving.request).store.read
        message = None if number is None else await read(self.message, number)
        return done(saving.request, where, message or usual)

    def _watch(self, number: int) -> Watch:
        return Watch(
            noun=self.noun,
            record=number,
            read=lambda conn: self.shown(self.read(conn, number))[1],
        )

    async def _ask(
        self, request: Request, agent: CurrentAgent, number: int, conflict: Conflict | None = None
    ) -> HTTPResponse:
        """Render the confirmation. ``conflict``: why the deletion was just refused."""
        read = desk_of(request).store.read
        one = await read(self.read, number)
        deleting = self.deleting(one)
        back = f"{self.url_prefix}/{number}"
        if deleting is None:
            return redirect(f"{UNDER}{back}")
        if self.deactivating is not None and await read(self.has_history, number):
            deleting = self.deactivating(one)
        blockers = list(await read(self.blockers, number))
        if conflict is not None and not blockers:
            blockers = [Blocker(sentence=conflict.detail)]
        deletes = question(deleting, f"{back}/delete", blockers)
        status = conflict.status if conflict is not None else 200
        return await ask(request, agent, deletes, here=self.list_url, back=back, status=status)

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
        **more: Any,
    ) -> HTTPResponse:
        number, one = stored or (None, None)
        read = desk_of(request).store.read
        more = dict(await read(self.extra_context, form, one)) | more
        deleting = None if one is None else self.deleting(one)
        given = {
            "title": title,
            "form": form,
            "back": self.list_url,
            "back_label": self.back_label,
            "saves": f"{self.url_prefix}/{'new' if number is None else number}",
            "deletes": deleting and question(deleting, f"{self.url_prefix}/{number}/delete"),
            "history": [] if number is None else await read(self._watch(number).history),
        }
        return await admin_page(
            request, agent, self.template, here=self.list_url, status=status, **given | dict(more)
        )
