"""The page Models, with the running model and its live figures, all models, and promotions."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.bot_control import domain_changes, measure_model, model_folder, trained_models
from handoff_service.errors import Conflict, SetupError
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.training import change_model
from handoff_service.operations.training.change_model import AT_START, Promote, RollBack
from handoff_service.operations.training.judge_canary import canary_figures
from handoff_service.operations.training.keep_models import PinModel, pin_model
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.stored_sentences import recognized
from handoff_service.rules.shared.vocabulary import ModelState, Role
from handoff_service.rules.training.canary import ENOUGH_TURNS, FIGURES, in_words
from handoff_service.rules.training.exact_tests import Share
from handoff_service.rules.training.kept_models import LAST_RUN, LAST_TRAINED
from handoff_service.rules.training.live import Moved, moved
from handoff_service.store.engine.database import read_at
from handoff_service.store.training import models, open_forms
from handoff_service.store.views.training import BotModel, LiveFigures, Promotion
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import done_or_redirect, form_field, render
from handoff_service.web.shared.session import csrf_token, desk_of, page
from handoff_service.web.trainer.promotion_reasons import promotion_reasons
from handoff_service.web.trainer.tabs import TABS

HERE = "/workspace/trainer/models"
LONGEST = timedelta(days=7)  # the live figures cover at most this time before and after a promotion
INTENTS = 20  # the page shows at most this many intents
PROMOTION_REASONS = (AT_START, FIGURES)  # reasons that the desk writes; trainers write all others


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFigure:
    """A live figure before and after the promotion of the running model."""

    name: str
    before: Share
    after: Share
    moved: Moved


@page(Role.TRAINER)
async def models_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    shell = await shell_context(request, agent, place="trainer")
    return render(
        "trainer/models.html", **shell | await _models(request) | {"tabs": TABS, "here": "/models"}
    )


@page(Role.TRAINER)
async def models_now(request: Request, agent: CurrentAgent) -> HTTPResponse:
    desk = desk_of(request)
    facts = await desk.store.read(desk_facts)
    return render(
        "trainer/models_now.html",
        zone=facts.zone,
        now=desk.clock(),
        csrf=csrf_token(request),
        **await _models(request),
    )


@page(Role.TRAINER)
async def promote_dialog(request: Request, hash: str, agent: CurrentAgent) -> HTTPResponse:
    """Return the dialog before a promotion, with the reasons that block it and the open
    conversations that it would affect."""
    desk = desk_of(request)

    def read(conn: Connection) -> dict[str, Any]:
        running = models.in_state(conn, ModelState.RUNNING)
        model = models.get(conn, hash)
        return {
            "model": model,
            "running": running,
            "blocked": promotion_reasons(conn, model, running),
            "open_forms": open_forms.count(conn),
        }

    found = await desk.store.read(read)
    return render(
        "trainer/promote.html",
        csrf=csrf_token(request),
        canary=desk.rollout.has_canary,
        cut=await _cut(request, found),
        **found,
    )


@page(Role.TRAINER)
async def model_dialog(request: Request, hash: str, agent: CurrentAgent) -> HTTPResponse:
    """Return the dialog with the diff of a model's training data. The diff is against the model
    that was running when this model was trained."""
    model = await desk_of(request).store.read(models.get, hash)
    return render("trainer/model_data.html", model=model)


@page(Role.TRAINER)
async def promote_model(request: Request, hash: str, agent: CurrentAgent) -> HTTPResponse:
    """Promote a model. If there are several bot processes, the model becomes a canary first."""
    desk = desk_of(request)
    command = Promote(hash=hash, canary=desk.rollout.has_canary, agent_id=agent.id)
    await desk.store.write(change_model.promote, command)
    desk.rollout.trigger()
    return done_or_redirect(request, HERE)


@page(Role.TRAINER)
async def roll_back_model(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Roll back to the previous model. If ``data`` is 1, also restore its training data."""
    desk = desk_of(request)
    with_data = form_field(request, "data") == "1"
    command = RollBack(with_data=with_data, agent_id=agent.id)
    if with_data:
        try:
            await trained_models.roll_back_with_data(
                desk.store, desk.settings.home, desk.training.root, command
            )
        except SetupError as error:
            raise Conflict(error.args[0]) from error
    else:
        await desk.store.write(change_model.roll_back, command)
    desk.rollout.trigger()
    return done_or_redirect(request, HERE)


