"""The page Train and compare, with the steps of a training run and the comparison of the new model
with the running model."""

import asyncio
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sanic.response import text as plain_text
from sqlalchemy import Connection

from handoff_service.bot_control import labeling, measure_model, rasa_environment
from handoff_service.bot_control.train_and_compare import ADVICE
from handoff_service.errors import BadInput
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.training.replay import JudgeReplayed, judge_replayed
from handoff_service.operations.training.training_run import INTERRUPTED, StartRun, cancel_run
from handoff_service.rules.shared.phrases import any_of, phrase
from handoff_service.rules.shared.stored_sentences import recognized
from handoff_service.rules.shared.vocabulary import (
    ModelState,
    ReplayVerdict,
    Role,
    RunState,
    TrainingStep,
)
from handoff_service.rules.training.comparison import ComparedText, Comparison, TextSet
from handoff_service.rules.training.intent_scores import confusions
from handoff_service.rules.training.intents import alike
from handoff_service.rules.training.promotion_rules import BLOCKS_WHEN, ENOUGH_TEXTS
from handoff_service.store.training import models, replay, runs
from handoff_service.store.views.training import BotModel, TrainingRun
from handoff_service.web.shared.charts import bars
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.page_language import shown
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import done_or_redirect, form_field, render
from handoff_service.web.shared.request_bytes import id_field
from handoff_service.web.shared.session import csrf_token, desk_of, page
from handoff_service.web.trainer.promotion_reasons import promotion_reasons
from handoff_service.web.trainer.tabs import TABS

HERE = "/workspace/trainer/train"
LONGEST_NOTE = 200
LOGS = {"check": "check", "train": "train", "measure": "answers"}  # step -> name of its log
END_OF_LOG = 200_000  # characters
CHANGES = 200  # texts of a replay that the page shows at most
STEPS = {
    TrainingStep.CHECK: phrase("Check the data and every text that the virtual agent can send"),
    TrainingStep.TRAIN: phrase("Train a model"),
    TrainingStep.MEASURE: phrase(
        "Compare it with the running model, and replay the last seven days"
    ),
}


@page(Role.TRAINER)
async def train_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the page. ``model``: the model to show; by default the candidate."""
    shell = await shell_context(request, agent, place="trainer")
    run, found = await _run(request), await _comparison(request)
    return render("trainer/train.html", **shell | run | found | {"tabs": TABS, "here": "/train"})


@page(Role.TRAINER)
async def training_now(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the changing part of the page: the run and, unless it is still running, the
    comparison."""
    desk = desk_of(request)
    facts = await desk.store.read(desk_facts)
    found = await _run(request)
    run: TrainingRun | None = found["run"]
    if run is None or run.state is not RunState.RUNNING:
        found |= await _comparison(request)
    return render(
        "trainer/train_now.html",
        zone=facts.zone,
        now=desk.clock(),
        csrf=csrf_token(request),
        **found,
    )


