"""The pages where admins edit system messages, the texts that the desk itself sends to
requesters."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import NotFound
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.desk.texts import ChangeText, change_text
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.desk.system_messages import VERSIONS, SystemMessage, words_of
from handoff_service.rules.shared.language import LANGUAGE_NAMES, LANGUAGE_TITLES, Language
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import texts
from handoff_service.store.views import SavedText
from handoff_service.web.admin.editor import list_variables
from handoff_service.web.admin.pages import Form, admin_page, done, typed
from handoff_service.web.admin.previews import TextPreview
from handoff_service.web.admin.record_form import RecordForm, Watch, WriteNoun
from handoff_service.web.shared.rendering import form_field
from handoff_service.web.shared.session import desk_of, page

HERE = "/texts"
MESSAGE_NAMES = {
    SystemMessage.IN_LINE: phrase("In line"),
    SystemMessage.WAITING: phrase("Nobody is free"),
    SystemMessage.CLOSED: phrase("Queue is closed"),
    SystemMessage.BOT_INSTEAD: phrase("Offers the virtual agent"),
    SystemMessage.BACK_WITH_BOT: phrase("Back with the virtual agent"),
    SystemMessage.CLOSING_LINE: phrase("Closing line"),
    SystemMessage.ACCOUNT_HELP: phrase("Account help"),
    SystemMessage.GOODBYE: phrase("Answer to BYE"),
    SystemMessage.HELP: phrase("Answer to HELP"),
    SystemMessage.RESTARTED: phrase("Answer to RESTART"),
    SystemMessage.OPTED_OUT: phrase("Answer to STOP"),
    SystemMessage.OPTED_IN: phrase("Answer to START"),
    SystemMessage.ASK_OPT_OUT: phrase("Asks about opting out"),
    SystemMessage.WRONG_NUMBER: phrase("Wrong number"),
    SystemMessage.CASE_RESOLVED: phrase("Case resolved"),
    SystemMessage.OUTAGE_OVER: phrase("Outage is over"),
    SystemMessage.SATISFACTION: phrase("How did we do?"),
    SystemMessage.LOW_GRADE: phrase("After a low grade"),
}
#: name of a system message in one language -> its title, with the language unless it is English
CALLED: dict[str, str] = {
    name: MESSAGE_NAMES[message]
    if language is Language.ENGLISH
    else phrase(
        "{message}, in {language}",
        message=MESSAGE_NAMES[message],
        language=LANGUAGE_NAMES[language],
    )
    for name, (message, language) in VERSIONS.items()
}


@page(Role.ADMIN)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """List the messages of one language. ``language``: by default English."""
    language = _language(request.args.get("language"))
    found = await desk_of(request).store.read(texts.saved)
    return await admin_page(
        request,
        agent,
        "texts.html",
        here=HERE,
        **list_variables([one for one in found if one.language is language]),
        titles={name: MESSAGE_NAMES[message] for name, (message, _) in VERSIONS.items()},
        languages=LANGUAGE_TITLES,
        language=language,
    )


@page(Role.ADMIN)
async def one_page(request: Request, name: str, agent: CurrentAgent) -> HTTPResponse:
    one = await _one(request, name)
    was = await desk_of(request).store.read(_watch(one).filled)
    return await _form(request, agent, one, Form(values=was.values, was=was))


@page(Role.ADMIN)
async def change(request: Request, name: str, agent: CurrentAgent) -> HTTPResponse:
    """Save the typed text or, with ``reset``, restore the default text."""
    one = await _one(request, name)
    reset = bool(form_field(request, "reset"))

    async def write(form: Form) -> WriteNoun:
        body = None if reset else form.values["body"]
        return change_text, ChangeText(name=one.name, body=body)

    sent = RecordForm(
        request=request, form=typed(request, ["body"]), write=write, watch=_watch(one)
    )
    outcome = await sent.save()
    if outcome.form is None:
        return done(request, f"{HERE}?language={one.language}")
    return await _form(request, agent, one, outcome.form, status=outcome.status)


def _language(code: str | None) -> Language:
    return Language(code) if code in set(Language) else Language.ENGLISH


def _watch(one: SavedText) -> Watch:
    def read(conn: Connection) -> dict[str, str]:
        return {"body": texts.edited(conn).get(one.name, one.default)}

    return Watch(noun=Noun.SYSTEM_MESSAGE, record=one.name, read=read)


async def _one(request: Request, name: str) -> SavedText:
    for one in await desk_of(request).store.read(texts.saved):
        if one.name == name:
            return one
    raise NotFound(phrase("There is no system message “{name}”.", name=name))


async def _form(
    request: Request, agent: CurrentAgent, one: SavedText, form: Form, *, status: int = 200
) -> HTTPResponse:
    parts = words_of(one.name).placeholders
    previews = [
        TextPreview(
            label=phrase("With ordinary names"),
            values={name: part.example for name, part in parts.items()},
        ),
        TextPreview(
            label=phrase("With long names"),
            values={name: part.long for name, part in parts.items()},
        ),
    ]
    return await admin_page(
        request,
        agent,
        "text.html",
        here=HERE,
        status=status,
        title=CALLED[one.name],
        text=one,
        form=form,
        back=f"{HERE}?language={one.language}",
        back_label=phrase("All system messages"),
        saves=f"{HERE}/{one.name}",
        deletes=None,
        history=await desk_of(request).store.read(_watch(one).history),
        previews=previews
        if parts
        else [TextPreview(label=phrase("The requester reads"), values={})],
    )


PAGES: dict[str, Any] = {HERE: list_page, f"{HERE}/<name:str>": one_page}
POST_HANDLERS: dict[str, Any] = {f"{HERE}/<name:str>": change}
