"""The page Teach: the waiting texts on the left, one card in the middle, and the change to the file
on the right."""

from dataclasses import dataclass
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.bot_control import labeling
from handoff_service.bot_control.bot_data import NOT_TAUGHT, BotData, Intent
from handoff_service.bot_control.file_change import FileChange
from handoff_service.bot_control.similar_examples import Near
from handoff_service.errors import NotFound, Refusal
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.training.label_items import LabelItem, remove_pin
from handoff_service.operations.training.settle_dispute import SettleDispute
from handoff_service.rules.shared.vocabulary import ItemState, LabelVerdict, Role, TrainerLane
from handoff_service.rules.training import clusters
from handoff_service.rules.training.examples import example_of
from handoff_service.rules.training.masking import without_masks
from handoff_service.store.training import items, labels
from handoff_service.store.training.items import LabelQueue
from handoff_service.store.training.labels import Agreement, AuditShare
from handoff_service.store.views import PinnedText, Suggestion, TrainerItem, TrainerLabel
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.request_bytes import id_field
from handoff_service.web.shared.session import LIVE, csrf_token, desk_of, page
from handoff_service.web.trainer.tabs import TABS

SUGGESTED = 5
OUT_OF_SCOPE = "out_of_scope"
NOTHING_NEW = 0.9  # from this confidence and similarity on, an example teaches nothing
BASE = "/workspace/trainer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One text with the facts that help to label it. ``chosen``: the preselected intent."""

    item: TrainerItem
    example: str
    suggestions: list[Suggestion]
    near: list[Near]
    chosen: str
    blind: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The right column: the trainer's last labels, the agreement, the audit and the pinned
    texts."""

    last: list[tuple[TrainerLabel, str]]
    agreement: Agreement
    audit: AuditShare
    pinned: list[PinnedText]


@page(Role.TRAINER)
async def teach_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    desk = desk_of(request)
    await labeling.finish_unwritten(desk.store, desk.bot_data, desk.clock())
    around = await shell_context(request, agent, place="trainer")
    return render("trainer/teach.html", **around | await _teach(request, agent))


@page(Role.TRAINER)
async def teach_card(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """The part of the page that changes after a label, an undo or the choice of another text."""
    return await _part(request, agent)


@page(Role.TRAINER)
async def teach_queue(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """The waiting texts. If no card is open, the whole changing part of the page."""
    item = request.args.get("item") or ""
    if not item:
        return await _part(request, agent)
    desk, lane = desk_of(request), _lane(request.args.get("lane") or "")
    queue = await desk.store.read(items.queue, agent.id, desk.clock(), lane)
    return render("trainer/queue.html", queue=queue, lane=lane, on_card=id_field(item, "item"))


@page(Role.TRAINER)
async def teach_diff(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """The change that a label would write. Takes ``item``, ``intent`` or ``other``, and
    ``example``."""
    desk = desk_of(request)
    item = await desk.store.read(items.get_item, id_field(request.args.get("item") or "", "item"))
    intent = _chosen(request.args.get("other") or "", request.args.get("intent") or "")
    example = request.args.get("example") or ""
    said = await run_slow(_preview, desk.bot_data, item, intent, example)
    return render("trainer/diff.html", **said)


@page(Role.TRAINER)
async def put_label(request: Request, agent: CurrentAgent) -> HTTPResponse:
    desk = desk_of(request)
    quick = form_field(request, "as")  # the button, where it is not "Save and next"
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
    said = _said(command, len(made.examples), change, second=made.second)
    return await _after(request, agent, said)


@page(Role.TRAINER)
async def undo_label(request: Request, agent: CurrentAgent) -> HTTPResponse:
    desk = desk_of(request)
    batch = form_field(request, "batch")
    item, errors = await labeling.undo_label(
        desk.store, desk.bot_data, agent.id, id_field(batch, "batch") if batch else None
    )
    said = "Undone." if not errors else f"Undone. {' '.join(errors)}"
    return await _after(request, agent, said, item)


@page(Role.TRAINER)
async def unpin(request: Request, pinned_id: int, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(remove_pin, pinned_id)
    return await _after(request, agent, "This text is no longer required.")


@page(Role.TRAINER)
async def settle_labels(request: Request, item_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Settle two different labels of one text. ``keeps``: first or second."""
    desk = desk_of(request)
    command = SettleDispute(
        item_id=item_id, agent_id=agent.id, for_second=form_field(request, "keeps") == "second"
    )
    settled = await labeling.settle(desk.store, desk.bot_data, command)
    return await _after(request, agent, f"Settled as {settled.meant}.")


