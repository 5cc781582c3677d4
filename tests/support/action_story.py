"""Helpers for tests of messaging actions: add actions, let time pass, and list what the actions
did.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from handoff_service.operations.messaging_actions.messaging_action_fields import (
    MessagingActionEntry,
)
from handoff_service.operations.messaging_actions.messaging_actions import (
    MakeMessagingAction,
    delete_messaging_action,
    make_messaging_action,
)
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.ports.sms_provider import LookedUp
from handoff_service.rules.shared.vocabulary import Event, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.messaging_actions import messaging_actions, timers
from handoff_service.store.messaging_actions.timers import Timer
from handoff_service.worker import Worker
from tests.conftest import MovedClock

REQUESTER = "requester_message_without_agent_response"
AGENT = "agent_message_without_requester_response"


class Nobody:
    """A provider and a bot that fail the test if the service calls them."""

    async def send(self, message: object) -> object:
        raise AssertionError(message)

    async def find(self, message: object) -> LookedUp:
        raise AssertionError(message)

    async def ask(self, question: object) -> object:
        raise AssertionError(question)

    async def close(self) -> None:
        pass


NOBODY: Any = Nobody()


@dataclass
class Rules:
    """A desk's messaging actions and the worker that fires them."""

    store: Store
    clock: MovedClock

    async def none(self) -> None:
        """Delete all messaging actions."""
        for action_id in await self.store.read(messaging_actions.list_):
            await self.store.write(delete_messaging_action, action_id)

    async def add(
        self, name: str, event: str, duration: str, action: str = "prompt_agent", **more: Any
    ) -> int:
        if action.startswith("prompt"):
            more.setdefault("text", name)
        entry = MessagingActionEntry(
            name=name, event=event, duration=duration, action=action, **more
        )  # type: ignore[arg-type]
        return await self.store.write(
            make_messaging_action, MakeMessagingAction(action=entry.to_action())
        )

    async def open(self, schedule: str | None, queue: str = "Service desk") -> None:
        """Set this queue's opening hours, which use the desk's time zone and holidays."""
        change = update(t.queues).where(t.queues.c.name == queue).values(schedule=schedule)
        await self.store.write(lambda tx, _: tx.conn.execute(change), None)

    def worker(self) -> Worker:
        deps = WorkerDeps(store=self.store, provider=NOBODY, bot=NOBODY, clock=self.clock)
        return Worker(deps, frozenset({Work.TIMER}))

    async def fire(self) -> None:
        """Do all work that is due."""
        worker = self.worker()
        while await worker.step():
            pass

    async def wait(self, **time: float) -> None:
        """Move the clock forward, then do all work that is due."""
        self.clock.move(timedelta(**time).total_seconds())
        await self.fire()

    async def running(self, interaction_id: int) -> list[Timer]:
        return await self.store.read(timers.running, interaction_id)


def fired(lines: list[Any]) -> list[str]:
    """Return the bodies of the lines that messaging actions added: prompts to agents, texts to the
    requester, and state changes.
    """
    written = [
        line for line in lines if line.event in (Event.PROMPT, Event.TIMER) or _is_automatic(line)
    ]
    return [line.body for line in written if not line.body.startswith("You're in line")]


def _is_automatic(line: Any) -> bool:
    """Return whether this is an automatic text to the requester, or the line that names the action
    that ended the conversation.
    """
    return bool(
        line.kind == "system" and (line.direction == "outbound" or line.body.startswith("“"))
    )
