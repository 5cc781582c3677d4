"""The page Teach. It shows the waiting texts on the left, one card in the middle, and the change to
the training data on the right."""

from dataclasses import dataclass
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.bot_control import labeling
from handoff_service.bot_control.file_change import FileChange
from handoff_service.errors import NotFound
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.training.label_items import LabelItem
from handoff_service.operations.training.pin_texts import remove_pin
from handoff_service.operations.training.settle_dispute import SettleDispute
from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.rules.shared.vocabulary import ItemState, LabelVerdict, Role, TrainerLane
from handoff_service.store.training import items, labels
from handoff_service.store.training.items import LabelQueue
from handoff_service.store.training.labels import Agreement, AuditShare
from handoff_service.store.views import PinnedText, TrainerItem, TrainerLabel
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.request_bytes import id_field
from handoff_service.web.shared.session import LIVE, csrf_token, desk_of, page
from handoff_service.web.trainer.card import card_of, choices, preview
from handoff_service.web.trainer.tabs import TABS

OUT_OF_SCOPE = "out_of_scope"
BASE = "/workspace/trainer"


@dataclass(frozen=True, slots=True, kw_only=True)
class RightColumn:
    """The data of the right column."""

    last: list[tuple[TrainerLabel, str]]  #: the trainer's last labels, and their texts
    agreement: Agreement  #: how often two trainers gave a text the same label
    audit: AuditShare
    pinned: list[PinnedText]


@page(Role.TRAINER)
async def teach_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    desk = desk_of(request)
    await labeling.finish_unwritten(desk.store, desk.bot_data, desk.clock())
    shell = await shell_context(request, agent, place="trainer")
    return render("trainer/teach.html", **shell | await _teach(request, agent))