@page(Role.TRAINER)
async def training_texts(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the dialog with the test texts in one cell of the confusion matrix."""
    meant, understood = request.args.get("meant") or "", request.args.get("understood") or ""
    model = await desk_of(request).store.read(models.get, request.args.get("model") or "")
    found = [
        one
        for one in await _texts(request, model)
        if one.of_set is not TextSet.PINNED
        and (alike(one.meant), alike(one.new.intent)) == (meant, understood)
    ]
    return render("trainer/texts.html", texts=found, meant=meant, understood=understood)


@page(Role.TRAINER)
async def training_log(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return Rasa's output from the latest run of a step."""
    name = LOGS.get(request.args.get("step") or "", "train")
    path = rasa_environment.log_of(desk_of(request).settings.home, name)
    try:
        text = await asyncio.to_thread(path.read_text, errors="replace")
    except FileNotFoundError:
        text = shown(phrase("There is no log yet."))
    return plain_text(text[-END_OF_LOG:])


@page(Role.TRAINER)
async def start_training(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Start a training run. ``model``: only measure this model again, without training."""
    note = form_field(request, "note").strip()
    if len(note) > LONGEST_NOTE:
        raise BadInput(
            errors={
                "note": phrase(
                    "must have at most {longest_note} characters", longest_note=LONGEST_NOTE
                )
            }
        )
    model = form_field(request, "model") or None
    desk = desk_of(request)
    await labeling.finish_unwritten(desk.store, desk.bot_data, desk.clock())
    await desk.training.start(StartRun(note=note, model=model, agent_id=agent.id))
    return done_or_redirect(
        request, None if "hx-request" in request.headers and not model else HERE
    )


@page(Role.TRAINER)
async def cancel_training(request: Request, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(cancel_run, None)
    return _done(request)


@page(Role.TRAINER)
async def judge_change(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Store the trainer's verdict on a replayed text that the new model understands differently."""
    verdict = form_field(request, "verdict")
    if verdict not in set(ReplayVerdict):
        raise BadInput(errors={"verdict": phrase("must be {words}", words=any_of(ReplayVerdict))})
    text_id = id_field(
        form_field(request, "text_id"), "text_id", phrase("must be a replayed text's id")
    )
    command = JudgeReplayed(id=text_id, verdict=ReplayVerdict(verdict), agent_id=agent.id)
    await desk_of(request).store.write(judge_replayed, command)
    return _done(request)


def _done(request: Request) -> HTTPResponse:
    return done_or_redirect(request, None if "hx-request" in request.headers else HERE)


async def _run(request: Request) -> dict[str, Any]:
    run = await desk_of(request).store.read(runs.latest)
    order = list(TrainingStep)
    at = order.index(run.step) if run is not None and run.step is not None else -1
    advice, _, detail = ((run.error if run is not None else None) or "").partition("\n")
    return {
        "run": run,
        "advice": recognized(advice, (*ADVICE.values(), INTERRUPTED)),
        "detail": detail,
        "steps": [(step, STEPS[step], order.index(step) - at) for step in order],
    }


async def _comparison(request: Request) -> dict[str, Any]:
    asked = request.args.get("model") or ""

    def read(conn: Connection) -> dict[str, Any]:
        running = models.in_state(conn, ModelState.RUNNING)
        model = models.get(conn, asked) if asked else _newest(conn)
        if model is None or model.scores is None:
            return {"model": model, "running": running, "blocked": None, "changes": []}
        return {
            "model": model,
            "running": running,
            "blocked": promotion_reasons(conn, model, running),
            "changes": replay.of_model(conn, model.hash)[:CHANGES],
        }

    found = await desk_of(request).store.read(read)
    model: BotModel | None = found["model"]
    if model is None or model.scores is None:
        return found | {"figures": None, "asked": asked}
    figures = measure_model.comparison_of(model.scores)
    texts = await _texts(request, model)
    return found | {
        "figures": figures,
        "asked": asked,
        "blocks": model.scores["blocks"],
        "when": {str(block): when for block, when in BLOCKS_WHEN.items()},
        "worst_change": _worst_change(figures),
        "matrix": _matrix(texts),
        "recall_chart": _recall_chart(figures),
    }


def _newest(conn: Connection) -> BotModel | None:
    """Return the model that the page shows by default: the candidate, else the canary, else the
    running model."""
    decided = (ModelState.CANDIDATE, ModelState.CANARY, ModelState.RUNNING)
    found = (models.in_state(conn, state) for state in decided)
    return next((one for one in found if one is not None), None)


async def _texts(request: Request, model: BotModel) -> list[ComparedText]:
    home = desk_of(request).settings.home
    return await asyncio.to_thread(measure_model.compared_texts, home, model)


def _matrix(texts: list[ComparedText]) -> dict[str, Any]:
    """Return the confusion matrix. The rows are the right intents of the texts that the model
    misunderstood, the columns the intents that it chose instead."""
    found = confusions(texts)
    wrong = {cell: times for cell, times in found.items() if cell[0] != cell[1]}
    return {
        "rows": sorted({meant for meant, _ in wrong}),
        "columns": sorted({understood for _, understood in wrong}),
        "cells": found,
        "most": max(wrong.values(), default=0),
    }


def _worst_change(figures: Comparison) -> str:
    """Describe the greatest loss of recall. Ignore intents with too few test texts to block a
    promotion."""
    changes = [
        (one.new.value - one.old.value, one.intent)
        for one in figures.recalls
        if one.old is not None and one.new.whole >= ENOUGH_TEXTS
    ]
    if not changes:
        return "–"
    change, intent = min(changes)
    points = round(100 * change)
    return (
        phrase("{points:+d} points, {intent}", points=points, intent=intent)
        if points
        else phrase("no change")
    )


def _recall_chart(figures: Comparison) -> Any:
    pairs = [
        (round(100 * one.old.value) if one.old else 0, round(100 * one.new.value))
        for one in figures.recalls
    ]
    return bars(pairs, places=max(len(pairs), 12))


PAGES: dict[str, Any] = {
    "/trainer/train": train_page,
    "/trainer/train/now": training_now,
    "/trainer/train/texts": training_texts,
    "/trainer/train/log": training_log,
}
POST_HANDLERS: dict[str, Any] = {
    "/trainer/train/start": start_training,
    "/trainer/train/cancel": cancel_training,
    "/trainer/train/judge": judge_change,
}
