"""The phone simulator's page: phones that text the company, on the same computer. Without the
demo, only admins may use it.

The address holds the phones: ``/phone?from=+12025550101&to=+18885550100``, with both parameters
repeated for several phones.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import sqlalchemy as sa
from sanic import Blueprint, Request
from sanic.response import HTTPResponse, redirect
from sanic.response import text as plain_text
from sqlalchemy import Connection, select

from handoff_service.errors import BadInput, NotFound, NotSignedIn
from handoff_service.gateways.simulator.gateway import Behavior, Simulator
from handoff_service.lib import phone_numbers
from handoff_service.operations.conversations.receive_sms import (
    Attachment,
    ReceiveOutcome,
    Text,
    receive_sms,
)
from handoff_service.rules.conversations.media import MOST_BYTES, MOST_FILES
from handoff_service.rules.conversations.number_forms import one_form
from handoff_service.rules.delivery.senders import is_name, why_unanswerable
from handoff_service.rules.delivery.sms_text import MAX_BODY, is_e164, is_short_code
from handoff_service.rules.shared.vocabulary import Direction, Role, Status
from handoff_service.store.conversations import conversations, media
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.desk.users import select_users, users_on
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.lanes import Hint
from handoff_service.store.views import Message, ProviderNumber, User
from handoff_service.web.shared import page_queries, sse
from handoff_service.web.shared.media import served
from handoff_service.web.shared.opt_out import until_nothing_leaves
from handoff_service.web.shared.rendering import (
    done_or_redirect,
    form_field,
    from_this_site,
    phone,
    render,
)
from handoff_service.web.shared.session import allowed, desk_of, signed_in
from handoff_service.web.shared.uploads import AROUND, take_body
from handoff_service.web.simulator.reactions import buttons
from handoff_service.web.simulator.starting import starting

BEHAVIORS = {
    Behavior.USUAL: "Works as usual",
    Behavior.SLOW: "Slow carrier",
    Behavior.OFF: "Switched off",
    Behavior.LANDLINE: "A landline",
    Behavior.FILTERED: "Carrier filters texts",
    Behavior.TWICE: "Every text arrives twice",
    Behavior.RIGHT_TO_LEFT: "Types right to left",
    Behavior.SIGNS: "Signs its texts",
}
# Sample texts for a phone that types right to left: Arabic, Hebrew, and one that mixes in
# left-to-right words.
SAMPLES = {
    "ar": "مرحبا، الطابعة في الطابق 3 لا تعمل منذ الساعة 10:30",
    "he": "שלום, המחשב הנייד שלי לא נדלק מאז אתמול",
    "he-Latn": "ה-VPN לא מתחבר, ראו https://vpn.example.com/help או חייגו 054-123 4567",
}
m, i, p = t.messages, t.interactions, t.provider_numbers
MOST_PHONES, MOST_TEXTS, MOST_USERS = 6, 200, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Handset:
    """One phone."""

    number: str
    name: str  #: the owner's name
    to: ProviderNumber  #: the company number that it texts
    texts: list[Message]
    unanswerable: str | None  #: why nobody can text this phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Everything that the page shows."""

    handsets: list[Handset]
    users: list[User]
    companies: list[ProviderNumber]


