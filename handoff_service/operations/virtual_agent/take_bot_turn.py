"""Take a turn of the virtual agent: call the bot between two transactions, ``begin_turn`` and
``finish_turn``."""

from handoff_service import log
from handoff_service.operations.shared.job import Job
from handoff_service.operations.virtual_agent.begin_turn import BeginTurn, begin_turn
from handoff_service.operations.virtual_agent.finish_turn import (
    FinishTurn,
    finish_turn,
    keep_late_answer,
)
from handoff_service.ports.bot import BotAnswer, BotFailed, Question


async def when_due(job: Job) -> None:
    question = await job.write(begin_turn, BeginTurn(int(job.key)))
    if question is None:
        return
    answer, failure = await _ask(job, question)
    finish = FinishTurn(
        turn_id=int(question.turn_id),
        replies=answer.replies,
        understood=answer.understood,
        how=answer.how,
        failure=failure,
    )
    outcome = await job.write(finish_turn, finish, late=keep_late_answer)
    job.deps.metrics.turns.labels(outcome).inc()
    log.info("bot_turn", interaction=job.key, turn=question.turn_id, outcome=outcome, why=failure)


async def _ask(job: Job, question: Question) -> tuple[BotAnswer, str | None]:
    """The bot's answer, or an empty answer and the reason of the failure. A failed call is repeated
    once, with the same turn id."""
    failure = ""
    for _ in range(2):
        try:
            with job.deps.metrics.turn_seconds.time():
                return await job.deps.bot.ask(question), None
        except BotFailed as error:
            failure = str(error)
    return BotAnswer(), failure
