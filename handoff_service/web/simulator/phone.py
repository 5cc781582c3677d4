"""The phone simulator's page: phones in the browser that text the company. Except in the demo, only
admins may use it.

The address contains the phones: ``/phone?from=+12025550101&to=+18885550100``. It repeats both
parameters for several phones.
"""

import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, redirect
from sanic.response import text as plain_text

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
from handoff_service.rules.delivery.senders import is_name
from handoff_service.rules.delivery.sms_text import MAX_BODY, is_e164, is_short_code
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.conversations import media
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.engine.transaction import Hint
from handoff_service.web.shared import sse
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.media import served
from handoff_service.web.shared.opt_out import until_nothing_leaves
from handoff_service.web.shared.page_language import shown
from handoff_service.web.shared.rendering import done_or_redirect, form_field, render
from handoff_service.web.shared.same_site import from_this_site
from handoff_service.web.shared.session import allowed, desk_of, signed_in
from handoff_service.web.shared.uploads import FORM_BYTES, take_body
from handoff_service.web.simulator.reactions import buttons
from handoff_service.web.simulator.shelf import Handset, shelf
from handoff_service.web.simulator.starting import starting

BEHAVIORS = {
    Behavior.USUAL: phrase("Works as usual"),
    Behavior.SLOW: phrase("Slow carrier"),
    Behavior.OFF: phrase("Switched off"),
    Behavior.LANDLINE: phrase("A landline"),
    Behavior.FILTERED: phrase("Carrier filters texts"),
    Behavior.TWICE: phrase("Every text arrives twice"),
    Behavior.RIGHT_TO_LEFT: phrase("Types right to left"),
    Behavior.SIGNS: phrase("Signs its texts"),
}
# sample texts for a phone that types right to left: Arabic, Hebrew, and Hebrew mixed with
# left-to-right words
SAMPLES = {
    "ar": "مرحبا، الطابعة في الطابق 3 لا تعمل منذ الساعة 10:30",
    "he": "שלום, המחשב הנייד שלי לא נדלק מאז אתמול",
    "he-Latn": "ה-VPN לא מתחבר, ראו https://vpn.example.com/help או חייגו 054-123 4567",
}


def blueprint() -> Blueprint:
    """Return the routes under ``/phone``. Anyone who opens the page controls the phones. Therefore
    only the demo serves it without sign-in.
    """
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
        return plain_text(shown(await starting(request)))

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
    facts = await desk.store.read(desk_facts)
    found = await desk.store.read(shelf, numbers, companies)
    _, wrong = _typed(request, await desk.store.read(desk_country))
    return render(
        template,
        desk=facts,
        zone=facts.zone,
        now=desk.clock(),
        shelf=found,
        typed=str(request.args.get("typed") or "").strip(),
        wrong=wrong,
        address=_address,
        query=_address(found.handsets),
        mailbox=desk.settings.has_mailbox,
        behaviors=BEHAVIORS,
        samples=SAMPLES,
        reactions=buttons,
        behaves={one.number: _simulator(request).behavior(one.number) for one in found.handsets},
    )


def _typed(request: Request, country: str) -> tuple[str, str]:
    """Return the number of the phone to add, and the error in the typed text. One of them, or both,
    are empty."""
    typed = str(request.args.get("typed") or "").strip()
    if not typed:
        return "", ""
    if is_name(typed) or is_short_code(typed):
        return typed, ""
    try:
        return phone_numbers.read(typed, country), ""
    except phone_numbers.NotANumber as error:
        return "", phrase(
            "The number {error}. A sender name, such as SUPPORT, has up to 11 characters.",
            error=error,
        )


async def _behave(request: Request) -> HTTPResponse:
    """Set the behavior of a phone, such as a slow carrier."""
    from_this_site(request)
    number, wanted = form_field(request, "from"), form_field(request, "behavior")
    if wanted not in set(Behavior):
        raise BadInput(errors={"behavior": f"must be one of {', '.join(Behavior)}"})
    _simulator(request).behave(number, Behavior(wanted))
    return done_or_redirect(request, f"/phone?{urlencode(parse_qsl(form_field(request, 'query')))}")


def _simulator(request: Request) -> Simulator:
    provider = desk_of(request).provider
    if not isinstance(provider, Simulator):
        raise NotFound(phrase("Phones belong to the simulator."))
    return provider


async def _text(request: Request) -> HTTPResponse:
    from_this_site(request)
    await take_body(request, MOST_BYTES + FORM_BYTES)
    number, company = form_field(request, "from"), form_field(request, "to")
    body = _simulator(request).as_sent(number, form_field(request, "body").strip())
    if not (is_e164(number) or is_name(number) or is_short_code(number)):
        raise BadInput(phrase("This phone has no number. Close it and add a phone."))
    sent = await _pictures(request)
    if not (body or sent) or "\0" in body or len(body) > MAX_BODY:
        raise BadInput(phrase("A text can have 1 to {most} characters.", most=f"{MAX_BODY:,}"))
    sid = f"{'MM' if sent else 'SM'}{secrets.token_hex(16)}"
    text = Text(sid=sid, requester_number=number, provider_number=company, body=body, media=sent)
    received = await desk_of(request).store.write(receive_sms, text, near=number)
    if received.opted_out:
        await until_nothing_leaves(desk_of(request).store, number)
    if _simulator(request).behavior(number) is Behavior.TWICE:
        await desk_of(request).store.write(receive_sms, text, near=number)
    if received.outcome is ReceiveOutcome.UNKNOWN_NUMBER:
        raise NotFound(phrase("The company has no number {company}.", company=company))
    if "hx-request" in request.headers:
        return done_or_redirect(request)
    # the next page shows the same phones
    every = parse_qsl(form_field(request, "query")) or [
        ("from", number),
        ("to", company),
    ]
    return done_or_redirect(request, "/phone?" + urlencode(every))


async def _pictures(request: Request) -> tuple[Attachment, ...]:
    """Store the pictures that the phone sends in the simulator, which acts as the provider."""
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


def _asked(request: Request, name: str) -> list[str]:
    """Return the numbers in the query parameter ``name``. Return each number in ``from`` only once.
    Restore the plus sign, which decoding turns into a space."""
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
    """Return the query string for these phones. Leave out the phone ``put_away``. Let the phone
    ``number`` text the company number ``to`` instead of its current one."""
    handsets_left = [one for one in handsets if one.number != put_away]
    return urlencode(
        [("from", one.number) for one in handsets_left]
        + [("to", to if one.number == number else one.to.number) for one in handsets_left]
    )