async def _after(
    request: Request, agent: CurrentAgent, said: str, item: int | None = None
) -> HTTPResponse:
    """The changing part of the page for a request by the script, the whole page for a plain
    form."""
    if "hx-request" in request.headers:
        return await _part(request, agent, said=said, item=item)
    around = await shell_context(request, agent, place="trainer")
    return render(
        "trainer/teach.html", **around | await _teach(request, agent, said=said, item=item)
    )


async def _part(
    request: Request, agent: CurrentAgent, said: str = "", item: int | None = None
) -> HTTPResponse:
    around: dict[str, Any] = {"csrf": csrf_token(request), "me": agent}
    return render(
        "trainer/teach_part.html", **around | await _teach(request, agent, said=said, item=item)
    )


async def _teach(
    request: Request, agent: CurrentAgent, *, said: str = "", item: int | None = None
) -> dict[str, Any]:
    desk = desk_of(request)
    asked = request.args.get("item") or ""
    wanted = item if item is not None else int(asked) if asked.isdecimal() else None
    lane = _lane(request.args.get("lane") or form_field(request, "lane"))

    def read(conn: Connection) -> tuple[LabelQueue, TrainerItem | None, Beside]:
        queue = items.queue(conn, agent.id, desk.clock(), lane)
        beside = Beside(
            last=labels.last_labels(conn, agent.id),
            agreement=labels.agreed(conn),
            audit=labels.audit_share(conn),
            pinned=labels.pinned_texts(conn),
        )
        return queue, _opened(conn, queue, wanted), beside

    queue, opened, beside = await desk.store.read(read)
    card = await run_slow(_card, desk.bot_data, opened) if opened else None
    shown = (
        await run_slow(_preview, desk.bot_data, opened, card.chosen, card.example)
        if card and opened
        else {"change": None, "error": "", "teaches": True, "intent": "", "test": False}
    )
    known = await run_slow(_choices, desk.bot_data)
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
        "said": said,
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


def _card(data: BotData, item: TrainerItem) -> Card:
    blind = item.lane is TrainerLane.AUDIT or item.state is ItemState.SECOND
    known = data.intents()
    ranked = [one for one in item.ranking if one.intent in known]
    if item.suggestion in known and item.suggestion not in {one.intent for one in ranked}:
        ranked = [Suggestion(intent=item.suggestion, confidence=0.0), *ranked]
    example = example_of(without_masks(item.text))
    near = [] if blind else data.nearest(example)
    for one in near:  # the intents of the nearest examples fill up a short ranking
        if len(ranked) < SUGGESTED and one.intent not in {s.intent for s in ranked}:
            ranked.append(Suggestion(intent=one.intent, confidence=0.0))
    chosen = item.suggestion or (ranked[0].intent if ranked else "")
    return Card(
        item=item,
        example=example,
        suggestions=ranked[:SUGGESTED],
        near=near,
        chosen="" if blind else chosen,
        blind=blind,
    )


def _preview(data: BotData, item: TrainerItem, intent: str, example: str) -> dict[str, Any]:
    """The template's variables about the change that this choice would write."""
    shown: dict[str, Any] = {"intent": intent, "error": "", "teaches": True, "test": False}
    if not intent:
        return shown | {"change": None}
    if item.lane is TrainerLane.AUDIT or item.state is ItemState.SECOND:
        return shown | {"change": None, "test": True}
    try:
        change: FileChange | None = data.preview_add(intent, example)
    except Refusal as refusal:
        return shown | {"change": None, "error": refusal.detail}
    return shown | {"change": change, "teaches": not _teaches_nothing(data, item, intent, example)}


def _teaches_nothing(data: BotData, item: TrainerItem, intent: str, example: str) -> bool:
    """Whether the intent already has this example, or a nearly equal one for a text that the
    virtual agent is sure about."""
    said = clusters.plain(example)
    near = data.nearest(example, 1)
    if near and near[0].intent == intent and clusters.plain(near[0].text) == said:
        return True
    surely = item.intent == intent and (item.confidence or 0) >= NOTHING_NEW
    return bool(surely and near and near[0].intent == intent and near[0].share >= NOTHING_NEW)


def _choices(data: BotData) -> list[Intent]:
    return [one for name, one in data.intents().items() if name not in NOT_TAUGHT]


def _chosen(other: str, intent: str) -> str:
    """The typed intent wins over the preselected one."""
    return other.strip() or intent


def _lane(text: str) -> TrainerLane | None:
    return TrainerLane(text) if text in list(TrainerLane) else None


def _said(command: LabelItem, count: int, change: FileChange, *, second: bool) -> str:
    if command.verdict is LabelVerdict.UNSURE:
        return "Left to a colleague."
    if command.verdict is LabelVerdict.NOT_FOR_BOT:
        return "Set aside. Nothing is written."
    if second:
        return "Second label kept. Nothing is written."
    if not change.diff:
        return f"Labeled as {command.intent}. The example was there already."
    return f"Labeled as {command.intent}: {count} written to {change.file}."


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
