"""Page rendering: the template environment, answers to forms, and form fields."""

import functools
import secrets
from datetime import UTC
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sanic import Request
from sanic.response import HTTPResponse, empty, html, redirect

from handoff_service.rules.delivery.sms_characters import (
    INVISIBLE,
    MEANINGLESS,
    STYLED,
    WRITTEN_ALIKE,
    is_visible,
)
from handoff_service.rules.delivery.sms_text import GSM_7, GSM_7_EXTENSION, LONGEST, MAX_BODY
from handoff_service.rules.shared import durations
from handoff_service.web.shared import (
    assets,
    directions,
    figure_words,
    links,
    local_formats,
    page_language,
)
from handoff_service.web.shared.template_filters import (
    ahead,
    clock,
    country,
    dated,
    day_name,
    first_name,
    initials,
    lately,
    masks,
    midnight,
    minutes,
    moment,
    phone,
    reserved,
    there,
    time_in_words,
    unbroken,
    waited,
    weekday,
    words,
)
from handoff_service.web.shared.vocabulary_filters import FILTERS

TEMPLATES = Path(__file__).parents[1] / "templates"
# for segments.js, which counts segments in the browser
ALPHABETS = {
    "gsm7": GSM_7,
    "extension": GSM_7_EXTENSION,
    "most": LONGEST,
    "part": MAX_BODY,
    "lookalikes": dict(WRITTEN_ALIKE),
    "styled": STYLED,
    "invisible": dict(INVISIBLE),
    "meaningless": MEANINGLESS,
}


def render(template: str, *, status: int = 200, **given: object) -> HTTPResponse:
    """Render a page or a fragment. Templates that show times need the variables ``zone`` and
    ``now``."""
    return html(environment().get_template(template).render(**given), status=status)


def done_or_redirect(request: Request, to: str | None = None) -> HTTPResponse:
    """Answer a successful action. A request from a script gets an empty answer, because the event
    stream reports the change; with ``to``, the script opens that page. Any other request is
    redirected to ``to``, or to the workspace."""
    if "hx-request" in request.headers:
        return empty(headers={"HX-Redirect": to} if to else None)
    return redirect(to or "/workspace", status=303)


def back_to_conversation(request: Request, interaction_id: int) -> HTTPResponse:
    """Answer a successful action on a conversation. A request from a script gets an empty answer.
    Any other request is redirected to the conversation."""
    if "hx-request" in request.headers:
        return done_or_redirect(request)
    return done_or_redirect(request, f"/workspace/conversations/{interaction_id}")


def wants_page(request: Request) -> bool:
    """Return whether the browser will show the answer as a page. False for scripts and event
    streams."""
    return "hx-request" not in request.headers and "text/html" in request.headers.get("accept", "")


def form_field(request: Request, name: str) -> str:
    """Return a field of the form, or an empty string. Browsers send line ends as CR LF, which
    become LF."""
    fields: Any = request.form
    value = fields.get(name) if fields else None
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


@functools.cache
def environment() -> Environment:
    """Return the template environment. It escapes every printed value."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page_language.install(made)
    made.globals.update(static=assets.address, sms=ALPHABETS, new_id=lambda: secrets.token_hex(12))
    made.filters.update(
        phone=phone,
        country=country,
        initials=initials,
        first_name=first_name,
        words=words,
        size=local_formats.file_size,
        address=lambda of: urlencode(of, doseq=True),
        clock=clock,
        moment=moment,
        lately=lately,
        ahead=ahead,
        dated=dated,
        time_in_words=time_in_words,
        there=there,
        iso=lambda at: at.astimezone(UTC).isoformat(timespec="milliseconds"),
        day_name=day_name,
        midnight=midnight,
        weekday=weekday,
        day=local_formats.write_date,
        decimal=local_formats.decimal,
        percent=local_formats.percent,
        share=local_formats.share,
        minutes=minutes,
        waited=waited,
        duration=lambda written: durations.describe(durations.parse(written)),
        reserved=reserved,
        money=local_formats.costs,
        figure=figure_words.figure_value,
        interval=figure_words.interval_words,
        changed=figure_words.change,
        bdi=directions.bdi,
        isolated=directions.isolated,
        sentence=directions.sentence,
        linked=links.linked,
        masks=masks,
        visible=is_visible,
        unbroken=unbroken,
        **FILTERS,
    )
    return made