@page(Role.TRAINER)
async def pin_one_model(request: Request, hash: str, agent: CurrentAgent) -> HTTPResponse:
    """Pin a model, which keeps its file permanently, or unpin it."""
    command = PinModel(hash=hash, is_pinned=form_field(request, "pinned") == "1")
    await desk_of(request).store.write(pin_model, command)
    return done_or_redirect(request, HERE)


async def _models(request: Request) -> dict[str, Any]:
    desk = desk_of(request)

    def read(conn: Connection) -> dict[str, Any]:
        running = models.in_state(conn, ModelState.RUNNING)
        canary = models.in_state(conn, ModelState.CANARY)
        return {
            "running": running,
            "canary": canary,
            "canary_summary": _canary_summary(conn, canary, running),
            "returns_to": models.returns_to(conn),
            "all": models.list_(conn),
            "history": [_in_page_language(one) for one in models.promotions(conn, 20)],
            **(_live(conn, running) if running else {"figures": [], "by_intent": []}),
        }

    found, processes = await asyncio.gather(desk.store.read(read), desk.rollout.processes())
    scores = {
        one.hash: measure_model.comparison_of(one.scores) for one in found["all"] if one.scores
    }
    names = {one.file: one.hash for one in found["all"]}
    return found | {
        "scores": scores,
        "processes": processes,
        "names": names,
        "canary_turns": ENOUGH_TURNS,
        "kept": {"run": LAST_RUN, "trained": LAST_TRAINED},
    }


def _in_page_language(one: Promotion) -> Promotion:
    return replace(one, reason=recognized(one.reason, PROMOTION_REASONS)) if one.reason else one


def _canary_summary(conn: Connection, canary: BotModel | None, running: BotModel | None) -> str:
    if canary is None or running is None:
        return ""
    return in_words(canary_figures(conn, canary, running, read_at(conn)))


def _live(conn: Connection, running: BotModel) -> dict[str, Any]:
    """Return the figures since the promotion, and those of an equally long period before it."""
    now = read_at(conn)
    since = max(running.since, now - LONGEST)
    before = models.ran_before(conn)
    after = models.live(conn, running.hash, since, now)
    earlier = (
        models.live(conn, before.hash, running.since - (now - since), running.since)
        if before
        else {}
    )
    old, new = models.total(earlier), models.total(after)
    return {
        "figures": [
            _figure(phrase("Answered"), old.answered, new.answered),
            _figure(phrase("Not understood"), old.fallbacks, new.fallbacks),
            _figure(phrase("Handed to agents"), old.handoffs, new.handoffs),
        ],
        "by_intent": _by_intent(earlier, after),
    }


def _by_intent(
    earlier: Mapping[str, LiveFigures], after: Mapping[str, LiveFigures]
) -> list[ModelFigure]:
    """Return each intent's share of all turns, before and after. Intents with a significant change
    come first."""
    old, new = models.total(earlier).lost.whole, models.total(after).lost.whole

    def turns(found: Mapping[str, LiveFigures], name: str) -> int:
        return found[name].lost.whole if name in found else 0

    figures = [
        _figure(
            name,
            Share(part=turns(earlier, name), whole=old),
            Share(part=turns(after, name), whole=new),
        )
        for name in {**after, **earlier}
    ]
    return sorted(figures, key=lambda one: (one.moved is Moved.NO, -one.after.part))[:INTENTS]


def _figure(name: str, before: Share, after: Share) -> ModelFigure:
    return ModelFigure(name=name, before=before, after=after, moved=moved(before, after))


async def _cut(request: Request, found: dict[str, Any]) -> list[str]:
    """Return the warnings for a promotion: about intents that the new model lacks, and about open
    conversations in forms or slots that it lacks."""
    running: BotModel | None = found["running"]
    model: BotModel = found["model"]
    if running is None:
        return []
    folder = model_folder.folder(desk_of(request).settings.home)
    gone = await asyncio.to_thread(
        domain_changes.removed, folder / running.file, folder / model.file
    )
    return domain_changes.warnings(gone, found["open_forms"])


ONE = "/trainer/models/<hash:str>"
PAGES: dict[str, Any] = {
    "/trainer/models": models_page,
    "/trainer/models/now": models_now,
    f"{ONE}/promote": promote_dialog,
    f"{ONE}/data": model_dialog,
}
POST_HANDLERS: dict[str, Any] = {
    f"{ONE}/promote": promote_model,
    f"{ONE}/pin": pin_one_model,
    "/trainer/models/roll-back": roll_back_model,
}