def blueprint() -> Blueprint:
    """Serve ``/phone``. Anyone who reaches it controls the phones, so it needs no sign-in in the
    demo alone."""
    made = Blueprint("phone", url_prefix="/phone")

    @made.on_request
    async def guard(request: Request) -> None:
        if not desk_of(request).settings.demo:
            agent = await signed_in(request)
            if agent is None:
                raise NotSignedIn
            allowed(agent, Role.ADMIN)

    @made.get("/")
    async def phones(request: Request) -> HTTPResponse:
        country = await desk_of(request).store.read(desk_country)
        added, _ = _typed(request, country)
        if added:
            pairs = [("from", n) for n in [*_asked(request, "from"), added]]
            return redirect(
                "/phone?" + urlencode(pairs + [("to", n) for n in _asked(request, "to")])
            )
        return await _page(request, "phone_page.html")

    @made.get("/texts")
    async def texts(request: Request) -> HTTPResponse:
        return await _page(request, "phones.html")

    @made.get("/bot")
    async def bot(request: Request) -> HTTPResponse:
        return plain_text(await starting(request))

    @made.get("/media/<media_id:int>")
    async def picture(request: Request, media_id: int) -> HTTPResponse:
        desk = desk_of(request)
        return await served(desk, await desk.store.read(media.kept, media_id, agent_id=None))

    @made.post("/texts", stream=True)
    async def send(request: Request) -> HTTPResponse:
        return await _text(request)

    @made.post("/behavior")
    async def behave(request: Request) -> HTTPResponse:
        return await _behave(request)

    @made.get("/events")
    async def events(request: Request) -> None:
        async def translate(_hints: Sequence[Hint]) -> list[sse.PageEvent]:
            return [("texts", "")]

        channels = [f"requester:{number}" for number in _asked(request, "from")]
        await sse.serve(request, desk_of(request), channels, translate)

    return made


async def _page(request: Request, template: str) -> HTTPResponse:
    desk = desk_of(request)
    numbers, companies = _asked(request, "from"), _asked(request, "to")
    facts = await desk.store.read(page_queries.desk_facts)
    shelf = await desk.store.read(_shelf, numbers, companies)
    _, wrong = _typed(request, await desk.store.read(desk_country))
    return render(
        template,
        desk=facts,
        zone=facts.zone,
        now=desk.clock(),
        shelf=shelf,
        typed=str(request.args.get("typed") or "").strip(),
        wrong=wrong,
        address=_address,
        query=_address(shelf.handsets),
        mailbox=desk.settings.has_mailbox,
        behaviors=BEHAVIORS,
        samples=SAMPLES,
        reactions=buttons,
        behaves={one.number: _simulator(request).behavior(one.number) for one in shelf.handsets},
    )


def _typed(request: Request, country: str) -> tuple[str, str]:
    """Return (the number of the phone to add, the error in the typed text)."""
    typed = str(request.args.get("typed") or "").strip()
    if not typed:
        return "", ""
    if is_name(typed) or is_short_code(typed):
        return typed, ""
    try:
        return phone_numbers.read(typed, country), ""
    except phone_numbers.NotANumber as error:
        return "", f"The number {error}. A sender name, such as SUPPORT, has at most 11 characters."


async def _behave(request: Request) -> HTTPResponse:
    """Set how a phone behaves from now on."""
    from_this_site(request)
    number, wanted = form_field(request, "from"), form_field(request, "behavior")
    if wanted not in set(Behavior):
        raise BadInput(errors={"behavior": f"must be one of {', '.join(Behavior)}"})
    _simulator(request).behave(number, Behavior(wanted))
    return done_or_redirect(request, f"/phone?{urlencode(parse_qsl(form_field(request, 'query')))}")


def _simulator(request: Request) -> Simulator:
    provider = desk_of(request).provider
    if not isinstance(provider, Simulator):
        raise NotFound("Phones belong to the simulator.")
    return provider


