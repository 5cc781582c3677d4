"""Judge the canary: a new model that only one of several bot processes runs at first."""

from datetime import datetime

from sqlalchemy import Connection

from handoff_service.operations.training.change_model import end_canary, run_model
from handoff_service.rules.shared.vocabulary import ModelState, PromotionKind
from handoff_service.rules.training.canary import CanaryFigures, CanaryVerdict, in_words, judge
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.training import models
from handoff_service.store.views.training import BotModel


def judge_canary(tx: Transaction, _: None) -> CanaryVerdict | None:
    """Judge the canary by its figures. Promote it or roll it back if the verdict says so. Returns
    the verdict, or None if there is no canary."""
    running = models.in_state(tx.conn, ModelState.RUNNING)
    canary = models.in_state(tx.conn, ModelState.CANARY)
    if canary is None or running is None:
        return None
    figures = canary_figures(tx.conn, canary, running, tx.now)
    verdict = judge(figures)
    if verdict is CanaryVerdict.PROMOTE:
        run_model(tx, canary.hash, PromotionKind.AUTOMATIC, in_words(figures), None)
    elif verdict is CanaryVerdict.ROLL_BACK:
        end_canary(tx, running, PromotionKind.AUTOMATIC, in_words(figures), None)
    return verdict


def canary_figures(
    conn: Connection, canary: BotModel, running: BotModel, now: datetime
) -> CanaryFigures:
    """The figures of both models since the canary started."""
    new, old = (
        models.total(models.live(conn, one.hash, canary.since, now)).lost
        for one in (canary, running)
    )
    return CanaryFigures(new=new, old=old, lasted=now - canary.since)
