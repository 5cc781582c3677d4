"""The page for personal data: lists, exports and erases the data that is stored about a person."""

from dataclasses import replace
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import BadInput, NotFound, Refusal
from handoff_service.lib import phone_numbers
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.privacy.request_erasure import (
    RequestedPerson,
    RequestErasure,
    preview,
    request_erasure,
)
from handoff_service.rules.privacy.erasures import ERASURE_STATES, LEFT
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.stored_sentences import recognized
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.engine.store import Store
from handoff_service.store.privacy import erasures, people
from handoff_service.store.privacy.counts import TITLES
from handoff_service.web.admin.pages import PAGE, Form, admin_page, after, done, typed
from handoff_service.web.shared.person_archive import send_archive
from handoff_service.web.shared.session import desk_of, page

HERE = "/personal-data"
FIELD = "person"
CONFIRM = phrase("Switch this on to confirm. An erasure cannot be undone.")


@page(Role.ADMIN)
async def personal_data(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _page(request, agent, Form(values={FIELD: "", "sure": ""}))


@page(Role.ADMIN)
async def list_person(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """List the data that is stored about a person. The form is sent with POST, to keep the phone
    number out of the address."""
    return await _listed(request, agent, typed(request, (FIELD, "sure")))


@page(Role.ADMIN)
async def hand_out(request: Request, agent: CurrentAgent) -> HTTPResponse | None:
    form = typed(request, (FIELD, "sure"))
    try:
        whom = await _whom(desk_of(request).store, form.values[FIELD])
        await send_archive(request, whom, agent.id)
    except Refusal as refusal:
        return await _refused(request, agent, form, refusal)
    return None


@page(Role.ADMIN)
async def erase(request: Request, agent: CurrentAgent) -> HTTPResponse:
    form = typed(request, (FIELD, "sure"))
    if not form.values["sure"]:
        form = replace(form, errors={"sure": CONFIRM})
        return await _listed(request, agent, form, status=400)
    store = desk_of(request).store
    try:
        whom = await _whom(store, form.values[FIELD])
        found = await store.for_long_requests().read(preview, whom)
        command = RequestErasure(whom=whom, agent_id=agent.id, planned=found.counts)
        await store.write(request_erasure, command)
    except Refusal as refusal:
        return await _refused(request, agent, form, refusal)
    return done(request, HERE, "erasing")


@page(Role.ADMIN)
async def receipt(request: Request, agent: CurrentAgent, number: int) -> HTTPResponse:
    found = await desk_of(request).store.read(erasures.get, number)
    found = replace(found, left=[recognized(one, LEFT) for one in found.left])
    return await admin_page(request, agent, "erasure.html", here=HERE, one=found, titles=TITLES)


async def _whom(store: Store, person: str) -> RequestedPerson:
    """Find the person by an employee number, an e-mail address, “user 12” or a phone number. Raises
    BadInput for any other text.
    """
    try:
        return RequestedPerson(user_id=await store.read(people.find_user, person))
    except NotFound:
        pass
    try:
        return RequestedPerson(number=phone_numbers.read(person, await store.read(desk_country)))
    except phone_numbers.NotANumber as error:
        why = phrase(
            "is no employee number or e-mail address of a user, and {problem}", problem=str(error)
        )
        why = why if person else phrase("must be given")
        raise BadInput(errors={FIELD: why}) from error


async def _listed(
    request: Request, agent: CurrentAgent, form: Form, *, status: int = 200
) -> HTTPResponse:
    store = desk_of(request).store
    try:
        whom = await _whom(store, form.values[FIELD])
        found = await store.for_long_requests().read(preview, whom)
    except Refusal as refusal:
        return await _refused(request, agent, form, refusal)
    return await _page(request, agent, form, status=status, found=found)


async def _refused(
    request: Request, agent: CurrentAgent, form: Form, refusal: Refusal
) -> HTTPResponse:
    if isinstance(refusal, NotFound):
        form = replace(form, errors={FIELD: refusal.detail})
    else:
        form = form.with_refusal(refusal)
    return await _page(request, agent, form, status=refusal.status)


async def _page(
    request: Request, agent: CurrentAgent, form: Form, *, status: int = 200, found: Any = None
) -> HTTPResponse:
    before = after(request) or None
    read = desk_of(request).store.read
    listed = await read(lambda conn: erasures.list_(conn, before=before, limit=PAGE + 1))
    return await admin_page(
        request,
        agent,
        "personal_data.html",
        here=HERE,
        status=status,
        form=form,
        found=found,
        titles=TITLES,
        erasures=listed[:PAGE],
        states=ERASURE_STATES,
        more=listed[PAGE - 1].id if len(listed) > PAGE else None,
    )


PAGES: dict[str, Any] = {HERE: personal_data, f"{HERE}/<number:int>": receipt}
POST_HANDLERS: dict[str, Any] = {
    f"{HERE}/list": list_person,
    f"{HERE}/hand-out": hand_out,
    f"{HERE}/erase": erase,
}