async def _text(request: Request) -> HTTPResponse:
    from_this_site(request)
    await take_body(request, MOST_BYTES + AROUND)
    number, company = form_field(request, "from"), form_field(request, "to")
    body = _simulator(request).as_sent(number, form_field(request, "body").strip())
    if not (is_e164(number) or is_name(number) or is_short_code(number)):
        raise BadInput("This phone has no number to text from.")
    sent = await _pictures(request)
    if not (body or sent) or "\0" in body or len(body) > MAX_BODY:
        raise BadInput(f"A text has from 1 to {MAX_BODY} characters.")
    sid = f"{'MM' if sent else 'SM'}{secrets.token_hex(16)}"
    text = Text(sid=sid, requester_number=number, provider_number=company, body=body, media=sent)
    received = await desk_of(request).store.write(receive_sms, text, near=number)
    if received.opted_out:
        await until_nothing_leaves(desk_of(request).store, number)
    if _simulator(request).behavior(number) is Behavior.TWICE:
        await desk_of(request).store.write(receive_sms, text, near=number)
    if received.outcome is ReceiveOutcome.UNKNOWN_NUMBER:
        raise NotFound(f"The company has no number {company}.")
    if "hx-request" in request.headers:
        return done_or_redirect(request)
    # keep all phones of the page
    every = parse_qsl(form_field(request, "query")) or [
        ("from", number),
        ("to", company),
    ]
    return done_or_redirect(request, "/phone?" + urlencode(every))


async def _pictures(request: Request) -> tuple[Attachment, ...]:
    """Store the pictures that the phone sends, in the simulator, as a provider would."""
    desk, simulator = desk_of(request), _simulator(request)
    files: Any = request.files
    sent = (files.getlist("picture") or []) if files else []
    return tuple(
        [
            Attachment(await simulator.keep(f.body, desk.clock()), f.type)
            for f in sent[:MOST_FILES]
            if f.body
        ]
    )


def _shelf(conn: Connection, numbers: Sequence[str], to: Sequence[str]) -> Shelf:
    companies = list_provider_numbers(conn)
    by_number = {company.number: company for company in companies}
    names = {number: users for number, users in users_on(conn, list(numbers)).items() if users}
    handsets = []
    for place, number in enumerate(numbers[:MOST_PHONES] if companies else ()):
        company = by_number.get(to[place] if place < len(to) else "", companies[0])
        named = " or ".join(user.name for user in names.get(number, ())) or phone(number)
        why = why_unanswerable(number, is_own=number in by_number)
        texts = _texts(conn, number, company.id)
        handsets.append(
            Handset(number=number, name=named, to=company, texts=texts, unanswerable=why)
        )
    return Shelf(
        handsets=handsets,
        users=select_users(conn, sa.true(), limit=MOST_USERS),
        companies=companies,
    )


def _texts(conn: Connection, number: str, provider_number_id: int) -> list[Message]:
    """Return the texts that this phone has sent and received on the line, over all its
    interactions. A failed SMS never arrived."""
    newest = (
        select(m.c.id)
        .join(i, i.c.id == m.c.interaction_id)
        .where(
            i.c.requester_number == number,
            i.c.provider_number_id == provider_number_id,
            sa.or_(
                m.c.direction == Direction.INBOUND, m.c.status.in_([Status.SENT, Status.DELIVERED])
            ),
        )
        .order_by(m.c.id.desc())
        .limit(MOST_TEXTS)
    )
    return conversations.some_messages(conn, [m.c.id.in_(newest)])


def _asked(request: Request, name: str) -> list[str]:
    """Return the numbers in the address, without repetitions for ``from``. A plus that was decoded
    as a space is restored."""
    given = [value for value in request.args.getlist(name) or [] if value.strip()]
    read = [f"+{value.strip().lstrip('+')}" for value in given]
    if name == "to":
        return [number for number in read if is_e164(number)]
    phones = [
        v.strip() if is_name(v.strip()) or is_short_code(v) else n
        for v, n in zip(given, read, strict=True)
    ]
    numbers = [one_form(n) for n in phones if is_e164(n) or is_name(n) or is_short_code(n)]
    return list(dict.fromkeys(numbers))


def _address(
    handsets: Sequence[Handset], *, put_away: str = "", number: str = "", to: str = ""
) -> str:
    """Return the query string for these phones, leaving out ``put_away``, or with ``number``
    texting ``to`` instead."""
    handsets_left = [one for one in handsets if one.number != put_away]
    return urlencode(
        [("from", one.number) for one in handsets_left]
        + [("to", to if one.number == number else one.to.number) for one in handsets_left]
    )
