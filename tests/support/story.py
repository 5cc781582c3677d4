"""Helpers for the actions of people in tests: Ann texts, the bot answers, Mia accepts."""

import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from handoff_service.operations.conversations.change_interaction import (
    CloseInteraction,
    close_interaction,
)
from handoff_service.operations.conversations.receive_sms import Received, Text, receive_sms
from handoff_service.operations.conversations.send_sms import Write, send_sms
from handoff_service.operations.routing.answer_offer import Accept, accept_work
from handoff_service.operations.routing.offer_work import offer_work
from handoff_service.operations.routing.presence import SetPresence, set_presence
from handoff_service.operations.virtual_agent.begin_turn import BeginTurn, begin_turn
from handoff_service.operations.virtual_agent.finish_turn import FinishTurn, finish_turn
from handoff_service.operations.virtual_agent.request_hand_off import (
    RequestHandOff,
    request_hand_off,
)
from handoff_service.ports.bot import BotReply, HowUnderstood, Question, Understood
from handoff_service.rules.shared.vocabulary import Presence, TurnOutcome
from handoff_service.store.conversations import conversations, messages
from handoff_service.store.engine.store import Store
from handoff_service.store.routing import inbox
from handoff_service.store.views import InboxOffer, Interaction, Message

ANN, BOB, SHARED, STRANGER = "+12025550101", "+12025550102", "+12025550199", "+12025550177"
MAIN, DIRECT = "+18885550100", "+18885550200"
MIA, OMAR = 1, 2


@dataclass(frozen=True, slots=True)
class Story:
    """A store, with methods for the actions of requesters, agents and the bot."""

    store: Store

    async def text(
        self, body: str = "hi", *, number: str = ANN, to: str = MAIN, sid: str | None = None
    ) -> Received:
        text = Text(
            sid=sid or f"SM{secrets.token_hex(16)}",
            requester_number=number,
            provider_number=to,
            body=body,
        )
        return await self.store.write(receive_sms, text)

    async def begin(self, interaction_id: int) -> Question | None:
        return await self.store.write(begin_turn, BeginTurn(interaction_id))

    async def finish(
        self,
        question: Question,
        *replies: str,
        failure: str | None = None,
        understood: Understood | None = None,
        how: HowUnderstood | None = None,
    ) -> TurnOutcome:
        command = FinishTurn(
            turn_id=int(question.turn_id),
            replies=[BotReply(text=reply) for reply in replies],
            failure=failure,
            understood=understood,
            how=how,
        )
        return await self.store.write(finish_turn, command)

    async def hand_off(
        self, interaction_id: int, reason: str = "Asked for a person.", **collected: str
    ) -> None:
        """End the bot's turn with a handoff."""
        question = await self.begin(interaction_id)
        assert question is not None
        wish = RequestHandOff(turn_id=int(question.turn_id), reason=reason, collected=collected)
        await self.store.write(request_hand_off, wish)
        await self.finish(question)

    async def available(self, *agents: int) -> None:
        for agent in agents:
            await self.store.write(
                set_presence, SetPresence(agent_id=agent, presence=Presence.AVAILABLE)
            )

    async def offer(self) -> int:
        return await self.store.write(offer_work, None)

    async def inbox(self, agent: int) -> list[InboxOffer]:
        return await self.store.read(inbox.inbox, agent)

    async def accept(self, work_item: int, agent: int) -> int:
        return await self.store.write(accept_work, Accept(work_item_id=work_item, agent_id=agent))

    async def with_agent(self, agent: int = MIA, *, number: str = ANN) -> int:
        """Create a conversation that this agent has accepted. Return the interaction's id."""
        await self.available(agent)
        received = await self.text("my badge is stuck", number=number, to=DIRECT)
        await self.offer()
        offers = await self.inbox(agent)
        await self.accept(offers[-1].id, agent)
        assert received.interaction_id is not None
        return received.interaction_id

    async def write(self, interaction_id: int, body: str, agent: int = MIA) -> int:
        return await self.store.write(
            send_sms, Write(interaction_id=interaction_id, agent_id=agent, body=body)
        )

    async def close(self, interaction_id: int, agent: int = MIA, **how: Any) -> None:
        await self.store.write(
            close_interaction,
            CloseInteraction(interaction_id=interaction_id, agent_id=agent, **how),
        )

    async def see(self, interaction_id: int, agent: int | None = None) -> Interaction:
        return await self.store.read(conversations.get, interaction_id, agent)

    async def lines(self, interaction_id: int) -> list[Message]:
        return await self.store.read(messages.list_, interaction_id)

    async def texted(self, interaction_id: int) -> list[str]:
        """Return the texts to the requester, sent or waiting, in order."""
        return [
            line.body for line in await self.lines(interaction_id) if line.direction == "outbound"
        ]

    async def count(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(table).where(*where)
        return await self.store.read(lambda conn: conn.execute(query).scalar_one())

    async def rows(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[Any]:
        query = sa.select(table).where(*where).order_by(*table.primary_key)
        return await self.store.read(lambda conn: list(conn.execute(query).all()))