@page(Role.TRAINER)
async def teach_card(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the part of the page that changes when the trainer labels a text, undoes a label or
    opens another text."""
    return await _part(request, agent)


@page(Role.TRAINER)
async def teach_queue(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the list of waiting texts. If no card is open, return the whole changing part of the
    page."""
    item = request.args.get("item") or ""
    if not item:
        return await _part(request, agent)
    desk, lane = desk_of(request), _lane(request.args.get("lane") or "")
    queue = await desk.store.read(items.queue, agent.id, desk.clock(), lane)
    return render("trainer/queue.html", queue=queue, lane=lane, on_card=id_field(item, "item"))


@page(Role.TRAINER)
async def teach_diff(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the change that a label would make. ``item``: the id of the text. ``intent`` or
    ``other``: the preselected or the typed intent. ``example``: the text with its entities."""
    desk = desk_of(request)
    item = await desk.store.read(items.get_item, id_field(request.args.get("item") or "", "item"))
    intent = _chosen(request.args.get("other") or "", request.args.get("intent") or "")
    example = request.args.get("example") or ""
    variables = await run_slow(preview, desk.bot_data, item, intent, example)
    return render("trainer/diff.html", **variables)


@page(Role.TRAINER)
async def put_label(request: Request, agent: CurrentAgent) -> HTTPResponse:
    desk = desk_of(request)
    quick = form_field(request, "as")  # the pressed button; empty for "Save and next"
    verdict = LabelVerdict(quick) if quick in list(LabelVerdict) else LabelVerdict.INTENT
    out = OUT_OF_SCOPE if quick == OUT_OF_SCOPE else ""
    intent = _chosen(out or form_field(request, "other"), form_field(request, "intent"))
    taught = verdict is LabelVerdict.INTENT
    command = LabelItem(
        item_id=id_field(form_field(request, "item"), "item"),
        agent_id=agent.id,
        verdict=verdict,
        intent=intent if taught else None,
        example=form_field(request, "example") if taught else None,
        whole_cluster=form_field(request, "cluster") == "1",
        pinned=form_field(request, "pin") == "1",
    )
    made, change = await labeling.label(desk.store, desk.bot_data, command)
    notice = _label_notice(command, len(made.examples), change, second=made.second)
    return await _after(request, agent, notice)


@page(Role.TRAINER)
async def undo_label(request: Request, agent: CurrentAgent) -> HTTPResponse:
    desk = desk_of(request)
    batch = form_field(request, "batch")
    item, errors = await labeling.undo_label(
        desk.store, desk.bot_data, agent.id, id_field(batch, "batch") if batch else None
    )
    notice = joined(" ", [phrase("Undone."), *errors])
    return await _after(request, agent, notice, item)


@page(Role.TRAINER)
async def unpin(request: Request, pinned_id: int, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(remove_pin, pinned_id)
    return await _after(request, agent, phrase("This text is no longer required."))


@page(Role.TRAINER)
async def settle_labels(request: Request, item_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Decide between two different labels of one text. ``keeps``: first or second."""
    desk = desk_of(request)
    command = SettleDispute(
        item_id=item_id, agent_id=agent.id, for_second=form_field(request, "keeps") == "second"
    )
    settled = await labeling.settle(desk.store, desk.bot_data, command)
    return await _after(request, agent, phrase("Settled as {meant}.", meant=settled.meant))


async def _after(
    request: Request, agent: CurrentAgent, notice: str, item: int | None = None
) -> HTTPResponse:
    """Answer an action with the changing part of the page if a script requests it, else with the
    whole page."""
    if "hx-request" in request.headers:
        return await _part(request, agent, notice=notice, item=item)
    shell = await shell_context(request, agent, place="trainer")
    return render(
        "trainer/teach.html", **shell | await _teach(request, agent, notice=notice, item=item)
    )


async def _part(
    request: Request, agent: CurrentAgent, notice: str = "", item: int | None = None
) -> HTTPResponse:
    shell: dict[str, Any] = {"csrf": csrf_token(request), "me": agent}
    return render(
        "trainer/teach_part.html", **shell | await _teach(request, agent, notice=notice, item=item)
    )


async def _teach(
    request: Request, agent: CurrentAgent, *, notice: str = "", item: int | None = None
) -> dict[str, Any]:
    desk = desk_of(request)
    asked = request.args.get("item") or ""
    wanted = item if item is not None else int(asked) if asked.isdecimal() else None
    lane = _lane(request.args.get("lane") or form_field(request, "lane"))

    def read(conn: Connection) -> tuple[LabelQueue, TrainerItem | None, RightColumn]:
        queue = items.queue(conn, agent.id, desk.clock(), lane)
        beside = RightColumn(
            last=labels.last_labels(conn, agent.id),
            agreement=labels.agreed(conn),
            audit=labels.audit_share(conn),
            pinned=labels.pinned_texts(conn),
        )
        return queue, _opened(conn, queue, wanted), beside

    queue, opened, beside = await desk.store.read(read)
    card = await run_slow(card_of, desk.bot_data, opened) if opened else None
    shown = (
        await run_slow(preview, desk.bot_data, opened, card.chosen, card.example)
        if card and opened
        else {"change": None, "error": "", "teaches": True, "intent": "", "test": False}
    )
    known = await run_slow(choices, desk.bot_data)
    return {
        "tabs": TABS,
        "here": "",
        "queue": queue,
        "lane": lane,
        "on_card": opened.id if opened else 0,
        "card": card,
        "beside": beside,
        "known": known,
        "entities": await run_slow(desk.bot_data.entities),
        "notice": notice,
        "may_open": bool(agent.roles & {*LIVE, Role.ADMIN}),
        **shown,
    }


def _opened(conn: Connection, queue: LabelQueue, wanted: int | None) -> TrainerItem | None:
    if wanted is not None:
        in_queue = next((one for one in queue.items if one.id == wanted), None)
        if in_queue is not None:
            return in_queue
        try:
            found = items.get_item(conn, wanted)
        except NotFound:
            found = None
        if found is not None and found.state != ItemState.LABELED:
            return found
    return queue.items[0] if queue.items else None


def _chosen(other: str, intent: str) -> str:
    """Return the typed intent (``other``) or, without one, the preselected intent."""
    return other.strip() or intent


def _lane(text: str) -> TrainerLane | None:
    return TrainerLane(text) if text in list(TrainerLane) else None


def _label_notice(command: LabelItem, count: int, change: FileChange, *, second: bool) -> str:
    if command.verdict is LabelVerdict.UNSURE:
        return phrase("Left to a colleague.")
    if command.verdict is LabelVerdict.NOT_FOR_BOT:
        return phrase("Set aside. Nothing is written.")
    if second:
        return phrase("Second label kept. Nothing is written.")
    if not change.diff:
        return phrase("Labeled as {intent}. The example already exists.", intent=command.intent)
    return phrase(
        "Labeled as {intent}: {count} written to {file}.",
        intent=command.intent,
        count=count,
        file=change.file,
    )


PAGES: dict[str, Any] = {
    "/trainer": teach_page,
    "/trainer/card": teach_card,
    "/trainer/queue": teach_queue,
    "/trainer/diff": teach_diff,
}
POST_HANDLERS: dict[str, Any] = {
    "/trainer/label": put_label,
    "/trainer/undo": undo_label,
    "/trainer/disputes/<item_id:int>": settle_labels,
    "/trainer/pinned/<pinned_id:int>/remove": unpin,
}
